"""Rows made wrong by chance, the same ones at every run: the fast verdict is jsonschema's, and the proof of cleanness hides no finding."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from punie_data.validate.check import record_schema
from punie_data.validate.clean import NO_RECORD
from tests.test_validate_clean import FAST, PIECES, SLOW
from tests.test_validate_rows import GOOD, sealed
from tests.test_validate_rules import CASES

ODD_VALUES = (
    None,
    True,
    0,
    -1,
    7,
    1.5,
    2**63,
    "",
    " ",
    "x",
    "call_0",
    [],
    [1],
    {},
    {"a": 1},
    "tool",
    "user",
    "assistant",
    "unknown",
)


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], *path, key)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], *path, index)


def mutated(row: Any, chance: random.Random) -> Any:
    """The row with one to three things changed somewhere: a value replaced, a key or an item removed, doubled, renamed or moved."""
    row = copy.deepcopy(row)
    for _ in range(chance.choice((1, 1, 2, 3))):
        path = chance.choice([path for path in places(row) if path] or [()])
        if not path:
            break
        owner = row
        for key in path[:-1]:
            owner = owner[key]
        key = path[-1]
        match chance.randrange(5):
            case 0:
                owner[key] = copy.deepcopy(chance.choice(ODD_VALUES))
            case 1:
                del owner[key]
            case 2 if isinstance(owner, dict):
                owner[chance.choice(("text", "tool", "extra", "name", "content", "role"))] = owner.pop(key)
            case 3 if isinstance(owner, list):
                owner.insert(chance.randrange(len(owner) + 1), copy.deepcopy(owner[key]))
            case _ if isinstance(owner[key], str):
                owner[key] += chance.choice(PIECES)
    return row


def reworded(row: Any, chance: random.Random) -> Any:
    """The row with something said in it that was not, sealed again: it stays a record, and only what it says may be wrong."""
    row = copy.deepcopy(row)
    for _ in range(chance.choice((1, 1, 2))):
        message = chance.choice(row["messages"])
        calls = message.get("tool_calls")
        if calls and chance.random() < 0.8:
            arguments = calls[0]["function"]["arguments"]
            if arguments:
                name = chance.choice(list(arguments))
                old = arguments[name]
                arguments[name] = (
                    chance.choice((1, 12, 40, 99, old))
                    if isinstance(old, int)
                    else chance.choice((old, f"./{old}", "src", ".", old[1:]))
                )
        elif message["content"]:
            at = (
                chance.randrange(len(message["content"]) + 1)
                if chance.random() < 0.5
                else len(message["content"])
            )
            message["content"] = message["content"][:at] + chance.choice(PIECES) + message["content"][at:]
    return sealed(row)


@pytest.fixture(scope="module")
def corpus() -> list[Any]:
    """6,000 rows made wrong, or not, by chance; the same ones at every run."""
    chance = random.Random("validate")
    good = list(GOOD.values())
    defects = [defect for _, _, defect, _ in CASES if isinstance(defect, dict)]
    rows = [mutated(chance.choice(good), chance) for _ in range(3000)] + [
        reworded(chance.choice(good), chance) for _ in range(2700)
    ]
    return rows + [mutated(chance.choice(defects), chance) for _ in range(300)]


def test_the_compiled_validator_and_jsonschema_agree(corpus: list[Any]) -> None:
    """The fast verdict is the one that counts; if it were another than the standard's, other programs would refuse our files."""
    slow = Draft202012Validator(record_schema())
    assert FAST._clean is not None
    verdicts = [
        (FAST.is_record(row), FAST._clean.doubts(row, b"") != NO_RECORD, slow.is_valid(row)) for row in corpus
    ]
    assert len(verdicts) >= 5000
    assert [index for index, verdict in enumerate(verdicts) if len(set(verdict)) > 1] == []
    assert {True, False} == {exact for _, _, exact in verdicts}


def test_the_proof_of_cleanness_hides_no_finding(corpus: list[Any]) -> None:
    """A row that is called clean without its rules being run must be one in which they find nothing."""
    proved = 0
    for number, row in enumerate(corpus):
        as_written = orjson.dumps(row) + b"\n"
        spaced = orjson.dumps(row, option=orjson.OPT_INDENT_2).replace(b"\n", b"")
        for raw in (as_written, spaced) if number % 10 == 0 else (as_written,):
            assert [(r.code, m) for r, m in FAST.row(row, raw)] == [
                (r.code, m) for r, m in SLOW.row(row, raw)
            ]
        proved += FAST._clean is not None and not FAST._clean.doubts(row, as_written)
    assert proved > 500
