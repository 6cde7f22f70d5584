"""The order of rows in which batches waste little and hold every kind.

mlx-lm takes the file's order for the order of lengths, and each run of `batch_size` rows for a batch; the rows behind the last whole batch are
never read.
"""

from array import array
from collections.abc import Sequence

PAD_TO = 32
"""mlx-lm fills a batch up to one more than a multiple of this."""


def order(lengths: Sequence[int], kinds: Sequence[int], batch_size: int) -> list[int]:
    """The positions of the rows in their new order.

    Each kind is sorted by length, and the kinds are merged by rank: a row stands at the share of its kind that is shorter than it. So every window
    holds the kinds in about their shares, and in each window stand rows of the same rank. Rows that fill no batch are taken from all over the
    order and stand at its end.
    """
    by_kind: dict[int, list[int]] = {}
    for number in sorted(range(len(lengths)), key=lambda number: (lengths[number], number)):
        by_kind.setdefault(kinds[number], []).append(number)
    ranks = array("d", bytes(8 * len(lengths)))
    for members in by_kind.values():
        for place, number in enumerate(members):
            ranks[number] = (place + 0.5) / len(members)
    merged = sorted(
        range(len(lengths)), key=lambda number: (ranks[number], lengths[number], kinds[number], number)
    )
    over = len(merged) % batch_size
    if not over or len(merged) < batch_size:
        return merged
    spread = {len(merged) * (2 * place + 1) // (2 * over) for place in range(over)}
    return [n for at, n in enumerate(merged) if at not in spread] + [merged[at] for at in sorted(spread)]


def padding(lengths: Sequence[int], batch_size: int, max_seq_length: int) -> float:
    """The share of a run's tokens that are padding, for batches in this order; 0.0 where there is no whole batch."""
    filled = total = 0
    for start in range(0, len(lengths) - batch_size + 1, batch_size):
        batch = lengths[start : start + batch_size]
        width = min(1 + PAD_TO * ((max(batch) + PAD_TO - 1) // PAD_TO), max_seq_length)
        total += width * batch_size
        filled += sum(min(length, max_seq_length) for length in batch)
    return 1 - filled / total if total else 0.0
