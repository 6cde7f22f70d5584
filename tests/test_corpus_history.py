"""Releases become commits, the same on every machine; the next release's changes make a dirty tree."""

import os
import subprocess
from pathlib import Path

import pytest

from punie_data.corpus.git import GitFailed, git, head_of
from punie_data.corpus.history import Tree, commit_releases, lay_over, seconds

FIRST, SECOND = seconds("2024-01-25T09:15:02Z"), seconds("2024-06-01T00:00:00Z")


def tree(folder: Path, version: str, files: dict[str, str | bytes], time: int = FIRST) -> Tree:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Tree(folder, version, time)


def built(folder: Path) -> tuple[Path, str]:
    """A repository of two releases, in place."""
    one = tree(
        folder / "1",
        "1.0",
        {"a.py": "x = 1\n", "old.md": "old\n", ".gitignore": "*.log\n", "kept.log": "in the archive"},
    )
    two = tree(
        folder / "2",
        "2.0",
        {"a.py": "x = 2\n", "b/c.py": "y = 1\r\n", ".gitattributes": "* text=auto eol=lf filter=evil\n"},
        SECOND,
    )
    head = commit_releases("shop", [one, two], folder / "git")
    (folder / "git").rename(two.root / ".git")
    return two.root, head


def plain_git(root: Path, *arguments: str) -> str:
    """git as a user would run it, with no configuration of the user's."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
    return subprocess.run(
        ["git", *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_one_commit_a_release_with_fixed_names_dates_and_messages(tmp_path):
    """Lost: `git log` in a row would show the machine and the minute it was built on."""
    root, head = built(tmp_path)
    log = plain_git(root, "log", "--format=%an|%ae|%ad|%cn|%ce|%cd|%s", "--date=iso-strict").splitlines()
    person = "shop releases|releases@example.invalid"
    assert log == [
        f"{person}|2024-06-01T00:00:00+00:00|{person}|2024-06-01T00:00:00+00:00|Release 2.0",
        f"{person}|2024-01-25T09:15:02+00:00|{person}|2024-01-25T09:15:02+00:00|Release 1.0",
    ]
    assert plain_git(root, "rev-parse", "HEAD").strip() == head == head_of(root)
    assert plain_git(root, "fsck", "--strict") == ""


def test_the_commits_have_the_same_hashes_on_every_machine(tmp_path, monkeypatch):
    """Lost: a revision in a row would mean nothing elsewhere. The hash is written down here: it may never change."""
    hostile = tmp_path / "hostile.gitconfig"
    hostile.write_text(
        "[user]\nname = Me\nemail = me@here\n[core]\nautocrlf = true\n[commit]\ngpgSign = true\n[init]\ndefaultBranch = x\n"
    )
    _, first = built(tmp_path / "a")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(hostile))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Me")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    _, second = built(tmp_path / "b")
    assert first == second == "f1265f848238c7b7e2dcfd7263769c7677185a2d"


def test_the_files_are_committed_as_they_are(tmp_path):
    """Lost: line ends would be changed, or a file that the archive holds be left out because .gitignore names it."""
    root, head = built(tmp_path)
    assert plain_git(root, "show", f"{head}~1:kept.log") == "in the archive"
    assert git("show", f"{head}:b/c.py", cwd=root) == "y = 1\r\n"
    assert plain_git(root, "status", "--porcelain") == ""


def test_two_releases_of_one_second_are_still_in_order(tmp_path):
    """Lost: archives whose times were all set alike would give a log in any order."""
    trees = [tree(tmp_path / v, v, {"a": v}, FIRST) for v in ("1", "2", "3")]
    commit_releases("shop", trees, tmp_path / "git")
    assert git("--git-dir", str(tmp_path / "git"), "log", "--format=%s %at").splitlines() == [
        f"Release {v} {FIRST + n}" for n, v in ((2, "3"), (1, "2"), (0, "1"))
    ]


def test_a_hook_or_filter_of_the_user_is_never_run(tmp_path, monkeypatch):
    """Lost: building a history would run whatever the machine's git is configured to run."""
    trap, sprung = tmp_path / "hooks", tmp_path / "sprung"
    trap.mkdir()
    for hook in ("pre-commit", "post-commit", "commit-msg", "reference-transaction", "post-index-change"):
        (trap / hook).write_text(f"#!/bin/sh\ntouch {sprung}\n")
        (trap / hook).chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        f'[core]\nhooksPath = {trap}\n[filter "evil"]\nclean = "touch {sprung}; cat"\nrequired = true\n'
    )
    control = tmp_path / "control"
    control.mkdir()
    environment = os.environ | {"GIT_CONFIG_GLOBAL": str(configuration)}
    subprocess.run(["git", "init", "-q"], cwd=control, env=environment, check=True)
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x", "--allow-empty"],
        cwd=control,
        env=environment,
        check=True,
    )
    assert sprung.exists(), "the trap must work, or this test says nothing"
    sprung.unlink()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    root, _ = built(tmp_path / "built")
    lay_over(root, tree(tmp_path / "next", "3.0", {"a.py": "x = 3\n"}).root)
    assert not sprung.exists()


def source(number: int, changed: bool) -> str:
    return f"import os\n\n\ndef f{number}():\n    return {number + 100 * changed}\n"


