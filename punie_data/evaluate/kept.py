"""Rows that are finished are kept: an evaluation that was killed goes on where it was.

They are appended to `results.<digest>.part` in the output folder as they come; the digest is that of the suite, the system and the settings, so
that nothing of another evaluation is ever taken for one's own. The file goes when the results are written whole.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson

from punie_data.errors import UserError


class Kept:
    """`rows` by the query's number. UserError where another run is writing the same."""

    def __init__(self, out: Path, key: str) -> None:
        self.path = out / f"results.{key[:16]}.part"
        self.rows: dict[int, dict[str, Any]] = {}
        self._file: IO[bytes] | None = None
        if self.path.is_file():
            self._open()

    def add(self, number: int, row: Mapping[str, Any]) -> None:
        """Write the row down now. The file appears with the first one: what fails before it leaves nothing."""
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._open()
            assert self._file is not None
            self._file.write(orjson.dumps({"number": number, "row": dict(row)}) + b"\n")
            self._file.flush()
        except OSError as error:
            raise UserError(f"{self.path} can't be written: {error.strerror or error}") from None

    def finish(self) -> None:
        """The rows stand elsewhere now."""
        self.path.unlink(missing_ok=True)

    def _open(self) -> None:
        file = self.path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UserError(f"another evaluation is writing {self.path.parent}; wait for it, or name another folder with --out") from None  # fmt: skip
        except OSError:
            pass  # files can't be locked on this file system: then it is as it always was
        file.seek(0)
        whole = 0
        for line in file:
            try:
                found = orjson.loads(line)
                number, row = found["number"], found["row"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                break  # the line at which the run was killed
            if not line.endswith(b"\n"):
                break
            self.rows[number] = row
            whole += len(line)
        os.truncate(file.fileno(), whole)
        file.seek(0, os.SEEK_END)
        self._file = file

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        if self._file is not None:
            self._file.close()
            self._file = None
