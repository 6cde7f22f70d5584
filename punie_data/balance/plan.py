"""Balance a file: count it, find the largest subset, write it; or only judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.balance.cells import Counted, largest_subset
from punie_data.balance.census import Census, take_census
from punie_data.balance.conflict import Conflict, explain
from punie_data.balance.mix import EACH, Band, Mix
from punie_data.balance.pick import pick


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows with one value of an axis, before and after (None where nothing was chosen), and its band, if it has one."""

    axis: str
    value: str
    before: int
    after: int | None
    band: Band | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What balancing does to a file. `after` and `stays` (a byte a row, 1 where it does) are None where it was only judged, or can't be done.

    No subset that keeps to the mix has more than `ceiling` rows.
    """

    census: Census
    before: int
    after: int | None
    ceiling: int | None
    standings: tuple[Standing, ...]
    stays: bytes | None = None
    conflict: Conflict | None = None

    @property
    def path(self) -> Path:
        return self.census.path

    @property
    def outside(self) -> tuple[Standing, ...]:
        """What is outside its band: afterwards, or as the file stands where nothing was chosen."""
        return tuple(
            one
            for one in self.standings
            if one.band is not None
            and not (
                one.band.holds(one.before, self.before)
                if self.after is None or one.after is None
                else one.band.holds(one.after, self.after)
            )
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "file": str(self.path),
            "rows": {"before": self.before, "after": self.after, "at_most": self.ceiling},
            "inside": not self.outside,
            "axes": self._axes(),
            "conflict": self.conflict and self.conflict.to_json(),
        }

    def _axes(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for one in self.standings:
            found.setdefault(one.axis, {})[one.value] = {
                "before": one.before,
                "after": one.after,
                "band": one.band and [float(one.band.least), float(one.band.most)],
            }
        return found


def judge(path: Path, mix: Mix, shown: Sequence[str] = (), jobs: int | None = None) -> Plan:
    """How the file stands. UserError as `take_census`."""
    census = take_census(path, mix, shown, jobs)
    return Plan(census, census.rows, None, None, _standings(census, mix, census.counts(), None))


def plan(path: Path, mix: Mix, seed: int = 0, shown: Sequence[str] = (), jobs: int | None = None) -> Plan:
    """The largest subset of the file's rows that keeps to the mix, or why there is none. UserError as `take_census`."""
    census = take_census(path, mix, shown, jobs)
    before = census.counts()
    counted = Counted(census.axes, tuple(census.combinations), tuple(before))
    answer = largest_subset(counted, mix, seed)
    if answer.choice is None:
        conflict = explain(counted, mix, answer.problem, seed)
        return Plan(
            census,
            census.rows,
            None,
            0,
            _standings(census, mix, before, None),
            conflict=conflict,
        )
    stays = pick(census, answer.cell_of, answer.choice.kept, seed)
    after = census.counts(stays)
    result = Plan(
        census,
        census.rows,
        answer.choice.total,
        answer.choice.ceiling,
        _standings(census, mix, before, after),
        stays,
    )
    if result.outside or sum(after) != answer.choice.total:
        raise AssertionError(f"what was picked breaks {result.outside}")
    return result


def write(chosen: Plan, out: Path) -> int:
    """Write the rows that stay, byte for byte and in their order; returns how many. UserError where the file changed meanwhile."""
    assert chosen.stays is not None
    stays = chosen.stays
    number = written = 0
    with jsonl.whole_file(out) as file, jsonl.opened(chosen.path) as source:
        for line, raw in enumerate(source):
            if not line:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if not raw or raw.isspace():
                continue
            if number < len(stays) and stays[number]:
                file.write(raw if raw[-1] == 10 else raw + b"\n")
                written += 1
            number += 1
        chosen.census.check_unchanged()
    return written


def _standings(
    census: Census, mix: Mix, before: Sequence[int], after: Sequence[int] | None
) -> tuple[Standing, ...]:
    """Every value that occurs or has a band, axis by axis; on each axis those with bands first, as the mix orders them."""
    found = []
    for axis in census.axes:
        bands = {band.value: band for band in mix.bands if band.axis == axis}
        each = bands.pop(EACH, None)
        was = census.tally(axis, before)
        now = None if after is None else census.tally(axis, after)
        for value in dict.fromkeys((*bands, *was)):
            band = bands.get(value)
            if band is None and each is not None:
                band = Band(axis, value, each.least, each.most)
            left = None if now is None else now.get(value, 0)
            found.append(Standing(axis, value, was.get(value, 0), left, band))
    return tuple(found)
