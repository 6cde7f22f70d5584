"""Which form a file has, told from its first rows alone: records, or a format that the import knows."""

from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from punie_data import jsonl

RECORD = "record"
KEYS = frozenset({"id", "messages", "tools", "label", "origin", "runs"})
"""Those of a record, which the import has too: importing that costs more than checking a small file."""
_OURS = frozenset({"label", "origin", "runs"})
_LOOKED_AT = 20
"""Lines that may be broken, or say nothing, before the first that can be told."""
_MARK = b"\xef\xbb\xbf"


class Form(NamedTuple):
    """`name` is `record` or one of the import's formats; `array`: the rows are the elements of one array, and not lines."""

    name: str
    array: bool = False

    @property
    def is_plain(self) -> bool:
        """Lines of records: what the fast path reads."""
        return self.name == RECORD and not self.array


def is_record_like(row: Any) -> bool:
    """Whether a row is meant to be a record, whole or not: it has messages, and most of what only a record has beside them."""
    return isinstance(row, dict) and "messages" in row and len(_OURS & row.keys()) >= 2


def form_of(path: Path) -> Form:
    """The form of a file; that of records too where no row is of a known one, and of what can't be read twice. UserError where it can't be read."""
    if not path.is_file():
        return Form(RECORD)
    with jsonl.opened(path) as file:
        may_be_array = file.read(64).removeprefix(_MARK).lstrip().startswith(b"[")
    if not may_be_array:
        row = next((line.row for line in islice(jsonl.read(path), 1) if isinstance(line.row, dict)), None)
        if row is not None and is_record_like(row):
            return Form(RECORD)
    # Only here: most files are records, and must not wait for what reads the others.
    from punie_data.importing import array

    for line in islice(array.read(path), _LOOKED_AT):
        name = form_of_row(line.row)
        if name:
            return Form(name, may_be_array and isinstance(line.row, dict))
    return Form(RECORD)


def form_of_row(row: Any) -> str:
    """`record`, the name of a format, or "" where it has none that is known."""
    from punie_data.importing.conversation import Unconvertible
    from punie_data.importing.formats import format_of
    from punie_data.importing.sessions import session_of

    if is_record_like(row):
        return RECORD
    if isinstance(row, list) and row and all(isinstance(each, dict) for each in row):
        row = {"messages": row}
    if not isinstance(row, dict):
        return ""
    try:
        return session_of(row, ()) or format_of(row)
    except Unconvertible:
        return ""
