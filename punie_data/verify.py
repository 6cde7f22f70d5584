"""Did it really happen? Every call of a dataset is run again, on the pinned revision, and compared with what the row says."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.chat import Example, ToolCall, calls_of, example_from_json
from punie_data.code.tree import Tree, snapshot
from punie_data.corpus import Source
from punie_data.dataset import PARTS, part_files, read_manifest
from punie_data.errors import ToolUnavailable, UserError
from punie_data.generate.pool import Pool
from punie_data.generate.task import Site
from punie_data.generate.work import toolbox_of
from punie_data.tools import environment
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Difference:
    """A call that did not replay: `said` is the row's result, `now` today's (or why there is none)."""

    row: str
    part: str
    line: int
    call: str
    said: str
    now: str


@dataclass(slots=True)
class Verdict:
    """`not_run` counts calls that would run the repository's own code, which nobody allowed, `imported` rows that no repository stands behind."""

    rows: int = 0
    calls: int = 0
    not_run: int = 0
    imported: int = 0
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        self.rows += other.rows
        self.calls += other.calls
        self.not_run += other.not_run
        self.imported += other.imported
        self.differences += other.differences


@dataclass(frozen=True, slots=True)
class Replay:
    """A share of one repository's rows: (part, line number, row)."""

    site: Site
    rows: tuple[tuple[str, int, dict[str, Any]], ...]


SHARE = 200
"""Rows a task: enough to make the language server's start worth it."""


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
    """Replay every row of the dataset's parts. `sources` by name are the repositories of the manifest, found on disk; what was imported has none."""
    manifest = read_manifest(dataset)
    verdict = Verdict()
    sites: dict[str, Site] = {}
    try:
        for entry in manifest["sources"]:
            source = sources.get(entry["name"])
            if source is None or is_import(entry):
                continue
            tree = snapshot(source.root, cache, source.immutable, line)
            check_digest(entry, tree)
            sites[source.name] = site_of(entry, tree, cache, allow_exec, line)
        with Pool(replay, jobs) as pool:
            for _, result in pool.run(_tasks(dataset, sites, verdict)):
                if isinstance(result, Exception):
                    raise result
                verdict.add(result)
    finally:
        for site in sites.values():
            if site.git is not None:
                site.git.remove()
    verdict.differences.sort(
        key=lambda difference: (
            PARTS.index(difference.part) if difference.part in PARTS else 0,
            difference.line,
            difference.call,
        )
    )
    return verdict


def site_of(
    entry: dict[str, Any], tree: Tree, cache: Path, allow_exec: bool, line: Callable[[str], None]
) -> Site:
    """The repository of a manifest's entry, ready for its tools. Where its tests can't be run, `line` is told why."""
    virtual_environment = None
    if allow_exec:
        try:
            virtual_environment = environment.prepare(tuple(entry["exec_requirements"]), cache, line)
        except ToolUnavailable as error:
            line(f"{entry['name']}: its tests can't be run: {error}")
    return Site(
        name=entry["name"],
        root=tree.root,
        revision=entry["revision"],
        license=entry["license"],
        paths=tuple(file.path for file in tree.files),
        facts_keys=(),
        git=tree.git,
        allow_exec=allow_exec,
        virtual_environment=virtual_environment,
        pytest_arguments=tuple(entry["pytest_arguments"]),
    )


def is_import(entry: dict[str, Any]) -> bool:
    """Whether a source of a manifest is a file of rows, of which nothing can be run again."""
    return str(entry.get("origin", "")).startswith("import:")


def _tasks(dataset: Path, sites: dict[str, Site], verdict: Verdict) -> Iterator[Replay]:
    shares: dict[str, list[tuple[str, int, dict[str, Any]]]] = {name: [] for name in sites}
    for part, file in part_files(dataset).items():
        for found in jsonl.read(file):
            if found.problem:
                raise UserError(f"{file}:{found.number}: {found.problem}")
            try:
                name, imported = found.row["origin"]["repo"], found.row["origin"]["generator"].startswith("import:")  # fmt: skip
            except (KeyError, TypeError, AttributeError):
                raise UserError(f"{file}:{found.number}: no repository of the manifest") from None
            if imported:
                verdict.rows += 1
                verdict.imported += 1
                continue
            share = shares.get(name)
            if share is None:
                raise UserError(f"{file}:{found.number}: no repository of the manifest")
            share.append((part, found.number, found.row))
            if len(share) == SHARE:
                yield Replay(sites[name], tuple(share))
                share.clear()
    for name, share in shares.items():
        if share:
            yield Replay(sites[name], tuple(share))


def replay(task: Replay) -> Verdict:
    """In a worker: how many calls were run, and those that answered otherwise."""
    verdict = Verdict()
    tools = toolbox_of(task.site)
    try:
        for part, number, row in task.rows:
            verdict.rows += 1
            try:
                example = example_from_json(row)
                pairs = calls_of(example.messages)
            except (KeyError, TypeError) as error:
                verdict.differences.append(
                    Difference(str(row.get("id")), part, number, "", "a row", f"not a row: {error}")
                )
                continue
            writes = any(call.name in TOOLS and TOOLS[call.name].changes_files for call, _ in pairs)
            with tools.scratch() if writes else nullcontext(tools) as box:
                for call, said in pairs:
                    _replay_call(example, (part, number), call, said, box, verdict)
    finally:
        tools.close()
    return verdict


def _replay_call(
    example: Example, place: tuple[str, int], call: ToolCall, said: str, tools: Toolbox, verdict: Verdict
) -> None:
    if call.name in TOOLS and TOOLS[call.name].executes_code and not tools.allow_exec:
        verdict.not_run += 1
        return
    verdict.calls += 1
    try:
        now = tools.call(call.name, **call.arguments).content
    except (ToolUnavailable, TypeError, KeyError) as error:
        now = f"can't be run: {error}"
    if now != said:
        shown = f"{call.name}({', '.join(f'{key}={value!r}' for key, value in call.arguments.items())})"
        verdict.differences.append(Difference(example.id, *place, shown, said, now))
