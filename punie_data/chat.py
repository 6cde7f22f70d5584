"""The record: one training conversation, with the proof that its tool results happened.

`schemas/example.schema.json` defines the same thing for other programs. Every row carries every top-level key,
because mlx-lm batches rows with different keys apart; no key is called `prompt`, `completion` or `text`,
because mlx-lm would then take the row for another format.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Kind = Literal["tool", "direct", "ask", "cannot"]
KINDS: tuple[Kind, ...] = ("tool", "direct", "ask", "cannot")
DIRECT_CATEGORIES = ("concept", "comparison", "best_practice", "how_to", "architecture")


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": dict(self.arguments)},
        }


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `tool_calls` only on the assistant's, `tool_call_id` and `name` only on a tool's."""

    role: Literal["user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    def to_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            row["tool_calls"] = [call.to_json() for call in self.tool_calls]
        if self.role == "tool":
            row["tool_call_id"] = self.tool_call_id
            row["name"] = self.name
        return row


@dataclass(frozen=True, slots=True)
class Label:
    kind: Kind
    category: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from. `spans` are `path:first-last`, 1-based and inclusive: the mined text behind a direct answer.

    Of an imported row the generator is `import:` and the format, `repo` the file's stem, the revision begins the file's SHA-256, `symbol` is the line.
    """

    generator: str
    repo: str
    revision: str
    license: str
    paths: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()
    symbol: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One tool call that really happened, or, where `tool_version` is "imported", whose result came with foreign data. `sha256` is that of the tool
    message's content, as UTF-8.
    """

    call_id: str
    tool_version: str
    exit: int
    sha256: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    label: Label
    origin: Origin
    runs: tuple[Run, ...] = ()

    @property
    def id(self) -> str:
        """Twenty hex digits of the SHA-256 of what the model would see: messages, tools and label, as canonical JSON."""
        seen = {
            "messages": [message.to_json() for message in self.messages],
            "tools": list(self.tools),
            "label": {"kind": self.label.kind, "category": self.label.category},
        }
        return hashlib.sha256(canonical(seen)).hexdigest()[:20]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "messages": [message.to_json() for message in self.messages],
            "tools": list(self.tools),
            "label": {"kind": self.label.kind, "category": self.label.category},
            "origin": {
                "generator": self.origin.generator,
                "repo": self.origin.repo,
                "revision": self.origin.revision,
                "license": self.origin.license,
                "paths": list(self.origin.paths),
                "spans": list(self.origin.spans),
                "symbol": self.origin.symbol,
                "seed": self.origin.seed,
            },
            "runs": [
                {
                    "call_id": run.call_id,
                    "tool_version": run.tool_version,
                    "exit": run.exit,
                    "sha256": run.sha256,
                    "truncated": run.truncated,
                }
                for run in self.runs
            ],
        }

    @property
    def question(self) -> str:
        """The first user message."""
        return next(message.content for message in self.messages if message.role == "user")

    @property
    def answer(self) -> str:
        """The last message, which the format demands to be the assistant's."""
        return self.messages[-1].content


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not good enough, and why. It is counted in the report and kept in `rejected.jsonl`."""

    reason: str
    generator: str = ""
    repo: str = ""
    question: str = ""
    detail: str = ""
    example: Example | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "detail": self.detail,
            "generator": self.generator,
            "repo": self.repo,
            "question": self.question,
            "example": self.example.to_json() if self.example else None,
        }


def strings(value: Any) -> Iterator[str]:
    """Every string of a JSON value, keys too, in their order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no white space: equal values, equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def example_from_json(row: Mapping[str, Any]) -> Example:
    """The inverse of `Example.to_json`. The row must already satisfy the schema; a missing key raises KeyError."""
    origin = dict(row["origin"])
    origin["paths"] = tuple(origin["paths"])
    origin["spans"] = tuple(origin["spans"])
    return Example(
        messages=tuple(message_from_json(message) for message in row["messages"]),
        tools=tuple(row["tools"]),
        label=Label(**row["label"]),
        origin=Origin(**origin),
        runs=tuple(Run(**run) for run in row["runs"]),
    )


def message_from_json(row: Mapping[str, Any]) -> Message:
    """The inverse of `Message.to_json`."""
    return Message(
        role=row["role"],
        content=row["content"],
        tool_calls=tuple(
            ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in row.get("tool_calls", ())
        ),
        tool_call_id=row.get("tool_call_id"),
        name=row.get("name"),
    )


def calls_of(messages: Iterable[Message] | Sequence[Message]) -> list[tuple[ToolCall, str]]:
    """Every tool call with the content of its result, in order."""
    results = {message.tool_call_id: message.content for message in messages if message.role == "tool"}
    return [(call, results[call.id]) for message in messages for call in message.tool_calls]
