"""The panel's files at a start: opened, or set aside when damaged, or replaced by memory when the disk refuses."""

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from embereye_addon.alarm import panel as panels
from embereye_addon.alarm import spare
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.journal import Journal
from embereye_addon.alarm.panel import Kept, Panel
from embereye_addon.alarm.spare import Spare
from embereye_addon.bus.outbox import Outbox
from embereye_addon.errors import StorageError
from embereye_addon.messages import AlarmChanged, IncidentChanged
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.child import Child

_log = logging.getLogger(__name__)

D = TypeVar("D")

NEWEST = 20
"""Changes of the journal that are looked at."""
REPEAT_S = 12 * 3600.0
"""Alarms journaled in this time are said again at a start; the bus swallows a second saying within a day."""
DAMAGED = ("not a database", "malformed", "is damaged")
"""What SQLite and the outbox say of a file that will never be readable again."""
MEMORY = Path(":memory:")
"""Where SQLite keeps a database that no disk takes."""
LOOKED_THROUGH_BYTES = 64 << 20
"""A larger journal is not read throughout before the panel works: on a slow disk that would take longer than a restart
may. Its newest rows are read, and the check of the chain follows.
"""
CHANGES = ("alarm", "zone", "incident")
"""The kinds of rows that hold what was told: of a zone's change, of an incident."""


def damaged(err: StorageError) -> bool:
    """Whether a database will never be readable again, rather than refused for now."""
    return any(words in str(err) for words in DAMAGED)


def set_aside(path: Path, err: StorageError) -> bool:
    """Whether a damaged database was moved out of the way, its side files too; nothing is ever deleted."""
    if not damaged(err):
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
        fault = err
    return replaced(path, opens, child, fault)


def replaced(path: Path, opens: Callable[[Path], D], child: Child, err: StorageError) -> D:
    """What takes the place of a database that gave this error."""
    aside = set_aside(path, err)
    _log.error("%s", err)
    child.faults[f"{path.stem}_lost"] = f"{err}; {'it was set aside' if aside else 'nothing is kept on disk'}"[:400]
    if aside:
        with contextlib.suppress(StorageError):
            return opens(path)
    return opens(MEMORY)


def journal_at(path: Path) -> Journal:
    """An open journal that can be read; `StorageError` in words."""
    journal = Journal(path)
    try:
        if journal.used_bytes <= LOOKED_THROUGH_BYTES:
            journal.sound()
        journal.state()
        journal.rows(*CHANGES, newest=NEWEST)
    except StorageError:
        journal.close()
        raise
    return journal


def outbox_at(path: Path) -> Outbox:
    """An open outbox that can be read throughout; `StorageError` in words."""
    outbox = Outbox(path)
    try:
        outbox.sound()
    except StorageError:
        outbox.close()
        raise
    return outbox


def restored(child: Child, journal: Journal, fresh: Panel) -> Panel:
    """The panel with all that was latched, from the journal or from its second copy, whichever is newer.

    A journal that lacks what the copy was written after was cut: a fault. When something was there and neither can be
    read, zones begin as normal under a fault that outlasts restarts, until a person has acknowledged or reset.
    """
    second, doubts = _second(child)
    if "journal_lost" in child.faults:
        doubts.append(child.faults["journal_lost"])
    elif second is not None and second.head and not journal.holds(second.head):
        words = f"the journal ends before row {second.head.partition(':')[0]}, which had been written"
        _log.error("%s", words)
        child.faults["journal_cut"] = f"{words}; the zones' states are those of its second copy"
    states = {"the second copy": second.state or None if second else None, "the journal": journal.state()}
    found = []
    for where, raw in states.items():
        try:
            found += [] if raw is None else [msgspec.msgpack.decode(raw, type=Kept)]
        except msgspec.DecodeError as err:
            _log.error("the panel's state in %s cannot be read: %s", where, err)
            doubts.append(f"the panel's state in {where} cannot be read: {err}")
    panel = fresh
    if found:
        newest = max(found, key=lambda kept: kept.revision)  # of equals the second copy, which has a checksum
        panel = panels.restore(fresh, newest, Now(time.monotonic(), utc_s()))
    elif doubts:
        panel = replace(fresh, lost=f"alarms from before {_day()} are lost and must be looked for: {doubts[0]}"[:400])
    if panel.lost:
        child.faults["state_lost"] = panel.lost
    return panel


def _second(child: Child) -> tuple[Spare | None, list[str]]:
    try:
        return spare.read(child.folder.spare), []
    except StorageError as err:
        _log.error("%s", err)
        child.faults["spare_lost"] = f"{err}; whether the journal lacks its newest rows cannot be said"[:400]
        return None, [str(err)]


def _day() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(utc_s()))


def unsent(journal: Journal, newest: int = 0) -> list[AlarmChanged | IncidentChanged]:
    """The newest changes of the journal, for a crash may have come between journal and outbox."""
    found: list[AlarmChanged | IncidentChanged] = []
    for row in journal.rows(*CHANGES, newest=newest or NEWEST):
        if utc_s() - row.at < REPEAT_S:
            with contextlib.suppress(msgspec.DecodeError):  # of another version: it was sent in its time
                found.append(msgspec.json.decode(row.body, type=AlarmChanged | IncidentChanged))
    return found
