"""A source distribution becomes a folder, without trusting a byte of it.

Only directories and regular files are made, by our own writes: nothing of the archive's owners, permissions, times or
links is taken over, so no member can reach outside the folder. A path that tries to is no accident, and the whole
archive is refused; links, devices and `.git` folders are left out and counted.
"""

import bz2
import calendar
import gzip
import lzma
import os
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from punie_data.errors import UserError

TOTAL_LIMIT = 500 * 2**20
FILE_LIMIT = 50 * 2**20
COUNT_LIMIT = 50_000
DEPTH_LIMIT = 40
_TIME_WITHOUT_DATE = 1_577_836_800  # 2020-01-01, for archives whose members carry no usable time


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`root` is the folder without the archive's own top folder; `newest` the newest member's time (seconds since 1970)."""

    root: Path
    files: int
    size: int
    dropped: tuple[tuple[str, int], ...]
    newest: int

    @property
    def remark(self) -> str:
        """What was left out, in words; "" when nothing was."""
        return ", ".join(f"{count} {what}" for what, count in self.dropped)


class BadArchive(UserError):
    """The archive is damaged, too large, or tries to leave its folder."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    kind: str  # "file", "folder", or why it is left out
    size: int
    time: int
    stream: IO[bytes] | None


def unpack(archive: Path, target: Path, time: int | None = None) -> Unpacked:
    """Unpack a .tar.gz, .tar.bz2, .tar.xz, .tar or .zip into the new folder `target`; every file gets mtime `time`.

    Without `time` the newest member's is used, so that the same archive gives the same folder everywhere.
    BadArchive in one line for whatever is wrong with it; `target` may then hold a part and is the caller's to remove.
    """
    target.mkdir(parents=True)
    writer = _Writer(archive.name, target)
    try:
        for member in _zip_members(archive) if archive.name.endswith(".zip") else _tar_members(archive):
            writer.add(member)
    except BadArchive:
        raise
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        gzip.BadGzipFile,
    ) as error:
        raise BadArchive(f"{archive.name}: not a readable archive: {error or type(error).__name__}") from None
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise BadArchive(f"{archive.name}: not an archive this program can read: {error}") from None
    if not writer.files:
        raise BadArchive(f"{archive.name}: the archive holds no files")
    newest = writer.newest or _TIME_WITHOUT_DATE
    root = _without_top(target)
    _set_times(target, newest if time is None else time)
    return Unpacked(root, writer.files, writer.size, tuple(sorted(writer.dropped.items())), newest)


class _Writer:
    def __init__(self, archive: str, target: Path) -> None:
        self.archive = archive
        self.target = target
        self.files = 0
        self.size = 0
        self.newest = 0
        self.dropped: Counter[str] = Counter()
        self._count = 0
        self._seen: dict[str, str] = {}

    def add(self, member: _Member) -> None:
        self._count += 1
        if self._count > COUNT_LIMIT:
            raise BadArchive(f"{self.archive}: more than {COUNT_LIMIT} members")
        parts = _parts(self.archive, member.name)
        if member.kind not in ("file", "folder"):
            self.dropped[member.kind] += 1
            return
        if reason := _unwanted(parts):
            self.dropped[reason] += 1
            return
        path = self.target.joinpath(*parts)
        try:
            if member.kind == "folder":
                path.mkdir(parents=True, exist_ok=True)
                return
            if not parts:
                raise BadArchive(f"{self.archive}: a file without a name")
            # Two names that differ only in case are one file on some machines: the first one wins on all.
            key = unicodedata.normalize("NFC", "/".join(parts)).casefold()
            if self._seen.setdefault(key, member.name) != member.name:
                self.dropped["files whose names differ only in case"] += 1
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, member)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise BadArchive(f"{self.archive}: {member.name!r} is both a file and a folder") from None

    def _write(self, path: Path, member: _Member) -> None:
        if member.size > FILE_LIMIT:
            raise BadArchive(f"{self.archive}: {member.name!r} is larger than {FILE_LIMIT >> 20} MB")
        assert member.stream is not None
        written = 0
        with path.open("wb") as file:
            while block := member.stream.read(1 << 16):
                written += len(block)
                self.size += len(block)
                if written > FILE_LIMIT or self.size > TOTAL_LIMIT:
                    raise BadArchive(f"{self.archive}: unpacks to more than {TOTAL_LIMIT >> 20} MB")
                file.write(block)
        path.chmod(0o644)
        self.files += 1
        self.newest = max(self.newest, member.time)


