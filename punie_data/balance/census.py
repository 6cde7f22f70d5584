"""The first reading of a file: what every row is, in a few bytes for each, so that memory hardly grows with the rows' length.

Canonical rows are counted as they are parsed, a large file by several processes. A file of another form is read through `importing.records`
instead, in one process. Which it is shows while it is read: the first row that is JSON and no canonical record decides.
"""

import hashlib
import os
import signal
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from punie_data import jsonl
from punie_data.balance.axes import AXES, Facts, Unclassifiable, Value, facts_of, first_tool
from punie_data.balance.mix import Mix
from punie_data.errors import UserError
from punie_data.importing import KEYS, records

_PART = 16 * 1024 * 1024
"""Bytes a worker counts at a time, at the least."""
_LARGEST = 4
"""So many times as much of a large file: what two parts have in common is told twice."""

Combination = tuple[Value, ...]


@dataclass(slots=True)
class Census:
    """What a file holds. The arrays have one element a row, in the file's order.

    `combinations` are the values on `axes` that occur, with their number in the order of appearance; `of_row` says which of them a row has.
    `spread` are the row's generator and first tool, symbol, path and template as 32-bit sums, `content` is 64 bits that differ where rows do.
    `unread` are the lines that are no rows, by their place among all lines, with the number that a user knows the line by, and why.
    """

    path: Path
    axes: tuple[str, ...]
    combinations: dict[Combination, int] = field(default_factory=dict)
    of_row: array = field(default_factory=lambda: array("I"))
    spread: tuple[array, ...] = field(default_factory=lambda: tuple(array("I") for _ in range(4)))
    content: array = field(default_factory=lambda: array("Q"))
    unread: dict[int, tuple[int, str]] = field(default_factory=dict)
    lines: int = 0
    foreign: bool = False
    stamp: tuple[int, int, int] | None = None

    def append(self, part: "Census") -> None:
        """Add what was counted of the lines that follow."""
        places = [self.combinations.setdefault(one, len(self.combinations)) for one in part.combinations]
        self.of_row.extend([places[one] for one in part.of_row])
        for mine, theirs in zip(self.spread, part.spread, strict=True):
            mine.extend(theirs)
        self.content.extend(part.content)
        for place, (number, why) in part.unread.items():
            self.unread[self.lines + place] = self.lines + number, why
        self.lines += part.lines

    def check_unchanged(self) -> None:
        """UserError where the file is another by now: what was counted would not be what is written."""
        if _stamp(self.path) != self.stamp:
            raise UserError(
                f"{self.path} changed while it was read: balance it again when nobody writes to it"
            )

    @property
    def rows(self) -> int:
        return len(self.of_row)

    def raw_rows(self) -> Iterator[bytes]:
        """The rows again, as the bytes of canonical records; the lines that are none left out."""
        if self.foreign:
            for place, line in enumerate(records(self.path), 1):
                if place not in self.unread:
                    yield line.raw
            return
        with jsonl.opened(self.path) as file:
            place = 0
            while raw := file.readline(jsonl.LINE_LIMIT):
                place += 1
                if len(raw) == jsonl.LINE_LIMIT and raw[-1] != 10:
                    jsonl.skip_line(file)
                elif place not in self.unread and not raw.isspace():
                    yield raw.removeprefix(b"\xef\xbb\xbf") if place == 1 else raw

    def counts(self, kept: Sequence[int] | None = None) -> list[int]:
        """How many rows each combination has; with `kept` (one number a row), only the rows where it is not zero."""
        counts = [0] * len(self.combinations)
        if kept is None:
            for combination in self.of_row:
                counts[combination] += 1
        else:
            for combination, keep in zip(self.of_row, kept, strict=True):
                if keep:
                    counts[combination] += 1
        return counts

    def tally(self, axis: str, counts: Sequence[int]) -> dict[str, int]:
        """How many rows have each value of `axis`, where `counts` are those of the combinations; the most frequent first."""
        place = self.axes.index(axis)
        found: dict[str, int] = {}
        for combination, count in zip(self.combinations, counts, strict=True):
            value = combination[place]
            for one in (value,) if isinstance(value, str) else value:
                found[one] = found.get(one, 0) + count
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def take_census(
    path: Path,
    mix: Mix,
    shown: Sequence[str] = (),
    jobs: int | None = None,
    advance: Callable[[int], None] = lambda size: None,
) -> Census:
    """Count `path` on the axes of the mix and on those in `shown`; `advance` is told how many bytes more are done.

    UserError where the file can't be read, has no rows, or changes meanwhile.
    """
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: balance reads its input twice; save it as a file first")
    axes = (*mix.axes, *(axis for axis in shown if axis not in mix.axes))
    stamp = _stamp(path)
    workers = jobs or os.cpu_count() or 1
    size = stamp[1] if stamp else 0
    if workers == 1 or size < 2 * _PART:
        census = _count(path, axes, 0, None)
    else:
        census = _in_parts(path, axes, size, workers, advance)
    if census.foreign or (census.unread and not census.rows):
        census = _count_records(path, axes)
    census.stamp = stamp
    census.check_unchanged()
    if not census.rows:
        said = next((f": {why}" for _, why in census.unread.values()), ": there is nothing to balance")
        raise UserError(f"{path} has no rows{said}")
    return census


