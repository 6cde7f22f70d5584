"""Generators over text, files and edits: what the test for all generators (test_generators.py) can't see."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from punie_data.chat import Example
from punie_data.code.repo import Repo
from punie_data.generators import discover
from punie_data.tools.toolbox import Toolbox
from tests.conftest import make_tiny_shop
from tests.mined import opened, scenes_of

SEEDS = (0, 1, 2, 3)
EDITING = ("write_file", "edit_file", "rename", "rename_and_check", "add_import")
CODE = '''"""Ghosts.

    @dataclass
    class PhantomData:
        x: int

    @phantom_decorator
    async def phantom_function():
        raise PhantomError("boo")  # TODO: phantom_note
"""

from dataclasses import dataclass


class RealError(Exception):
    """Something real."""


@dataclass
class RealData:
    """Holds a number."""

    number: int = 3

    def hand_on(self) -> None:
        """Do it and let it fail."""
        try:
            self.check()
        except RealError:
            print("failed")
            raise

    @staticmethod
    def check() -> None:
        """Fail."""
        # TODO: say why it fails
        raise RealError("it failed for a real reason")
'''
STREAM = '''"""Numbers, one after the other."""


async def numbers():
    """Yield one number."""
    yield 1


async def first():
    async for number in numbers():
        return number


def last():
    return 1
'''


@pytest.fixture(scope="module")
def ghosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repo, Toolbox]]:
    """A repository whose docstrings show code that isn't there."""
    root = tmp_path_factory.mktemp("ghosts") / "ghosts"
    (root / "ghosts").mkdir(parents=True)
    (root / "ghosts" / "__init__.py").write_text("")
    (root / "ghosts" / "house.py").write_text(CODE)
    (root / "ghosts" / "stream.py").write_text(STREAM)
    with opened(root, root.parent / "cache") as opened_site:
        yield opened_site


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repo, Toolbox]]:
    folder = tmp_path_factory.mktemp("shop")
    with opened(make_tiny_shop(folder / "tiny_shop"), folder / "cache") as opened_site:
        yield opened_site


def rows(site: tuple[Repo, Toolbox], name: str, seed: int = 0) -> list[Example]:
    return [example for _, example in scenes_of(discover()[name], *site, seed)[0]]


def every(site: tuple[Repo, Toolbox], name: str) -> list[Example]:
    return [example for seed in SEEDS for example in rows(site, name, seed)]


def arguments(example: Example, tool: str) -> list[dict[str, str]]:
    return [dict(call.arguments) for m in example.messages for call in m.tool_calls if call.name == tool]


@pytest.mark.parametrize("name", ["async_functions", "dataclasses_of", "decorators", "raises", "todos"])
def test_code_in_a_docstring_is_not_taken_for_code(ghosts: tuple[Repo, Toolbox], name: str) -> None:
    """Else an example in a docstring would be counted as a class, a raise or a task; what is real must be found nevertheless."""
    made = every(ghosts, name)
    assert made
    for example in made:
        assert "hantom" not in example.question + example.answer, example.question
        # There is one of each kind: where two are counted, one of them is a ghost.
        assert not re.search(r"\btwo\b", example.answer, re.IGNORECASE), (example.question, example.answer)


def test_what_is_raised_again_is_not_nothing(ghosts: tuple[Repo, Toolbox]) -> None:
    """Else `raise` alone would be told as "raises nothing"."""
    about = [e for seed in range(40) for e in rows(ghosts, "read_span", seed) if "`hand_on`" in e.question]
    assert about
    assert not any("raises nothing" in e.answer or "no raise statement" in e.answer for e in about)


def test_an_async_generator_is_not_called_a_coroutine(ghosts: tuple[Repo, Toolbox]) -> None:
    """Else a model would learn to await what has to be iterated over."""
    about = [e for e in every(ghosts, "async_functions") if "`numbers`" in e.question + e.answer]
    assert about
    for example in about:
        assert not re.search(r"corout|await", example.question + example.answer), example.question


@pytest.mark.parametrize("seed", SEEDS)
def test_an_edit_changes_one_line_and_leaves_python(shop: tuple[Repo, Toolbox], seed: int) -> None:
    """Else a row would teach to rewrite what nobody asked for, or to break the file."""
    made = rows(shop, "edit_file", seed)
    assert made
    for example in made:
        before = next(m.content for m in example.messages if m.role == "tool").splitlines()
        [written] = arguments(example, "write_file")
        changes = [
            line
            for line in difflib.ndiff(before, written["content"].splitlines())
            if line[:2] in ("- ", "+ ")
        ]
        assert 1 <= len(changes) <= 2, changes
        if written["path"].endswith(".py"):
            compile(written["content"], written["path"], "exec")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_file_is_written_as_dictated(shop: tuple[Repo, Toolbox], seed: int) -> None:
    """Else the call would hold something that the user never said."""
    for example in rows(shop, "write_file", seed):
        for written in arguments(example, "write_file"):
            assert written["path"] in example.question
            assert written["content"] in example.question
            if written["path"].endswith((".py", ".pyi")):
                compile(written["content"], written["path"], "exec")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_existing_file_is_not_written_over(shop: tuple[Repo, Toolbox], seed: int) -> None:
    """Else "unless it is there" would be answered by overwriting it."""
    repo, _ = shop
    kept = [e for e in rows(shop, "write_file", seed) if not arguments(e, "write_file")]
    assert kept
    for example in rows(shop, "write_file", seed):
        assert all(written["path"] not in repo.paths for written in arguments(example, "write_file"))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["rename", "rename_and_check"])
def test_a_renamed_file_is_python_and_has_the_new_name(
    shop: tuple[Repo, Toolbox], name: str, seed: int
) -> None:
    """Else the new source would not run."""
    _, tools = shop
    for example in rows(shop, name, seed):
        for call in arguments(example, "cst_rename"):
            result = tools.call("cst_rename", **call).value
            if result.success:
                compile(result.modified_source, call["file_path"], "exec")
                assert re.search(rf"\b{call['new_name']}\b", result.modified_source)
            else:
                assert result.parse_error
                assert "`" in example.answer


@pytest.mark.parametrize("name", EDITING)
def test_the_snapshot_is_as_it_was(shop: tuple[Repo, Toolbox], name: str) -> None:
    """Else what one generator writes would be mined by the next."""
    repo, tools = shop
    before = {path: (repo.root / path).read_bytes() for path in repo.paths}
    assert rows(shop, name)
    assert {
        p.relative_to(repo.root).as_posix(): p.read_bytes() for p in repo.root.rglob("*") if p.is_file()
    } == before
    with tools.scratch() as box:
        assert all(box.workspace.text(path) == repo.text(path) for path in repo.paths)


@pytest.mark.parametrize("name", [*EDITING, "search_text", "read_file", "read_span", "list_files", "todos"])
def test_the_same_seed_makes_the_same_rows(shop: tuple[Repo, Toolbox], name: str, tmp_path: Path) -> None:
    """Else a dataset could not be made again."""
    with opened(make_tiny_shop(tmp_path / "tiny_shop"), tmp_path / "cache") as other:
        assert [e.id for e in rows(other, name)] == [e.id for e in rows(shop, name)]
