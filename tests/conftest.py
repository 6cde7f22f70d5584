"""What many tests need: the hand-made repository `tiny_shop`, with a history and a dirty work tree."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from punie_data.code.tree import snapshot
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace

os.environ["PUNIE_DATA_HISTORY"] = "off"
"""Tests that train and evaluate leave no record in anybody's project; those of the history name a file."""
TINY_SHOP = Path(__file__).parent / "repos" / "tiny_shop"
FIRST = ("README.md", "LICENSE", "MANIFEST.in", ".gitignore", "pyproject.toml", "src/tiny_shop/__init__.py",
         "src/tiny_shop/errors.py", "src/tiny_shop/money.py", "src/tiny_shop/catalogue.py", "src/tiny_shop/cart.py",
         "tests/conftest.py", "tests/test_catalogue.py", "tests/test_cart.py")  # fmt: skip
SECOND = ("src/tiny_shop/__init__.py", "src/tiny_shop/pricing.py", "src/tiny_shop/inventory.py", "src/tiny_shop/retry.py",
          "src/tiny_shop/payments.py", "src/tiny_shop/notifications.py", "src/tiny_shop/orders.py", "tests/conftest.py",
          "tests/test_pricing.py", "tests/test_orders.py")  # fmt: skip


@pytest.fixture
def tiny_shop(tmp_path: Path) -> Path:
    """A copy of tests/repos/tiny_shop with three commits and, on top of them, a modified, a deleted, two staged and an untracked file."""
    return make_tiny_shop(tmp_path / "tiny_shop")


@pytest.fixture(scope="session")
def shared_tiny_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same repository, made once: only for tests that change nothing in it."""
    return make_tiny_shop(tmp_path_factory.mktemp("shared") / "tiny_shop")


@pytest.fixture(scope="session")
def shop(shared_tiny_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolbox]:
    """The tools over a snapshot of tiny_shop, without leave to run its code."""
    with open_tools(shared_tiny_shop, tmp_path_factory.mktemp("cache")) as toolbox:
        yield toolbox


@contextmanager
def open_tools(root: Path, cache: Path, allow_exec: bool = False) -> Iterator[Toolbox]:
    """The tools over a snapshot of `root`, as `generate` opens them."""
    tree = snapshot(root, cache, False, lambda line: None)
    toolbox = Toolbox(Workspace(tree.root, frozenset(tree.paths()), tree.git), allow_exec)
    try:
        yield toolbox
    finally:
        toolbox.close()
        if tree.git is not None:
            tree.git.remove()


def place(root: Path, file: str, line: str, symbol: str) -> dict[str, str | int]:
    """The arguments that point a language-server tool at `symbol` on the first line of `file` that holds `line`."""
    for number, text in enumerate((root / file).read_text(encoding="utf-8").split("\n"), 1):
        if line in text:
            return {"file_path": file, "line": number, "column": text.index(symbol) + 1, "symbol": symbol}
    raise AssertionError(f"{file} has no line with {line!r}")


def make_tiny_shop(root: Path) -> Path:
    """Copy the repository to `root` and give it its history: the same commits, to the byte, on every machine."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "MANIFEST.in").write_text("include LICENSE\n")
    commit(root, FIRST, "Catalogue, cart and money", "Mia Lind", "2024-03-04T10:00:00+00:00")
    commit(root, SECOND, "Pricing rules, payments and orders", "Jon Berg", "2024-04-11T15:30:00+00:00")
    everything = [p.relative_to(TINY_SHOP).as_posix() for p in sorted(TINY_SHOP.rglob("*")) if is_source(p)]
    commit(root, tuple(everything), "Reports and documentation", "Mia Lind", "2024-05-17T09:15:00+00:00")
    inventory = root / "src/tiny_shop/inventory.py"
    inventory.write_text(inventory.read_text().replace("threshold: int = 3", "threshold: int = 5"))
    (root / "MANIFEST.in").unlink()
    (root / "CHANGELOG.md").write_text(
        "# Changes\n\n## 0.3.0\n\n- Reports: revenue, best sellers and the busiest day.\n"
    )
    with (root / "docs/how-to.md").open("a") as page:
        page.write(
            "\n## How to empty the cart\n\nCall `clear` on the cart. The catalogue and the stock are not touched.\n"
        )
    git(root, "add", "CHANGELOG.md", "docs/how-to.md")
    (root / "docs/ideas.md").write_text("# Ideas\n\nGift cards, and a wish list.\n")
    return root


def is_source(path: Path) -> bool:
    """Whether the file is tiny_shop's own and not something that a tool left behind in the checkout."""
    below = path.relative_to(TINY_SHOP)
    return path.is_file() and not any(
        part == "__pycache__" or part.endswith("_cache") for part in below.parts
    )


def commit(root: Path, paths: tuple[str, ...], message: str, author: str, when: str) -> None:
    for path in paths:
        source = TINY_SHOP / path
        if source.is_file():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / path)
    if "reports" not in message.lower():
        (root / "README.md").write_text("# tiny-shop\n\nA small shop in plain Python.\n")
    if "src/tiny_shop/pricing.py" not in paths and not (root / "src/tiny_shop/pricing.py").exists():
        without(root / "src/tiny_shop/__init__.py", "orders", "Order")
        without(root / "tests/conftest.py", "inventory", "Inventory")
    git(root, "add", "--", *paths)
    git(root, "commit", "-q", "-m", message, author=author, when=when)


def without(path: Path, *words: str) -> None:
    """Drop the lines that hold one of the words: an earlier state of the file."""
    kept = [
        line for line in path.read_text().splitlines(keepends=True) if not any(word in line for word in words)
    ]
    path.write_text("".join(kept).removesuffix("\n\n@pytest.fixture\n"))


def git(
    root: Path, *arguments: str, author: str = "Mia Lind", when: str = "2024-01-01T00:00:00+00:00"
) -> str:
    """Run git with no configuration but what stands here, and return what it printed."""
    address = f"{author.split()[0].lower()}@example.com"
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": address, "GIT_AUTHOR_DATE": when, "LC_ALL": "C",
        "GIT_COMMITTER_NAME": author, "GIT_COMMITTER_EMAIL": address, "GIT_COMMITTER_DATE": when, "TZ": "UTC",
    }  # fmt: skip
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With PUNIE_DATA_NO_SKIPS=1 a skipped test is a failure: that machine could have run it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("PUNIE_DATA_NO_SKIPS") == "1" and skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, and PUNIE_DATA_NO_SKIPS is set", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
