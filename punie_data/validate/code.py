"""Code of the sandbox, read and never run: its calls of tools, and what its expressions are, as far as that can be told."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from punie_data.validate.signatures import Signatures

_PASSES = 4
"""Each pass carries a type one assignment further; code in rows is short."""
_SAME_SEQUENCE = frozenset({"sorted", "list", "reversed", "tuple", "set", "iter"})
_BINDING = frozenset(
    {
        ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.comprehension, ast.Call, ast.FunctionDef, ast.AsyncFunctionDef,
        ast.ExceptHandler,
    }
)  # fmt: skip
"""What may give a name a value."""
_ONE_OF = frozenset({"next", "max", "min"})


@functools.lru_cache(maxsize=16)
def parsed(code: str) -> ast.Module | str:
    """The tree, or why there is none."""
    try:
        return ast.parse(code)
    except SyntaxError as error:
        return f"{error.msg} (line {error.lineno or 1})"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or "nested too deep"


@functools.lru_cache(maxsize=16)
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node of the tree, as `ast.walk` goes and three times as fast; without those that only say whether a name is read or bound."""
    found: list[ast.AST] = [tree]
    for node in found:  # it grows meanwhile
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                found.append(value)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool inside code. `literals` are the arguments that are written out, by parameter; `trouble` is why it does not bind."""

    tool: str
    line: int
    literals: dict[str, Any]
    trouble: str


@functools.lru_cache(maxsize=16)
def tool_uses(tree: ast.Module, signatures: Signatures) -> tuple[ToolUse, ...]:
    return tuple(
        _use(node, node.func.id, signatures)
        for node in nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in signatures
    )


def _use(node: ast.Call, tool: str, signatures: Signatures) -> ToolUse:
    names = list(signatures.parameters(tool))
    open_ended = any(isinstance(a, ast.Starred) for a in node.args) or any(
        k.arg is None for k in node.keywords
    )
    given: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
    trouble = ""
    if len(node.args) > len(names):
        trouble = f"{len(node.args)} arguments are given and {len(names)} taken"
    for keyword in node.keywords:
        if keyword.arg is None:
            continue
        if keyword.arg not in names:
            trouble = trouble or f"it has no parameter {keyword.arg!r}"
        elif keyword.arg in given:
            trouble = trouble or f"{keyword.arg!r} is given twice"
        given[keyword.arg] = keyword.value
    missing = [name for name in signatures.required(tool) if name not in given]
    if missing and not open_ended:
        trouble = trouble or f"it needs {missing[0]!r}"
    literals = {name: value.value for name, value in given.items() if isinstance(value, ast.Constant)}
    return ToolUse(tool, node.lineno, literals, "" if open_ended else trouble)


def wrong_fields(tree: ast.Module, signatures: Signatures) -> Iterator[tuple[int, str]]:
    """Line and description of every access to a field that a result's type does not have."""
    types = _Types(tree, signatures)
    for node in nodes(tree):
        if isinstance(node, ast.Attribute):
            fields = types.fields(types.of(node.value))
            if fields is not None and node.attr not in fields:
                yield node.lineno, f"there is no field {node.attr!r} ({', '.join(fields)})"
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
            and types.fields(types.of(node.value)) is not None
        ):
            yield node.lineno, f"[{node.slice.value!r}] reads a result as a mapping: it has fields"


@dataclass(frozen=True, slots=True)
class _Type:
    """A JSON Schema node and the schema in which its references resolve."""

    root: dict[str, Any]
    node: dict[str, Any]


