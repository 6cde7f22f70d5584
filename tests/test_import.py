"""Rows of every format become records, or are told why not; nothing is dropped and nothing is half converted."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.importing import records
from punie_data.jsonl import Line
from punie_data.validate.check import Checker, record_validator

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample" / "examples.jsonl"
ASKED = {"role": "user", "content": "What does src/a.py hold?"}
CALL = {"name": "read_file", "arguments": {"path": "src/a.py"}}
ANSWER = {"role": "assistant", "content": "It holds `x = 1`."}


def read(tmp_path: Path, *rows: Any) -> list[Line]:
    file = tmp_path / "old.jsonl"
    file.write_bytes(b"".join(row if isinstance(row, bytes) else orjson.dumps(row) + b"\n" for row in rows))
    return list(records(file))


def record(tmp_path: Path, row: Any) -> dict[str, Any]:
    """The one record of a row, which satisfies the schema and breaks no rule about ids, turns or checksums."""
    (line,) = read(tmp_path, row)
    assert not line.problem, line.problem
    assert record_validator().is_valid(line.row)
    assert orjson.loads(line.raw) == line.row
    found = {rule.code for rule, _ in Checker().row(line.row, line.raw)}
    assert not found & {"PD101", "PD150", "PD152", "PD153", "PD202", "PD203", "PD404"}, found
    return line.row


def problem(tmp_path: Path, row: Any) -> str:
    (line,) = read(tmp_path, row)
    assert line.row is None
    assert line.problem
    return line.problem


def said(row: dict[str, Any]) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    """Role, content and calls of each message."""
    return [
        (
            message["role"],
            message["content"],
            [
                (call["function"]["name"], call["function"]["arguments"])
                for call in message.get("tool_calls", ())
            ],
        )
        for message in row["messages"]
    ]


WHOLE = [
    ("user", ASKED["content"], []),
    ("assistant", "", [("read_file", {"path": "src/a.py"})]),
    ("tool", "x = 1\n", []),
    ("assistant", ANSWER["content"], []),
]


def conversation(call: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [ASKED, {"role": "assistant", **call}, {**result}, ANSWER]}


TAGGED = '<tool_call>\n{"name": "read_file", "arguments": {"path": "src/a.py"}}\n</tool_call>'
XML = "<tool_call>\n<function=read_file>\n<parameter=path>\nsrc/a.py\n</parameter>\n</function>\n</tool_call>"
FENCE = '```json\n{"name": "read_file", "arguments": {"path": "src/a.py"}}\n```'
RESULT = {"role": "tool", "content": "x = 1\n"}
TOLD = {"role": "user", "content": "Tool result: x = 1\n"}
RESPONSE = {"role": "user", "content": "<tool_response>\nx = 1\n\n</tool_response>"}
CALLS = {
    "arguments as an object": conversation({"content": None, "tool_calls": [{"id": "c", "type": "function", "function": CALL}]}, {**RESULT, "tool_call_id": "c"}),
    "arguments as a text": conversation({"content": "", "tool_calls": [{"id": "c", "function": {**CALL, "arguments": '{"path": "src/a.py"}'}}]}, {**RESULT, "tool_call_id": "c"}),
    "no content, no ids": conversation({"tool_calls": [{"function": CALL}]}, RESULT),
    "a call that is not nested": conversation({"tool_calls": [CALL]}, {**RESULT, "name": "read_file"}),
    "tool and args": conversation({"tool_calls": [{"tool": "read_file", "args": {"path": "src/a.py"}}]}, RESULT),
    "OpenAI's older function_call": conversation({"content": None, "function_call": {**CALL, "arguments": '{"path":"src/a.py"}'}}, {**RESULT, "role": "function", "name": "read_file"}),
    "parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": ASKED["content"]}]}, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "content": [{"type": "text", "text": "x = 1\n"}]}, ANSWER]},
    "tagged, a tool's result": conversation({"content": TAGGED}, RESULT),
    "tagged, a wrapped result": conversation({"content": TAGGED}, RESPONSE),
    "tagged, as Python writes it": conversation({"content": "<tool_call>\n{'name': 'read_file', 'arguments': {'path': 'src/a.py'}}\n</tool_call>"}, RESPONSE),
    "xml": conversation({"content": XML}, RESPONSE),
    "xml on fewer lines": conversation({"content": "<tool_call><function=read_file><parameter=path>src/a.py</parameter></function></tool_call>"}, RESPONSE),
    "xml without its wrapper": conversation({"content": "<function=read_file><parameter=path>src/a.py</parameter></function>"}, RESPONSE),
    "a fence": conversation({"content": FENCE}, TOLD),
    "a fence with the older keys": conversation({"content": '```json\n{"tool": "read_file", "args": {"path": "src/a.py"}}\n```'}, TOLD),
    "a fence closed on the line of its JSON": conversation({"content": FENCE.replace("\n```", "```")}, TOLD),
    "a label": conversation({"content": 'Tool call: {"type": "function", "function": {"name": "read_file", "arguments": "{\\"path\\": \\"src/a.py\\"}"}}'}, TOLD),
    "bare JSON": conversation({"content": '{"name": "read_file", "arguments": {"path": "src/a.py"}}'}, TOLD),
    "Hermes, its result named": conversation({"content": TAGGED}, {"role": "tool", "content": '<tool_response>\n{"name": "read_file", "content": "x = 1\\n"}\n</tool_response>'}),
    "ShareGPT": {"conversations": [{"from": "human", "value": ASKED["content"]}, {"from": "gpt", "value": TAGGED}, {"from": "tool", "value": "x = 1\n"}, {"from": "gpt", "value": ANSWER["content"]}]},
    "ShareGPT with calls of their own role": {"conversations": [{"from": "human", "value": ASKED["content"]}, {"from": "function_call", "value": '{"name": "read_file", "arguments": {"path": "src/a.py"}}'}, {"from": "observation", "value": "x = 1\n"}, {"from": "gpt", "value": ANSWER["content"]}]},
    "ChatML": {"text": f"<|im_start|>user\n{ASKED['content']}<|im_end|>\n<|im_start|>assistant\n{TAGGED}<|im_end|>\n<|im_start|>user\n{RESPONSE['content']}<|im_end|>\n<|im_start|>assistant\n{ANSWER['content']}<|im_end|>\n"},
    "a rendered prompt and its rest": {"prompt": f"<|im_start|>user\n{ASKED['content']}<|im_end|>\n<|im_start|>assistant\n{TAGGED}<|im_end|>\n<|im_start|>tool\nx = 1\n<|im_end|>\n<|im_start|>assistant\n", "completion": ANSWER["content"] + "<|im_end|>"},
    "lists of messages": {"prompt": [ASKED, {"role": "assistant", "tool_calls": [CALL]}, RESULT], "completion": [ANSWER]},
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_in_every_spelling_is_the_same_call(tmp_path: Path, name: str) -> None:
    """Else one conversation would be another row in every format, and a set of two formats would hold it twice."""
    row = record(tmp_path, CALLS[name])
    assert said(row) == WHOLE
    assert row["label"]["kind"] == "tool"
    assert "read_file" in row["tools"]
    assert [run["tool_version"] for run in row["runs"]] == ["imported"]


PLAIN = {
    "messages": {"messages": [ASKED, ANSWER]},
    "completion": {"prompt": ASKED["content"], "completion": ANSWER["content"]},
    "text": {"text": f"<|im_start|>user\n{ASKED['content']}<|im_end|>\n<|im_start|>assistant\n{ANSWER['content']}<|im_end|>"},
    "text with an empty thought": {"text": f"<|im_start|>user\n{ASKED['content']}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n{ANSWER['content']}<|im_end|>"},
    "text with Llama's headers": {"text": f"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{ASKED['content']}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER['content']}<|eot_id|>"},
    "sharegpt": {"conversations": [{"from": "human", "value": ASKED["content"]}, {"from": "gpt", "value": ANSWER["content"]}]},
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_a_conversation_without_calls_is_direct(tmp_path: Path, name: str) -> None:
    """Else foreign answers could not be counted among the direct rows."""
    row = record(tmp_path, PLAIN[name])
    assert said(row) == [("user", ASKED["content"], []), ("assistant", ANSWER["content"], [])]
    assert row["label"]["kind"] == "direct"
    assert row["runs"] == []


NO_CALL = {
    "a fence that is an example": 'A call looks so:\n\n```json\n{"name": "make_coffee", "arguments": {"cups": 2}}\n```',
    "a fence with other JSON": 'The file:\n\n```json\n{"name": "shop", "version": 1}\n```',
    "a fence of code": "Do this:\n\n```python\nread_file('src/a.py')\n```",
    "a tag between backticks": "The model writes `<tool_call>` before a call, and `</tool_call>` behind it.",
    "a tag in a fence": "So:\n\n```\n<tool_call>{}</tool_call>\n```",
    "code that calls no tool": "print(len([1, 2]))",
    "JSON that is no call": '{"name": "shop", "version": 1}',
}


@pytest.mark.parametrize("name", NO_CALL)
def test_what_only_looks_like_a_call_stays_text(tmp_path: Path, name: str) -> None:
    """Else an answer about calls would become a call that nobody made."""
    row = record(tmp_path, {"messages": [ASKED, {"role": "assistant", "content": NO_CALL[name]}]})
    assert said(row)[1] == ("assistant", NO_CALL[name], [])


CODE = 'result = typecheck("src/")\nprint(result.error_count)'


@pytest.mark.parametrize("content", [CODE, f"<tool_call>\n{CODE}\n</tool_call>", f"<tool_call><function=execute_code>\n<parameter=code>\n{CODE}\n</parameter>\n</function></tool_call>"])  # fmt: skip
def test_code_that_calls_tools_is_a_call_of_the_sandbox(tmp_path: Path, content: str) -> None:
    """Else the predecessor's Code Mode rows, bare or wrapped, would be direct answers."""
    row = record(tmp_path, {"messages": [ASKED, {"role": "assistant", "content": content}]})
    assert said(row)[1] == ("assistant", "", [("execute_code", {"code": CODE})])


