"""The event log: append-only SQLite, each row hash-chained to the one before, and the panel's last state.

WAL with synchronous=FULL: what `append` returned from is on disk. A row and the state it leads to are written in
one transaction, so a restart finds both or neither. Retention removes whole segments of `SEGMENT_ROWS` rows from the
front; their alarm rows stay, apart, for longer.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from embereye_addon.alarm.chain import (
    GENESIS,
    RETENTION,
    Anchor,
    Kept,
    Row,
    Verdict,
    check,
    digest,
    link,
    read_anchor,
)
from embereye_addon.errors import StorageError

SEGMENT_ROWS = 256
LASTING = ("alarm",)
"""Kinds whose rows outlive their segment."""
_OPENING = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    """CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB)",
    """CREATE TABLE IF NOT EXISTS kept (number INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, hash TEXT NOT NULL, before TEXT NOT NULL)""",
)
_COLUMNS = "number, at, kind, body, hash"
_CHAIN = f"SELECT {_COLUMNS} FROM journal ORDER BY number"  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Limits:
    """How long rows are kept: days for all, days for alarms, and bytes for the whole file."""

    days: float
    alarm_days: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows an export wants: from and to (UTC seconds), and kinds (none: all)."""

    begin: float = 0.0
    end: float = 1.0e12
    kinds: tuple[str, ...] = ()

    def takes(self, row: Row) -> bool:
        """Whether a row is among them."""
        return self.begin <= row.at <= self.end and (not self.kinds or row.kind in self.kinds)


class Journal:
    """One open journal file. Every method raises `StorageError` in words when the disk refuses.

    `read_only` looks at a file that a running panel may be writing, and creates nothing.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        try:
            if read_only:
                self._base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as err:
            raise StorageError(f"the journal {path} cannot be opened: {err}") from err
        try:
            with self._words("opened"):
                for line in () if read_only else _OPENING:
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

    def sound(self) -> None:
        """Look through the file's pages; `StorageError` when it is damaged."""
        with self._words("read"):
            found = self._base.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise StorageError(f"the journal {self._path} is damaged: {found[0] if found else 'it cannot be read'}")

    # --- writing ------------------------------------------------------------------------------------------
    def append(self, at: float, kind: str, body: str, state: bytes | None = None) -> str:
        """Write one row, and the panel's state with it when given, in one transaction; gives the new head."""
        with self._words("written"), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            head = self._add(at, kind, body)
            if state is not None:
                self._base.execute("INSERT OR REPLACE INTO state (id, body) VALUES (1, ?)", (state,))
        return head

    def _add(self, at: float, kind: str, body: str) -> str:
        last = self._base.execute("SELECT hash FROM journal ORDER BY number DESC LIMIT 1").fetchone()
        chained = link(str(last[0]) if last else GENESIS, float(at), kind, body)
        added = self._base.execute(
            "INSERT INTO journal (at, kind, body, hash) VALUES (?, ?, ?, ?)", (at, kind, body, chained)
        )
        return f"{added.lastrowid}:{chained}"

    def retain(self, limits: Limits, now: float) -> bool:
        """Remove the oldest sealed segment if it is too old or the file too large; whether one was removed.

        Its alarm rows are kept apart. Kept ones older than `alarm_days` go, and the oldest of them when they alone
        fill more than half of the file's limit.
        """
        with self._words("shortened"), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            segment = self._base.execute(f"{_CHAIN} LIMIT ?", (SEGMENT_ROWS + 1,)).fetchall()
            if len(segment) <= SEGMENT_ROWS:
                return False
            newest, first = Row(*segment[-2]), Row(*segment[-1])
            if newest.at >= now - limits.days * 86_400.0 and self._filled() <= limits.most_bytes:
                return False
            self._set_apart(Row(*segment[0]), first.number)
            self._base.execute("DELETE FROM journal WHERE number < ?", (first.number,))
            self._forget(now - limits.alarm_days * 86_400.0, limits.most_bytes // 2)
            kept = self._kept()
            anchor = Anchor(first=first.number, before=newest.hash, kept=len(kept), digest=digest(kept))
            self._add(now, RETENTION, msgspec.json.encode(anchor).decode())
        return True

    def _set_apart(self, oldest: Row, first_left: int) -> None:
        """Copy the alarm rows of the segment that goes, each with the hash before it."""
        marks = ", ".join("?" * len(LASTING))
        anchor = self._anchor()
        self._base.execute(
            f"""INSERT INTO kept SELECT {_COLUMNS}, coalesce((SELECT b.hash FROM journal b WHERE b.number =
            journal.number - 1), ?) FROM journal WHERE number >= ? AND number < ? AND kind IN ({marks})""",  # noqa: S608 - marks are ?
            (GENESIS if anchor is None else anchor.before, oldest.number, first_left, *LASTING),
        )

    def _forget(self, begin: float, most_bytes: int) -> None:
        """Drop kept alarm rows from before `begin`, and the oldest of too many."""
        self._base.execute("DELETE FROM kept WHERE at < ?", (begin,))
        total = 0
        for number, size in self._base.execute("SELECT number, length(body) + 300 FROM kept ORDER BY number DESC"):
            total += size
            if total > most_bytes:
                self._base.execute("DELETE FROM kept WHERE number <= ?", (number,))
                return

    def _filled(self) -> int:
        """Bytes of the file that hold something."""
        pages, free, size = (
            int(self._base.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    # --- reading ------------------------------------------------------------------------------------------
    def state(self) -> bytes | None:
        """The panel's last state, as it was handed to `append`."""
        with self._words("read"):
            row = self._base.execute("SELECT body FROM state WHERE id = 1").fetchone()
        return bytes(row[0]) if row else None

    def head(self) -> str:
        """The last row as `number:hash`; '' in an empty journal."""
        newest = self.rows(newest=1)
        return newest[0].head if newest else ""

    def holds(self, head: str) -> bool:
        """Whether the row `number:hash` is there, or older than where the chain begins."""
        number, _, chained = head.partition(":")
        with self._words("read"):
            found = self._base.execute("SELECT hash FROM journal WHERE number = ?", (number,)).fetchone()
            anchor = self._anchor()
        return (found is not None and found[0] == chained) or (anchor is not None and int(number) < anchor.first)

    def rows(self, *kinds: str, newest: int = 100) -> list[Row]:
        """The newest rows (of some kinds when given), oldest first."""
        marks = ", ".join("?" * len(kinds))
        chosen = f"SELECT {_COLUMNS} FROM journal WHERE kind IN ({marks}) OR ? ORDER BY number DESC LIMIT ?"  # noqa: S608 - ? only
        with self._words("read"):
            found = self._base.execute(chosen, (*kinds, not kinds, newest)).fetchall()
        return [Row(*row) for row in reversed(found)]

    def export(self, chosen: Chosen) -> Iterator[Row]:
        """The rows that are wanted, oldest first; alarms that outlived their segment are among them."""
        with self._words("read"):
            for number_on in (f"SELECT {_COLUMNS} FROM kept ORDER BY number", _CHAIN):  # noqa: S608 - constants
                yield from (row for row in map(_row, self._base.execute(number_on)) if chosen.takes(row))

    def verify(self, head: str = "") -> Verdict:
        """Check the whole chain, and that a published `head` is still in it."""
        with self._words("read"):
            self._base.execute("BEGIN")  # one view of it all, whoever writes meanwhile
            try:
                (last,) = self._base.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
                return check(map(_row, self._base.execute(_CHAIN)), self._kept(), self._anchor(), int(last), head)
            finally:
                self._base.execute("ROLLBACK")

    def _anchor(self) -> Anchor | None:
        row = self._base.execute(
            "SELECT body FROM journal WHERE kind = ? ORDER BY number DESC LIMIT 1", (RETENTION,)
        ).fetchone()
        return None if row is None else read_anchor(str(row[0]))

    def _kept(self) -> tuple[Kept, ...]:
        rows = self._base.execute(f"SELECT {_COLUMNS}, before FROM kept ORDER BY number")  # noqa: S608 - a constant
        return tuple(Kept(Row(*row[:5]), str(row[5])) for row in rows)

    @property
    def on_disk(self) -> bool:
        """Whether it is kept in a file, and not in memory only."""
        return str(self._path) != ":memory:"

    @property
    def used_bytes(self) -> int:
        """What the journal and its write-ahead log take on the disk."""
        parts = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.is_file())

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def _row(columns: tuple[int, float, str, str, str]) -> Row:
    return Row(*columns)
