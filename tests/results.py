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


def bench_file(
    path: Path, systems: dict[str, tuple[float, float, float]], weights: dict[str, str] | None = None
) -> Path:
    """A bench's file of systems whose seconds, gigabytes of disk and gigabytes of memory are known, written by what bench writes with."""
    import orjson

    from punie_data.bench.figures import Answer, Run, faster, figures_of
    from punie_data.bench.run import Bench, as_data

    runs = [
        Run(
            name, number, "", 1.0, 2.0, int(memory * 1e9), 0, "cpu", 0.1, (),
            tuple(Answer(n, seconds * (0.9 + n / 40) * (1 + number / 100), 0.1, (1, 2, 3), 0) for n in range(9)),
        )
        for number in range(3)
        for name, (seconds, _, memory) in systems.items()
    ]  # fmt: skip
    named = {name: (weights or {}).get(name, name * 4) for name in systems}
    told = {
        "suite": {"name": "suite.jsonl", "sha256": "5" * 64, "queries": [f"{n:020}" for n in range(9)]},
        "asked": {"rounds": 3, "warm_up": 0, "most_tokens": 3},
        "systems": [
            {"name": name, "model": name, "adapter": None, "weights": named[name], "dialect": "hermes", "options": {}, "disk_bytes": int(disk * 1e9), "prompt_tokens": [9] * 9}
            for name, (_, disk, _) in systems.items()
        ],
        "machine": {}, "versions": {},
    }  # fmt: skip
    figures = [
        found
        for name in systems
        if (found := figures_of(name, [run for run in runs if run.system == name], [9] * 9))
    ]
    bench = Bench(told, tuple(runs), tuple(figures), tuple(faster(runs, list(systems), named)), {})
    path.write_bytes(orjson.dumps(as_data(bench)))
    return path
