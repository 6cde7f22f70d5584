"""What a worker process does: read files into facts, and run generators over a repository."""

import gc
import pickle
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import orjson

from punie_data.chat import Example, Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.gitfolder import GitFolder
from punie_data.code.repo import Repo
from punie_data.errors import ToolFailed, ToolUnavailable
from punie_data.generate.dependence import Dependence
from punie_data.generate.judge import judge
from punie_data.generate.memory import Memory
from punie_data.generate.store import Store
from punie_data.generators import Generator, load
from punie_data.scenario.scene import Scene
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace

GIVE_UP_AFTER = 6
"""A generator that is rejected this many times its quota has nothing more to give."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Read these files (path, SHA-256) of a snapshot."""

    root: Path
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A repository, ready to be mined: what a worker needs to open it."""

    name: str
    root: Path
    revision: str
    license: str
    paths: tuple[str, ...]
    facts_keys: tuple[str, ...]
    git: GitFolder | None
    allow_exec: bool
    virtual_environment: Path | None = None
    pytest_arguments: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    """Of each of `paths`: its SHA-256, and its mode. Without them nothing is kept from run to run."""
    tree: str = ""
    history: str = ""
    """Digests of all that tools can see, and of what git's log says."""
    engine: str = ""
    drawn_as: str = ""


@dataclass(frozen=True, slots=True)
class Mining:
    """Run these generators (each with the key of its shard) over a site; derived ones run behind each of them."""

    site: Site
    generators: tuple[tuple[Generator, str], ...]
    derived: tuple[Generator, ...]
    cache: Path
    seed: int
    quota: int
    derived_quota: int


@dataclass(slots=True)
class Shard:
    """What one generator made of one repository, as the store keeps it."""

    rows: list[dict] = field(default_factory=list)
    rejected: list[dict] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    redactions: int = 0
    again: bool = False
    """Whether a tool failed that may not fail the next time. Not kept: such a shard is not the last word."""

    def to_bytes(self) -> bytes:
        return orjson.dumps(
            {
                "rows": self.rows,
                "rejected": self.rejected,
                "unavailable": self.unavailable,
                "seconds": round(self.seconds, 3),
                "redactions": self.redactions,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Shard":
        return cls(**orjson.loads(data))


def failed_key(key: str) -> str:
    """Where the shard is kept that stands in for one that could not be made this time; the next run tries again."""
    return f"{key}:failed"


def work(task: Reading | Mining) -> object:
    return read(task) if isinstance(task, Reading) else mine_site(task)


@dataclass(frozen=True, slots=True)
class FileRead:
    """What the parent needs to know of a file without unpacking its facts."""

    path: str
    facts: bytes
    lines: int
    problem: str


def packed(facts: FileFacts) -> FileRead:
    return FileRead(facts.path, pickle.dumps(facts), facts.line_count, facts.problem)


def read(task: Reading) -> list[FileRead]:
    """The facts of each file. LibCST's trees hold no cycles, so that the collector would only look at them in vain."""
    from punie_data.code.mine import mine  # LibCST takes 0.2 s to import: only those who parse pay for it

    gc.disable()
    try:
        return [packed(mine(path, (task.root / path).read_bytes())) for path, _ in task.files]
    finally:
        gc.enable()


_OPEN: dict[str, tuple[Repo, Toolbox, Memory]] = {}
"""The repository at hand: one at a time, since each has a language server and its facts in memory."""


def open_site(site: Site, cache: Path) -> tuple[Repo, Toolbox, Memory]:
    key = f"{site.root}:{site.revision}"
    if key not in _OPEN:
        for _, toolbox, memory in _OPEN.values():
            toolbox.close()
            memory.close()
        _OPEN.clear()
        gc.unfreeze()
        store = Store(cache)
        facts: dict[str, FileFacts] = {}
        for facts_key in site.facts_keys:
            data = store.get(facts_key)
            assert data is not None, "facts are read before generators run"
            found: FileFacts = pickle.loads(data)
            facts[found.path] = found
        repo = Repo(
            site.name,
            site.root,
            site.revision,
            site.license,
            list(site.paths),
            facts,
            site.git is not None,
            site.drawn_as,
        )
        files = dict(zip(site.paths, site.digests, strict=True))
        memory = Memory(store, Dependence(site.root, files, facts, site.tree, site.history), site.engine)
        _OPEN[key] = (repo, toolbox_of(site, memory), memory)
        gc.freeze()  # facts live as long as the site: the collector need not walk them again and again
    return _OPEN[key]


def toolbox_of(site: Site, memory: Memory | None = None) -> Toolbox:
    workspace = Workspace(site.root, frozenset(site.paths), site.git)
    workspace.virtual_environment = site.virtual_environment
    workspace.pytest_arguments = site.pytest_arguments
    return Toolbox(workspace, site.allow_exec, memory)


def mine_site(task: Mining) -> dict[str, Counter[str]]:
    """Write a shard for each generator, and tell how many rows and rejections it has."""
    repo, tools, memory = open_site(task.site, task.cache)
    told = {}
    for generator, key in task.generators:
        shard = mine_one(generator, task, repo, tools, memory)
        memory.flush((failed_key(key) if shard.again else key, shard.to_bytes()))
        told[generator.name] = Counter(rows=len(shard.rows), rejected=len(shard.rejected))
    return told


def mine_one(generator: Generator, task: Mining, repo: Repo, tools: Toolbox, memory: Memory) -> Shard:
    """One generator and, over what it had accepted, every derived one. Each has its own chance: order and company change nothing."""
    shard = Shard()
    started = time.perf_counter()
    chance = Random(f"{task.seed}:{generator.name}:{repo.drawn_as}")
    accepted = _take(
        shard,
        generator.name,
        task,
        repo,
        memory,
        lambda: load(generator).generate(repo, tools, chance),
        task.quota,
    )
    for derived in task.derived:
        chance = Random(f"{task.seed}:{derived.name}:{generator.name}:{repo.drawn_as}")
        made = lambda: load(derived).derive(accepted, repo, tools, chance)  # noqa: B023, E731  (called at once)
        _take(shard, derived.name, task, repo, memory, made, task.derived_quota)
    shard.seconds = time.perf_counter() - started
    return shard


def _take(
    shard: Shard, name: str, task: Mining, repo: Repo, memory: Memory, make: object, quota: int
) -> list[Scene]:
    """Judge what a generator yields until its quota is full; the scenes that were accepted."""
    accepted: list[Scene] = []
    seen: set[str] = set()
    rejections = 0
    try:
        scenes: Iterator[Scene | Rejected] = make()  # type: ignore[operator]
        for scene in scenes:
            verdict = scene if isinstance(scene, Rejected) else judge(scene, repo, name, task.seed, memory)
            if isinstance(verdict, Example):
                if verdict.id in seen or verdict.question in seen:
                    continue
                seen |= {verdict.id, verdict.question}
                shard.rows.append(verdict.to_json())
                assert isinstance(scene, Scene)
                shard.redactions += sum(outcome.redactions for outcome in scene.outcomes)
                accepted.append(scene)
            else:
                row = verdict.to_json() | {"generator": name, "repo": repo.name}
                shard.rejected.append(row)
                rejections += 1
            if len(accepted) >= quota or rejections >= quota * GIVE_UP_AFTER:
                break
    except ToolUnavailable as error:
        shard.unavailable[name] = str(error)
        shard.again |= isinstance(error, ToolFailed)
    return accepted
