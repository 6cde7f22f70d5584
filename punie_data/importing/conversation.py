"""What every format is read into before it becomes a record: turns, calls, signatures, and the reason when it can't be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


class Unconvertible(Exception):
    """A row that can't become a record. `reason` is one of a few, so that it can be counted; `detail` says what was found."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SpokenCall:
    """A call as a format gives it: the id is "" where the format has none."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. `calls` only on the assistant's; `call_id` and `name` are of a tool's and "" where the format does not give them.

    `failed` is what the format itself says of a result: that the tool reported an error.
    """

    role: Role
    text: str
    calls: tuple[SpokenCall, ...] = ()
    call_id: str = ""
    name: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A tool as a foreign row describes it. `arguments` is a valid JSON Schema; `written` is the row's own, where that was not the same."""

    name: str
    description: str
    arguments: Mapping[str, Any]
    written: Any = None

    def to_json(self) -> dict[str, Any]:
        """As a tool stands in `schemas/tools.schema.json`, with `written` beside it where there is one."""
        entry = {"description": self.description, "arguments": self.arguments, "result": None}
        return entry if self.written is None else {**entry, "written": self.written}


@dataclass(frozen=True, slots=True)
class Conversation:
    """One row of any format. `offered` are the tools that the row says there were; `kind` is "" where it does not say.

    `native` says that the format has calls of its own, so that what looks like one in a text is text.

    `kept` is what an export of ours wrote beside the conversation (id, label, origin, runs), {} in a row of anybody else's.
    """

    format: str
    turns: tuple[Turn, ...]
    signatures: tuple[Signature, ...] = ()
    offered: tuple[str, ...] = ()
    kind: str = ""
    category: str = ""
    native: bool = False
    license: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)
