"""The steps of a build that are no commands of their own: rows that break a rule go, and the parts are brought inside the mix."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from punie_data.balance.mix import Mix
from punie_data.balance.plan import Plan, judge, plan
from punie_data.balance.written import write_folder
from punie_data.build.recipe import Scan, Validate
from punie_data.dataset import Step, claimed, digest, manifest_of, part_files, read_manifest, write_parts
from punie_data.errors import UserError
from punie_data.gate.scan import kinds, sift
from punie_data.importing import records
from punie_data.licences import allowed
from punie_data.split import Shares, find_leaks
from punie_data.validate.files import check_files
from punie_data.validate.rule import Finding


class MixNotMet(UserError):
    """No rows at all are inside the mix; `plans` are what was tried."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self.plans = tuple(plans)
        said = [f"{one.path.stem}: {one.conflict.reason}" for one in self.plans if one.conflict]
        super().__init__(f"the mix can't be met: {'; '.join(said)}")


def scanned(path: Path, out: Path, settings: Scan) -> None:
    """Write the rows that may be published, by `scan`."""
    with claimed(out):
        sift(path, out, settings.redact, allowed(settings.licenses), kinds(",".join(settings.ignore)))


def check_split(path: Path, shares: Shares) -> None:
    """Read what was written once more: no split is empty (UserError), and no two share what they must not."""
    counts = read_manifest(path)["counts"]
    for name in part_files(path):
        if not counts[name]:
            raise UserError(
                f"split leaves nothing for {name}: more rows, another seed, or [split] {name} = 0"
            )
    leak = next(iter(find_leaks(path, shares.by)), None)
    if leak is not None:
        raise AssertionError(f"{path}: {leak}")


def validated(path: Path, out: Path, rules: Validate, jobs: int) -> None:
    """Write the rows that break no rule; those that break one go to `rejected.jsonl` with the first that they break."""
    files = part_files(path)
    broken: dict[str, dict[int, Finding]] = {name: {} for name in files}
    for name, file in files.items():
        for finding in _findings(file, rules, jobs):
            broken[name].setdefault(finding.line, finding)
    counts: Counter[str] = Counter()
    for finding in (one for part in broken.values() for one in part.values()):
        counts[_reason(finding)] += 1
    told: dict[str, Any] = {"rows": 0, "broken": dict(sorted(counts.items()))}
    step = Step("validate", asdict(rules), {file.name: digest(file) for file in files.values()}, told)
    with claimed(out):
        write_parts(
            out,
            manifest_of(path),
            step,
            {name: _whole(file, broken[name], told) for name, file in files.items()},
            _broken(files, broken),
        )
    if not told["rows"]:
        most = ", ".join(f"{name} × {number}" for name, number in counts.most_common(3))
        raise UserError(
            f'no row passes validation ({most or "there are none"}); [validate] ignore = ["CODE"] leaves a rule out'
        )


def _findings(file: Path, rules: Validate, jobs: int) -> Iterator[Finding]:
    for checked in check_files([file], rules.select, rules.ignore, jobs):
        for finding in checked.findings:
            # What is told of the whole set is no row's fault: the stages that follow mend it.
            if finding.line and (finding.level == "error" or rules.strict):
                yield finding


def _reason(finding: Finding) -> str:
    return f"{finding.code} {finding.name}"


def _whole(file: Path, broken: Mapping[int, Finding], told: dict[str, Any]) -> Iterator[bytes]:
    for line in records(file):
        if line.number not in broken and not line.problem:
            told["rows"] += 1
            yield line.raw


def _broken(
    files: Mapping[str, Path], broken: Mapping[str, Mapping[int, Finding]]
) -> Iterator[Mapping[str, Any]]:
    for name, file in files.items():
        for line in records(file):
            finding = broken[name].get(line.number)
            if finding is not None:
                yield rejected("validate", _reason(finding), finding.message, line.row)


def rejected(stage: str, reason: str, detail: str, row: Any) -> dict[str, Any]:
    """A line of `rejected.jsonl`; `row` need not keep to the schema."""
    origin = row.get("origin") if isinstance(row, dict) else None
    messages = row.get("messages") if isinstance(row, dict) else None
    asked = next(
        (one.get("content") for one in messages or () if isinstance(one, dict) and one.get("role") == "user"),
        "",
    )
    of = origin if isinstance(origin, dict) else {}
    return {
        "stage": stage,
        "reason": reason,
        "detail": detail,
        "generator": str(of.get("generator", "")),
        "repo": str(of.get("repo", "")),
        "question": asked if isinstance(asked, str) else "",
        "example": row if isinstance(row, dict) else None,
    }


def balanced(path: Path, out: Path, mix: Mix, seed: int, jobs: int) -> None:
    """Every part of the dataset inside the mix, as many rows as can be. Raises MixNotMet."""
    plans = [plan(file, mix.of(name), seed, ("kind",), jobs) for name, file in part_files(path).items()]
    if any(one.conflict for one in plans):
        raise MixNotMet(plans)
    with claimed(out):
        write_folder(out, manifest_of(path), plans, mix, seed)


def assert_mix(path: Path, mix: Mix, jobs: int) -> None:
    """Read what was written once more: every part is inside the mix, or nothing is published."""
    for name, file in part_files(path).items():
        found = judge(file, mix.of(name), (), jobs)
        if found.outside or found.unread:
            first = found.outside[0] if found.outside else found.unread[0]
            raise AssertionError(f"{file}: outside the mix after balancing: {first}")


def rejections(folder: Path, stage: str) -> Iterator[dict[str, Any]]:
    """The lines of a step's `rejected.jsonl`, each with the step's name."""
    with (folder / "rejected.jsonl").open("rb") as file:
        for raw in file:
            row = orjson.loads(raw)
            yield {"stage": row.get("stage", stage), **{k: v for k, v in row.items() if k != "stage"}}
