"""A run after a change: what is taken over from the run before must be what a run without memory finds."""

import shutil
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from punie_data.code.mine import mine
from punie_data.code.tree import SourceFile, Tree
from punie_data.generate.dependence import Dependence
from punie_data.generate.engine import is_small_change
from punie_data.generate.memory import Memory
from punie_data.generate.needles import needles
from punie_data.generate.store import Store
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace
from tests.conftest import make_tiny_shop
from tests.test_generate import files_of, generate

MONEY, CART = "src/tiny_shop/money.py", "tests/test_cart.py"
CHANGES: dict[str, dict[str, Callable[[str], str]]] = {
    "another type, a method more": {
        MONEY: lambda text: (
            text.replace("int", "float") + "\n    def halved(self) -> int:\n        return 1\n"
        )
    },
    "a line above everything, a syntax error": {
        MONEY: lambda text: "# One more line.\n" + text,
        CART: lambda text: text + "\ndef (:\n",
    },
    "the configuration, prose, a test more": {
        "pyproject.toml": lambda text: text + '\n[tool.ruff.lint]\nselect = ["D", "F"]\n',
        "README.md": lambda text: text + "\nOne sentence more about the cart.\n",
        CART: lambda text: text + "\n\ndef test_more() -> None:\n    assert Money\n",
    },
}


def dependence(files: Mapping[str, str], root: Path) -> Dependence:
    """Of these sources, written below `root`."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    digests = {path: sha256(text.encode()).hexdigest() for path, text in sorted(files.items())}
    facts = {path: mine(path, text.encode()) for path, text in files.items() if path.endswith(".py")}
    return Dependence(root, digests, facts, "tree", "history")


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that knows the unchanged shop."""
    folder = tmp_path_factory.mktemp("before")
    make_tiny_shop(folder / "tiny_shop")
    generate(folder, "--repo", "tiny_shop", "--out", "before")
    return folder


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_after_a_change_makes_the_bytes_of_a_run_without_memory(
    change: str, remembered: Path, tmp_path: Path
) -> None:
    """Else a row would tell what was true before the change, and call it verified."""
    shutil.copytree(remembered, tmp_path, dirs_exist_ok=True, symlinks=True)
    for path, edit in CHANGES[change].items():
        file = tmp_path / "tiny_shop" / path
        file.write_text(edit(file.read_text()))
    generate(tmp_path, "--repo", "tiny_shop", "--out", "warm")
    shutil.rmtree(tmp_path / "cache")
    generate(tmp_path, "--repo", "tiny_shop", "--out", "cold")
    assert files_of(tmp_path / "warm") == files_of(tmp_path / "cold")
    assert files_of(tmp_path / "cold") != files_of(tmp_path / "before")


def test_what_a_change_cannot_touch_is_not_asked_again(tmp_path: Path) -> None:
    """Else every change would cost as much as the first run."""
    before = dependence(SHOP, tmp_path)
    after = dependence(SHOP | {"src/shop/plain.py": "HEIGHT = 4\n"}, tmp_path)
    same = [
        name
        for name, (tool, arguments) in CALLS.items()
        if before.of(tool, arguments) == after.of(tool, arguments)
    ]
    assert same == ["a type in a file that imports it not", "a reference in files that import it not", "another word", "any word of prose", "another file's lint", "a commit"]  # fmt: skip


