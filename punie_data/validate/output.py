"""Findings for programs: one JSON object, or GitHub's workflow commands. Each is written as the findings come, so that memory stays flat."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from punie_data.validate.rule import Finding

Write = Callable[[str], Any]


class Totals:
    """How much was checked and found."""

    def __init__(self) -> None:
        self.files = self.rows = self.errors = self.warnings = 0
        self.by_code: dict[str, int] = {}
        self.mended: dict[str, Any] | None = None
        """What `--fix` mended: rows, and how often each code; None where it was not asked for."""

    @property
    def findings(self) -> int:
        return self.errors + self.warnings

    def add(self, finding: Finding) -> None:
        self.errors += finding.level == "error"
        self.warnings += finding.level == "warning"
        key = f"{finding.code} {finding.name}"
        self.by_code[key] = self.by_code.get(key, 0) + 1

    def to_json(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "rows": self.rows,
            "errors": self.errors,
            "warnings": self.warnings,
            "by_code": dict(sorted(self.by_code.items())),
            **({} if self.mended is None else {"mended": self.mended}),
        }


def summary(totals: Totals, limit: int) -> str:
    """The lines that end a text: what was checked, how much was found, by code."""
    checked = f"{count(totals.rows, 'row')} in {count(totals.files, 'file')}"
    if not totals.findings:
        return f"{checked}: no findings"
    lines = []
    if limit and totals.findings > limit:
        more = count(totals.findings - limit, "more finding")
        lines.append(f"… and {more} (--limit-findings 0 prints all)")
    most = sorted(totals.by_code.items(), key=lambda pair: (-pair[1], pair[0]))
    lines.append(f"{checked}: {count(totals.errors, 'error')}, {count(totals.warnings, 'warning')}")
    lines.append("  " + ", ".join(f"{key} × {number}" for key, number in most))
    return "\n".join(lines)


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class JsonOutput:
    """One object: the totals, and the findings in the order in which they were found."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._first = True

    def begin(self) -> None:
        self._write('{\n  "findings": [')

    def finding(self, finding: Finding) -> None:
        told = {**finding.to_json(), "file": printable(finding.file)}
        self._write(f"{'' if self._first else ','}\n    {orjson.dumps(told).decode()}")
        self._first = False

    def end(self, totals: Totals) -> None:
        rest = orjson.dumps(totals.to_json(), option=orjson.OPT_INDENT_2).decode()
        self._write(f"{'' if self._first else chr(10) + '  '}],\n{rest.removeprefix('{').lstrip(chr(10))}\n")


class GithubOutput:
    """Workflow commands, which GitHub Actions shows beside the lines; then the summary, which it leaves in the log."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def begin(self) -> None:
        pass

    def finding(self, finding: Finding) -> None:
        file = printable(str(as_seen_from_here(finding.file)))
        title = property_value(f"{finding.code} {finding.name}")
        line = f",line={finding.line}" if finding.line else ""
        message = command_data(
            f"{file}{f':{finding.line}' if finding.line else ''}: {finding.code} {finding.message}"
        )
        self._write(f"::{finding.level} file={property_value(file)}{line},title={title}::{message}\n")

    def end(self, totals: Totals) -> None:
        self._write(summary(totals, 0) + "\n")


def as_seen_from_here(file: str) -> Path:
    """The path relative to the working directory where it lies in it: services know the repository, and not where this machine keeps it."""
    path = Path(file)
    try:
        return path.relative_to(Path.cwd()) if path.is_absolute() else path
    except ValueError:
        return path


def printable(file: str) -> str:
    """A file's name as text: its bytes may be none."""
    return os.fsencode(file).decode("utf-8", "replace")


def command_data(text: str) -> str:
    """What stands behind the `::` of a workflow command, as GitHub's toolkit escapes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_value(text: str) -> str:
    """The value of a workflow command's property: there a colon and a comma end it too."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
