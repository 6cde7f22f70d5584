"""A git directory that cannot run anything: the repository's objects, under a configuration of our own.

A repository's `.git/config` may name programs that git starts (fsmonitor, filters, external diffs, hooks). Mined repositories are not
trusted, so git never sees that file: a throw-away directory borrows the objects, copies HEAD and the index, and has its own configuration.
Nothing is read through a link, nor from another repository's objects: what lies there is not what the user gave us to mine.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

CONFIGURATION = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tfsmonitor = false
\tuntrackedCache = false
\thooksPath = /dev/null
\ttrustctime = false
\tcheckStat = minimal
\tquotePath = false
[diff]
\tignoreSubmodules = all
[index]
\tsparse = false
"""
HARMLESS = {
    "core.filemode": r"true|false",
    "core.symlinks": r"true|false",
    "core.ignorecase": r"true|false",
    "core.precomposeunicode": r"true|false",
    "core.autocrlf": r"true|false|input",
    "core.eol": r"lf|crlf|native",
    "extensions.objectformat": r"sha1|sha256",
    "extensions.refstorage": r"files|reftable",
}
"""What is taken over from the repository's own configuration, by name, where the value is one of these: how its files are to be read."""
OWN = ("HEAD", "index")
SHARED = ("packed-refs", "shallow", "info/exclude", "info/attributes")
"""Files of the git directory that are copied: a linked worktree has the first of its own, the others lie in the main one."""
TIMEOUT = 60.0


class Unreadable(Exception):
    """The repository cannot be borrowed; the message says why."""


@dataclass(frozen=True, slots=True)
class GitFolder:
    """`directory` is our throw-away git directory, `work_tree` the files it looks at."""

    directory: Path
    work_tree: Path

    def command(self, *arguments: str) -> list[str]:
        return ["git", "--no-pager", *arguments]

    def environment(self) -> dict[str, str]:
        return git_environment() | {"GIT_DIR": str(self.directory), "GIT_WORK_TREE": str(self.work_tree)}

    def run(self, *arguments: str, timeout: float = TIMEOUT, stdin: bytes | None = None) -> bytes:
        """What git printed. OSError or subprocess errors when it cannot run, fails or hangs."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.work_tree,
            env=self.environment(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            check=True,
        )
        return done.stdout

    def ask(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """As `run`, but whatever goes wrong is `Unreadable`, with the reason in git's own words."""
        try:
            return self.run(*arguments, stdin=stdin)
        except FileNotFoundError:
            raise Unreadable("git is not installed") from None
        except subprocess.TimeoutExpired:
            raise Unreadable(f"git {arguments[0]} did not end in {TIMEOUT:.0f} s") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Unreadable(
                said[0] if said else f"git {arguments[0]} ended with {error.returncode}"
            ) from None
        except OSError as error:
            raise Unreadable(f"git {arguments[0]}: {error.strerror or error}") from None

    def head(self) -> str:
        """The full hash of HEAD, "" in a repository without commits."""
        try:
            return self.run("rev-parse", "--verify", "-q", "HEAD^{commit}").decode().strip()
        except subprocess.CalledProcessError:
            return ""

    def over(self, work_tree: Path, without: Iterable[str]) -> "GitFolder":
        """The same repository over a copy of its files that lacks `without`: git is told not to miss those of them that it tracks.

        Unreadable as `ask`.
        """
        moved = replace(self, work_tree=work_tree)
        left_out = b"".join(os.fsencode(path) + b"\0" for path in without)
        if left_out:
            moved.ask("update-index", "-z", "--skip-worktree", "--stdin", stdin=left_out)
        return moved

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def git_environment() -> dict[str, str]:
    """No configuration but ours, no prompt, no network, one time zone, one language; paths mean themselves, whatever signs are in them."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def real_git_directories(root: Path) -> tuple[Path, Path] | None:
    """The git directory that belongs to `root`, and the one that it shares with its other worktrees: mostly the same. None without `.git`.

    Unreadable where it isn't root's own: a `.git` file is followed only to a linked worktree of a repository that knows it, since anything
    else would let a mined folder make us read another repository.
    """
    dot_git = root / ".git"
    if dot_git.is_symlink():
        raise Unreadable("its .git is a link")
    if dot_git.is_dir():
        if (dot_git / "commondir").exists():
            raise Unreadable("its .git leads to another repository")
        return dot_git, dot_git
    if not dot_git.exists():
        return None
    try:
        first = dot_git.read_text(encoding="utf-8").partition("\n")[0] if dot_git.is_file() else ""
        target = (root / first.removeprefix("gitdir:").strip()).resolve()
        back = Path((target / "gitdir").read_text(encoding="utf-8").strip()).resolve()
        common = (target / (target / "commondir").read_text(encoding="utf-8").strip()).resolve()
    except (OSError, ValueError):
        raise Unreadable("its .git file leads to no worktree of a repository") from None
    if not first.startswith("gitdir:") or back != dot_git.resolve() or common / "worktrees" != target.parent:
        raise Unreadable("its .git file leads to another repository")
    return target, common


def borrow(root: Path, tell: Callable[[str], None] = lambda reason: None) -> GitFolder | None:
    """A harmless git directory over `root`'s repository; None where there is no repository or it can't be read, and then `tell` hears why."""
    directory = None
    try:
        found = real_git_directories(root)
        if found is None:
            return None
        directory = Path(tempfile.mkdtemp(prefix="punie-data-git-"))
        folder = GitFolder(directory, root)
        _furnish(folder, *found)
        _check(folder)
        return folder
    except Unreadable as reason:
        tell(str(reason))
    except OSError as error:
        tell(error.strerror or str(error))
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)
    return None


def _furnish(folder: GitFolder, real: Path, common: Path) -> None:
    directory = folder.directory
    for name in ("info", "objects/info", "refs"):
        (directory / name).mkdir(parents=True)
    shared_indexes = [f"{found.name}" for found in real.glob("sharedindex.*")]
    for place, names in ((real, (*OWN, *shared_indexes)), (common, SHARED)):
        for name in names:
            _copy(place / name, directory / name)
    settings = _settings(folder, common / "config")
    _check_index(directory / "index", settings.get("extensions.objectformat", "sha1"))
    if settings.get("extensions.refstorage") == "reftable":
        shutil.copytree(common / "reftable", directory / "reftable", symlinks=True)
    else:
        _copy_branch(real, common, directory)
    lines = [CONFIGURATION.format(version=int(any(name.startswith("extensions.") for name in settings)))]
    for name, value in settings.items():
        section, key = name.split(".")
        lines.append(f"[{section}]\n\t{key} = {value}\n")
    (directory / "config").write_text("".join(lines))
    objects = common / "objects"
    _check_objects(objects)
    (directory / "objects" / "info" / "alternates").write_text(f"{objects.resolve()}\n")


def _copy(source: Path, target: Path) -> None:
    """Only a plain file is copied: a link may lead anywhere."""
    if source.is_file() and not source.is_symlink():
        shutil.copyfile(source, target)


def _copy_branch(real: Path, common: Path, directory: Path) -> None:
    """The reference that HEAD names, and the one that this names if it does."""
    name = "HEAD"
    for _ in range(5):
        try:
            said = (directory / name).read_bytes()
        except OSError:
            return
        found = re.fullmatch(rb"ref: *(refs/[^\0\n]{1,250})\s*", said)
        name = os.fsdecode(found[1]) if found else ""
        if not name or ".." in PurePosixPath(name).parts:
            return
        source = next((place / name for place in (real, common) if (place / name).is_file()), None)
        if source is None or source.resolve() != source.parent.resolve() / source.name:
            return
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        _copy(source, directory / name)


def _settings(folder: GitFolder, config: Path) -> dict[str, str]:
    """What is `HARMLESS` of the repository's configuration, read from a copy and without the files that it includes."""
    theirs = folder.directory / "theirs"
    _copy(config, theirs)
    if not theirs.is_file():
        return {}
    listed = folder.ask("config", "--no-includes", "--file", str(theirs), "--list", "-z")
    found = {}
    for entry in listed.decode("utf-8", "replace").split("\0"):
        name, _, value = entry.partition("\n")
        if name in HARMLESS and re.fullmatch(HARMLESS[name], value.lower()):
            found[name] = value.lower()
        elif name == "extensions.refstorage":
            raise Unreadable(f"its references are kept in a way that is not known here: {value[:40]!r}")
    return found


