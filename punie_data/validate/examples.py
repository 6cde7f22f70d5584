"""What each rule's defect looks like, and how it is mended: the examples that `punie-data explain` shows, read from `examples.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DefectExample:
    """`wrong` and `right` are JSON values at the place `at` of a row (keys and indexes with dots between), or lines of a file where `line` is true.

    `right` None: the key is gone when mended, or has the value that only the whole row can tell. `row` names the good row that a test starts from.
    """

    wrong: str
    mend: str
    right: str | None = None
    at: str = ""
    row: str = "call"
    line: bool = False

    @property
    def place(self) -> str:
        """`messages.1.content` as the findings write it: `messages[1].content`."""
        return "".join(f"[{key}]" if key.isdigit() else f".{key}" for key in self.at.split(".")).lstrip(".")


@cache
def examples() -> dict[str, DefectExample]:
    """By code."""
    text = (Path(__file__).with_suffix(".toml")).read_text(encoding="utf-8")
    return {code: DefectExample(**table) for code, table in tomllib.loads(text).items()}