def _parts(archive: str, name: str) -> tuple[str, ...]:
    """The path's components, after the checks that no honest archive fails."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or "\\" in name or (parts and parts[0].endswith(":")):
        raise BadArchive(f"{archive}: the path {name!r} leaves the folder: refused")
    if len(parts) > DEPTH_LIMIT:
        raise BadArchive(f"{archive}: folders are nested more than {DEPTH_LIMIT} deep")
    return parts


def _unwanted(parts: tuple[str, ...]) -> str:
    for part in parts:
        if part.casefold() in (".git", "git~1"):
            return "entries named .git"
        if not part.isprintable() or len(os.fsencode(part)) > 200:
            return "files with odd names"
    return ""


def _tar_members(archive: Path) -> Iterator[_Member]:
    with (
        archive.open("rb") as raw,
        tarfile.open(fileobj=_Limited(_decompressed(raw), archive.name), mode="r:") as tar,
    ):
        for info in tar:
            if info.isdir():
                kind = "folder"
            elif info.issym() or info.islnk():
                kind = "links"
            elif info.isreg() and not info.issparse():
                kind = "file"
            else:
                kind = "special files"
            if kind == "file" and info.size > FILE_LIMIT:
                raise BadArchive(f"{archive.name}: {info.name!r} is larger than {FILE_LIMIT >> 20} MB")
            stream = tar.extractfile(info) if kind == "file" else None
            yield _Member(info.name, kind, info.size, _sane_time(info.mtime), stream)


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return gzip.open(raw)  # type: ignore[return-value]
    if magic[:3] == b"BZh":
        return bz2.open(raw)  # type: ignore[return-value]
    if magic == b"\xfd7zXZ\x00":
        return lzma.open(raw)  # type: ignore[return-value]
    return raw


class _Limited:
    """A stream for tarfile that stops a bomb: headers, too, announce sizes that tarfile would read in one go."""

    def __init__(self, stream: IO[bytes], archive: str) -> None:
        self.stream = stream
        self.archive = archive

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= FILE_LIMIT:
            raise BadArchive(f"{self.archive}: a header announces {size} bytes")
        self._within(self.stream.tell() + size)
        return self.stream.read(size)

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        self._within(position)
        return self.stream.seek(position, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def _within(self, position: int) -> None:
        # The headers and padding of the largest archive allowed come on top of its files.
        if position > TOTAL_LIMIT + COUNT_LIMIT * 2048:
            raise BadArchive(f"{self.archive}: unpacks to more than {TOTAL_LIMIT >> 20} MB")


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as folder:
        for info in folder.infolist():
            mode = info.external_attr >> 16
            if info.is_dir():
                yield _Member(info.filename, "folder", 0, 0, None)
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                yield _Member(info.filename, "links" if stat.S_ISLNK(mode) else "special files", 0, 0, None)
            else:
                with folder.open(info) as stream:
                    yield _Member(info.filename, "file", info.file_size, _zip_time(info), stream)


def _zip_time(info: zipfile.ZipInfo) -> int:
    return _sane_time(calendar.timegm((*info.date_time, 0, 0, 0)))


def _sane_time(time: float) -> int:
    """Seconds since 1970, or 0 for a time that no filesystem should be asked to keep."""
    return int(time) if 0 < time < 2**32 else 0


def _without_top(target: Path) -> Path:
    entries = list(target.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else target


def _set_times(folder: Path, time: int) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        os.utime(path, (time, time))
