"""A run's losses as a line of the terminal."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
MOST = 60


def sparkline(values: Sequence[float], most: int = MOST) -> str:
    """A bar a value, the lowest the least; of more than `most` values each bar is the mean of its share of them."""
    shares = [
        values[at * len(values) // most : max((at + 1) * len(values) // most, at * len(values) // most + 1)]
        for at in range(most)
    ]
    shown = list(values) if len(values) <= most else [sum(share) / len(share) for share in shares]
    low, high = min(shown), max(shown)
    if high == low:
        return BARS[0] * len(shown)
    return "".join(BARS[round((value - low) / (high - low) * (len(BARS) - 1))] for value in shown)
