"""Rows of any format that is found in the wild, as canonical records: `records(path)` is the door through which every command reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from punie_data import dataset
from punie_data.importing import array
from punie_data.importing.collected import Collected
from punie_data.importing.reader import Reader, read
from punie_data.importing.shape import KEYS
from punie_data.jsonl import Line

__all__ = ["KEYS", "manifest_of", "records"]


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


def manifest_of(path: Path) -> dict[str, Any]:
    """The manifest of a dataset or a file, as `dataset.manifest_of`; where foreign rows have none yet, what they say of prompts and tools (see
    `described`), so that a command that reads them loses nothing of it. Those are read for it once more.
    """
    manifest = dataset.manifest_of(path)
    if manifest:
        return manifest
    collected = Collected()
    for file in dataset.part_files(path).values():
        if not file.is_file() or _begins_with_a_record(file):
            continue
        for _, converted in read(file, Reader(file)):
            if converted is not None:
                collected.add(converted)
    return collected.into_manifest()


def _begins_with_a_record(file: Path) -> bool:
    """Nobody mixes records with foreign rows: a file of records is not read twice."""
    first = next(array.read(file), None)
    return first is None or (isinstance(first.row, dict) and first.row.keys() == KEYS)
