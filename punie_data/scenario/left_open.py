"""What a result leaves open: questions that stand behind anything, and calls that another call's result does not stand for."""

import re
from collections.abc import Mapping

from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS

GOES_ON = re.compile(r"(?:And|Also|I also|Now|Then|Next|Again|But|So|Same|The same|OK|Thanks|Yes|No)\b")
TOO = re.compile(r",? (?:too|as well|instead)[.?!]$")


def stands_alone(question: str) -> bool:
    """Whether it can be said behind anything: whole sentences that go on from nothing."""
    begins = question[:1].isupper() or question[:1] == "`"
    ends = question.endswith(("?", ".", "!")) and not TOO.search(question)
    return begins and ends and "\n" not in question and not GOES_ON.match(question)


def words(values: Mapping[str, object]) -> set[str]:
    """The words of all values, in small letters, those of names with underscores one by one."""
    found = re.findall(r"[a-z][a-z0-9]+", " ".join(map(str, values.values())).lower())
    return set(found) - {"py"}


def covers(other: Outcome, own: Outcome) -> bool:
    """Whether the other call was made for the same or for more: then its result could be counted through or read off."""
    if other.tool != own.tool:
        return False
    wide, narrow = (TOOLS[own.tool].bind(outcome.arguments) for outcome in (other, own))
    below = wide.pop("path", "."), narrow.pop("path", ".")
    if own.tool == "read_file":
        return below[0] == below[1]
    is_within = below[0] in (".", below[1]) or below[1].startswith(f"{below[0].rstrip('/')}/")
    wide.pop("count", None), narrow.pop("count", None)
    return is_within and wide == narrow
