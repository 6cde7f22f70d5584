"""`punie-data explain`: every code is explained, and every example is one."""

import copy
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from punie_data.cli.explain import explain
from punie_data.errors import UserError
from punie_data.validate.catalogue import RULES
from punie_data.validate.check import Checker
from punie_data.validate.examples import examples
from tests.test_validate_rows import GOOD, SIGNATURES, make, sealed

READ = make("Read a.py", ("read_file", {"path": "a.py"}, "def total(): ..."), answer="A function.")
CUT = make("Read a.py", ("read_file", {"path": "a.py"}, "a\nb\nc\nd\ne"), answer="It has text.")
CUT["runs"][0]["truncated"] = True
ROWS = {
    "call": GOOD["one call"],
    "two": GOOD["two calls, the second from the first's result"],
    "log": GOOD["log"],
    "code": GOOD["code"],
    "direct": GOOD["direct"],
    "ask": GOOD["ask"],
    "cannot": GOOD["cannot"],
    "read": READ,
    "cut": CUT,
}
ABOUT_THE_SEAL = {"PD101", "PD150", "PD404", "PD405"}
"""Rules that find what `sealed` would mend."""


def test_every_rule_has_an_example_and_a_way_to_mend_it() -> None:
    """A code that nobody explains is ignored, and then switched off."""
    assert set(examples()) == {rule.code for rule in RULES}
    for example in examples().values():
        assert len(example.mend) > 10 and (example.line or example.at)


@pytest.mark.parametrize("code", [code for code, example in examples().items() if not example.line])
def test_an_example_is_found_by_its_rule_and_its_remedy_is_not(code: str) -> None:
    """An explanation with an example that is none teaches the wrong thing."""
    example = examples()[code]
    row = ROWS[example.row]
    assert code in _codes(_placed(row, example.at, orjson.loads(example.wrong), code))
    mended = row if example.right is None else _placed(row, example.at, orjson.loads(example.right), code)
    assert code not in _codes(mended)


def test_the_explanation_shows_level_reason_example_and_remedy() -> None:
    """That is what a person wants who meets a code."""
    told = CliRunner().invoke(explain, ["PD106", "echo"]).output
    assert told.startswith(
        "PD106 arguments-as-text (error, --fix mends what has one right answer)\n  A call's arguments are JSON written as a string."
    )
    assert 'wrong  messages[1].tool_calls[0].function.arguments: "{' in told
    assert "right  messages[1].tool_calls[0].function.arguments: {" in told
    assert "mend   Decode the text once." in told
    assert "PD502 echo (error)" in told


def test_all_as_json_holds_every_rule_in_order() -> None:
    """Programs and documentation read it."""
    told = orjson.loads(CliRunner().invoke(explain, ["--all", "--json"]).output)
    assert [each["code"] for each in told] == [rule.code for rule in RULES]
    assert all(each["explanation"] and each["mend"] and each["wrong"] is not None for each in told)


@pytest.mark.parametrize(
    ("given", "said"),
    [([], "name a code"), (["PD1O6"], "did you mean PD106"), (["PD2"], "such as PD200"), (["eccho"], "did you mean echo")],
)  # fmt: skip
def test_a_code_that_is_none_is_answered_with_the_nearest(given: list[str], said: str) -> None:
    """A typing mistake must cost one look, not a search."""
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(explain, given, catch_exceptions=False)


def _placed(row: dict[str, Any], at: str, value: Any, code: str) -> dict[str, Any]:
    row = copy.deepcopy(row)
    *path, last = [int(key) if key.isdigit() else key for key in at.split(".")]
    inner: Any = row
    for key in path:
        inner = inner[key]
    inner[last] = value
    if code.startswith("PD10") or code in ABOUT_THE_SEAL:
        return row
    return sealed(row)


def _codes(row: dict[str, Any]) -> set[str]:
    found = Checker(signatures=SIGNATURES, prove_clean=False).row(row, orjson.dumps(row))
    return {rule.code for rule, _ in found}
