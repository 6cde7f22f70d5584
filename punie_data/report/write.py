"""Write the report of a dataset: count, check, draw, and put the rows into the page."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from punie_data import jsonl
from punie_data.dataset import manifest_of
from punie_data.errors import UserError
from punie_data.importing import records
from punie_data.jsonl import Line
from punie_data.report import sections
from punie_data.report.checked import Checked, checked
from punie_data.report.embed import Index, Shown, packed, pieces
from punie_data.report.page import Parts, page
from punie_data.report.replay import Replay, read_verdict, replay_of
from punie_data.stats.figures import Figures
from punie_data.stats.length import measure_of
from punie_data.stats.survey import Marks, dataset_parts, rejections, repeated, survey
from punie_data.validate.check import record_validator

ROWS = 50_000
"""Rows that a page carries at the most, unless another number is asked for; beyond, it carries a sample."""
REJECTED = 5_000
BYTES = 256 * 1024 * 1024
"""Bytes of rows that a page carries at the most, so that a browser can open it."""
FILE = "report.html"


class Progress(Protocol):
    def stage(self, name: str, total: int) -> None: ...

    def advance(self, count: int = 1) -> None: ...


class Silence:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int) -> None:
        pass

    def advance(self, count: int = 1) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Written:
    """`shown` of the dataset's lines, rows or not, are in the page; `errors` and `warnings` are the validator's."""

    path: Path
    size: int
    rows: int
    not_rows: int
    shown: int
    rejected: int
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which lines the page carries, by their place in the order of the files; None for all."""

    lines: frozenset[int] | None
    rejected: frozenset[int] | None
    note: str


