"""How much worse a system is on the twins than on the queries that they are twins of: what it owes to names that it knows by heart.

The interval of the difference: Newcombe, R. G. (1998). Improved confidence intervals for the difference between binomial proportions based on paired
data, method 10. The test: McNemar's, exact.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from punie_data.errors import UserError
from punie_data.evaluate.statistics import Share, mcnemar, wilson

MARGIN = 3.0
"""Points within which twins are as good as their originals."""
Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Gap:
    """Of a group of pairs that both were scored. `points` is what is lost on the twins, `low` and `high` are its 95 % interval; `only_original` are
    pairs of which only the original was right.
    """

    group: str
    original: Share
    twins: Share
    only_original: int
    only_twin: int
    points: float
    low: float
    high: float
    p: float

    def verdict(self, margin: float = MARGIN) -> str:
        """A sentence."""
        interval = f"{self.low:+.1f} to {self.high:+.1f}"
        if self.points <= margin:
            proof = "" if self.high <= margin else ", which is not proved: the interval reaches beyond"
            return f"within {margin:g} points ({interval}){proof}"
        if self.p < 0.05:
            return f"the twins are {self.points:.1f} points worse ({interval}, p = {self.p:.2g}): names were learned by heart"
        return f"{self.points:.1f} points worse ({interval}), which may be chance (p = {self.p:.2f})"


def pairs(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The ids, query → twin, of a suite of twins. UserError where the suite is none."""
    found = manifest.get("suite", {}).get("twins")
    if found is None:
        raise UserError("that is no suite of twins: name one that `suite twins` wrote")
    return dict(found["pairs"])


def twin_gap(original: Rows, twins: Rows, paired: Mapping[str, str]) -> list[Gap]:
    """Over all pairs, then over each kind. `original` and `twins` are rows of results by query. UserError where no pair was scored in both."""
    both = [
        (original[one], twins[other])
        for one, other in sorted(paired.items())
        if one in original
        and other in twins
        and not original[one]["unscored"]
        and not twins[other]["unscored"]
    ]
    if not both:
        raise UserError("the two evaluations share no pair: one must have asked a suite, the other its twins")
    kinds = sorted({one["kind"] for one, _ in both})
    return [_gap("all", both)] + [
        _gap(kind, [pair for pair in both if pair[0]["kind"] == kind]) for kind in kinds
    ]


def _gap(group: str, both: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Gap:
    outcomes = [(bool(one["strict"]), bool(other["strict"])) for one, other in both]
    total = len(outcomes)
    only_original = outcomes.count((True, False))
    only_twin = outcomes.count((False, True))
    original = wilson(sum(one for one, _ in outcomes), total)
    twins = wilson(sum(other for _, other in outcomes), total)
    low, high = _interval(original, twins, outcomes.count((True, True)), only_original, only_twin)
    points = 100 * (only_original - only_twin) / total
    return Gap(
        group,
        original,
        twins,
        only_original,
        only_twin,
        points,
        100 * low,
        100 * high,
        mcnemar(only_original, only_twin),
    )


def _interval(
    first: Share, second: Share, both: int, only_first: int, only_second: int
) -> tuple[float, float]:
    """Of the difference of two paired shares."""
    neither = first.total - both - only_first - only_second
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    numerator = both * neither - only_first * only_second
    if numerator > 0:
        numerator = max(0.0, numerator - first.total / 2)
    correlation = numerator / math.sqrt(margins) if margins else 0.0
    difference = first.share - second.share

    def spread(down: float, up: float) -> float:
        return math.sqrt(max(0.0, down**2 - 2 * correlation * down * up + up**2))

    low = difference - spread(first.share - first.low, second.high - second.share)
    high = difference + spread(first.high - first.share, second.share - second.low)
    return max(-1.0, low), min(1.0, high)
