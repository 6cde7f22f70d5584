"""One pass over a dataset: its figures, and a few bytes a row for those who draw rows afterwards."""

import hashlib
import random
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.chat import KINDS
from punie_data.dataset import REJECTED, part_files
from punie_data.importing import records
from punie_data.jsonl import Line
from punie_data.stats.figures import AXES, Calls, Figures, Repeats, lengths_of
from punie_data.stats.length import Measure
from punie_data.stats.runs import states
from punie_data.stats.whole import LOOKED_AT
from punie_data.validate.check import record_validator

_BATCH = 256
_NOT_WORDS = re.compile(r"\W+")


@dataclass(slots=True)
class Marks:
    """Of every row in the order of the files: its length in tokens, and digests of its conversation and of its question."""

    lengths: array = field(default_factory=lambda: array("L"))
    conversations: array = field(default_factory=lambda: array("Q"))
    questions: array = field(default_factory=lambda: array("Q"))


@dataclass(frozen=True, slots=True)
class Rejection:
    """A line of `rejected.jsonl`. `reason` begins with the step that refused the row, where the line names it. `row` is the record that was refused, None where there was none yet; keys that are missing are empty."""

    reason: str
    detail: str
    generator: str
    repo: str
    question: str
    row: dict[str, Any] | None


def survey(
    name: str,
    parts: dict[str, Path],
    measure: Measure,
    rejected: Path | None = None,
    advance: Callable[[int], None] = lambda size: None,
    manifest: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Figures, Marks]:
    """Count a dataset. `manifest` says what its rows' system prompts and foreign tools are. `advance` is told the bytes that were read. UserError where a file can't be read."""
    counting = _Counting(measure)
    for part, file in parts.items():
        for rows in _batches(rows_of(file, counting.not_a_row, advance)):
            counting.add(part, rows)
    reasons = Counter(rejection.reason for _, rejection in rejections(rejected, advance))
    return counting.figures(name, list(parts), dict(reasons), manifest), counting.marks


def dataset_parts(path: Path) -> tuple[dict[str, Path], Path | None]:
    """The parts that a path means, and its rejected rows if a folder has some. UserError where nothing is there."""
    parts = part_files(path)
    rejected = path / f"{REJECTED}.jsonl"
    return parts, rejected if path.is_dir() and rejected.is_file() else None


def rows_of(
    file: Path, not_a_row: Callable[[Line], None], advance: Callable[[int], None] = lambda size: None
) -> Iterator[Line]:
    """The lines of a file that are records which satisfy the schema; every other line is handed to `not_a_row`."""
    is_record = record_validator().is_valid
    for line in records(file):
        if line.problem or not is_record(line.row):
            not_a_row(line)
        else:
            yield line
        advance(len(line.raw))


