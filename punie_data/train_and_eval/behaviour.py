"""What a system does, in the few figures by which its failures are known: does it call where it should, answer where it should, and stop?"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.evaluate.run import RESULTS

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Counts as (of them, of all): tool queries for which a tool was called, direct ones that were answered, queries that passed every layer, and, behind a
    result that suffices, those that were answered and those for which another call was made.
    """

    called: tuple[int, int]
    answered: tuple[int, int]
    right: tuple[int, int]
    finished: tuple[int, int]
    called_again: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def behaviour(results: Path, afterwards: Path) -> Behaviour:
    """Of the folders that `evaluate` wrote: the suite, and the queries behind a first result."""
    rows, later = _scored(results), _scored(afterwards)
    return Behaviour(
        called=_count(rows, "tool", "tool"),
        answered=_count(rows, "direct", "direct"),
        right=(sum(row["strict"] for row in rows), len(rows)),
        finished=_count(later, "direct", "direct"),
        called_again=_count(later, "direct", "tool"),
    )


def share(counted: tuple[int, int]) -> float | None:
    """None where nothing was asked."""
    return counted[0] / counted[1] if counted[1] else None


def kinds_of_failure(found: Behaviour) -> list[str]:
    """In words, the failures that half of the queries or more show; [] for a system that has none of them."""
    said = []
    if _mostly(found.called, lambda part: part < 0.5):
        said.append("it doesn't call tools" if found.called[0] else "it never calls a tool")
    if _mostly(found.answered, lambda part: part < 0.5):
        said.append("it calls tools for questions about concepts" if found.called[0] else "it doesn't answer")
    if _mostly(found.called_again, lambda part: part >= 0.5):
        said.append("it calls again and again, and never answers from a result")
    elif _mostly(found.finished, lambda part: part < 0.5):
        said.append("it doesn't answer from a result")
    return said


def _mostly(counted: tuple[int, int], holds: Any) -> bool:
    part = share(counted)
    return part is not None and holds(part)


def _scored(folder: Path) -> list[Row]:
    if not (folder / RESULTS).is_file():
        return []
    return [line.row for line in jsonl.read(folder / RESULTS) if not line.row["unscored"]]


def _count(rows: Iterable[Row], kind: str, decided: str) -> tuple[int, int]:
    of = [row["decided"] for row in rows if row["kind"] == kind]
    return of.count(decided), len(of)
