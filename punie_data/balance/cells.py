"""From what the rows of a file are to a problem: rows that no band can tell apart become one cell.

A band for each value of an axis would be thousands of bands where there are thousands of values, most of them too rare ever to break theirs. Such a
band comes in only when its value has more rows than the band allows at the size the subset turns out to have: with fewer, it can't be broken.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from punie_data.balance.census import Combination
from punie_data.balance.mix import EACH, Band, Mix
from punie_data.balance.solve import Choice, Problem, ceiling, largest


@dataclass(frozen=True, slots=True)
class Counted:
    """The combinations of values on `axes` that a file's rows have, and how many rows each has."""

    axes: tuple[str, ...]
    combinations: tuple[Combination, ...]
    counts: tuple[int, ...]

    def tally(self, axis: str) -> dict[str, int]:
        """How many rows have each value of the axis."""
        place = self.axes.index(axis)
        found: dict[str, int] = {}
        for combination, count in zip(self.combinations, self.counts, strict=True):
            value = combination[place]
            for one in (value,) if isinstance(value, str) else value:
                found[one] = found.get(one, 0) + count
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """`cell_of` is the cell of each combination; `choice` is None where the problem's limits can't be met."""

    problem: Problem
    cell_of: tuple[int, ...]
    choice: Choice | None


def largest_subset(
    counted: Counted, mix: Mix, seed: int = 0, needed: Collection[tuple[str, str]] = ()
) -> Answer:
    """How many rows of each cell the largest subset inside the mix keeps. `needed` are (axis, value) whose bands come in at once."""
    each = list(_each(counted, mix))
    # What names a value, and what asks for some of each value, is there from the beginning.
    active = [band for band in mix.bands if band.value != EACH] + [band for band, _ in each if band.least]
    rare = [(band, count) for band, count in each if not band.least]
    highest = sum(counted.counts)
    while True:
        told = [
            band for band, count in rare if count > band.most * highest or (band.axis, band.value) in needed
        ]
        rare = [pair for pair in rare if pair[0] not in told]
        active += told
        problem, cell_of = problem_of(counted, active)
        highest = ceiling(problem, highest)
        if any(count > band.most * highest for band, count in rare) and highest:
            continue
        choice = largest(problem, highest, seed) if highest else None
        if choice is None:
            return Answer(problem, cell_of, None)
        highest = choice.total
        if not any(count > band.most * highest for band, count in rare):
            return Answer(problem, cell_of, choice)


def _each(counted: Counted, mix: Mix) -> Iterable[tuple[Band, int]]:
    """A band for every value that only `*` speaks of, with the value's rows; in the order of the names."""
    named = {(band.axis, band.value) for band in mix.bands}
    for band in mix.bands:
        if band.value == EACH:
            for value, count in sorted(counted.tally(band.axis).items()):
                if (band.axis, value) not in named:
                    yield replace(band, value=value), count


def problem_of(counted: Counted, limits: Sequence[Band]) -> tuple[Problem, tuple[int, ...]]:
    """The problem with these limits, and the cell of each combination. Cells are in the order of their limits, whatever the rows' order."""
    places = [{} for _ in counted.axes]
    for number, band in enumerate(limits):
        places[counted.axes.index(band.axis)][band.value] = number
    used = [(axis, known) for axis, known in enumerate(places) if known]
    of_combination: list[tuple[int, ...]] = []
    rows: dict[tuple[int, ...], int] = {}
    for combination, count in zip(counted.combinations, counted.counts, strict=True):
        inside: list[int] = []
        for axis, known in used:
            value = combination[axis]
            if isinstance(value, str):
                if (limit := known.get(value)) is not None:
                    inside.append(limit)
            else:
                inside += [known[one] for one in value if one in known]
        cell = tuple(sorted(inside))
        of_combination.append(cell)
        rows[cell] = rows.get(cell, 0) + count
    cells = sorted(rows)
    place = {cell: number for number, cell in enumerate(cells)}
    problem = Problem(tuple(limits), tuple(cells), tuple(rows[cell] for cell in cells))
    return problem, tuple(place[cell] for cell in of_combination)
