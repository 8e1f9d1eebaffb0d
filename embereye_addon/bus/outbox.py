"""What must be told is on disk first: a bounded SQLite queue, each entry with an id."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embereye_addon.bus.wire import MAX_PAYLOAD_BYTES
from embereye_addon.errors import StorageError

LIMIT = 10_000  # entries; an alarm is a few kilobytes, so a full outbox is some tens of megabytes

_TABLE = """
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL
)
"""
_WORDS = {
    "SQLITE_FULL": "the disk is full; make room on it",
    "SQLITE_READONLY": "it is read-only; make it writable for this user",
    "SQLITE_CANTOPEN": "it cannot be opened; check that its folder exists and is writable",
    "SQLITE_IOERR": "the disk failed while reading or writing; check it, and whether it is full",
    "SQLITE_CORRUPT": "it is damaged; move it away and start again",
    "SQLITE_NOTADB": "it is not an outbox or is damaged; move it away and start again",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One entry not yet sent."""

    id: str
    kind: str
    payload: bytes


class Outbox:
    """A queue on disk; when `put` returns True it survives a power cut. `StorageError` (in words) from every method.

    Every call waits for the disk: call it in a thread (`asyncio.to_thread`), any thread will do.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.refused = 0
        self._path, self._limit = path, limit
        self._lock = threading.Lock()
        with self._words():
            self._base = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            with self._words():
                self._base.execute("PRAGMA journal_mode=WAL")
                self._base.execute("PRAGMA synchronous=FULL")
                self._base.execute(_TABLE)
                self._count = self._counted()
        except StorageError:
            self._base.close()
            raise

    def sound(self) -> None:
        """Look through the file's pages; `StorageError` when it is damaged."""
        with self._lock, self._words():
            if self._base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise StorageError(f"The outbox {self._path}: {_WORDS['SQLITE_CORRUPT']}")

    def put(self, key: str, kind: str, payload: bytes) -> bool:
        """Keep it under `key`; a second time changes nothing. False, counted in `refused`, when there is no room."""
        with self._lock, self._words():
            if self._known(key):
                return True
            if self._count >= self._limit or len(payload) > MAX_PAYLOAD_BYTES:
                self.refused += 1
                return False
            self._base.execute(
                "INSERT OR IGNORE INTO waiting (id, kind, payload) VALUES (?, ?, ?)", (key, kind, payload)
            )
            self._count = self._counted()
            return True

    def waiting(self, limit: int = 100) -> tuple[Waiting, ...]:
        """The oldest entries not yet sent, in the order they were put."""
        with self._lock, self._words():
            rows = self._base.execute("SELECT id, kind, payload FROM waiting ORDER BY number LIMIT ?", (limit,))
            return tuple(Waiting(*row) for row in rows.fetchall())

    def sent(self, key: str) -> None:
        """It has arrived and need not be kept; an unknown key changes nothing."""
        with self._lock, self._words():
            self._base.execute("DELETE FROM waiting WHERE id = ?", (key,))
            self._count = self._counted()

    def __len__(self) -> int:
        """How many wait."""
        return self._count

    def close(self) -> None:
        """Let the file go; what waits stays in it."""
        with self._lock, self._words():
            self._base.close()

    def _known(self, key: str) -> bool:
        return self._base.execute("SELECT 1 FROM waiting WHERE id = ?", (key,)).fetchone() is not None

    def _counted(self) -> int:
        return int(self._base.execute("SELECT count(*) FROM waiting").fetchone()[0])

    @contextlib.contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            family = "_".join(name.split("_")[:2])
            raise StorageError(f"The outbox {self._path}: {_WORDS.get(family, str(error))}") from error
