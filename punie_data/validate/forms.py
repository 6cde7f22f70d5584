"""Which form a file has, told from its first row alone: the record, or a format that the import knows."""

from itertools import islice
from pathlib import Path
from typing import Any

from punie_data import jsonl

RECORD = "record"
_OURS = frozenset({"label", "origin", "runs"})
_LOOKED_AT = 20
"""Lines that may be broken before the first that can be told."""


def is_record_like(row: Any) -> bool:
    """Whether a row is meant to be a record, whole or not: it has messages, and most of what only a record has beside them."""
    return isinstance(row, dict) and "messages" in row and len(_OURS & row.keys()) >= 2


def form_of(path: Path) -> str:
    """`record`, or the name of the format that the file's first row has; `record` too where it has none that is known."""
    row = next(
        (line.row for line in islice(jsonl.read(path), _LOOKED_AT) if isinstance(line.row, dict)), None
    )
    if row is None or is_record_like(row):
        return RECORD
    # Only here: most files are records, and must not wait for what reads the others.
    from punie_data.importing.conversation import Unconvertible
    from punie_data.importing.formats import format_of

    try:
        return format_of(row)
    except Unconvertible:
        return RECORD
