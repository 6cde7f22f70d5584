"""A diff in words and in its changed lines; git's status, file by file."""

from collections.abc import Iterable, Sequence

from punie_data.scenario.phrase import listing, number, plural
from punie_data.tools.results import GitFile

MOST_LINES = 16
LONGEST = 1400


def size(additions: int, deletions: int) -> str:
    if not deletions:
        return f"{plural(additions, 'line')} added"
    if not additions:
        return f"{plural(deletions, 'line')} removed"
    return f"{plural(additions, 'line')} added and {number(deletions)} removed"


def changed_lines(hunks: Sequence[str]) -> str:
    """The changed lines without those around them, hunk by hunk."""
    parts = []
    for hunk in hunks:
        header, *lines = hunk.split("\n")
        kept = [line for line in lines if line[:1] in ("+", "-")]
        parts += kept if len(hunks) == 1 else [header, *kept]
    return "\n".join(parts)


def is_small(hunks: Sequence[str]) -> bool:
    """Whether all changed lines can be shown."""
    lines = [line for hunk in hunks for line in hunk.split("\n")[1:] if line[:1] in ("+", "-")]
    return len(lines) <= MOST_LINES and sum(map(len, lines)) <= LONGEST


def happened(files: Iterable[GitFile]) -> dict[str, str]:
    """What git says of each file, each named once: one that is staged and was changed again stands twice in the result."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(file.file, []).append(file.status)
    return {path: listing(list(dict.fromkeys(kinds))) for path, kinds in found.items()}
