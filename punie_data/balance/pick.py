"""Which rows of a cell stay: as many different generators, symbols, files and phrasings as there is room for.

A cell deals its places out like cards: one to each generator, then one more to each, until none is left; a generator deals its places out to its
symbols in the same way, a symbol to its files, a file to its phrasings. Who comes first is told by a hash of the seed, so that no letter of the alphabet is
favoured, and neither the order of the rows nor Python's own salted hash has a say.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from punie_data.balance.census import Census

if TYPE_CHECKING:
    import numpy


def pick(census: Census, cell_of: Sequence[int], kept: Sequence[int], seed: int = 0) -> bytes:
    """A byte for each row of the file: 1 where it stays. `cell_of` is the cell of each combination, `kept` how many rows of each cell stay."""
    import numpy

    cells = numpy.array(cell_of, dtype=numpy.int64)[numpy.frombuffer(census.of_row, dtype=numpy.uint32)]
    wanted = numpy.array(kept, dtype=numpy.int64)
    there = numpy.bincount(cells, minlength=len(wanted))
    stays = (wanted == there)[cells]
    torn = numpy.flatnonzero(~stays & (wanted > 0)[cells])
    if len(torn):
        stays[torn[_turn(census, cells[torn], torn, seed) < wanted[cells[torn]]]] = True
    return stays.tobytes()


def _turn(census: Census, cells: "numpy.ndarray", rows: "numpy.ndarray", seed: int) -> "numpy.ndarray":
    """When each of the rows has its turn in its cell: 0 is the first."""
    import numpy

    start = numpy.uint64(seed % 2**64)
    groups = [_mix(cells.astype(numpy.uint64) ^ _mix(start + numpy.uint64(1)))]
    for sums in census.spread:
        groups.append(_mix(groups[-1] ^ numpy.frombuffer(sums, dtype=numpy.uint32)[rows]))
    content = numpy.frombuffer(census.content, dtype=numpy.uint64)[rows]
    # A row's own number decides between two that are equal.
    turn = _place(groups[-1], (_mix(content ^ groups[-1]), rows))
    for inner, outer in zip(groups[:0:-1], groups[-2::-1], strict=True):
        turn = _place(outer, (turn, inner))
    return turn


def _place(group: "numpy.ndarray", order: tuple["numpy.ndarray", "numpy.ndarray"]) -> "numpy.ndarray":
    """Each row's place in its group when the group is ordered by the first of `order`, then by the second."""
    import numpy

    sorted_ = numpy.lexsort((order[1], order[0], group))
    ordered = group[sorted_]
    places = numpy.arange(len(group))
    first = numpy.ones(len(group), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    found = numpy.empty(len(group), dtype=numpy.int64)
    found[sorted_] = places - numpy.maximum.accumulate(numpy.where(first, places, 0))
    return found


def _mix(values: "numpy.ndarray | numpy.uint64") -> "numpy.ndarray":
    """SplitMix64's last step: similar numbers in, dissimilar numbers out."""
    import numpy

    with numpy.errstate(over="ignore"):
        values = numpy.asarray(values) + numpy.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return values ^ (values >> numpy.uint64(31))