def _in_parts(
    path: Path, axes: tuple[str, ...], size: int, workers: int, advance: Callable[[int], None]
) -> Census:
    # A small file must not pay for what a large one needs.
    from concurrent.futures import ProcessPoolExecutor

    whole = Census(path, axes)
    length = max(_PART, min(_LARGEST * _PART, size // (8 * workers)))
    starts = range(0, size, length)
    pool = ProcessPoolExecutor(workers, initializer=_leave_interrupts)
    try:
        parts = pool.map(
            _count,
            *([each] * len(starts) for each in (path, axes)),
            starts,
            [start + length for start in starts],
        )
        for start, part in zip(starts, parts, strict=True):
            if part.foreign:
                whole.foreign = True
                break
            whole.append(part)
            advance(min(length, size - start))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return whole


def _leave_interrupts() -> None:
    # Ctrl-C reaches the whole group; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _count(path: Path, axes: tuple[str, ...], start: int, end: int | None) -> Census:
    """The lines that begin at `start` or behind it and before `end` (bytes); no further than a row that is no canonical record."""
    census = Census(path, axes)
    count = _counter(census)
    with jsonl.opened(path) as file:
        if start:
            file.seek(start - 1)
            jsonl.skip_line(file)

        def lines() -> Iterator[jsonl.Line]:
            census.lines = yield from jsonl.lines(file, end)

        for line in lines():
            number, row, problem, _ = line
            if not problem and (type(row) is not dict or row.keys() != KEYS):
                census.foreign = True
                break
            count(number, line)
    return census


def _count_records(path: Path, axes: tuple[str, ...]) -> Census:
    census = Census(path, axes, foreign=True)
    count = _counter(census)
    for place, line in enumerate(records(path), 1):
        count(place, line)
    return census


def _counter(census: Census) -> Callable[[int, jsonl.Line], None]:
    """What adds a line to the census."""
    values = [AXES[axis] for axis in census.axes]
    combinations, append_row, append_content = (
        census.combinations,
        census.of_row.append,
        census.content.append,
    )
    maker, symbol, place, template = (each.append for each in census.spread)

    def count(at: int, line: jsonl.Line) -> None:
        if line.problem:
            census.unread[at] = line.number, line.problem
            return
        try:
            facts = facts_of(line.row)
            combination = tuple([value(facts) for value in values])
        except Unclassifiable as error:
            census.unread[at] = line.number, str(error)
            return
        append_row(combinations.setdefault(combination, len(combinations)))
        append_content(_content(line))
        generator, repo, path, about = _origin(facts)
        maker(crc32(f"{generator}\n{first_tool(facts)}".encode()))
        begin = crc32(repo.encode())
        symbol(crc32(about.encode(), begin))
        place(crc32(path.encode(), begin))
        template(crc32(facts.template.encode()))

    return count


def _origin(facts: Facts) -> tuple[str, str, str, str]:
    """Generator, repository, first path and symbol, each "" where the row doesn't say it."""
    origin = facts.origin
    maker, repo, about = origin.get("generator"), origin.get("repo"), origin.get("symbol")
    paths = origin.get("paths")
    first = paths[0] if type(paths) is list and paths else ""
    return (
        maker if type(maker) is str else "",
        repo if type(repo) is str else "",
        first if type(first) is str else "",
        about if type(about) is str else "",
    )


def _content(line: jsonl.Line) -> int:
    """64 bits of the row's id, which is a digest of its content, or of the row's bytes where it has none."""
    given = line.row["id"]
    if type(given) is str and len(given) == 20 and given.isalnum():
        try:
            return int(given[:16], 16)
        except ValueError:
            pass
    return int.from_bytes(hashlib.blake2b(line.raw, digest_size=8).digest(), "big")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        now = path.stat()
    except OSError:
        return None  # opening it says why
    return now.st_ino, now.st_size, now.st_mtime_ns
