"""Hermes with tools of one line each: for small models and short contexts, where full signatures are nine tenths of a prompt.

    system     Tools:
               hover(file_path, line, column, symbol)
               git_log(path=".", count=10)

Names, parameters and defaults stand there, types and descriptions don't: a model learns from its training what each tool is for. 22 tools
take some 350 tokens so, and 3,000 as JSON Schema. Calls and results are written as in `hermes`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from punie_data.dialects import conversation, hermes, tagged
from punie_data.dialects.base import Dialect, Refused, Rendered, Signatures

TOOLS = """Tools:
{tools}

A call is written as
<tool_call>
{{"name": …, "arguments": {{…}}}}
</tool_call>"""


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    system = "\n\n".join(part for part in (system_prompt, system_section(tools)) if part)
    return conversation.render(record, tools, system, hermes.write, hermes.parse, tagged.wrap)


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    return conversation.restore(messages, tools, hermes.parse, tagged.wrap)


def system_section(tools: Signatures) -> str:
    return TOOLS.format(tools="\n".join(line(tool["function"]) for tool in tools)) if tools else ""


def line(function: Mapping[str, Any]) -> str:
    """`git_log(path=".", count=10)`; a parameter that may be left out and has no default gets `=…`."""
    parameters = function.get("parameters") or {}
    required = parameters.get("required") or ()
    written = []
    for name, schema in (parameters.get("properties") or {}).items():
        if name in required:
            written.append(name)
        elif isinstance(schema, Mapping) and "default" in schema:
            written.append(f"{name}={json.dumps(schema['default'], ensure_ascii=False)}")
        else:
            written.append(f"{name}=…")
    return f"{function['name']}({', '.join(written)})"


DIALECT = Dialect(
    name="hermes-brief",
    help="as hermes, with a line of names and parameters for each tool: small models, short contexts",
    render=render,
    parse=hermes.parse,
    restore=restore,
    delimiters=(tagged.START, tagged.END),
    parser="json_tools",
)
