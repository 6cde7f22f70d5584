"""The rows that a trainer reads. One function a target: a rendered conversation in, its rows out.

Beside what the trainer reads stands one key that it does not look at, `punie_data`, so that an export can be read back as the records it was made of:
it holds `id`, `label`, `origin`, `runs`, `tools` (by name) and `dialect`. OpenAI's format allows no such key.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from punie_data.dialects.base import Refused, Rendered

KEPT = "punie_data"
Form = Literal["mapping", "string"]


@dataclass(frozen=True, slots=True)
class Target:
    """`rows(record, rendered, kept)` are the rows of one conversation, or why there can be none."""

    name: str
    help: str
    rows: Callable[[Mapping[str, Any], Rendered, dict[str, Any]], "list[dict[str, Any]] | Refused"]
    arguments: Form | None
    """How a call's arguments are written; None: as the chat template wants them."""


def kept(record: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """What a row carries along for whoever reads it back."""
    return {**{key: record[key] for key in ("id", "label", "origin", "runs", "tools")}, "dialect": dialect}


def with_arguments(messages: Sequence[Mapping[str, Any]], form: Form) -> tuple[dict[str, Any], ...]:
    """The messages with every call's arguments as a mapping, or as a JSON string."""
    if form == "mapping":
        return tuple(map(dict, messages))
    return tuple(
        {**message, "tool_calls": [_as_string(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else dict(message)
        for message in messages
    )


def turns(messages: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """The positions of the assistant's messages."""
    return (number for number, message in enumerate(messages) if message["role"] == "assistant")


def mlx_lm(
    record: Mapping[str, Any], rendered: Rendered, kept: dict[str, Any]
) -> list[dict[str, Any]] | Refused:
    """One row for each turn of the assistant: `--mask-prompt` trains the last message of a row only."""
    ends = list(turns(rendered.messages))
    tools = {} if rendered.tools is None else {"tools": list(rendered.tools)}
    return [
        {
            "messages": list(rendered.messages[: end + 1]),
            **tools,
            KEPT: {**kept, "turn": number, "turns": len(ends)},
        }
        for number, end in enumerate(ends, 1)
    ]


def openai(
    record: Mapping[str, Any], rendered: Rendered, kept: dict[str, Any]
) -> list[dict[str, Any]] | Refused:
    """`messages` and, where there are any, `tools`: other keys, and an empty list of tools, are refused there."""
    messages = [
        {key: value for key, value in message.items() if key != "name"} for message in rendered.messages
    ]
    return [{"messages": messages, **({"tools": list(rendered.tools)} if rendered.tools else {})}]


def conversation(
    record: Mapping[str, Any], rendered: Rendered, kept: dict[str, Any]
) -> list[dict[str, Any]] | Refused:
    """The whole conversation in one row: the trainer masks what is not the assistant's."""
    tools = {} if rendered.tools is None else {"tools": list(rendered.tools)}
    return [{"messages": list(rendered.messages), **tools, KEPT: kept}]


def sharegpt(
    record: Mapping[str, Any], rendered: Rendered, kept: dict[str, Any]
) -> list[dict[str, Any]] | Refused:
    """`conversations` of `from` and `value`, with the system prompt and the tools beside them, as LLaMA-Factory reads them."""
    system, said = "", []
    for number, message in enumerate(rendered.messages):
        content = message["content"]
        if message["role"] == "system":
            system = content
        elif message.get("tool_calls"):
            if content:
                return Refused(
                    f"message {number} has text and calls, which this format can't write in one turn"
                )
            calls = [
                {"name": call["function"]["name"], "arguments": call["function"]["arguments"]}
                for call in message["tool_calls"]
            ]
            written = json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)
            said.append({"from": "function_call", "value": written})
        elif message["role"] == "tool":
            if said and said[-1]["from"] == "observation":
                return Refused(
                    f"message {number} is a second result, which this format can't tell from the first"
                )
            said.append({"from": "observation", "value": content})
        else:
            said.append({"from": "human" if message["role"] == "user" else "gpt", "value": content})
    tools = "" if rendered.tools is None else json.dumps(list(rendered.tools), ensure_ascii=False)
    return [{"conversations": said, "system": system, "tools": tools, KEPT: kept}]


def _as_string(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = json.dumps(function["arguments"], ensure_ascii=False)
    return {**call, "function": {**function, "arguments": arguments}}


TARGETS = {
    target.name: target
    for target in (
        Target("mlx-lm", "one row for each turn of the assistant, in the order of the batches", mlx_lm, None),
        Target("openai", "messages and tools, arguments as text; no other keys", openai, "string"),
        Target("trl", "messages and tools; train with assistant_only_loss", conversation, None),
        Target(
            "axolotl",
            "messages and tools, arguments as text (type: chat_template)",
            conversation,
            "string",
        ),
        Target(
            "sharegpt", "conversations, system and tools, as LLaMA-Factory reads them", sharegpt, "mapping"
        ),
    )
}
