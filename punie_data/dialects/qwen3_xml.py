"""Qwen3-Coder's XML: a call is a function element with one element for each argument, values written as they are.

    assistant  <tool_call>
               <function=hover>
               <parameter=file_path>
               app.py
               </parameter>
               </function>
               </tool_call>

Nothing is escaped, so a value that holds a closing tag, or text that reads as another type than the signature's, can't be written: such rows are refused.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from punie_data.dialects import conversation, tagged
from punie_data.dialects.base import Call, Dialect, Malformed, Parsed, Refused, Rendered, Signatures
from punie_data.dialects.signatures import as_lines, parameters_of

TOOLS = """# Tools

You have access to the following functions:

<tools>
{tools}
</tools>

If you choose to call a function ONLY reply in the following format with NO suffix:

<tool_call>
<function=example_function_name>
<parameter=example_parameter_1>
value_1
</parameter>
<parameter=example_parameter_2>
a value that can span
several lines
</parameter>
</function>
</tool_call>"""
STRINGS = frozenset({"string", "str", "text", "varchar", "char", "enum"})
BOOLEANS = frozenset({"boolean", "bool", "binary"})
INTEGERS = ("int", "uint", "long", "short", "unsigned")
_FUNCTION = re.compile(r"<function=(.*?)</function>$", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=(.*?)</parameter>", re.DOTALL)
_NAME = re.compile(r"\s*([^\s<>]+)>?")


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    section = TOOLS.format(tools=as_lines(tools)) if tools else ""
    system = "\n\n".join(part for part in (system_prompt, section) if part)
    return conversation.render(record, tools, system, write, parse, tagged.wrap)


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    return conversation.restore(messages, tools, parse, tagged.wrap)


def write(content: str, calls: Sequence[Call]) -> str:
    return tagged.write(content, calls, body)


def body(call: Call) -> str:
    """The function element of a call."""
    parameters = [
        f"<parameter={name}>\n{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n</parameter>"
        for name, value in call.arguments.items()
    ]
    return "\n".join([f"<function={call.name}>", *parameters, "</function>"])


def parse(text: str, tools: Signatures = ()) -> Parsed | Malformed:
    return tagged.parse(text, partial(read, tools=tools))


def read(body: str, tools: Signatures) -> Call | Malformed:
    """The call that a function element means. Values take the types of the signature, as mlx-lm's qwen3_coder parser gives them."""
    found = _FUNCTION.search(body)
    name = _NAME.match(found[1]) if found else None
    if found is None or name is None:
        return Malformed("the call has no function element")
    schemas = parameters_of(name[1], tools)
    arguments = {}
    for element in _PARAMETER.findall(found[1][name.end() :]):
        key = _NAME.match(element)
        if key is None:
            continue
        try:
            arguments[key[1]] = value_of(_inside(element[key.end() :]), schemas.get(key[1]))
        except (ValueError, OverflowError, RecursionError, MemoryError):
            return Malformed(f"the value of {key[1]} is not of its type")
    return Call(name[1], arguments)


def value_of(text: str, schema: Mapping[str, Any] | None) -> Any:
    """What a parameter's text means under its JSON Schema; text where there is none. ValueError where it is no number and should be."""
    if text.lower() == "null":
        return None
    if not schema:
        return text
    if "type" not in schema:
        found = _json(text)
        return found if isinstance(found, dict | list) else text
    kind = str(schema["type"]).strip().lower()
    if kind in STRINGS:
        return text
    if kind.startswith(INTEGERS):
        if not float(text).is_integer():
            raise ValueError(text)
        return int(float(text))
    if kind.startswith(("num", "float")):
        return int(float(text)) if float(text).is_integer() else float(text)
    if kind in BOOLEANS:
        return text.lower() == "true"
    if kind in ("object", "array", "arr") or kind.startswith(("dict", "list")):
        try:
            return json.loads(text, strict=False)
        except ValueError:
            pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError):
        return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _inside(text: str) -> str:
    """A parameter's value without the line ends that belong to its tags."""
    return text.removeprefix("\n").removesuffix("\n")


DIALECT = Dialect(
    name="qwen3-xml",
    help="function and parameter elements between <tool_call> tags (Qwen3-Coder)",
    render=render,
    parse=parse,
    restore=restore,
    delimiters=(tagged.START, tagged.END),
    parser="qwen3_coder",
)
