"""What will go wrong is said before anything is trained: by the validator, by the mix, by the model's vocabulary."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from punie_data.balance.mix import DEFAULT
from punie_data.balance.plan import judge
from punie_data.dataset import part_files
from punie_data.importing import records
from punie_data.validate.catalogue import BY_CODE
from punie_data.validate.files import check_files

MIX = "mix"
"""Stands where a code of validate would: `balance --check` fails."""
_ALONE = 20
"""Rows below which the share of a kind says nothing."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """`code` is one of validate's, or `mix`; `count` is how many rows it is about, 0 for all together; `why` is what comes of it."""

    code: str
    name: str
    level: str
    count: int
    why: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        rows = f"{self.count:,} × " if self.count else ""
        return f"{rows}{self.code} {self.name}: {self.why}"


def foretell(folders: Sequence[Path], counted: Path, jobs: int) -> list[Foretold]:
    """What is wrong with the rows that will be trained on, the most frequent error first, then their mix. The suite (`test`) is not judged.

    `folders` are the rows as they were found and, behind it, as they were mended: what is mended hid what is wrong besides. The mix is that of
    `counted`, the rows before they were spoiled: spoiled ones may be none that can be counted.
    """
    counts = [_errors(folder, jobs) for folder in folders]
    found = []
    for code, count in sorted((counts[0] | counts[-1]).items(), key=lambda pair: (-pair[1], pair[0])):
        why = _consequence(BY_CODE[code].explanation)
        if code not in counts[-1]:
            why += " Mended before the training."
        found.append(Foretold(code, BY_CODE[code].name, BY_CODE[code].level, count, why))
    return [*found, *_mix(part_files(counted)["train"], jobs)]


def _errors(folder: Path, jobs: int) -> Counter[str]:
    """How many rows break each rule."""
    counts: Counter[str] = Counter()
    files = [file for name, file in part_files(folder).items() if name != "test"]
    for checked in check_files(files, jobs=jobs):
        rows = {(one.file, one.line, one.code) for one in checked.findings if one.level == "error"}
        counts.update(code for _, _, code in rows)
    return counts


def _mix(train: Path, jobs: int) -> Iterator[Foretold]:
    """Too many rows that call are told always. Too few only beside more that answer without a call: what is foretold is answers in the place of calls, and
    SmolLM2, trained on 28 % calls and 23 % answers, answered 1 of 129 queries that needed a call (it declined 25 of them, which the mix doesn't foretell).
    """
    verdict = judge(train, DEFAULT, ("kind",), jobs)
    kinds = Counter(line.row["label"]["kind"] for line in records(train) if line.row is not None)
    for one in verdict.outside:
        share = one.before / max(1, verdict.before)
        many = one.band is not None and share > float(one.band.most)
        if verdict.before >= _ALONE and (many or kinds["direct"] > kinds["tool"]):
            why = (
                "it will call tools where an answer was wanted" if many else "it will answer where a call was wanted"
            )  # fmt: skip
            name = f"{share:.1%} of {verdict.before:,} rows call a tool, and not {one.band}"
            yield Foretold(MIX, name, "warning", 0, why)


def _consequence(explanation: str) -> str:
    """The paragraph that says why: the one behind what is wrong, else the first."""
    paragraphs = [" ".join(part.split()) for part in explanation.split("\n\n")]
    return paragraphs[1] if len(paragraphs) > 1 else paragraphs[0]
