"""The files that are mined: listed once, hashed, and copied where nothing can change under the tools.

Only regular files below the root count. Links are left out (they may lead out of the repository or round in a circle), and so is what
git ignores, what is too big to be anyone's source and what can't be read; each is told once, with its reason. Left out without a word are
what every Python project has lying about (caches, virtual environments) and what we wrote ourselves: datasets and our cache.
"""

import errno
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from punie_data.code.gitfolder import GitFolder, Unreadable, borrow
from punie_data.code.limits import too_much
from punie_data.corpus.cache import whole_folder
from punie_data.errors import UserError

MAXIMUM_BYTES = 1_000_000
"""A larger file is generated or data: it is left out of the mining, and the ledger says so."""
LONGEST_PATH = 1000
"""Bytes. A longer path may not fit below the cache."""
SKIPPED_FOLDERS = frozenset(
    {"__pycache__", "node_modules", "venv", "env", "build", "dist", "site-packages", "htmlcov", "target"}
)
NEVER_SOURCE = frozenset({"__pycache__", "node_modules", "site-packages"})
"""Left out even where git does not ignore them, as long as git does not track them."""
OURS = frozenset(
    {"examples.jsonl", "rejected.jsonl", "manifest.json", "README.md", "report.html", ".sources.json"}
)
"""Files of a dataset's folder: mining them would make every run's input depend on the last run's output."""
UNFINISHED = re.compile(r"\.[^/]+\.\d+\.part")
KEPT_SNAPSHOTS, KEPT_SECONDS = 8, 86_400
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SourceFile:
    """`path` is relative, with forward slashes; `sha256` is that of the bytes; `mode` is "x" for a file that may be executed, else ""."""

    path: str
    sha256: str
    size: int
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """`root` holds just `files` when it is a snapshot. `digest` names the content: equal trees, equal digests."""

    root: Path
    files: tuple[SourceFile, ...]
    digest: str
    head: str
    dirty: bool
    """Whether the work tree differs from HEAD."""
    git: GitFolder | None
    skipped: tuple[tuple[str, str], ...]
    history: str
    """Names what git's log says: of equal ones it says the same."""

    def paths(self, *suffixes: str) -> list[str]:
        return [file.path for file in self.files if not suffixes or file.path.endswith(suffixes)]


class Changed(Exception):
    """A file is not what it was a moment ago."""


def snapshot(root: Path, cache: Path, immutable: bool, progress: Callable[[str], None]) -> Tree:
    """List, hash and (unless `immutable`) copy the files of `root`. UserError when it is no folder, or never at rest."""
    if not root.is_dir():
        raise UserError(f"{root}: not a folder")
    root = root.resolve()
    name = ascii(root.name)[1:-1]
    git = borrow(root, lambda reason: progress(f"{name}: mined without git: {reason}"))
    for _ in range(ATTEMPTS):
        try:
            return _take(root, cache, immutable, git)
        except Unreadable as reason:
            assert git is not None
            git.remove()
            git = None
            progress(f"{name}: mined without git: {reason}")
        except Changed:
            if git is not None:
                git.remove()
            git = borrow(root)
        except BaseException:
            if git is not None:
                git.remove()
            raise
    if git is not None:
        git.remove()
    raise UserError(f"{root}: files change while they are read; run this again when they are at rest")


def _take(root: Path, cache: Path, immutable: bool, git: GitFolder | None) -> Tree:
    """One attempt. Unreadable where git fails, Changed where a file is not the same at the second look."""
    skipped: list[tuple[str, str]] = []
    reader = _Reader(root, skipped)
    index = git.ask("ls-files", "--stage", "-z") if git else b""
    tracked = {os.fsdecode(entry.partition(b"\t")[2]) for entry in index.split(b"\0") if entry}
    if any(_leads_out(path) for path in tracked):
        raise Unreadable("its index names files that are not its own")
    if git:
        others = git.ask("ls-files", "--others", "--exclude-standard", "-z").split(b"\0")
        untracked = [os.fsdecode(path) for path in others if path]
        listed = tracked.union(_without_rubbish(untracked))
    else:
        listed = set(_walk(root, skipped))
    found = [reader.read(path) for path in sorted(_without_ours(root, cache, listed))]
    files = tuple(file for file in found if file is not None)
    head = git.head() if git else ""
    digest = _digest(files, head, index, git)
    where = root
    if skipped or not immutable:
        where = _copied(root, files, cache, digest)
        if git:
            kept = {file.path for file in files}
            git = git.over(where, sorted(path for path in tracked - kept if os.path.lexists(root / path)))
    dirty = bool(git.ask("status", "--porcelain", "-z")) if git else False
    return Tree(where, files, digest, head, dirty, git, tuple(sorted(skipped)), _history(head, git))


