"""Rows of any format that is found in the wild, as canonical records: `records(path)` is the door through which every command reads."""

from collections.abc import Iterator
from pathlib import Path

from punie_data.importing import array
from punie_data.importing.reader import Reader
from punie_data.importing.shape import KEYS
from punie_data.jsonl import Line

__all__ = ["KEYS", "records"]


def records(path: Path) -> Iterator[Line]:
    """The rows of a file in order. `row` is a canonical record and `raw` its bytes (the line itself where it was one already); what can't be
    converted is a `Line` with a problem and no row. UserError if the file can't be opened.
    """
    reader: Reader | None = None
    for line in array.read(path):
        if line.problem or (isinstance(line.row, dict) and line.row.keys() == KEYS):
            yield line
            continue
        # A file of canonical rows never needs its digest.
        reader = reader or Reader(path)
        for found, _ in reader.line(line):
            yield found
    if reader is not None:
        for found, _ in reader.end():
            yield found
