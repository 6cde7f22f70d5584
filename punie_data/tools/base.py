"""What a tool is: a signature, a typed result and the function that really runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

REQUIRED = object()
LARGEST = 2**31


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

    def takes(self, value: Any) -> bool:
        """Whether `value` is what the schema says. A model's or a row's argument must not reach the tool's code unchecked."""
        if self.choices:
            return isinstance(value, str) and value in self.choices
        if self.type == "array":
            return isinstance(value, list | tuple) and all(_is_text(item) for item in value)
        if self.type == "integer":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
        return isinstance(value, bool) if self.type == "boolean" else _is_text(value)


def _is_text(value: Any) -> bool:
    """Whether `value` is text that can be written down: a lone surrogate cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    """Whether it runs the repository's own code, which needs the user's leave and the sandbox."""
    calls_tools: bool = False
    """Whether `run` also takes a `door` to the other tools."""

    def arguments_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [p.name for p in self.parameters if p.default is REQUIRED],
            "properties": {p.name: p.json_schema() for p in self.parameters},
        }

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter's value. TypeError, in Python's words, for a name that is unknown or missing and a value of another type."""
        unknown = sorted(set(given) - {p.name for p in self.parameters})
        if unknown:
            raise TypeError(f"{self.name}() got an unexpected keyword argument {unknown[0]!r}")
        missing = [p.name for p in self.parameters if p.default is REQUIRED and p.name not in given]
        if missing:
            raise TypeError(f"{self.name}() missing a required argument: {missing[0]!r}")
        for parameter in self.parameters:
            if parameter.name in given and not parameter.takes(given[parameter.name]):
                wanted = " or ".join(map(repr, parameter.choices)) or f"of type {parameter.type}"
                raise TypeError(f"{self.name}() argument {parameter.name!r} must be {wanted}")
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
    inner: tuple["Outcome", ...] = ()
    """The calls that happened inside this one, in order: only `execute_code` makes any."""

    @property
    def ok(self) -> bool:
        return self.exit == 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool may return in place of the bare value, when more must be told about it than the value shows."""

    value: Any
    truncated: bool = False
    failed: bool | None = None
    """Whether the tool could not do its work; None lets the value say so, by its `parse_error` or by starting with "Error: "."""
    inner: tuple[Outcome, ...] = ()
    version: str = ""
    """The program's version, where it is not the one installed beside us."""


@dataclass(frozen=True, slots=True)
class Door:
    """How a tool that calls tools reaches them: `call(name, **arguments)`, as a generator would."""

    tools: Mapping[str, Tool]
    call: Callable[..., Outcome]


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