def _digest(files: tuple[SourceFile, ...], head: str, index: bytes, git: GitFolder | None) -> str:
    """Of all that tools can see: the files, and what git's answers depend on besides (HEAD, the index, where a shallow history ends)."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.path}\0{file.sha256}{file.mode}\n".encode())
    whole.update(f"{head}\n".encode())
    if git:
        whole.update(hashlib.sha256(index).digest())
        whole.update(_shallow(git))
    return whole.hexdigest()


def _shallow(git: GitFolder) -> bytes:
    """Where a shallow history ends."""
    file = git.directory / "shallow"
    return file.read_bytes() if file.is_file() else b""


def _history(head: str, git: GitFolder | None) -> str:
    return hashlib.sha256(f"{head}\n".encode() + _shallow(git)).hexdigest() if git else ""


def _without_rubbish(untracked: list[str]) -> Iterator[str]:
    """Without caches and virtual environments that git was not told to ignore."""
    environments = tuple(
        f"{path[: -len('pyvenv.cfg')]}" for path in untracked if path.endswith("/pyvenv.cfg")
    )
    for path in untracked:
        if not path.startswith(environments) and NEVER_SOURCE.isdisjoint(path.split("/")[:-1]):
            yield path


def _walk(root: Path, skipped: list[tuple[str, str]]) -> Iterator[str]:
    """What git would list, as far as that can be told without git."""
    for folder, folders, names in os.walk(
        root, onerror=lambda e: skipped.append((_below(root, e.filename), f"unreadable: {e.strerror}"))
    ):
        here = "" if folder == str(root) else f"{_below(root, folder)}/"
        if here and "pyvenv.cfg" in names:
            folders.clear()
            continue
        inner = []
        for name in sorted(folders):
            if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118  (os.walk gives strings; thousands of them)
                skipped.append((_shown(here + name), "a link"))
            elif name not in SKIPPED_FOLDERS and not name.startswith("."):
                inner.append(name)
        folders[:] = inner
        for name in names:
            if name != ".git":
                yield here + name


def _below(root: Path, path: str) -> str:
    return PurePosixPath(os.path.relpath(path, root)).as_posix()


def _without_ours(root: Path, cache: Path, listed: set[str]) -> Iterator[str]:
    """Without datasets (a folder with `rejected.jsonl` is one) and without our cache, where they lie in the repository."""
    datasets = {path.rpartition("/")[0] for path in listed if path.rpartition("/")[2] == "rejected.jsonl"}
    inside = cache.resolve().is_relative_to(root) and cache.resolve() != root
    cached = f"{cache.resolve().relative_to(root).as_posix()}/" if inside else None
    for path in listed:
        folder, _, name = path.rpartition("/")
        if (folder in datasets and name in OURS) or UNFINISHED.fullmatch(name):
            continue
        if cached is None or not path.startswith(cached):
            yield path


def _leads_out(path: str) -> bool:
    """Whether it is no path of a file of the project: git's own files are none."""
    parts = path.split("/")
    return ".." in parts or parts[0] == "" or ".git" in map(str.lower, parts)


def _shown(path: str) -> str:
    """The path as it may be printed and written down."""
    return path if path.isprintable() else ascii(path)


