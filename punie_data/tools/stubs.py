"""The tools as typed Python functions, for a type checker and for the system prompt of Code Mode. Written from the registry.

@dataclass(frozen=True)
class GitFile:
    file: str
    status: str
    staged: bool

def git_status(path: str = ".") -> GitStatusResult:
    '''Show which files differ from the last commit: …'''
"""

import dataclasses
import types
import typing
from functools import cache
from typing import Any

from punie_data.tools.base import REQUIRED, Parameter, Tool
from punie_data.tools.interpreter import Interpreter
from punie_data.tools.registry import TOOLS

TYPES = {"string": "str", "integer": "int", "boolean": "bool", "array": "list[str]"}


@cache
def stubs(names: tuple[str, ...] | None = None) -> str:
    """The result classes and the signatures of the tools in `names` (all but execute_code itself, when not given), as one module."""
    chosen = [
        tool for tool in TOOLS.values() if not tool.calls_tools and (names is None or tool.name in names)
    ]
    classes: dict[str, str] = {}
    for tool in chosen:
        if tool.result is not None:
            _declare(tool.result, classes)
    head = "from dataclasses import dataclass\nfrom typing import Literal\n"
    return "\n\n".join([head, *classes.values(), *(_function(tool) for tool in chosen)]) + "\n"


def type_errors(interpreter: Interpreter, code: str) -> str | None:
    """What is wrong with the types of `code`, one finding a line: a field that a result lacks, for one. None when nothing is."""
    return interpreter.type_errors(code, stubs())


def _declare(kind: type, classes: dict[str, str]) -> None:
    """Add the source of `kind` behind that of the classes it is made of."""
    if kind.__name__ in classes:
        return
    classes[kind.__name__] = ""
    hints = typing.get_type_hints(kind)
    for hint in hints.values():
        for inner in typing.get_args(hint):
            if dataclasses.is_dataclass(inner) and inner is not kind:
                _declare(typing.cast(type, inner), classes)
    del classes[kind.__name__]
    fields = [f"    {field.name}: {_written(hints[field.name], kind)}" for field in dataclasses.fields(kind)]
    classes[kind.__name__] = "\n".join(["@dataclass(frozen=True)", f"class {kind.__name__}:", *fields])


def _written(hint: Any, inside: type) -> str:
    """A field's type as the code in the interpreter meets it: every tuple has become a list."""
    if typing.get_origin(hint) is tuple:
        return f"list[{_written(typing.get_args(hint)[0], inside)}]"
    if isinstance(hint, types.UnionType):
        return " | ".join(_written(part, inside) for part in typing.get_args(hint))
    if hint is types.NoneType:
        return "None"
    return f'"{hint.__name__}"' if hint is inside else hint.__name__


def _function(tool: Tool) -> str:
    given = ", ".join(_parameter(parameter) for parameter in tool.parameters)
    returned = tool.result.__name__ if tool.result else "str"
    return f'def {tool.name}({given}) -> {returned}:\n    """{tool.description}"""\n    ...'


def _parameter(parameter: Parameter) -> str:
    kind = TYPES[parameter.type]
    if parameter.choices:
        kind = f"Literal[{', '.join(map(repr, parameter.choices))}]"
    written = f"{parameter.name}: {kind}"
    if parameter.default is REQUIRED:
        return written
    default = list(parameter.default) if parameter.type == "array" else parameter.default
    return f"{written} = {default!r}"
