"""Foreign files as records, line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from punie_data import dataset
from punie_data.importing import array
from punie_data.importing.conversation import Conversation, Unconvertible
from punie_data.importing.formats import FORMATS, format_of
from punie_data.importing.kept import earlier_turn_of
from punie_data.importing.record import Converted, Source, converted, row_bytes
from punie_data.importing.sessions import SESSIONS, Session, session_of
from punie_data.importing.shape import KEYS
from punie_data.importing.values import exact
from punie_data.jsonl import Line

DIGITS = 16
"""How much of a file's SHA-256 stands in a row's revision."""
NAMES = ("auto", *FORMATS, *SESSIONS)
"""What `format` may be."""


class Reader:
    """Converts the lines of one file. With "auto" each line is judged by its keys; any other `format` holds for all of them.

    `not_rows` counts the lines of a session file that are about the session and not said in it. An export for mlx-lm writes a row for each of the
    assistant's turns: the one with the last turn is the record, `folded` counts the others.
    """

    def __init__(
        self,
        path: Path,
        format: str = "auto",
        license: str = "unknown",
        tools: tuple[str, ...] = (),
        digest: str = "",
    ) -> None:
        if not digest and path.is_file():
            digest = dataset.digest(path)
        self.source = Source(path.stem or "stdin", self.revision(digest), license, tools)
        self._format = format
        self._sessions: dict[str, Session] = {}
        self._earlier: dict[str, int] = {}
        self._whole: set[str] = set()
        self.folded = 0

    @staticmethod
    def revision(digest: str) -> str:
        """Of a file with this SHA-256; what can't be read twice (a pipe) has none."""
        return f"sha256:{digest[:DIGITS]}" if digest else "unpinned"

    @property
    def not_rows(self) -> int:
        return sum(session.not_rows for session in self._sessions.values())

    def line(self, line: Line) -> Iterator[tuple[Line, Converted | None]]:
        """What a line makes: its record or its problem, nothing yet where it is one of a session."""
        try:
            row = _row(line)
            name = self._name(row)
        except Unconvertible as trouble:
            yield _problem(line.number, trouble, line.raw), None
            return
        if name in SESSIONS:
            session = self._sessions.setdefault(name, SESSIONS[name]())
            for number, raw, found in session.take(line.number, row, line.raw):
                yield self._made(number, raw, found)
            return
        earlier = earlier_turn_of(row)
        if earlier:
            self.folded += 1
            self._earlier.setdefault(earlier, line.number)
            return
        try:
            exact(line.raw.strip(), line.row)
            found: Conversation | Unconvertible = FORMATS[name][1](row)
        except Unconvertible as trouble:
            found = trouble
        yield self._made(line.number, line.raw, found)

    def end(self) -> Iterator[tuple[Line, Converted | None]]:
        """What was still open when the file ended."""
        for session in self._sessions.values():
            for number, raw, found in session.end():
                yield self._made(number, raw, found)
        for identity, number in self._earlier.items():
            if identity not in self._whole:
                yield (
                    _problem(
                        number,
                        Unconvertible("turns of a conversation whose last one is not in the file"),
                        b"",
                    ),
                    None,
                )

    def _name(self, row: dict[str, Any]) -> str:
        if self._format == "auto":
            return session_of(row, self._sessions) or format_of(row)
        if self._format in SESSIONS:
            fits = session_of(row, (self._format,)) == self._format
        else:
            fits = FORMATS[self._format][0](row)
        if not fits:
            raise Unconvertible("no row of that format", self._format)
        return self._format

    def _made(
        self, number: int, raw: bytes, found: Conversation | Unconvertible
    ) -> tuple[Line, Converted | None]:
        try:
            if isinstance(found, Unconvertible):
                raise found
            made = converted(found, self.source, number)
            row, written = row_bytes(made.example)
        except Unconvertible as trouble:
            return _problem(number, trouble, raw), None
        if isinstance(found, Conversation) and "turns" in found.kept:
            self._whole.add(made.example.id)
        return Line(number, row, "", written), made


def read(path: Path, reader: Reader) -> Iterator[tuple[Line, Converted | None]]:
    """Every record and every problem of a file; beside a record that had to be converted what else was read. UserError as `jsonl.read`."""
    for line in array.read(path):
        if line.problem or (isinstance(line.row, dict) and line.row.keys() == KEYS):
            yield line, None
        else:
            yield from reader.line(line)
    yield from reader.end()


def _row(line: Line) -> dict[str, Any]:
    if isinstance(line.row, list) and line.row and all(isinstance(each, dict) for each in line.row):
        return {"messages": line.row}
    if not isinstance(line.row, dict):
        raise Unconvertible("the line is no object")
    return line.row


def _problem(number: int, trouble: Unconvertible, raw: bytes) -> Line:
    return Line(number, None, str(trouble), raw)
