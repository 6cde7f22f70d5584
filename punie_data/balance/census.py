"""The first reading of a file: what every row is, in a few bytes for each, so that memory hardly grows with the rows' length."""

import hashlib
import os
import signal
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from zlib import crc32

from punie_data import jsonl
from punie_data.balance.axes import AXES, Facts, Unclassifiable, Value, facts_of
from punie_data.balance.mix import Mix
from punie_data.errors import UserError

NONE = "none"
"""Stands for what a row doesn't say, on axes that are only shown."""

_PART = 16 * 1024 * 1024
"""Bytes a worker counts at a time."""

Combination = tuple[Value, ...]


@dataclass(slots=True)
class Census:
    """What a file holds. The arrays have one element a row, in the file's order.

    `combinations` are the values on `axes` that occur, with their number in the order of appearance; `of_row` says which of them a row has.
    `spread` are the row's generator, symbol, path and template as 32-bit sums, `content` is 64 bits that differ where rows do.
    `problem` is the first line, by its number among those counted, that is no row, and why; nothing behind it is counted.
    """

    path: Path
    axes: tuple[str, ...]
    combinations: dict[Combination, int] = field(default_factory=dict)
    of_row: array = field(default_factory=lambda: array("I"))
    spread: tuple[array, ...] = field(default_factory=lambda: tuple(array("I") for _ in range(4)))
    content: array = field(default_factory=lambda: array("Q"))
    stamp: tuple[int, int, int] | None = None
    lines: int = 0
    problem: tuple[int, str] | None = None

    def add(self, part: "Census") -> None:
        """Append what was counted of the lines that follow."""
        places = [self.combinations.setdefault(one, len(self.combinations)) for one in part.combinations]
        self.of_row.extend([places[one] for one in part.of_row])
        for mine, theirs in zip(self.spread, part.spread, strict=True):
            mine.extend(theirs)
        self.content.extend(part.content)
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


def take_census(path: Path, mix: Mix, shown: Sequence[str] = (), jobs: int | None = None) -> Census:
    """Read `path` once, a large file by several processes. UserError, naming the line, for one that can't be read or placed on an axis that the
    mix has bands over. Axes in `shown` that have no bands are recorded too; there a row may lack what the axis asks for.
    """
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: balance reads its input twice; save it as a file first")
    axes = (*mix.axes, *(axis for axis in shown if axis not in mix.axes))
    stamp = _stamp(path)
    workers = jobs or os.cpu_count() or 1
    size = stamp[1] if stamp else 0
    if workers == 1 or size < 2 * _PART:
        census = _count(path, axes, mix, 0, None)
        _raise_problem(census, 0)
    else:
        census = _in_parts(path, axes, mix, size, workers)
    census.stamp = stamp
    census.check_unchanged()
    if not census.rows:
        raise UserError(f"{path} has no rows: there is nothing to balance")
    return census


def _in_parts(path: Path, axes: tuple[str, ...], mix: Mix, size: int, workers: int) -> Census:
    # A small file must not pay for what a large one needs.
    from concurrent.futures import ProcessPoolExecutor

    whole = Census(path, axes)
    starts = range(0, size, _PART)
    pool = ProcessPoolExecutor(workers, initializer=_leave_interrupts)
    try:
        parts = pool.map(
            _count,
            *([each] * len(starts) for each in (path, axes, mix)),
            starts,
            [start + _PART for start in starts],
        )
        for part in parts:
            _raise_problem(part, whole.lines)
            whole.add(part)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return whole


def _leave_interrupts() -> None:
    # Ctrl-C reaches the whole group; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _raise_problem(census: Census, lines_before: int) -> None:
    if census.problem is not None:
        number, message = census.problem
        raise UserError(f"{census.path}:{lines_before + number}: {message}")


def _count(path: Path, axes: tuple[str, ...], mix: Mix, start: int, end: int | None) -> Census:
    """The lines that begin at `start` or behind it and before `end` (bytes), up to the first that is no row."""
    values = [_axis(axis, mix) for axis in axes]
    census = Census(path, axes)
    combinations, append_row, append_content = (
        census.combinations,
        census.of_row.append,
        census.content.append,
    )
    generator, symbol, place, template = (each.append for each in census.spread)

    def counted(file: IO[bytes]) -> Iterator[jsonl.Line]:
        census.lines = yield from jsonl.lines(file, end)

    with jsonl.opened(path) as file:
        if start:
            file.seek(start - 1)
            jsonl.skip_line(file)
        for line in counted(file):
            if line.problem:
                census.problem = line.number, line.problem
                break
            try:
                facts = facts_of(line.row)
                combination = tuple([value(facts) for value in values])
            except Unclassifiable as error:
                census.problem = line.number, str(error)
                break
            append_row(combinations.setdefault(combination, len(combinations)))
            append_content(_content(line))
            maker, repo, paths, about = _origin(facts)
            generator(crc32(maker.encode()))
            begin = crc32(repo.encode())
            symbol(crc32(about.encode(), begin))
            place(crc32(paths.encode(), begin))
            template(crc32(facts.template.encode()))
    return census


def _axis(axis: str, mix: Mix) -> Callable[[Facts], Value]:
    """The axis' function. Only a label tells `ask` and `cannot` from `direct`, so bands over them need one."""
    value = AXES[axis]
    named = {band.value for band in mix.bands if band.axis == axis}
    if axis == "kind" and named & {"ask", "cannot"}:

        def labelled(facts: Facts) -> Value:
            if not facts.kind:
                raise Unclassifiable("the row has no label.kind, and the mix has a band over ask or cannot")
            return facts.kind

        return labelled
    if named:
        return value

    def if_told(facts: Facts) -> Value:
        try:
            return value(facts)
        except Unclassifiable:
            return NONE

    return if_told


def _origin(facts: Facts) -> tuple[str, str, str, str]:
    """Generator, repository, first path and symbol; a row without an origin is spread over the tools it calls first."""
    origin = facts.origin
    maker, repo, about, paths = (
        origin.get("generator"),
        origin.get("repo"),
        origin.get("symbol"),
        origin.get("paths"),
    )
    first = paths[0] if type(paths) is list and paths else ""
    if type(maker) is not str:
        maker = facts.calls[0][0] if facts.calls else ""
    return (
        maker,
        repo if type(repo) is str else "",
        first if type(first) is str else "",
        about if type(about) is str else "",
    )


def _content(line: jsonl.Line) -> int:
    """64 bits of the row's id, which is a digest of its content, or of the row's bytes where it has none."""
    given: Any = line.row.get("id")
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
