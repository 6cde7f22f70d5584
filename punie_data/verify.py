"""Did it really happen? Every call of a dataset is run again, on the pinned revision, and compared with what the row says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.chat import Example, calls_of, example_from_json
from punie_data.code.tree import Tree, snapshot
from punie_data.corpus import Source
from punie_data.errors import ToolUnavailable, UserError
from punie_data.generate import pool
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Difference:
    """A call that did not replay: `said` is the row's result, `now` today's (or why there is none)."""

    row: str
    line: int
    call: str
    said: str
    now: str


@dataclass(slots=True)
class Verdict:
    rows: int = 0
    calls: int = 0
    differences: list[Difference] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.differences = []


@dataclass(frozen=True, slots=True)
class Replay:
    """A share of one repository's rows: (line number, row)."""

    root: Path
    paths: tuple[str, ...]
    git: Any
    rows: tuple[tuple[int, dict[str, Any]], ...]
    allow_exec: bool


SHARE = 200
"""Rows a task: enough to make the language server's start worth it."""


def read_manifest(dataset: Path) -> dict[str, Any]:
    """The dataset's manifest. UserError when there is none: then the dataset was not finished, or is none."""
    try:
        return orjson.loads((dataset / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise UserError(
            f"{dataset}: no manifest.json; the dataset was not finished, or this is none"
        ) from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise UserError(f"{dataset}/manifest.json: {error}") from None


def check_digest(entry: dict[str, Any], tree: Tree) -> None:
    """UserError when the repository is no longer the one that was mined."""
    if entry["digest"] != tree.digest:
        raise UserError(
            f"{entry['name']} has changed since it was mined (it was {entry['revision']}); check that revision out, or generate anew"
        )


def verify(
    dataset: Path,
    sources: dict[str, Source],
    cache: Path,
    jobs: int,
    allow_exec: bool,
    line: Callable[[str], None],
) -> Verdict:
    """Replay every row of `examples.jsonl`. `sources` by name are the repositories of the manifest, found on disk."""
    manifest = read_manifest(dataset)
    trees = {}
    for entry in manifest["sources"]:
        source = sources[entry["name"]]
        tree = snapshot(source.root, cache, source.immutable, line)
        check_digest(entry, tree)
        trees[entry["name"]] = tree
    verdict = Verdict()
    try:
        for task, result in pool.run(_tasks(dataset, trees, allow_exec), replay, jobs):
            if isinstance(result, Exception):
                raise result
            verdict.rows += len(task.rows)
            verdict.calls += result[0]
            verdict.differences += result[1]
    finally:
        for tree in trees.values():
            if tree.git is not None:
                tree.git.remove()
    verdict.differences.sort(key=lambda difference: (difference.line, difference.call))
    return verdict


def _tasks(dataset: Path, trees: dict[str, Tree], allow_exec: bool) -> Iterator[Replay]:
    shares: dict[str, list[tuple[int, dict[str, Any]]]] = {name: [] for name in trees}
    for found in jsonl.read(dataset / "examples.jsonl"):
        if found.problem:
            raise UserError(f"{dataset}/examples.jsonl:{found.number}: {found.problem}")
        try:
            name = found.row["origin"]["repo"]
            share = shares[name]
        except (KeyError, TypeError):
            raise UserError(
                f"{dataset}/examples.jsonl:{found.number}: no repository of the manifest"
            ) from None
        share.append((found.number, found.row))
        if len(share) == SHARE:
            yield _task(trees[name], share, allow_exec)
            share.clear()
    for name, share in shares.items():
        if share:
            yield _task(trees[name], share, allow_exec)


def _task(tree: Tree, share: list[tuple[int, dict[str, Any]]], allow_exec: bool) -> Replay:
    return Replay(tree.root, tuple(file.path for file in tree.files), tree.git, tuple(share), allow_exec)


def replay(task: Replay) -> tuple[int, list[Difference]]:
    """In a worker: how many calls were run, and those that answered otherwise."""
    calls = 0
    differences: list[Difference] = []
    tools = Toolbox(Workspace(task.root, frozenset(task.paths), task.git), task.allow_exec)
    try:
        for number, row in task.rows:
            try:
                example = example_from_json(row)
            except (KeyError, TypeError) as error:
                differences.append(Difference(str(row.get("id")), number, "", "a row", f"not a row: {error}"))
                continue
            made, found = _replay_row(example, number, tools)
            calls += made
            differences += found
    finally:
        tools.close()
    return calls, differences


def _replay_row(example: Example, number: int, tools: Toolbox) -> tuple[int, list[Difference]]:
    """All calls of a row in their order, in a throw-away copy when one of them writes."""
    pairs = calls_of(example.messages)
    writes = any(call.name in TOOLS and TOOLS[call.name].changes_files for call, _ in pairs)
    if not writes:
        return len(pairs), _compare(example, number, tools)
    with tools.scratch() as box:
        return len(pairs), _compare(example, number, box)


def _compare(example: Example, number: int, tools: Toolbox) -> list[Difference]:
    differences = []
    for call, said in calls_of(example.messages):
        shown = f"{call.name}({', '.join(f'{key}={value!r}' for key, value in call.arguments.items())})"
        try:
            now = tools.call(call.name, **call.arguments).content
        except (ToolUnavailable, TypeError, KeyError) as error:
            now = f"can't be run: {error}"
        if now != said:
            differences.append(Difference(example.id, number, shown, said, now))
    return differences
