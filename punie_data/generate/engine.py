"""From sources to a dataset, in the order of the functions below: read, mine, assemble."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import orjson

from punie_data.code.facts import FileFacts
from punie_data.code.tree import Tree, snapshot
from punie_data.corpus import Source
from punie_data.errors import ToolUnavailable, UserError
from punie_data.generate.digests import (
    PROSE,
    PYTHON,
    digest_of,
    engine_digest,
    facts_key,
    tool_versions,
)
from punie_data.generate.pool import Pool, WorkerDied, WorkFailed
from punie_data.generate.store import Store
from punie_data.generate.task import FileRead, Mining, Reading, Shard, Site, failed_key, packed
from punie_data.generate.worker import work
from punie_data.generators import Generator
from punie_data.tools import environment

CHUNK_BYTES = 150_000
"""How much source one reading task holds: small enough to share out, large enough not to be talk only."""

READING_SECONDS = 30.0
"""A reading task takes less than one on slow machines; where it doesn't end, the parser is caught in a file."""
GENERATOR_SECONDS = 900.0
"""Tools end by themselves long before; this is for what no tool is to blame for."""
ALONE_BYTES, SMALL_CHANGE = 2_500_000, 0.1
"""Where so small a part of a repository up to this size has changed, a second worker costs more than it takes over: it starts, imports and
reads all facts as well.
"""


