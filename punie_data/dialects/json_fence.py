"""A call is a JSON object in a fenced block: for models whose <tool_call> tokens were never trained, since all of it is ordinary Markdown.

assistant  ```json
           {"name": "hover", "arguments": {"file_path": "app.py", "line": 3, "column": 5, "symbol": "run"}}
           ```
user       Result of hover:

           {"success":true,…}
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from punie_data.dialects import conversation, hermes
from punie_data.dialects.base import Call, Dialect, Malformed, Parsed, Refused, Rendered, Signatures
from punie_data.dialects.signatures import as_lines

TOOLS = """# Tools

These functions can be called, one signature a line:

{tools}

To call one, write a fenced block of JSON and nothing behind it:

```json
{{"name": "<function name>", "arguments": {{"<parameter>": "<value>"}}}}
```"""
_FENCE = re.compile(r"^```json[ \t]*\n(.*?)(?:\n```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_LOOKS_LIKE_A_CALL = re.compile(r'^\s*\{.*"name"\s*:.*"arguments"\s*:', re.DOTALL)


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    section = TOOLS.format(tools=as_lines(tools)) if tools else ""
    system = "\n\n".join(part for part in (system_prompt, section) if part)
    return conversation.render(record, tools, system, write, parse, wrap)


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    return conversation.restore(messages, tools, parse, wrap)


def wrap(name: str, content: str) -> tuple[str, str]:
    return "Tool result:\n", ""


def write(content: str, calls: Sequence[Call]) -> str:
    blocks = [f"```json\n{hermes.body(call)}\n```" for call in calls]
    return "\n\n".join([content, *blocks] if content or not calls else blocks)


def parse(text: str, tools: Signatures = ()) -> Parsed | Malformed:
    """A fenced block that holds no call belongs to the content: an answer may show JSON."""
    calls: list[Call] = []
    content, position, first = "", 0, True
    for fence in _FENCE.finditer(text):
        call = hermes.read(fence[1])
        if isinstance(call, Malformed):
            if _is_attempt(fence[1]):
                return call
            continue
        before = text[position : fence.start()]
        if first:
            content += before.removesuffix("\n\n")
        elif before.strip():
            content += before
        calls.append(call)
        position, first = fence.end(), False
    rest = text[position:]
    return Parsed(content + (rest if first or rest.strip() else ""), tuple(calls))


def _is_attempt(block: str) -> bool:
    """Whether a block that holds no call sets out to be one."""
    if not _LOOKS_LIKE_A_CALL.match(block):
        return False
    try:
        found = json.loads(block)
    except (ValueError, RecursionError):
        return True
    return isinstance(found, dict) and "name" in found and "arguments" in found


DIALECT = Dialect(
    name="json-fence",
    help="JSON in a fenced block (for models without tool tokens, and Qwen2.5-Coder)",
    render=render,
    parse=parse,
    restore=restore,
)
