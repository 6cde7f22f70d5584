"""Every dialect that a record can be written in reads back as the record; whatever else a line holds is a record or a problem, and never a crash."""

import json as json_module
import random
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data import dialects
from punie_data.chat import example_from_json
from punie_data.dialects.base import Refused
from punie_data.export.targets import KEPT
from punie_data.export.targets import kept as beside
from punie_data.importing import records
from punie_data.importing.convert import Options, convert
from punie_data.importing.shape import is_record
from punie_data.validate.check import record_validator
from tests.test_import import SAMPLE
from tests.test_validate_mutations import mutated

ROWS = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
WHOLE = [name for name in dialects.DIALECTS if name != "text"]
PROMPT = "Report only what the tools returned.\n\n# Style\n\nBe brief."


def rendered(record: Mapping[str, Any], dialect: str) -> tuple[list[dict[str, Any]], list[Any]] | None:
    tools = dialects.signatures(record["tools"])
    assert not isinstance(tools, Refused)
    written = dialects.load(dialect).render(record, tools, PROMPT)
    return None if isinstance(written, Refused) else (list(written.messages), list(written.tools or ()))


def exported(record: Mapping[str, Any], dialect: str) -> Iterator[dict[str, Any]]:
    """The rows of the shapes that trainers read."""
    written = rendered(record, dialect)
    if written is None:
        return
    messages, tools = written
    kept = {KEPT: beside(record, dialect)}
    yield {"messages": messages, "tools": tools, **kept}
    as_text = [
        {**message, "tool_calls": [{**call, "function": {**call["function"], "arguments": orjson.dumps(call["function"]["arguments"]).decode()}} for call in message["tool_calls"]]}
        if message.get("tool_calls") else message
        for message in messages
    ]  # fmt: skip
    yield {"messages": as_text, "tools": tools, **kept}
    if not any(message.get("tool_calls") for message in messages):
        yield {
            "conversations": [{"from": message["role"], "value": message["content"]} for message in messages],
            "tools": orjson.dumps(tools).decode(),
            **kept,
        }
        if not any("<|im_" in message["content"] for message in messages):
            chat = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
            yield {"text": chat, **kept}


def back(rows: list[dict[str, Any]]) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.jsonl"
        file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        return list(records(file))


@pytest.mark.parametrize("dialect", WHOLE)
def test_an_export_reads_back_as_the_same_records(dialect: str) -> None:
    """Else a set that was exported could never be worked on again."""
    rows, wanted = [], []
    for record in ROWS[::4]:
        for row in exported(record, dialect):
            rows.append(row)
            wanted.append(record)
    assert len(rows) > len(ROWS[::4])
    for line, record in zip(back(rows), wanted, strict=True):
        assert line.row == record, line.problem


def test_the_system_prompt_of_an_export_comes_back_without_the_tools(tmp_path: Path) -> None:
    """Else the next export would describe the tools twice."""
    for dialect in WHOLE:
        file = tmp_path / f"{dialect}.jsonl"
        written = [row for record in ROWS[::16] for row in exported(record, dialect)]
        file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in written))
        convert([file], tmp_path / dialect, Options())
        manifest = orjson.loads((tmp_path / dialect / "manifest.json").read_bytes())
        assert manifest["system_prompt"] == PROMPT
        assert "system_prompts" not in manifest


def test_rows_for_each_turn_are_one_record(tmp_path: Path) -> None:
    """Else an export for mlx-lm would come back with every conversation in pieces."""
    rows = []
    for record in ROWS[::16]:
        written = rendered(record, "native")
        assert written is not None
        messages, tools = written
        ends = [n for n, message in enumerate(messages) if message["role"] == "assistant"]
        rows += [
            {"messages": messages[: end + 1], "tools": tools, KEPT: {**beside(record, "native"), "turn": n, "turns": len(ends)}}
            for n, end in enumerate(ends, 1)
        ]  # fmt: skip
    rows.reverse()
    lines = back(rows)
    assert {line.row["id"]: line.row for line in lines} == {record["id"]: record for record in ROWS[::16]}
    assert len(lines) == len(ROWS[::16])
    several = next(row for row in rows if row[KEPT]["turns"] > 1)
    (line,) = back(
        [
            row
            for row in rows
            if row[KEPT]["id"] == several[KEPT]["id"] and row[KEPT]["turn"] < row[KEPT]["turns"]
        ]
    )
    assert "last one is not in the file" in line.problem


def test_what_openais_format_holds_comes_back() -> None:
    """Else its rows, which may carry nothing beside, would lose their messages or tools."""
    for record in ROWS[::8]:
        row = next(exported(record, "native"))
        (line,) = back([{"messages": row["messages"], "tools": row["tools"]}])
        assert line.row["messages"] == record["messages"]
        assert line.row["tools"] == record["tools"]


