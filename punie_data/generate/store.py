"""What was already done: facts of files and finished shards of rows, by the digest of everything they depend on.

One SQLite file in the cache folder, so that `kill -9` at any moment leaves whole entries or none, and so that two runs may share it.
A damaged file is put aside and begun anew: nothing in it is more than a saving of time.
"""

import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path

SCHEMA = "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID"
KEPT_DAYS = 60


class Store:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "work.db"
        try:
            self._database = self._open()
        except sqlite3.DatabaseError:
            self.path.replace(self.path.with_suffix(".damaged"))
            self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(SCHEMA)
        return database

    def get(self, key: str) -> bytes | None:
        found = self._database.execute("SELECT value FROM entry WHERE key = ?", (key,)).fetchone()
        return zlib.decompress(found[0]) if found else None

    def has(self, key: str) -> bool:
        return self._database.execute("SELECT 1 FROM entry WHERE key = ?", (key,)).fetchone() is not None

    def put(self, entries: Iterable[tuple[str, bytes]]) -> None:
        """All of the entries, or none of them."""
        rows = [(key, zlib.compress(value, 1)) for key, value in entries]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, unixepoch())", rows)
        self._database.execute("COMMIT")

    def forget_old(self) -> None:
        self._database.execute("DELETE FROM entry WHERE used < unixepoch() - ?", (KEPT_DAYS * 86_400,))

    def close(self) -> None:
        self._database.close()
