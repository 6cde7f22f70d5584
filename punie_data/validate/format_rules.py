"""PD10x: a line that is no row, or a row of another shape."""

import json
from collections.abc import Iterator
from typing import Any

from punie_data.validate.rule import Raw, shown

RESERVED_KEYS = ("prompt", "completion", "text")
_RECORD_KEYS = ("id", "tools", "label", "origin", "runs")
_FOREIGN_KEYS = {
    "conversations": "ShareGPT",
    "conversation": "ShareGPT",
    "instruction": "Alpaca",
    "chosen": "preference pairs",
    "rejected": "preference pairs",
    "query": "xLAM",
}
_OLD_CALL_KEYS = {"tool": "name", "tool_name": "name", "args": "arguments", "parameters": "arguments", "input": "arguments"}  # fmt: skip
_WIDEST = 1 << 64


def reserved_key(value: Any) -> Iterator[str]:
    """A top-level key is called `prompt`, `completion` or `text`.

    mlx-lm decides the format of a whole file from such keys in its first row, and then dies at the first row without them.
    """
    if isinstance(value, dict):
        found = [key for key in RESERVED_KEYS if key in value]
        if found:
            yield f"the row has the key {', '.join(map(repr, found))}, by which mlx-lm takes it for another format"


def foreign_shape(value: Any) -> Iterator[str]:
    """The row is of another format than the record: bare OpenAI messages, ShareGPT, Alpaca, preference pairs, a list or a scalar.

    A file that mixes shapes is read wrongly from its second row on. Bring such data in with an import; do not mix it in.
    """
    if not isinstance(value, dict):
        kind = {list: "an array", str: "a string", type(None): "null"}.get(type(value), "a scalar")
        yield f"the line is {kind} and not a row"
        return
    found = next((f"{name} ({key!r})" for key, name in _FOREIGN_KEYS.items() if key in value), None)
    if found is None and "messages" in value and not any(key in value for key in _RECORD_KEYS):
        found = "bare OpenAI messages"
    if found is not None:
        yield f"the row is {found} and not the record: import it first"


def call_key(value: Any) -> Iterator[str]:
    """A call names its tool or its arguments by a wrong key: `tool`, `args`, `parameters`, `input` for `name` and `arguments`.

    A model that learns two spellings of the same thing produces the one that the runtime does not parse.
    """
    for where, call in _raw_calls(value):
        function = call.get("function")
        inner = function if isinstance(function, dict) else call
        wrong = [key for key in _OLD_CALL_KEYS if key in inner and _OLD_CALL_KEYS[key] not in inner]
        for key in wrong:
            yield f"{where}: the key {key!r} stands for {_OLD_CALL_KEYS[key]!r}"


def arguments_as_text(value: Any) -> Iterator[str]:
    """A call's arguments are JSON written as a string.

    The record holds them as an object; an export writes them as the target's template wants them.
    """
    for where, call in _raw_calls(value):
        function = call.get("function")
        if isinstance(function, dict) and isinstance(function.get("arguments"), str):
            yield f"{where}: the arguments are a string and not an object"


def system_message(value: Any) -> Iterator[str]:
    """A message has the role `system`.

    The system prompt is one for a dataset and stands in its manifest. In the rows it drifts: a real set had four, its evaluation a fifth.
    """
    for index, message in _raw_messages(value):
        if message.get("role") in ("system", "developer"):
            yield f"messages[{index}]: a system message stands in the row"


def duplicate_key(line: Raw) -> Iterator[str]:
    """An object of the line has the same key twice.

    JSON readers then disagree: most take the last value, some the first, so that two programs see two different rows.
    """
    found: list[str] = []

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(given)
        if len(seen) < len(given):
            known: set[str] = set()
            found.extend(key for key, _ in given if key in known or known.add(key))  # type: ignore[func-returns-value]
        return seen

    if _parse(line.data, object_pairs_hook=pairs):
        for key in dict.fromkeys(found):
            yield f"the key {shown(key)} stands twice in one object"


def wide_number(line: Raw) -> Iterator[str]:
    """A whole number does not fit into 64 bits.

    Readers round it to a floating-point number without a word, and what is read is then not what was written.
    """
    found: list[str] = []

    def number(digits: str) -> int:
        # Python itself refuses to convert more than 4,300 digits.
        if len(digits) > 20 or not -(_WIDEST >> 1) <= int(digits) < _WIDEST:
            found.append(digits)
        return 0

    if _parse(line.data, parse_int=number):
        for digits in found[:1]:
            yield f"the number {shown(digits, 30)} does not fit into 64 bits"


def _parse(data: bytes, **hooks: Any) -> bool:
    """Whether the line could be parsed by the standard library, which calls the hooks on the way."""
    try:
        json.loads(data, **hooks)
    except (ValueError, RecursionError):
        return False
    return True


def _raw_messages(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    messages = value.get("messages") if isinstance(value, dict) else None
    if isinstance(messages, list):
        yield from ((index, m) for index, m in enumerate(messages) if isinstance(m, dict))


def _raw_calls(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, message in _raw_messages(value):
        calls = message.get("tool_calls")
        for number, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                yield f"messages[{index}].tool_calls[{number}]", call
