"""`evaluate` is the story: from a suite and a model to `results.jsonl` and `summary.json`."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset, jsonl
from punie_data.dialects.base import Refused
from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError
from punie_data.evaluate.generate import System
from punie_data.evaluate.queries import Query, queries, rendered
from punie_data.evaluate.score import LAYERS, reached, score
from punie_data.evaluate.statistics import wilson

RESULTS, SUMMARY = "results.jsonl", "summary.json"


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
    """Ask every query of `suite`, write what was answered and how it is judged into `out`, and return the summary.

    A query that can't be put to the model (too long, or its template refuses it) is `unscored`: neither right nor wrong, and counted.
    """
    asked = list(queries(suite, limit))
    if not asked:
        raise UserError(f"{suite} has no queries")
    stage("asking", len(asked))
    template = Template.load(model)
    prompts: list[list[int]] = []
    places: list[int] = []
    rows: list[dict[str, Any]] = []
    for number, query in enumerate(asked):
        prompt = _prompt(query, template, dialect, system_prompt, longest)
        rows.append(
            {
                "id": query.id,
                "kind": query.kind,
                "category": query.category,
                "repo": query.repo,
                "unscored": "",
            }
        )
        if isinstance(prompt, Refused):
            rows[number]["unscored"] = prompt.reason
            advance(1)
        else:
            prompts.append(prompt)
            places.append(number)
    system = System(model, adapter)
    for number, written in system.answer(prompts, most, batch):
        query, row = asked[places[number]], rows[places[number]]
        judged = score(query, written.text, dialect)
        row |= {
            "decided": judged.decided,
            "layers": dict(judged.layers),
            "strict": judged.strict,
            "explanation": judged.explanation,
            "text": written.text,
            "prompt_tokens": written.prompt_tokens,
            "tokens": written.tokens,
            "seconds": round(written.seconds, 4),
        }
        advance(1)
    summary = {
        "suite": {"name": suite.name, "sha256": dataset.digest(suite), "queries": len(asked)},
        "system": {
            "model": model.name,
            "adapter": adapter.name if adapter else None,
            "weights": weights_digest(model, adapter),
            "dialect": dialect,
            "system_prompt": system_prompt,
            "most_tokens": most,
        },
        **summary_of(rows),
    }
    out.mkdir(parents=True, exist_ok=True)
    jsonl.write(out / RESULTS, rows)
    with jsonl.whole_file(out / SUMMARY) as file:
        file.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    return summary


def summary_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shares with their intervals: of each layer, of all layers together by kind and category, and what was decided where."""
    scored = [row for row in rows if not row["unscored"]]
    told: dict[str, Any] = {
        "unscored": len(rows) - len(scored),
        "layers": {},
        "strict": _share([row["strict"] for row in scored]),
    }
    for layer in LAYERS:
        passed, total = reached(list(scored), layer)
        found = wilson(passed, total)
        told["layers"][layer] = {
            "passed": passed,
            "total": total,
            "low": round(found.low, 4),
            "high": round(found.high, 4),
        }
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
    found = wilson(sum(passed), len(passed))
    return {
        "passed": found.passed,
        "total": found.total,
        "low": round(found.low, 4),
        "high": round(found.high, 4),
    }


def _prompt(
    query: Query, template: Template, dialect: str, system_prompt: str, longest: int
) -> list[int] | Refused:
    found = rendered(query, dialect, system_prompt)
    if isinstance(found, Refused):
        return found
    try:
        tokens = template.encode(template.render(found.messages, found.tools, add_generation_prompt=True))
    except TemplateError as error:
        return Refused(f"the chat template refuses it: {error}")
    return Refused(f"longer than {longest} tokens") if len(tokens) > longest else tokens


def weights_digest(model: Path, adapter: Path | None) -> str:
    """The SHA-256 over the weights of the model and the adapter: the proof of which system answered."""
    whole = hashlib.sha256()
    for folder in filter(None, (model, adapter)):
        for file in sorted(folder.glob("*.safetensors")):
            whole.update(f"{file.name}:{dataset.digest(file)}\n".encode())
    return whole.hexdigest()
