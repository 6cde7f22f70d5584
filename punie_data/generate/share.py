"""How many rows each cell may keep when there are more than are wanted: fair shares, the same on every run."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

QUOTA = 24
"""Rows of one generator from one repository, whatever there is room for: more of a kind teach little."""
ROOMY = 1000
"""A cap under which more is derived from each row than the rows that it is derived from leave room for."""
Cell = TypeVar("Cell", bound=Hashable)


def fair_shares(counts: Mapping[Cell, int], total: int) -> dict[Cell, int]:
    """At most `total` in all, no cell more than it has, and no cell cut below another that has more.

    Water filling: the level rises until the total is reached; what is left over goes to the first cells in their order.
    """
    shares = dict.fromkeys(counts, 0)
    open_cells = [cell for cell, count in counts.items() if count]
    left = min(total, sum(counts.values()))
    while left and open_cells:
        level = left // len(open_cells)
        if level == 0:
            for cell in open_cells[:left]:
                shares[cell] += 1
            break
        for cell in open_cells:
            given = min(level, counts[cell] - shares[cell])
            shares[cell] += given
            left -= given
        open_cells = [cell for cell in open_cells if shares[cell] < counts[cell]]
    return shares


def quotas(cap: int, generators: int) -> tuple[int, int]:
    """(rows a generator, rows that each derived generator makes of one generator's): what the cap can't take need not be made.

    Seven derived generators follow each, and of what they may make some two thirds can be made.
    """
    derived = 2 if cap >= ROOMY else 1
    return max(1, min(QUOTA, round(cap / max(1, generators) - 4 * derived))), derived
