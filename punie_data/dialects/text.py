"""Only what a person would see: the questions and the answers, no calls, no results, no tools.

What a model learns of it is to answer without looking. It is here because the first of all systems to be compared was trained like this.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from punie_data.dialects.base import Dialect, Malformed, Parsed, Refused, Rendered, Signatures


def render(record: Mapping[str, Any], tools: Signatures, system_prompt: str) -> Rendered | Refused:
    messages = [{"role": "system", "content": system_prompt}] if system_prompt else []
    for message in record["messages"]:
        if message["role"] == "user" or (message["role"] == "assistant" and not message.get("tool_calls")):
            messages.append({"role": message["role"], "content": message["content"]})
    return Rendered(tuple(messages), None)


def parse(text: str, tools: Signatures = ()) -> Parsed | Malformed:
    return Parsed(text)


def restore(messages: Sequence[Mapping[str, Any]], tools: Signatures) -> list[dict[str, Any]] | Refused:
    """The messages as they stand: the calls are gone for good."""
    return [
        {"role": message["role"], "content": message["content"]}
        for number, message in enumerate(messages)
        if number or message["role"] != "system"
    ]


DIALECT = Dialect(
    name="text",
    help="questions and answers only, without calls and results",
    render=render,
    parse=parse,
    restore=restore,
)
