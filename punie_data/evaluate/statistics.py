"""What a handful of queries can show: intervals, paired tests, and how many queries a difference would take.

Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. McNemar, Q. (1947). Note on the sampling error of the
difference between correlated proportions. The number of pairs: Connor, R. J. (1987). Sample size for testing differences in proportions for the
paired-sample design. Several tests at once: Holm, S. (1979). A simple sequentially rejective multiple test procedure. Intervals of differences: Efron, B.
(1979). Bootstrap methods: another look at the jackknife; and, where a bootstrap of few queries that all agree would say that there is no doubt at all,
Newcombe, R. G. (1998). Improved confidence intervals for the difference between binomial proportions based on paired data (method 10).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95
POWER = 0.8
RESAMPLES = 10_000
_STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t at 97.5 % with 1, 2, … 30 degrees of freedom; beyond, the last one, which is a little wide."""


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


def paired_difference(both: int, only_first: int, only_second: int, neither: int) -> tuple[float, float]:
    """The 95 % interval of the second's share less the first's on the same queries, after Newcombe: (nan, nan) of no queries at all."""
    total = both + only_first + only_second + neither
    if not total:
        return math.nan, math.nan
    first, second = wilson(both + only_first, total), wilson(both + only_second, total)
    margins = math.prod((both + only_first, only_second + neither, both + only_second, only_first + neither))
    excess = both * neither - only_first * only_second
    excess = max(excess - total / 2, 0) if excess > 0 else excess
    correlation = excess / math.sqrt(margins) if margins else 0.0

    def reach(one: float, other: float) -> float:
        return math.sqrt(max(one * one - 2 * correlation * one * other + other * other, 0.0))

    difference = second.share - first.share
    return (
        difference - reach(second.share - second.low, first.high - first.share),
        difference + reach(second.high - second.share, first.share - first.low),
    )


def queries_needed(only_first: int, only_second: int, total: int, tests: int = 1) -> int | None:
    """How many queries would show a difference like the one seen, at 5 % over a family of so many tests and with a power of 80 %; None where none was
    seen."""
    if not total or only_first == only_second:
        return None
    differing = (only_first + only_second) / total
    difference = abs(only_first - only_second) / total
    z_confidence, z_power = (
        NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / tests),
        NormalDist().inv_cdf(POWER),
    )
    root = z_confidence * math.sqrt(differing) + z_power * math.sqrt(max(differing - difference**2, 0.0))
    return math.ceil((root / difference) ** 2)


def queries_to_settle(share: float, threshold: float, total: int) -> int | None:
    """How many queries would put Wilson's interval of such a share wholly on one side of a threshold, with a power of 80 %; None where they are equal.

    `total` is how many there are already and did not do.
    """
    distance = abs(share - threshold)
    if not distance:
        return None
    z_confidence, z_power = NormalDist().inv_cdf((1 + CONFIDENCE) / 2), NormalDist().inv_cdf(POWER)
    root = z_confidence * math.sqrt(threshold * (1 - threshold)) + z_power * math.sqrt(share * (1 - share))
    return max(math.ceil((root / distance) ** 2), total + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of a family of tests, each raised so that calling those under 5 % differences is wrong about any of them in 5 % of all families."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, number in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[number]))
        adjusted[number] = highest
    return adjusted


def bootstrap(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of `values`, by drawing as many of them again and again; the same seed gives the same ends.

    For a paired difference `values` are the differences, one a query. With no values at all nothing is known: (nan, nan).
    """
    import numpy

    if not len(values):
        return math.nan, math.nan
    different, counts = numpy.unique(numpy.asarray(values, dtype=float), return_counts=True)
    generator = numpy.random.default_rng(seed)
    step = max(1, 2_000_000 // len(different))
    means = numpy.concatenate(
        [
            generator.multinomial(len(values), counts / len(values), min(step, resamples - start)) @ different
            for start in range(0, resamples, step)
        ]
    ) / len(values)
    low, high = numpy.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def student_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the mean of a few measurements after Student; None of fewer than two, which tell nothing of how much they vary."""
    if len(values) < 2:
        return None
    mean = fmean(values)
    factor = _STUDENT[len(values) - 2] if len(values) - 1 <= len(_STUDENT) else _STUDENT[-1]
    spread = factor * stdev(values) / math.sqrt(len(values))
    return mean - spread, mean + spread
