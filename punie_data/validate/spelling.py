"""Whether a line spells its value so that nothing was lost on the way: no key that stands twice, no number that had to be rounded."""

import json
from collections.abc import Iterable
from typing import Any

_EXACT = frozenset({str, int, bool, type(None)})
"""What JSON's values become that are never rounded: 64 bits of a whole number are kept, and one beyond them becomes a float."""


def is_shortest(row: dict[str, Any], raw: bytes, length: int) -> bool:
    """Whether the line is as short as JSON of its value, a record, can be: then no key of it was lost to another of its name, and no number was rounded.

    Canonical JSON, which has `length` bytes, is that short, but for numbers with a point or an exponent.
    """
    if len(raw.rstrip()) != length or type(row["origin"]["seed"]) is not int:
        return False
    for run in row["runs"]:
        if type(run["exit"]) is not int:
            return False
    for message in row["messages"]:
        if "tool_calls" in message:
            for call in message["tool_calls"]:
                values = call["function"]["arguments"].values()
                if not _EXACT.issuperset(map(type, values)) and not all(map(_is_exact, values)):
                    return False
    return True


def _is_exact(value: Any) -> bool:
    """Whether a value, or a list's values, are of `_EXACT`. Deeper ones are rare among arguments."""
    within: Iterable[Any] = value if type(value) is list else (value,)
    return _EXACT.issuperset(map(type, within))


def is_unequivocal(raw: bytes) -> bool:
    """Whether no object of the line has a key twice and every whole number fits into 64 bits."""
    doubtful = []

    def pairs(given: list[tuple[str, Any]]) -> None:
        if len(dict(given)) < len(given):
            doubtful.append(given)

    def number(digits: str) -> None:
        if len(digits) > 18:
            doubtful.append(digits)

    try:
        json.loads(raw, object_pairs_hook=pairs, parse_int=number)
    except (ValueError, RecursionError):
        return False
    return not doubtful
