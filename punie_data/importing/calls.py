"""Calls in every spelling of their keys."""

import re
from collections.abc import Mapping
from typing import Any

from punie_data.importing.conversation import SpokenCall, Unconvertible
from punie_data.importing.values import from_json, from_literal

NAMES = ("name", "tool", "tool_name", "function_name", "function", "action")
ARGUMENTS = ("arguments", "args", "parameters", "input", "action_input", "kwargs", "tool_input")
UNREADABLE = "a call that can't be read"
_QUOTED_ARGUMENTS = re.compile(
    r"""\s*\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"arguments"\s*:\s*'(.*)'\s*\}\s*""", re.DOTALL
)


def call_of(value: Any) -> SpokenCall:
    """The call that a JSON value is, by whatever keys. Unconvertible where it has no name, or arguments that are no object."""
    if not isinstance(value, Mapping):
        raise Unconvertible(UNREADABLE, "it is not an object")
    inner = value.get("function")
    given_id = next((value[key] for key in ("id", "call_id", "tool_call_id") if key in value), "")
    call = inner if isinstance(inner, Mapping) else value
    name = next((call[key] for key in NAMES if isinstance(call.get(key), str)), "")
    if not name:
        raise Unconvertible(UNREADABLE, "it names no tool")
    holders = [key for key in ARGUMENTS if key in call]
    if len(holders) > 1:
        raise Unconvertible(UNREADABLE, f"it has arguments twice: {' and '.join(holders)}")
    arguments = arguments_of(call[holders[0]] if holders else None)
    return SpokenCall(name, arguments, given_id if isinstance(given_id, str) else "")


def arguments_of(value: Any) -> Mapping[str, Any]:
    """Arguments given as an object, or as a JSON text of one; absent, null and "" are none."""
    for _ in range(3):
        if value is None or value == "":
            return {}
        if isinstance(value, Mapping):
            return value
        if not isinstance(value, str):
            break
        try:
            value = from_literal(value)
        except Unconvertible as trouble:
            raise Unconvertible(UNREADABLE, f"its arguments: {trouble}") from None
    raise Unconvertible(UNREADABLE, "its arguments are not an object")


def calls_of_text(text: str) -> tuple[SpokenCall, ...]:
    """The calls of a text that is one JSON call or an array of them, also as older sets write it. Unconvertible where it is neither."""
    quoted = _QUOTED_ARGUMENTS.fullmatch(text)
    if quoted is not None:
        try:
            return (SpokenCall(quoted[1], arguments_of(from_json(quoted[2]))),)
        except Unconvertible:
            pass
    try:
        value = from_literal(text)
    except Unconvertible as trouble:
        raise Unconvertible(UNREADABLE, str(trouble)) from None
    found = tuple(call_of(each) for each in (value if isinstance(value, list) else [value]))
    if not found:
        raise Unconvertible(UNREADABLE, "an empty list of calls")
    return found


def is_call(value: Any) -> bool:
    """Whether a JSON value has the keys of a call: one that names, and one that holds arguments."""
    if not isinstance(value, Mapping):
        return False
    inner = value.get("function")
    call = inner if isinstance(inner, Mapping) else value
    return any(isinstance(call.get(key), str) for key in NAMES) and any(key in call for key in ARGUMENTS)
