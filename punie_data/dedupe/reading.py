"""The rows of a file or a dataset, read twice: once to judge, once to write. What is no record is told by line, and goes to the rejected."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from punie_data import jsonl
from punie_data.dataset import PARTS, digest, part_files
from punie_data.errors import UserError
from punie_data.importing import manifest_of, records
from punie_data.validate.check import record_schema, record_validator
from punie_data.validate.explain import explain

Advance = Callable[[int], None]


class Row(NamedTuple):
    """A record and where it was found; `raw` is its line."""

    part: str
    line: int
    record: dict[str, Any]
    raw: bytes


class Unreadable(NamedTuple):
    """A line that is no record, and why."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


@dataclass(slots=True)
class Source:
    """A file or a dataset. `rows` may be called again and then yields the same rows; UserError where a file was changed in between."""

    path: Path
    files: Mapping[str, Path]
    manifest: Mapping[str, Any]
    inputs: Mapping[str, str]
    unreadable: list[Unreadable] = field(default_factory=list)
    _seen: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _judged: dict[str, set[int]] = field(default_factory=dict)

    def rows(self, advance: Advance = lambda count: None) -> Iterator[Row]:
        """Every record of every part in order. What is none is gathered in `unreadable` the first time through."""
        for part, file in self.files.items():
            self._unchanged(part, file)
            if part in self._judged:
                no_records = self._judged[part]
                for place, (number, row, _, raw) in enumerate(records(file)):
                    if place not in no_records:
                        yield Row(part, number, row, raw)
                    advance(1)
            else:
                yield from self._judge(part, file, advance)
            self._unchanged(part, file)

    def demand(self, rows: int) -> None:
        """UserError where none of the rows that were read is a record: an empty dataset is nothing to go on with."""
        if not rows and self.unreadable:
            raise UserError(f"{self.path} holds no record; the first problem is {self.unreadable[0]}")
        if not rows:
            raise UserError(f"{self.path} holds no rows")

    def _judge(self, part: str, file: Path, advance: Advance) -> Iterator[Row]:
        is_record = record_validator().is_valid
        found, no_records = [], set()  # by place: a line of a session file can hold several rows
        for place, (number, row, problem, raw) in enumerate(records(file)):
            if not problem and is_record(row):
                yield Row(part, number, row, raw)
            else:
                said = problem or explain(record_schema(), row)
                found.append(Unreadable(file.name, number, said))
                no_records.add(place)
            advance(1)
        self._judged[part] = no_records
        self.unreadable += found

    def _unchanged(self, part: str, file: Path) -> None:
        try:
            found = file.stat()
        except OSError as error:
            raise UserError(f"{file}: {error.strerror or error}") from None
        now = (found.st_size, found.st_mtime_ns, found.st_ino)
        if self._seen.setdefault(part, now) != now:
            raise UserError(f"{file} was changed while it was read: run the command again")


def opened(path: Path) -> Source:
    """The source that a path means; a file of any name is read as the part `examples` unless it is named like one."""
    files = part_files(path)
    for file in files.values():
        if not file.is_file():
            raise UserError(f"{file} is no regular file, and is read more than once: save it as one first")
    named = {name if name in PARTS else PARTS[0]: file for name, file in files.items()}
    inputs = {file.name: digest(file) for file in files.values()}
    return Source(path, named, manifest_of(path), inputs)


def line_count(path: Path) -> int:
    """How many lines the files have that a path means, for a progress bar."""
    count = 0
    for file in part_files(path).values():
        if not file.is_file():  # what is read from it now is not there for the one who reads it
            continue
        with jsonl.opened(file) as stream:
            while block := stream.read(1 << 20):
                count += block.count(b"\n")
    return count


def rejected(row: Row, reason: str, detail: str, of: str) -> dict[str, Any]:
    """A line of rejected.jsonl: the keys of `chat.Rejected`, and the id of the row for which this one was left out."""
    record = row.record
    question = next((m["content"] for m in record["messages"] if m["role"] == "user"), "")
    return {
        "reason": reason,
        "detail": detail,
        "generator": record["origin"]["generator"],
        "repo": record["origin"]["repo"],
        "question": question,
        "example": record,
        "of": of,
    }


def rejected_line(unreadable: Unreadable) -> dict[str, Any]:
    """The same for a line that is no record; the line itself stays in the input."""
    return {
        "reason": "not a record",
        "detail": str(unreadable),
        "generator": "",
        "repo": "",
        "question": "",
        "example": None,
        "of": "",
    }
