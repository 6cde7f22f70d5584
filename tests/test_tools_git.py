"""git_status, git_diff and git_log on tiny_shop's three commits and dirty tree; and repositories that mean harm."""

import stat
import subprocess
from pathlib import Path

import pytest

from punie_data.code.gitfolder import borrow
from punie_data.errors import ToolUnavailable
from punie_data.tools.results import Commit, DiffFile, GitFile
from punie_data.tools.toolbox import Toolbox
from tests.conftest import git, open_tools

STATUS = (
    GitFile(file="CHANGELOG.md", status="added", staged=True),
    GitFile(file="MANIFEST.in", status="deleted", staged=False),
    GitFile(file="docs/how-to.md", status="modified", staged=True),
    GitFile(file="docs/ideas.md", status="untracked", staged=False),
    GitFile(file="src/tiny_shop/inventory.py", status="modified", staged=False),
)


def test_status_tells_every_kind_of_change_apart(shop: Toolbox) -> None:
    """Else staged, unstaged and untracked files would be mixed up."""
    found = shop.call("git_status").value
    assert (found.files, found.file_count, found.clean) == (STATUS, 5, False)


def test_status_of_a_folder_and_of_a_clean_file(shop: Toolbox) -> None:
    """Else a question about one folder would be answered about all."""
    assert shop.call("git_status", path="docs").value.files == (STATUS[2], STATUS[3])
    clean = shop.call("git_status", path="src/tiny_shop/cart.py").value
    assert (clean.success, clean.clean, clean.files) == (True, True, ())


def test_status_agrees_with_plain_git(shop: Toolbox, shared_tiny_shop: Path) -> None:
    """Else the borrowed git directory would see another tree than the user does."""
    printed = git(shared_tiny_shop, "status", "--porcelain=v1", "--untracked-files=all")
    assert sorted(line[3:] for line in printed.splitlines()) == [file.file for file in STATUS]
    assert shop.call("git_status").value.file_count == len(printed.splitlines())


def test_a_file_both_staged_and_changed_again_is_named_twice_and_counted_once(
    tiny_shop: Path, tmp_path: Path
) -> None:
    """Else 'how many files changed' would count changes."""
    page = tiny_shop / "docs/how-to.md"
    page.write_text(page.read_text() + "\nMore.\n")
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        found = tools.call("git_status", path="docs/how-to.md").value
    assert [(file.status, file.staged) for file in found.files] == [("modified", True), ("modified", False)]
    assert found.file_count == 1


