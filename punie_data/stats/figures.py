"""The figures: counts by axis and split, calls, lengths, duplicates, rejected rows. They add up, and they go into JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from punie_data.stats.whole import Whole

AXES = {
    "kind": "kinds",
    "category": "categories",
    "generator": "generators",
    "repository": "repositories",
    "licence": "licences",
    "tool": "tools",
}
"""What rows are counted by, singular → plural. A row counts once for each tool that it calls, and once on every other axis."""
QUANTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_MOST_BINS = 32


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose length is at least `first` and at most `last` tokens."""

    first: int
    last: int
    rows: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of rows in tokens; all 0 where there is no row. `whole` is None where nobody can say."""

    exact: bool
    how: str
    shortest: int = 0
    longest: int = 0
    total: int = 0
    quantiles: dict[str, int] = field(default_factory=dict)
    bins: tuple[Bin, ...] = ()
    whole: Whole | None = None


@dataclass(slots=True)
class Calls:
    """Of calls: all, those whose tool ended with another exit code than 0, those whose result was cut, and by `runs.State`.

    Of rows: by the number of their calls, and those that call two different tools or more.
    """

    calls: int = 0
    failed: int = 0
    truncated: int = 0
    states: Counter[str] = field(default_factory=Counter)
    rows_by_calls: Counter[int] = field(default_factory=Counter)
    rows_with_two_tools: int = 0


@dataclass(frozen=True, slots=True)
class Repeats:
    """Groups of rows that share something; `rows` of them could go without losing any of it."""

    groups: int = 0
    rows: int = 0


@dataclass(slots=True)
class Figures:
    """`parts` are rows by split. `axes[axis][value][part]` are rows. `not_rows` are lines that are no rows, `rejected` rows by reason."""

    name: str
    parts: dict[str, int]
    axes: dict[str, dict[str, dict[str, int]]]
    not_rows: int
    calls: Calls
    lengths: Lengths
    same_conversation: Repeats
    same_question: Repeats
    rejected: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.parts.values())

    def count(self, axis: str, value: str) -> int:
        return sum(self.axes[axis].get(value, {}).values())

    def ranked(self, axis: str) -> list[tuple[str, int]]:
        """The values of an axis with their rows, most rows first; kinds in their own order."""
        found = [(value, sum(parts.values())) for value, parts in self.axes[axis].items()]
        if axis == "kind":
            return found
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def share(self, rows: int) -> float:
        return rows / self.rows if self.rows else 0.0

    def to_json(self) -> dict[str, Any]:
        lengths = self.lengths
        return {
            "name": self.name,
            "rows": self.rows,
            "not_rows": self.not_rows,
            "splits": self.parts,
            **{
                plural: {
                    value: {
                        "rows": rows,
                        "share": round(self.share(rows), 4),
                        "splits": self.axes[axis][value],
                    }
                    for value, rows in self.ranked(axis)
                }
                for axis, plural in AXES.items()
            },
            "calls": {
                "calls": self.calls.calls,
                "failed": self.calls.failed,
                "truncated": self.calls.truncated,
                "results": dict(sorted(self.calls.states.items())),
                "rows_by_calls": {str(n): rows for n, rows in sorted(self.calls.rows_by_calls.items())},
                "rows_with_two_tools": self.calls.rows_with_two_tools,
            },
            "tokens": {
                "exact": lengths.exact,
                "how": lengths.how,
                "shortest": lengths.shortest,
                **lengths.quantiles,
                "longest": lengths.longest,
                "total": lengths.total,
                "whole": asdict(lengths.whole) if lengths.whole else None,
                "histogram": [{"from": b.first, "to": b.last, "rows": b.rows} for b in lengths.bins],
            },
            "duplicates": {
                name: {"groups": repeats.groups, "rows": repeats.rows}
                for name, repeats in (
                    ("same_conversation", self.same_conversation),
                    ("same_question", self.same_question),
                )
            },
            "rejected": {
                "rows": sum(self.rejected.values()),
                "reasons": dict(sorted(self.rejected.items(), key=lambda pair: (-pair[1], pair[0]))),
            },
        }


def lengths_of(values: Sequence[int], exact: bool, how: str) -> Lengths:
    """The summary of some lengths. A quantile is the smallest length that at least so many of the rows do not exceed."""
    if not values:
        return Lengths(exact, how)
    ordered = sorted(values)
    quantiles = {name: ordered[max(0, -int(-q * len(ordered) // 1) - 1)] for name, q in QUANTILES.items()}
    return Lengths(
        exact, how, ordered[0], ordered[-1], sum(ordered), quantiles, _bins(ordered, quantiles["p99"])
    )


def _bins(ordered: Sequence[int], p99: int) -> tuple[Bin, ...]:
    """Bins of one round width from 0 on; what lies far above the 99th percentile is in the last one, which is wider."""
    width = _round_width(p99 + 1)
    regular = p99 // width + 1
    counts = Counter(min(value // width, regular) for value in ordered)
    bins = [Bin(n * width, (n + 1) * width - 1, counts[n]) for n in range(regular)]
    if counts[regular]:
        bins.append(Bin(regular * width, ordered[-1], counts[regular]))
    return tuple(bins)


def _round_width(span: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … that covers `span` with so many bins as can be drawn."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power * _MOST_BINS >= span:
                return step * power
        power *= 10
