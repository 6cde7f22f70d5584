"""Releases become a git repository: one commit a release, and a few of the next release's changes uncommitted.

Names, times and messages depend on nothing but the releases, so that the commits have the same hashes on every machine.
"""

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from punie_data.corpus.git import git

MAIL = "releases@example.invalid"
# Kind, whether Python, how many at most: twelve files, because a whole release's diff is no good to read.
_QUOTAS = (("M", True, 5), ("M", False, 2), ("A", True, 2), ("A", False, 1), ("D", True, 1), ("D", False, 1))
_LINES_CHANGED = 60
_LINES_ADDED = 250
_SIZE_LIMIT = 200_000
# In-tree attributes must neither convert what is stored nor name a filter: the files are what the release holds.
_ATTRIBUTES = "* -text -filter -ident !working-tree-encoding\n"


@dataclass(frozen=True, slots=True)
class Tree:
    """A release, unpacked. `time` is in seconds since 1970."""

    root: Path
    version: str
    time: int


@dataclass(frozen=True, slots=True)
class Change:
    """One uncommitted change: `kind` is M, A or D."""

    path: str
    kind: str
    staged: bool


def seconds(released: str) -> int:
    """`2024-01-25T09:15:02Z` as seconds since 1970."""
    return int(datetime.fromisoformat(released).timestamp())


def commit_releases(name: str, trees: Sequence[Tree], git_dir: Path) -> str:
    """Make `git_dir` a repository with one commit a tree, oldest first, and return the full hash of the last one."""
    git("init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(git_dir))
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
    # Bare no longer: the folder will lie in the work tree as `.git`.
    git("--git-dir", str(git_dir), "config", "core.bare", "false")
    git("--git-dir", str(git_dir), "config", "core.autocrlf", "false")
    git("--git-dir", str(git_dir), "config", "core.fileMode", "false")
    before = 0
    for tree in trees:
        (git_dir / "index").unlink(missing_ok=True)
        here = ("--git-dir", str(git_dir), "--work-tree", str(tree.root))
        git(*here, "add", "--all", "--force", ".", cwd=tree.root)
        before = max(tree.time, before + 1)  # a log in order, even where two releases claim the same second
        person = {
            "NAME": f"{name} releases",
            "EMAIL": MAIL,
            "DATE": f"{before} +0000",
        }
        environment = {
            f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()
        }
        git(
            *here,
            *("commit", "--quiet", "--no-verify", "--allow-empty", "--cleanup=verbatim"),
            *("-m", f"Release {tree.version}\n"),
            cwd=tree.root,
            environment=environment,
        )
    git("--git-dir", str(git_dir), "repack", "-a", "-d", "--quiet")
    return git("--git-dir", str(git_dir), "rev-parse", "HEAD").strip()


def lay_over(root: Path, following: Path) -> tuple[Change, ...]:
    """Bring a few of `following`'s files over the repository at `root`, uncommitted, some of them staged.

    The choice depends on the files' content alone. Small changes to Python files that leave imports alone come
    first: the tree should still work, as somebody's tree in the middle of an afternoon does.
    """
    chosen = _choose(root, following)
    for change in chosen:
        path = root / change.path
        if change.kind == "D":
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(following / change.path, path)
    staged = [change.path for change in chosen if change.staged]
    if staged:
        listing = "\0".join(staged).encode()
        git(
            *("add", "--all", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"),
            cwd=root,
            given=listing,
            environment={"GIT_LITERAL_PATHSPECS": "1"},
        )
    return chosen


def _choose(root: Path, following: Path) -> tuple[Change, ...]:
    old, new = _files(root), _files(following)
    fresh = sorted(new.keys() - old.keys())
    ignored = _ignored(root, fresh)
    ranked: list[tuple[tuple[bool, str], Change]] = []
    for path in sorted(old.keys() & new.keys()):
        if (rank := _rank_of_modified(path, old[path], new[path])) is not None:
            ranked.append((rank, Change(path, "M", False)))
    for path in fresh:
        lines = _lines(new[path])
        if path not in ignored and lines is not None and 0 < len(lines) <= _LINES_ADDED:
            ranked.append(((not path.endswith(".py"), _draw(path, new[path])), Change(path, "A", False)))
    for path in sorted(old.keys() - new.keys()):
        if _lines(old[path]) is not None:
            # Other files may import a module of the package; they rarely import a test or a page.
            needed = path.endswith((".py", ".toml", ".cfg", ".ini")) and not re.search(
                r"(^|/)(tests?|docs?|examples?)/", path
            )
            ranked.append(((needed, _draw(path, old[path])), Change(path, "D", False)))
    ranked.sort(key=lambda pair: (pair[0], pair[1].path))
    chosen: list[Change] = []
    for kind in "MAD":
        of_kind = [
            change
            for quota, python, most in _QUOTAS
            if quota == kind
            for change in [
                each for _, each in ranked if each.kind == kind and each.path.endswith(".py") == python
            ][:most]
        ]
        # Every other one is staged, so that two or more changes of a kind show both states.
        chosen += [Change(change.path, kind, position % 2 == 0) for position, change in enumerate(of_kind)]
    return tuple(sorted(chosen, key=lambda change: change.path))


def _files(root: Path) -> dict[str, Path]:
    found = {}
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if relative.parts[0] == ".git" or not path.is_file() or path.stat().st_size > _SIZE_LIMIT:
            continue
        # What a build wrote into the archive is nobody's change.
        if any(part.endswith(".egg-info") for part in relative.parts) or relative.name == "PKG-INFO":
            continue
        if relative.name.endswith((".lock", ".pyc", ".min.js", ".po", ".svg")) or relative.name.startswith(
            ".git"
        ):
            continue
        found[relative.as_posix()] = path
    return found


def _ignored(root: Path, candidates: Sequence[str]) -> set[str]:
    """Those that the repository's own .gitignore hides: added unstaged, git status would not show them."""
    if not candidates:
        return set()
    listing = "\0".join(candidates).encode()
    listed = git("check-ignore", "--no-index", "--stdin", "-z", cwd=root, given=listing, accept=(0, 1))
    return {path for path in listed.split("\0") if path}


def _rank_of_modified(path: str, old: Path, new: Path) -> tuple[bool, str] | None:
    before, after = _lines(old), _lines(new)
    if before is None or after is None or before == after:
        return None
    left, right = Counter(before), Counter(after)
    changed = (left - right).total() + (right - left).total()
    if not 0 < changed <= _LINES_CHANGED:
        return None
    python = path.endswith(".py")
    # A module that many tests import, brought over alone, can keep all of them from being collected.
    support = re.search(r"(^|/)tests?/", path) and not re.search(r"(^|/)test_[^/]*$", path)
    breaks = python and bool(support or _imports(before) != _imports(after))
    return (not python or breaks, _draw(path, old, new))


def _imports(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if re.match(r"\s*(import|from)\s", line)]


def _lines(path: Path) -> list[str] | None:
    """The lines of a text file, None for any other."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None


def _draw(path: str, *files: Path) -> str:
    """A number drawn from the content: the same everywhere, and without a preference for the alphabet's start."""
    digest = hashlib.sha256(path.encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
