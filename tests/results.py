"""Folders as evaluate writes them, of systems whose every answer is known."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SUITE = {"name": "suite.jsonl", "sha256": "5" * 64, "queries": 0}


def result(number: int, right: bool, category: str = "navigation", **more: Any) -> dict[str, Any]:
    """A row of results.jsonl: a tool query that fails in its arguments where it is not right."""
    layers = {"parsed": True, "decision": True, "tools": True, "arguments": right}
    return {
        "id": f"{number:020}", "kind": "tool", "category": category, "repo": "shop", "unscored": "", "decided": "tool", "layers": layers,
        "strict": right, "explanation": "" if right else f"{number} is the wrong line", "text": f"call {number}", "prompt_tokens": 100, "tokens": 9,
        "seconds": 0.5,
    } | more  # fmt: skip


def results_folder(
    folder: Path, rows: Sequence[dict[str, Any]], weights: str = "", suite: dict[str, Any] | None = None
) -> Path:
    """Write `results.jsonl` and `summary.json`; without `weights` those that the folder's name stands for."""
    folder.mkdir(parents=True)
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    system = {
        "model": folder.name,
        "adapter": None,
        "weights": weights or folder.name * 4,
        "dialect": "hermes",
    }
    summary = {"suite": suite or SUITE, "system": system}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def right(count: int, of: int, start: int = 0) -> list[dict[str, Any]]:
    """The first `count` of `of` queries are right."""
    return [result(start + number, number < count) for number in range(of)]
