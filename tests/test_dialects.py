"""Dialects: what is rendered is read back, by us and by the parser that mlx-lm runs."""

import dataclasses
import importlib
import types
import typing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data import dialects
from punie_data.dialects import code, conversation, hermes, json_fence, qwen3_xml, tagged
from punie_data.dialects.base import Call, Malformed, Parsed, Refused, Rendered
from punie_data.errors import UserError
from punie_data.tools.interpreter import Interpreter
from punie_data.tools.workspace import program

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "examples.jsonl"
ROWS = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
SYSTEM = "You are a coding assistant."
ODD = ["</tool_call>", "<tool_call>", "<|im_end|>", "</parameter>", "</function>", "<parameter=a>", "```json\n", "\n```", "\n", '"', "'", "\\",
       "null", "True", "1e3", "é", "\u2028", "\x00", "{", "}}", "<function=x>", "</tool_response>", "<think>", " ", "[1]"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(ODD) | st.text(max_size=6), max_size=5).map("".join)
VALUES = st.recursive(
    TEXTS
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
CALLS = st.builds(Call, NAMES, st.dictionaries(NAMES, VALUES, max_size=3))
TYPED = {"a": "string", "b": "integer", "c": "boolean", "d": "array", "e": "object", "f": "number"}
TYPED_TOOL = {
    "type": "function",
    "function": {
        "name": "probe",
        "description": "",
        "parameters": {
            "type": "object",
            "properties": {name: {"type": kind} for name, kind in TYPED.items()},
        },
    },
}


def signatures(row: dict[str, Any]) -> list[dict[str, Any]]:
    found = dialects.signatures(row["tools"])
    assert not isinstance(found, Refused)
    return found


def runtime(parser: str) -> Any:
    return importlib.import_module(f"mlx_lm.tool_parsers.{parser}").parse_tool_call


def segments(text: str) -> list[str]:
    """What mlx-lm's server hands to its parser: the text between the delimiters."""
    return [piece.partition(tagged.END)[0] for piece in text.split(tagged.START)[1:]]


@pytest.mark.parametrize("name", ["native", "hermes", "hermes-brief", "qwen3-xml", "json-fence"])
def test_every_row_of_the_sample_comes_back(name: str) -> None:
    """Else an export would lose calls or change their arguments."""
    dialect = dialects.load(name)
    for row in ROWS:
        rendered = dialect.render(row, signatures(row), SYSTEM)
        assert isinstance(rendered, Rendered)
        assert dialect.restore(rendered.messages, signatures(row)) == row["messages"]


@pytest.mark.parametrize("name", ["hermes", "qwen3-xml", "code"])
def test_the_runtimes_parser_reads_what_we_write(name: str) -> None:
    """Else a model would be trained on calls that its server does not understand."""
    dialect = dialects.load(name)
    read = runtime(dialect.parser)
    calls = 0
    for row in ROWS:
        tools = signatures(row)
        rendered = dialect.render(row, tools, SYSTEM)
        assert isinstance(rendered, Rendered)
        offered = [code._SIGNATURE[0]] if name == "code" else tools
        for message in rendered.messages:
            if message["role"] == "assistant":
                ours = dialect.parse(message["content"], tools)
                assert isinstance(ours, Parsed)
                theirs = [read(segment, offered) for segment in segments(message["content"])]
                assert theirs == [{"name": call.name, "arguments": call.arguments} for call in ours.calls]
                calls += len(theirs)
    assert calls > 300


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXTS, st.lists(CALLS, max_size=3))
def test_hermes_writes_anything(content: str, calls: list[Call]) -> None:
    """Quotes, line ends, nested values and the delimiters themselves: else code about chat templates could not be trained on."""
    written = hermes.write("", calls)
    if calls:
        assert hermes.parse(written) == Parsed("", tuple(calls))
        assert [runtime("json_tools")(segment) for segment in segments(written)] == [
            {"name": call.name, "arguments": call.arguments} for call in calls
        ]
        assert "<|im_end|>" not in written and written.count(tagged.END) == len(calls)
    if tagged.START not in content:
        assert hermes.parse(hermes.write(content, calls)) == Parsed(content, tuple(calls)) or not calls


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(TYPED, VALUES)), st.booleans())
def test_xml_is_read_as_the_runtime_reads_it(arguments: dict[str, Any], typed: bool) -> None:
    """Also where it is not what was meant: then the row is refused, because the runtime would not see it either."""
    tools = [TYPED_TOOL] if typed else []
    body = qwen3_xml.body(Call("probe", arguments))
    ours = qwen3_xml.read(body, tools)
    try:
        theirs = runtime("qwen3_coder")(body, tools)
    except (ValueError, OverflowError, SyntaxError, MemoryError, RecursionError):
        assert isinstance(ours, Malformed)
    else:
        assert ours == Call(theirs["name"], theirs["arguments"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(["hermes", "qwen3-xml", "json-fence", "code", "native"]), TEXTS, CALLS, TEXTS)
def test_a_row_is_read_back_or_refused(name: str, content: str, call: Call, result: str) -> None:
    """Else a row would be trained on that says something else than was recorded."""
    dialect = dialects.load(name)
    call = Call("execute_code", {"code": content}) if name == "code" else call
    messages = [
        {"role": "user", "content": "q"},
        conversation.assistant(content, [("call_0", call)]),
        {"role": "tool", "content": result, "tool_call_id": "call_0", "name": call.name},
        {"role": "assistant", "content": result},
    ]
    tools = signatures({"tools": ["execute_code"]}) if name == "code" else []
    rendered = dialect.render({"messages": messages}, tools, "")
    if isinstance(rendered, Rendered):
        assert dialect.restore(rendered.messages, tools) == messages


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(dialects.DIALECTS)), TEXTS)
def test_no_text_breaks_a_parser(name: str, text: str) -> None:
    """What a model says can be anything: it is a call, an answer or malformed, and never a traceback."""
    dialect = dialects.load(name)
    for opened in (text, f"<tool_call>{text}", f"<tool_call>\n<function=a>{text}</function>", f'```json\n{{"name": "a", "arguments": {text}\n```'):  # fmt: skip
        assert isinstance(dialect.parse(opened, [TYPED_TOOL]), Parsed | Malformed)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", '<tool_call>\n{"name": "a", "arguments": {}\n</tool_call>'),
        ("hermes", '<tool_call>\n{"tool": "a", "arguments": {}}\n</tool_call>'),
        ("hermes", '<tool_call>\n{"name": "a", "arguments": "{}"}\n</tool_call>'),
        ("hermes", '<tool_call>\n{"name": "a", "arguments": {"x": NaN}}\n</tool_call>'),
        ("hermes", "I'll look.\n<tool_call>\n"),
        ("qwen3-xml", '<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>'),
        ("qwen3-xml", "<tool_call>\n<function=a>\n<parameter=b>\n1\n</parameter>\n</tool_call>"),
        ("qwen3-xml", "<tool_call>\n<function=probe>\n<parameter=b>\none\n</parameter>\n</function>\n</tool_call>"),
        ("json-fence", '```json\n{"name": "a", "arguments": {"b": 1}\n```'),
        ("json-fence", '```json\n{"name": "a", "arguments": 1}\n```'),
        ("json-fence", 'Let me.\n\n```json\n{"name": "a", "arguments": {"b"'),
    ],
)  # fmt: skip
def test_an_attempt_that_fails_is_malformed(name: str, text: str) -> None:
    """Else a scorer would count a broken call as an abstention."""
    assert isinstance(dialects.load(name).parse(text, [TYPED_TOOL]), Malformed)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", "The tag tool_call opens a call."),
        ("hermes", '{"name": "a", "arguments": {}}'),
        ("qwen3-xml", "Write <function=a> for it."),
        ("json-fence", '```json\n{"name": "svcs", "version": "1"}\n```'),
        ("json-fence", '```python\n{"name": "a", "arguments": {}}\n```'),
        ("json-fence", 'Write `{"name": "a", "arguments": {}}`.'),
        ("text", "<tool_call>"),
    ],
)
def test_an_answer_that_speaks_of_calls_is_none(name: str, text: str) -> None:
    """Else prose about tools would count as a call."""
    assert dialects.load(name).parse(text, []) == Parsed(text)


