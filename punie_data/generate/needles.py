"""Which plain words a file must hold for a regular expression to match in it: a cheap way to tell files that can't matter."""

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as constants
from re import _parser as parser
from typing import Any

SHORTEST = 2
MOST = 16
SIMPLE_CLASS = re.compile(r"\[\^?(?:\\[wdsWDS\[\](){}.]|[\w (){}.,:=])+\]")
UNLIKE = re.compile(r"\(\?|[\[{]|\\[pPxXuU]")
PLAIN = re.compile(r"[A-Za-z0-9_ .:@=(),'\"-]")
Ways = list[frozenset[str]]
"""Ways to match, each with all the words that it takes."""


@lru_cache(maxsize=4096)
def needles(pattern: str) -> tuple[frozenset[str], ...] | None:
    """Sets of words: whatever ripgrep finds holds, letter by letter, all words of one of the sets; None where nothing can be said.

    The pattern is read as Python's, which agrees with Rust's on what is used here: letters, escapes of signs, groups, alternatives, `\\b`,
    plain classes. Where the two may differ (flags, classes of classes, braces), None.
    """
    if UNLIKE.search(SIMPLE_CLASS.sub(".", pattern)):
        return None
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    ways = _of_sequence(parsed)
    return tuple(sorted(set(ways), key=sorted)) if ways and all(ways) else None


def _of_sequence(items: Iterable[Any]) -> Ways:
    """Every part has to match: what each of its ways takes comes together."""
    ways: Ways = [frozenset()]
    run = ""
    for kind, value in items:
        if kind is constants.LITERAL and PLAIN.fullmatch(chr(value)):
            run += chr(value)
            continue
        inner: Ways = []
        if kind is constants.SUBPATTERN:
            inner = _of_sequence(value[-1])
        elif kind is constants.BRANCH:
            inner = [way for branch in value[1] for way in _of_sequence(branch)]
        elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT) and value[0] > 0:
            inner = _of_sequence(value[2])
        ways, run = _together(_together(ways, _of_run(run)), inner), ""
    return _together(ways, _of_run(run))


def _of_run(run: str) -> Ways:
    return [frozenset({run})] if len(run) >= SHORTEST else []


def _together(ways: Ways, inner: Ways) -> Ways:
    """Each way with each of the inner ones. Too many of them say less and less: then what is new is left out."""
    if not inner or len(ways) * len(inner) > MOST:
        return ways
    return [one | other for one in ways for other in inner]
