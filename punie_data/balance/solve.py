"""As many rows as can be kept while every share stays in its band: an integer program.

A problem is about cells, not rows: rows that the bands can't tell apart are one cell with a count. For a total T that is given, a band is a pair of
whole numbers, ⌈least · T⌉ and ⌊most · T⌋, between which the rows in it must lie; so the largest subset is the largest T for which such numbers can
be met, and every number that the solver sees there is whole. How large T can be at the most is told by the linear relaxation, and its multipliers
are a proof of it that is checked here in exact arithmetic.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from punie_data.balance.mix import Band
from punie_data.balance.program import INFINITY, Program, Solution, Unsolved

_SCALE = 1 << 40
_ROUNDS = 20
_TOTALS_TRIED = 40
"""Totals tried one after another below the ceiling, before the solver is asked where to go on."""

_LEVELS = 16
_PIECES = 60_000
_NODES = 2_000
_MANY_NODES = 50_000
_LARGE = 20_000
"""Columns beyond which branch and bound over all of them takes minutes."""

_NEIGHBOURS = (300, 3_000)
"""Columns that branch and bound may change before it may change all of them."""

_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Problem:
    """`limits` are bands for one value each. `cells[i]` are the (sorted) places of the limits that its rows count for, `counts[i]` its rows."""

    limits: tuple[Band, ...]
    cells: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        return sum(self.counts)

    def members(self) -> list[list[int]]:
        """For each limit, the cells whose rows count for it."""
        found: list[list[int]] = [[] for _ in self.limits]
        for cell, inside in enumerate(self.cells):
            for limit in inside:
                found[limit].append(cell)
        return found

    def keeps_to(self, kept: Sequence[int]) -> bool:
        """Whether `kept` rows of each cell are there and inside every limit. Exact."""
        total = sum(kept)
        inside = [0] * len(self.limits)
        for cell, number in zip(self.cells, kept, strict=True):
            for limit in cell:
                inside[limit] += number
        there = all(0 <= number <= count for number, count in zip(kept, self.counts, strict=True))
        return there and all(
            band.holds(number, total) for band, number in zip(self.limits, inside, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """How many rows of each cell are kept, `total` in all.

    No subset inside the limits has more than `ceiling` rows. `total` is less only where a large problem left the solver undecided.
    """

    kept: tuple[int, ...]
    total: int
    ceiling: int


def shares_exist(problem: Problem) -> bool:
    """Whether the limits could be met if rows could be cut into parts."""
    return _relaxed(problem, problem.rows) > 0


def ceiling(problem: Problem, highest: int | None = None) -> int:
    """A number of rows that no subset within the limits surpasses, proved in exact arithmetic; `highest` is one that is known already."""
    highest = problem.rows if highest is None else min(problem.rows, highest)
    for _ in range(_ROUNDS):
        lower = next(_totals(problem, _relaxed(problem, highest)), 0)
        if lower == highest:
            break
        # Of 62,590 rows 8 % are 5,007.2: knowing the highest total, parts of rows can be taken off every cap, and the next ceiling is lower.
        highest = lower
    return highest


def _relaxed(problem: Problem, highest: int) -> int:
    """How many rows, parts of rows included, the limits allow, where more than `highest` are known to be impossible."""
    program = Program()
    caps = [math.floor(band.most * highest) for band in problem.limits]
    for count in problem.counts:
        program.column(0, count, cost=1.0)
    # The rows themselves are what is maximised, not the total: with the cost on one column the simplex is a hundred times slower.
    total = program.column(0, highest)
    for band, cap, members in zip(problem.limits, caps, problem.members(), strict=True):
        program.row(0, INFINITY, members, [(total, -float(band.least))])
        program.row(-INFINITY, 0, members, [(total, -float(band.most))])
        program.row(-INFINITY, cap, members)
    program.row(0, 0, range(len(problem.counts)), [(total, -1.0)])
    solution = program.relaxed(maximise=True)
    assert solution is not None
    weights = [abs(round(dual * _SCALE)) for dual in solution.row_duals[:-1]]
    return min(highest, _proved(problem, caps, weights[::3], weights[1::3], weights[2::3]))


def _proved(
    problem: Problem,
    caps: Sequence[int],
    of_least: Sequence[int],
    of_most: Sequence[int],
    of_caps: Sequence[int],
) -> int:
    """Lagrange's bound for multipliers ≥ 0, three a limit: it holds whatever they are, and is tight for the right ones.

    Every subset inside the limits has Σ of multiplier · slack ≥ 0 over all sides and caps, so adding that sum to its size does not make it smaller.
    """
    constant = Fraction(_SCALE)
    for band, least, most in zip(problem.limits, of_least, of_most, strict=True):
        constant += most * band.most - least * band.least
    numerator, denominator = constant.numerator, constant.denominator
    gain = [
        (least - most - cap) * denominator
        for least, most, cap in zip(of_least, of_most, of_caps, strict=True)
    ]
    bound = sum(cap * weight for cap, weight in zip(caps, of_caps, strict=True)) * denominator
    for cell, count in zip(problem.cells, problem.counts, strict=True):
        worth = numerator + sum([gain[limit] for limit in cell])
        if worth > 0:
            bound += worth * count
    return bound // (denominator * _SCALE)


def largest(problem: Problem, highest: int, seed: int = 0) -> Choice | None:
    """As many rows as the limits allow, at most `highest` (a ceiling), or None where they allow none at all.

    Among all subsets of that size it is one in which cells keep like parts of their rows.
    """
    best, tried, undecided = highest, 0, []
    for total in _totals(problem, highest):
        if total > best:
            continue
        if tried == _TOTALS_TRIED and not undecided:
            best = _by_branching(problem, total)
        tried += 1
        if total > best:
            continue
        try:
            kept = at_total(problem, total, seed)
        except Unsolved:
            undecided.append(total)
            best = total - 2 ** max(0, len(undecided) - _TOTALS_TRIED)
            continue
        if kept is not None:
            return Choice(kept, total, undecided[0] if undecided else total)
    return None


def _step(problem: Problem) -> int:
    """What the total must be a multiple of: a band of exactly 2/3 can be met by 3, 6, 9 … rows only."""
    return math.lcm(*(band.least.denominator for band in problem.limits if band.least == band.most))


def _totals(problem: Problem, highest: int) -> Iterator[int]:
    """The totals from `highest` down for which every limit leaves at least one whole number."""
    step = _step(problem)
    sides = [
        (band.least.numerator, band.least.denominator, band.most.numerator, band.most.denominator)
        for band in problem.limits
        if band.least < band.most
    ]
    for total in range(highest - highest % step, 0, -step):
        if all(-(-low * total // under) <= high * total // below for low, under, high, below in sides):
            yield total


def _by_branching(problem: Problem, highest: int) -> int:
    """A lower ceiling, found by branch and bound with the total itself as a variable."""
    program, step = Program(), _step(problem)
    for count in problem.counts:
        program.column(0, count)
    steps = program.column(0, highest // step, cost=1.0)
    for band, inside in zip(problem.limits, problem.members(), strict=True):
        program.row(0, INFINITY, inside, [(steps, -float(band.least * step))])
        program.row(-INFINITY, 0, inside, [(steps, -float(band.most * step))])
    program.row(0, 0, range(len(problem.counts)), [(steps, -float(step))])
    try:
        solution = program.whole(maximise=True, columns=range(steps + 1), nodes=_MANY_NODES)
    except Unsolved:
        return highest
    assert solution is not None
    return min(highest, math.floor(solution.bound + _NOISE) * step)


def at_total(problem: Problem, total: int, seed: int = 0) -> tuple[int, ...] | None:
    """Rows of each cell, `total` in all, inside every limit; None where there is no such choice.

    Raises Unsolved where that can't be told in reasonable time. A cell's rows are taken in pieces, each worth less than the one before, so that no cell is emptied while another is left whole. Where two pieces
    are worth the same, a hash decides, so that there is one best choice.
    """
    levels = min(_LEVELS, max(1, _PIECES // len(problem.counts)))
    program = Program()
    pieces: list[range] = []
    for cell, count in zip(problem.cells, problem.counts, strict=True):
        tilt = _hash(f"{seed}:{cell}") / 100
        parts = min(levels, count)
        begin = len(program.costs)
        for part in range(parts):
            size = (part + 1) * count // parts - part * count // parts
            program.column(0, size, _LEVELS * (1 - (part + 0.5) / parts) + tilt)
        pieces.append(range(begin, len(program.costs)))
    for band, inside in zip(problem.limits, problem.members(), strict=True):
        program.row(
            math.ceil(band.least * total),
            math.floor(band.most * total),
            [piece for cell in inside for piece in pieces[cell]],
        )
    program.row(total, total, range(len(program.costs)))
    solution = _rounded(program)
    if solution is None:
        return None
    kept = tuple(sum(round(solution.values[piece]) for piece in each) for each in pieces)
    if sum(kept) != total or not problem.keeps_to(kept):
        raise AssertionError("the solver's answer breaks a band")
    return kept


def _rounded(program: Program) -> Solution | None:
    """A whole solution; None where there is none. Mostly the relaxation's own is whole.

    Else branch and bound goes over the columns that cost the least to change, the others staying as they are; then over more of them; then over all.
    Raises Unsolved.
    """
    relaxed = program.relaxed(maximise=True)
    if relaxed is None or all(abs(value - round(value)) < _NOISE for value in relaxed.values):
        return relaxed
    columns = range(len(program.costs))
    by_price = sorted(columns, key=lambda place: (abs(relaxed.column_duals[place]), place))
    lower, upper = list(program.lower), list(program.upper)
    for number in _NEIGHBOURS:
        for place in by_price[number:]:
            program.lower[place] = program.upper[place] = float(round(relaxed.values[place]))
        found = None
        if number < len(columns):
            with suppress(Unsolved):
                found = program.whole(True, columns, nodes=_NODES, relative_gap=1e-4)
        program.lower, program.upper = list(lower), list(upper)
        if found is not None:
            return found
    if len(columns) > _LARGE:
        raise Unsolved("too large for branch and bound")
    try:
        return program.whole(True, columns, nodes=_NODES, relative_gap=1e-4)
    except Unsolved:
        program.costs = [0.0] * len(columns)
        return program.whole(True, columns, nodes=_MANY_NODES)


def _hash(text: str) -> float:
    """Between 0 and 1, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32
