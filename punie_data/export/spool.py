"""Lines kept in a file until it is known in which order they are written: memory holds a few bytes a line."""

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from types import TracebackType


class Spool:
    """Lines are added once, then read in any order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="punie-data-")  # noqa: SIM115  # closed by __exit__
        self._ends = array("q", [0])

    def add(self, line: bytes) -> None:
        self._file.write(line)
        self._ends.append(self._ends[-1] + len(line))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def read(self, numbers: Iterable[int] | None = None) -> Iterator[bytes]:
        """The lines of these numbers, all in their order when not given."""
        self._file.flush()
        for number in range(len(self)) if numbers is None else numbers:
            self._file.seek(self._ends[number])
            yield self._file.read(self._ends[number + 1] - self._ends[number])

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
