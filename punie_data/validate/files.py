"""Check files: which ones a folder means, and large ones in parts by several processes."""

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from punie_data import jsonl
from punie_data.dataset import part_files
from punie_data.errors import UserError
from punie_data.validate.catalogue import BY_CODE, EMPTY_FILE, chosen
from punie_data.validate.check import Checker, finding
from punie_data.validate.declared import declared
from punie_data.validate.rule import Finding, Rule
from punie_data.validate.sets import check_set, set_of
from punie_data.validate.tally import Tally

if TYPE_CHECKING:
    from concurrent.futures import Executor

_PART = 4 * 1024 * 1024
"""Bytes a worker checks at a time. Below a part or two, starting processes costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a file or in a part of one. `rows` are the lines with something on them, `lines` all of them."""

    rows: int
    lines: int
    findings: list[Finding]
    first_part: bool
    tally: Tally | None = None


def dataset_files(paths: Iterable[Path]) -> list[Path]:
    """The files that the paths mean, in order, each once. `rejected.jsonl` is none of a folder's: it holds what was not good enough, and why.

    UserError for a path that is not there and a folder without a dataset.
    """
    return list(dict.fromkeys(file for path in paths for file in part_files(path).values()))


def check_files(
    paths: Sequence[Path], select: Iterable[str] = (), ignore: Iterable[str] = (), jobs: int | None = None
) -> Iterator[Checked]:
    """Check the files in order and yield what was found, a part at a time; behind the files of a set, what is found in all of them together.

    UserError for a wrong code or a file that can't be read.
    """
    rules = chosen(select, ignore)
    over_sets = [rule for rule in rules if rule.scope == "set"]
    parts: list[tuple[Path, Tally]] = []
    for path, checked in _each(paths, tuple(rule.code for rule in rules), jobs):
        if checked.tally is not None:
            if checked.first_part:
                if parts and set_of(parts[0][0]) != set_of(path):
                    yield Checked(0, 0, check_set(parts, over_sets), False)
                    parts = []
                parts.append((path, checked.tally))
                lines_before = checked.lines
            else:
                parts[-1][1].extend(checked.tally, lines_before)
                lines_before += checked.lines
        yield checked
    if parts:
        yield Checked(0, 0, check_set(parts, over_sets), False)


def _each(paths: Sequence[Path], codes: tuple[str, ...], jobs: int | None) -> Iterator[tuple[Path, Checked]]:
    checkers = _Checkers(codes)
    sizes = {path: path.stat().st_size for path in paths}
    workers = jobs or os.cpu_count() or 1
    if workers == 1 or max(sizes.values(), default=0) < 2 * _PART:
        for path in paths:
            with unchanged(path):
                yield path, _whole(checkers.of(path), path)
        return
    # A small file must not pay for what a large one needs.
    from concurrent.futures import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(codes,))
    try:
        for path in paths:
            with unchanged(path):
                if sizes[path] < 2 * _PART or _is_other_encoding(path):
                    yield path, _whole(checkers.of(path), path)
                else:
                    for checked in _in_parts(pool, path, sizes[path]):
                        yield path, checked
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _rules(codes: Iterable[str]) -> tuple[Rule, ...]:
    return tuple(BY_CODE[code] for code in codes)


def _whole(checker: Checker, path: Path) -> Checked:
    checked = _check(checker, path, 0, None)
    if not checked.rows and any(rule.code == EMPTY_FILE for rule in checker.rules):
        checked.findings.append(finding(path, 1, (BY_CODE[EMPTY_FILE], "the file has no rows")))
    return checked


def _in_parts(pool: "Executor", path: Path, size: int) -> Iterator[Checked]:
    lines_before = 0
    starts = range(0, size, _PART)
    for part in pool.map(_check_part, [path] * len(starts), starts, [start + _PART for start in starts]):
        findings = [replace(each, line=each.line + lines_before) for each in part.findings]
        lines_before += part.lines
        yield replace(part, findings=findings)


def _check(checker: Checker, path: Path, start: int, end: int | None) -> Checked:
    """Check the lines that begin at `start` or behind it and before `end` (bytes); line numbers count from `start`."""
    findings: list[Finding] = []
    lines = 0

    def counted(file: IO[bytes]) -> Iterator[jsonl.Line]:
        nonlocal lines
        lines = yield from jsonl.lines(file, end)

    rows, last = 0, 0
    tally = Tally() if any(rule.scope == "set" for rule in checker.rules) else None
    with jsonl.opened(path) as file:
        if start:
            file.seek(start - 1)
            jsonl.skip_line(file)
        for number, found in checker.lines(counted(file), tally):
            rows += number != last
            last = number
            if found is not None:
                findings.append(finding(path, number, found))
    return Checked(rows, lines, findings, start == 0, tally)


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """UserError where the file is another afterwards: its findings would be of two files at once."""
    before = path.stat()
    yield
    after = path.stat()
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    ):
        raise UserError(f"{path} changed while it was read: check it again when nobody writes to it")


def _is_other_encoding(path: Path) -> bool:
    with jsonl.opened(path) as file:
        return jsonl.other_encoding(file.read(4)) is not None


class _Checkers:
    """One checker for each set, so that schemas are compiled once."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._rules = _rules(codes)
        self._latest: tuple[Path, Checker] | None = None

    def of(self, path: Path) -> Checker:
        own = set_of(path)
        if self._latest is None or self._latest[0] != own:
            self._latest = own, Checker(self._rules, declared=declared(path))
        return self._latest[1]


_worker: list[_Checkers] = []
"""One in each worker process."""


def _start_worker(codes: tuple[str, ...]) -> None:
    # Ctrl-C reaches the whole group; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker.append(_Checkers(codes))


def _check_part(path: Path, start: int, end: int) -> Checked:
    return _check(_worker[0].of(path), path, start, end)
