"""The formats of published sets, as their cards show them."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.importing import records
from tests.test_import import problem, record, said

WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLED = ("get_weather", {"city": "Oslo"})
GLAIVE = {
    "system": f"SYSTEM: You are a helpful assistant with access to the following functions. Use them if required -\n{orjson.dumps(WEATHER, option=orjson.OPT_INDENT_2).decode()}\n",
    "chat": 'USER: Is it cold in Oslo?\n\n\nASSISTANT: <functioncall> {"name": "get_weather", "arguments": \'{"city": "Oslo"}\'} <|endoftext|>\n\n\n'
    'FUNCTION RESPONSE: {"celsius": -4}\n\n\nASSISTANT: It is, at -4 °C. <|endoftext|>\n\n\nUSER: Thanks!\n\n\nASSISTANT: Dress warm. <|endoftext|>',
}  # fmt: skip


def test_glaive(tmp_path: Path) -> None:
    """Else the set that most people have would stay outside."""
    row = record(tmp_path, GLAIVE)
    assert said(row) == [
        ("user", "Is it cold in Oslo?", []),
        ("assistant", "", [CALLED]),
        ("tool", '{"celsius": -4}', []),
        ("assistant", "It is, at -4 °C.", []),
        ("user", "Thanks!", []),
        ("assistant", "Dress warm.", []),
    ]
    assert row["tools"] == ["get_weather"]


def test_glaive_cut_in_the_middle_of_a_result_is_refused(tmp_path: Path) -> None:
    """Else the cut rest would pass for a part of the call; the predecessor's download had such rows."""
    content = '<functioncall> {"name": "get_weather", "arguments": \'{"city": "Oslo"}\'} <|endoftext|>\n\n\nFUNCTION RESPONSE: {"cel'
    row = {"messages": [{"role": "user", "content": "Cold?"}, {"role": "assistant", "content": content}]}
    assert "can't be read" in problem(tmp_path, row)


def test_xlam(tmp_path: Path) -> None:
    """Else 60,000 questions with parallel calls would stay outside."""
    tools = [{"name": "get_weather", "description": "d", "parameters": {"city": {"type": "str", "description": "A city"}, "days": {"type": "int, optional", "default": 1}}}]  # fmt: skip
    calls = [{"name": "get_weather", "arguments": {"city": "Oslo"}}, {"name": "get_weather", "arguments": {"city": "Rome"}}]  # fmt: skip
    row = {"id": 7, "query": "Weather in Oslo and Rome?", "tools": orjson.dumps(tools).decode(), "answers": orjson.dumps(calls).decode()}  # fmt: skip
    found = record(tmp_path, row)
    assert said(found)[1] == ("assistant", "", [CALLED, ("get_weather", {"city": "Rome"})])
    assert found["label"]["kind"] == "tool"
    assert found["runs"] == []
    assert "neither a call nor an answer" in problem(tmp_path, {**row, "answers": "[]"})


WHEN2CALL = {
    "question": "Weather?",
    "tools": [orjson.dumps({**WEATHER, "parameters": {"type": "dict", "properties": {"city": {"type": "string"}}}}).decode()],
    "answers": {
        "direct": "Sunny.",
        "tool_call": '<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]</TOOLCALL>',
        "request_for_info": "For which city?",
        "cannot_answer": "I can't look that up with the tools I have.",
    },
}  # fmt: skip


@pytest.mark.parametrize(("right", "kind"), [("direct", "direct"), ("tool_call", "tool"), ("request_for_info", "ask"), ("cannot_answer", "cannot")])  # fmt: skip
def test_when2call_says_of_which_kind_a_row_is(tmp_path: Path, right: str, kind: str) -> None:
    """Else the only set that knows asking and declining apart would lose what it knows."""
    row = record(tmp_path, {**WHEN2CALL, "correct_answer": right})
    assert row["label"]["kind"] == kind
    assert bool(row["messages"][1].get("tool_calls")) == (kind == "tool")
    assert row["tools"] == ["get_weather"]


def test_when2calls_training_rows(tmp_path: Path) -> None:
    """Else its training half would come in as text."""
    row = {
        "tools": WHEN2CALL["tools"],
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": '<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
            },
        ],
    }
    assert said(record(tmp_path, row))[1] == ("assistant", "", [CALLED])


def test_python_that_calls_a_foreign_tool_is_no_code_of_ours(tmp_path: Path) -> None:
    """Else a call of the row's own tool would become one of the sandbox, which the row does not offer."""
    row = {
        "tools": [WEATHER],
        "conversations": [
            {"from": "human", "value": "Cold in Oslo?"},
            {"from": "gpt", "value": '<tool_call>get_weather(city="Oslo")</tool_call>'},
        ],
    }
    assert "can't be read" in problem(tmp_path, row)


def test_hermes(tmp_path: Path) -> None:
    """Else the set whose dialect most models speak would stay outside."""
    tools = [{"type": "function", "function": WEATHER}]
    row = {
        "id": "x", "category": "Weather", "tools": orjson.dumps(tools).decode(),
        "conversations": [
            {"from": "system", "value": f"You are a function calling AI model. Here are the available tools: <tools> {orjson.dumps(tools).decode()} </tools> Use the following pydantic model json schema: {{'title': 'FunctionCall'}}"},
            {"from": "human", "value": "Cold in Oslo?"},
            {"from": "gpt", "value": "<tool_call>\n{'arguments': {'city': 'Oslo'}, 'name': 'get_weather'}\n</tool_call>\n"},
            {"from": "tool", "value": '<tool_response>\n{"name": "get_weather", "content": {"celsius": -4}}\n</tool_response>\n'},
            {"from": "gpt", "value": "Yes."},
        ],
    }  # fmt: skip
    assert said(record(tmp_path, row))[1:3] == [("assistant", "", [CALLED]), ("tool", '{"celsius":-4}', [])]


