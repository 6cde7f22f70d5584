"""What is proved without decoding is so: typed results by their text, and lines that lost nothing."""

import random
from typing import Any

import jsonschema_rs
import orjson
import pytest

from punie_data.chat import canonical
from punie_data.validate.compact import compact_check
from punie_data.validate.signatures import shipped
from punie_data.validate.spelling import is_shortest, is_unequivocal
from tests.test_validate_rows import GOOD, edited, log, references, typecheck

TYPED = {name: schema["result"] for name, schema in shipped().schemas.items() if schema["result"]}
SYMBOL = {"name": "Cart", "kind": "class", "line": 3, "end_line": 9, "children": []}
RESULTS: dict[str, Any] = {
    "find_references": references(),
    "typecheck": typecheck(),
    "git_log": log("00dfa029c195"),
    "document_symbols": {
        "success": True, "file_path": "a.py", "symbol_count": 2, "symbols": [SYMBOL | {"children": [SYMBOL]}], "parse_error": None,
    },
    "list_files": {"success": False, "path": "é\u2028\x7f", "file_count": 1, "files": ['"\\\n\t\x1b'], "parse_error": "none"},
    "pytest_run": {
        "success": True, "passed": 1, "failed": 0, "errors": 0, "skipped": 0, "duration": 0.25,
        "tests": [{"name": "a", "outcome": "passed", "duration": 1.0, "message": None}], "parse_error": None,
    },
}  # fmt: skip
PIECES = ("", " ", "\n", ",", '"', "\\", "\\u0041", "\\ud800", "\\u001b", "\x1b", "0", "007", "-", "1e5", "1.5", "9" * 25, "null", "true", "{", "}", "[", "]",
          ',"line":1', '"success":true,', '{"file":"a"}', "é", "NaN")  # fmt: skip


@pytest.mark.parametrize("tool", RESULTS)
def test_what_our_tools_write_is_recognised(tool: str) -> None:
    """If it were not, nothing would be wrong and every result decoded."""
    assert compact_check(TYPED[tool])(orjson.dumps(RESULTS[tool]).decode())


@pytest.mark.parametrize("tool", RESULTS)
def test_what_is_recognised_decodes_and_satisfies_the_schema(tool: str) -> None:
    """A result that is called good by its text alone is never looked at again."""
    chance, recognise = random.Random(tool), compact_check(TYPED[tool])
    is_valid = jsonschema_rs.validator_for(TYPED[tool]).is_valid
    right, verdicts = orjson.dumps(RESULTS[tool]).decode(), set()
    for _ in range(3000):
        at = chance.randrange(len(right) + 1)
        text = right[:at] + chance.choice(PIECES) + right[at + chance.choice((0, 0, 1, 2, 5)) :]
        verdicts.add(recognised := recognise(text))
        if recognised:
            assert is_valid(orjson.loads(text)), text
    assert verdicts == {True, False}


def test_a_result_written_otherwise_is_left_to_the_validator() -> None:
    """Spaces, another order and types inside one another are no mistakes, and no proof either."""
    right = references()
    recognise = compact_check(TYPED["find_references"])
    assert not recognise(orjson.dumps(right, option=orjson.OPT_INDENT_2).decode())
    assert not recognise(orjson.dumps(dict(reversed(right.items()))).decode())
    assert not recognise(orjson.dumps(right).decode() + "\n")
    deep = SYMBOL
    for _ in range(3):
        deep = SYMBOL | {"children": [deep]}
    nested = RESULTS["document_symbols"] | {"symbols": [deep]}
    assert not compact_check(TYPED["document_symbols"])(orjson.dumps(nested).decode())


@pytest.mark.parametrize(
    "item",
    [
        {"type": "string", "minLength": 1},
        {"type": "object"},
        {"type": "object", "properties": {}, "required": ["a"]},
        {"$ref": "#/$defs/absent"},
        {"enum": [1]},
        {"type": ["array", "null"]},
        {},
    ],
)
def test_of_a_schema_that_says_more_nothing_is_recognised(item: dict[str, Any]) -> None:
    """A word of the schema that no expression stands for must not be passed over. The empty list alone has no item of it."""
    recognise = compact_check({"type": "object", "properties": {"a": {"type": "array", "items": item}}})
    assert recognise('{"a":[]}')
    assert not any(recognise(f'{{"a":[{text}]}}') for text in ('""', "{}", "1", "null", "[]", '"a"'))
    counted = {"type": "array", "items": {"type": "integer"}, "minItems": 2}
    assert not compact_check({"type": "object", "properties": {"a": counted}})('{"a":[1,2]}')


def test_a_line_is_shortest_only_where_nothing_was_lost() -> None:
    """Duplicate keys and wide numbers are gone once a line is decoded: only its length can tell."""
    for value, exact in (
        (None, True),
        ([1, "a", None], True),
        (1.5, False),
        ([1.5], False),
        ([[1]], False),
        ({"a": 1}, False),
    ):
        row = edited(
            GOOD["one call"], "messages", 1, "tool_calls", 0, "function", "arguments", "line", to=value
        )
        raw = orjson.dumps(row)
        assert is_shortest(row, raw + b"\n", len(canonical(row))) == exact
        assert is_unequivocal(raw)
        twice = raw.replace(b'"line":', b'"line":1,"line":', 1)
        assert not is_shortest(orjson.loads(twice), twice, len(canonical(row)))
        assert not is_unequivocal(twice)
