"""Files of other formats are checked as they are: by the rules that mean something there, with the file's own lines and places."""

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from punie_data.cli.validate import validate
from punie_data.importing import records
from punie_data.validate.catalogue import RULES
from punie_data.validate.foreign import check_foreign
from punie_data.validate.forms import RECORD, Form, form_of
from tests.test_validate_rows import GOOD

WEATHER = [{"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "required": ["city"], "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}}}]  # fmt: skip


def openai(
    arguments: Any, answer: str = "It is 20 degrees.", name: str = "get_weather", **row: Any
) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": "Today is 2024-05-03. Temperatures are in degrees, at most 58."},
            {"role": "user", "content": "How is the weather in Rome?"},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": name, "arguments": orjson.dumps(arguments).decode()}}]},
            {"role": "tool", "tool_call_id": "c1", "content": '{"t": 20}'},
            {"role": "assistant", "content": answer},
        ],
        "tools": WEATHER,
        **row,
    }  # fmt: skip


def talk(*texts: str) -> list[dict[str, str]]:
    return [{"from": ("human", "gpt")[number % 2], "value": text} for number, text in enumerate(texts)]


def found(tmp_path: Path, *rows: Any, options: tuple[str, ...] = ()) -> list[tuple[int, str, str]]:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(row if isinstance(row, bytes) else orjson.dumps(row) + b"\n" for row in rows))
    told = orjson.loads(CliRunner().invoke(validate, ["--isolated", "--json", *options, str(file)]).output)
    # What is told of the set as a whole has no line.
    return [(each["line"], each["code"], each["message"]) for each in told["findings"] if each["line"]]


def codes(tmp_path: Path, *rows: Any) -> list[tuple[int, str]]:
    return [(line, code) for line, code, _ in found(tmp_path, *rows)]


CLEAN: dict[str, Any] = {
    "messages": openai({"city": "Rome"}),
    "messages, a direct answer that rests on what is nowhere": {"messages": [{"role": "user", "content": "What is 3.12?"}, {"role": "assistant", "content": "It has 17 features in `typing`, see python.md."}]},
    "messages, a number of the system prompt's": openai({"city": "Rome"}, "On 2024-05-03 it is 20 degrees of 58."),
    "messages, tools that nobody describes": {**openai({"anything": 1, "x": "Rome"}, name="of_ours"), "tools": None},
    "messages, a tool with our name and other parameters": {**openai({"file": "Rome"}, name="read_file"), "tools": None},
    "messages, text before a call": {**openai({"city": "Rome"})},
    "sharegpt": {"conversations": talk("What is a cart?", "It holds items.")},
    "text": {"text": "<|im_start|>user\nWhat is a cart?<|im_end|>\n<|im_start|>assistant\nIt holds items.<|im_end|>\n"},
    "completion": {"prompt": "What is a cart?", "completion": "It holds items."},
}  # fmt: skip


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_row_of_another_format_has_no_finding(tmp_path: Path, name: str) -> None:
    """It has no id, no licence and no run, and never said so."""
    assert found(tmp_path, CLEAN[name]) == []


def test_findings_name_the_line_and_the_place_in_the_file(tmp_path: Path) -> None:
    """What was left out on the way to a record must not shift what the user looks for."""
    (finding,) = found(tmp_path, CLEAN["messages"], b"\n", openai({"town": "Rome"}))
    assert finding == (3, "PD302", "messages[2]: get_weather: 'city' is missing")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (openai({}), "PD303"),
        (openai({"city": True}), "PD302"),
        (openai({"city": "Rome"}, name="got_weather"), "PD300"),
        (openai({"city": "Rome"}, "I'll check the status."), "PD208"),
        (openai({"city": "Rome"}, "It is 37 degrees."), "PD503"),
        (openai({"city": "Rome"}, ""), "PD500"),
        (openai({"city": "jane@shop.io"}), "PD701"),
        (
            orjson.dumps(CLEAN["messages"]).replace(b'"role":"user"', b'"role":"user","role":"user"') + b"\n",
            "PD108",
        ),
        (b'{"messages": [{"role": "user", "con\n', "PD100"),
        ({"messages": []}, "PD101"),
        ({"messages": [{"role": "alien", "content": "x"}]}, "PD101"),
        ({"conversations": talk("a", "b")}, "PD104"),
        ({"a": 1}, "PD104"),
        ([1], "PD104"),
        (GOOD["direct"], "PD104"),
    ],
)
def test_defects_are_found(tmp_path: Path, row: Any, code: str) -> None:
    """A format that is spared its rules is a format in which defects hide."""
    assert codes(tmp_path, CLEAN["messages"], row) == [(2, code)]