SHOP = {
    "pyproject.toml": "[tool.ruff]\n",
    "src/shop/__init__.py": "",
    "src/shop/plain.py": "HEIGHT = 3\n",
    "src/shop/user.py": "from .plain import HEIGHT\n\n\ndef tall() -> int:\n    return HEIGHT\n",
    "src/shop/far.py": "def inside():\n    import shop.user\n",
    "src/shop/alone.py": "def lonely() -> None:\n    pass\n",
    "tests/test_alone.py": "from shop.alone import lonely\n",
}
CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "a type in a file that imports it": ("hover", {"file_path": "src/shop/user.py", "line": 5, "column": 1, "symbol": "HEIGHT"}),
    "a type in a file that imports it over another": ("typecheck", {"path": "src/shop/far.py"}),
    "a type in a file that imports it not": ("typecheck", {"path": "tests/test_alone.py"}),
    "a reference in a file that imports it": ("find_references", {"file_path": "src/shop/user.py", "line": 4, "symbol": "tall"}),
    "a reference in files that import it not": ("find_references", {"file_path": "src/shop/alone.py", "line": 1, "symbol": "lonely"}),
    "a word in it": ("search_text", {"pattern": r"\bHEIGHT\b", "path": ".", "glob": ""}),
    "another word": ("search_text", {"pattern": r"def lonely\b", "path": ".", "glob": "*.py"}),
    "any word": ("search_text", {"pattern": r"[a-z]+", "path": "src", "glob": "*.py"}),
    "any word of prose": ("search_text", {"pattern": r"[a-z]+", "path": ".", "glob": "*.md"}),
    "its lint": ("ruff_check", {"path": "src/shop/plain.py"}),
    "another file's lint": ("ruff_check", {"path": "src/shop/user.py"}),
    "a folder's lint": ("ruff_check", {"path": "src/shop"}),
    "a name anywhere": ("workspace_symbols", {"query": "lonely"}),
    "a commit": ("git_log", {"path": "src/shop/plain.py"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("importer", "says", "imported"),
    [
        ("src/shop/a.py", "from . import b", "src/shop/b.py"),
        ("src/shop/a.py", "from .b import c", "src/shop/b/__init__.py"),
        ("src/shop/a.py", "from .b import c", "src/shop/b/c.py"),
        ("src/shop/deep/a.py", "from .. import x", "src/shop/__init__.py"),
        ("src/shop/deep/a.py", "from ...b import x", "src/b.py"),
        ("tests/test_a.py", "import shop.b.c", "src/shop/b/c.pyi"),
        ("tests/test_a.py", "import helper", "tests/helper.py"),
        ("tests/deep/test_a.py", "import helper", "tests/helper.py"),
        ("a.py", "import b", "b-stubs/__init__.pyi"),
        ("a.py", "import b", "extra/b.py"),
        ("src/shop/a.pyi", "from .b import (  # a stub\n    c,\n    d)", "src/shop/b/d.py"),
        ("src/shop/a.pyi", "if True: from . \\\n  b import c", "src/shop/b.py"),
        ("a.py", "x = 1", "typing.py"),
        ("a.py", "x = 1", "__builtins__.pyi"),
    ],
)
def test_what_ty_may_read_for_a_file_is_known(
    importer: str, says: str, imported: str, tmp_path: Path
) -> None:
    """Else a type that changed elsewhere would not be noticed."""
    files = {"pyproject.toml": '[tool.ty.environment]\nextra-paths = ["./extra"]\n', importer: f"{says}\n"}
    call = ("typecheck", {"path": importer})
    before = dependence(files | {imported: "c = 1\n"}, tmp_path).of(*call)
    assert dependence(files | {imported: "c = 2\n"}, tmp_path).of(*call) != before


def test_ty_finds_uses_in_files_that_hold_the_name_only(tmp_path: Path) -> None:
    """Else a file that calls it by another name could get one more use, and nobody would look."""
    files = {
        "a.py": "def price() -> int:\n    return 1\n",
        "b.py": "from a import price as cost\n\n\ndef first():\n    cost()\n",
        "c.py": "from b import cost\n\n\ndef second():\n    cost()\n",
        "d.py": "import a\n\n\ndef third():\n    a.price()\n",
    }
    dependence(files, tmp_path)
    place = {"file_path": "a.py", "line": 1, "column": 5, "symbol": "price"}
    with Workspace(tmp_path, frozenset(files), None) as workspace:
        references = Toolbox(workspace).call("find_references", **place).value.references
        calls = Toolbox(workspace).call("call_hierarchy", **place).value.calls
    assert {reference.file for reference in references} == {"d.py"}
    assert {call.file for call in calls} == {"b.py", "d.py"}


@pytest.mark.parametrize("root", ["examples", "docs", "shop/inner"])
def test_ty_takes_no_other_folder_for_the_standard_library(root: str, tmp_path: Path) -> None:
    """Else a module of an example could change what every file means."""
    files = {f"{root}/enum.py": "class Enum:\n    name = 3\n", "a.py": "from enum import Enum\n\nx = Enum\n"}
    dependence(files, tmp_path)
    with Workspace(tmp_path, frozenset(files), None) as workspace:
        found = Toolbox(workspace).call("goto_definition", file_path="a.py", line=1, column=18, symbol="Enum")
    assert [place.file for place in found.value.locations] == ["typeshed/stdlib/enum.pyi"]


class Watched(Workspace):
    """Remembers which programs it really ran, each by its name and what stands behind `--`."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        super().__init__(root, frozenset(files), None)
        self.ran: list[tuple[str, ...]] = []

    def run(self, *command: str, accept: tuple[int, ...] = (0, 1)) -> bytes:
        self.ran.append((command[0], *command[command.index("--") + 1 :]))
        return super().run(*command, accept=accept)


def test_checkers_are_asked_about_files_that_a_change_touches_only(tmp_path: Path) -> None:
    """Else each change would check the whole project anew; and what is taken over must be what they would say."""
    plain, user, far = "src/shop/plain.py", "src/shop/user.py", "src/shop/far.py"
    said, ran = {}, {}
    for state, text in {"before": "HEIGHT = 3\n", "after": "import os\n\nHEIGHT: str = 3\n"}.items():
        files = SHOP | {plain: text}
        known = dependence(files, tmp_path / state)
        for cache in ("kept", f"none of {state}"):
            memory = Memory(Store(tmp_path / cache), known, "engine")
            with Watched(tmp_path / state, files) as workspace:
                box = Toolbox(workspace, memory=memory)
                paths = sorted(path for path in files if path.endswith(".py"))
                box.prepare_typecheck(paths)
                calls = [box.call(tool, path=path) for tool in ("typecheck", "ruff_check") for path in paths]
                said[cache, state] = [call.content for call in calls]
                ran[cache, state] = workspace.ran
            memory.flush()
            memory.close()
    assert said["kept", "after"] == said["none of after", "after"] != said["none of before", "before"]
    assert ran["kept", "before"] == ran["none of before", "before"] == [("ty", *paths), ("ruff", ".")]
    assert ran["kept", "after"] == [("ty", far, plain, user), ("ruff", plain)]


@pytest.mark.parametrize(
    ("before", "is_small"),
    [
        ({"a.py": "1", "b.py": "2", "c.md": "3"}, True),
        ({"a.py": "1", "b.py": "x", "c.md": "x"}, True),
        ({"a.py": "x", "b.py": "2", "c.md": "3"}, False),
        ({"a.py": "1", "b.py": "2"}, False),
        ({"a.py": "1", "b.py": "2", "c.md": "3", "d.py": "4"}, False),
        ({}, False),
    ],
    ids=["none", "a little", "much", "a file more", "a file less", "never mined"],
)
def test_what_is_a_small_change(before: dict[str, str], is_small: bool, tmp_path: Path) -> None:
    """Else one worker would do the work of many, or many would start for what one has done by then."""
    files = (SourceFile("a.py", "1", 900), SourceFile("b.py", "2", 60), SourceFile("c.md", "3", 40))
    tree = Tree(tmp_path, files, "digest", "", False, None, (), "")
    assert is_small_change(tree, before) == is_small


def test_a_small_change_of_the_configuration_is_none(tmp_path: Path) -> None:
    """Else one worker would ask every question of the first run again, alone."""
    files = (SourceFile("a.py", "1", 900), SourceFile("pyproject.toml", "2", 9))
    tree = Tree(tmp_path, files, "digest", "", False, None, (), "")
    assert not is_small_change(tree, {"a.py": "1", "pyproject.toml": "x"})


@pytest.mark.parametrize(
    ("pattern", "demanded"),
    [
        (r"\bMoney\b", [{"Money"}]),
        (r"^\s*except\*?\b.*\bKeyError\b", [{"except", "KeyError"}]),
        (r"(TODO|FIXME)", [{"FIXME"}, {"TODO"}]),
        (r"^(from re\b|import (.*, )?re\b)", [{"from re"}, {"import ", "re"}]),
        (r"foo(bar)?", [{"foo"}]),
        (r"(foo)+bar", [{"foo", "bar"}]),
        (r"shop\.cart", [{"shop.cart"}]),
        (r"foo[\[(]", [{"foo"}]),
        (r"(foo|x*)", None),
        (r"[[a-z]&&b]foo", None),
        (r"(?i)foo", None),
        (r"foo{2}", None),
        (r"\d+", None),
        ("(", None),
    ],
)
def test_what_a_pattern_demands(pattern: str, demanded: list[set[str]] | None) -> None:
    """Else a file that matches could be taken for one that can't."""
    found = needles(pattern)
    assert (None if found is None else [set(way) for way in found]) == demanded


def test_what_is_asked_for_is_not_forgotten(tmp_path: Path) -> None:
    """Else results of a repository that is mined every day would be made anew every sixty days."""
    store = Store(tmp_path)
    store.put([("key", b"value")])
    store._database.execute("UPDATE entry SET used = unixepoch() - 50 * 86400")
    assert store.get("key") == b"value"
    store._database.execute("UPDATE entry SET used = used - 20 * 86400")
    store.forget_old()
    assert store.get("key") == b"value"
