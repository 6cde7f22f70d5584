"""One task of a session: what the user asked, and the turns up to the answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from punie_data.importing.conversation import Conversation, SpokenCall, Turn, Unconvertible

Found = tuple[int, bytes, Conversation | Unconvertible]
"""Where a task begins (its line, 1-based, and that line's bytes), and what it became."""


class Session(Protocol):
    """Takes the lines of a file one after another and gives back each task that is finished."""

    not_rows: int

    def take(self, number: int, row: Mapping[str, Any], raw: bytes) -> Iterator[Found]: ...

    def end(self) -> Iterator[Found]: ...


@dataclass(slots=True)
class Task:
    """A task that is being read. `trouble` is what makes it no whole conversation; the first one counts."""

    line: int
    raw: bytes
    turns: list[Turn]
    keys: dict[str, int] = field(default_factory=dict)
    """The turn that is made of the message with this id: an agent writes one message over several lines."""
    trouble: Unconvertible | None = None
    last_line: int = 0

    def broken(self, reason: str, detail: str = "") -> None:
        self.trouble = self.trouble or Unconvertible(reason, detail)

    def say(self, text: str, calls: tuple[SpokenCall, ...], key: str) -> None:
        """Something that the assistant says or calls: a new turn, or more of the one with the same key."""
        at = self.keys.get(key)
        if at is not None:
            turn = self.turns[at]
            both = "\n\n".join(part for part in (turn.text, text) if part)
            self.turns[at] = replace(turn, text=both, calls=(*turn.calls, *calls))
        else:
            if key:
                self.keys[key] = len(self.turns)
            self.turns.append(Turn("assistant", text, calls))

    def finished(self, name: str, prompt: str = "") -> Found:
        """The conversation, or why it is none: an agent that was stopped has given no answer."""
        found: Conversation | Unconvertible
        if self.trouble is None and (self.turns[-1].role != "assistant" or self.turns[-1].calls):
            self.broken("the task ends without an answer")
        if self.trouble is not None:
            lines = f"lines {self.line} to {max(self.line, self.last_line)}"
            detail = f"{self.trouble.detail}, {lines}" if self.trouble.detail else lines
            found = Unconvertible(self.trouble.reason, detail)
        else:
            first = (Turn("system", prompt),) if prompt else ()
            found = Conversation(name, (*first, *self.turns), native=True)
        return self.line, self.raw, found

    @property
    def is_answered(self) -> bool:
        return any(turn.role == "assistant" for turn in self.turns)
