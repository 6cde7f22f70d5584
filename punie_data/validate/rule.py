"""What a rule is and what it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning"]
Needs = Literal["conversation", "record"]
"""What a row must have for a rule to mean anything: a conversation, which every format has, or what only a record claims."""
Scope = Literal["line", "value", "row", "target", "set"]
"""What a rule looks at: the bytes of a line (`Raw`), any JSON value, a row that satisfies the schema (`View`), what a target model makes of it
(see `tokenizer_rules`; only with --tokenizer), or all rows of a set (`SetView`)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` takes what `scope` says and returns one message for each finding, of a set with the path that it is about; its docstring is the rule's
    explanation.
    """

    code: str
    name: str
    level: Level
    scope: Scope
    check: Callable[[Any], Iterable[Any]]
    needs: Needs = "conversation"

    @property
    def explanation(self) -> str:
        return "\n".join(line.strip() for line in (self.check.__doc__ or "").strip().splitlines())


@dataclass(frozen=True, slots=True)
class Raw:
    """A line of a file: its bytes as they stand there, and the value that they decode to."""

    data: bytes
    value: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in one line (1-based) of a file, or in the whole of a file or a set: then `line` is 0."""

    file: str
    line: int
    code: str
    name: str
    level: Level
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.code} {self.message}"

    @property
    def place(self) -> str:
        """`file:line`, or the file alone."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "line": self.line,
            "code": self.code,
            "name": self.name,
            "level": self.level,
            "message": self.message,
        }


def shown(text: str, limit: int = 60) -> str:
    """`text` between quotes on one line, shortened, with nothing in it that a terminal would act on."""
    if len(text) > limit:
        text = f"{text[: limit - 1]}…"
    return "'" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text) + "'"
