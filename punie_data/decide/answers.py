"""What each system answered, as data of the page, with the question and what would be right where the suite's file is at hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset
from punie_data.errors import UserError
from punie_data.evaluate.compare import Comparison, Evaluation
from punie_data.evaluate.queries import Query, queries
from punie_data.report.embed import cut
from punie_data.resources import path_of

Turns = list[dict[str, Any]]


def suite_file(named: Path | None, evaluations: Sequence[Evaluation]) -> Path | None:
    """The file of the suite that was asked: the one named, or one of those that ship; None where it is neither.

    UserError where the one named is another one than was asked.
    """
    asked = evaluations[0].summary["suite"]["sha256"]
    if named is not None:
        if dataset.digest(named) != asked:
            raise UserError(
                f"{named} is not the suite that was asked ({asked[:8]}): its questions would be the wrong ones"
            )
        return named
    shipped = sorted(path_of("data", "suites").glob("*.jsonl"))
    return next((file for file in shipped if dataset.digest(file) == asked), None)


def answers(comparison: Comparison, evaluations: Sequence[Evaluation], suite: Path | None) -> dict[str, Any]:
    """`{"systems": […], "queries": [{id, kind, category, repo, question, gold, outcomes}]}`, an outcome a system."""
    asked = {query.id: query for query in queries(suite)} if suite is not None else {}
    return {
        "systems": list(comparison.systems),
        "queries": [
            {
                "id": each.id,
                "kind": each.kind,
                "category": each.category,
                "repo": each.repo,
                "question": _question(asked.get(each.id)),
                "gold": _gold(asked.get(each.id)),
                "outcomes": [_outcome(evaluation.rows.get(each.id)) for evaluation in evaluations],
            }
            for each in comparison.queries
        ],
    }


def _question(query: Query | None) -> str:
    if query is None:
        return ""
    asked = [message["content"] for message in query.prompt if message["role"] == "user"]
    return cut(str(asked[-1]))[0] if asked else ""


def _gold(query: Query | None) -> Turns:
    if query is None:
        return []
    return [_turn({"role": "assistant", "content": query.answer if not query.gold else "", "tool_calls": [
        {"function": {"name": call.name, "arguments": call.arguments}} for call in query.gold
    ]})]  # fmt: skip


def _outcome(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    if row["unscored"]:
        return {"unscored": cut(row["unscored"])[0]}
    why = row.get("explanations") or {}
    first = next((layer for layer, passed in row["layers"].items() if not passed), "")
    layers = [
        [
            layer,
            bool(passed),
            cut(str(why.get(layer) or (row.get("explanation", "") if layer == first else "")))[0],
        ]
        for layer, passed in row["layers"].items()
    ]
    transcript = row.get("transcript")
    turns = (
        [_turn(each) for each in transcript if isinstance(each, dict)] if isinstance(transcript, list) else []
    )
    return {
        "right": bool(row["strict"]),
        "decided": str(row.get("decided", "")),
        "ended": str(row.get("ended", "")),
        "layers": layers,
        "turns": turns,
        "text": cut(str(row.get("text", ""))),
        "cost": _cost(row),
    }


def _turn(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    text, more = cut(
        content if isinstance(content, str) else orjson.dumps(content).decode() if content else ""
    )
    found: dict[str, Any] = {
        "role": str(message.get("role", "")),
        "text": text,
        "name": str(message.get("name", "")),
    }
    if more:
        found["more"] = more
    calls = [
        _call(call.get("function") or call)
        for call in message.get("tool_calls") or ()
        if isinstance(call, dict)
    ]
    if calls:
        found["calls"] = calls
    return found


def _call(function: Mapping[str, Any]) -> dict[str, Any]:
    arguments = function.get("arguments")
    if not isinstance(arguments, Mapping):  # an endpoint may have written what can't be read
        arguments = {"arguments": arguments} if arguments else {}
    return {
        "name": str(function.get("name", "")),
        "arguments": [
            [
                str(key),
                *cut(value if isinstance(value, str) else orjson.dumps(value).decode()),
                isinstance(value, str),
            ]
            for key, value in arguments.items()
        ],
    }


def _cost(row: Mapping[str, Any]) -> str:
    parts = []
    if isinstance(row.get("tokens"), int):
        parts.append(f"{row.get('prompt_tokens') or 0:,} prompt and {row['tokens']:,} written tokens")
    if isinstance(row.get("seconds"), int | float):
        parts.append(f"{row['seconds']:.3g} s")
    return ", ".join(parts)
