"""What a handful of queries can show: intervals, paired tests, and how many queries a difference would take.

Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. McNemar, Q. (1947). Note on the sampling error of the
difference between correlated proportions. The number of pairs: Connor, R. J. (1987). Sample size for testing differences in proportions for the
paired-sample design.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Share:
    """`passed` of `total`, with the Wilson interval of the share; with no queries at all everything is possible."""

    passed: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.passed / self.total if self.total else 0.0


def wilson(passed: int, total: int, confidence: float = CONFIDENCE) -> Share:
    if not total:
        return Share(0, 0, 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = passed / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # The ends are exact where all or none passed, which rounding would spoil.
    low = 0.0 if passed == 0 else (middle - spread) / scale
    high = 1.0 if passed == total else (middle + spread) / scale
    return Share(passed, total, low, high)


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p-value of McNemar's exact test: how likely so uneven a split of the queries on which two systems differ is by chance."""
    differing = only_first + only_second
    if not differing:
        return 1.0
    fewer = min(only_first, only_second)
    tail = sum(math.comb(differing, k) for k in range(fewer + 1)) / 2**differing
    return min(1.0, 2 * tail)


def queries_needed(only_first: int, only_second: int, total: int) -> int | None:
    """How many queries would show a difference like the one seen, at 5 % and with a power of 80 %; None where none was seen."""
    if not total or only_first == only_second:
        return None
    differing = (only_first + only_second) / total
    difference = abs(only_first - only_second) / total
    z_confidence, z_power = NormalDist().inv_cdf((1 + CONFIDENCE) / 2), NormalDist().inv_cdf(POWER)
    root = z_confidence * math.sqrt(differing) + z_power * math.sqrt(max(differing - difference**2, 0.0))
    return math.ceil((root / difference) ** 2)
