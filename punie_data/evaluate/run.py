"""`evaluate` is the story: from a suite and a system to `results.jsonl` and `summary.json`."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from punie_data import __version__, dataset, jsonl
from punie_data.chat import canonical
from punie_data.errors import UserError
from punie_data.evaluate.benchmark_figures import figures
from punie_data.evaluate.fingerprint import weights_digest
from punie_data.evaluate.kept import Kept
from punie_data.evaluate.queries import Query, queries
from punie_data.evaluate.score import LAYERS, Score, applying, reached, score_turn
from punie_data.evaluate.statistics import wilson
from punie_data.evaluate.systems import InProcess, Replies, Turn, conversation_of

__all__ = ["RESULTS", "SUMMARY", "evaluate", "evaluate_system", "summary_of", "weights_digest"]

RESULTS, SUMMARY = "results.jsonl", "summary.json"
DEEPEST = 60
Answered = tuple[int, dict[str, Any], bool]
"""The number of a query, what its row says besides what it asked, and whether asking again may say something else."""


def evaluate(
    suite: Path,
    model: Path,
    adapter: Path | None,
    dialect: str,
    system_prompt: str,
    out: Path,
    stage: Callable[[str, int], None],
    advance: Callable[[int], None],
    limit: int | None = None,
    most: int = 256,
    batch: int = 16,
    longest: int = 8192,
) -> dict[str, Any]:
    """Ask a model in process every query of `suite`; as `evaluate_system`."""
    system = InProcess(model, adapter, dialect, system_prompt, most, batch, longest)
    return evaluate_system(suite, system, out, stage, advance, limit)


def evaluate_system(
    suite: Path,
    system: Replies,
    out: Path,
    stage: Callable[[str, int], None],
    advance: Callable[[int], None],
    limit: int | None = None,
    mode: "Mode | None" = None,
) -> dict[str, Any]:
    """Ask every query of `suite`, write what was answered and how it is judged into `out`, and return the summary.

    A query that can't be put to the system, or that it does not answer, is `unscored`: neither right nor wrong, and counted. Rows are kept as they
    come: the same call after a kill asks only what was not answered yet.
    """
    asked = list(queries(suite, limit))
    if not asked:
        raise UserError(f"{suite} has no queries")
    stage("asking", len(asked))
    mode = mode or SingleTurn()
    digest = dataset.digest(suite)
    told = {**system.told(), **mode.told()}
    key = hashlib.sha256(canonical({"suite": digest, "system": told, "version": __version__})).hexdigest()
    with Kept(out, key) as kept:
        rows = dict(kept.rows)
        advance(len(rows))
        left = [number for number in range(len(asked)) if number not in rows]
        for at, found, again in mode.ask(system, [asked[number] for number in left]):
            number = left[at]
            rows[number] = writable(_asked(asked[number]) | found)
            if not again:
                kept.add(number, rows[number])
            advance(1)
        results = [rows[number] for number in range(len(asked))]
        summary = {
            "suite": {"name": suite.name, "sha256": digest, "queries": len(asked)},
            "system": told,
            **({"proof": proof} if (proof := system.proof()) else {}),
            **summary_of(results),
            **mode.summed(results),
            **figures(dataset.manifest_of(suite), asked, results),
        }
        out.mkdir(parents=True, exist_ok=True)
        jsonl.write(out / RESULTS, results)
        with jsonl.whole_file(out / SUMMARY) as file:
            file.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
        kept.finish()
    return summary


class Mode:
    """How queries are put to a system."""

    def told(self) -> dict[str, Any]:
        """What of it the answers depend on."""
        return {}

    def ask(self, system: Replies, asked: Sequence[Query]) -> Iterator[Answered]:
        raise NotImplementedError

    def summed(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What a summary says besides."""
        return {}


class SingleTurn(Mode):
    """The turn that counts, and nothing after it."""

    def ask(self, system: Replies, asked: Sequence[Query]) -> Iterator[Answered]:
        for number, turn in system.reply([conversation_of(query) for query in asked]):
            if turn.unscored:
                yield number, {"unscored": turn.unscored}, turn.again
            else:
                judged = score_turn(asked[number], turn.parsed, code_mode=system.dialect == "code")
                yield number, row_of(judged, turn.text, [turn]), False


def writable(value: Any, depth: int = 0) -> Any:
    """What a model may write, as JSON can be written: no half of a surrogate pair, no number beyond 64 bits, nothing nested without end."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict | list | tuple) and depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {str(writable(key)): writable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [writable(item, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value) if abs(value) < 10**40 else "…"
    return value


def _asked(query: Query) -> dict[str, Any]:
    return {
        "id": query.id,
        "kind": query.kind,
        "category": query.category,
        "repo": query.repo,
        "unscored": "",
    }


def row_of(judged: Score, text: str, turns: Sequence[Turn]) -> dict[str, Any]:
    """What a row says of an answer. Tokens and seconds are those of all turns."""
    return {
        "decided": judged.decided,
        "layers": dict(judged.layers),
        "strict": judged.strict,
        "explanation": judged.explanation,
        "text": text,
        "prompt_tokens": sum(turn.prompt_tokens for turn in turns),
        "tokens": sum(turn.tokens for turn in turns),
        "seconds": round(sum(turn.seconds for turn in turns), 4),
        "applies": list(judged.applies),
        "explanations": dict(judged.explanations),
        "answered": judged.answered,
    }


def summary_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shares with their intervals: of each layer, of all layers together by kind and category, and what was decided where."""
    scored = [row for row in rows if not row["unscored"]]
    told: dict[str, Any] = {
        "unscored": len(rows) - len(scored),
        "unscored_reasons": dict(Counter(row["unscored"] for row in rows if row["unscored"]).most_common(10)),
        "layers": {},
        "strict": _share([row["strict"] for row in scored]),
    }
    there = {layer for row in scored for layer in applying(row)} | set(LAYERS[:4])
    for layer in (layer for layer in LAYERS if layer in there):
        passed, total = reached(scored, layer)
        told["layers"][layer] = _told(passed, total)
    for key in ("kind", "category"):
        values = sorted({row[key] for row in scored})
        told[f"by_{key}"] = {
            value: _share([row["strict"] for row in scored if row[key] == value]) for value in values
        }
    confusion: dict[str, dict[str, int]] = {}
    for row in scored:
        decided = confusion.setdefault(row["kind"], {})
        decided[row["decided"]] = decided.get(row["decided"], 0) + 1
    told["decisions"] = {kind: dict(sorted(decided.items())) for kind, decided in sorted(confusion.items())}
    return told


def _share(passed: Sequence[bool]) -> dict[str, Any]:
    return _told(sum(passed), len(passed))


def _told(passed: int, total: int) -> dict[str, Any]:
    found = wilson(passed, total)
    return {
        "passed": found.passed,
        "total": found.total,
        "low": round(found.low, 4),
        "high": round(found.high, 4),
    }
