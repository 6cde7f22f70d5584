"""`punie-data validate`: the rules over files."""

from pathlib import Path
from typing import Any

import click
import orjson

from punie_data.validate.files import check_files, dataset_files
from punie_data.validate.rule import Finding

_DEFAULT_LIMIT = 100


@click.command(
    epilog="Example:\n\n\b\n  punie-data validate data/sample --ignore PD5",
)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--select",
    multiple=True,
    metavar="CODES",
    help="Only these rules: codes, beginnings of codes or names, with commas.",
)
@click.option("--ignore", multiple=True, metavar="CODES", help="All rules but these.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--limit-findings",
    type=click.IntRange(min=0),
    default=_DEFAULT_LIMIT,
    show_default=True,
    help="Print at most so many; 0 prints all.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    help="Worker processes for large files.  [default: one for each core]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def validate(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool,
    limit_findings: int,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Check rows against the schema and every rule that one row can break.

    FILE is a file of rows, or a folder whose examples.jsonl, train.jsonl, valid.jsonl and test.jsonl are checked. Prints
    `file:line: CODE message` for each finding. Exits with 0 when there is no error, with 1 when there is, with 2 when it can't be told.
    """
    totals = Totals()
    printed: list[Finding] = []
    for checked in check_files(dataset_files(paths), _codes(select), _codes(ignore), jobs):
        totals.rows += checked.rows
        totals.files += checked.first_part
        for finding in checked.findings:
            totals.add(finding)
            if limit_findings and totals.findings > limit_findings:
                continue
            if as_json:
                printed.append(finding)
            else:
                click.echo(str(finding))
    if as_json:
        click.echo(orjson.dumps(totals.to_json(printed), option=orjson.OPT_INDENT_2))
    else:
        click.echo(totals.summary(limit_findings))
    if totals.errors or (strict and totals.warnings):
        raise SystemExit(1)


class Totals:
    """How much was checked and found."""

    def __init__(self) -> None:
        self.files = self.rows = self.errors = self.warnings = 0
        self.by_code: dict[str, int] = {}

    @property
    def findings(self) -> int:
        return self.errors + self.warnings

    def add(self, finding: Finding) -> None:
        self.errors += finding.level == "error"
        self.warnings += finding.level == "warning"
        key = f"{finding.code} {finding.name}"
        self.by_code[key] = self.by_code.get(key, 0) + 1

    def summary(self, limit: int) -> str:
        checked = f"{_count(self.rows, 'row')} in {_count(self.files, 'file')}"
        if not self.findings:
            return f"{checked}: no findings"
        lines = []
        if limit and self.findings > limit:
            lines.append(
                f"… and {_count(self.findings - limit, 'more finding')} (--limit-findings 0 prints all)"
            )
        most = sorted(self.by_code.items(), key=lambda pair: (-pair[1], pair[0]))
        lines.append(f"{checked}: {_count(self.errors, 'error')}, {_count(self.warnings, 'warning')}")
        lines.append("  " + ", ".join(f"{key} × {count}" for key, count in most))
        return "\n".join(lines)

    def to_json(self, findings: list[Finding]) -> dict[str, Any]:
        return {
            "files": self.files,
            "rows": self.rows,
            "errors": self.errors,
            "warnings": self.warnings,
            "by_code": dict(sorted(self.by_code.items())),
            "findings": [finding.to_json() for finding in findings],
        }


def _codes(given: tuple[str, ...]) -> list[str]:
    return [code.strip() for value in given for code in value.split(",") if code.strip()]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