def test_an_announcement_before_a_call_stays(tmp_path: Path) -> None:
    """Else what the row says would be lost; a rule tells of it."""
    content = f"I'll use the read_file tool.\n\n{FENCE}"
    row = record(tmp_path, conversation({"content": content}, TOLD))
    assert said(row)[1] == (
        "assistant",
        "I'll use the read_file tool.",
        [("read_file", {"path": "src/a.py"})],
    )


BROKEN = {
    "a call that is not closed": ({"messages": [ASKED, {"role": "assistant", "content": '<tool_call>{"name": "read_file"'}]}, "not closed"),
    "a call whose JSON is broken": (conversation({"content": '<tool_call>{"name": "read_file", "arguments": {"path"}}</tool_call>'}, TOLD), "can't be read"),
    "a fenced call whose arguments are cut": (conversation({"content": '```json\n{"name": "read_file", "arguments": "{\\"path\\": \\"a"}\n```'}, TOLD), "can't be read"),
    "arguments that are a list": (conversation({"tool_calls": [{**CALL, "arguments": [1]}]}, RESULT), "not an object"),
    "arguments twice": (conversation({"tool_calls": [{**CALL, "args": {}}]}, RESULT), "twice"),
    "a call without a name": (conversation({"tool_calls": [{"arguments": {}}]}, RESULT), "names no tool"),
    "text behind a call": (conversation({"content": f"{TAGGED}\nAnd so on."}, TOLD), "behind a call"),
    "a result of no call": ({"messages": [ASKED, RESULT, ANSWER]}, "answers no call"),
    "a result with another id": (conversation({"tool_calls": [{"id": "c", "function": CALL}]}, {**RESULT, "tool_call_id": "d"}), "answers no call"),
    "a result of another tool": (conversation({"tool_calls": [{"function": CALL}]}, {**RESULT, "name": "hover"}), "answers no call"),
    "a user who speaks where a result is due": (conversation({"content": TAGGED}, {"role": "user", "content": "And now?"}), "no mark of a result"),
    "a system message inside": ({"messages": [ASKED, {"role": "system", "content": "Be brief."}, ANSWER]}, "inside the conversation"),
    "a role that nobody has": ({"messages": [ASKED, {"role": "judge", "content": "Good."}]}, "role"),
    "an image": ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, ANSWER]}, "no text"),
    "images beside": ({"messages": [ASKED, ANSWER], "images": ["a.png"]}, "no text"),
    "preference pairs": ({"messages": [ASKED], "chosen_response": ANSWER, "rejected_response": ANSWER}, "preference"),
    "an empty question": ({"messages": [{"role": "user", "content": ""}, ANSWER]}, "empty user"),
    "one message": ({"messages": [ASKED]}, "no conversation"),
    "no messages": ({"messages": []}, "no conversation"),
    "messages that are none": ({"messages": ["Hello", "Hi"]}, "no conversation"),
    "text in no chat format": ({"text": "Once upon a time."}, "no chat format"),
    "text outside of the messages": ({"text": "<|im_start|>user\nHi<|im_end|>\nand more<|im_start|>assistant\nHo<|im_end|>"}, "outside"),
    "other keys": ({"image": "x", "caption": "y"}, "'image', 'caption'"),
    "a list": ([1, 2], "no object"),
    "a key twice": (b'{"messages": [], "messages": []}\n', "twice"),
    "a wide number": (b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"n": 123456789012345678901}}]}]}\n', "64 bits"),
    "half a line": (b'{"messages": [', "cut short"),
    "nothing that is JSON": (b"hello\n", "not JSON"),
    "nested deeper than can be written": (b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"n": ' + b"[" * 300 + b"]" * 300 + b"}}]}]}\n", "deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cant_be_converted_says_why(tmp_path: Path, name: str) -> None:
    """Else rows would vanish, or half of one would pass for a whole one."""
    row, wanted = BROKEN[name]
    assert wanted in problem(tmp_path, row)


def test_a_broken_line_does_not_end_the_file(tmp_path: Path) -> None:
    """Else one bad line would cost all that follow it."""
    lines = read(tmp_path, PLAIN["messages"], b"{\n", PLAIN["sharegpt"], {"x": 1}, PLAIN["text"])
    assert [(line.number, bool(line.problem)) for line in lines] == [(1, False), (2, True), (3, False), (4, True), (5, False)]  # fmt: skip


def test_canonical_rows_pass_untouched() -> None:
    """Else a row would not be byte for byte the same behind every step."""
    with SAMPLE.open("rb") as file:
        assert [line.raw for line in records(SAMPLE)] == list(file)


def test_the_origin_says_that_a_row_was_imported(tmp_path: Path) -> None:
    """Else nobody could tell a mined row from one that somebody wrote."""
    file = tmp_path / "glaive.jsonl"
    file.write_bytes(orjson.dumps(PLAIN["messages"]) + b"\n")
    (line,) = records(file)
    assert line.row["origin"] == {
        "generator": "import:messages",
        "repo": "glaive",
        "revision": f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}",
        "license": "unknown",
        "paths": [],
        "spans": [],
        "symbol": "line 1",
        "seed": 0,
    }


