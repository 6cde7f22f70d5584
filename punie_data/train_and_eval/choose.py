"""Which of the built rows are trained on, and which are asked: exact counts by kind and category, fair within, by a seeded hash."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.chat import example_from_json
from punie_data.corpus.cache import write_json
from punie_data.dataset import (
    Step,
    carried,
    claimed,
    digest,
    manifest_beside,
    part_files,
    read_manifest,
    write_parts,
)
from punie_data.errors import UserError
from punie_data.evaluate.suite import choose as fair
from punie_data.generate.share import fair_shares
from punie_data.importing import records
from punie_data.train_and_eval.wanted import Rows, Small

Row = Mapping[str, Any]
HELD_OUT = 0.12
"""Rows of `valid` for each row of `train`, where rows are counted: as many as the owner held out."""


def choose(dataset: Path, wanted: Rows, seed: int, small: Small | None, out: Path) -> dict[str, Any]:
    """Write the dataset with so many rows of each kind in `train`, the same shares of them in `valid`, and `test` as it is.

    At small scale all parts are narrowed to few tools and short rows first. Returns what there is of each kind. UserError where nothing is left.
    """
    files = part_files(dataset)
    if "train" not in files:
        raise UserError(f"{dataset} holds no train.jsonl: [split] must leave rows to train on")
    parts = {name: [line.row for line in records(file)] for name, file in files.items()}
    if wanted.tools:
        parts = offering(parts, wanted.tools)
    if small is not None:
        parts = narrowed(parts, small)
    if wanted.calls:
        for name in ("train", "valid"):
            parts[name] = [row for row in parts.get(name, ()) if row["label"]["kind"] != "tool" or len(row["runs"]) >= wanted.calls]  # fmt: skip
    if wanted.counts:
        parts["train"] = _counted(parts["train"], wanted.counts, seed)
        share = wanted.valid / wanted.total if wanted.valid else HELD_OUT
        few = {kind: {"*": max(1, round(sum(of.values()) * share))} for kind, of in wanted.counts.items()}
        parts["valid"] = _counted(parts.get("valid", []), few, seed)
    if not parts["train"]:
        raise UserError(f"{dataset}: no row of train is one that the recipe asks for")
    told = {name: _kinds(rows) for name, rows in parts.items()}
    missing = dict(_missing(parts["train"], wanted.counts))
    step = Step(
        "choose",
        {"counts": {kind: dict(of) for kind, of in wanted.counts.items()}, "valid": wanted.valid, "calls": wanted.calls, "tools": list(wanted.tools), "small": bool(small), "seed": seed},
        {file.name: digest(file) for file in files.values()},
        told | ({"missing": missing} if missing else {}),
    )  # fmt: skip
    with claimed(out):
        lines = {name: map(orjson.dumps, rows) for name, rows in parts.items() if rows}
        write_parts(out, read_manifest(dataset), step, lines)
    return {"rows": told, "missing": missing}


def _kinds(rows: Iterable[Row]) -> dict[str, int]:
    return dict(sorted(Counter(row["label"]["kind"] for row in rows).items()))


def _counted(rows: Sequence[Row], counts: Mapping[str, Mapping[str, int]], seed: int) -> list[Row]:
    """So many rows of each category, in the order that they had."""
    chosen: set[str] = set()
    for kind, of in counts.items():
        pool: dict[str, list[Row]] = {}
        for row in rows:
            category = row["label"]["category"]
            if row["label"]["kind"] == kind:
                pool.setdefault(category if category in of else "*", []).append(row)
        for category, count in of.items():
            chosen.update(row["id"] for row in _spread(pool.get(category, []), count, seed))
    return [row for row in rows if row["id"] in chosen]


def _spread(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Fair shares of the categories and, in each, of the generators."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: _order(seed, row["id"])):
        cells.setdefault((row["label"]["category"], row["origin"]["generator"]), []).append(row)
    names = sorted(cells, key=lambda name: _order(seed, "/".join(name)))
    shares = fair_shares({name: len(cells[name]) for name in names}, count)
    return [row for name in names for row in cells[name][: shares[name]]]


def _missing(rows: Sequence[Row], counts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    for kind, of in counts.items():
        for category, count in of.items():
            found = sum(
                row["label"]["kind"] == kind
                and (row["label"]["category"] == category or (category == "*" and row["label"]["category"] not in of))
                for row in rows
            )  # fmt: skip
            if found < count:
                yield kind if category == "*" else f"{kind}/{category}", f"{found} of {count}"


def narrowed(parts: Mapping[str, Sequence[Row]], small: Small) -> dict[str, list[Row]]:
    """Short rows that need none but the `small.tools` most called tools, and offer no others: prompts become a tenth as long."""
    short = {
        name: [row for row in rows if sum(len(one["content"]) for one in row["messages"]) <= small.longest]
        for name, rows in parts.items()
    }
    called = Counter(name for rows in short.values() for row in rows for name in _called(row))
    most = sorted(called.items(), key=lambda pair: (-pair[1], pair[0]))[: small.tools]
    return offering(short, [name for name, _ in most])


def offering(parts: Mapping[str, Sequence[Row]], tools: Sequence[str]) -> dict[str, list[Row]]:
    """The rows that call no other tools and don't speak of any, with none but these on offer."""
    others = {name for rows in parts.values() for row in rows for name in row["tools"]} - set(tools)
    return {
        name: [found for row in rows if (found := _offering(row, tools, others)) is not None]
        for name, rows in parts.items()
    }


def _called(row: Row) -> set[str]:
    return {call["function"]["name"] for message in row["messages"] for call in message.get("tool_calls", ())}


def _offering(row: Row, tools: Sequence[str], others: set[str]) -> Row | None:
    if _called(row) - set(tools):
        return None
    words = set(re.findall(r"\w+", " ".join(message["content"] for message in row["messages"])))
    if words & others:  # it is about a tool that is no longer there
        return None
    example = example_from_json(row)
    return replace(example, tools=tuple(name for name in example.tools if name in tools)).to_json()


def suite(source: Path, manifest: Mapping[str, Any], queries: int, seed: int, out: Path) -> dict[str, int]:
    """Write what is asked: of the rows held out so many, kinds and categories in fair shares, and beside it where they are from. Returns how many."""
    chosen = fair((line.row for line in records(source)), queries, seed)
    jsonl.write(out, [dict(row) for row in chosen])
    write_json(manifest_beside(out), carried(manifest))
    return {"queries": len(chosen)}


def afterwards(suite_file: Path, out: Path) -> int:
    """Write the queries that begin where a first result has come that suffices to answer: what does a model do then? Returns how many.

    They are the tool rows with one call, asked for their last turn.
    """
    found = []
    for line in records(suite_file):
        row = line.row
        if row["label"]["kind"] == "tool" and len(row["runs"]) == 1 and len(row["messages"]) == 4:
            found.append({**row, "label": {"kind": "direct", "category": "after_result"}})
    jsonl.write(out, found)
    return len(found)


def _order(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
