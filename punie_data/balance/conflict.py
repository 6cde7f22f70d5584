"""Why a mix can't be met: the few bands that contradict each other or the rows, and the nearest mix that can be met."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from punie_data.balance.cells import Counted, largest_subset, problem_of
from punie_data.balance.mix import Band, Mix, percent
from punie_data.balance.program import INFINITY, Program, Unsolved
from punie_data.balance.solve import Problem, ceiling, largest, shares_exist

_DOWN = 5
"""Totals tried below the relaxation's, where its shares would need parts of a row."""

_FEW = 60
"""Rows up to which every total is tried."""

_NODES = 2_000
_MANY = 4
_NOISE = 1e-7
_DIGITS = 10_000


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a band: `demand` is true for the least share, false for the most."""

    band: Band
    demand: bool

    def __str__(self) -> str:
        if self.demand:
            return f"{self.band.name} ≥ {percent(self.band.least)}"
        return f"{self.band.name} ≤ {percent(self.band.most)}"


@dataclass(frozen=True, slots=True)
class Change:
    """A band that had to give way, and the share in the nearest mix."""

    asked: Band
    nearest: Band


@dataclass(frozen=True, slots=True)
class Conflict:
    """`sides` contradict each other, and no longer do when any one of them is left out.

    `reason` says it in a sentence. `nearest` are the bands to widen so that the mix can be met, by the least sum of shares (of a whole number of rows:
    nearly the least); then `rows` rows would be kept. Both are empty where no such mix was found.
    """

    sides: tuple[Side, ...]
    reason: str
    nearest: tuple[Change, ...]
    rows: int

    def to_json(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "sides": [str(side) for side in self.sides],
            "nearest": {
                "bands": [
                    {
                        "axis": change.asked.axis,
                        "value": change.asked.value,
                        "asked": [float(change.asked.least), float(change.asked.most)],
                        "nearest": [float(change.nearest.least), float(change.nearest.most)],
                    }
                    for change in self.nearest
                ],
                "rows": self.rows,
            },
        }


def explain(counted: Counted, mix: Mix, problem: Problem, seed: int = 0) -> Conflict:
    """Why `problem`, which the mix led to, allows no rows at all."""
    sides = _irreducible(problem)
    nearest, rows = _nearest(counted, mix, problem, seed)
    return Conflict(sides, _reason(_only(problem, sides), sides), nearest, rows)


def _irreducible(problem: Problem) -> tuple[Side, ...]:
    """Leave out one side after the other: what can be met, in whole rows, without it needs it."""
    sides = [
        side
        for band in problem.limits
        for side in (Side(band, True), Side(band, False))
        if (band.least > 0 if side.demand else band.most < 1)
    ]
    needed = _suspects(problem, sides)
    for side in list(needed):
        without = [one for one in needed if one is not side]
        eased = _only(problem, without)
        if largest(eased, ceiling(eased)) is None:
            needed = without
    return tuple(needed)


def _suspects(problem: Problem, sides: list[Side]) -> list[Side]:
    """Those that weigh in the relaxation's proof, if there is one: without the others it contradicts itself still."""
    if shares_exist(problem):
        return sides
    duals = _least_violation(problem)[1]
    places = {(band.axis, band.value): number for number, band in enumerate(problem.limits)}
    weighing = [
        side
        for side in sides
        if duals[2 * places[side.band.axis, side.band.value] + (not side.demand)] > _NOISE
    ]
    return weighing if not shares_exist(_only(problem, weighing)) else sides


def _only(problem: Problem, sides: Sequence[Side]) -> Problem:
    """The problem with no limits but these sides, and with cells that they can't tell apart made one."""
    ends: dict[Band, set[bool]] = {}
    for side in sides:
        ends.setdefault(side.band, set()).add(side.demand)
    place = {band: number for number, band in enumerate(ends)}
    limits = tuple(
        replace(
            band,
            least=band.least if True in both else Fraction(0),
            most=band.most if False in both else Fraction(1),
        )
        for band, both in ends.items()
    )
    places = [place.get(band) for band in problem.limits]
    cells: dict[tuple[int, ...], int] = {}
    for cell, count in zip(problem.cells, problem.counts, strict=True):
        left = tuple(sorted(new for limit in cell if (new := places[limit]) is not None))
        cells[left] = cells.get(left, 0) + count
    return Problem(limits, tuple(cells), tuple(cells.values()))


def _least_violation(problem: Problem) -> tuple[float, list[float]]:
    """Over all distributions of the rows: the least sum of shares by which the limits are missed, and the weight of each side in its proof."""
    program = Program()
    for _ in problem.cells:
        program.column(0, 1)
    for band, inside in zip(problem.limits, problem.members(), strict=True):
        below, above = program.column(0, 1, 1.0), program.column(0, 1, 1.0)
        program.row(float(band.least), INFINITY, inside, [(below, 1.0)])
        program.row(-INFINITY, float(band.most), inside, [(above, -1.0)])
    program.row(1, 1, range(len(problem.cells)))
    solution = program.relaxed(maximise=False)
    assert solution is not None
    return solution.bound, [abs(dual) for dual in solution.row_duals[:-1]]