def big(folder: Path) -> tuple[Path, Path]:
    """A repository of one release, and the next one: far more changes than anyone wants to read."""
    same = {f"pkg/m{n}.py": source(n, False) for n in range(20)} | {
        f"docs/{n}.md": f"old {n}\n" for n in range(5)
    }
    base = tree(
        folder / "base",
        "1.0",
        same | {"tests/test_gone.py": "x\n", "docs/gone.md": "x\n", "pkg/gone.py": "x\n"},
    )
    changed = {f"pkg/m{n}.py": source(n, True) for n in range(20)} | {
        f"docs/{n}.md": f"new {n}\n" for n in range(5)
    }
    following = tree(
        folder / "next",
        "2.0",
        changed | {f"pkg/new{n}.py": "new\n" for n in range(6)} | {"docs/new.md": "new\n"},
    )
    commit_releases("shop", [base], folder / "git")
    (folder / "git").rename(base.root / ".git")
    return base.root, following.root


def test_a_handful_of_changes_of_every_kind_some_staged_some_not(tmp_path):
    """Lost: git_status and git_diff would have nothing to show, or a diff that nobody reads."""
    root, following = big(tmp_path)
    changes = lay_over(root, following)
    assert 6 <= len(changes) <= 12
    assert {change.kind for change in changes} == {"M", "A", "D"}
    status = plain_git(root, "status", "--porcelain", "--untracked-files=all", "--no-renames").splitlines()
    letters = {
        ("M", True): "M ",
        ("M", False): " M",
        ("A", True): "A ",
        ("A", False): "??",
        ("D", True): "D ",
        ("D", False): " D",
    }
    assert sorted(status) == sorted(
        f"{letters[change.kind, change.staged]} {change.path}" for change in changes
    )
    assert {"M ", " M", "A ", "??"} <= {line[:2] for line in status}


def test_the_choice_is_the_same_every_time(tmp_path):
    """Lost: two machines would mine two different trees under one revision."""
    first, second = (lay_over(*big(tmp_path / name)) for name in "ab")
    assert first == second


def test_the_changes_are_the_next_releases_own_bytes(tmp_path):
    """Lost: the dirty tree would be invented."""
    root, following = big(tmp_path)
    before = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.glob("*/*")
        if path.parent.name != ".git"
    }
    changes = lay_over(root, following)
    for change in changes:
        assert (root / change.path).exists() == (change.kind != "D")
        if change.kind != "D":
            assert (root / change.path).read_bytes() == (following / change.path).read_bytes()
        else:
            assert not (following / change.path).exists()
    for path in before.keys() - {change.path for change in changes}:
        assert (root / path).read_bytes() == before[path]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("picture.png", b"\0old", b"\0new"),
        ("huge.py", b"x\n", b"y\n" * 100),
        ("PKG-INFO", b"old\n", b"new\n"),
        ("shop.egg-info/SOURCES.txt", b"old\n", b"new\n"),
        ("latin.py", b"# \xe9\n", b"# \xe8\n"),
        ("same.py", b"x\n", b"x\n"),
        (".gitignore", b"x\n", b"y\n"),
    ],
)
def test_what_cannot_be_read_as_a_change_is_not_laid_over(tmp_path, name, old, new):
    """Lost: a diff of a picture, of a thousand lines, or of what the build wrote. `same.py` is the near miss."""
    base = tree(tmp_path / "base", "1.0", {"keep.py": "x\n", name: old})
    commit_releases("shop", [base], tmp_path / "git")
    (tmp_path / "git").rename(base.root / ".git")
    following = tree(tmp_path / "next", "2.0", {"keep.py": "x\n", name: new})
    assert lay_over(base.root, following.root) == ()
    assert plain_git(base.root, "status", "--porcelain") == ""


def test_an_added_file_that_gitignore_hides_is_not_chosen(tmp_path):
    """Lost: a change would be recorded that `git status` does not show."""
    base = tree(tmp_path / "base", "1.0", {"keep.py": "x\n", ".gitignore": "_version.py\n"})
    commit_releases("shop", [base], tmp_path / "git")
    (tmp_path / "git").rename(base.root / ".git")
    following = tree(
        tmp_path / "next",
        "2.0",
        {"keep.py": "x\n", ".gitignore": "_version.py\n", "_version.py": "v\n", "shown.py": "v\n"},
    )
    assert [change.path for change in lay_over(base.root, following.root)] == ["shown.py"]


def test_head_of_tells_an_empty_repository_from_a_broken_one(tmp_path):
    """Lost: an empty repository would stop the run, or a broken one pass as empty."""
    empty = tmp_path / "empty"
    empty.mkdir()
    git("init", "--quiet", str(empty))
    assert head_of(empty) == ""
    root, head = built(tmp_path / "built")
    (root / ".git" / "refs" / "heads" / "main").write_text("0" * 39 + "1\n")
    with pytest.raises(GitFailed):
        head_of(root)
    (root / ".git" / "refs" / "heads" / "main").write_text("no commit\n")
    with pytest.raises(GitFailed):
        head_of(root)
    (root / ".git" / "refs" / "heads" / "main").write_text(f"{head}\n")
    assert head_of(root) == head
    (root / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(GitFailed):
        head_of(root)
