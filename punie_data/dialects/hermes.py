"""Hermes: a call is a JSON object between tags, as Qwen2.5 and Qwen3 write it too.

    assistant  <tool_call>
               {"name": "hover", "arguments": {"file_path": "app.py", "line": 3, "column": 5, "symbol": "run"}}
               </tool_call>
    user       <tool_response>
               {"success":true,…}
               </tool_response>

A control token inside an argument is written with its first character as `\\u003c`, which JSON reads back and no tokenizer takes for the token.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from punie_data.dialects import conversation, tagged
from punie_data.dialects.base import Call, Dialect, Malformed, Parsed, Refused, Rendered, Signatures
from punie_data.dialects.signatures import as_lines

TOOLS = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
"""The words that these models were trained with; a prompt in other words costs them accuracy."""


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    system = "\n\n".join(part for part in (system_prompt, system_section(tools)) if part)
    return conversation.render(record, tools, system, write, parse, tagged.wrap)


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    return conversation.restore(messages, tools, parse, tagged.wrap)


def system_section(tools: Signatures) -> str:
    return TOOLS.format(tools=as_lines(tools)) if tools else ""


def write(content: str, calls: Sequence[Call]) -> str:
    return tagged.write(content, calls, body)


def body(call: Call) -> str:
    """The JSON object of a call on one line."""
    written = json.dumps({"name": call.name, "arguments": dict(call.arguments)}, ensure_ascii=False)
    return tagged.CONTROL.sub(r"\\u003c", written)


def parse(text: str, tools: Signatures = ()) -> Parsed | Malformed:
    return tagged.parse(text, read)


def read(body: str) -> Call | Malformed:
    """The call that a JSON object means."""
    try:
        found = json.loads(body.strip(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return Malformed(f"the call is not JSON: {error}")
    if not isinstance(found, dict) or not isinstance(found.get("name"), str) or not found["name"]:
        return Malformed("the call is no object with a name")
    if not isinstance(found.get("arguments"), dict):
        return Malformed("the call has no object of arguments")
    return Call(found["name"], found["arguments"])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


DIALECT = Dialect(
    name="hermes",
    help="JSON between <tool_call> tags, results between <tool_response> tags (Hermes, Qwen2.5, Qwen3)",
    render=render,
    parse=parse,
    restore=restore,
    delimiters=(tagged.START, tagged.END),
    parser="json_tools",
)