def test_names_that_git_would_quote(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a file with an accent or a space would have two names."""
    (tiny_shop / "docs" / "über uns.md").write_text("# Über uns\n")
    (tiny_shop / "docs" / "a -> b.md").write_text("x\n")
    git(tiny_shop, "add", "docs/über uns.md")
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        names = [file.file for file in tools.call("git_status", path="docs").value.files]
        assert names == ["docs/a -> b.md", "docs/how-to.md", "docs/ideas.md", "docs/über uns.md"]
        staged = tools.call("git_diff", path="docs", staged=True).value
    assert [file.file for file in staged.files] == ["docs/how-to.md", "docs/über uns.md"]


def test_diff_shows_what_is_not_staged(shop: Toolbox) -> None:
    """Else a staged change would be shown as one still to be staged."""
    found = shop.call("git_diff").value
    deleted, changed = found.files
    assert deleted == DiffFile(
        file="MANIFEST.in", additions=0, deletions=1, hunks=("@@ -1 +0,0 @@\n-include LICENSE",)
    )
    assert (changed.file, changed.additions, changed.deletions) == ("src/tiny_shop/inventory.py", 1, 1)
    assert changed.hunks == (
        "@@ -42,6 +42,6 @@ class Inventory:\n             raise\n \n"
        "     # FIXME: two threads that reserve the same piece at once can both succeed.\n"
        "-    def low(self, threshold: int = 3) -> list[str]:\n"
        "+    def low(self, threshold: int = 5) -> list[str]:\n"
        '         """Return the numbers of the products that are running out, sorted."""\n'
        "         return sorted(sku for sku, pieces in self._stock.items() if pieces < threshold)",
    )
    assert (found.file_count, found.additions, found.deletions) == (2, 1, 2)


def test_diff_of_what_is_staged(shop: Toolbox) -> None:
    """Else the two halves of a change could not be told apart."""
    found = shop.call("git_diff", staged=True).value
    assert [(file.file, file.additions, file.deletions) for file in found.files] == [
        ("CHANGELOG.md", 5, 0), ("docs/how-to.md", 4, 0)
    ]  # fmt: skip
    assert shop.call("git_diff", path="docs").value.file_count == 0


def test_diff_counts_agree_with_git(shop: Toolbox, shared_tiny_shop: Path) -> None:
    """Else lines that begin with signs of their own would be counted wrongly."""
    for staged in (False, True):
        printed = git(shared_tiny_shop, "diff", "--numstat", *(["--cached"] if staged else []))
        expected = sorted(
            (int(a), int(d), name) for a, d, name in (line.split("\t") for line in printed.splitlines())
        )
        found = shop.call("git_diff", staged=staged).value
        assert sorted((file.additions, file.deletions, file.file) for file in found.files) == expected


def test_changed_lines_that_look_like_a_diff_are_only_lines(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a file about diffs would be torn to pieces, and named after its own text."""
    page = tiny_shop / "docs/concepts.rst"
    added = "++ b/fake.py\n-- a/fake.py\ndiff --git a/x b/y\n@@ -1 +1 @@\n--- a/other\n+++ b/other\n"
    page.write_text(added + page.read_text())
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        (found,) = tools.call("git_diff", path="docs/concepts.rst").value.files
    assert (found.file, found.additions, found.deletions, len(found.hunks)) == ("docs/concepts.rst", 6, 0, 1)


def test_a_removed_line_that_looks_like_a_header(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a removed `-- a/x`, shown as `--- a/x`, would be taken for the name of the file."""
    page = tiny_shop / "docs/notes.sql"
    page.write_text("-- a/x\n++ b/y\nselect 1;\n")
    git(tiny_shop, "add", "docs/notes.sql")
    git(tiny_shop, "commit", "-q", "-m", "Notes")
    page.write_text("select 1;\n")
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        (found,) = tools.call("git_diff", path="docs/notes.sql").value.files
    assert (found.file, found.additions, found.deletions) == ("docs/notes.sql", 0, 2)


def test_a_binary_change_has_no_lines(tiny_shop: Path, tmp_path: Path) -> None:
    """Else an image would end the parsing, or its bytes would stand in a row."""
    (tiny_shop / "logo.png").write_bytes(b"\x89PNG\0\1\2")
    git(tiny_shop, "add", "logo.png")
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        found = tools.call("git_diff", path="logo.png", staged=True).value
    assert found.files == (DiffFile(file="logo.png", additions=0, deletions=0),)


def test_log_is_newest_first(shop: Toolbox, shared_tiny_shop: Path) -> None:
    """Else 'the latest commit' would be the first."""
    hashes = git(shared_tiny_shop, "rev-list", "HEAD").split()
    assert shop.call("git_log").value.commits == (
        Commit(
            hash=hashes[0][:12], message="Reports and documentation", author="Mia Lind", date="2024-05-17"
        ),
        Commit(
            hash=hashes[1][:12],
            message="Pricing rules, payments and orders",
            author="Jon Berg",
            date="2024-04-11",
        ),
        Commit(
            hash=hashes[2][:12], message="Catalogue, cart and money", author="Mia Lind", date="2024-03-04"
        ),
    )


def test_log_of_a_path_and_of_so_many(shop: Toolbox) -> None:
    """Else 'who touched this file last' would name who touched anything last."""
    touched = shop.call("git_log", path="src/tiny_shop/__init__.py").value
    assert [commit.message for commit in touched.commits] == [
        "Pricing rules, payments and orders",
        "Catalogue, cart and money",
    ]
    assert [commit.author for commit in shop.call("git_log", count=1).value.commits] == ["Mia Lind"]
    assert shop.call("git_log", path="docs/ideas.md").value.commit_count == 0
    assert shop.call("git_log", path="MANIFEST.in").value.commit_count == 1


@pytest.mark.parametrize("count", [0, -1, 201])
def test_a_count_out_of_range_is_an_error(shop: Toolbox, count: int) -> None:
    """Else git's own idea of -1 commits (all) would be answered."""
    assert shop.call("git_log", count=count).value.parse_error == "count must lie between 1 and 200"


@pytest.mark.parametrize("tool", ["git_status", "git_diff", "git_log"])
@pytest.mark.parametrize("path", ["../", "/etc", "docs/../../x", "a\0b"])
def test_no_path_outside(shop: Toolbox, tool: str, path: str) -> None:
    """Else git would be asked about the folder around the project."""
    assert shop.call(tool, path=path).value.parse_error == f"outside the project: {path}"


@pytest.mark.parametrize("tool", ["git_status", "git_diff", "git_log"])
@pytest.mark.parametrize("path", ["--output=/tmp/punie-data-test", ":(exclude)docs", ":/", "*.md", "-p"])
def test_a_path_is_never_an_option_or_a_pattern(shop: Toolbox, tool: str, path: str) -> None:
    """Else a question could make git write a file, or a star would stand for many files."""
    found = shop.call(tool, path=path).value
    assert not Path("/tmp/punie-data-test").exists()
    assert getattr(found, "file_count", 0) == 0
    assert getattr(found, "commit_count", 0) == 0


@pytest.mark.parametrize("tool", ["git_status", "git_diff", "git_log"])
def test_without_a_repository_there_is_no_example(tmp_path: Path, tool: str) -> None:
    """Else a source distribution would yield rows about a history that it does not have."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").write_text("x = 1\n")
    with (
        open_tools(tmp_path / "project", tmp_path / "cache") as tools,
        pytest.raises(ToolUnavailable, match="no git history"),
    ):
        tools.call(tool)


def test_a_repository_without_commits(tmp_path: Path) -> None:
    """Else a repository that was only just made would end the run."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q")
    (root / "a.py").write_text("x = 1\n")
    git(root, "add", "a.py")
    with open_tools(root, tmp_path / "cache") as tools:
        assert tools.call("git_log").value.commits == ()
        assert tools.call("git_status").value.files == (GitFile(file="a.py", status="added", staged=True),)
        assert tools.call("git_diff", staged=True).value.additions == 1


def hostile(root: Path, marker: Path) -> None:
    """Every place in which a repository may name a program that git starts, naming one that leaves `marker`."""
    program = root / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "core.editor", "core.sshCommand", "diff.evil.command",
                "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "gpg.program", "credential.helper",
                "alias.status", "core.alternateRefsCommand", "core.askPass", "diff.tool"):  # fmt: skip
        git(root, "config", key, f"!{program}" if key.startswith("alias") else str(program))
    git(root, "config", "log.showSignature", "true")
    git(root, "config", "filter.evil.required", "true")
    (root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    hooks = root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "post-index-change",
        "fsmonitor-watchman",
        "pre-commit",
        "post-checkout",
        "reference-transaction",
    ):
        (hooks / name).write_text(program.read_text())
        (hooks / name).chmod(0o755)
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n")


