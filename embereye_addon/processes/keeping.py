"""The panel's files at a start: opened, or set aside when damaged, or replaced by memory when the disk refuses."""

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.journal import Journal
from embereye_addon.alarm.panel import Kept, Panel
from embereye_addon.errors import StorageError
from embereye_addon.messages import AlarmChanged
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.child import Child

_log = logging.getLogger(__name__)

D = TypeVar("D")

NEWEST = 20
"""Alarms of the journal that are looked at."""
REPEAT_S = 12 * 3600.0
"""Alarms journaled in this time are said again at a start; the bus swallows a second saying within a day."""
DAMAGED = ("not a database", "malformed", "is damaged")
"""What SQLite and the outbox say of a file that will never be readable again."""
MEMORY = Path(":memory:")
"""Where SQLite keeps a database that no disk takes."""


def set_aside(path: Path, err: StorageError) -> bool:
    """Whether a damaged database was moved out of the way, its side files too; nothing is ever deleted."""
    if not any(words in str(err) for words in DAMAGED):
        return False
    stamp = f"damaged-{utc_s():.0f}"
    try:
        for part in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if part.exists():
                part.rename(part.with_name(f"{part.name}.{stamp}"))
    except OSError:
        return False
    return True


def kept_in(path: Path, opens: Callable[[Path], D], child: Child) -> D:
    """The database at `path`; a damaged one is set aside, and on a disk that refuses it lives in memory.

    Both are faults that stand until the next start. No alarm may wait for a disk to be repaired.
    """
    try:
        return opens(path)
    except StorageError as err:
        fault, aside = err, set_aside(path, err)
    _log.error("%s", fault)
    child.faults[f"{path.stem}_lost"] = f"{fault}; {'it was set aside' if aside else 'nothing is kept on disk'}"[:400]
    if aside:
        with contextlib.suppress(StorageError):
            return opens(path)
    return opens(MEMORY)


def journal_at(path: Path) -> Journal:
    """An open journal whose state and newest alarms can be read; `StorageError` in words."""
    journal = Journal(path)
    try:
        journal.state()
        journal.rows("alarm", newest=NEWEST)
    except StorageError:
        journal.close()
        raise
    return journal


def restored(child: Child, journal: Journal, fresh: Panel) -> Panel:
    """The panel with all that was latched; a state that cannot be read is a fault until the next start."""
    raw = journal.state()
    if raw is None:
        return fresh
    try:
        return panels.restore(fresh, msgspec.msgpack.decode(raw, type=Kept), Now(time.monotonic(), utc_s()))
    except msgspec.DecodeError as err:
        _log.error("the panel's kept state cannot be read: %s", err)
        child.faults["state_lost"] = f"the panel's kept state cannot be read, alarms before this start are lost: {err}"
        return fresh


def unsent(journal: Journal) -> list[AlarmChanged]:
    """The newest alarms of the journal, for a crash may have come between journal and outbox."""
    found = []
    for row in journal.rows("alarm", newest=NEWEST):
        if utc_s() - row.at < REPEAT_S:
            with contextlib.suppress(msgspec.DecodeError):  # of another version: it was sent in its time
                found.append(msgspec.json.decode(row.body, type=AlarmChanged))
    return found