texts = st.text(st.sampled_from("ab \n`<>{}[]\"'\\:=_/é😀\u2028") | st.characters(codec="utf-8"), max_size=30)
pieces = st.sampled_from(
    ["<tool_call>", "</tool_call>", "<function=hover>", "```json\n", "```", "Tool result: ", "<think>", "</think>", "# Tools", "Result of hover:\n\n",
     "<tool_response>", "</tool_response>", '{"name": "hover", "arguments": {}}', "print(hover(1))", "<functioncall>", "null", "12"]
)  # fmt: skip
said = st.lists(texts | pieces, min_size=1, max_size=4).map("".join)
arguments = st.fixed_dictionaries({"file_path": said, "line": st.integers(-5, 2**40), "column": st.just(1), "symbol": said})  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    """A record whose texts are as odd as they may be."""
    record = orjson.loads(orjson.dumps(ROWS[0]))
    messages: list[dict[str, Any]] = [{"role": "user", "content": draw(said.filter(bool))}]
    runs, number = [], 0
    for _ in range(draw(st.integers(0, 2))):
        names = [f"call_{number + n}" for n in range(draw(st.integers(1, 2)))]
        number += len(names)
        calls = [{"id": name, "type": "function", "function": {"name": "hover", "arguments": draw(arguments)}} for name in names]  # fmt: skip
        messages.append({"role": "assistant", "content": draw(st.just("") | said), "tool_calls": calls})
        messages += [
            {"role": "tool", "content": draw(said), "tool_call_id": name, "name": "hover"} for name in names
        ]
        runs += [{"call_id": name, "tool_version": "ty 1", "exit": 0, "sha256": "0" * 64, "truncated": False} for name in names]  # fmt: skip
    messages.append({"role": "assistant", "content": draw(said)})
    record |= {"messages": messages, "tools": ["hover"], "runs": runs}
    return example_from_json(record).to_json()


@given(conversations(), st.sampled_from(WHOLE))
@settings(max_examples=60, deadline=None)
def test_odd_texts_read_back_too(record: dict[str, Any], dialect: str) -> None:
    """Else an answer about tags, fences or results would come back as a call that nobody made."""
    for row in list(exported(record, dialect))[:2]:
        (line,) = back([row])
        assert line.row == record, line.problem


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | said,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["name", "arguments", "function", "id", "content", "role", "type", "properties", "parameters"]) | texts, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
roles = st.sampled_from(
    ["user", "assistant", "tool", "system", "human", "gpt", "function_call", "observation", "judge"]
)
message = st.fixed_dictionaries(
    {"role": roles, "content": said | json},
    optional={"tool_calls": st.lists(json, max_size=2) | json, "tool_call_id": texts, "name": texts, "function_call": json, "reasoning_content": texts},
)  # fmt: skip
turn = st.fixed_dictionaries({"from": roles, "value": said | json})
rows = st.one_of(
    st.fixed_dictionaries({"messages": st.lists(message | json, max_size=4) | json}, optional={"tools": json, "id": json, "label": json, "origin": json, "runs": json}),
    st.fixed_dictionaries({"conversations": st.lists(turn, max_size=4) | json}, optional={"system": json, "tools": json}),
    st.fixed_dictionaries({"text": said | st.lists(st.sampled_from(["<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"]) | said, max_size=6).map("".join)}),
    st.fixed_dictionaries({"prompt": said | json, "completion": said | json}),
    st.fixed_dictionaries({"system": said, "chat": st.lists(st.sampled_from(["USER: ", "\n\n\nASSISTANT: ", "\nFUNCTION RESPONSE: ", " <|endoftext|>"]) | said, max_size=6).map("".join)}),
    st.fixed_dictionaries({"query": said, "answers": json | said}, optional={"tools": json | said}),
    st.fixed_dictionaries({"question": said, "correct_answer": st.sampled_from(["direct", "tool_call", "x"]), "answers": json, "tools": json}),
    st.fixed_dictionaries({"query": said, "tool_calls": st.lists(json, max_size=2) | json, "answer": said | json}),
    st.fixed_dictionaries({"type": st.sampled_from(["user", "assistant", "summary"]), "sessionId": st.just("s"), "message": json | message}),
    st.fixed_dictionaries({"type": st.sampled_from(["response_item", "session_meta", "event_msg"]), "payload": json | st.fixed_dictionaries({"type": st.sampled_from(["message", "function_call", "function_call_output"])}, optional={"role": roles, "content": json, "name": texts, "arguments": said | json, "call_id": texts, "output": json | said})}),
    json,
)  # fmt: skip


def dumped(value: Any) -> bytes:
    return json_module.dumps(value, ensure_ascii=True).encode()


@given(st.lists(rows, min_size=1, max_size=3))
@settings(max_examples=120, deadline=None)
def test_any_row_is_a_record_or_a_problem(given_rows: list[Any]) -> None:
    """Else one odd row would end the import of a million, or a row would go through that is no record."""
    is_valid = record_validator().is_valid
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "odd.jsonl"
        file.write_bytes(b"\n".join(dumped(row) for row in given_rows))
        lines = list(records(file))
    for line in lines:
        assert bool(line.problem) != (line.row is not None)
        # A row with the keys of a record goes through as it is: `validate` judges it.
        if line.row is not None and line.raw.strip() not in map(dumped, given_rows):
            assert is_valid(line.row)
            assert orjson.loads(line.raw) == line.row
    numbers = {line.number for line in lines}
    of_sessions = [row for row in given_rows if isinstance(row, dict) and "type" in row]
    if not of_sessions:
        assert numbers == set(range(1, len(given_rows) + 1))


def test_the_shape_of_a_record_is_that_of_the_schema() -> None:
    """Else `import` would let through what `validate` refuses, or refuse what it takes."""
    chance = random.Random(7)
    is_valid = record_validator().is_valid
    verdicts = set()
    for _ in range(3000):
        row = mutated(chance.choice(ROWS), chance)
        assert is_record(row) == is_valid(row), row
        verdicts.add(is_record(row))
    assert verdicts == {True, False}


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_to_their_end(data: bytes) -> None:
    """Else a broken file would end in a traceback."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("odd.jsonl", "odd.json"):
            file = Path(folder) / name
            file.write_bytes(data)
            for line in records(file):
                assert line.problem or line.row is not None
