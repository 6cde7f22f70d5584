"""The model's own chat template writes the calls: messages and signatures stay structured, as OpenAI's format has them.

What the template makes of them is read back as the model's own parser would: JSON or a function element between <tool_call> tags.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from punie_data.dialects import hermes, qwen3_xml, tagged
from punie_data.dialects.base import Call, Dialect, Malformed, Parsed, Refused, Rendered, Signatures


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return Rendered((*system, *(dict(message) for message in record["messages"])), tuple(map(dict, tools)))


def parse(text: str, tools: Signatures = ()) -> Parsed | Malformed:
    return tagged.parse(text, partial(_read, tools=tools))


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    """Arguments that were written as a JSON string are an object again, content that was null is ""."""
    found = []
    names: dict[str, str] = {}
    for number, message in enumerate(messages):
        if number == 0 and message["role"] == "system":
            continue
        restored = {"role": message["role"], "content": message.get("content") or ""}
        if message["role"] == "assistant" and message.get("tool_calls"):
            calls = []
            for call in message["tool_calls"]:
                arguments = call["function"]["arguments"]
                if isinstance(arguments, str):
                    try:
                        arguments = json.loads(arguments)
                    except ValueError:
                        return Refused(f"message {number}: the arguments are not JSON")
                name = call["function"]["name"]
                names[call.get("id")] = name
                calls.append(
                    {
                        "id": call.get("id"),
                        "type": "function",
                        "function": {"name": name, "arguments": arguments},
                    }
                )
            restored["tool_calls"] = calls
        elif message["role"] == "tool":
            identity = message.get("tool_call_id")
            restored |= {"tool_call_id": identity, "name": message.get("name") or names.get(identity, "")}
        found.append(restored)
    return found


def _read(body: str, tools: Signatures) -> Call | Malformed:
    return qwen3_xml.read(body, tools) if body.lstrip().startswith("<function=") else hermes.read(body)


DIALECT = Dialect(
    name="native",
    help="the target's own chat template, with its tools",
    render=render,
    parse=parse,
    restore=restore,
    delimiters=(tagged.START, tagged.END),
)
