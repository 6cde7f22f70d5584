"""Mend rows where there is one right answer, and nowhere else.

A row is parsed, mended and written anew; one that needs nothing, or that can't be written without a loss, is left as it stands, byte for byte.
Each way of mending belongs to the code of a rule, so that selecting rules selects what is mended.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from punie_data.validate.fix_calls import (
    arguments_from_text,
    call_keys,
    calls_in_their_shape,
    results_paired,
    without_filled_arguments,
)
from punie_data.validate.fix_record import (
    empty_parts,
    kind_written_plainly,
    messages_keys,
    results_unwrapped,
    roles_written_plainly,
    seal,
    without_nulls,
    without_reserved_nulls,
)
from punie_data.validate.fix_text import repeated_keys
from punie_data.validate.forms import is_record_like

_ORDER = ("id", "messages", "tools", "label", "origin", "runs")

Mending = Callable[[dict[str, Any]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Mended:
    """One thing that was mended in a row: the code of the rule that it broke, and what was done."""

    code: str
    message: str


OF_RECORDS: tuple[tuple[str, Mending], ...] = (
    ("PD101", messages_keys),
    ("PD101", roles_written_plainly),
    ("PD103", without_reserved_nulls),
    ("PD101", without_nulls),
    ("PD105", call_keys),
    ("PD101", calls_in_their_shape),
    ("PD106", arguments_from_text),
    ("PD302", without_filled_arguments),
    ("PD202", results_paired),
    ("PD111", results_unwrapped),
    ("PD101", kind_written_plainly),
    ("PD101", empty_parts),
)
"""What is mended in records, in this order; the id last of all, by `seal`."""
OF_MESSAGES: tuple[tuple[str, Mending], ...] = (
    ("PD101", roles_written_plainly),
    ("PD105", call_keys),
    ("PD202", results_paired),
)
"""What is mended in `{"messages": …}` of anybody: there arguments are text by right, and what else is other than in a record is no defect."""
REPEATED_KEY = "PD108"
UNEVEN_KEYS = "PD900"
CODES = frozenset({code for code, _ in OF_RECORDS} | {REPEATED_KEY, UNEVEN_KEYS, "PD150"})
"""The rules some of whose findings can be mended."""


def mended_line(
    raw: bytes, codes: Collection[str], record: bool = True, keys: Collection[str] = ()
) -> tuple[bytes, list[Mended]]:
    """The line after mending and what was done; the very line and nothing where nothing can be. Never raises for what a line holds.

    `raw` is one line with its line end, if it has one; `codes` are the rules that are on; `record` false: the row is of OpenAI's form, and `keys`
    are those that every row of its file shall have.
    """
    try:
        row = orjson.loads(raw)
        if not (is_record_like(row) if record else isinstance(row, dict)):
            return raw, []
        done = _mended(row, raw, codes, record, keys)
        new = orjson.dumps(_in_order(row) if record else row) if done else b""
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # no JSON, or deeper than can be written
        return raw, []
    return (new + raw[len(raw.rstrip(b"\r\n")) :], done) if done else (raw, [])


def _mended(
    row: dict[str, Any], raw: bytes, codes: Collection[str], record: bool, keys: Collection[str]
) -> list[Mended]:
    """Mends the row in place; what was done, nothing where reading has lost what can't be written then."""
    done: list[Mended] = []
    for code, mending in OF_RECORDS if record else OF_MESSAGES:
        if code in codes:
            done.extend(Mended(code, message) for message in mending(row))
    for key in [key for key in keys if key not in row]:
        row[key] = None  # what readers take a missing key for
        done.append(Mended(UNEVEN_KEYS, f"the key {key[:30]!r}, which other rows have, comes in as null"))
    nameless = record and row.get("id") is None and "PD101" in codes
    if done or nameless or (REPEATED_KEY in codes and _is_written_otherwise(row, raw)):
        repeats = repeated_keys(raw)
        if repeats is None:
            return []
        if REPEATED_KEY in codes:
            done.extend(
                Mended(REPEATED_KEY, f"the key {key[:30]!r} stood twice with one value") for key in repeats
            )
    if record and (done or nameless):
        done.extend(Mended("PD150", message) for message in seal(row, orjson.loads(raw)))
    return done


def _is_written_otherwise(row: Mapping[str, Any], raw: bytes) -> bool:
    try:
        return orjson.dumps(row) != raw.strip()
    except orjson.JSONEncodeError:
        return False


def _in_order(row: dict[str, Any]) -> dict[str, Any]:
    """The keys as the format has them, and any others behind."""
    return {key: row[key] for key in (*(k for k in _ORDER if k in row), *(k for k in row if k not in _ORDER))}