def test_ids_are_kept_where_they_are_whole_and_made_where_they_are_not(tmp_path: Path) -> None:
    """Else two calls of one id could not be told apart, or a row would change that needs no change."""
    two = [{"id": "b", "function": CALL}, {"id": "a", "function": {"name": "hover", "arguments": {}}}]
    results = [{"role": "tool", "tool_call_id": "a", "content": "1"}, {"role": "tool", "tool_call_id": "b", "content": "2"}]  # fmt: skip
    row = record(tmp_path, {"messages": [ASKED, {"role": "assistant", "tool_calls": two}, *results, ANSWER]})
    assert [(m["tool_call_id"], m["name"]) for m in row["messages"] if m["role"] == "tool"] == [("a", "hover"), ("b", "read_file")]  # fmt: skip
    again = {"role": "assistant", "tool_calls": [{"id": "c", "function": CALL}]}
    result = {"role": "tool", "tool_call_id": "c", "content": "1"}
    row = record(tmp_path, {"messages": [ASKED, again, result, again, result, ANSWER]})
    assert [m["tool_call_id"] for m in row["messages"] if m["role"] == "tool"] == ["call_0", "call_1"]


def test_an_xml_value_has_the_type_of_its_parameter(tmp_path: Path) -> None:
    """Else `line=12` would be the text "12", which the tool refuses."""
    content = "<tool_call><function=read_file><parameter=path>a.py</parameter><parameter=first_line>12</parameter></function></tool_call>"
    row = record(tmp_path, {"messages": [ASKED, {"role": "assistant", "content": content}]})
    assert said(row)[1][2] == [("read_file", {"path": "a.py", "first_line": 12})]