def rejections(
    file: Path | None, advance: Callable[[int], None] = lambda size: None
) -> Iterator[tuple[Line, Rejection]]:
    """The lines of `rejected.jsonl`, whoever wrote them: a line without a reason says so."""
    if file is None:
        return
    is_record = record_validator().is_valid
    for line in jsonl.read(file):
        advance(len(line.raw))
        said = line.row if isinstance(line.row, dict) else {}
        row = next((said[key] for key in ("example", "row", "record") if is_record(said.get(key))), None)
        if row is None and is_record(line.row):
            row = line.row
        origin = row["origin"] if row else {}
        stage = _text(said.get("stage"))
        reason = _text(said.get("reason")) or line.problem or "no reason is given"
        question = first_question(row) if row else ""
        yield (
            line,
            Rejection(
                reason=f"{stage}: {reason}" if stage else reason,
                detail=_text(said.get("detail")),
                generator=_text(said.get("generator")) or origin.get("generator", ""),
                repo=_text(said.get("repo")) or origin.get("repo", ""),
                question=_text(said.get("question")) or question,
                row=row,
            ),
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()


def first_question(row: dict[str, Any]) -> str:
    """The first user message; '' for a row without one."""
    return next((m["content"] for m in row["messages"] if m["role"] == "user"), "")


def normalised(question: str) -> str:
    """The question's words in lower case with one space between: what is left is what makes two questions the same."""
    return _NOT_WORDS.sub(" ", question.casefold()).strip()


def digest(data: bytes) -> int:
    """64 bits of BLAKE2b: of ten million rows, two different ones agree with a chance of three in a million."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def called(row: dict[str, Any]) -> list[str]:
    """The names of the tools that a row calls, in the order of its calls."""
    return [call["function"]["name"] for m in row["messages"] for call in m.get("tool_calls", ())]


def values_of(row: dict[str, Any]) -> dict[str, Sequence[str]]:
    """Where a row stands on each axis."""
    label, origin = row["label"], row["origin"]
    return {
        "kind": (label["kind"],),
        "category": (label["category"],),
        "generator": (origin["generator"],),
        "repository": (origin["repo"],),
        "licence": (origin["license"] or "none stated",),
        "tool": tuple(dict.fromkeys(called(row))),
    }


def repeated(digests: Iterable[int]) -> dict[int, int]:
    """The digests that occur more than once, with how often."""
    found: dict[int, int] = {}
    last, run = None, 0
    for value in sorted(digests):
        run = run + 1 if value == last else 1
        last = value
        if run > 1:
            found[value] = run
    return found


class _Counting:
    def __init__(self, measure: Measure) -> None:
        self.marks = Marks()
        self._measure = measure
        self._parts: Counter[str] = Counter()
        self._axes: dict[str, Counter[tuple[str, str]]] = {axis: Counter() for axis in AXES}
        self._not_rows = 0
        self._calls = Calls()
        self._looked_at: list[dict[str, Any]] = []
        self._chance = random.Random("stats")

    def not_a_row(self, line: Line) -> None:
        self._not_rows += 1

    def add(self, part: str, rows: list[Line]) -> None:
        self._parts[part] += len(rows)
        self.marks.lengths.extend(self._measure.of([line.row for line in rows]))
        for line in rows:
            row = line.row
            for axis, values in values_of(row).items():
                counter = self._axes[axis]
                for value in values:
                    counter[value, part] += 1
            self.marks.conversations.append(
                digest(orjson.dumps(row["messages"], option=orjson.OPT_SORT_KEYS))
            )
            self.marks.questions.append(digest(normalised(first_question(row)).encode("utf-8", "replace")))
            names = called(row)
            self._calls.calls += len(names)
            self._calls.rows_by_calls[len(names)] += 1
            self._draw(row)
            self._calls.rows_with_two_tools += len(set(names)) > 1
            self._calls.states.update(states(row).values())
            self._calls.failed += sum(run["exit"] != 0 for run in row["runs"])
            self._calls.truncated += sum(run["truncated"] for run in row["runs"])

    def _draw(self, row: dict[str, Any]) -> None:
        """Each row is among those that are looked at with the same chance, and only they are held."""
        if len(self._looked_at) < LOOKED_AT:
            self._looked_at.append(row)
        elif (place := self._chance.randrange(self._calls.rows_by_calls.total())) < LOOKED_AT:
            self._looked_at[place] = row

    def figures(
        self, name: str, parts: list[str], rejected: dict[str, int], manifest: Mapping[str, Any]
    ) -> Figures:
        axes: dict[str, dict[str, dict[str, int]]] = {}
        for axis, counter in self._axes.items():
            known = KINDS if axis == "kind" else ()
            values = dict.fromkeys([*known, *sorted({value for value, _ in counter})])
            axes[axis] = {
                value: {part: counter[value, part] for part in parts if counter[value, part]}
                for value in values
            }
        same, asked = (repeated(d) for d in (self.marks.conversations, self.marks.questions))
        return Figures(
            name=name,
            parts={part: self._parts[part] for part in parts},
            axes=axes,
            not_rows=self._not_rows,
            calls=self._calls,
            lengths=replace(
                lengths_of(self.marks.lengths, self._measure.exact, self._measure.how),
                whole=self._measure.whole(self._looked_at, manifest),
            ),
            same_conversation=Repeats(len(same), sum(same.values()) - len(same)),
            same_question=Repeats(len(asked), sum(asked.values()) - len(asked)),
            rejected=rejected,
        )


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
