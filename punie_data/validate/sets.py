"""Which files are one set, and what the rules over sets find in it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from punie_data.dataset import PARTS, manifest_of
from punie_data.errors import UserError
from punie_data.validate.rule import Finding, Rule
from punie_data.validate.set_view import SetView
from punie_data.validate.suites import shipped_suites
from punie_data.validate.tally import Tally, bit_of_tool


def set_of(path: Path) -> Path:
    """What a file belongs to: the folder whose part it is, or itself."""
    return path.parent if path.suffix == ".jsonl" and path.stem in PARTS else path


def manifest_of_set(path: Path) -> Mapping[str, Any]:
    """What is known of a file's set beside its rows; {} too where nobody can read it, since rows can be judged without."""
    try:
        return manifest_of(set_of(path))
    except UserError:
        return {}


def check_set(parts: Sequence[tuple[Path, Tally]], rules: Iterable[Rule]) -> list[Finding]:
    """What the rules find in the files of one set. A finding of a set or of a whole file has the line 0."""
    own = set_of(parts[0][0])
    view = SetView(
        own if len(parts) > 1 else parts[0][0],
        parts,
        manifest_of_set(parts[0][0]),
        shipped_suites() if any(tally.lines for _, tally in parts) else {},
        bit_of_tool(),
    )
    return [
        Finding(str(path), 0, rule.code, rule.name, rule.level, message)
        for rule in rules
        for path, message in rule.check(view)
    ]
