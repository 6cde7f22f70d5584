"""Calls between `<tool_call>` and `</tool_call>`, as mlx-lm's server finds them in a stream: shared by Hermes and Qwen's XML."""

import re
from collections.abc import Callable, Sequence

from punie_data.dialects.base import Call, Malformed, Parsed

START, END = "<tool_call>", "</tool_call>"
RESULT = ("<tool_response>\n", "\n</tool_response>")
CONTROL = re.compile(r"<(?=\|[^|<>\s]*\|>|/?(?:tool_call|tool_response|think)>)")
"""The first character of what tokenizers of this family take for a control token."""


def write(content: str, calls: Sequence[Call], body: Callable[[Call], str]) -> str:
    """The content, if there is any, and behind it each call on lines of its own."""
    parts = [content] if content or not calls else []
    return "\n".join([*parts, *(f"{START}\n{body(call)}\n{END}" for call in calls)])


def parse(text: str, read: Callable[[str], Call | Malformed]) -> Parsed | Malformed:
    """The calls and what stands around them. A call that is not closed is read too, as the server does when a text ends."""
    head, *pieces = text.split(START)
    calls, content = [], head
    for piece in pieces:
        body, _, behind = piece.partition(END)
        call = read(body)
        if isinstance(call, Malformed):
            return call
        calls.append(call)
        content += behind if behind.strip() else ""
    # One line end belongs to the call that follows it.
    return Parsed(content.removesuffix("\n") if calls and content == head else content, tuple(calls))


def wrap(name: str, content: str) -> tuple[str, str]:
    """What stands before and behind a result."""
    return RESULT
