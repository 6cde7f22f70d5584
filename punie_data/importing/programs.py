"""Code Mode undone: the dialect `code` writes any call as a program that prints its result, and this reads such programs as the calls they were."""

import ast
from typing import Any

import orjson

from punie_data.dialects.code import TOOL, program
from punie_data.tools.registry import TOOLS


def out_of_code_mode(messages: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The messages with every program of one call as that call, and what it printed as the call's result; None where one can't be undone.

    Nothing is guessed: a program that the dialect would not have written stays as it is, and the record's id tells whether all is as it was.
    """
    found: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in messages:
        if message.get("tool_calls"):
            calls = []
            for call in message["tool_calls"]:
                undone = _call(call["function"]["arguments"].get("code"))
                if undone is not None:
                    names[call["id"]] = undone["name"]
                    call = {**call, "function": undone}
                calls.append(call)
            message = {**message, "tool_calls": calls}
        elif message["role"] == "tool" and message["tool_call_id"] in names:
            name = names[message["tool_call_id"]]
            content = _content(name, message["content"])
            if content is None:
                return None
            message = {**message, "name": name, "content": content}
        found.append(message)
    return found


def _call(code: Any) -> dict[str, Any] | None:
    """The call that a program stands for, where the dialect writes it so."""
    tree = _parsed(code, "exec") if isinstance(code, str) else None
    if not isinstance(tree, ast.Module) or not tree.body:
        return None
    match tree.body[0]:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[ast.Call() as made])):
            pass
        case ast.Assign(value=ast.Call() as made):
            pass
        case _:
            return None
    if not isinstance(made.func, ast.Name) or made.func.id not in TOOLS or made.func.id == TOOL or made.args:
        return None
    try:
        arguments = {keyword.arg: ast.literal_eval(keyword.value) for keyword in made.keywords}
    except (ValueError, TypeError, RecursionError):
        return None
    if any(name is None for name in arguments) or program(made.func.id, arguments) != code:  # type: ignore[arg-type]
        return None
    return {"name": made.func.id, "arguments": arguments}


def _content(name: str, printed: str) -> str | None:
    """A result as the tool's message holds it, from what the program printed of it."""
    text = printed.removesuffix("\n")
    if TOOLS[name].result is None:
        return text
    tree = _parsed(text.strip(), "eval")
    if not isinstance(tree, ast.Expression):
        return None
    try:
        return orjson.dumps(_value(tree.body)).decode()
    except (ValueError, TypeError, RecursionError):
        return None


def _value(node: ast.expr) -> Any:
    """The JSON value of a typed result as the interpreter shows it: a class with its fields is an object. ValueError for anything else."""
    match node:
        case ast.Call(func=ast.Name(), args=[], keywords=keywords):
            return {str(keyword.arg): _value(keyword.value) for keyword in keywords}
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case _:
            return ast.literal_eval(node)


def _parsed(text: str, mode: str) -> ast.AST | None:
    try:
        return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
