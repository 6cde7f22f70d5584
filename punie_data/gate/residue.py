"""Find secrets and personal data in every text of a row: questions, calls' arguments, results, answers, and the record around them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from punie_data.jsonl import Line
from punie_data.sensitive import find, may_hold
from punie_data.sensitive.found import Kind
from punie_data.sensitive.secrets import is_secret_name
from punie_data.validate.screens import BY_GROUP, Screen, screen


@dataclass(frozen=True, slots=True)
class Residue:
    """What stands in a row and must not. `line` is 1-based; `where` is the place in the row, `messages[2].content`; the thing itself is not repeated."""

    line: int
    row: str
    where: str
    kind: Kind
    what: str

    def to_json(self) -> dict[str, Any]:
        return {"line": self.line, "id": self.row, "where": self.where, "kind": self.kind, "what": self.what}


def residue(lines: Iterable[Line], ignore: frozenset[str] = frozenset()) -> Iterator[Residue]:
    """What stands in the rows of a file and must not be published; lines that are no rows are passed over. `ignore` are kinds."""
    for line in lines:
        if line.row is not None:
            yield from residue_of(line.row, line.number, ignore)


def residue_of(row: Any, line: int = 0, ignore: frozenset[str] = frozenset()) -> Iterator[Residue]:
    """What stands in one row (any JSON value) and must not be published."""
    try:
        # One look at the whole row, by compiled expressions: most hold nothing, and what is searched for looks the same inside of JSON.
        if _screen()(orjson.dumps(row).decode()):
            return
    except TypeError:
        pass  # numbers that orjson doesn't write: then every text is looked at
    name = row.get("id") if isinstance(row, dict) else ""
    for where, text in places(row):
        for found in find(text):
            if found.kind not in ignore:
                yield Residue(line, name if isinstance(name, str) else "", where, found.kind, found.what)


@cache
def _screen() -> Screen:
    """Whether a row written as JSON holds nothing: what `validate` looks for, and numbers that may be telephones or addresses."""
    return screen(
        *BY_GROUP["secrets"],
        *BY_GROUP["local paths"],
        *BY_GROUP["addresses"],
        r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        r":[0-9a-fA-F]{1,4}:[0-9a-fA-F:]",
        r"\+[1-9][0-9 .()-]{6}|00[1-9][0-9][0-9 -]|-[0-9]{4}|\.[0-9]{4}",
    )


def places(value: Any) -> Iterator[tuple[str, str]]:
    """Every text of a JSON value that may hold something, with its place, keys too. Of a text that is JSON itself, such as a typed result, the texts inside.

    There a line end is an escape, whose letter would look like a part of what follows it.
    """
    # A stack and no recursion: what nests deeply is somebody's mistake and must not be our traceback.
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, str):
            if not may_hold(value):
                continue
            if value[:1] in ("{", "[") and (inner := parsed(value)) is not None:
                waiting.append((where, inner))
            else:
                yield where, value
        elif isinstance(value, dict):
            for key in reversed(value):
                inner = value[key]
                if isinstance(inner, str) and 20 <= len(inner) <= 200 and is_secret_name(key):
                    inner = f"{key}='{inner}'"  # else nobody would see what the key says of its value
                waiting.append((f"{where}.{key}" if where else key, inner))
            for key in value:
                if len(key) > 5 and may_hold(key):
                    yield f"a key of {where or 'the row'}", key
        elif isinstance(value, list):
            waiting.extend((f"{where}[{number}]", value[number]) for number in range(len(value) - 1, -1, -1))


def parsed(text: str) -> Any:
    """The value of a text that is a JSON object or array, None for any other."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
