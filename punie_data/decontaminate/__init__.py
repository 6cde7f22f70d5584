"""Take out rows that ask what an evaluation asks, so that the evaluation measures what was learned and not what was remembered."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from punie_data.dataset import PARTS, Step, claimed, digest, refuse_input, write_parts
from punie_data.decontaminate.blocklist import Blocklist, Match, questions_in, told
from punie_data.dedupe.reading import Advance, Row, Source, Unreadable, opened, rejected, rejected_line
from punie_data.errors import UserError
from punie_data.resources import path_of

__all__ = ["Blocklist", "Match", "Options", "Report", "decontaminate", "questions_in", "suites"]

Stage = Callable[[str], Advance]
SAME, WORDS = "asks what an evaluation asks", "shares words with an evaluation question"


@dataclass(frozen=True, slots=True)
class Options:
    """`words` in a row make a match with longer questions; `everywhere` looks for them in arguments, results and answers too."""

    words: int = 13
    everywhere: bool = False


@dataclass(slots=True)
class Report:
    """`against` counts questions by file, `removed` rows by reason, `hits` rows by the question (`FILE:LINE`) that they meet."""

    rows: int = 0
    against: dict[str, int] = field(default_factory=dict)
    removed: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def kept(self) -> int:
        return self.rows - self.removed.total()

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "kept": self.kept,
            "against": self.against,
            "removed": {reason: self.removed[reason] for reason in (SAME, WORDS)},
            "hits": dict(sorted(self.hits.items())),
            "unreadable": [str(line) for line in self.unreadable],
        }


def suites() -> list[Path]:
    """The evaluation suites that ship with this package, or lie in the checkout: the blocklist that always counts."""
    try:
        return sorted(path_of("data", "suites").rglob("*.jsonl"))
    except FileNotFoundError:
        return []


def decontaminate(
    path: Path,
    out: Path,
    against: Sequence[Path],
    options: Options | None = None,
    stage: Stage = lambda name: lambda count: None,
) -> Report:
    """Write the rows of `path` that no file of `against` asks as the dataset `out`, the others to its rejected.jsonl.

    A dataset folder in `against` stands for its test and valid rows, or for all where it isn't split. UserError for what the user can mend.
    """
    options = options or Options()
    files = [file for given in against for file in _evaluation_files(given)]
    if not files:
        raise UserError("there is nothing to compare with: name evaluation files with --against")
    blocklist, report = Blocklist(options.words), Report()
    source = opened(path)
    refuse_input(out, [path, *against])
    for file in files:
        name = _named(file, files)
        report.against[name] = blocklist.add_file(file)
        if not report.against[name]:
            raise UserError(f"{file} holds no question: nothing would be compared with it")
    with claimed(out):
        matches: dict[int, Match] = {}
        for number, row in enumerate(source.rows(stage("reading"))):
            report.rows += 1
            match = blocklist.match(*_texts(row, options.everywhere))
            if match is not None:
                matches[number] = match
                report.removed[_reason(match)] += 1
                report.hits[match.where] += 1
        source.demand(report.rows)
        report.unreadable = source.unreadable
        inputs = {**source.inputs, **{_named(file, files): digest(file) for file in files}}
        chosen = {"words": options.words, "everywhere": options.everywhere, "against": sorted(report.against)}
        counts = {
            "rows": report.rows,
            "kept": report.kept,
            **report.to_json()["removed"],
            "not a record": len(source.unreadable),
        }
        write_parts(
            out,
            source.manifest,
            Step("decontaminate", chosen, inputs, counts),
            {part: _kept(source, part, matches) for part in source.files},
            _rejected(source, matches),
        )
    return report


def _evaluation_files(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    parts = [given / f"{part}.jsonl" for part in ("test", "valid") if (given / f"{part}.jsonl").is_file()]
    whole = [given / f"{part}.jsonl" for part in PARTS if (given / f"{part}.jsonl").is_file()]
    return parts or whole or sorted(given.glob("*.jsonl"))


def _named(file: Path, files: Sequence[Path]) -> str:
    """The file's name, with its folder's where another file is called the same."""
    alike = sum(other.name == file.name for other in files) > 1
    return f"{file.parent.name}/{file.name}" if alike else file.name


def _texts(row: Row, everywhere: bool) -> tuple[list[str], list[str]]:
    turns, texts = [], []
    for message in row.record["messages"]:
        if message["role"] == "user":
            turns.append(message["content"])
        elif everywhere:
            texts.append(message["content"])
            for call in message.get("tool_calls", ()):
                texts += [v for v in call["function"]["arguments"].values() if isinstance(v, str)]
    return turns, texts


def _reason(match: Match) -> str:
    return WORDS if match.words else SAME


def _kept(source: Source, part: str, matches: Mapping[int, Match]) -> Iterator[bytes]:
    for number, row in enumerate(source.rows()):
        if row.part == part and number not in matches:
            yield row.raw


def _rejected(source: Source, matches: Mapping[int, Match]) -> Iterator[Mapping[str, Any]]:
    yield from map(rejected_line, source.unreadable)
    for number, row in enumerate(source.rows()):
        match = matches.get(number)
        if match is not None:
            yield rejected(row, _reason(match), told(match), match.where)
