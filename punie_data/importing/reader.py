"""Foreign lines as records, one after another."""

from pathlib import Path

from punie_data import dataset
from punie_data.importing.conversation import Unconvertible
from punie_data.importing.formats import FORMATS, format_of
from punie_data.importing.record import Converted, Source, converted, row_bytes
from punie_data.importing.values import exact
from punie_data.jsonl import Line

DIGITS = 16
"""How much of a file's SHA-256 stands in a row's revision."""


class Reader:
    """Converts the lines of one file. `format` names one of `FORMATS`, or is "auto": then each line is judged by its keys."""

    def __init__(
        self, path: Path, format: str = "auto", license: str = "unknown", tools: tuple[str, ...] = ()
    ) -> None:
        # What can't be read twice (a pipe) has no digest.
        revision = f"sha256:{dataset.digest(path)[:DIGITS]}" if path.is_file() else "unpinned"
        self.source = Source(path.stem or "stdin", revision, license, tools)
        self._format = format

    def line(self, line: Line) -> Line:
        """The line with its record in place of its row, or with the problem."""
        try:
            return self.converted(line)[0]
        except Unconvertible as trouble:
            return Line(line.number, None, str(trouble), line.raw)

    def converted(self, line: Line) -> tuple[Line, Converted]:
        """The record's line and what does not belong into rows. Unconvertible, with the reason."""
        if not isinstance(line.row, dict):
            raise Unconvertible("the line is no object")
        exact(line.raw.strip(), line.row)
        name = format_of(line.row) if self._format == "auto" else self._format
        found = converted(FORMATS[name][1](line.row), self.source, line.number)
        row, raw = row_bytes(found.example)
        return Line(line.number, row, "", raw), found
