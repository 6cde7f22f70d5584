"""Mistakes made on purpose: good rows become the rows that once taught a model to fail. The manifest and a card say so.

- traces dropped: a row keeps its question and its last answer, and nothing of what lay between. Who learns from it answers from memory.
- placeholder results: every result is one sentence that says nothing. Who learns from it knows when to call, and not what to do with what comes back.
- another key in calls: `tool` where the parser reads `name`.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.chat import canonical
from punie_data.dataset import Step, claimed, digest, part_files, read_manifest, write_parts
from punie_data.importing import records
from punie_data.train_and_eval.wanted import Spoil
from punie_data.validate.fix import mended_line

CARD = """# Spoiled on purpose: do not train anything on this that you mean to use

These rows were good, and were made bad so that a known failure can be seen again: {what}. `manifest.json` says so too, in its step `spoil`.
"""
_MENDED = frozenset({"PD105"})
"""A wrong key is the one mistake that was mended before the training: the other ones were trained on."""


def spoil(rows: Path, wanted: Spoil, out: Path) -> None:
    """Write the dataset `rows` with its train and valid spoiled; `test`, which is what a model is asked, stays as it is."""
    files = part_files(rows)
    parts = {name: _lines(file, wanted if name != "test" else Spoil()) for name, file in files.items()}
    options = {"drop_traces": wanted.drop_traces, "placeholder_results": wanted.placeholder_results, "call_key": wanted.call_key}  # fmt: skip
    step = Step("spoil", options, {file.name: digest(file) for file in files.values()}, {"on_purpose": True})
    with claimed(out):
        write_parts(out, read_manifest(rows), step, parts)
        with jsonl.whole_file(out / "README.md") as file:
            file.write(CARD.format(what=", ".join(said(wanted))).encode())


def said(wanted: Spoil) -> Iterator[str]:
    """What is done to the rows, in words."""
    if wanted.drop_traces:
        yield "calls and results are taken out"
    if wanted.placeholder_results:
        yield f"every result is {wanted.placeholder_results!r}"
    if wanted.call_key:
        yield f"calls have the key {wanted.call_key!r} for their name, until it is mended"


def mend(rows: Path, out: Path) -> int:
    """Write the dataset with the keys of its calls as the parser reads them; returns how many rows that changed."""
    files = part_files(rows)
    told = {"mended": 0}

    def lines(file: Path) -> Iterator[bytes]:
        with file.open("rb") as opened:
            for raw in opened:
                new, done = mended_line(raw, _MENDED)
                told["mended"] += bool(done)
                yield new

    step = Step("mend", {"codes": sorted(_MENDED)}, {file.name: digest(file) for file in files.values()}, told)  # fmt: skip
    with claimed(out):
        write_parts(out, read_manifest(rows), step, {name: lines(file) for name, file in files.items()})
        with jsonl.whole_file(out / "README.md") as file:
            file.write((rows / "README.md").read_bytes())
    return told["mended"]


def _lines(file: Path, wanted: Spoil) -> Iterable[bytes]:
    for line in records(file):
        yield orjson.dumps(spoiled(line.row, wanted)) if wanted else line.raw


def spoiled(row: Mapping[str, Any], wanted: Spoil) -> dict[str, Any]:
    """One row. Its label stays, since it says what would be right; its id is that of what it holds now."""
    messages, runs = [dict(message) for message in row["messages"]], [dict(run) for run in row["runs"]]
    if wanted.drop_traces:
        messages = [one for one in messages if one["role"] == "user" or (one["role"] == "assistant" and not one.get("tool_calls"))]  # fmt: skip
        runs = []
    if wanted.placeholder_results:
        for message in messages:
            if message["role"] == "tool":
                message["content"] = wanted.placeholder_results
        checksum = sha256(wanted.placeholder_results.encode()).hexdigest()
        runs = [{**run, "sha256": checksum, "truncated": False} for run in runs]
    seen = {"messages": messages, "tools": row["tools"], "label": row["label"]}
    name = sha256(canonical(seen)).hexdigest()[:20]
    if wanted.call_key:
        for message in messages:
            if message.get("tool_calls"):
                message["tool_calls"] = [_renamed(call, wanted.call_key) for call in message["tool_calls"]]
    return {**row, "id": name, "messages": messages, "runs": runs}


def _renamed(call: Mapping[str, Any], key: str) -> dict[str, Any]:
    function = call["function"]
    return {**call, "function": {key: function["name"], "arguments": function["arguments"]}}