class _Reader:
    """Reads files below a root, each once, and notes what can't be read. Nothing is opened that is not a regular file."""

    def __init__(self, root: Path, skipped: list[tuple[str, str]]) -> None:
        self._root = str(root)
        self._skipped = skipped
        self._plain = {"": True}

    def read(self, path: str) -> SourceFile | None:
        reason = self._odd(path)
        if not reason:
            try:
                found = self._look(path)
            except OSError as error:
                reason = f"unreadable: {error.strerror}"
            else:
                if not isinstance(found, str):
                    return found
                reason = found
        self._skipped.append((_shown(path), reason))
        return None

    def _odd(self, path: str) -> str:
        if not path.isprintable() or _leads_out(path):
            return "a name with odd characters"
        if len(os.fsencode(path)) > LONGEST_PATH:
            return f"a name of more than {LONGEST_PATH} bytes"
        return ""

    def _look(self, path: str) -> SourceFile | str | None:
        """The file; or why it is left out; or None for what is no file, a deleted one and a submodule for two."""
        full = f"{self._root}/{path}"
        if not self._is_plain(path.rpartition("/")[0]):
            return "a link"
        try:
            told = os.lstat(full)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(told.st_mode):
            return "a link"
        if stat.S_ISDIR(told.st_mode):
            return None
        if not stat.S_ISREG(told.st_mode):
            return "not a regular file"
        if told.st_size > MAXIMUM_BYTES:
            return f"{told.st_size:,} bytes, over {MAXIMUM_BYTES:,}"
        data = _bytes_of(full)
        if path.endswith((".py", ".pyi")) and (trouble := too_much(data)):
            return trouble  # ty and ruff would die or hang over it as well
        mode = "x" if told.st_mode & stat.S_IXUSR else ""
        return SourceFile(path, hashlib.sha256(data).hexdigest(), len(data), mode)

    def _is_plain(self, folder: str) -> bool:
        """Whether no part of the folder's path is a link; remembered, since a folder has many files."""
        if folder not in self._plain:
            above = self._is_plain(folder.rpartition("/")[0])
            self._plain[folder] = above and not os.path.islink(f"{self._root}/{folder}")  # noqa: PTH114
        return self._plain[folder]


def _bytes_of(path: str) -> bytes:
    """The file's bytes. Changed where it is suddenly a link, a pipe or too big."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Changed if error.errno in (errno.ENOENT, errno.ELOOP) else error from None
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Changed
        data = file.read(MAXIMUM_BYTES + 1)
    if len(data) > MAXIMUM_BYTES:
        raise Changed
    return data


def _copied(root: Path, files: tuple[SourceFile, ...], cache: Path, digest: str) -> Path:
    """The snapshot named by its content; a second run finds it there. It appears whole or not at all."""
    name = root.name if re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", root.name) else "repository"
    snapshots = cache / "snapshots"
    final = snapshots / hashlib.sha256(f"{digest}\0{name}".encode()).hexdigest()[:24] / name
    try:
        if not _is_whole(final, files):
            shutil.rmtree(final.parent, ignore_errors=True)
            with whole_folder(final.parent) as part:
                _copy_into(part / name, root, files)
        os.utime(final.parent)
        _forget_old(snapshots)
    except OSError as error:
        raise UserError(f"no copy of {root.name} under {cache}: {error.strerror or error}") from None
    return final


def _is_whole(final: Path, files: tuple[SourceFile, ...]) -> bool:
    """Whether every file is there in its size: people and programs clean caches up, and not always all of them."""
    folder = str(final)
    try:
        return final.is_dir() and all(
            os.lstat(f"{folder}/{file.path}").st_size == file.size for file in files
        )
    except OSError:
        return False


def _copy_into(folder: Path, root: Path, files: tuple[SourceFile, ...]) -> None:
    """Copy what was hashed. The times stay, since git trusts them; the right to execute stays, since git shows it."""
    folder.mkdir()
    made = {""}
    for file in files:
        above = file.path.rpartition("/")[0]
        if above not in made:
            (folder / above).mkdir(parents=True, exist_ok=True)
            made.add(above)
        source, target = f"{root}/{file.path}", f"{folder}/{file.path}"
        data = _bytes_of(source)
        told = os.lstat(source)
        mode = "x" if told.st_mode & stat.S_IXUSR else ""
        if hashlib.sha256(data).hexdigest() != file.sha256 or mode != file.mode:
            raise Changed
        with open(target, "wb") as copy:  # noqa: PTH123
            copy.write(data)
        os.chmod(target, 0o755 if mode else 0o644)  # noqa: PTH101
        os.utime(target, ns=(told.st_mtime_ns, told.st_mtime_ns))


def _forget_old(snapshots: Path) -> None:
    """Remove the snapshots that nobody has used for a day, but for the latest few: each change of a repository leaves one."""
    with os.scandir(snapshots) as entries:
        used = sorted(((entry.stat().st_mtime, entry.path) for entry in entries), reverse=True)
    for when, path in used[KEPT_SNAPSHOTS:]:
        if when < time.time() - KEPT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
