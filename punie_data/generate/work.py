"""What a worker process does: read files into facts, and run generators over a repository."""

import gc
import pickle
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from punie_data.chat import Example, Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.errors import ToolFailed, ToolUnavailable
from punie_data.generate.dependence import Dependence
from punie_data.generate.judge import judge
from punie_data.generate.memory import Memory
from punie_data.generate.store import Store
from punie_data.generate.task import FileRead, Mining, Reading, Shard, Site, failed_key, packed
from punie_data.generators import Generator, load
from punie_data.scenario.scene import Scene
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace

GIVE_UP_AFTER = 6
"""A generator that is rejected this many times its quota has nothing more to give."""


def work(task: Reading | Mining) -> object:
    return read(task) if isinstance(task, Reading) else mine_site(task)


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
        files = dict(zip(site.paths, site.digests, strict=True))
        memory = Memory(store, Dependence(site.root, files, facts, site.tree, site.history), site.engine)
        repo = Repo(
            site.name,
            site.root,
            site.revision,
            site.license,
            list(site.paths),
            facts,
            site.git is not None,
            site.drawn_as,
            memory.once,
        )
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
                row = verdict.to_json()
                if row["id"] in seen or verdict.question in seen:
                    continue
                seen |= {row["id"], verdict.question}
                shard.rows.append(row)
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
