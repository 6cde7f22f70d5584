"""A beginning that all conversations of a batch share is computed once.

The system prompt with its tools is most of a short conversation, and the same in every one that was offered the same tools. The batch's common
beginning goes through the model alone; its keys and values then stand before those of every conversation, as a prompt cache does in generation.
Gradients flow through both, so that loss and gradients are those of the whole sequences, up to the order of float additions.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from punie_data.dialects.mask import Masked

if TYPE_CHECKING:
    import mlx.core as mx

SHORTEST = 16
"""A shorter beginning is not worth a pass of its own."""


class Beginning:
    """One layer's cache, with the interface of mlx-lm's: it takes the beginning's keys and values, then puts them before those of a batch."""

    def __init__(self) -> None:
        self.offset = 0
        self._keys: Any = None
        self._values: Any = None

    def update_and_fetch(self, keys: "mx.array", values: "mx.array") -> "tuple[mx.array, mx.array]":
        import mlx.core as mx

        if self._keys is None:
            self._keys, self._values = keys, values
            return keys, values
        found = []
        for before, behind in ((self._keys, keys), (self._values, values)):
            spread = mx.broadcast_to(before, (behind.shape[0], *before.shape[1:]))
            found.append(mx.concatenate([spread, behind], axis=2))
        return found[0], found[1]

    def make_mask(self, count: int, **_: Any) -> str | None:
        """Causal, aligned at the end: each position sees all of the beginning."""
        return "causal" if count > 1 else None


def hidden(model: Any, beginning: "mx.array", inputs: "mx.array") -> "mx.array":
    """The last layer's output [batch, width, d] of `inputs` [batch, width], each of which follows `beginning` [length]."""
    if not beginning.size:
        return model.model(inputs)
    caches = [Beginning() for _ in model.layers]
    model.model(beginning[None], cache=caches)
    for cache in caches:
        cache.offset = beginning.size
    return model.model(inputs, cache=caches)


def can_share(model: Any) -> bool:
    """Whether attention is all that the model's layers remember: not so in state-space layers, nor where attention looks back only so far."""
    from mlx_lm.models.cache import KVCache, make_prompt_cache

    return all(type(cache) is KVCache for cache in make_prompt_cache(model))


def shared(sequences: Sequence[Masked]) -> int:
    """How many tokens all of them begin with, none of them learned nor the one before a learned one; 0 where that is not worth it."""
    if len(sequences) < 2:
        return 0
    most = min(sequence.turns[0][0] if sequence.turns else len(sequence.tokens) for sequence in sequences) - 1
    return common([sequence.tokens for sequence in sequences], most)


def common(tokens: Sequence[Sequence[int]], most: int) -> int:
    """How many tokens all begin with, at most `most`; 0 where that is not worth a pass of its own. In sorted order the first and the last differ most."""
    low, high = min(tokens), max(tokens)
    length = next((at for at in range(most) if low[at] != high[at]), max(most, 0))
    return length if len(tokens) > 1 and length >= SHORTEST else 0


def alike(
    numbers: Iterable[int], size: int, head: Callable[[int], Hashable], length: Callable[[int], int]
) -> list[list[int]]:
    """Batches of at most `size`, each number once: those with the same head together, then what is left of all heads; both by length, as padding costs
    what it pads. `numbers` decide between those of one length.
    """
    groups: dict[Hashable, list[int]] = {}
    for number in numbers:
        groups.setdefault(head(number), []).append(number)
    found: list[list[int]] = []
    rest: list[int] = []
    for group in groups.values():
        group.sort(key=length)
        full = len(group) // size * size
        if len(group) - full >= max(2, size // 2):
            full = len(group)  # a smaller batch of one head costs less than places in mixed ones
        found += [group[at : min(at + size, full)] for at in range(0, full, size)]
        rest += group[full:]
    rest.sort(key=length)
    return found + [rest[at : at + size] for at in range(0, len(rest), size)]
