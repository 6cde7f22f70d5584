"""Whether a number of an answer follows from what the results and the questions say."""

import re
from typing import Any

from punie_data.validate.view import UNDECODED, Source, plain_number

_PART = re.compile(r"\d+(?:\.\d+)*")
_MOST_PAIRS = 300
"""Numbers beyond this many are not paired with each other: a share of two of them is then not recognised, which costs one finding."""


def is_derivable(written: str, source: Source) -> bool:
    """`written` is as in the answer: `12`, `1,234`, `3.11`, `12-20`, `2024-05-03`, `75%`."""
    if written.strip("-%") in source.text and all(
        plain_number(part) in source.numbers for part in _PART.findall(written)
    ):
        return True
    if written.endswith("%"):
        return _is_share(written, source)
    return all(_follows(part, source) for part in _PART.findall(written.replace(",", "")))


def _follows(part: str, source: Source) -> bool:
    plain = plain_number(part)
    if plain in source.numbers or part in source.text:
        return True
    if "." in part:
        return part.count(".") == 1 and _is_rounded(part, source)
    value = int(plain) if len(plain) < 19 else -1
    if 0 <= value <= max(1, source.countable()):
        return True
    known = _integers(source)
    # A line of a text that was read from its line `a` on.
    lines = source.longest_text()
    if lines > 1 and any(0 <= value - a < lines for a in known):
        return True
    # A length from two positions is inclusive as often as not.
    return any(
        value - a in known or value + a in known or value + a - 1 in known for a in known
    ) or value in _sums(source)


def _is_rounded(part: str, source: Source) -> bool:
    digits = len(part.partition(".")[2])
    target = float(part)
    numbers = [float(number) for number in source.numbers if "." in number and len(number) < 19]
    if any(round(number, digits) == target for number in numbers):
        return True
    return _is_ratio(target, digits, source, 1)


def _is_share(written: str, source: Source) -> bool:
    part = written.strip("-%").replace(",", "")
    digits = len(part.partition(".")[2])
    try:
        target = float(part)
    except ValueError:
        return False
    return target in (0, 100) or _is_ratio(target, digits, source, 100)


def _is_ratio(target: float, digits: int, source: Source, scale: int) -> bool:
    known = sorted(_integers(source) | {source.countable()})[:_MOST_PAIRS]
    return any(b and abs(scale * a / b - target) <= 0.5 * 10**-digits + 1e-9 for a in known for b in known)


def _integers(source: Source) -> set[int]:
    return {int(number) for number in source.numbers if number.isdigit() and len(number) < 19}


def _sums(source: Source) -> set[int]:
    """For every list of objects in a result, the sum of each integer field over it."""
    sums: set[int] = set()
    waiting: list[Any] = [value for value in source.values if value is not UNDECODED]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
            totals: dict[str, int] = {}
            for entry in item:
                for key, value in entry.items() if isinstance(entry, dict) else ():
                    if type(value) is int:
                        totals[key] = totals.get(key, 0) + value
            sums.update(totals.values())
    return sums
