"""Mend whole files: line by line, into another place, and whole or not at all. What can't be mended goes over byte for byte."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from punie_data import jsonl
from punie_data.errors import UserError
from punie_data.validate.fix import UNEVEN_KEYS, Mended, mended_line

_MARK = b"\xef\xbb\xbf"


class FixedLine(NamedTuple):
    """A line as it was and as it is after mending; the same bytes, and nothing in `done`, where nothing was to be mended.

    A line over the reader's limit comes in pieces, of which all but the first have the number 0.
    """

    number: int
    old: bytes
    new: bytes
    done: list[Mended]


@dataclass(slots=True)
class Repairs:
    """What was mended in a file: how many rows, and how often each code."""

    rows: int = 0
    by_code: dict[str, int] = field(default_factory=dict)

    def add(self, line: FixedLine) -> None:
        self.rows += 1
        for mended in line.done:
            self.by_code[mended.code] = self.by_code.get(mended.code, 0) + 1


def fixed_lines(path: Path, codes: Collection[str], record: bool = True) -> Iterator[FixedLine]:
    """Every byte of the file in order. UserError where it can't be read, or is another one at the end."""
    before = path.stat()
    keys = () if record or UNEVEN_KEYS not in codes else missing_keys(path)
    with jsonl.opened(path) as file:
        first = file.read(4)
        file.seek(0)
        readable = jsonl.other_encoding(first.removeprefix(_MARK)) is None
        number = 0
        whole = True  # whether the piece before ended its line
        while piece := file.readline(jsonl.LINE_LIMIT):
            began, whole = whole, piece.endswith(b"\n")
            number += began
            too_long = not whole and len(piece) == jsonl.LINE_LIMIT
            if not began or too_long or not readable:
                yield FixedLine(number if began else 0, piece, piece, [])
                continue
            mark = _MARK if number == 1 and piece.startswith(_MARK) else b""
            new, done = mended_line(piece[len(mark) :], codes, record, keys)
            yield FixedLine(number, piece, mark + new if done else piece, done)
    after = path.stat()
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    ):
        raise UserError(f"{path} changed while it was read: mend it again when nobody writes to it")


def missing_keys(path: Path) -> tuple[str, ...]:
    """`tools`, where some rows of a file have it and others lack it; nothing where a row is of another form, since then more than a key is wrong.

    Whether any other key is missing in most rows or one too many in a few, nobody can tell.
    """
    having = rows = 0
    for line in jsonl.read(path):
        if isinstance(line.row, dict):
            if not isinstance(line.row.get("messages"), list):
                return ()
            rows += 1
            having += "tools" in line.row
    return ("tools",) if 0 < having < rows else ()


def write_fixed(
    path: Path,
    out: Path,
    codes: Collection[str],
    record: bool = True,
    told: Callable[[FixedLine], object] = lambda line: None,
) -> None:
    """Write the mended file to `out` and tell of each line that was mended. `out` may be `path` itself: then it is replaced in one step, keeps
    its permissions, and isn't touched where nothing is to be mended. UserError where it can't be written; then nothing has changed.
    """
    in_place = out.exists() and out.samefile(path)
    if in_place:
        if not any(line.done for line in fixed_lines(path, codes, record)):
            return
        out = path.resolve()  # a link stays one
    with jsonl.whole_file(out) as file:
        for line in fixed_lines(path, codes, record):
            if line.done:
                told(line)
            file.write(line.new)
        if in_place:
            Path(file.name).chmod(path.stat().st_mode & 0o7777)


def unified_diff(name: str, lines: Iterator[FixedLine]) -> Iterator[bytes]:
    """What mending changes, as a patch without context, which `patch` and `git apply --unidiff-zero` take."""
    started = False
    for line in lines:
        if not line.done:
            continue
        if not started:
            yield f"--- {name}\n+++ {name}\n".encode("utf-8", "replace")
            started = True
        yield b"@@ -%d +%d @@\n-%b+%b" % (line.number, line.number, _ended(line.old), _ended(line.new))


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"
