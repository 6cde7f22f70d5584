"""PD30x: what is called, with which arguments, and where those come from."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from punie_data.validate import sandbox
from punie_data.validate.code import parsed, tool_uses
from punie_data.validate.explain import explain
from punie_data.validate.rule import shown
from punie_data.validate.view import Call, View, plain_number

CHANGES_FILES = frozenset({"write_file", "cst_rename", "cst_add_import", "run_command", "execute_code"})
PATH_PARAMETERS = frozenset({"path", "file_path", "file", "filename", "paths", "directory", "folder"})


def unknown_tool(view: View) -> Iterator[str]:
    """A call, or the list of tools, names a tool that does not exist.

    The registry of tools is `schemas/tools.schema.json`; the name must be one of it to the letter.
    """
    for name in view.tools:
        if name not in view.signatures:
            yield f"tools: there is no tool {shown(name)}"
    for call in view.calls:
        if call.name not in view.signatures and call.name not in view.tools:
            yield f"messages[{call.turn}]: there is no tool {shown(call.name)}"


def tool_not_offered(view: View) -> Iterator[str]:
    """A call is of a tool that the row's `tools` does not offer.

    The prompt is made from that list: the model would learn to call what it was not told of.
    """
    for call in view.calls:
        if call.name not in view.tools and call.name in view.signatures:
            yield f"messages[{call.turn}]: {call.name} is called and not among the tools that the row offers"


def wrong_arguments(view: View) -> Iterator[str]:
    """The arguments do not bind to the tool's signature: a name is unknown or missing, or a value is of the wrong type.

    The runtime would refuse the call. Empty arguments are another rule's matter.
    """
    for call in view.calls:
        if call.name not in view.signatures or _is_phantom(view, call):
            continue
        if not view.signatures.arguments_check(call.name).is_valid(call.arguments):
            reason = explain(view.signatures.schemas[call.name]["arguments"], call.arguments)
            yield f"messages[{call.turn}]: {call.name}: {reason}"


def phantom_call(view: View) -> Iterator[str]:
    """A call has the arguments `{}` although its tool demands some.

    A converter that lost the arguments leaves such calls, and a model learns them as a habit.
    """
    for call in view.calls:
        if call.name in view.signatures and _is_phantom(view, call):
            needed = ", ".join(view.signatures.required(call.name))
            yield f"messages[{call.turn}]: {call.name} is called with {{}} and needs {needed}"


def repeated_call(view: View) -> Iterator[str]:
    """The same call, with the same arguments, is made again in one row, and nothing between them could change its result.

    One set of this kind taught a model to make twenty identical calls. After a call that writes, asking again is sensible.
    """
    seen: dict[bytes, int] = {}
    for call in view.calls:
        key = orjson.dumps([call.name, call.arguments], option=orjson.OPT_SORT_KEYS)
        if key in seen:
            yield f"messages[{call.turn}]: {call.name} is called as in messages[{seen[key]}], and nothing changed between"
        if call.name in CHANGES_FILES:
            seen.clear()
        seen[key] = call.turn


def unfounded_number(view: View) -> Iterator[str]:
    """A whole number among the arguments, such as a line or a column, is in no user message and in no earlier result.

    The model can't know it and learns to guess positions. Number words count ("the last five commits"), and so does a parameter's default.
    """
    for call, tool, arguments in _arguments(view):
        if tool not in view.signatures:
            continue
        parameters = view.signatures.parameters(tool)
        for name, value in arguments.items():
            if type(value) is not int or value == parameters.get(name, {}).get("default"):
                continue
            if name == "count" and value == 1:
                continue  # "the latest commit" is one
            if plain_number(str(abs(value))) not in view.given_before(call.turn).numbers:
                yield f"messages[{call.turn}]: nothing before the call of {tool} gives {name}={value}"


def unfounded_path(view: View) -> Iterator[str]:
    """A path among the arguments is in no user message and in no earlier result.

    The model learns to guess paths, and guesses the ones of the repositories it was trained on. The root (`.`) needs no source.
    """
    for call, tool, arguments in _arguments(view):
        for name, value in arguments.items():
            if name not in PATH_PARAMETERS:
                continue
            for path in value if isinstance(value, list) else [value]:
                if isinstance(path, str) and not gives(view.given_before(call.turn).text, path):
                    yield f"messages[{call.turn}]: nothing before the call of {tool} gives {name}={shown(path)}"


def _arguments(view: View) -> Iterator[tuple[Call, str, Mapping[str, Any]]]:
    """The arguments of every call, and of every tool that the code of a call uses, as far as they are written out there."""
    for call in view.calls:
        yield call, call.name, call.arguments
        if call.name == sandbox.TOOL and isinstance(code := call.arguments.get(sandbox.PARAMETER), str):
            tree = parsed(code)
            if not isinstance(tree, str):
                for use in tool_uses(tree, view.signatures):
                    yield call, use.tool, use.literals


def gives(text: str, path: str) -> bool:
    """Whether the text has the path, in this spelling or another: with or without `./` before it or `/` behind it."""
    plain = path.removeprefix("./").strip("/")
    if plain in ("", "."):
        return True
    if _stands_in(text, plain):
        return True
    return "\\" in text and _stands_in(text.replace("\\", "/"), plain)


def _stands_in(text: str, path: str) -> bool:
    """Whether the path stands in the text as such, and not as the end of a longer name."""
    start = text.find(path)
    while start != -1:
        before, after = text[start - 1 : start], text[start + len(path) : start + len(path) + 1]
        inside_a_name = before.isalnum() or before in ("_", "-") or after.isalnum() or after == "_"
        if not inside_a_name and (before != "/" or text[:start].endswith("./")):
            return True
        start = text.find(path, start + 1)
    return False


def _is_phantom(view: View, call: Call) -> bool:
    return not call.arguments and bool(view.signatures.required(call.name))
