"""The files that are mined: listed once, hashed, and copied where nothing can change under the tools.

Only regular files below the root count. Links are left out (they may lead out of the repository or round in a circle), and so is what
git ignores, what is too big to be anyone's source and what can't be read; each is told once, with its reason.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from punie_data.code.gitfolder import GitFolder, borrow
from punie_data.errors import UserError

MAXIMUM_BYTES = 1_000_000
"""A larger file is generated or data: it is left out of the mining, and the ledger says so."""
SKIPPED_FOLDERS = frozenset(
    {"__pycache__", "node_modules", "venv", "env", "build", "dist", "site-packages", "htmlcov", "target"}
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """`path` is relative, with forward slashes; `sha256` is that of the bytes."""

    path: str
    sha256: str
    size: int


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

    def paths(self, *suffixes: str) -> list[str]:
        return [file.path for file in self.files if not suffixes or file.path.endswith(suffixes)]


def snapshot(root: Path, cache: Path, immutable: bool, progress: Callable[[str], None]) -> Tree:
    """List, hash and (unless `immutable`) copy the files of `root`. UserError when it is no folder."""
    if not root.is_dir():
        raise UserError(f"{root}: not a folder")
    root = root.resolve()
    git, status = _history(root)
    if git is None and (root / ".git").exists():
        progress(f"{root.name}: its git repository can't be read; mined without git")
    skipped: list[tuple[str, str]] = []
    files: list[SourceFile] = []
    whole = hashlib.sha256()
    plain: dict[str, bool] = {".": True}
    for path in sorted(_candidates(root, git, skipped)):
        found = _read(root, path, plain, skipped)
        if found is not None:
            files.append(found)
            whole.update(f"{found.path}\0{found.sha256}\n".encode())
    head = git.head() if git else ""
    whole.update(head.encode() + b"\n" + status)
    digest = whole.hexdigest()
    where = root if immutable else _copy(root, files, cache, digest)
    return Tree(where, tuple(files), digest, head, bool(status), git, tuple(skipped))


def _history(root: Path) -> tuple[GitFolder | None, bytes]:
    """The repository's git directory and what git says of its tree; None where git cannot read it, half a clone for one."""
    git = borrow(root)
    if git is None:
        return None, b""
    try:
        return git, git.run("status", "--porcelain=v2", "-z")
    except subprocess.SubprocessError:
        git.remove()
        return None, b""


def _candidates(root: Path, git: GitFolder | None, skipped: list[tuple[str, str]]) -> Iterator[str]:
    if git is not None:
        listed = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for raw in set(listed.split(b"\0")):
            if raw:
                yield os.fsdecode(raw)
        return
    for folder, folders, names in os.walk(
        root, onerror=lambda e: skipped.append((_below(root, e.filename), "unreadable"))
    ):
        folders[:] = sorted(n for n in folders if n not in SKIPPED_FOLDERS and not n.startswith("."))
        for name in names:
            yield _below(root, os.path.join(folder, name))  # noqa: PTH118  (os.walk gives strings; thousands of them)


def _below(root: Path, path: str) -> str:
    return PurePosixPath(os.path.relpath(path, root)).as_posix()


def _is_plain(root: Path, folder: str, known: dict[str, bool]) -> bool:
    """Whether no part of the folder's path is a link; `known` saves asking again for every file in it."""
    if folder not in known:
        parent = PurePosixPath(folder).parent.as_posix()
        known[folder] = _is_plain(root, parent, known) and not (root / folder).is_symlink()
    return known[folder]


def _read(root: Path, path: str, plain: dict[str, bool], skipped: list[tuple[str, str]]) -> SourceFile | None:
    full = root / path
    if not path.isprintable() or ".." in PurePosixPath(path).parts:
        skipped.append((ascii(path), "a name with odd characters"))
        return None
    try:
        if full.is_symlink() or not _is_plain(root, PurePosixPath(path).parent.as_posix(), plain):
            skipped.append((path, "a link"))
            return None
        if not full.is_file():
            return None
        size = full.stat().st_size
        if size > MAXIMUM_BYTES:
            skipped.append((path, f"{size:,} bytes, over {MAXIMUM_BYTES:,}"))
            return None
        data = full.read_bytes()
    except OSError as error:
        skipped.append((path, f"unreadable: {error.strerror}"))
        return None
    return SourceFile(path, hashlib.sha256(data).hexdigest(), len(data))


def _copy(root: Path, files: list[SourceFile], cache: Path, digest: str) -> Path:
    """The snapshot named by its content; a second run finds it there. It appears whole or not at all."""
    final = cache / "snapshots" / digest[:24] / (root.name or "repository")
    if final.is_dir():
        return final
    try:
        final.parent.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".part-", dir=final.parent.parent))
        for file in files:
            target = temporary / final.name / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / file.path, target)
        (temporary / final.name).mkdir(parents=True, exist_ok=True)
        try:
            temporary.rename(final.parent)
        except OSError:
            shutil.rmtree(temporary)
    except OSError as error:
        raise UserError(f"no snapshot of {root.name} under {cache}: {error.strerror or error}") from None
    return final