def write_report(
    dataset: Path,
    out: Path | None = None,
    *,
    before: Path | None = None,
    tokenizer: Path | None = None,
    verdict: Path | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> Written:
    """Write the report of a dataset folder or a file of rows; the same inputs give the same bytes.

    `out` is `report.html` in the folder, or `NAME.report.html` beside a file. `before` is a dataset to compare its composition with, `tokenizer`
    a folder with a `tokenizer.json`, `verdict` a file with what `verify --json` printed. UserError for whatever of these can't be read, for an
    `out` that is one of the inputs, and where a file changes meanwhile.
    """
    shown = progress or Silence()
    parts, rejected = dataset_parts(dataset)
    target = out or (dataset / FILE if dataset.is_dir() else dataset.with_name(f"{dataset.stem}.{FILE}"))
    _refuse(target, [*parts.values(), *([rejected] if rejected else [])])
    measure = measure_of(tokenizer)
    files = [*parts.values(), *([rejected] if rejected else [])]
    states = [_state(file) for file in files]
    figures_before = None
    if before is not None:
        others, _ = dataset_parts(before)
        shown.stage("before, bytes", _size(others.values()))
        figures_before, _ = survey(
            before.resolve().name, others, measure, None, shown.advance, manifest_of(before)
        )
    name = dataset.resolve().name
    shown.stage("counting, bytes", _size(files))
    figures, marks = survey(name, parts, measure, rejected, shown.advance, manifest_of(dataset))
    shown.stage("checking, rows", figures.rows + figures.not_rows)
    found = checked(parts, shown.advance)
    replayed = read_verdict(verdict, figures.rows) if verdict else None
    counts: dict[str, int] = {}
    if replayed is not None:
        for file in parts.values():
            for line in records(file):
                if not line.problem and record_validator().is_valid(line.row):
                    state = replay_of(line.row, replayed)
                    counts[state] = counts.get(state, 0) + 1
    plan = _plan(figures, _size(parts.values()), rows)
    index = Index()
    drawn = Parts(
        name=name,
        lead=_lead(figures, figures_before),
        tiles=sections.tiles(figures, found),
        sections={
            "composition": sections.composition(figures, figures_before),
            "lengths": sections.lengths(figures, figures_before),
            "findings": sections.findings(found),
            "rejected": sections.rejected(figures),
            "repeats": sections.repeats(figures),
            "runs": sections.replay(figures, replayed, dict(sorted(counts.items()))),
            "making": sections.making(manifest_of(dataset)),
        },
        note=plan.note,
    )
    shown.stage("writing, rows", figures.rows + figures.not_rows)
    lines = _shown(parts, rejected, marks, found, plan, replayed, shown)
    with jsonl.whole_file(target) as file:
        size = sum(file.write(piece) for piece in page(drawn, pieces(lines, index), _packed(index)))
        if states != [_state(each) for each in files]:
            raise _changed(dataset)
    carried = sum(index.columns["reason"][n] < 0 for n in range(len(index.columns["reason"])))
    return Written(
        target,
        size,
        figures.rows,
        figures.not_rows,
        carried,
        sum(figures.rejected.values()),
        found.errors,
        found.warnings,
    )


def _packed(index: Index) -> Iterator[bytes]:
    yield packed(index.to_json())


def _refuse(target: Path, files: list[Path]) -> None:
    if target.is_dir():
        raise UserError(f"{target} is a folder: name a file with --out")
    if target.exists() and any(target.samefile(file) for file in files):
        raise UserError(f"{target} is where the input lies, which is never changed: choose another --out")


def _state(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _changed(path: Path) -> UserError:
    return UserError(f"{path} changed while it was read: run it again when nobody writes to it")


def _size(files: Any) -> int:
    return sum(file.stat().st_size for file in files)


def _lead(figures: Figures, before: Figures | None) -> str:
    splits = ", ".join(f"{rows:,} {part}" for part, rows in figures.parts.items())
    told = f"{figures.rows:,} rows ({splits})."
    if figures.not_rows:
        lines = "line is no row; it is" if figures.not_rows == 1 else "lines are no rows; they are"
        told += f" {figures.not_rows:,} {lines} in no figure, and the findings say why."
    if before is not None:
        told += f" Compared with {before.name}, {before.rows:,} rows."
    return told


def _plan(figures: Figures, size: int, rows: int) -> _Plan:
    lines = figures.rows + figures.not_rows
    most = min(rows, lines, int(lines * BYTES / size) if size > BYTES else lines)
    refused = sum(figures.rejected.values())
    most_refused = min(refused, REJECTED, rows)
    notes = []
    if most < lines:
        notes.append(
            f"This page carries {most:,} of {lines:,} rows, drawn by chance, each as likely as any other. Figures, findings and charts are of all."
        )
    if most_refused < refused:
        notes.append(f"Of {refused:,} rejected rows it carries {most_refused:,}.")
    return _Plan(_drawn(lines, most), _drawn(refused, most_refused), " ".join(notes))


def _drawn(of: int, count: int) -> frozenset[int] | None:
    return None if count >= of else frozenset(random.Random("report").sample(range(of), count))


def _shown(
    parts: dict[str, Path],
    rejected: Path | None,
    marks: Marks,
    found: Checked,
    plan: _Plan,
    replayed: Replay | None,
    progress: Progress,
) -> Iterator[Shown]:
    is_record = record_validator().is_valid
    same, asked = _groups(marks.conversations), _groups(marks.questions)
    place = counted = 0
    for part, file in parts.items():
        for line in records(file):
            is_row = not line.problem and is_record(line.row)
            if is_row and counted == len(marks.lengths):
                raise _changed(file)
            if plan.lines is None or place in plan.lines:
                yield _one(part, line, is_row, marks, counted, same, asked, found, replayed)
            place += 1
            counted += is_row
            progress.advance()
    for number, (line, rejection) in enumerate(rejections(rejected)):
        if plan.rejected is None or number in plan.rejected:
            known = replay_of(rejection.row, None) if rejection.row else ""
            yield Shown("rejected", line, rejection.row, rejection=rejection, replay=known)


def _one(
    part: str,
    line: Line,
    is_row: bool,
    marks: Marks,
    counted: int,
    same: dict[int, int],
    asked: dict[int, int],
    found: Checked,
    replayed: Replay | None,
) -> Shown:
    findings = found.by_line.get((part, line.number), ())
    if not is_row:
        return Shown(part, line, None, findings=findings)
    return Shown(
        part,
        line,
        line.row,
        tokens=marks.lengths[counted],
        same=same.get(marks.conversations[counted], 0),
        asked=asked.get(marks.questions[counted], 0),
        findings=findings,
        replay=replay_of(line.row, replayed),
    )


def _groups(digests: Any) -> dict[int, int]:
    """A number from 1 on for every digest that occurs more than once."""
    return {value: number for number, value in enumerate(repeated(digests), 1)}