def test_an_old_key_is_found_where_arguments_are_text_by_right(tmp_path: Path) -> None:
    """A wrong key is wrong in every format; OpenAI's own spelling is not."""
    row = copy.deepcopy(CLEAN["messages"])
    function = row["messages"][2]["tool_calls"][0]["function"]
    function["tool"] = function.pop("name")
    assert (1, "PD105") in codes(tmp_path, row)


def test_an_export_that_brings_its_records_is_held_to_them(tmp_path: Path) -> None:
    """Rows that claim an id, an origin and runs are judged by them, in whatever format they come."""
    good = GOOD["one call"]
    kept = {key: good[key] for key in ("id", "tools", "label", "origin", "runs")}
    row = {"messages": good["messages"], "metadata": kept}
    assert codes(tmp_path, row) == []
    without = {**row, "metadata": {**kept, "origin": {**kept["origin"], "license": ""}}}
    assert codes(tmp_path, without) == [(1, "PD151")]


def test_the_form_of_a_file_is_that_of_its_first_row(tmp_path: Path) -> None:
    """A record with a key too few is a bad record, and not a good row of another format."""
    file = tmp_path / "rows.jsonl"
    for row, form in [
        (GOOD["direct"], RECORD),
        ({key: value for key, value in GOOD["direct"].items() if key != "runs"}, RECORD),
        ({**GOOD["direct"], "text": "x"}, RECORD),
        ({"a": 1}, RECORD),
        (CLEAN["messages"], "messages"),
        (CLEAN["text"], "text"),
        (CLEAN["completion"], "completion"),
        (CLEAN["sharegpt"], "sharegpt"),
    ]:
        file.write_bytes(b'{"half\n[1]\n' + orjson.dumps(row))
        assert form_of(file) == Form(form)
    file.write_bytes(b"")
    assert form_of(file) == Form(RECORD)


def test_what_import_can_read_validate_can_check(tmp_path: Path) -> None:
    """One door for both: a row that becomes a record is never called unreadable."""
    for row in CLEAN.values():
        file = tmp_path / "rows.jsonl"
        file.write_bytes(orjson.dumps(row))
        assert not next(records(file)).problem


def test_rules_that_need_a_record_say_so() -> None:
    """The list is part of what users are told; a rule about runs that is asked of rows without runs accuses everybody."""
    needing = {rule.code for rule in RULES if rule.needs == "record"}
    assert {
        "PD103",
        "PD104",
        "PD106",
        "PD107",
        "PD150",
        "PD151",
        "PD152",
        "PD153",
        "PD404",
        "PD405",
    } <= needing
    assert not {"PD100", "PD101", "PD105", "PD204", "PD302", "PD503", "PD702"} & needing


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
    | st.sampled_from(["user", "tool", "{}", '{"a": 1}', "<tool_call>", "<|im_start|>user\n", "```json\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "from", "value", "id", "name", "function", "arguments", "tool_calls", "tool_call_id", "type", "parameters", "properties"]),
        inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@st.composite
def odd_rows(draw: st.DrawFn) -> Any:
    """A row of some format with a few of its values replaced or taken out, anywhere."""
    row = copy.deepcopy(draw(st.sampled_from(list(CLEAN.values()))))
    for _ in range(draw(st.integers(1, 4))):
        inner: Any = row
        while inner:
            key = draw(st.sampled_from(list(range(len(inner))) if isinstance(inner, list) else list(inner)))
            if isinstance(inner[key], dict | list) and draw(st.integers(0, 3)):
                inner = inner[key]
            elif draw(st.booleans()):
                inner[key] = draw(ODD)
                break
            else:
                del inner[key]
                break
    return row


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=odd_rows())
def test_no_row_however_odd_ends_the_check(tmp_path: Path, row: Any) -> None:
    """One row of a stranger's file must not cost the findings in all others; what it is told of is its own line."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(orjson.dumps(CLEAN["messages"]) + b"\n" + orjson.dumps(row) + b"\n")
    checked = list(check_foreign(file, "messages"))
    assert sum(each.rows for each in checked) == 2
    assert {finding.line for each in checked for finding in each.findings} <= {0, 2}
