"""Training by several processes at once, started by `mlx.launch`: each takes its share of every batch, and the gradients are summed.

    mlx.launch -n 2 --backend ring punie-data train …

All processes hold the same weights and the same optimizer and go through the same batches, so that the outcome is that of one process, up to the order of float
additions. Only the first writes. They read one folder: on more machines it has to be one that all of them share.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

LAUNCHED = ("MLX_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""One of them is set where a launcher started this process."""
One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class World:
    """`group` is mlx's; None where there is only this process."""

    rank: int = 0
    size: int = 1
    group: Any = None

    @property
    def writes(self) -> bool:
        return self.rank == 0

    def share(self, batch: Sequence[One]) -> Sequence[One]:
        """This process's part, which may be empty; all parts together are the batch."""
        return batch[self.rank :: self.size]

    def parts(self, batches: Sequence[Sequence[One]]) -> list[Sequence[One]]:
        """This process's part of a step's batches: whole ones where there is one for each process, its share of every one otherwise."""
        if len(batches) >= self.size:
            return list(self.share(batches))
        return [own for own in map(self.share, batches) if own]

    def sums(self, *numbers: float) -> list[float]:
        """Each number summed over all processes, which all have to call this."""
        if self.group is None:
            return list(numbers)
        import mlx.core as mx

        found: Any = mx.distributed.all_sum(
            mx.array(numbers, mx.float32), group=self.group, stream=mx.cpu
        ).tolist()
        return found

    def summed(self, gradients: Any) -> Any:
        """A tree of arrays, summed over all processes."""
        if self.group is None:
            return gradients
        import mlx.nn as nn
        from mlx.utils import tree_map

        return tree_map(lambda array: array * self.size, nn.average_gradients(gradients, self.group))

    def first_s(self, *numbers: float) -> list[float]:
        """The first process's numbers, in all of them."""
        return self.sums(*(number if self.writes else 0.0 for number in numbers))


def world() -> World:
    """Who is there: this process alone unless a launcher started it."""
    if not any(os.environ.get(name) for name in LAUNCHED):
        return World()
    import mlx.core as mx

    group = mx.distributed.init()
    return World(group.rank(), group.size(), group) if group.size() > 1 else World()