def test_a_hostile_repository_runs_nothing(tiny_shop: Path, tmp_path: Path) -> None:
    """Else mining a repository would be running whatever its author put into its configuration."""
    marker = tmp_path / "it-ran"
    hostile(tiny_shop, marker)
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        for tool, arguments in (
            ("git_status", {}),
            ("git_diff", {}),
            ("git_diff", {"staged": True}),
            ("git_log", {}),
        ):
            assert tools.call(tool, **arguments).ok
        with tools.scratch() as scratch:
            scratch.call("write_file", path="README.md", content="x")
            assert scratch.call("git_diff").ok
    assert not marker.exists()


def test_the_hostile_repository_is_really_hostile(tiny_shop: Path, tmp_path: Path) -> None:
    """Else the test above would pass with traps that never spring."""
    marker = tmp_path / "it-ran"
    hostile(tiny_shop, marker)
    subprocess.run(["git", "status"], cwd=tiny_shop, capture_output=True, check=False)
    assert marker.exists()


def test_a_git_file_that_leads_elsewhere_is_not_followed(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a mined folder could make us read another repository, the user's own for one."""
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "a.py").write_text("x = 1\n")
    (fake / ".git").write_text(f"gitdir: {tiny_shop / '.git'}\n")
    assert borrow(fake) is None
    (fake / ".git").unlink()
    (fake / ".git").symlink_to(tiny_shop / ".git")
    assert borrow(fake) is None


def test_a_linked_worktree_is_followed(tiny_shop: Path, tmp_path: Path) -> None:
    """Else those who work in worktrees would have no git examples."""
    git(tiny_shop, "worktree", "add", "-q", str(tmp_path / "linked"), "HEAD")
    with open_tools(tmp_path / "linked", tmp_path / "cache") as tools:
        assert tools.call("git_status").value.clean
        assert tools.call("git_log").value.commit_count == 3


@pytest.mark.parametrize("damage", ["HEAD", "index", "objects"])
def test_a_broken_repository_is_mined_without_git(tiny_shop: Path, tmp_path: Path, damage: str) -> None:
    """Else half a clone would end the run with a traceback."""
    target = tiny_shop / ".git" / damage
    if damage == "objects":
        for file in sorted(target.rglob("*")):
            if file.is_file():
                file.unlink()
    else:
        target.write_bytes(b"garbage")
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        assert tools.call("read_file", path="README.md").ok
        with pytest.raises(ToolUnavailable):
            tools.call("git_log")
