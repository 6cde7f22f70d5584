"""How many rows each cell may keep when there are more than are wanted: fair shares, the same on every run."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

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
