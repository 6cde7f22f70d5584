"""What a tool is: a signature, a typed result and the function that really runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    pass

REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Literal["string", "integer", "boolean", "array"]
    description: str
    default: Any = REQUIRED
    choices: tuple[str, ...] = ()

    def json_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": self.type, "description": self.description}
        if self.type == "array":
            schema["items"] = {"type": "string"}
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.default is not REQUIRED:
            schema["default"] = self.default
        return schema


@dataclass(frozen=True, slots=True)
class Tool:
    """`run` takes the workspace and every parameter by name, and returns `result`, or text where `result` is None."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    result: type | None
    run: Callable[..., Any]
    program: str = "punie-data"
    """The program whose version stands in the row: `ty`, `ruff`, `rg`, `git`, `pytest`, `libcst`, `pydantic-monty`."""
    changes_files: bool = False
    executes_code: bool = False

    def arguments_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [p.name for p in self.parameters if p.default is REQUIRED],
            "properties": {p.name: p.json_schema() for p in self.parameters},
        }

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter's value. TypeError when a name is unknown or a required one is missing."""
        unknown = sorted(set(given) - {p.name for p in self.parameters})
        if unknown:
            raise TypeError(f"{self.name} has no parameter {unknown[0]!r}")
        missing = [p.name for p in self.parameters if p.default is REQUIRED and p.name not in given]
        if missing:
            raise TypeError(f"{self.name} needs {missing[0]!r}")
        return {p.name: given.get(p.name, p.default) for p in self.parameters}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One call that happened. Only a `Toolbox` makes one, so a generator cannot imagine a result.

    `value` is the typed result (or text); `content` is what stands in the tool message.
    """

    tool: str
    arguments: Mapping[str, Any]
    value: Any
    content: str
    exit: int
    version: str
    truncated: bool = False
    redactions: int = 0

    @property
    def ok(self) -> bool:
        return self.exit == 0


def position_parameters(subject: str) -> tuple[Parameter, ...]:
    """The four parameters that every language-server tool shares."""
    return (
        Parameter(
            "file_path", "string", f"Path of the file in which {subject} stands, relative to the project root"
        ),
        Parameter("line", "integer", "Line of the symbol, counted from 1"),
        Parameter("column", "integer", "Column of the symbol's first character, counted from 1"),
        Parameter("symbol", "string", "Name of the symbol at that position"),
    )
