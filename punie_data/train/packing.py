"""Short conversations one behind the other in one sequence, so that little is padding; each sees itself alone.

What one sees of the others is masked out (Krell et al., "Efficient Sequence Packing without Cross-contamination", 2021); positions run on, which rotary
embeddings don't mind, since only distances count there: losses are those of the conversations alone. It is for rows of many lengths that begin differently;
where batches share a beginning, computing that once saves more, and the two exclude each other.
"""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from punie_data.dialects.mask import Masked

if TYPE_CHECKING:
    import mlx.core as mx

WINDOW = 512
"""Conversations that are packed together: enough to fill the sequences, few enough that what stands together stays by chance."""


def packed(sequences: Sequence[Masked], longest: int, seed: int) -> tuple[Masked, ...]:
    """All of them, in as few sequences of at most `longest` tokens as first-fit decreasing finds; the same for the same seed."""
    order = list(range(len(sequences)))
    Random(f"{seed}:packing").shuffle(order)
    found: list[Masked] = []
    for start in range(0, len(order), WINDOW):
        some = sorted(order[start : start + WINDOW], key=lambda index: -len(sequences[index].tokens))
        rooms: list[int] = []
        groups: list[list[int]] = []
        for index in some:
            need = len(sequences[index].tokens)
            place = next((at for at, room in enumerate(rooms) if room >= need), None)
            if place is None:
                rooms.append(longest - need)
                groups.append([index])
            else:
                rooms[place] -= need
                groups[place].append(index)
        found += [_joined([sequences[index] for index in group]) for group in groups]
    return tuple(found)


def _joined(group: Sequence[Masked]) -> Masked:
    if len(group) == 1:
        return group[0]
    tokens: list[int] = []
    turns: list[tuple[int, int]] = []
    weights: list[float] = []
    for one in group:
        turns += [(len(tokens) + start, len(tokens) + end) for start, end in one.turns]
        weights += one.weights or [1.0] * len(one.turns)
        tokens += one.tokens
    uneven = tuple(weights) if any(one.weights for one in group) else ()
    parts = tuple(len(one.tokens) for one in group)
    return Masked(tuple(tokens), tuple(turns), weights=uneven, parts=parts, opening=group[0].opening)


def parts(sequence: Masked, width: int) -> list[int]:
    """For each of `width` positions the number of the conversation that it belongs to, 0 behind the last."""
    sizes = sequence.parts or (len(sequence.tokens),)
    found = [number for number, size in enumerate(sizes, 1) for _ in range(size)]
    return [*found[:width], *[0] * (width - len(found))]


class Apart:
    """One layer's cache, with the interface of mlx-lm's: it keeps nothing, and its mask keeps conversations apart."""

    offset = 0

    def __init__(self, belongs: "mx.array") -> None:
        """`belongs` [batch, width]: the number of each position's conversation."""
        import mlx.core as mx

        width = belongs.shape[1]
        before = mx.arange(width)[:, None] >= mx.arange(width)[None]
        self._mask = ((belongs[:, :, None] == belongs[:, None, :]) & before)[:, None]

    def update_and_fetch(self, keys: "mx.array", values: "mx.array") -> "tuple[mx.array, mx.array]":
        return keys, values

    def make_mask(self, count: int, **_: Any) -> "mx.array":
        """[batch, 1, width, width]: what each position sees."""
        return self._mask
