"""What chance does to figures: how far a new run may lie from earlier ones, and whether two systems differ.

Student (1908), The probable error of a mean; the prediction interval of one more observation; Welch (1947), The generalization of Student's problem;
Fisher's exact test (1935). Student's distribution in closed form for whole degrees of freedom: Abramowitz and Stegun, 26.7.3 and 26.7.4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """`mean` of so many `runs`; `half` is half the width of its interval of 95 %, None where one run can't tell."""

    runs: int
    mean: float
    half: float | None


def spread(values: Sequence[float]) -> Spread:
    if len(values) < 2:
        return Spread(len(values), fmean(values), None)
    half = student_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Spread(len(values), fmean(values), half)


def expected(earlier: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Where one more run lies with so much confidence, if it is like the earlier ones. None for fewer than two of them."""
    if len(earlier) < 2:
        return None
    half = student_quantile(len(earlier) - 1, confidence) * stdev(earlier) * math.sqrt(1 + 1 / len(earlier))
    return fmean(earlier) - half, fmean(earlier) + half


def difference(
    first: Sequence[float], second: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Welch's interval for how much more the second is on average. None where either has fewer than two runs."""
    if min(len(first), len(second)) < 2:
        return None
    parts = [stdev(values) ** 2 / len(values) for values in (first, second)]
    apart, error = fmean(second) - fmean(first), math.sqrt(sum(parts))
    if not error:
        return apart, apart
    sizes = [len(values) - 1 for values in (first, second)]
    freedom = sum(parts) ** 2 / sum(part**2 / size for part, size in zip(parts, sizes, strict=True))
    half = (
        student_quantile(max(1, math.floor(freedom)), confidence) * error
    )  # rounded down: the wider interval
    return apart - half, apart + half


def student_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t with which an interval on both sides has so much confidence: 12.71 for one degree of freedom, 1.96 for many."""
    low, high = 0.0, 1.0
    while _between(high, freedom) < confidence:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def _between(t: float, freedom: int) -> float:
    """The probability that Student's t lies between −t and t."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    total, term = 0.0, 1.0
    if freedom % 2:
        if freedom == 1:
            return 2 * angle / math.pi
        term = cosine
        for k in range(1, freedom - 1, 2):
            total += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        return 2 / math.pi * (angle + sine * total)
    for k in range(0, freedom - 1, 2):
        total += term
        term *= cosine * cosine * (k + 1) / (k + 2)
    return sine * total


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The two-sided p-value for two shares, each (passed, total), that were not asked the same queries."""
    (passed, total), (other, others) = first, second
    whole, hits = total + others, passed + other

    def logarithm(count: int) -> float:
        return _choose(total, count) + _choose(others, hits - count) - _choose(whole, hits)

    seen = logarithm(passed)
    counts = range(max(0, hits - others), min(total, hits) + 1)
    return min(1.0, math.fsum(math.exp(one) for c in counts if (one := logarithm(c)) <= seen + 1e-9))


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
