"""Hostile and broken repositories: what is read of them, what is not, and that each is told."""

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from punie_data.code import tree
from punie_data.code.gitfolder import borrow
from punie_data.code.tree import Tree, snapshot
from punie_data.errors import UserError
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace
from tests.conftest import git, make_tiny_shop, open_tools


def taken(root: Path, tmp_path: Path) -> tuple[Tree, list[str]]:
    """A snapshot of `root`, and what was said about it."""
    said: list[str] = []
    found = snapshot(root, tmp_path / "cache", False, said.append)
    if found.git is not None:
        found.git.remove()
    return found, said


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def replace_in_index(root: Path, name: str, other: bytes) -> None:
    """Give an entry of the index a name of the same length that git itself would never let in."""
    (root / name).write_text("x\n")
    git(root, "add", name)
    (root / name).unlink()
    index = root / ".git" / "index"
    changed = index.read_bytes().replace(name.encode(), other)[:-20]
    index.write_bytes(changed + hashlib.sha1(changed).digest())


def move_objects(root: Path) -> None:
    shutil.move(root / ".git/objects", root.parent / "objects")
    (root / ".git/objects").symlink_to(root.parent / "objects")


BROKEN: dict[str, Callable[[Path], object]] = {
    "no HEAD": lambda root: (root / ".git/HEAD").unlink(),
    "HEAD is garbage": lambda root: (root / ".git/HEAD").write_bytes(b"\xff\0garbage\n"),
    "HEAD names a commit that is not there": lambda root: (root / ".git/HEAD").write_text("1" * 40 + "\n"),
    "HEAD is a pipe": lambda root: ((root / ".git/HEAD").unlink(), os.mkfifo(root / ".git/HEAD")),
    "the branch is garbage": lambda root: (root / ".git/refs/heads/main").write_text("nonsense\n"),
    "packed-refs is garbage": lambda root: (
        git(root, "pack-refs", "--all"),
        (root / ".git/packed-refs").write_bytes(b"\0\xffgarbage\n"),
    ),
    "no objects": lambda root: shutil.rmtree(root / ".git/objects"),
    "objects elsewhere": move_objects,
    "objects of another repository": lambda root: (root / ".git/objects/info/alternates").write_text(
        "/tmp\n"
    ),
    "half an index": lambda root: (root / ".git/index").write_bytes((root / ".git/index").read_bytes()[:200]),
    "no configuration to speak of": lambda root: (root / ".git/config").write_text("[core\nx"),
    "references in a way not known here": lambda root: git(root, "config", "extensions.refStorage", "clay"),
    "another repository's history": lambda root: (root / ".git/commondir").write_text("../../other/.git\n"),
    "an empty .git": lambda root: (shutil.rmtree(root / ".git"), (root / ".git").mkdir()),
    "a .git file of bytes": lambda root: (
        shutil.rmtree(root / ".git"),
        (root / ".git").write_bytes(b"\xff\0"),
    ),
    "an absolute path in the index": lambda root: replace_in_index(root, "XXXXXXXXXXX", b"/etc/passwd"),
    "a path out of the index": lambda root: replace_in_index(root, "XXXXXXXXXXX", b"../../secre"),
    "git's own files in the index": lambda root: replace_in_index(root, "XXXXXXXXXXX", b".git/config"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_repository_that_git_cannot_be_trusted_with_is_mined_without_git(
    tiny_shop: Path, tmp_path: Path, how: str
) -> None:
    """Else a broken or lying .git ends the run, hangs it, or lets it read what is not the repository's."""
    BROKEN[how](tiny_shop)
    found, said = taken(tiny_shop, tmp_path)
    assert found.git is None and not found.head
    assert len(found.paths(".py")) > 10 and "/etc/passwd" not in found.paths()
    assert len(said) == 1 and said[0].startswith("tiny_shop: mined without git: ")


SOUND: dict[str, Callable[[Path], object]] = {
    "packed": lambda root: git(root, "gc", "-q"),
    "detached": lambda root: git(root, "checkout", "-q", "--detach"),
    "a split index": lambda root: git(root, "update-index", "--split-index"),
    "an executable": lambda root: (root / "README.md").chmod(0o755),
    "a linked file": lambda root: (root / "passwords.py").symlink_to("/etc/passwd"),
    "no index": lambda root: (root / ".git/index").unlink(),
    "SHA-256": lambda root: (
        shutil.rmtree(root / ".git"),
        git(root, "init", "-q", "--object-format=sha256"),
        git(root, "add", "-A"),
        git(root, "commit", "-q", "-m", "All of it"),
    ),
    "an index without a checksum": lambda root: (
        git(root, "config", "index.skipHash", "true"),
        (root / ".git/index").write_bytes((root / ".git/index").read_bytes()[:-20] + bytes(20)),
    ),
}


@pytest.mark.parametrize("how", SOUND)
def test_unusual_repositories_are_read_like_any_other(tiny_shop: Path, tmp_path: Path, how: str) -> None:
    """The near-misses: else caution would cost the history of sound repositories."""
    SOUND[how](tiny_shop)
    expected = git(tiny_shop, "status", "--porcelain=v1", "--untracked-files=all").splitlines()
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        files = {file.file for file in tools.call("git_status").value.files}
        assert files == {line[3:] for line in expected} - {"passwords.py"}
        assert tools.call("git_log").value.commits


def test_git_sees_the_snapshot_and_not_what_happens_afterwards(tiny_shop: Path, tmp_path: Path) -> None:
    """Else editing a file during a run changes the rows, and no replay finds them again."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        before = tools.call("git_status").content
        (tiny_shop / "src/tiny_shop/cart.py").write_text("x = 1\n")
        (tiny_shop / "new.py").write_text("x = 1\n")
        (tiny_shop / "LICENSE").unlink()
        fresh = Toolbox(
            Workspace(tools.workspace.root, frozenset(tools.workspace.paths), tools.workspace.git)
        )
        assert fresh.call("git_status").content == before
        assert not fresh.call("git_diff", path="src/tiny_shop/cart.py").value.files
        fresh.close()


def test_a_submodules_configuration_runs_nothing(tiny_shop: Path, tmp_path: Path) -> None:
    """Else git, asked about the outer repository, would ask the inner one, under the inner one's configuration."""
    trap = tmp_path / "sprung"
    inner = write(tiny_shop / "inner", {"a.py": "x = 1\n"})
    git(inner, "init", "-q")
    git(inner, "add", "-A")
    git(inner, "commit", "-q", "-m", "Inner")
    git(tiny_shop, "add", "inner")
    git(tiny_shop, "commit", "-q", "-m", "A submodule")
    git(inner, "config", "core.fsmonitor", f"touch {trap}; false")
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        assert tools.call("git_status").ok and tools.call("git_diff").ok
        assert "inner" not in {file.file for file in tools.call("git_status").value.files}
    assert not trap.exists()
    subprocess.run(["git", "status"], cwd=tiny_shop, capture_output=True, check=True)
    assert trap.exists(), "the trap was one"


def test_names_that_are_options_or_patterns_are_names(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a file name of somebody's choice is an argument of a program of ours."""
    names = [
        "-rf.py",
        "--help.py",
        "--config=x.py",
        ":(top)x.py",
        "[ab].py",
        "@args.py",
        "a b.py",
        "$(touch x).py",
    ]
    write(tiny_shop, dict.fromkeys(names, "import os\n"))
    git(tiny_shop, "add", "--", *(f"./{name}" for name in names if not name.startswith(":")))
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        for name in names:
            assert [file.file for file in tools.call("git_status", path=name).value.files] == [name]
            assert [found.file for found in tools.call("ruff_check", path=name).value.violations] == [name]
            assert tools.call("search_text", pattern="import os", path=name).value.file_count == 1
            assert tools.call("typecheck", path=name).ok
    assert not (tiny_shop / "x").exists()


def test_nothing_but_plain_files_with_plain_names_is_read(tmp_path: Path) -> None:
    """Else a pipe hangs the run, a link leads out of the repository, and a name moves the cursor."""
    root = write(
        tmp_path / "odd",
        {"good.py": "x = 1\n", "new\nline.py": "", "escape\x1b[31m.py": "", "\u202ejpg.py": ""},
    )
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket.py"))
    for name, target in (
        ("loop.py", "loop.py"),
        ("out.py", "/etc/passwd"),
        ("up", ".."),
        ("here", "."),
        ("gone.py", "nowhere"),
    ):
        (root / name).symlink_to(target)
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.py")).touch()
    write(root, {"/".join(["d" * 100] * 12) + "/deep.py": "x = 1\n", "big.py": b"#" * 1_000_001})
    found, _ = taken(root, tmp_path)
    assert found.paths() == ["good.py"]
    told = dict(found.skipped)
    assert {told[name] for name in ("pipe.py", "socket.py")} == {"not a regular file"}
    assert {told[name] for name in ("loop.py", "out.py", "up", "here", "gone.py")} == {"a link"}
    assert all(name.isprintable() for name in told) and len(told) == 13


def test_a_file_that_a_parser_would_hang_over_is_left_out_for_every_tool(tmp_path: Path) -> None:
    """Else ruff overflows its stack over it and nothing at all of the repository is linted."""
    root = write(tmp_path / "r", {"good.py": "import os\n", "bad.py": "x = " + "(" * 9000 + ")" * 9000})
    with open_tools(root, tmp_path / "cache") as tools:
        assert tools.call("ruff_check").value.violation_count == 1
        assert tools.workspace.paths == {"good.py"}


@contextmanager
def without_rights() -> Iterator[None]:
    """As an ordinary user: root may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_may_not_be_read_is_told() -> None:
    """Else one protected file ends the run."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        Path(folder).chmod(0o777)
        root = write(
            Path(folder) / "r", {"good.py": "x = 1\n", "secret.py": "x = 2\n", "closed/a.py": "x = 3\n"}
        )
        (root / "secret.py").chmod(0)
        (root / "closed").chmod(0)
        with without_rights():
            found, _ = taken(root, Path(folder))
            shutil.rmtree(Path(folder) / "cache")
        (root / "closed").chmod(0o755)
    assert found.paths() == ["good.py"]
    assert dict(found.skipped) == {
        "secret.py": "unreadable: Permission denied",
        "closed": "unreadable: Permission denied",
    }


def test_caches_and_virtual_environments_are_no_source(tmp_path: Path) -> None:
    """Else who has no .gitignore gets questions about site-packages."""
    rubbish = ("mine/pyvenv.cfg", "mine/lib/x.py", "node_modules/a.py", "pkg/__pycache__/b.py")
    root = write(tmp_path / "r", {"good.py": "x = 1\n", "mine.py": "", **dict.fromkeys(rubbish, "")})
    assert taken(root, tmp_path)[0].paths() == ["good.py", "mine.py"]
    git(root, "init", "-q")
    assert taken(root, tmp_path)[0].paths() == ["good.py", "mine.py"]
    git(root, "add", "-f", "pkg/__pycache__/b.py")
    assert taken(root, tmp_path)[0].paths() == ["good.py", "mine.py", "pkg/__pycache__/b.py"]


def test_a_dataset_in_the_repository_is_no_part_of_it(tiny_shop: Path, tmp_path: Path) -> None:
    """Else each run would mine the last one's output, and no dataset could be verified where it lies."""
    before = taken(tiny_shop, tmp_path)[0]
    ours = ("examples.jsonl", "rejected.jsonl", "manifest.json", "README.md", ".sources.json")
    write(tiny_shop, {f"data/shop/{name}": "{}\n" for name in ours})
    write(tiny_shop, {"data/other/.examples.jsonl.123.part": "{}"})
    after = taken(tiny_shop, tmp_path)[0]
    assert (after.digest, after.files, after.skipped) == (before.digest, before.files, before.skipped)
    write(tiny_shop, {"data/kept/examples.jsonl": "{}\n"})
    assert "data/kept/examples.jsonl" in taken(tiny_shop, tmp_path)[0].paths()


def test_a_cache_in_the_repository_is_no_part_of_it(tmp_path: Path) -> None:
    """Else it would grow with every run by all that it held."""
    root = write(tmp_path / "r", {"good.py": "x = 1\n"})
    digests = {snapshot(root, root / "our-cache", False, print).digest for _ in range(2)}
    assert len(digests) == 1


def test_equal_trees_of_different_names_have_a_snapshot_each(tmp_path: Path) -> None:
    """Else the second finds the first one's folder and not its own."""
    for name in ("one", "two"):
        found, _ = taken(write(tmp_path / name, {"a.py": "x = 1\n"}), tmp_path)
        assert found.root.name == name and (found.root / "a.py").is_file()


def test_a_snapshot_of_which_something_was_cleaned_away_is_made_anew(tmp_path: Path) -> None:
    """Else a tidy cache cleaner breaks every later run."""
    root = write(tmp_path / "r", {"a.py": "x = 1\n", "b.py": "y = 2\n"})
    first, _ = taken(root, tmp_path)
    (first.root / "b.py").unlink()
    again, _ = taken(root, tmp_path)
    assert again.root == first.root and (again.root / "b.py").read_text() == "y = 2\n"


def test_a_file_that_changes_between_two_looks_is_noticed(tmp_path: Path) -> None:
    """Else the snapshot is not what its digest says."""
    root = write(tmp_path / "r", {"a.py": "x = 1\n"})
    files = taken(root, tmp_path)[0].files
    (root / "a.py").write_text("x = 2\n")
    with pytest.raises(tree.Changed):
        tree._copy_into(tmp_path / "copy", root, files)
    (root / "a.py").unlink()
    with pytest.raises(tree.Changed):
        tree._copy_into(tmp_path / "second", root, files)


def test_the_right_to_execute_and_the_times_survive(tiny_shop: Path, tmp_path: Path) -> None:
    """Else git would call every script changed, and read every file at every question."""
    (tiny_shop / "LICENSE").chmod(0o755)
    found, _ = taken(tiny_shop, tmp_path)
    copy, original = (found.root / "LICENSE").stat(), (tiny_shop / "LICENSE").stat()
    assert copy.st_mode & 0o111 and copy.st_mtime_ns == original.st_mtime_ns
    digest = found.digest
    (tiny_shop / "LICENSE").chmod(0o644)
    assert taken(tiny_shop, tmp_path)[0].digest != digest


def test_no_folder_is_one_line(tmp_path: Path) -> None:
    """Else the user reads a traceback."""
    with pytest.raises(UserError, match="not a folder"):
        snapshot(tmp_path / "nowhere", tmp_path, False, print)


def test_a_shared_clone_says_why_it_has_no_history(tmp_path: Path) -> None:
    """Else its owner looks for the git rows in vain."""
    make_tiny_shop(tmp_path / "tiny_shop")
    git(tmp_path, "clone", "-q", "--shared", str(tmp_path / "tiny_shop"), str(tmp_path / "shared"))
    said: list[str] = []
    assert borrow(tmp_path / "shared", said.append) is None
    assert said == ["it borrows objects from another repository"]
