"""What rows must not share across sides, and what decides the side of a row.

Units of a row: its id, its question, the repository's files that it is about, its symbol, its repository. Two rows that share a unit tell
something about each other. Everything here depends on one row alone, which is what keeps a split stable when rows are added.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from punie_data.question import asked, world

By = Literal["origin", "file", "symbol", "repo"]
SHARED = ("id", "question", "file", "symbol", "repository")
"""The names of units, in the order in which they are told."""

_WITHOUT_SUFFIX = frozenset(
    [
        "authors",
        "copying",
        "dockerfile",
        "justfile",
        "license",
        "licence",
        "makefile",
        "notice",
        "procfile",
        "readme",
    ]
)
_PATH = re.compile(
    r"(?<![\w./-])(?:[\w.-]+/)*[\w.-]*\w\.(?:py|pyi|md|rst|txt|toml|cfg|ini|json|ya?ml|sh|html|js|ts|css|sql)\b(?!/)"
)


class Unit(NamedTuple):
    """`what` is one of `SHARED`."""

    what: str
    repo: str
    name: str

    def number(self) -> int:
        """64 bits, the same on every machine."""
        return int.from_bytes(hashlib.blake2b(self._text(), digest_size=8).digest(), "little")

    def share(self, seed: int) -> float:
        """Between 0 and 1, evenly spread: what decides the unit's side."""
        digest = hashlib.blake2b(self._text(), digest_size=8, key=str(seed).encode()[:64]).digest()
        return int.from_bytes(digest, "little") / 2**64

    def _text(self) -> bytes:
        return "\x00".join(self).encode("utf-8", "surrogatepass")


def units_of(record: Mapping[str, Any], by: By = "origin") -> list[Unit]:
    """What this row may not share with a row of another side."""
    found = [Unit("id", "", record["id"]), _question(record)]
    if by in ("origin", "file"):
        found += _files(record)
    if by in ("origin", "symbol"):
        found += _symbol(record)
    if by == "repo":
        found.append(_repo(record))
    return found


def deciding(record: Mapping[str, Any], by: By = "origin") -> list[Unit]:
    """The units whose hashes decide the row's side: its files; its question where it is about none, so that a question without a place
    (`What was committed last?`) is on one side in all repositories.
    """
    if by == "repo":
        return [_repo(record)]
    return (_symbol(record) if by == "symbol" else []) or _files(record) or [_question(record)]


def _question(record: Mapping[str, Any]) -> Unit:
    return Unit("question", "", "\x01".join(asked(record["messages"])))


def _repo(record: Mapping[str, Any]) -> Unit:
    return Unit("repository", record["origin"]["repo"], "")


def _symbol(record: Mapping[str, Any]) -> list[Unit]:
    origin = record["origin"]
    if not origin["symbol"] or not world(origin):  # an imported row's symbol is its line in the file
        return []
    return [Unit("symbol", world(origin), origin["symbol"])]


def _files(record: Mapping[str, Any]) -> list[Unit]:
    """The files in `origin.paths`; where it names none, those that the user or a call names. A folder is no file: `src` would tie together
    everything that lies in it.
    """
    origin = record["origin"]
    paths = {path.removeprefix("./") for path in origin["paths"] if _is_file(path)}
    if not paths:
        for message in record["messages"]:
            if message["role"] == "user":
                paths.update(path.removeprefix("./") for path in _PATH.findall(message["content"]))
            for call in message.get("tool_calls", ()):
                for value in call["function"]["arguments"].values():
                    if isinstance(value, str):
                        paths.update(path.removeprefix("./") for path in _PATH.findall(value))
    return [Unit("file", world(origin), path) for path in sorted(paths)]


def _is_file(path: str) -> bool:
    last = path.rpartition("/")[2]
    return "." in last or last.casefold() in _WITHOUT_SUFFIX