def _nearest(counted: Counted, mix: Mix, problem: Problem, seed: int) -> tuple[tuple[Change, ...], int]:
    """The mix widened as little as need be, and how many rows that keeps; nothing where none was found."""
    needed = {(band.axis, band.value) for band in problem.limits}
    while True:
        changes = _widened(problem)
        if not changes:
            return (), 0
        wider = mix
        for change in changes:
            wider = wider.with_band(change.nearest)
        answer = largest_subset(counted, wider, seed, needed)
        if answer.choice is not None:
            return changes, answer.choice.total
        # Bands for rare values come in where so few rows are left that they can be broken.
        fresh = [band for band in answer.problem.limits if (band.axis, band.value) not in needed]
        if not fresh:
            return (), 0
        needed |= {(band.axis, band.value) for band in fresh}
        problem, _ = problem_of(counted, (*problem.limits, *fresh))


def _widened(problem: Problem) -> tuple[Change, ...]:
    """The changes that let some number of rows in: that which misses the bands by the least, then the largest."""
    least, _ = _least_violation(problem)
    most = _rows_that_miss_by(problem, least)
    totals = dict.fromkeys(max(1, most - number) for number in range(_DOWN))
    if problem.rows <= _FEW:
        totals |= dict.fromkeys(range(min(most, _FEW), 0, -1)) | dict.fromkeys(range(most, problem.rows + 1))
    best: tuple[float, int, list[int]] | None = None
    for total in totals:
        try:
            missed, inside = _missed_by(problem, total)
        except Unsolved:
            continue
        if best is None or missed < best[0] - _NOISE:
            best = missed, total, inside
        if missed < least + _NOISE:
            break
    if best is None:
        return ()
    _, total, inside = best
    return tuple(
        Change(band, replace(band, least=min(band.least, floor), most=max(band.most, top)))
        for band, number in zip(problem.limits, inside, strict=True)
        if not band.holds(number, total)
        for floor, top in [_around(Fraction(number, total))]
    )


def _around(share: Fraction) -> tuple[Fraction, Fraction]:
    """The hundredths of a per cent below and above: what is printed is then what can be met."""
    scaled = share * _DIGITS
    return Fraction(math.floor(scaled), _DIGITS), Fraction(math.ceil(scaled), _DIGITS)


def _rows_that_miss_by(problem: Problem, least: float) -> int:
    """How many rows (fractions of them, rounded down) can miss the limits by no more than `least` in all."""
    program = Program()
    for count in problem.counts:
        program.column(0, count)
    total = program.column(1, problem.rows, 1.0)
    misses = []
    for band, inside in zip(problem.limits, problem.members(), strict=True):
        below, above = program.column(0, INFINITY), program.column(0, INFINITY)
        program.row(0, INFINITY, inside, [(total, -float(band.least)), (below, 1.0)])
        program.row(-INFINITY, 0, inside, [(total, -float(band.most)), (above, -1.0)])
        misses += [below, above]
    program.row(-INFINITY, 0, misses, [(total, -least - _NOISE)])
    program.row(0, 0, range(len(problem.counts)), [(total, -1.0)])
    solution = program.relaxed(maximise=True)
    assert solution is not None
    return max(1, math.floor(solution.bound + _NOISE))


def _missed_by(problem: Problem, total: int) -> tuple[float, list[int]]:
    """The sum of the shares by which `total` rows miss the bands at the least, and how many rows are then in each."""
    program = Program()
    for count in problem.counts:
        program.column(0, count)
    for band, inside in zip(problem.limits, problem.members(), strict=True):
        below, above = program.column(0, total, 1 / total), program.column(0, total, 1 / total)
        program.row(float(band.least * total), INFINITY, inside, [(below, 1.0)])
        program.row(-INFINITY, float(band.most * total), inside, [(above, -1.0)])
    program.row(total, total, range(len(problem.counts)))
    cells = range(len(problem.counts))
    solution = program.whole(False, cells, nodes=_NODES, relative_gap=1e-4, absolute_gap=1e-9)
    assert solution is not None
    kept = [round(solution.values[cell]) for cell in cells]
    inside = [sum(kept[cell] for cell in members) for members in problem.members()]
    return solution.bound, inside


def _reason(only: Problem, sides: Sequence[Side]) -> str:
    """`only` is the problem with no other limits than these sides."""
    if not shares_exist(only):
        if len(sides) == 1 and (told := _alone(only, sides[0])):
            return told
        return f"these rows can't have {_listed(sides)} at once"
    rows = "one row" if only.rows == 1 else f"{only.rows:,} rows"
    return f"of {rows} no number can have {_listed(sides)}: there are too few for so narrow a mix"


def _alone(only: Problem, side: Side) -> str:
    """Where all rows, or none, are what the band is about."""
    of = {"kind": "is", "tool": "calls", "category": "is of category", "repo": "is from"}
    has = f"{of[side.band.axis]} {side.band.value}" if side.band.axis in of else f"has {side.band.name}"
    if side.demand and only.cells == ((),):
        return f"{side} is asked for, and no row {has}"
    if not side.demand and only.cells == ((0,),):
        return f"{side} is asked for, and every row {has}"
    return ""


def _listed(sides: Sequence[Side]) -> str:
    """The sides in words; those that say the same of many values of an axis in one."""
    alike: dict[tuple[str, bool, Fraction], list[Side]] = {}
    for side in sides:
        end = side.band.least if side.demand else side.band.most
        alike.setdefault((side.band.axis, side.demand, end), []).append(side)
    names: list[str] = []
    for (axis, demand, end), group in alike.items():
        if len(group) < _MANY:
            names += map(str, group)
        else:
            names.append(f"{axis} {'≥' if demand else '≤'} {percent(end)} for each of {len(group)} values")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
