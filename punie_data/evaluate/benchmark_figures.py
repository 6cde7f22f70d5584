"""What public benchmarks report, of the rows of an evaluation.

BFCL (bfcl-eval 2026.3.23, `eval_runner_helper.py`): accuracy per category. *AST accuracy* is the share of queries whose calls its checker takes for the
gold ones; of the categories that BFCL wrote itself the plain mean over categories, of the live ones the share over all queries together. *Irrelevance
accuracy* is the share of queries without a fitting tool in whose answer there is no call; over both categories the plain mean. BFCL counts output that
it can't read as no call (gorilla #1362); here that is wrong, and how many they are is said.

When2Call (arXiv 2504.18851, and the `additional_metrics.py` of its repository): *macro F1* is the plain mean of each kind's F1 = 2PR / (P + R), over
the kinds that were right or decided somewhere, as scikit-learn averages; 0 where a kind never was both. *Tool hallucination* is the share of calls
among the queries that are to be declined and offer no tool at all. `called_where_none_fits` is the same of all that are to be declined.
What can't be read is none of the kinds: it costs recall, and has no precision of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from punie_data.chat import KINDS
from punie_data.evaluate.benchmark import Benchmark
from punie_data.evaluate.bfcl import CALLS, NO_CALLS
from punie_data.evaluate.queries import Query
from punie_data.evaluate.statistics import wilson

Row = Mapping[str, Any]


def figures(manifest: Mapping[str, Any], asked: Sequence[Query], rows: Sequence[Row]) -> dict[str, Any]:
    """`{"benchmark": {…}}` of a suite that is a benchmark's, {} of any other. `rows` are those of the queries; the unscored ones are left out."""
    name = Benchmark(manifest).name
    pairs = [(query, row) for query, row in zip(asked, rows, strict=True) if not row["unscored"]]
    if name == "bfcl":
        return {"benchmark": {"name": name, **bfcl([row for _, row in pairs])}}
    if name == "when2call":
        toolless = frozenset(query.id for query, _ in pairs if not query.tools)
        return {"benchmark": {"name": name, **when2call([row for _, row in pairs], toolless)}}
    return {}


def bfcl(rows: Sequence[Row]) -> dict[str, Any]:
    """Shares by category, and the means over those categories of a group that were asked."""
    by_category = {
        category: share([row["strict"] for row in rows if row["category"] == category])
        for category in (*CALLS, *NO_CALLS)
        if any(row["category"] == category for row in rows)
    }
    own = [name for name in by_category if name in CALLS and not name.startswith("live_")]
    live = [name for name in by_category if name in CALLS and name.startswith("live_")]
    none = [name for name in by_category if name in NO_CALLS]
    found: dict[str, Any] = {"by_category": by_category}
    if own:
        found["ast"] = _mean([by_category[name] for name in own])
    if live:
        found["live_ast"] = share([row["strict"] for row in rows if row["category"] in live])
    if none:
        found["irrelevance"] = _mean([by_category[name] for name in none])
        found["malformed_on_irrelevance"] = sum(
            row["decided"] == "malformed" for row in rows if row["category"] in none
        )
    return found


def when2call(rows: Sequence[Row], toolless: frozenset[str]) -> dict[str, Any]:
    """`toolless` are the ids of the queries that offer no tool. `confusion` is by the right kind, then by what was decided."""
    decisions = [(row["kind"], row["decided"]) for row in rows]
    declined = [row for row in rows if row["kind"] == "cannot"]
    found: dict[str, Any] = {
        "macro_f1": macro_f1(decisions),
        "accuracy": share([kind == decided for kind, decided in decisions]),
        "by_kind": {kind: f1(decisions, kind) for kind in _kinds(decisions)},
        "confusion": confusion(decisions),
        "tool_hallucination": share([row["decided"] == "tool" for row in declined if row["id"] in toolless]),
        "called_where_none_fits": share([row["decided"] == "tool" for row in declined]),
    }
    return found


def macro_f1(decisions: Sequence[tuple[str, str]]) -> float:
    """0 where there are no decisions."""
    kinds = _kinds(decisions)
    return round(sum(f1(decisions, kind)["f1"] for kind in kinds) / len(kinds), 4) if kinds else 0.0


def f1(decisions: Sequence[tuple[str, str]], kind: str) -> dict[str, float]:
    """Of (right, decided) pairs: precision, recall and F1 of one kind, each 0 where it has no denominator."""
    both = sum(right == decided == kind for right, decided in decisions)
    wanted = sum(right == kind for right, _ in decisions)
    given = sum(decided == kind for _, decided in decisions)
    return {
        "precision": both / given if given else 0.0,
        "recall": both / wanted if wanted else 0.0,
        "f1": 2 * both / (wanted + given) if wanted + given else 0.0,
    }


def confusion(decisions: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Right kind → decided → how many, zeros for those of the four kinds that occur."""
    others = sorted({decided for _, decided in decisions} - set(KINDS))
    columns = [*_kinds(decisions), *others]
    return {
        right: {decided: decisions.count((right, decided)) for decided in columns}
        for right in KINDS
        if any(kind == right for kind, _ in decisions)
    }


def share(passed: Sequence[bool]) -> dict[str, Any]:
    """As the shares of a summary."""
    found = wilson(sum(passed), len(passed))
    return {"passed": found.passed, "total": found.total, "low": round(found.low, 4), "high": round(found.high, 4)}  # fmt: skip


def _kinds(decisions: Sequence[tuple[str, str]]) -> list[str]:
    return [kind for kind in KINDS if any(kind in pair for pair in decisions)]


def _mean(shares: Sequence[Mapping[str, Any]]) -> float:
    return round(sum(one["passed"] / one["total"] for one in shares) / len(shares), 4)
