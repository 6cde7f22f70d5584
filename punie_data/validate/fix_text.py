"""Whether a JSON text can be written anew without a loss: readers drop what stands twice, and round what is too wide."""

import json
from typing import Any

_WIDEST = 1 << 64


def repeated_keys(text: bytes | str) -> list[str] | None:
    """The keys that stand twice in one object with equal values; None where something would be lost: values that differ, a number over 64 bits."""
    repeated: dict[str, None] = {}
    lost = False

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal lost
        seen: dict[str, Any] = {}
        for key, value in given:
            if key in seen:
                repeated[key] = None
                # By their text: 1, 1.0 and True are equal in Python.
                lost = lost or repr(seen[key]) != repr(value)
            seen[key] = value
        return seen

    def number(digits: str) -> int:
        nonlocal lost
        # Python itself refuses to convert more than 4,300 digits.
        if len(digits) > 20 or not -(_WIDEST >> 1) <= int(digits) < _WIDEST:
            lost = True
            return 0
        return int(digits)

    try:
        json.loads(text, object_pairs_hook=pairs, parse_int=number)
    except (ValueError, RecursionError):
        return None
    return None if lost else list(repeated)
