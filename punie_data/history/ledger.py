"""The file: one SQLite database, whose every record is whole or not there.

A rollback journal and not a write-ahead log: a run writes one record in minutes, so nothing is won by the log, and without it the history is really
one file, which can be copied and which works on network drives too. Two writers wait for each other; after `kill -9` the next one rolls back.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import UserError
from punie_data.history.run import Run

APPLICATION = 0x50554E49
"""What SQLite's header says of whose file it is: `PUNI`."""
VERSION = 1
PATIENCE_SECONDS = 30
_JSON = ("configuration", "metrics", "inputs", "artefacts", "versions", "machine", "answers")
_TEXT = ("kind", "name", "dataset", "started", "seconds", "note", "source", "identity")
_COLUMNS = (*_TEXT, *_JSON)
_SCHEMA = f"""CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(f"{name} TEXT NOT NULL" for name in _TEXT if name != "seconds")}, seconds REAL,
    {", ".join(f"{name} TEXT NOT NULL" for name in _JSON)}
)"""


class Ledger:
    """The records of a file. Every method raises UserError where the file can't be used; nothing is ever deleted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def record(self, run: Run) -> str:
        """Write one record and return its id; the id of the one that is there where its identity is."""
        values = [_packed(run, name) for name in _COLUMNS]
        marks = ", ".join("?" * len(_COLUMNS))
        with self._opened(create=True) as database:
            database.execute("BEGIN IMMEDIATE")
            if run.identity:
                known = database.execute(
                    "SELECT id FROM run WHERE identity = ? AND kind = ?", (run.identity, run.kind)
                ).fetchone()
                if known:
                    database.execute("ROLLBACK")
                    return str(known[0])
            found = database.execute(f"INSERT INTO run ({', '.join(_COLUMNS)}) VALUES ({marks})", values)
            database.execute("COMMIT")
            return str(found.lastrowid)

    def runs(self) -> list[Run]:
        """All records, in the order in which they were written; none where there is no file yet."""
        if not self.path.exists():
            return []
        with self._opened(create=False) as database:
            if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return []  # the first run was killed before its first record
            rows = database.execute(f"SELECT id, {', '.join(_COLUMNS)} FROM run ORDER BY id").fetchall()
        return [self._run(row) for row in rows]

    def _run(self, row: tuple[Any, ...]) -> Run:
        values: dict[str, Any] = dict(zip(_COLUMNS, row[1:], strict=True))
        try:
            values |= {name: orjson.loads(values[name]) for name in _JSON}
        except orjson.JSONDecodeError:
            raise UserError(f"{self.path}: record {row[0]} is damaged") from None
        return replace(Run(**values), id=str(row[0]))

    @contextmanager
    def _opened(self, create: bool) -> Iterator[sqlite3.Connection]:
        if self.path.is_dir():
            raise UserError(f"the history {self.path} is a folder: name a file")
        mode = "rwc" if create else "rw"
        try:
            address = f"{self.path.absolute().as_uri()}?mode={mode}"
            with closing(
                sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS, isolation_level=None)
            ) as database:
                self._make_ready(database, create)
                yield database
        except sqlite3.OperationalError as error:
            raise UserError(f"the history {self.path} can't be used: {error}") from None
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"the history {self.path} is damaged ({error}): move it away, and the next run begins a new one"
            ) from None

    def _make_ready(self, database: sqlite3.Connection, create: bool) -> None:
        database.execute("PRAGMA synchronous=FULL")
        if create:
            database.execute("BEGIN IMMEDIATE")  # two first runs must not both make the table
        application, version = (
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if application == APPLICATION and version > VERSION:
            raise UserError(
                f"the history {self.path} is of a newer punie-data (format {version}, this one knows {VERSION}): update punie-data"
            )
        if application != APPLICATION:
            if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise UserError(f"{self.path} is no history of punie-data's: name another file")
            if create:
                database.execute(_SCHEMA)
                database.execute(f"PRAGMA application_id={APPLICATION}")
                database.execute(f"PRAGMA user_version={VERSION}")
        if create:
            database.execute("COMMIT")


def _packed(run: Run, name: str) -> Any:
    value = getattr(run, name)
    if name not in _JSON:
        return value
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: Any) -> Any:
    """What JSON can hold: paths as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
