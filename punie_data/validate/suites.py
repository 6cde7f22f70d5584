"""The questions of the evaluation suites that ship with punie-data: a set that holds one of them has seen the examination."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.resources import path_of
from punie_data.validate.tally import question_number

_KEYS = ("question", "query", "prompt", "input")


@cache
def shipped_suites() -> dict[int, str]:
    """Where each question stands (`suite.jsonl:12`), by its number; {} where no suite is shipped."""
    try:
        return suite_questions(path_of("data", "suites"))
    except FileNotFoundError:
        return {}


def suite_questions(folder: Path) -> dict[int, str]:
    """The same for the JSON Lines files of a folder and of those in it."""
    found: dict[int, str] = {}
    for file in sorted(folder.rglob("*.jsonl")):
        for line in jsonl.read(file):
            turns = _turns(line.row)
            if turns:
                found.setdefault(question_number(turns), f"{file.name}:{line.number}")
    return found


def _turns(row: Any) -> list[str]:
    if not isinstance(row, Mapping):
        return []
    messages = row.get("messages")
    if isinstance(messages, list):
        users = (m for m in messages if isinstance(m, Mapping) and m.get("role") == "user")
        return [m["content"] for m in users if isinstance(m.get("content"), str)]
    return next(([row[key]] for key in _KEYS if isinstance(row.get(key), str)), [])
