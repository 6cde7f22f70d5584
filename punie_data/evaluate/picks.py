"""A suite that somebody chose: a text file names the queries, one a line, and mined rows give the gold answers.

    # What the suite asks, in a sentence.
    tool itsdangerous: Which classes in this project inherit from `Protocol`?
    direct itsdangerous: How does the signing interface work?

A line is the kind, the repository and the first line of the first question. Rows in Code Mode, which ask the same with one tool, are meant by the kind `code`;
conversations whose second question takes a call, which begin as others do, by `second`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.evaluate.programs import CODE

Row = Mapping[str, Any]


def picked(file: Path, rows: Iterable[Row]) -> tuple[str, list[Row]]:
    """The description (the first comment) and the rows in the order of the file. UserError, with the line, where a line is no such, or no row or several are meant."""
    known: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        known.setdefault(_name(row), []).append(row)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} can't be read: {error}") from None
    description, chosen = "", []
    for number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            description = description or line.lstrip("# ").strip()
            continue
        if not line.strip():
            continue
        place, colon, question = line.partition(": ")
        kind, space, repo = place.partition(" ")
        if not colon or not space:
            raise UserError(f"{file}:{number}: write KIND REPOSITORY: QUESTION")
        found = known.get((kind, repo, question.strip()), [])
        # A question that is the line and no more is meant before those that have something pasted behind it.
        found = [row for row in found if _question(row).strip() == question.strip()] or found
        if len(found) != 1:
            raise UserError(
                f"{file}:{number}: {'no row asks' if not found else f'{len(found)} rows ask'} this of {repo}"
            )
        chosen += found
    if not chosen:
        raise UserError(f"{file} names no query")
    return description or f"Queries that {file.name} names.", chosen


def _name(row: Row) -> tuple[str, str, str]:
    kind = row["label"]["kind"]
    if kind == "tool" and row["tools"] == [CODE]:
        kind = "code"
    elif kind == "tool" and sum(message["role"] == "user" for message in row["messages"]) > 1:
        # It begins as another row does that ends there.
        kind = "second"
    return kind, row["origin"]["repo"], _question(row).split("\n", 1)[0].strip()


def _question(row: Row) -> str:
    return next(message["content"] for message in row["messages"] if message["role"] == "user")