def _check_index(index: Path, algorithm: str) -> None:
    """Unreadable where the index is not what its checksum says: git believes half an index, and reads on behind its end."""
    if not index.is_file():
        return
    data = index.read_bytes()
    size = hashlib.new(algorithm).digest_size
    if data[-size:] not in (
        hashlib.new(algorithm, data[:-size]).digest(),
        bytes(size),
    ):  # zeros where git was told to save the time
        raise Unreadable("its index is damaged")


def _check_objects(objects: Path) -> None:
    """Unreadable where objects would come from elsewhere."""
    if objects.is_symlink() or not objects.is_dir():
        raise Unreadable("it has no objects of its own")
    if any((objects / "info" / name).exists() for name in ("alternates", "http-alternates")):
        raise Unreadable("it borrows objects from another repository")
    for folder in (objects, objects / "pack"):
        if folder.is_dir():
            with os.scandir(folder) as entries:
                if any(entry.is_symlink() for entry in entries):
                    raise Unreadable("its objects are links")


def _check(folder: GitFolder) -> None:
    """Unreadable where git cannot make sense of HEAD, or lacks the commit or the tree that it names."""
    folder.ask("rev-parse", "--git-dir")
    try:
        commit = folder.run("rev-parse", "--verify", "-q", "HEAD").decode().strip()
    except (OSError, subprocess.SubprocessError):
        # Not born yet: HEAD names a branch that has no commit. If the branch is there, it is damaged.
        branch = folder.ask("symbolic-ref", "HEAD").decode("utf-8", "replace").strip()
        if (folder.directory / branch).exists():
            raise Unreadable(f"{branch} cannot be read") from None
        folder.ask("for-each-ref", "--count=1", branch)
        return
    folder.ask("cat-file", "-e", f"{commit}^{{tree}}")
