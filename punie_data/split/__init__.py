"""Divide a dataset into train, valid and test by where its rows come from, so that nothing is on two sides, now and when rows are added."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from punie_data.dataset import Step, claimed, refuse_input, write_parts
from punie_data.dedupe.reading import Advance, Source, Unreadable, opened, rejected, rejected_line
from punie_data.errors import UserError
from punie_data.split.leaks import Leak, LeakCheck
from punie_data.split.sides import SIDES, Aside, Placing, Shares
from punie_data.split.units import Unit

__all__ = ["SIDES", "Leak", "LeakCheck", "Report", "Shares", "find_leaks", "pick_unseen", "split"]

Stage = Callable[[str], Advance]


@dataclass(slots=True)
class Report:
    """`table` counts rows by kind and side, `aside` those on no side by reason. `unseen` are the repositories that only test has."""

    rows: int = 0
    sides: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    table: dict[str, Counter[str]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    unreadable: list[Unreadable] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "sides": {side: self.sides[side] for side in reversed(SIDES)},
            "aside": dict(sorted(self.aside.items())),
            "unseen_repos": list(self.unseen),
            "unreadable": [str(line) for line in self.unreadable],
            "kinds": {
                kind: {side: counts[side] for side in (*reversed(SIDES), "aside")}
                for kind, counts in sorted(self.table.items())
            },
        }


def split(
    path: Path,
    out: Path,
    shares: Shares | None = None,
    unseen: int = 0,
    stage: Stage = lambda name: lambda count: None,
) -> Report:
    """Write `train`, `valid` and `test` of `path` as the dataset `out`; rows that would leak go to its rejected.jsonl.

    `unseen` repositories are picked beside those that `shares` names. UserError for what the user can mend.
    """
    shares = shares or Shares()
    if shares.valid < 0 or shares.test < 0 or shares.valid + shares.test >= 1:
        raise UserError(
            "the shares of valid and test are each between 0 and 1, and leave something for train"
        )
    source = opened(path)
    refuse_input(out, [path])
    with claimed(out):
        if unseen or shares.unseen:
            repos = {row.record["origin"]["repo"] for row in source.rows(stage("repositories"))}
            shares = _with_unseen(shares, unseen, repos)
        placing = Placing(shares)
        for row in source.rows(stage("reading")):
            placing.add(row.record)
        source.demand(len(placing.ids))
        sides, aside = placing.sides()
        report = Report(len(placing.ids), unseen=shares.unseen, unreadable=source.unreadable)
        report.sides.update(SIDES[side] for row, side in enumerate(sides) if row not in aside)
        report.aside.update(_reason(why) for why in aside.values())
        counts = {"rows": report.rows, **report.sides, **dict(sorted(report.aside.items()))}
        counts["not a record"] = len(source.unreadable)
        wanted = (
            "train",
            *(["valid"] if shares.valid else []),
            *(["test"] if shares.test or shares.unseen else []),
        )
        write_parts(
            out,
            source.manifest,
            Step("split", asdict(shares), source.inputs, counts),
            {side: _rows_of(source, SIDES.index(side), sides, aside) for side in wanted},
            _rejected(source, sides, aside, placing.ids, report),
        )
    return report


def find_leaks(path: Path, by: Any = "origin", advance: Advance = lambda count: None) -> Iterator[Leak]:
    """What two parts of a dataset share. UserError where it has no rows."""
    yield from leaks_of(opened(path), by, advance)


def leaks_of(source: Source, by: Any = "origin", advance: Advance = lambda count: None) -> Iterator[Leak]:
    """The same of an opened dataset, which knows afterwards which lines were no records: of those nothing is proved."""
    check = LeakCheck(by)
    rows = 0
    for rows, row in enumerate(source.rows(advance), 1):  # noqa: B007
        check.add(row.part, row.record)
    source.demand(rows)
    yield from check.leaks()


def pick_unseen(repos: set[str], count: int, seed: int = 0) -> tuple[str, ...]:
    """So many of the repositories, by seeded hash. Other repositories beside them can change the choice: name those that shall stay."""
    ranked = sorted(repos, key=lambda repo: (Unit("repository", repo, "").share(seed), repo))
    return tuple(sorted(ranked[:count]))


def _with_unseen(shares: Shares, count: int, repos: set[str]) -> Shares:
    missing = [repo for repo in shares.unseen if repo not in repos]
    if missing:
        raise UserError(f"no row is of {', '.join(missing)}; there are {', '.join(sorted(repos)[:20])}")
    others = repos - set(shares.unseen)
    if count and count >= len(others):
        raise UserError(f"{count} unseen repositories of {len(others)} leave nothing to train on")
    unseen = {*shares.unseen, *pick_unseen(others, count, shares.seed)}
    return Shares(shares.valid, shares.test, shares.by, tuple(sorted(unseen)), shares.seed)


def _rows_of(
    source: Source, wanted: int, sides: Sequence[int], aside: Mapping[int, Aside]
) -> Iterator[bytes]:
    for number, row in enumerate(source.rows()):
        if sides[number] == wanted and number not in aside:
            yield row.raw


def _rejected(
    source: Source, sides: Sequence[int], aside: Mapping[int, Aside], ids: Sequence[str], report: Report
) -> Iterator[Mapping[str, Any]]:
    """Counts the report's table on the way, since every row comes by."""
    yield from map(rejected_line, source.unreadable)
    for number, row in enumerate(source.rows()):
        why = aside.get(number)
        counts = report.table.setdefault(row.record["label"]["kind"], Counter())
        counts["aside" if why else SIDES[sides[number]]] += 1
        if why is not None:
            said = f"{ids[why.of]}, which is in {why.side}, has the same {why.what}"
            yield rejected(row, _reason(why), said, ids[why.of])


def _reason(why: Aside) -> str:
    return f"its {why.what} is in {why.side}"
