"""Balance a file: count it, find the largest subset, tell its rows from those that are left out; or only judge it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data.balance.cells import Counted, largest_subset
from punie_data.balance.census import Census, take_census
from punie_data.balance.conflict import Conflict, explain
from punie_data.balance.mix import EACH, Band, Mix
from punie_data.balance.pick import pick

OVER_THE_MIX = "over the mix"
"""Why a row is left out that nothing is wrong with."""
NO_ROW = "no row"

_TOLD = 100


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

    @property
    def unread(self) -> list[tuple[int, str]]:
        """The lines that are no rows, by number, and why."""
        return list(self.census.unread.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "file": str(self.path),
            "rows": {"before": self.before, "after": self.after, "at_most": self.ceiling},
            "unread": len(self.unread),
            "first_unread": [{"line": line, "problem": why} for line, why in self.unread[:_TOLD]],
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


def nothing_told(size: int) -> None:
    """For who doesn't want to know how far the census is."""


def judge(
    path: Path,
    mix: Mix,
    shown: Sequence[str] = (),
    jobs: int | None = None,
    advance: Callable[[int], None] = nothing_told,
) -> Plan:
    """How the file stands. UserError as `take_census`."""
    census = take_census(path, mix, shown, jobs, advance)
    return Plan(census, census.rows, None, None, _standings(census, mix, census.counts(), None))


def plan(
    path: Path,
    mix: Mix,
    seed: int = 0,
    shown: Sequence[str] = (),
    jobs: int | None = None,
    advance: Callable[[int], None] = nothing_told,
) -> Plan:
    """The largest subset of the file's rows that keeps to the mix, or why there is none. UserError as `take_census`."""
    census = take_census(path, mix, shown, jobs, advance)
    before = census.counts()
    counted = Counted(census.axes, tuple(census.combinations), tuple(before))
    answer = largest_subset(counted, mix, seed)
    if answer.choice is None:
        conflict = explain(counted, mix, answer.problem, seed)
        standings = _standings(census, mix, before, None)
        return Plan(census, census.rows, None, 0, standings, conflict=conflict)
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


def kept(chosen: Plan) -> Iterator[bytes]:
    """The rows that stay, byte for byte and in their order. UserError where the file changed meanwhile."""
    assert chosen.stays is not None
    for raw, stays in zip(chosen.census.raw_rows(), chosen.stays, strict=True):
        if stays:
            yield raw
    chosen.census.check_unchanged()


def left_out(chosen: Plan) -> Iterator[dict[str, Any]]:
    """What doesn't stay, as `rejected.jsonl` has it: the lines that are no rows, then the rows that are over the mix."""
    assert chosen.stays is not None
    for line, why in chosen.unread:
        yield _rejected(NO_ROW, f"{chosen.path.name}:{line}: {why}", None)
    for raw, stays in zip(chosen.census.raw_rows(), chosen.stays, strict=True):
        if not stays:
            yield _rejected(OVER_THE_MIX, "", orjson.loads(raw))
    chosen.census.check_unchanged()


def _rejected(reason: str, detail: str, row: dict[str, Any] | None) -> dict[str, Any]:
    messages = row["messages"] if row else ()
    asked = next((message["content"] for message in messages if message.get("role") == "user"), "")
    return {
        "stage": "balance",
        "reason": reason,
        "detail": detail,
        "generator": row["origin"].get("generator", "") if row else "",
        "repo": row["origin"].get("repo", "") if row else "",
        "question": asked if type(asked) is str else "",
        "example": row,
    }


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
