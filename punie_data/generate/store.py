"""What was already done: facts of files and finished shards of rows, by the digest of everything they depend on.

One SQLite file in the cache folder, so that `kill -9` at any moment leaves whole entries or none, and so that two runs may share it.
A damaged file is put aside and begun anew: nothing in it is more than a saving of time.
"""

import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from punie_data.errors import UserError

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_used ON entry (used);
"""
KEPT_DAYS, TOUCHED_DAYS = 60, 30
"""An entry that nobody has asked for in so many days is forgotten; one that is asked for after so many is noted as used."""
PATIENCE_SECONDS = 60
DAY = 86_400


class Store:
    """UserError when the file can't be read or written, a full disk for one, or is found damaged on the way."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "work.db"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"the cache {folder} can't be used: {error.strerror or error}") from None
        with self._telling():
            try:
                self._database = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise  # locked, or the disk is full: the file is as good as ever
                self._put_aside()
                self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=PATIENCE_SECONDS, isolation_level=None)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                # The first to come changes the mode, and SQLite doesn't wait for it as it does elsewhere.
                database.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        database.execute("PRAGMA synchronous=NORMAL")
        for statement in filter(str.strip, SCHEMA.split(";")):
            database.execute(statement)
        return database

    def get(self, key: str) -> bytes | None:
        with self._telling():
            found = self._database.execute("SELECT value, used FROM entry WHERE key = ?", (key,)).fetchone()
            if found and found[1] < time.time() - TOUCHED_DAYS * DAY:
                self._touch(key)
            return zlib.decompress(found[0]) if found else None

    def has(self, key: str) -> bool:
        """Whether the entry is there; then it stays for as long as a run may last."""
        with self._telling():
            found = self._database.execute("SELECT used FROM entry WHERE key = ?", (key,)).fetchone()
            if found and found[0] < time.time() - TOUCHED_DAYS * DAY:
                self._touch(key)
            return found is not None

    def _touch(self, key: str) -> None:
        self._database.execute("UPDATE entry SET used = unixepoch() WHERE key = ?", (key,))

    def put(self, entries: Iterable[tuple[str, bytes]]) -> None:
        """All of the entries, or none of them."""
        rows = [(key, zlib.compress(value, 1)) for key, value in entries]
        with self._telling():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, unixepoch())", rows)
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has ended the transaction already
                    self._database.execute("ROLLBACK")
                raise

    def drop(self, keys: Iterable[str]) -> None:
        with self._telling():
            self._database.executemany("DELETE FROM entry WHERE key = ?", [(key,) for key in keys])

    def forget_old(self) -> None:
        with self._telling():
            self._database.execute("DELETE FROM entry WHERE used < unixepoch() - ?", (KEPT_DAYS * DAY,))

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise UserError(f"{self.path} can't be used: {error}; what was done is kept") from None
        except (sqlite3.DatabaseError, zlib.error) as error:
            self._put_aside()
            raise UserError(
                f"{self.path} was damaged ({error}) and has been put aside: run this again"
            ) from None

    def _put_aside(self) -> None:
        with suppress(OSError):
            self.path.replace(self.path.with_suffix(".damaged"))
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
