"""Files that people write by hand: TOML against a JSON Schema of ours. What is wrong is said in one line, with the line where it stands."""

import difflib
import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import UserError
from punie_data.resources import path_of

_SHOWN = 60
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def read_toml(path: Path, schema: str) -> dict[str, Any]:
    """The file's content, its numbers with a point as Decimal. `schema` is a name in `schemas/`.

    UserError, one line as `file:line: key: what is wrong`, where it can't be read, is not TOML or breaks the schema.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text, parse_float=_finite)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    _check(path, text, data, schema, ())
    return data


def check_toml(path: Path, data: dict[str, Any], schema: str, within: Sequence[str | int]) -> None:
    """The same for a part of a file that was read: the table that `within` leads to, against a schema of its own."""
    _check(path, path.read_text(encoding="utf-8-sig"), data, schema, within)


def _check(path: Path, text: str, data: dict[str, Any], schema: str, within: Sequence[str | int]) -> None:
    found = _against(data, orjson.loads(path_of("schemas", schema).read_bytes()), within)
    if found is not None:
        steps, problem = found
        line = line_of(text, steps)
        raise UserError(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise UserError(f"{text} is no number that can be worked with")
    return number


def _against(
    data: dict[str, Any], schema: dict[str, Any], within: Sequence[str | int]
) -> tuple[Sequence[str | int], str] | None:
    """Where the most telling violation stands, and what it is."""
    import jsonschema

    worst = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(data))
    if worst is None:
        return None
    steps = [*within, *worst.absolute_path]
    if worst.validator == "additionalProperties":
        known = sorted(set(worst.schema.get("properties", ())) - {"*"})
        wrong = next(str(key) for key in worst.instance if key not in worst.schema.get("properties", ()))
        near = difflib.get_close_matches(wrong, known, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        return [*steps, wrong], f"{_place([*steps, wrong])}: no such key; {meant}"
    if worst.validator == "required":
        missing = next(key for key in worst.validator_value if key not in worst.instance)
        return steps, f"{_place([*steps, missing])} is missing"
    place = _place(steps) or "the file"
    if worst.validator == "minProperties":
        return steps, f"{place} is empty"
    wanted = worst.schema.get("description", "")
    if wanted:
        return steps, f"{place}: {_short(worst.instance)} is not {wanted[0].lower()}{wanted[1:]}"
    return steps, f"{place}: {worst.message[:200]}"


def _place(steps: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _short(value: Any) -> str:
    if isinstance(value, Decimal):
        text = str(value)
    elif isinstance(value, list):
        text = str([str(one) if isinstance(one, Decimal) else one for one in value])
    else:
        text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def line_of(text: str, steps: Sequence[str | int]) -> int:
    """The number of the line where the key that `steps` lead to is written, or the nearest one around it; 0 where none is found."""
    best, depth = 0, 0
    table: list[str | int] = []
    seen: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.fullmatch(line):
            table = list(_names(header[2]))
            if header[1] == "[[":
                place = tuple(table)
                seen[place] = seen.get(place, -1) + 1
                table.append(seen[place])
            here = table
        elif key := _KEY.match(line):
            here = [*table, *_names(key[1])]
        else:
            continue
        common = min(len(here), len(steps))
        if depth < common and list(steps[:common]) == here[:common]:
            best, depth = number, common
    return best


def _names(dotted: str) -> list[str]:
    try:
        data: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return []
    names = []
    while isinstance(data, dict):
        name, data = next(iter(data.items()))
        names.append(name)
    return names