def test_text_around_a_call_is_kept() -> None:
    """Content together with calls: others lose it."""
    call = Call("git_status", {})
    for module in (hermes, qwen3_xml, json_fence):
        assert module.parse(module.write("I'll look.", [call, call])) == Parsed("I'll look.", (call, call))
    assert hermes.parse(hermes.write("a", [call]) + "\nb") == Parsed("a\n\nb", (call,))


def test_the_text_dialect_drops_the_traces() -> None:
    """That is all that it is for."""
    row = next(row for row in ROWS if row["label"]["kind"] == "tool" and len(row["messages"]) == 4)
    rendered = dialects.load("text").render(row, signatures(row), "")
    assert isinstance(rendered, Rendered)
    assert [message["role"] for message in rendered.messages] == ["user", "assistant"]
    assert rendered.messages[1]["content"] == row["messages"][-1]["content"]


def test_code_mode_rows_stay_as_they_are() -> None:
    """Else programs that really ran would be replaced."""
    own = [row for row in ROWS if row["tools"] == ["execute_code"]]
    for row in own:
        rendered = dialects.load("code").render(row, signatures(row), SYSTEM)
        assert isinstance(rendered, Rendered)
        assert dialects.load("code").restore(rendered.messages, []) == row["messages"]
        assert "def find_references(" in rendered.messages[0]["content"]
    assert len(own) >= 5


