"""Which plain words a file must hold for a regular expression to match in it: a cheap way to tell files that can't matter."""

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as constants
from re import _parser as parser
from typing import Any

SHORTEST = 2
UNLIKE = re.compile(r"\(\?|[\[{]|\\[pPxXuU]")
PLAIN = re.compile(r"[A-Za-z0-9_ .:@=(),'\"-]+")


@lru_cache(maxsize=4096)
def needles(pattern: str) -> frozenset[str] | None:
    """Strings one of which stands, letter by letter, in every line that ripgrep finds; None where nothing can be said.

    The pattern is read as Python's, which agrees with Rust's on what is used here: letters, escapes of signs, groups, alternatives, `\\b`.
    Where the two may differ (flags, classes in brackets, braces that are no count), None.
    """
    if UNLIKE.search(pattern):
        return None
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    found = _of_sequence(parsed)
    return frozenset(found) if found else None


def _of_sequence(items: Iterable[Any]) -> set[str] | None:
    """The best of what each part demands: the one whose shortest string is longest."""
    candidates: list[set[str]] = []
    run = ""
    for kind, value in items:
        if kind is constants.LITERAL and PLAIN.fullmatch(chr(value)):
            run += chr(value)
            continue
        if len(run) >= SHORTEST:
            candidates.append({run})
        run = ""
        if kind is constants.SUBPATTERN:
            inner = _of_sequence(value[-1])
        elif kind is constants.BRANCH:
            inner = _of_branches(value[1])
        elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT) and value[0] > 0:
            inner = _of_sequence(value[2])
        else:
            inner = None
        if inner:
            candidates.append(inner)
    if len(run) >= SHORTEST:
        candidates.append({run})
    return max(candidates, key=lambda found: min(map(len, found)), default=None)


def _of_branches(branches: Iterable[Any]) -> set[str] | None:
    whole: set[str] = set()
    for branch in branches:
        found = _of_sequence(branch)
        if not found:
            return None
        whole |= found
    return whole
