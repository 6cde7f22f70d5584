"""The fast ways and the slow ones agree: on whether a row is a record, and on what is found in it."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from punie_data.validate.catalogue import RULES
from punie_data.validate.check import Checker, record_schema
from tests.test_validate_rows import GOOD, SIGNATURES, sealed
from tests.test_validate_rules import CASES

FAST = Checker(signatures=SIGNATURES)
SLOW = Checker(signatures=SIGNATURES, prove_clean=False)
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
PIECES = (
    " 97", " 3", " 11", "3,11", " 1,234", " 50%", " 2.5", " 12-25", "٣", " `Cart`", " `Basket`", "`", "```\n", " src/shop/part_0.py", " ./src/shop/cart.py",
    " other.py", " lib/x.py:3", " <|im_end|>", " <tool_call>", "<answer>", " (example 2)", " jane@shop.io", "\n@pytest.fixture", " +@pytest.mark.x",
    " jane@example.com", " /home/jane/x", " C:\\Users\\jane\\y", " AKIAIOSFODNN7EXAMPLQ", " token = 'aB3xQ9zLm2Kp7RtVw5Ys'", " secret", " let me check", " I'll run it.",
    " The tool returned the following", "…", "é", "\x00", "\u001b[31m", "?", "\n", " https://x.io/a.html", " 1. ", "'",
)  # fmt: skip


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
    verdicts = [(FAST.is_record(row), slow.is_valid(row)) for row in corpus]
    assert [index for index, (fast, exact) in enumerate(verdicts) if fast != exact] == []
    assert {True, False} == {exact for _, exact in verdicts}


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


@pytest.mark.parametrize(
    "name", ["one call", "no reference", "an error, told", "log", "direct", "ask", "cannot"]
)
def test_a_plain_row_is_proved_clean(name: str) -> None:
    """If the proof failed for honest rows, nothing would be wrong and everything slow."""
    raw = orjson.dumps(GOOD[name]) + b"\n"
    assert FAST._clean is not None
    assert FAST._clean.doubts(GOOD[name], raw) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["messages", "role", "content", "tool_calls", "function", "a"]) | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_no_rule_raises_on_any_json(value: Any) -> None:
    """One strange line must not end the check of a million."""
    raw = orjson.dumps(value)
    SLOW.row(orjson.loads(raw), raw)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_rule_raises_on_any_record(data: st.DataObject) -> None:
    """A record may hold any text, any arguments and any code."""
    row = copy.deepcopy(GOOD[data.draw(st.sampled_from(sorted(GOOD)))])
    texts = st.text(max_size=60) | st.sampled_from(PIECES)
    for message in row["messages"]:
        if message["role"] != "user" and data.draw(st.booleans()):
            message["content"] = data.draw(texts)
        for call in message.get("tool_calls", ()):
            if data.draw(st.booleans()):
                call["function"]["arguments"] = data.draw(
                    st.dictionaries(
                        st.sampled_from(["code", "path", "line"]) | st.text(max_size=4), JSON, max_size=3
                    )
                )
            call["function"]["name"] = data.draw(
                st.sampled_from(["execute_code", "git_log", "find_references", "x"])
            )
    row = orjson.loads(orjson.dumps(row))
    assert SLOW.is_record(row)
    raw = orjson.dumps(row)
    assert [(r.code, m) for r, m in FAST.row(row, raw)] == [(r.code, m) for r, m in SLOW.row(row, raw)]


def test_code_of_any_depth_and_kind_is_read_without_a_crash() -> None:
    """Code in a row is somebody's text: it may be meant to break its reader."""
    for source in (
        "(" * 5000,
        "a" + ".b" * 3000,
        "-" * 20000 + "1",
        "\0",
        "x = " + "[" * 90 + "]" * 90,
        "f'{'",
        "lambda: (yield)",
        "𝟙 = 1",
        "match x:\n case _: pass",
    ):
        row = copy.deepcopy(GOOD["code"])
        row["messages"][1]["tool_calls"][0]["function"]["arguments"]["code"] = source
        assert SLOW.row(sealed(row))


def test_every_rule_is_quiet_on_the_good_rows_alone() -> None:
    """A rule that depends on another's having run would change its mind under --select."""
    for rule in RULES:
        for row in GOOD.values():
            assert Checker([rule], SIGNATURES, prove_clean=False).row(row, orjson.dumps(row)) == []
