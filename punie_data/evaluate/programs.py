"""Code Mode's programs as what they do: the calls of tools in them. Two programs that make the same calls are as good as each other."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from punie_data.dialects.base import Call
from punie_data.tools.registry import TOOLS
from punie_data.validate.code import parsed, wrong_fields
from punie_data.validate.signatures import shipped

CODE = "execute_code"


@dataclass(frozen=True, slots=True)
class Use:
    """A call of a tool. `arguments` are those that are known: in a program that was not run, those that are written out; `whole` if these are all."""

    name: str
    arguments: Mapping[str, Any]
    whole: bool = True


def uses(call: Call) -> list[Use]:
    """The call itself, or those that its program writes down. A program that can't be read writes down none."""
    if call.name != CODE:
        return [Use(call.name, call.arguments)]
    tree = parsed(str(call.arguments.get("code", "")))
    if isinstance(tree, str):
        return []
    known = _constants(tree)
    return [
        _use(node, node.func.id, known)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TOOLS
    ]


def wrong_field(call: Call) -> str:
    """The first field that the program reads and that the tool's result does not have, "" where there is none."""
    tree = parsed(str(call.arguments.get("code", "")))
    if isinstance(tree, str):
        return f"the code does not parse: {tree}"
    try:
        found = next(wrong_fields(tree, shipped()), None)
    except RecursionError:
        return "the code is nested too deep"
    return f"line {found[0]} of the code: {found[1]}" if found else ""


def _use(node: ast.Call, name: str, known: Mapping[str, Any]) -> Use:
    parameters = [parameter.name for parameter in TOOLS[name].parameters]
    given: dict[str, ast.expr] = dict(zip(parameters, node.args, strict=False))
    whole = len(node.args) <= len(parameters)
    for keyword in node.keywords:
        if keyword.arg is None:
            whole = False
        else:
            given[keyword.arg] = keyword.value
    arguments = {}
    for parameter, value in given.items():
        try:
            arguments[parameter] = known[value.id] if isinstance(value, ast.Name) else ast.literal_eval(value)
        except (KeyError, ValueError, TypeError, SyntaxError, RecursionError):
            whole = False
    return Use(name, arguments, whole)


def _constants(tree: ast.Module) -> dict[str, Any]:
    """The names that are given a constant, and nothing else, anywhere."""
    found: dict[str, Any] = {}
    count: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            count[node.id] = count.get(node.id, 0) + 1
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    return {name: value for name, value in found.items() if count[name] == 1}
