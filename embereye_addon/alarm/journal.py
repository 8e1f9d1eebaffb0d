"""The event log: append-only SQLite, each row hash-chained to the one before, and the panel's last state.

WAL with synchronous=FULL: what `append` returned from is on disk. A row and the state it leads to are written in
one transaction, so a restart finds both or neither.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embereye_addon.errors import StorageError

GENESIS = "0" * 64
_OPENING = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    """CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB)",
)
_CHAIN = "SELECT number, at, kind, body, hash FROM journal ORDER BY number"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, UTC seconds, kind (alarm, fault, action, start, ...) and a JSON body."""

    number: int
    at: float
    kind: str
    body: str
    hash: str


def _hash(before: str, at: float, kind: str, body: str) -> str:
    """The chain: SHA-256 over the hash before and this row."""
    return hashlib.sha256(f"{before}\n{at!r}\n{kind}\n{body}".encode()).hexdigest()


class Journal:
    """One open journal file. Every method raises `StorageError` in words when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as err:
            raise StorageError(f"the journal {path} cannot be opened: {err}") from err
        try:
            with self._words("opened"):
                for line in _OPENING:
                    self._base.execute(line)
        except StorageError:
            self._base.close()
            raise

    @contextlib.contextmanager
    def _words(self, wanted: str) -> Iterator[None]:
        """SQLite's refusals as `StorageError`."""
        try:
            yield
        except sqlite3.Error as err:
            raise StorageError(f"the journal {self._path} cannot be {wanted}: {err}") from err

    def append(self, at: float, kind: str, body: str, state: bytes | None = None) -> None:
        """Write one row, and the panel's state with it when given, in one transaction."""
        with self._words("written"), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            last = self._base.execute("SELECT hash FROM journal ORDER BY number DESC LIMIT 1").fetchone()
            before = str(last[0]) if last else GENESIS
            self._base.execute(
                "INSERT INTO journal (at, kind, body, hash) VALUES (?, ?, ?, ?)",
                (at, kind, body, _hash(before, float(at), kind, body)),
            )
            if state is not None:
                self._base.execute("INSERT OR REPLACE INTO state (id, body) VALUES (1, ?)", (state,))

    def state(self) -> bytes | None:
        """The panel's last state, as it was handed to `append`."""
        with self._words("read"):
            row = self._base.execute("SELECT body FROM state WHERE id = 1").fetchone()
        return bytes(row[0]) if row else None

    def rows(self, kind: str = "", newest: int = 100) -> list[Row]:
        """The newest rows (of one kind when given), oldest first."""
        with self._words("read"):
            found = self._base.execute(
                "SELECT number, at, kind, body, hash FROM journal WHERE ? IN ('', kind) ORDER BY number DESC LIMIT ?",
                (kind, newest),
            ).fetchall()
        return [Row(*row) for row in reversed(found)]

    def verify(self) -> str:
        """An empty text when the chain is whole, else which row breaks it."""
        with self._words("read"):
            before, expected = GENESIS, 1
            for number, at, kind, body, chained in self._base.execute(_CHAIN):
                if number != expected:
                    return f"row {expected} is missing"
                if chained != _hash(before, at, kind, body):
                    return f"row {number} was changed"
                before, expected = chained, number + 1
            (last,) = self._base.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
            return "" if last < expected else f"row {expected} is missing"

    def close(self) -> None:
        """Close the file."""
        self._base.close()
