"""JSON Lines in and out: the one module that reads and writes them.

Reading never raises for what a line holds: a line is a row or a finding with its number, and the lines after it are still read.
Memory does not grow with the file: a line over the limit is skipped without being held. Writing is whole or absent: a temporary
file beside the target, synced, then renamed over it.
"""

import os
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from punie_data.errors import DEVICE_TROUBLE, UserError

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes. A conversation is a few thousand; a line beyond this is a mistake, and parsing it would cost many times its size."""

_BLOCK = 1024 * 1024
_BUFFER = 128 * 1024
"""Bytes that are read or written at once; with Python's own 8 kB a third of the time of copying rows goes into calls of the system."""
_OTHER_ENCODINGS = (
    # UTF-32 first: its little-endian mark begins with UTF-16's.
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"{\x00", "UTF-16"),
    (b"\x00{", "UTF-16"),
    (b"[\x00", "UTF-16"),
    (b"\x00[", "UTF-16"),
)
_PLAIN_WORDS = (
    ("not valid UTF-8", "not UTF-8"),
    ("depth limit", "not JSON that can be read: nested more than 1024 deep"),
    ("unexpected end of data", "not JSON: the line ends in the middle of a value"),
    ("infinity", "not JSON that can be read: a number is too large for a double"),
    ("surrogate", "not JSON that can be read: half of a surrogate pair"),
)
_NOT_A_NUMBER = re.compile(rb"[:\[,]\s*-?(NaN|Infinity)\b")


class Line(NamedTuple):
    """One line of a file, 1-based. `problem` is empty where the line is JSON; `raw` is the line as it stands in the file."""

    number: int
    row: Any = None
    problem: str = ""
    raw: bytes = b""


def read(path: Path) -> Iterator[Line]:
    """The lines of `path` in order, blank lines skipped; a broken line is a `Line` with a problem. UserError if it can't be opened."""
    with opened(path) as file:
        yield from lines(file)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, open for reading. UserError where it is a folder, absent, unreadable, or stops being readable on the way."""
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            yield file
    except IsADirectoryError:
        raise UserError(f"{path} is a folder: name a file in it") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def lines(file: IO[bytes], end: int | None = None) -> Generator[Line, None, int]:
    """The lines of an open file from where it stands, numbered from 1; returns how many there were, blank ones counted.

    `end` is the offset at or behind which no line may begin.
    """
    number = 0
    at_start = file.tell() == 0
    position = file.tell()
    # A million times: a tuple made directly, without the named tuple's own constructor.
    loads, readline, limit, new = orjson.loads, file.readline, LINE_LIMIT, tuple.__new__
    while end is None or position < end:
        raw = readline(limit)
        if not raw:
            break
        number += 1
        position += len(raw)
        if len(raw) == limit and raw[-1] != 10:
            skipped = skip_line(file)
            position += skipped
            yield Line(
                number, problem=f"the line is {limit + skipped} bytes long, {limit} are read at the most"
            )
            continue
        if number == 1 and at_start:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
            encoding = other_encoding(raw)
            if encoding is not None:
                yield Line(1, problem=f"the file is {encoding}: save it as UTF-8")
                return 1
        try:
            yield new(Line, (number, loads(raw), "", raw))
        except orjson.JSONDecodeError as error:
            if raw.strip():
                yield Line(number, None, _problem(raw, str(error)), raw)
    return number


def other_encoding(start: bytes) -> str | None:
    """The encoding that a file's first four bytes betray, None where they look like UTF-8."""
    return next((name for mark, name in _OTHER_ENCODINGS if start.startswith(mark)), None)


def skip_line(file: IO[bytes]) -> int:
    """Read to the end of the line in bounded pieces; how many bytes that was."""
    skipped = 0
    while piece := file.readline(_BLOCK):
        skipped += len(piece)
        if piece[-1] == 10:
            break
    return skipped


def _problem(raw: bytes, said: str) -> str:
    if b"\0" in raw:
        return "not JSON: a NUL byte stands in the line"
    plain = next((words for sign, words in _PLAIN_WORDS if sign in said), None)
    if plain is None:
        plain = f"not JSON: {said.replace('line 1 ', '')}"
        named = _NOT_A_NUMBER.search(raw)
        if named is not None:
            plain = f"not JSON: {named[1].decode()} is not a JSON value"
    if not raw.endswith(b"\n") and "ends in the middle" in plain:
        return "the file ends in the middle of a row: it was cut short"
    return plain


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under its name only when the block ends well; else nothing is left behind.

    UserError, with the reason, where the folder can't be written or the device is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file = temporary.open("wb", buffering=_BUFFER)
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror or error}") from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        # Only what a write can say of its device: any other OSError was raised by the block for a reason of its own.
        if error.errno in DEVICE_TROUBLE or error.filename == str(temporary):
            raise UserError(
                f"{path} can't be written: {error.strerror or error}; nothing is left of it"
            ) from None
        raise
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object a line, keys in the order given, and return how many. UserError as `whole_file`."""
    count = 0
    with whole_file(path) as file:
        for row in rows:
            file.write(orjson.dumps(row))
            file.write(b"\n")
            count += 1
    return count