def test_llama_factorys_sharegpt(tmp_path: Path) -> None:
    """Else a system prompt and tools that stand beside the conversation would be lost."""
    row = {
        "system": "Be brief.",
        "tools": orjson.dumps([WEATHER]).decode(),
        "conversations": [
            {"from": "human", "value": "Cold in Oslo?"},
            {"from": "function_call", "value": '{"name": "get_weather", "arguments": {"city": "Oslo"}}'},
            {"from": "observation", "value": '{"celsius": -4}'},
            {"from": "gpt", "value": "Yes."},
        ],
    }
    assert [role for role, _, _ in said(record(tmp_path, row))] == ["user", "assistant", "tool", "assistant"]


def test_anthropics_blocks(tmp_path: Path) -> None:
    """Else rows of that API would come in without their calls."""
    row = {
        "messages": [
            {"role": "user", "content": "Cold in Oslo?"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "…", "signature": "x"}, {"type": "text", "text": "Looking."}, {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "-4"}], "is_error": True}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
        ]
    }  # fmt: skip
    found = record(tmp_path, row)
    assert said(found)[1] == ("assistant", "Looking.", [CALLED])
    assert [run["exit"] for run in found["runs"]] == [1]


def test_llama_factorys_parts(tmp_path: Path) -> None:
    """Else its newer rows, with reasoning and calls as parts, would be taken for pictures."""
    row = {
        "tools": orjson.dumps([WEATHER]).decode(),
        "messages": [
            {"role": "system", "content": [{"type": "text", "value": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "value": "Cold in Oslo?"}]},
            {"role": "assistant", "content": [{"type": "reasoning", "value": "Ask."}, {"type": "tool_call", "value": '{"name": "get_weather", "arguments": {"city": "Oslo"}}'}]},
            {"role": "tool", "content": [{"type": "text", "value": "-4"}]},
            {"role": "assistant", "content": [{"type": "text", "value": "Yes."}]},
        ],
    }  # fmt: skip
    assert said(record(tmp_path, row)) == [
        ("user", "Cold in Oslo?", []),
        ("assistant", "<think>\nAsk.\n</think>\n\n", [CALLED]),
        ("tool", "-4", []),
        ("assistant", "Yes.", []),
    ]


def test_an_answer_that_is_marked_as_bad_is_not_taken(tmp_path: Path) -> None:
    """Else the half of KTO's rows that shows what not to say would be learned."""
    row = {"prompt": "a", "completion": "b", "label": False}
    assert "marks as a bad one" in problem(tmp_path, row)
    assert record(tmp_path, {**row, "label": True})


def test_the_predecessors_traces(tmp_path: Path) -> None:
    """Else the first rows of all could not be compared with today's."""
    row = {"query": "How many?", "reasoning": "Count", "tool_calls": [{"tool": "run_command", "args": '{"command": "ls | wc -l"}', "result": "42"}], "answer": "There are 42.", "messages": None, "metadata": {"category": "file_count"}}  # fmt: skip
    found = record(tmp_path, row)
    assert said(found)[1:3] == [
        ("assistant", "", [("run_command", {"command": "ls | wc -l"})]),
        ("tool", "42", []),
    ]
    assert found["label"] == {"kind": "tool", "category": "file_count"}


def test_alpaca(tmp_path: Path) -> None:
    """Else plain instruction sets would stay outside."""
    found = record(tmp_path, {"instruction": "Add them.", "input": "1, 2", "output": "3"})
    assert said(found) == [("user", "Add them.\n\n1, 2", []), ("assistant", "3", [])]


ARRAY = [{"instruction": 'Say {["', "output": "}]\\"}, {"instruction": "two", "output": "2"}, {"x": 1}]


@pytest.mark.parametrize(
    ("name", "option"),
    [("set.json", 0), ("set.json", orjson.OPT_INDENT_2), ("set.jsonl", orjson.OPT_INDENT_2)],
)
def test_a_file_that_is_one_array_is_read_an_element_at_a_time(
    tmp_path: Path, name: str, option: int, monkeypatch: Any
) -> None:
    """Else xLAM and Glaive, which come as one array, could not be read, or would have to fit into memory."""
    monkeypatch.setattr("punie_data.importing.array._BLOCK", 7)
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + orjson.dumps(ARRAY, option=option))
    lines = list(records(file))
    assert [line.number for line in lines] == ([1, 1, 1] if not option else [2, 6, 10])
    assert [bool(line.problem) for line in lines] == [False, False, True]
    assert said(lines[0].row) == [("user", 'Say {["', []), ("assistant", "}]\\", [])]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[{"instruction": "a", "output": "b"}', "cut short"),
        ('[{"instruction": "a", "outp', "cut short"),
        ('[{"instruction": "a"}] and more', "behind the array"),
        ('[{"instruction": "a", "output": "b"}, 7]', "no object"),
        ("[]", None),
    ],
)
def test_a_broken_array_says_where(tmp_path: Path, text: str, wanted: str | None) -> None:
    """Else half a download would pass for a whole one."""
    file = tmp_path / "set.json"
    file.write_text(text)
    problems = [line.problem for line in records(file) if line.problem]
    assert wanted is None if not problems else wanted in problems[-1]
    assert bool(problems) == (wanted is not None)
