"""PD32x: code that calls the tools (Code Mode)."""

import ast
from collections.abc import Iterator

from punie_data.validate import sandbox
from punie_data.validate.code import nodes, parsed, tool_uses, wrong_fields
from punie_data.validate.rule import shown
from punie_data.validate.view import Call, View

_MAY_BE_REFUSED = frozenset({ast.Import, ast.ImportFrom, ast.Call, ast.FunctionDef, ast.AsyncFunctionDef})
_BINDING = frozenset(
    {
        ast.Name, ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.alias, ast.ExceptHandler, ast.MatchAs, ast.MatchStar,
        ast.MatchMapping,
    }
)  # fmt: skip
"""What may bind a name. Nothing else needs to be matched."""


def code_syntax(view: View) -> Iterator[str]:
    """The code of a call does not parse, or is empty.

    The sandbox would answer with a syntax error; a row may show that only if it also shows the remedy, and this one's code is its call.
    """
    for call in view.calls:
        code = code_of(call)
        if code is not None:
            tree = parsed(code)
            if isinstance(tree, str):
                yield f"messages[{call.turn}]: the code does not parse: {tree}"
            elif not tree.body:
                yield f"messages[{call.turn}]: the code is empty"


def code_name(view: View) -> Iterator[str]:
    """The code uses a name that is neither a tool, nor a builtin of the sandbox, nor bound in the code.

    In the sandbox it is a NameError.
    """
    for call, tree in _trees(view):
        bound = _bound_names(tree)
        unknown = {
            node.id: node.lineno
            for node in nodes(tree)
            if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and node.id not in bound
            and node.id not in sandbox.BUILTINS
            and node.id not in sandbox.REFUSED_CALLS
            and (node.id not in view.signatures or node.id == sandbox.TOOL)
        }
        for name, line in unknown.items():
            yield f"messages[{call.turn}]: the code uses {shown(name)} (line {line}), which nothing defines"


def code_field(view: View) -> Iterator[str]:
    """The code reads a field that the tool's result does not have, or reads a result as a mapping.

    Field access is what the typed tools are for, and the names are exact: `error_count`, not `error_cnt`.
    """
    for call, tree in _trees(view):
        try:
            found = dict(wrong_fields(tree, view.signatures))
        except RecursionError:
            continue
        for line, what in found.items():
            yield f"messages[{call.turn}]: line {line} of the code: {what}"


def code_unsupported(view: View) -> Iterator[str]:
    """The code uses what the sandbox refuses or does not support: other imports, classes, `with`, `del`, `yield`, `open`, `eval`.

    Shown as if it worked, it becomes a habit that fails at run time.
    """
    for call, tree in _trees(view):
        for node in nodes(tree):
            what = sandbox.UNSUPPORTED.get(type(node)) or _refused(node)
            if what:
                yield f"messages[{call.turn}]: line {getattr(node, 'lineno', 1)} of the code: the sandbox does not support {what}"
                break


def code_binding(view: View) -> Iterator[str]:
    """The code calls a tool with arguments that do not bind to its signature.

    In the sandbox it is a TypeError.
    """
    for call, tree in _trees(view):
        for use in tool_uses(tree, view.signatures):
            if use.trouble:
                yield f"messages[{call.turn}]: line {use.line} of the code: {use.tool}: {use.trouble}"


def code_silent(view: View) -> Iterator[str]:
    """The code never prints.

    Its result is what it printed: code that prints nothing does nothing that an answer could use.
    """
    for call, tree in _trees(view):
        prints = any(
            isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print"
            for n in nodes(tree)
        )
        if tree.body and not prints:
            yield f"messages[{call.turn}]: the code never prints"


def code_of(call: Call) -> str | None:
    """The code of a call of the sandbox, None for any other call."""
    code = call.arguments.get(sandbox.PARAMETER) if call.name == sandbox.TOOL else None
    return code if isinstance(code, str) else None


def _trees(view: View) -> Iterator[tuple[Call, ast.Module]]:
    for call in view.calls:
        code = code_of(call)
        tree = parsed(code) if code is not None else ""
        if isinstance(tree, ast.Module):
            yield call, tree


def _refused(node: ast.AST) -> str:
    if type(node) not in _MAY_BE_REFUSED:
        return ""
    match node:
        case ast.Import(names=names):
            wrong = [alias.name for alias in names if alias.name.partition(".")[0] not in sandbox.MODULES]
            return f"import {wrong[0]}" if wrong else ""
        case ast.ImportFrom(module=module, level=level):
            return (
                ""
                if not level and (module or "").partition(".")[0] in sandbox.MODULES
                else f"an import from {module or '.'}"
            )
        case ast.Call(func=ast.Name(id=name)) if name in sandbox.REFUSED_CALLS:
            return f"{name}()"
        case ast.FunctionDef(decorator_list=[_, *_]) | ast.AsyncFunctionDef(decorator_list=[_, *_]):
            return "a decorator"
    return ""


def _bound_names(tree: ast.Module) -> set[str]:
    bound: set[str] = set()
    for node in nodes(tree):
        if type(node) not in _BINDING:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound.add(name)
            case ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=alias):
                bound.add(alias or name.partition(".")[0])
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
    return bound
