"""Code Mode: one tool, `execute_code`; the assistant writes Python that calls the typed tools, the result is what the program printed.

    assistant  <tool_call>
               <function=execute_code>
               <parameter=code>
               result = typecheck(path="src")
               print(result)
               </parameter>
               </function>
               </tool_call>

Rows that are in Code Mode are written as they are. In others each call becomes a program that prints the call's result, and the result becomes what
that program prints: worked out from the recorded value, never imagined. Where it can't be worked out, the row is refused.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from punie_data.dialects import conversation, qwen3_xml, tagged
from punie_data.dialects.base import Dialect, Malformed, Parsed, Refused, Rendered, Signatures
from punie_data.dialects.signatures import signatures
from punie_data.tools.base import Tool
from punie_data.tools.execute_code import LONGEST_OUTPUT
from punie_data.tools.registry import TOOLS
from punie_data.tools.stubs import stubs

TOOL = "execute_code"
SECTION = """# Tools

There is one tool, execute_code: it runs Python in which the functions below are defined, and what the code prints comes back.

```python
{stubs}```

To run code, reply in the following format:

<tool_call>
<function=execute_code>
<parameter=code>
print(...)
</parameter>
</function>
</tool_call>"""


class Untold(Exception):
    """What a program would print can't be worked out from the record."""


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    names = tuple(tool["function"]["name"] for tool in tools)
    strange = next((name for name in names if name not in TOOLS), None)
    if strange is not None:
        return Refused(f"{strange} has no typed function in Code Mode")
    try:
        messages = in_code_mode(record["messages"])
    except Untold as error:
        return Refused(str(error))
    section = SECTION.format(stubs=_stubs(names)) if names else ""
    system = "\n\n".join(part for part in (system_prompt, section) if part)
    return conversation.render(
        {"messages": messages}, _SIGNATURE, system, qwen3_xml.write, parse, tagged.wrap
    )


def parse(text: str, tools: Signatures = ()) -> Parsed | Malformed:
    return qwen3_xml.parse(text, _SIGNATURE)


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    """The messages of a record in Code Mode: which tool a program stood for is not told."""
    return conversation.restore(messages, _SIGNATURE, parse, tagged.wrap)


def in_code_mode(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with every call of another tool as a program. Untold where its output isn't known."""
    found = []
    for message in messages:
        if message.get("tool_calls"):
            calls = [_as_program(call) for call in message["tool_calls"]]
            found.append({**message, "tool_calls": calls})
        elif message["role"] == "tool" and message["name"] != TOOL:
            printed = output(TOOLS[message["name"]], message["content"])
            found.append({**message, "name": TOOL, "content": printed})
        else:
            found.append(dict(message))
    return found


def program(name: str, arguments: Mapping[str, Any]) -> str:
    """The program that makes one call and prints its result."""
    call = f"{name}({', '.join(f'{key}={_literal(value)}' for key, value in arguments.items())})"
    return f"print({call})" if TOOLS[name].result is None else f"result = {call}\nprint(result)"


def output(tool: Tool, content: str) -> str:
    """What the interpreter prints of a tool's value, given the content of its tool message. Untold where that is not a value of its type."""
    if tool.result is None:
        printed = f"{content}\n"
    else:
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise Untold(f"the result of {tool.name} is not JSON") from None
        printed = f"{_shown(value, tool.result, tool.name)}\n"
    if len(printed) > LONGEST_OUTPUT:
        raise Untold(f"the program would print more than {LONGEST_OUTPUT} characters")
    return printed


def _as_program(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    if function["name"] == TOOL:
        return dict(call)
    if function["name"] not in TOOLS:
        raise Untold(f"{function['name']} has no typed function in Code Mode")
    if not all(key.isidentifier() for key in function["arguments"]):
        raise Untold("an argument's name is no Python name")
    code = program(function["name"], function["arguments"])
    return {**call, "function": {"name": TOOL, "arguments": {"code": code}}}


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # every JSON string is a Python one
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(item)}' for key, item in value.items())}}}"
    return repr(value)


def _shown(value: Any, kind: Any, tool: str) -> str:
    """A value of JSON as the interpreter shows the typed value: classes with their fields in order, tuples as lists."""
    if dataclasses.is_dataclass(kind):
        hints = _hints(typing.cast(type, kind))
        if not isinstance(value, dict) or value.keys() != hints.keys():
            raise Untold(f"the result of {tool} does not have the fields of {_name(kind)}")
        fields = ", ".join(f"{name}={_shown(value[name], hint, tool)}" for name, hint in hints.items())
        return f"{_name(kind)}({fields})"
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise Untold(f"the result of {tool} holds something else than a list")
        return f"[{', '.join(_shown(item, typing.get_args(kind)[0], tool) for item in value)}]"
    if isinstance(kind, types.UnionType):
        if value is None:
            return "None"
        kind = next(part for part in typing.get_args(kind) if part is not types.NoneType)
        return _shown(value, kind, tool)
    if isinstance(value, dict | list) or (kind is float and isinstance(value, int)):
        raise Untold(f"the result of {tool} is not of its type")
    return repr(value)


def _name(kind: Any) -> str:
    return kind.__name__


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@lru_cache(maxsize=256)
def _stubs(names: tuple[str, ...]) -> str:
    """The functions that a row offers: those named, all where only execute_code is."""
    others = tuple(name for name in names if name != TOOL)
    return stubs.__wrapped__(others or None)


_SIGNATURE = typing.cast("list[dict[str, Any]]", signatures([TOOL]))

DIALECT = Dialect(
    name="code",
    help="Python that calls the typed tools, run by the one tool execute_code (Code Mode)",
    render=render,
    parse=parse,
    restore=restore,
    delimiters=(tagged.START, tagged.END),
    parser="qwen3_coder",
)
