"""What the panel has written: the journal with its second copy, and the outbox, whatever the disk does meanwhile."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from embereye_addon.alarm import spare
from embereye_addon.alarm.journal import Journal, Limits
from embereye_addon.alarm.spare import Spare
from embereye_addon.bus.outbox import Outbox, Waiting
from embereye_addon.errors import BusError, StorageError
from embereye_addon.messages import AlarmChanged, IncidentChanged, JournalState, Message
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.folder import used_bytes
from embereye_addon.processes.incidents import SAID, entry
from embereye_addon.processes.keeping import damaged, journal_at, outbox_at, replaced, unsent

_log = logging.getLogger(__name__)

UNKEPT_MAX = 1000
AGAIN_S = 5.0
"""What waits in the outbox is offered to the bus at least this often."""
SPARE_S = 1.0
"""The second copy follows the journal at most this often."""
RETAIN_S = 30.0
VERIFY_FIRST_S = 20.0
VERIFY_S = 24 * 3600.0
USED_S = 300.0
MIB = 1 << 20
JOURNAL_MIB = 256
"""The most that the log itself may take: some years of a busy site, and it can still be checked in seconds."""
OUTBOX_LOST_NEWEST = 1000
"""Alarms of the journal that are queued again when the outbox itself is lost."""


@dataclass(slots=True)
class Records:
    """Journal and outbox of the running panel; everything but what is said to be in a thread is in the event loop.

    No method raises `StorageError`: a disk that refuses is a fault, and alarms go out all the same.
    """

    child: Child
    journal: Journal
    outbox: Outbox
    head: str = ""
    state: bytes = b""
    verified_at: float = 0.0
    used: int = 0
    disk_tried_s: float = -1.0e9
    unkept: deque[AlarmChanged | IncidentChanged] = field(default_factory=lambda: deque(maxlen=UNKEPT_MAX))
    to_send: asyncio.Event = field(default_factory=asyncio.Event)
    to_copy: asyncio.Event = field(default_factory=asyncio.Event)

    # --- writing ------------------------------------------------------------------------------------------
    def record(self, kind: str, body: object, state: bytes | None) -> None:
        """One journal row, with the panel's state when given; a full disk is a fault, not an end."""
        self.disk_tried_s = time.monotonic()
        self.state = self.state if state is None else state
        text = msgspec.json.encode(body).decode()
        try:
            self.head = self._append(kind, text, state)
            self.child.faults.pop("disk_full", None)
        except StorageError as err:
            if "disk_full" not in self.child.faults:
                _log.error("%s", err)
            self.child.faults["disk_full"] = str(err)[:400]
        self.to_copy.set()

    def _append(self, kind: str, text: str, state: bytes | None) -> str:
        """Into the journal; one that turns out to be damaged is set aside, and a new one begins with this row."""
        try:
            return self.journal.append(utc_s(), kind, text, state)
        except StorageError as err:
            if not damaged(err):
                raise
            with contextlib.suppress(StorageError):
                self.journal.close()
            self.journal = replaced(self.child.folder.journal, journal_at, self.child, err)
            return self.journal.append(utc_s(), kind, text, self.state or None)

    def put(self, message: AlarmChanged | IncidentChanged) -> None:
        """Into the outbox; what it refuses is kept in memory and said before anything else."""
        try:
            refused = self._put(message)
        except StorageError as err:
            refused = str(err)
            if damaged(err):
                self.mend_outbox(err)
        if refused:
            _log.error("an alarm waits in memory only: %s", refused)
            self.child.faults["outbox_refused"] = f"alarms go out but cannot be kept until they are sent: {refused}"
            self.unkept.append(message)
        else:
            self.child.faults.pop("outbox_refused", None)

    def _put(self, message: AlarmChanged | IncidentChanged) -> str:
        return "" if self.outbox.put(*entry(message)) else "it is full"

    def mend_outbox(self, err: StorageError) -> None:
        """A damaged outbox is set aside; what may have waited in it comes again from the journal."""
        with contextlib.suppress(StorageError):
            self.outbox.close()
        self.outbox = replaced(self.child.folder.outbox, outbox_at, self.child, err)
        self.put_unsent()

    def put_unsent(self) -> None:
        """Queue the newest alarms of the journal: a crash may have come between journal and outbox."""
        newest = OUTBOX_LOST_NEWEST if "outbox_lost" in self.child.faults else 0
        try:
            for message in unsent(self.journal, newest):
                self._put(message)
        except StorageError as err:
            _log.error("%s", err)

    # --- sending ------------------------------------------------------------------------------------------
    async def send(self) -> None:
        """Empty the outbox onto the bus; what is not acknowledged stays and is tried again."""
        while True:
            self.to_send.clear()
            try:
                while self.unkept:
                    await self.child.bus.say(self.unkept[0])
                    self.unkept.popleft()
                for row in self.outbox.waiting():
                    await self._say_waiting(row)
            except (BusError, StorageError) as err:
                _log.debug("alarms wait in the outbox: %s", err)
                if isinstance(err, StorageError) and damaged(err):
                    self.mend_outbox(err)
                await asyncio.sleep(0.5)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.to_send.wait(), AGAIN_S)

    async def _say_waiting(self, row: Waiting) -> None:
        """Say one row; one that cannot be read, of another version or damaged, must not hold up the others."""
        try:
            message: Message = msgspec.msgpack.decode(row.payload, type=SAID[row.kind])
        except (msgspec.DecodeError, KeyError) as err:
            _log.error("an entry of the outbox cannot be read and is dropped: %s", err)
        else:
            await self.child.bus.say(message)
        self.outbox.sent(row.id)

    # --- looking after it -----------------------------------------------------------------------------------
    def told(self) -> JournalState:
        """What everybody is told of the journal."""
        return JournalState(
            head=self.head if self.journal.on_disk else "",
            verified_at=self.verified_at,
            broken=self.child.faults.get("journal_broken", ""),
            used_bytes=self.used,
        )

    async def look_after(self) -> None:
        """The second copy, the retention, the check of the chain and the measure of the disk, for ever."""
        async with asyncio.TaskGroup() as work:
            work.create_task(self._copy(), name="second copy")
            work.create_task(every(RETAIN_S, self.retain), name="retention")
            work.create_task(every(USED_S, self._measure), name="disk used")
            work.create_task(self._verify_daily(), name="verify")

    async def _copy(self) -> None:
        """Write the second copy after every change, in a thread."""
        failed = False
        while True:
            await self.to_copy.wait()
            try:
                await self.copy()
                failed = False
            except StorageError as err:
                _log.log(logging.DEBUG if failed else logging.WARNING, "%s", err)
                failed = True
            await asyncio.sleep(SPARE_S)

    async def copy(self) -> None:
        """Write the second copy now; what the journal does not have on disk has no head there. `StorageError`."""
        self.to_copy.clear()
        head = self.head if self.journal.on_disk else ""
        await asyncio.to_thread(spare.write, self.child.folder.spare, Spare(head=head, state=self.state))

    async def retain(self) -> None:
        """Remove one old segment, if there is one; a burst of them goes one after the other."""
        of = self.child.site.journal
        limits = Limits(of.keep_days, of.alarm_days, min(of.max_mib // 4, JOURNAL_MIB) * MIB)
        try:
            if self.journal.retain(limits, utc_s()):
                self.head = self.journal.head()
                self.to_copy.set()
        except StorageError as err:
            _log.debug("%s", err)

    async def _verify_daily(self) -> None:
        await asyncio.sleep(VERIFY_FIRST_S)
        await every(VERIFY_S, self.verify)

    async def verify(self) -> None:
        """Check the chain in a thread, on a connection of its own; a broken one is a fault."""
        try:
            broken = await asyncio.to_thread(_broken, self.child.folder.journal, self.head)
        except StorageError as err:
            broken = str(err)
        self.verified_at = utc_s()
        if broken:
            if "journal_broken" not in self.child.faults:
                _log.error("the journal's chain is broken: %s", broken)
            self.child.faults["journal_broken"] = f"the journal's chain is broken: {broken}"[:400]
        else:
            self.child.faults.pop("journal_broken", None)

    async def _measure(self) -> None:
        folder = self.child.folder
        self.used = self.journal.used_bytes + await asyncio.to_thread(used_bytes, folder.evidence)

    def close(self) -> None:
        """Let the files go; what waits stays in them."""
        self.journal.close()
        with contextlib.suppress(StorageError):
            self.outbox.close()


def _broken(path: Path, head: str) -> str:
    journal = Journal(path, read_only=True)
    try:
        return journal.verify(head).broken
    finally:
        journal.close()
