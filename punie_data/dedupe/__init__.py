"""Take out rows that say twice what is said once, and rows that contradict each other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from punie_data.dataset import Step, claimed, refuse_input, write_parts
from punie_data.dedupe.choose import REASONS, Options, Removal, Rows
from punie_data.dedupe.reading import Advance, Source, Unreadable, opened, rejected, rejected_line

__all__ = ["REASONS", "Options", "Report", "dedupe"]

Stage = Callable[[str], Advance]
"""Told the name of what begins; answers with what is called for every row of it."""


@dataclass(slots=True)
class Report:
    """`table` counts rows by (kind, generator): how many there were, and how many went for each reason."""

    rows: int = 0
    kept: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    table: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "kept": self.kept,
            "removed": {reason: self.removed[reason] for reason in REASONS},
            "unreadable": [str(line) for line in self.unreadable],
            "table": [
                {"kind": kind, "generator": generator, "rows": counts["rows"]}
                | {"kept": counts["rows"] - sum(counts[reason] for reason in REASONS)}
                | {reason: counts[reason] for reason in REASONS}
                for (kind, generator), counts in sorted(self.table.items())
            ],
        }


def dedupe(
    path: Path, out: Path, options: Options | None = None, stage: Stage = lambda name: lambda count: None
) -> Report:
    """Write the rows of `path` that are needed as the dataset `out`, the others to its rejected.jsonl. UserError for what the user can mend."""
    options = options or Options()
    source = opened(path)
    refuse_input(out, [path])
    with claimed(out):
        rows, report = Rows(options), Report()
        for row in source.rows(stage("reading")):
            rows.add(row)
            _counted(report, row.record)["rows"] += 1
            report.rows += 1
        source.demand(report.rows)
        stage("comparing")
        removals = rows.removals()
        report.unreadable = source.unreadable
        report.removed.update(removal.reason for removal in removals.values())
        report.kept = report.rows - len(removals)
        counts = {"rows": report.rows, "kept": report.kept, **{r: report.removed[r] for r in REASONS}}
        counts["not a record"] = len(report.unreadable)
        write_parts(
            out,
            source.manifest,
            Step("dedupe", asdict(options), source.inputs, counts),
            {part: _kept(source, part, removals) for part in source.files},
            _rejected(source, removals, rows.ids, report),
        )
    return report


def _counted(report: Report, record: Mapping[str, Any]) -> Counter[str]:
    key = (record["label"]["kind"], record["origin"]["generator"])
    return report.table.setdefault(key, Counter())


def _kept(source: Source, part: str, removals: Mapping[int, Removal]) -> Iterator[bytes]:
    for index, row in enumerate(source.rows()):
        if row.part == part and index not in removals:
            yield row.raw


def _rejected(
    source: Source, removals: Mapping[int, Removal], ids: list[str], report: Report
) -> Iterator[Mapping[str, Any]]:
    yield from map(rejected_line, source.unreadable)
    for index, row in enumerate(source.rows()):
        removal = removals.get(index)
        if removal is not None:
            _counted(report, row.record)[removal.reason] += 1
            yield rejected(row, removal.reason, removal.detail, ids[removal.of])
