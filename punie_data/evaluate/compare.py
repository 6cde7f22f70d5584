"""Two systems on the same queries: is one better, or is it chance?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.errors import UserError
from punie_data.evaluate.run import RESULTS, SUMMARY
from punie_data.evaluate.statistics import CONFIDENCE, Share, mcnemar, queries_needed, wilson

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of a group of queries that both systems were asked and both were scored on. `only_first` are those that only the first got right."""

    group: str
    first: Share
    second: Share
    only_first: int
    only_second: int
    p: float

    @property
    def distinguishable(self) -> bool:
        return self.p < 1 - CONFIDENCE

    @property
    def verdict(self) -> str:
        """A sentence."""
        if self.distinguishable:
            better = "first" if self.only_first > self.only_second else "second"
            return f"the {better} is better (p = {self.p:.3g})"
        needed = queries_needed(self.only_first, self.only_second, self.first.total)
        more = f"; about {needed:,} would be" if needed and needed > self.first.total else ""
        return f"not distinguishable with {self.first.total:,} queries (p = {self.p:.2f}){more}"


def load_results(folder: Path) -> tuple[dict[str, Any], Rows]:
    """The summary and the rows by query. UserError where the folder holds no evaluation."""
    if not (folder / SUMMARY).is_file():
        raise UserError(f"{folder} holds no {SUMMARY}: name a folder that evaluate wrote")
    summary = orjson.loads((folder / SUMMARY).read_bytes())
    rows = {}
    for line in jsonl.read(folder / RESULTS):
        if line.problem:
            raise UserError(f"{folder / RESULTS}:{line.number}: {line.problem}")
        rows[line.row["id"]] = line.row
    return summary, rows


def compare(first: Rows, second: Rows) -> list[Comparison]:
    """Over all queries, then over each kind and each category. UserError where the two were not asked the same."""
    both = [
        key
        for key, row in first.items()
        if key in second and not row["unscored"] and not second[key]["unscored"]
    ]
    if not both:
        raise UserError("the two evaluations share no query: they were asked different suites")
    groups: dict[str, list[str]] = {"all": both}
    for key in both:
        for group in (first[key]["kind"], f"{first[key]['kind']}/{first[key]['category']}"):
            groups.setdefault(group, []).append(key)
    return [
        _compared(group, keys, first, second)
        for group, keys in sorted(groups.items(), key=lambda pair: (pair[0] != "all", pair[0]))
    ]


def _compared(group: str, keys: list[str], first: Rows, second: Rows) -> Comparison:
    ours, theirs = [first[key]["strict"] for key in keys], [second[key]["strict"] for key in keys]
    only_first = sum(a and not b for a, b in zip(ours, theirs, strict=True))
    only_second = sum(b and not a for a, b in zip(ours, theirs, strict=True))
    total = len(keys)
    return Comparison(
        group,
        wilson(sum(ours), total),
        wilson(sum(theirs), total),
        only_first,
        only_second,
        mcnemar(only_first, only_second),
    )