class Progress(Protocol):
    def line(self, text: str) -> None: ...
    def stage(self, name: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    seed: int = 0
    jobs: int = 2
    quota: int = 24
    """Accepted rows of one generator from one repository."""
    derived_quota: int = 2
    """Accepted rows of one derived generator from one generator's scenes."""
    allow_exec: bool = False
    without: tuple[str, ...] = ()
    """Regular expressions: a row that holds what one of them finds is rejected. They choose from what was mined, so that nothing is mined anew."""


@dataclass(frozen=True, slots=True)
class Mined:
    """One repository after mining: `shards` are the generators' names with the keys of their shards in the store."""

    source: Source
    tree: Tree
    site: Site
    lines: int
    problems: tuple[tuple[str, str], ...]
    shards: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Ledger:
    """What the run did, for the closing table; none of it goes into the manifest, since times differ."""

    seconds: dict[str, float] = field(default_factory=dict)
    cached_shards: int = 0
    made_shards: int = 0
    read_files: int = 0
    failures: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    """Keys of facts that the next run should look for again: the worker was killed from outside while it read the file."""
    mistakes: int = 0
    """Generators that failed, which none should, whatever it reads."""


def take_snapshots(sources: list[Source], cache: Path, progress: Progress) -> list[tuple[Source, Tree]]:
    """The files of each source. UserError when one holds no Python file at all."""
    found = []
    progress.stage("listing", len(sources))
    for source in sources:
        tree = snapshot(source.root, cache, source.immutable, progress.line)
        if not tree.paths(".py"):
            raise UserError(f"{source.name}: no Python files")
        for path, reason in tree.skipped[:5]:
            progress.line(f"{source.name}: {path} left out: {reason}")
        if len(tree.skipped) > 5:
            progress.line(f"{source.name}: {len(tree.skipped) - 5} more files left out")
        found.append((source, tree))
        progress.advance()
    return found


def read_facts(
    trees: list[tuple[Source, Tree]], store: Store, pool: Pool, progress: Progress, ledger: Ledger
) -> None:
    """Parse every Python file that the store doesn't know, in worker processes."""
    tasks: list[Reading] = []
    keys: dict[tuple[Path, str], str] = {}
    for _, tree in trees:
        chunk: list[tuple[str, str]] = []
        size = 0
        for file in tree.files:
            key = facts_key(file.path, file.sha256)
            if not file.path.endswith(".py") or store.has(key):
                continue
            keys[tree.root, file.path] = key
            chunk.append((file.path, file.sha256))
            size += file.size
            if size > CHUNK_BYTES:
                tasks.append(Reading(tree.root, tuple(chunk)))
                chunk, size = [], 0
        if chunk:
            tasks.append(Reading(tree.root, tuple(chunk)))
    if not tasks:
        return
    progress.stage("reading", len(keys))
    for attempts_left in (2, 1, 0):
        again: list[Reading] = []
        for task, result in pool.run(tasks, lambda task: READING_SECONDS):
            if isinstance(result, WorkerDied):
                if len(task.files) > 1:  # one of them kills
                    again += [replace(task, files=(file,)) for file in task.files]
                    continue
                if result.by_others and attempts_left:
                    again.append(task)
                    continue
                result = _unread(task, result, ledger)
            if isinstance(result, Exception):
                raise result
            store.put(entry for found in result for entry in _entries(keys[task.root, found.path], found))
            ledger.read_files += len(result)
            progress.advance(len(task.files))
        tasks = again


def _unread(task: Reading, death: WorkerDied, ledger: Ledger) -> list[FileRead]:
    """What is noted of a file over which workers die, or never end."""
    [(path, sha256)] = task.files
    ledger.failures.append(f"{path}: the parser died on it: {death}")
    if death.by_others:
        ledger.doubtful.append(facts_key(path, sha256))
    return [packed(FileFacts(path, "", 0, "", problem="the parser died on it"))]


def _entries(key: str, found: FileRead) -> list[tuple[str, bytes]]:
    """The facts, and beside them the little that the manifest says of the file."""
    return [(key, found.facts), (f"{key}:told", orjson.dumps([found.lines, found.problem]))]


def prepare_environments(
    sources: list[Source], cache: Path, options: Options, progress: Progress, ledger: Ledger
) -> dict[str, Path]:
    """Where repositories' code may be run, a virtual environment for each; one that can't be made is told, and its tests are not run."""
    found: dict[str, Path] = {}
    if not options.allow_exec:
        return found
    for source in sources:
        try:
            found[source.name] = environment.prepare(source.exec_requirements, cache, progress.line)
        except ToolUnavailable as error:
            ledger.failures.append(f"{source.name}: its tests can't be run: {error}")
    return found


def make_site(source: Source, tree: Tree, options: Options, environments: dict[str, Path]) -> Site:
    # What a folder's HEAD was when it was looked up may not be what it was when its files were read.
    revision = (source.revision if source.immutable else "") or tree.head or f"tree:{tree.digest[:16]}"
    if tree.dirty and not source.immutable:
        revision += f"+{tree.digest[:12]}"
    return Site(
        name=source.name,
        root=tree.root,
        revision=revision,
        license=source.license,
        paths=tuple(file.path for file in tree.files),
        facts_keys=tuple(facts_key(f.path, f.sha256) for f in tree.files if f.path.endswith(".py")),
        git=tree.git,
        allow_exec=options.allow_exec,
        virtual_environment=environments.get(source.name),
        pytest_arguments=source.pytest_arguments,
        digests=tuple(f.sha256 + f.mode for f in tree.files),
        tree=tree.digest,
        history=tree.history,
        engine=engine_digest(),
        drawn_as=source.drawn_as,
    )


def shard_key(
    site: Site,
    tree: Tree,
    unread: list[str],
    generator: Generator,
    derived: tuple[Generator, ...],
    options: Options,
) -> str:
    """Everything that a shard is a function of. `unread` are the files without facts: a worker may have been killed over one."""
    return "shard:" + digest_of(
        tree.digest, unread, site.name, site.revision, site.license, generator.name, generator.digest,
        _digests(derived), engine_digest(), tool_versions(),
        options.seed, options.quota, options.derived_quota, options.allow_exec, site.virtual_environment is not None,
        site.pytest_arguments, site.drawn_as,
    )  # fmt: skip


def mined_key(site: Site, generators: list[Generator], options: Options) -> str:
    """Where it is noted over which files these generators were run last."""
    return "mined:" + digest_of(
        site.name, site.drawn_as, _digests(generators), engine_digest(), tool_versions(),
        options.seed, options.quota, options.derived_quota, options.allow_exec,
    )  # fmt: skip


def _digests(generators: Iterable[Generator]) -> list[list[str]]:
    return [[generator.name, generator.digest] for generator in generators]


def mine_all(
    trees: list[tuple[Source, Tree]],
    generators: list[Generator],
    cache: Path,
    options: Options,
    progress: Progress,
) -> tuple[list[Mined], Ledger]:
    """Facts and shards of every source, made or found in the store."""
    ledger = Ledger()
    store = Store(cache)
    started = time.perf_counter()
    store.forget_old()
    with Pool(work, options.jobs) as pool:
        read_facts(trees, store, pool, progress, ledger)
        ledger.seconds["reading"] = time.perf_counter() - started
        environments = prepare_environments([source for source, _ in trees], cache, options, progress, ledger)
        mined, tasks = _plan(trees, generators, environments, store, cache, options, ledger)
        if tasks:
            _run(tasks, pool, store, progress, ledger)
            for one in mined:
                contents = {file.path: file.sha256 for file in one.tree.files}
                store.put([(mined_key(one.site, generators, options), orjson.dumps(contents))])
    store.drop(ledger.doubtful)
    store.close()
    ledger.seconds["mining"] = time.perf_counter() - started - ledger.seconds["reading"]
    return mined, ledger


def _plan(
    trees: list[tuple[Source, Tree]],
    generators: list[Generator],
    environments: dict[str, Path],
    store: Store,
    cache: Path,
    options: Options,
    ledger: Ledger,
) -> tuple[list[Mined], list[Mining]]:
    """What each repository's dataset will be put together from, and the tasks that make what the store lacks.

    A task is a repository with all its missing generators, so that its language server starts once; one that is a large part of the whole is
    shared out, unless little of it is new. The largest come first, so that none is left running alone.
    """
    primary = tuple(g for g in generators if not g.derives)
    derived = tuple(g for g in generators if g.derives)
    mined: list[Mined] = []
    tasks: list[tuple[int, Mining]] = []
    whole = sum(file.size for _, tree in trees for file in tree.files) or 1
    for source, tree in trees:
        site = make_site(source, tree, options, environments)
        lines, problems = _told(tree, site, store)
        unread = [path for path, _ in problems]
        shards = tuple((g, shard_key(site, tree, unread, g, derived, options)) for g in primary)
        missing = [(g, key) for g, key in shards if not store.has(key)]
        ledger.cached_shards += len(shards) - len(missing)
        ledger.made_shards += len(missing)
        own = sum(file.size for file in tree.files)
        before = store.get(mined_key(site, generators, options))
        little = own <= ALONE_BYTES and before is not None and is_small_change(tree, orjson.loads(before))
        parts = 1 if little or own * options.jobs * 2 < whole else min(options.jobs * 3, len(missing))
        for part in range(parts):
            group = tuple(missing[part::parts])
            if group:
                task = Mining(site, group, derived, cache, options.seed, options.quota, options.derived_quota)
                tasks.append((own, task))
        keys = tuple((g.name, key) for g, key in shards)
        mined.append(Mined(source, tree, site, lines, problems, keys))
    tasks.sort(key=lambda sized: -sized[0])
    return mined, [task for _, task in tasks]


def is_small_change(tree: Tree, before: dict[str, str]) -> bool:
    """Whether most results of the last run still hold, which was over `before`. A new file or another configuration may touch them all."""
    if list(before) != [file.path for file in tree.files]:
        return False
    changed = [file for file in tree.files if before[file.path] != file.sha256]
    size = sum(file.size for file in tree.files)
    return sum(file.size for file in changed) <= size * SMALL_CHANGE and all(
        file.path.endswith((*PYTHON, *PROSE)) for file in changed
    )


def _told(tree: Tree, site: Site, store: Store) -> tuple[int, tuple[tuple[str, str], ...]]:
    """How many lines of Python there are, and which files have no facts for which reason."""
    lines = 0
    problems = []
    python = [file.path for file in tree.files if file.path.endswith(".py")]
    for path, key in zip(python, site.facts_keys, strict=True):
        told = store.get(f"{key}:told")
        assert told is not None
        count, problem = orjson.loads(told)
        lines += count
        if problem:
            problems.append((path, problem))
    return lines, tuple(problems)


def _run(tasks: list[Mining], pool: Pool, store: Store, progress: Progress, ledger: Ledger) -> None:
    """Where something went wrong, generator by generator once more: then only the one that is to blame has no rows."""
    progress.stage("mining", sum(len(task.generators) for task in tasks))
    again: list[Mining] = []
    for task, result in pool.run(tasks, _allowed):
        if isinstance(result, WorkerDied | WorkFailed):
            missing = [replace(task, generators=(one,)) for one in task.generators if not store.has(one[1])]
            progress.advance(len(task.generators) - len(missing))
            again += missing
            continue
        if isinstance(result, Exception):
            raise result
        rows: Counter[str] = sum((counts for counts in result.values()), Counter())
        progress.advance(len(task.generators))
        progress.line(f"{task.site.name}: {rows['rows']} examples from {len(task.generators)} generators")
    for task, result in pool.run(again, _allowed):
        [(generator, key)] = task.generators
        if isinstance(result, WorkerDied | WorkFailed):
            reason = f"the generator failed: {result.args[0]}"
            ledger.failures.append(f"{task.site.name}: {generator.name}: {reason}")
            ledger.mistakes += 1
            store.put([(failed_key(key), Shard(unavailable={generator.name: reason}).to_bytes())])
        elif isinstance(result, Exception):
            raise result
        progress.advance()


def _allowed(task: Mining) -> float:
    return GENERATOR_SECONDS + 30.0 * len(task.generators)
