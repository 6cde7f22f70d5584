"""What a dialect is: how a conversation with tool calls is written down for a model, and how what a model wrote is read back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Signatures = Sequence[Mapping[str, Any]]
"""The tools at hand in OpenAI's form, `{"type": "function", "function": {"name", "description", "parameters"}}`, one each."""


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an assistant's text says: `content` is the text without the calls."""

    content: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A text that sets out to call a tool and doesn't manage: neither a call nor an abstention."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a chat template is given: messages with the system prompt first (left out where it is empty), and the signatures of the tools, None
    where the dialect has written them into the system prompt.
    """

    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] | None


@dataclass(frozen=True, slots=True)
class Refused:
    """This row can't be written in this dialect so that it is read back as it was."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """`render(record, signatures, system_prompt)` takes a record as a row holds it; `parse(text, signatures)` reads one assistant's turn.

    `restore(messages, signatures)` is the inverse of `render`: the record's messages without the system prompt, with the calls named
    `call_0`, `call_1`, … in their order.
    """

    name: str
    help: str
    render: Callable[[Mapping[str, Any], Signatures, str], Rendered | Refused]
    parse: Callable[[str, Signatures], Parsed | Malformed]
    restore: Callable[[Sequence[Mapping[str, Any]], Signatures], list[dict[str, Any]] | Refused]
    delimiters: tuple[str, ...] = ()
    """The texts around a call, which should be single tokens of the model."""
    parser: str = ""
    """The module of `mlx_lm.tool_parsers` that reads this dialect at run time; "" where it has none."""


def calls_of(message: Mapping[str, Any]) -> tuple[Call, ...]:
    """The calls of one message of a record."""
    return tuple(
        Call(call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
