"""Systems that were asked the same queries, side by side: is one better, or is it chance?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.errors import UserError
from punie_data.evaluate.run import RESULTS, SUMMARY
from punie_data.evaluate.score import LAYERS, reached
from punie_data.evaluate.statistics import (
    CONFIDENCE,
    Share,
    bootstrap,
    holm,
    mcnemar,
    paired_difference,
    queries_needed,
    wilson,
)

Row = Mapping[str, Any]
Rows = Mapping[str, Row]
AXES = ("all", "layer", "kind", "category", "repo")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What evaluate wrote of one system: its summary, and its rows by query."""

    name: str
    summary: Mapping[str, Any]
    rows: Rows

    @property
    def weights(self) -> str:
        """The digest of the weights that answered, "" for a system that has none in reach."""
        return str(self.summary.get("system", {}).get("weights") or "")

    @property
    def unscored(self) -> int:
        return sum(bool(row["unscored"]) for row in self.rows.values())


@dataclass(frozen=True, slots=True)
class Group:
    """The queries of one kind, category, repository, or all; or, for a layer, what passed it and all before it. A share a system, in their order."""

    axis: str
    name: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two systems on a group of queries. `difference` is the second's share less the first's, with Newcombe's interval, and `bootstrap` is that of a paired
    bootstrap, which is too narrow where few queries differ, and none at all where none does. `adjusted` is `p` (McNemar's
    exact test) after Holm's correction over the family of tests that it belongs to: that of all pairs on all queries, or that of all others.
    `tests` is how large the family is.
    """

    first: str
    second: str
    axis: str
    group: str
    total: int
    only_first: int
    only_second: int
    p: float
    adjusted: float
    tests: int
    difference: float
    low: float
    high: float
    bootstrap: tuple[float, float]

    @property
    def distinguishable(self) -> bool:
        return self.adjusted < 1 - CONFIDENCE

    @property
    def better(self) -> str | None:
        """The name of the better one, None where chance would do as well."""
        if not self.distinguishable:
            return None
        return self.first if self.only_first > self.only_second else self.second

    @property
    def needed(self) -> int | None:
        """How many queries would tell the two apart, were the difference what it looks like; None where there is none."""
        return queries_needed(self.only_first, self.only_second, self.total, self.tests)

    @property
    def verdict(self) -> str:
        """A sentence."""
        if self.better:
            return f"{self.better} is better (p = {self.adjusted:.2g})"
        more = f"; about {self.needed:,} would be" if self.needed and self.needed > self.total else ""
        queries = "query" if self.total == 1 else "queries"
        return f"not distinguishable with {self.total:,} {queries} (p = {self.adjusted:.2f}){more}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one system did with a query. `failed` is the first layer that it failed in, "" for none."""

    right: bool
    decided: str
    failed: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with an outcome a system, in their order; None where the system was not scored on it."""

    id: str
    kind: str
    category: str
    repo: str
    outcomes: tuple[Outcome | None, ...]

    @property
    def differs(self) -> bool:
        """Whether some got it right and others wrong."""
        return len({outcome.right for outcome in self.outcomes if outcome}) > 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """`shared` counts the queries that every system was scored on: groups and pairs are of those alone. `notes` are what a reader must know besides."""

    systems: tuple[str, ...]
    suite: str
    shared: int
    groups: tuple[Group, ...]
    pairs: tuple[Pair, ...]
    queries: tuple[Asked, ...]
    notes: tuple[str, ...]

    def pair(self, one: str, other: str) -> Pair:
        """The two on all queries. KeyError where there is no such pair."""
        for pair in self.pairs:
            if pair.axis == "all" and {pair.first, pair.second} == {one, other}:
                return pair
        raise KeyError(f"{one} and {other}")


def load_results(folder: Path, name: str = "") -> Evaluation:
    """What evaluate wrote into a folder. UserError where that is none, or a row is none."""
    if not (folder / SUMMARY).is_file():
        raise UserError(f"{folder} holds no {SUMMARY}: name a folder that evaluate wrote")
    try:
        summary = orjson.loads((folder / SUMMARY).read_bytes())
        well = isinstance(summary["suite"]["sha256"], str) and isinstance(summary["system"], dict)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        well = False
    if not well:
        raise UserError(f"{folder / SUMMARY} is not what evaluate writes")
    rows: dict[str, Row] = {}
    for line in jsonl.read(folder / RESULTS):
        problem = line.problem or _problem(line.row)
        if not problem and line.row["id"] in rows:
            problem = f"the query {line.row['id']} stands here a second time"
        if problem:
            raise UserError(f"{folder / RESULTS}:{line.number}: {problem}")
        rows[line.row["id"]] = line.row
    return Evaluation(name or folder.resolve().name, summary, rows)


def _problem(row: Any) -> str:
    if not isinstance(row, dict) or not all(
        isinstance(row.get(key), str) for key in ("id", "kind", "category", "unscored")
    ):
        return "no result of evaluate"
    if row["unscored"]:
        return ""
    well = isinstance(row.get("strict"), bool) and isinstance(row.get("layers"), dict)
    return "" if well else "no result of evaluate: strict or layers is missing"


def compare(evaluations: Sequence[Evaluation], seed: int = 0) -> Comparison:
    """All systems by layer, kind, category and repository, all pairs tested, and each query. UserError where they were not asked the same suite."""
    names = [each.name for each in evaluations]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise UserError(f"two systems are called {double}: tell them apart with NAME=FOLDER")
    _same_suite(evaluations)
    first = evaluations[0]
    shared = [
        key
        for key in first.rows
        if all(key in each.rows and not each.rows[key]["unscored"] for each in evaluations)
    ]
    if not shared:
        raise UserError(f"there is no query that {_listed(names)} were all scored on")
    passes = _passes(evaluations, shared)
    groups = tuple(
        Group(axis, name, tuple(wilson(sum(column), len(column)) for column in columns))
        for (axis, name), columns in passes.items()
    )
    everything = {key: row for each in reversed(evaluations) for key, row in each.rows.items()}
    queries = tuple(
        Asked(
            key,
            everything[key]["kind"],
            everything[key]["category"],
            str(everything[key].get("repo", "")),
            tuple(_outcome(each.rows.get(key)) for each in evaluations),
        )
        for key in sorted(everything)
    )
    return Comparison(
        tuple(names),
        str(first.summary["suite"].get("name", "")),
        len(shared),
        groups,
        tuple(_pairs(names, passes, seed)),
        queries,
        tuple(_notes(evaluations, len(shared), len(everything))),
    )


def _same_suite(evaluations: Sequence[Evaluation]) -> None:
    first = evaluations[0]
    for other in evaluations[1:]:
        suites = [each.summary["suite"] for each in (first, other)]
        if suites[0]["sha256"] != suites[1]["sha256"]:
            told = [f"{suite.get('name', '')} {str(suite['sha256'])[:8]}".strip() for suite in suites]
            raise UserError(
                f"{first.name} was asked {told[0]} and {other.name} {told[1]}: only results of the same suite can be paired"
            )


def _passes(evaluations: Sequence[Evaluation], shared: list[str]) -> dict[tuple[str, str], list[list[bool]]]:
    """(axis, group) → a column a system: whether each query of the group was passed. In the order in which they are shown."""
    groups: dict[tuple[str, str], list[str]] = {("all", "all"): shared}
    for axis in ("kind", "category", "repo"):
        for key in shared:
            groups.setdefault((axis, str(evaluations[0].rows[key].get(axis, ""))), []).append(key)
    found = {
        group: [[each.rows[key]["strict"] for key in keys] for each in evaluations]
        for group, keys in groups.items()
    }
    for layer in LAYERS:
        # Whether a layer applies may hang on the answer: what does for one system only can't be paired.
        counted = [[reached([each.rows[key]], layer) for key in shared] for each in evaluations]
        both = [n for n in range(len(shared)) if all(column[n][1] for column in counted)]
        if both:
            found["layer", layer] = [[bool(column[n][0]) for n in both] for column in counted]
    order = {layer: f"{number:03}" for number, layer in enumerate(LAYERS)}
    return dict(
        sorted(found.items(), key=lambda pair: (AXES.index(pair[0][0]), order.get(pair[0][1], pair[0][1])))
    )


def _pairs(names: list[str], passes: Mapping[tuple[str, str], list[list[bool]]], seed: int) -> list[Pair]:
    found: list[Pair] = []
    for family in (True, False):
        tested = []
        for (axis, group), columns in passes.items():
            if (axis == "all") is not family:
                continue
            for one, other in combinations(range(len(names)), 2):
                differences = [b - a for a, b in zip(columns[one], columns[other], strict=True)]
                tested.append((axis, group, one, other, differences, columns))
        p_values = [mcnemar(each[4].count(-1), each[4].count(1)) for each in tested]
        for (axis, group, one, other, differences, columns), p, adjusted in zip(
            tested, p_values, holm(p_values), strict=True
        ):
            neither = sum(not a and not b for a, b in zip(columns[one], columns[other], strict=True))
            low, high = paired_difference(
                differences.count(0) - neither, differences.count(-1), differences.count(1), neither
            )
            found.append(
                Pair(
                    first=names[one],
                    second=names[other],
                    axis=axis,
                    group=group,
                    total=len(differences),
                    only_first=differences.count(-1),
                    only_second=differences.count(1),
                    p=p,
                    adjusted=adjusted,
                    tests=len(tested),
                    difference=sum(differences) / len(differences),
                    low=low,
                    high=high,
                    bootstrap=bootstrap(differences, seed),
                )
            )
    return found


def _outcome(row: Row | None) -> Outcome | None:
    if row is None or row["unscored"]:
        return None
    failed = next((layer for layer, passed in row["layers"].items() if not passed), "")
    return Outcome(bool(row["strict"]), str(row.get("decided", "")), failed, str(row.get("explanation", "")))


def _notes(evaluations: Sequence[Evaluation], shared: int, queries: int) -> list[str]:
    notes = []
    if shared < queries:
        notes.append(
            f"{queries - shared} of {queries} queries were not scored for every system: what is compared is of the other {shared}"
        )
    by_weights: dict[str, list[str]] = {}
    for each in evaluations:
        if each.unscored:
            notes.append(f"{each.name}: {each.unscored} of {len(each.rows)} unscored, counted neither way")
        if each.weights:
            by_weights.setdefault(each.weights, []).append(each.name)
    notes += [
        f"{_listed(names)} were answered by the same weights" for names in by_weights.values() if names[1:]
    ]
    for key, told in (
        ("mode", "modes: what is right in one is not all that must be right in another"),
        ("dialect", "dialects"),
        ("system_prompt", "system prompts"),
    ):
        # An agent has none of these but a mode, and who is asked once has no mode.
        asked = [each.summary["system"] for each in evaluations]
        said = {str(system.get(key, "")) for system in asked if key == "mode" or key in system}
        if len(said) > 1:
            notes.append(f"they were asked in different {told}")
    return notes


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
