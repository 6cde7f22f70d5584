"""Whether a text plainly gives a number or a name, or the numbers of an answer: cheap, and stricter than the rules that ask the same."""

import math
from collections.abc import Iterable, Set
from typing import Any

_DIGITS = bytes(c if 48 <= c < 58 else 32 for c in range(256))
_LONGEST_ANSWER = 4000
"""Characters. Python refuses to make an integer of more digits than that."""


def has_number(text: str, digits: str) -> bool:
    start = text.find(digits)
    while start != -1:
        before, after = text[start - 1 : start], text[start + len(digits) : start + len(digits) + 1]
        if not (before.isdigit() or before in (".", ",") or after.isdigit() or after == "."):
            return True
        # A full stop behind the number ends a sentence, or begins its decimals.
        if (
            after == "."
            and not before.isdigit()
            and before not in (".", ",")
            and not text[start + len(digits) + 1 : start + len(digits) + 2].isdigit()
        ):
            return True
        start = text.find(digits, start + 1)
    return False


def has_word(text: str, name: str) -> bool:
    """Whether the name stands in the text with no letter, digit or underscore before or behind it."""
    start, size = text.find(name), len(name)
    while start != -1:
        around = text[start - 1 : start] + text[start + size : start + size + 1]
        if "_" not in around and not any(map(str.isalnum, around)):
            return True
        start = text.find(name, start + 1)
    return False


def facts_in(results: Iterable[dict[str, Any]]) -> set[Any]:
    """The numbers that stand at the top of typed results, and the files and lines of what they list."""
    found: set[Any] = set()
    for result in results:
        for field in result.values():
            kind = type(field)
            if kind is int:
                found.add(field)
            elif kind is list and field:
                first = field[0]
                if type(first) is str:
                    found.update(field)
                elif type(first) is dict:
                    if "file" in first:
                        found.update([item["file"] for item in field])
                    if "line" in first:
                        found.update([item["line"] for item in field])
    return found


def most_listed(results: Iterable[dict[str, Any]]) -> int:
    """How many items the longest list at the top of typed results has."""
    return max(
        (len(field) for result in results for field in result.values() if type(field) is list), default=0
    )


def largest_unseen(answer: str, text: str, seen: Set[Any], most: int) -> float:
    """The largest number of the answer that is neither in the text nor up to `most`: 0 where there is none, infinity where nobody can tell.

    `seen` are some that are in the text.
    """
    if not answer.isascii() and any(c.isdigit() and not c.isascii() for c in answer):
        return math.inf
    if len(answer) > _LONGEST_ANSWER:
        return math.inf
    largest = 0
    for digits in set(answer.encode().translate(_DIGITS).decode().split()):
        number = int(digits)
        # As a value of compact JSON it is found without looking around each of its digits.
        if (
            number > most
            and number > largest
            and number not in seen
            and f":{digits}," not in text
            and not _has_run(text, digits)
        ):
            largest = number
    return largest


def _has_run(text: str, digits: str) -> bool:
    """Whether the digits stand in the text with no digit before or behind them."""
    start, size = text.find(digits), len(digits)
    while start != -1:
        if not text[start - 1 : start].isdecimal() and not text[start + size : start + size + 1].isdecimal():
            return True
        start = text.find(digits, start + 1)
    return False


def outside_fences(text: str) -> str:
    """The text without its fenced blocks; with an odd number of backticks in it where the fences are not plainly paired."""
    parts = text.split("```")
    if not len(parts) % 2:
        return "`"
    for number, part in enumerate(parts):
        if number and not number % 2 and part and part[0] != "\n":
            return "`"
        if number % 2 and not (part.endswith("\n") and part.partition("\n")[0].isalnum()):
            return "`"
        if not number % 2 and number < len(parts) - 1 and part and part[-1] != "\n":
            return "`"
    return "\n".join(parts[::2])
