"""A row that is proved clean is clean, an honest one is proved so, and no row ends the check."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.validate.catalogue import RULES
from punie_data.validate.check import Checker
from tests.test_validate_rows import GOOD, SIGNATURES, sealed

FAST = Checker(signatures=SIGNATURES)
SLOW = Checker(signatures=SIGNATURES, prove_clean=False)
PIECES = (
    " 97", " 3", " 11", "3,11", " 1,234", " 50%", " 2.5", " 12-25", "٣", " `Cart`", " `Basket`", "`", "```\n", " src/shop/part_0.py", " ./src/shop/cart.py",
    " other.py", " lib/x.py:3", " <|im_end|>", " <tool_call>", "<answer>", " (example 2)", " jane@shop.io", "\n@pytest.fixture", " +@pytest.mark.x",
    " jane@example.com", " /home/jane/x", " C:\\Users\\jane\\y", " AKIAIOSFODNN7EXAMPLQ", " token = 'aB3xQ9zLm2Kp7RtVw5Ys'", " secret", " let me check", " I'll run it.",
    " The tool returned the following", "…", "é", "\x00", "\u001b[31m", "?", "\n", " https://x.io/a.html", " 1. ", "'",
)  # fmt: skip


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
