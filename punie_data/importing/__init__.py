"""Rows of any format that is found in the wild, as canonical records: `records(path)` is the door through which every command reads."""

from collections.abc import Iterator
from pathlib import Path

from punie_data import jsonl
from punie_data.importing.reader import Reader
from punie_data.jsonl import Line

KEYS = {"id", "messages", "tools", "label", "origin", "runs"}


def records(path: Path) -> Iterator[Line]:
    """The rows of a file in order. `row` is a canonical record and `raw` its bytes (the line itself where it was one already); what can't be
    converted is a `Line` with a problem and no row. UserError if the file can't be opened.
    """
    reader: Reader | None = None
    for line in jsonl.read(path):
        if line.problem or (isinstance(line.row, dict) and line.row.keys() == KEYS):
            yield line
            continue
        reader = reader or Reader(path)
        yield reader.line(line)