def test_nulls_that_arrow_filled_in_go(tmp_path: Path) -> None:
    """Else every call would carry the parameters of all other tools."""
    filled = {**CALL, "arguments": {"path": "src/a.py", "line": None, "symbol": None}}
    assert said(record(tmp_path, conversation({"tool_calls": [filled]}, RESULT))) == WHOLE


@pytest.mark.parametrize("holder", ["beside", "inside"])
def test_what_an_export_kept_gives_back_the_record(tmp_path: Path, holder: str) -> None:
    """Else importing an export would make new rows of old ones."""
    for line in list(records(SAMPLE))[::8]:
        kept = {key: line.row[key] for key in ("id", "label", "origin", "runs", "tools")}
        row = {"messages": line.row["messages"], **(kept if holder == "beside" else {"punie_data": kept})}
        if holder == "beside":
            row["source"] = "an export"
        assert record(tmp_path, row) == line.row


def test_what_is_kept_in_another_shape_is_nobodys(tmp_path: Path) -> None:
    """Else a row of somebody else's with keys of those names would end the import."""
    for kept in (
        {"id": 1, "label": [], "origin": "x", "runs": {}},
        {"id": "a", "label": {"kind": []}, "origin": {}, "runs": []},
    ):
        assert record(
            tmp_path, {**PLAIN["messages"], "punie_data": {**kept, "dialect": [], "turn": "1", "turns": 2}}
        )
    line = next(iter(records(SAMPLE)))
    kept = {key: line.row[key] for key in ("id", "label", "origin", "runs", "tools")}
    changed = {**PLAIN["messages"], "punie_data": {**kept, "dialect": ["hermes"], "runs": [{}]}}
    assert record(tmp_path, changed)["origin"]["generator"] == "import:messages"


def test_what_was_changed_after_an_export_is_no_longer_that_record(tmp_path: Path) -> None:
    """Else an edited answer would pass for one that was verified."""
    line = next(iter(records(SAMPLE)))
    edited = orjson.loads(orjson.dumps(line.row))
    edited["messages"][-1]["content"] += " Or so."
    edited["source"] = "an export"
    row = record(tmp_path, edited)
    assert row["origin"]["generator"] == "import:messages"
    assert {run["tool_version"] for run in row["runs"]} == {"imported"}