def test_a_program_prints_what_the_row_says() -> None:
    """Else the result would be invented: the real interpreter runs the program that the row shows, on the value that the row recorded."""
    interpreter = Interpreter(program("monty"))
    seen = set()
    for row in ROWS:
        if row["tools"] == ["execute_code"]:
            continue
        messages = code.in_code_mode(row["messages"])
        for before, after in zip(row["messages"], messages, strict=True):
            if before["role"] != "tool" or before["name"] in seen:
                continue
            seen.add(before["name"])
            tool = code.TOOLS[before["name"]]
            call = next(c["function"]["arguments"]["code"] for m in messages for c in m.get("tool_calls", ()) if c["id"] == before["tool_call_id"])  # fmt: skip
            value = (
                before["content"]
                if tool.result is None
                else typed(tool.result, orjson.loads(before["content"]))
            )
            ran = interpreter.run(call, {tool.name: lambda value=value, **named: value})
            assert ran.printed == after["content"], tool.name
    interpreter.close()
    assert len(seen) > 15


def typed(kind: Any, value: Any) -> Any:
    """A value of JSON as the tool returned it."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{field.name: typed(hints[field.name], value[field.name]) for field in dataclasses.fields(kind)})  # fmt: skip
    if typing.get_origin(kind) is tuple:
        return tuple(typed(typing.get_args(kind)[0], item) for item in value)
    if isinstance(kind, types.UnionType) and value is not None:
        return typed(next(part for part in typing.get_args(kind) if part is not types.NoneType), value)
    return value


def test_the_interpreter_shows_text_as_we_do() -> None:
    """Else the printed field of a result would differ from what would really be printed."""
    texts = [chr(number) * 2 + "'" for number in (*range(0x250), 0x200B, 0x2028, 0x3000, 0x1F600, 0xE000, 0xFEFF, 0x378)] + ['"', "'\"", "\\n"]  # fmt: skip
    interpreter = Interpreter(program("monty"))
    ran = interpreter.run("for text in texts():\n    print([text])", {"texts": lambda: texts})
    interpreter.close()
    assert ran.printed == "".join(f"{[text]!r}\n" for text in texts)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("hover", '{"success":true}', "does not have the fields"),
        ("hover", "no JSON", "is not JSON"),
        ("read_file", "x" * 20_000, "more than"),
    ],
)
def test_what_a_program_would_print_is_not_guessed(name: str, content: str, reason: str) -> None:
    """A result that isn't of the tool's type was not printed by any program."""
    call = Call(name, {})
    messages = [
        conversation.assistant("", [("call_0", call)]),
        {"role": "tool", "content": content, "tool_call_id": "call_0", "name": name},
    ]
    refused = dialects.load("code").render({"messages": messages}, signatures({"tools": [name]}), "")
    assert isinstance(refused, Refused) and reason in refused.reason


def test_unknown_names_are_told() -> None:
    """A dialect that isn't there is the user's to mend; a tool that we have no signature of is the row's trouble."""
    with pytest.raises(UserError, match="there is no dialect xml"):
        dialects.load("xml")
    assert dialects.signatures(["hover", "fly"]) == Refused("no signature is known of the tool fly")
    assert isinstance(
        dialects.load("code").render(
            {"messages": []}, [{"type": "function", "function": {"name": "fly"}}], ""
        ),
        Refused,
    )


def test_a_brief_signature_says_what_may_be_left_out() -> None:
    """Else a model would have to guess which arguments a tool can't do without."""
    from punie_data.dialects import hermes_brief

    properties = {"path": {"type": "string"}, "count": {"type": "integer", "default": 10}, "glob": {}}
    function = {"name": "log", "parameters": {"properties": properties, "required": ["path"]}}
    assert hermes_brief.line(function) == "log(path, count=10, glob=…)"
    assert hermes_brief.line({"name": "now"}) == "now()"
