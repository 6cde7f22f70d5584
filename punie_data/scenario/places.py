"""Lines of files, as an answer lists them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from punie_data.scenario.phrase import bullets, listing

MOST_SHOWN = 9
"""Lines that a list quotes one by one; more are only named, file by file."""
MOST_FILES = 12
MOST_LINES_OF_A_FILE = 15


class Place(NamedTuple):
    """`line` is 1-based, `text` the line without the white space around it."""

    file: str
    line: int
    text: str

    @property
    def spot(self) -> str:
        return f"`{self.file}:{self.line}`"


class Spot(Protocol):
    """Whatever stands in a line of a file."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


def spots(found: Iterable[Spot]) -> list[str]:
    """Each line once, in order: "`a.py:3`"; where it holds more than one of them, "`a.py:3` (twice)"."""
    lines = Counter((one.file, one.line) for one in found)
    often = {1: "", 2: " (twice)"}
    return [f"`{file}:{line}`{often.get(count, ' (several times)')}" for (file, line), count in lines.items()]


def ticked(text: str, longest: int = 110) -> str:
    """The text as inline code, "" where it can't be: it is empty, too long, or holds a backtick."""
    return f"`{text}`" if text and len(text) <= longest and "`" not in text else ""


def quoted(text: str, longest: int = 110) -> str:
    """The line as inline code; between quotation marks where it has inline code of its own; "" where neither will do."""
    marks = text.count("`")
    if marks and marks % 2 == 0 and "```" not in text and len(text) <= longest:
        return f'"{text}"'
    return ticked(text, longest)


def told(place: Place) -> str:
    """Where and what: "`a.py:3`: `x = 1`"."""
    text = quoted(place.text)
    return f"{place.spot}: {text}" if text else place.spot


def line_list(lines: Sequence[int]) -> str:
    """ "line 3", "lines 3 and 8"."""
    return f"{'line' if len(lines) == 1 else 'lines'} {listing([str(line) for line in lines])}"


def by_file(places: Iterable[Place]) -> dict[str, list[int]]:
    """The lines of each file, files in the order of their first place."""
    found: dict[str, list[int]] = {}
    for place in places:
        found.setdefault(place.file, []).append(place.line)
    return {file: list(dict.fromkeys(lines)) for file, lines in found.items()}


def told_all(places: Sequence[Place]) -> str:
    """A list of them, the lines quoted when there are few; "" when there are too many to be read.

    Where all are of one file, the file is not named again: who introduces the list names it.
    """
    files = by_file(places)
    if len(places) <= MOST_SHOWN:
        if len(files) > 1 or len(places) == 1:
            return bullets([told(place) for place in places])
        quotes = [(place.line, quoted(place.text)) for place in places]
        return bullets([f"line {line}: {text}" if text else f"line {line}" for line, text in quotes])
    if len(files) > MOST_FILES or max(map(len, files.values())) > MOST_LINES_OF_A_FILE:
        return ""
    if len(files) == 1:
        return f"{line_list([place.line for place in places]).capitalize()}."
    return bullets([f"`{file}`: {line_list(lines)}" for file, lines in files.items()])


def first_sentence(docstring: str) -> str:
    """Of the first paragraph, on one line; "" where that isn't a plain sentence that can be quoted."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    match = re.match(r"[A-Z][^`\"*:|<>]{10,150}?[.!]\Z|[A-Z][^`\"*:|<>]{10,150}?\.(?= [A-Z])", paragraph)
    return match[0] if match else ""
