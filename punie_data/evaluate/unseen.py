"""Has a training set seen the repositories of a suite? By their names, by their bytes, and by the places and questions that both hold.

A copy of a repository under another name has other names and other bytes; that it asks about the same symbols in the same files gives it away.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data import dataset, importing
from punie_data.chat import canonical
from punie_data.errors import UserError
from punie_data.question import asked

Place = tuple[str, str]
"""(path, symbol)"""
PLACES, PLACES_SHARE = 3, 0.02
"""So many places, and such a share of a repository's, are no accident; single ones (`app` in tests/conftest.py) are."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a training set holds. `digests` are those of its repositories' files, with their names; `sha256` is that over its own files."""

    name: str
    sha256: str
    repositories: frozenset[str]
    digests: Mapping[str, str]
    places: frozenset[Place]
    questions: frozenset[bytes]


def seen_in(path: Path) -> Seen:
    """What the rows and the manifest of a dataset hold; of one that is split, without those of test, which nobody trains on.

    UserError where a line can't be read.
    """
    repositories: set[str] = set()
    places: set[Place] = set()
    questions: set[bytes] = set()
    parts = dataset.part_files(path)
    if "train" in parts:
        parts.pop("test", None)
    for part in parts.values():
        for line in importing.records(part):
            if line.row is None:
                raise UserError(f"{part}:{line.number}: {line.problem}")
            repositories.add(line.row["origin"]["repo"])
            places |= _places(line.row)
            questions.add(question_of(line.row))
    manifest = dataset.manifest_of(path)
    digests = {entry["digest"]: entry.get("name", "") for entry in manifest.get("sources", ()) if entry.get("digest")}  # fmt: skip
    repositories |= {entry["name"] for entry in manifest.get("sources", ()) if entry.get("name")}
    whole = next(iter(parts.values())) if len(parts) == 1 else None
    sha256 = dataset.digest(whole) if whole else _together(parts)
    return Seen(path.name, sha256, frozenset(repositories), digests, frozenset(places), frozenset(questions))


def _together(parts: Mapping[str, Path]) -> str:

    return hashlib.sha256(canonical({name: dataset.digest(file) for name, file in parts.items()})).hexdigest()


def question_of(row: Mapping[str, Any]) -> bytes:
    """The question as it is compared."""
    return canonical(asked(row["messages"]))


def _places(row: Mapping[str, Any]) -> set[Place]:
    symbol = row["origin"]["symbol"]
    return {(path, symbol) for path in row["origin"]["paths"]} if symbol else set()


def unseen(
    rows: Sequence[Mapping[str, Any]], sources: Iterable[Mapping[str, Any]], seen: Sequence[Seen], drop: bool
) -> tuple[list[Mapping[str, Any]], int]:
    """(the rows that no training set has, how many were dropped). UserError where a repository occurs in one, or, unless `drop`, a question."""
    for entry in sources:
        for other in seen:
            if entry["name"] in other.repositories:
                raise UserError(f"{entry['name']} is not unseen: {other.name} has rows of it")
            if entry.get("digest") in other.digests:
                raise UserError(
                    f"{entry['name']} is not unseen: {other.name} has the same files, as {other.digests[entry['digest']]}"
                )
    for name in sorted({row["origin"]["repo"] for row in rows}):
        own = set().union(*(_places(row) for row in rows if row["origin"]["repo"] == name))
        for other in seen:
            shared = own & other.places
            if len(shared) >= PLACES and len(shared) >= PLACES_SHARE * len(own):
                path, symbol = min(shared)
                raise UserError(
                    f"{name} is not unseen: {other.name} asks about {len(shared)} of the same places, {symbol} in {path} for one"
                )
    kept = [row for row in rows if not any(question_of(row) in other.questions for other in seen)]
    dropped = len(rows) - len(kept)
    if dropped and not drop:
        first = next(row for row in rows if any(question_of(row) in other.questions for other in seen))
        where = next(other.name for other in seen if question_of(first) in other.questions)
        raise UserError(
            f"{where} asks {dropped} of the questions, {asked(first['messages'])[0][:100]!r} for one: --drop leaves them out"
        )
    return kept, dropped
