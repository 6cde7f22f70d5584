"""JSON Lines in and out: the one module that reads and writes them.

Reading never raises for what a line holds: a line is a row or a finding with its number. Writing is whole or absent:
a temporary file beside the target, synced, then renamed over it.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from punie_data.errors import UserError


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, 1-based. Exactly one of `row` and `problem` is set."""

    number: int
    row: Any = None
    problem: str = ""


def read(path: Path) -> Iterator[Line]:
    """The lines of `path` in order, blank lines skipped; a broken line is a `Line` with a problem. UserError if it can't be opened."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    with file:
        for number, raw in enumerate(file, 1):
            if number == 1 and raw.startswith(b"\xef\xbb\xbf"):
                raw = raw[3:]
            if not raw.strip():
                continue
            try:
                yield Line(number, row=orjson.loads(raw))
            except orjson.JSONDecodeError as error:
                yield Line(number, problem=f"not JSON: {error}")


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under its name only when the block ends well; else nothing is left behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object a line, keys in the order given, and return how many."""
    count = 0
    with whole_file(path) as file:
        for row in rows:
            file.write(orjson.dumps(row))
            file.write(b"\n")
            count += 1
    return count
