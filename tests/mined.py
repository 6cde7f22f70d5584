"""Mining in this process, for tests: every generator's scenes and rows of one repository."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from punie_data.chat import Example, Rejected
from punie_data.code.mine import mine
from punie_data.code.repo import Repo
from punie_data.code.tree import snapshot
from punie_data.generate.judge import judge
from punie_data.generators import Generator, discover, load
from punie_data.scenario.scene import Scene
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace

QUOTA = 24
DERIVED_QUOTA = 2


@contextmanager
def opened(root: Path, cache: Path, allow_exec: bool = False) -> Iterator[tuple[Repo, Toolbox]]:
    """The repository and its toolbox, as a worker opens them."""
    tree = snapshot(root, cache, False, lambda line: None)
    facts = {path: mine(path, (tree.root / path).read_bytes()) for path in tree.paths(".py")}
    repo = Repo(root.name, tree.root, tree.head or "none", "MIT", tree.paths(), facts, tree.git is not None)
    toolbox = Toolbox(Workspace(tree.root, frozenset(tree.paths()), tree.git), allow_exec)
    try:
        yield repo, toolbox
    finally:
        toolbox.close()
        if tree.git is not None:
            tree.git.remove()


def scenes_of(
    generator: Generator, repo: Repo, tools: Toolbox, seed: int = 0
) -> tuple[list[tuple[Scene, Example]], list[Rejected]]:
    """What a primary generator makes, judged, up to the default quota: as `generate` would, seed 0."""
    chance = Random(f"{seed}:{generator.name}:{repo.name}")
    return _judged(load(generator).generate(repo, tools, chance), repo, generator.name, QUOTA, seed)


def derived_of(
    generator: Generator, source: Generator, scenes: list[Scene], repo: Repo, tools: Toolbox, seed: int = 0
) -> tuple[list[tuple[Scene, Example]], list[Rejected]]:
    """What a derived generator makes of one primary generator's scenes."""
    chance = Random(f"{seed}:{generator.name}:{source.name}:{repo.name}")
    return _judged(
        load(generator).derive(scenes, repo, tools, chance), repo, generator.name, DERIVED_QUOTA, seed
    )


def _judged(
    made: Iterator[Scene | Rejected], repo: Repo, name: str, quota: int, seed: int
) -> tuple[list[tuple[Scene, Example]], list[Rejected]]:
    accepted: list[tuple[Scene, Example]] = []
    refused: list[Rejected] = []
    for scene in made:
        verdict = scene if isinstance(scene, Rejected) else judge(scene, repo, name, seed)
        if isinstance(verdict, Rejected):
            refused.append(verdict)
        elif isinstance(scene, Scene) and all(verdict.question != other.question for _, other in accepted):
            accepted.append((scene, verdict))
        if len(accepted) >= quota or len(refused) >= quota * 6:
            break
    return accepted, refused


def everything(repo: Repo, tools: Toolbox) -> dict[str, list[tuple[Scene, Example]]]:
    """Rows by the name of the generator that made them, derived ones included; those that need --allow-exec only if it is given."""
    known = discover()
    rows: dict[str, list[tuple[Scene, Example]]] = {name: [] for name in known}
    for generator in known.values():
        if generator.derives or (generator.executes and not tools.allow_exec):
            continue
        accepted, _ = scenes_of(generator, repo, tools)
        rows[generator.name] += accepted
        for other in known.values():
            if other.derives:
                made, _ = derived_of(other, generator, [scene for scene, _ in accepted], repo, tools)
                rows[other.name] += made
    return rows
