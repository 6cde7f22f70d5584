"""What the validator says of the dataset, by rule and by line."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from punie_data.validate.paths import check_paths
from punie_data.validate.rule import Finding, Level

_FIRST = 3
KEPT = 200_000
"""Findings that are kept to be shown beside their rows. All are counted."""


@dataclass(slots=True)
class Found:
    """What one rule found: how often, and the first places (`part:line`) with what was said of them."""

    name: str
    level: Level
    count: int = 0
    first: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Checked:
    """`by_line` is keyed by part and line, 1-based."""

    by_code: dict[str, Found] = field(default_factory=dict)
    by_line: dict[tuple[str, int], list[Finding]] = field(default_factory=dict)
    errors: int = 0
    warnings: int = 0

    def add(self, part: str, finding: Finding) -> None:
        self.errors += finding.level == "error"
        self.warnings += finding.level == "warning"
        found = self.by_code.setdefault(finding.code, Found(finding.name, finding.level))
        found.count += 1
        if len(found.first) < _FIRST:
            found.first.append((f"{part}:{finding.line}" if finding.line else part, finding.message))
        if self.errors + self.warnings <= KEPT:
            self.by_line.setdefault((part, finding.line), []).append(finding)


def checked(parts: dict[str, Path], advance: Callable[[int], None] = lambda rows: None) -> Checked:
    """Run every rule over the parts. `advance` is told the rows that were checked. UserError where a file can't be read."""
    names = {str(file): part for part, file in parts.items()}
    found = Checked()
    for each in check_paths(list(parts.values()), ()):
        for finding in each.findings:
            # A finding of all parts together names their folder.
            found.add(names.get(finding.file, "all parts"), finding)
        advance(each.rows)
    return found