class _Types:
    """What the names of a piece of code stand for. A name that stands for two things stands for nothing we know."""

    def __init__(self, tree: ast.Module, signatures: Signatures) -> None:
        self._signatures = signatures
        self._names: dict[str, _Type | None] = {}
        sites = list(_bindings(tree))
        for _ in range(_PASSES):
            found: dict[str, _Type | None] = {}
            for name, source, how in sites:
                kind = self._bound(source, how)
                known = found.setdefault(name, kind)
                if known is None or kind is None or known.node is not kind.node:
                    found[name] = kind if known is kind else None
            self._names = found

    def fields(self, kind: _Type | None) -> list[str] | None:
        return list(kind.node["properties"]) if kind is not None and "properties" in kind.node else None

    def of(self, node: ast.expr) -> _Type | None:
        match node:
            case ast.Name(id=name):
                return self._names.get(name)
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.of(value)
            case ast.Attribute(value=value, attr=name):
                owner = self.of(value)
                return self._field(owner, name)
            case ast.Subscript(value=value, slice=ast.Slice()):
                return self.of(value)
            case ast.Subscript(value=value):
                return self._item(self.of(value))
            case ast.BoolOp(values=[first, *_]):
                return self.of(first)
            case ast.Call(func=ast.Name(id=name)) if name in self._signatures:
                schema = self._signatures.result(name)
                return _Type(schema, schema) if schema is not None else None
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _SAME_SEQUENCE:
                return self.of(first)
            case ast.Call(func=ast.Name(id=name), args=[first]) if name in _ONE_OF:
                return self._item(self.of(first))
            case ast.Call(func=ast.Name(id="filter"), args=[_, second]):
                return self.of(second)
            case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
                inner = self.of(element)
                return (
                    _Type(inner.root, {"type": "array", "items": inner.node}) if inner is not None else None
                )
        return None

    def _bound(self, source: ast.expr | None, how: str) -> _Type | None:
        if source is None:
            return None
        kind = self.of(source)
        return self._item(kind) if how == "item" else kind

    def _field(self, owner: _Type | None, name: str) -> _Type | None:
        if owner is None or name not in owner.node.get("properties", {}):
            return None
        return _resolved(owner.root, owner.node["properties"][name])

    def _item(self, kind: _Type | None) -> _Type | None:
        if kind is None or kind.node.get("type") != "array" or "items" not in kind.node:
            return None
        return _resolved(kind.root, kind.node["items"])


def _resolved(root: dict[str, Any], node: dict[str, Any]) -> _Type:
    reference = node.get("$ref", "")
    return _Type(
        root, root["$defs"][reference.rpartition("/")[2]] if reference.startswith("#/$defs/") else node
    )


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None, str]]:
    """Every place that gives a name a value: (name, the expression, whether the name gets the value or its items)."""
    for node in nodes(tree):
        if type(node) not in _BINDING:
            continue
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _targets(target, value, "value")
            case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                yield from _targets(target, value, "value")
            case ast.AugAssign(target=target):
                yield from _targets(target, None, "value")
            case ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source):
                yield from _loop(target, source)
            case ast.Call(func=ast.Name(id=name), args=[*arguments], keywords=keywords):
                yield from _lambda_of(name, arguments, keywords)
            case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
                for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
                    yield argument.arg, None, "value"
            case ast.ExceptHandler(name=str(name)):
                yield name, None, "value"


def _targets(
    target: ast.expr, value: ast.expr | None, how: str
) -> Iterator[tuple[str, ast.expr | None, str]]:
    if isinstance(target, ast.Name):
        yield target.id, value, how
    elif isinstance(target, ast.Tuple | ast.List):
        values = (
            value.elts
            if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) and how == "value"
            else None
        )
        for index, inner in enumerate(target.elts):
            yield from _targets(inner, values[index] if values else None, how)


def _loop(target: ast.expr, source: ast.expr) -> Iterator[tuple[str, ast.expr | None, str]]:
    match target, source:
        case ast.Tuple(elts=[index, item]), ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            yield from _targets(index, None, "value")
            yield from _targets(item, inner, "item")
        case _:
            yield from _targets(target, source, "item")


def _lambda_of(
    name: str, arguments: list[ast.expr], keywords: list[ast.keyword]
) -> Iterator[tuple[str, ast.expr | None, str]]:
    """`sorted(xs, key=lambda x: …)`: x is an item of xs. Any other lambda's parameters are unknown."""
    key = next((k.value for k in keywords if k.arg == "key"), None)
    if (
        name in ("sorted", "max", "min")
        and isinstance(key, ast.Lambda)
        and len(arguments) == 1
        and key.args.args
    ):
        yield key.args.args[0].arg, arguments[0], "item"
    elif (
        name in ("filter", "map")
        and len(arguments) == 2
        and isinstance(arguments[0], ast.Lambda)
        and arguments[0].args.args
    ):
        yield arguments[0].args.args[0].arg, arguments[1], "item"
