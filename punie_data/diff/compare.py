"""Compare two datasets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data.dataset import manifest_of
from punie_data.diff.manifest import Said, differences
from punie_data.diff.rows import Matched, Pair, Rows, aspect_counts, match, questions, read
from punie_data.stats.figures import AXES, Figures
from punie_data.stats.length import Measure
from punie_data.stats.survey import dataset_parts, digest, rejections, survey


@dataclass(frozen=True, slots=True)
class Place:
    """A row of one dataset, as it is named to a person."""

    part: str
    line: int
    id: str
    question: str

    def __str__(self) -> str:
        return f"{self.part}:{self.line}"


@dataclass(frozen=True, slots=True)
class Shift:
    """Rows with a value on an axis, in one dataset and in the other."""

    axis: str
    value: str
    a: int
    b: int


@dataclass(slots=True)
class Difference:
    """`removed` and `added` name rows, `changed` and `moved` pairs of them with what differs; each list is as long as was asked for, `matched`
    has all. `manifest` is None where one of the two has none.
    """

    a: Figures
    b: Figures
    matched: Matched
    moves: dict[tuple[str, str], int]
    shifts: list[Shift]
    manifest: list[Said] | None
    rejected_differ: bool
    removed: list[Place]
    added: list[Place]
    changed: list[tuple[Place, Place, tuple[str, ...]]]

    @property
    def same(self) -> bool:
        """Whether there is no difference at all. One that has no manifest is not another for that."""
        found = self.matched
        rows = found.moved or found.changed or found.removed or found.added or found.reordered
        return not (rows or self.manifest or self.rejected_differ)

    def to_json(self) -> dict[str, Any]:
        found = self.matched

        def named(place: Place) -> dict[str, Any]:
            return {"part": place.part, "line": place.line, "id": place.id, "question": place.question}

        return {
            "same": self.same,
            "a": {"name": self.a.name, "rows": self.a.rows, "not_rows": self.a.not_rows},
            "b": {"name": self.b.name, "rows": self.b.rows, "not_rows": self.b.not_rows},
            "rows": {
                "same": found.same,
                "moved": len(found.moved),
                "changed": len(found.changed),
                "removed": len(found.removed),
                "added": len(found.added),
            },
            "changed_in": aspect_counts(found.changed),
            "moves": [{"from": a, "to": b, "rows": rows} for (a, b), rows in self.moves.items()],
            "reordered": found.reordered,
            "composition": [{"axis": s.axis, "value": s.value, "a": s.a, "b": s.b} for s in self.shifts],
            "tokens": {
                side: {"exact": f.lengths.exact, **f.lengths.quantiles, "total": f.lengths.total}
                for side, f in (("a", self.a), ("b", self.b))
            },
            "rejected": {"differ": self.rejected_differ, "a": self.a.rejected, "b": self.b.rejected},
            "manifest": None
            if self.manifest is None
            else [{"where": said.where, "a": said.a, "b": said.b} for said in self.manifest],
            "removed": [named(place) for place in self.removed],
            "added": [named(place) for place in self.added],
            "changed": [
                {"a": named(one), "b": named(other), "aspects": list(aspects)}
                for one, other, aspects in self.changed
            ],
        }


def compare(
    a: Path,
    b: Path,
    measure: Measure,
    limit: int | None = None,
    stage: Callable[[str, int], None] = lambda name, total: None,
    advance: Callable[[int], None] = lambda size: None,
) -> Difference:
    """Compare dataset folders or files of rows. `limit` is how many rows of each sort are named, None for all. UserError where one can't be read."""
    sources = [dataset_parts(path) for path in (a, b)]
    figures: list[Figures] = []
    rows: list[Rows] = []
    for path, (parts, rejected) in zip((a, b), sources, strict=True):
        size = sum(file.stat().st_size for file in parts.values())
        name = path.resolve().name
        stage(f"counting {name}, bytes", size)
        figures.append(survey(name, parts, measure, rejected, advance)[0])
        stage(f"reading {name}, bytes", size)
        rows.append(read(parts, advance))
    found = match(*rows)
    wanted = [
        {rows[0].place(n) for n in found.removed[:limit]}
        | {rows[0].place(p.a) for p in found.changed[:limit]},
        {rows[1].place(n) for n in found.added[:limit]} | {rows[1].place(p.b) for p in found.changed[:limit]},
    ]
    named = [
        {place: Place(*place, row_id, question) for place, row_id, question in questions(parts, places)}
        for (parts, _), places in zip(sources, wanted, strict=True)
    ]
    manifests = [manifest_of(path) for path in (a, b)]
    return Difference(
        a=figures[0],
        b=figures[1],
        matched=found,
        moves=_moves(found.moved, *rows),
        shifts=_shifts(*figures),
        manifest=differences(*manifests) if all(manifests) else None,
        rejected_differ=_refused(sources[0][1]) != _refused(sources[1][1]),
        removed=[named[0][rows[0].place(n)] for n in found.removed[:limit]],
        added=[named[1][rows[1].place(n)] for n in found.added[:limit]],
        changed=[
            (named[0][rows[0].place(p.a)], named[1][rows[1].place(p.b)], p.aspects)
            for p in found.changed[:limit]
        ],
    )


def _moves(moved: list[Pair], a: Rows, b: Rows) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for pair in moved:
        way = a.place(pair.a)[0], b.place(pair.b)[0]
        found[way] = found.get(way, 0) + 1
    return found


def _shifts(a: Figures, b: Figures) -> list[Shift]:
    """The values whose number of rows changed, axis by axis, the largest change first."""
    shifts = []
    for axis in AXES:
        values = dict.fromkeys([*a.axes[axis], *b.axes[axis]])
        found = [Shift(axis, value, a.count(axis, value), b.count(axis, value)) for value in values]
        shifts += sorted((s for s in found if s.a != s.b), key=lambda s: (-abs(s.b - s.a), s.value))
    return shifts


def _refused(file: Path | None) -> list[int]:
    return sorted(
        digest(orjson.dumps(line.row, option=orjson.OPT_SORT_KEYS) if not line.problem else line.raw)
        for line, _ in rejections(file)
    )
