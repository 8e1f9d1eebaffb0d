"""Collects what is to be seen of an alarm, after it was told: pictures, films, heat. Nothing here holds up an alarm."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from embereye_addon.bus import Bus
from embereye_addon.errors import BusError, StorageError
from embereye_addon.evidence import Evidence, Keep, KeptFile, file_name, is_alarm_id
from embereye_addon.messages import (
    AlarmChanged,
    ClipRequest,
    Film,
    Snapshot,
    SnapshotRequest,
    ZoneState,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.disk import Room
from embereye_addon.observe.metrics import EVIDENCE_KEPT, EVIDENCE_MISSED
from embereye_addon.processes.traffic import Traffic
from embereye_addon.publish.pictures import cameras_of
from embereye_addon.publish.snapshots import draw_boxes, heat_map
from embereye_addon.settings.model import Site
from embereye_addon.thermal.history import Kept, replay

_log = logging.getLogger(__name__)

BEFORE_S = 10.0
AFTER_S = 10.0
FRESH_S = 45.0
"""What is delivered later than this is noted, but no picture of that time is to be had."""
AT_ONCE = 8
"""Alarms whose evidence is collected at a time; of more only the explanation is kept."""
LISTENING_MOST = 32
"""Alarms whose traffic is waited for at a time."""
ASK_S = 4.0
AGAIN_S = 2.0
TRIES = 25
"""A film waits in line for others of its detector."""
DEVICES_MOST = 4
HISTORY_LATE_S = 8.0
"""The history of a PF device is on disk this much later."""
TREND_S = 600.0
PRUNE_S = 600.0
MIB = 1 << 20


@dataclass(slots=True)
class Keeper:
    """One node's keeper of evidence. `history` holds the PF devices' past heat; without `room` only words are kept."""

    site: Site
    bus: Bus
    evidence: Evidence
    history: Path
    room: Room
    before_s: float = BEFORE_S
    after_s: float = AFTER_S
    traffic: Traffic = field(default_factory=Traffic)
    late_s: float = HISTORY_LATE_S
    again_s: float = AGAIN_S
    _collecting: set[asyncio.Task[None]] = field(default_factory=set)
    _listening: set[asyncio.Task[None]] = field(default_factory=set)
    _failed: bool = False

    async def on_change(self, change: AlarmChanged) -> None:
        """Note a change, and begin to collect what is to be seen of it. Never raises: it would come again."""
        if not is_alarm_id(change.id) or not await self._kept(asyncio.to_thread(self.evidence.note, change), "alarm"):
            return
        if change.now is ZoneState.NORMAL or utc_s() - change.at > FRESH_S:
            return
        await asyncio.to_thread(self.room.look)
        if len(self._collecting) >= AT_ONCE or self.room.scarce:
            EVIDENCE_MISSED.labels("alarm").inc()
            return
        self._begin(self._collecting, self.collect(change), change)
        if len(self._listening) < LISTENING_MOST:  # they wait a minute, and must not keep pictures from being taken
            self._begin(self._listening, self._traffic(change), change)

    def _begin(self, among: set[asyncio.Task[None]], job: Coroutine[Any, Any, None], change: AlarmChanged) -> None:
        task = asyncio.create_task(job, name=f"evidence of {change.id}")
        among.add(task)
        task.add_done_callback(among.discard)

    async def collect(self, change: AlarmChanged) -> None:
        """Everything of one change, side by side."""
        cameras = cameras_of(self.site, change)
        films = self.site.journal.clips and await self._room()
        jobs: list[Coroutine[Any, Any, None]] = [self._picture(change, camera) for camera in cameras]
        if films:
            jobs += [self._film(change, camera) for camera in cameras]
        jobs += [self._heat(change, device) for device in devices_of(self.site, change)]
        await asyncio.gather(*jobs)

    async def _room(self) -> bool:
        """Whether there is room for films; on a disk that is nearly full they go first, pictures stay."""
        room = Room(self.history.parent, self.site.disk.least_free_mib)
        await asyncio.to_thread(room.look)
        if room.scarce:
            _missed("film", "cam", "the disk is nearly full")
        return not room.scarce

    async def _picture(self, change: AlarmChanged, camera: str) -> None:
        """The evidence frame of a camera with its boxes."""
        source = f"cam.{camera}"
        try:
            snapshot = await self.bus.ask(SnapshotRequest(source=source), to=source, timeout_s=ASK_S)
        except BusError as err:
            _missed("picture", source, str(err))
            return
        assert isinstance(snapshot, Snapshot)
        drawn = await asyncio.to_thread(draw_boxes, snapshot.jpeg, snapshot.boxes)
        if drawn is None:
            _missed("picture", source, snapshot.why or "it is no picture")
            return
        await self._add(change, camera, KeptFile(name="jpg", what="picture", source=source, at=snapshot.at), drawn)

    async def _film(self, change: AlarmChanged, camera: str) -> None:
        """What the camera saw before and after: begun at once, fetched when it is done."""
        source, key = f"cam.{camera}", f"{change.id}:{change.now.value}"
        request = ClipRequest(source=source, key=key, at=change.at, before_s=self.before_s, after_s=self.after_s)
        film = None
        for wait_s in (self.after_s, *([self.again_s] * TRIES)):
            try:
                film = await self.bus.ask(request, to=source, timeout_s=ASK_S)
            except BusError as err:
                _missed("film", source, str(err))
                return
            if not film.pending:
                break
            await asyncio.sleep(wait_s)
        if not isinstance(film, Film) or not film.mp4:
            _missed("film", source, "it was not made in time" if film is None or film.pending else film.why)
            return
        await self._add(
            change, camera, KeptFile(name="mp4", what="film", source=source, at=film.at, end=film.end), film.mp4
        )

    async def _heat(self, change: AlarmChanged, device: str) -> None:
        """The hottest thermal picture around the alarm, and the temperatures of the ten minutes before."""
        source = f"pf.{device}"
        await asyncio.sleep(self.after_s + self.late_s)
        end = change.at + self.after_s
        try:
            frames = await asyncio.to_thread(lambda: list(replay(self.history / source, end - TREND_S, end)))
        except OSError as err:
            _missed("heat", source, err.strerror or "the history cannot be read")
            return
        near = [frame for frame in frames if frame.at >= change.at - self.before_s]
        if not near:
            _missed("heat", source, "no thermal picture of that time is there")
            return
        hottest = max(near, key=lambda frame: int(frame.cells.max()))
        png = await asyncio.to_thread(heat_map, hottest.cells)
        await self._add(change, device, KeptFile(name="png", what="heat", source=source, at=hottest.at), png)
        trend = KeptFile(name="json", what="trend", source=source, at=frames[0].at, end=frames[-1].at)
        await self._add(change, device, trend, trend_of(frames))

    async def _traffic(self, change: AlarmChanged) -> None:
        """What the zone's sources claimed before and after, to try other settings on."""
        at_s = time.monotonic() - (utc_s() - change.at)
        await asyncio.sleep(self.traffic.after_s)
        begin_s, end_s, lines = self.traffic.around(change.zone, at_s)
        if not lines:
            _missed("traffic", change.zone, "nothing was heard from its sources")
            return
        begin, end = (change.at + each - at_s for each in (begin_s, end_s))
        file = KeptFile(name="jsonl", what="traffic", source=f"zone.{change.zone}", at=begin, end=end)
        await self._add(change, change.zone, file, lines)

    async def _add(self, change: AlarmChanged, ident: str, file: KeptFile, content: bytes) -> None:
        """Keep a file; `file.name` is its ending until here."""
        named = msgspec.structs.replace(file, name=file_name(change.now, ident, file.name))
        if named.name and await self._kept(asyncio.to_thread(self.evidence.add, change.id, named, content), file.what):
            EVIDENCE_KEPT.labels(file.what).inc()

    async def _kept(self, job: Coroutine[Any, Any, None], what: str) -> bool:
        """Whether the disk took it; a refusal is logged once."""
        try:
            await job
        except StorageError as err:
            _log.log(logging.DEBUG if self._failed else logging.WARNING, "%s", err)
            self._failed = True
            EVIDENCE_MISSED.labels(what).inc()
            return False
        self._failed = False
        return True

    async def prune(self) -> None:
        """Keep to the limits of age and size."""
        of = self.site.journal
        keep = Keep(of.keep_days, of.alarm_days, of.max_mib * MIB * 3 // 4)
        try:
            await asyncio.to_thread(self.evidence.prune, keep, utc_s())
        except StorageError as err:
            _log.debug("%s", err)

    async def stop(self) -> None:
        """Give up what is being collected."""
        tasks = (*self._collecting, *self._listening)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _missed(what: str, source: str, why: str) -> None:
    EVIDENCE_MISSED.labels(what).inc()
    _log.info("no %s of %s is kept with the alarm: %s", what, source, why)


def devices_of(site: Site, change: AlarmChanged) -> tuple[str, ...]:
    """Ids of the PF devices with a part in the alarm; if none has, the zone's own."""
    known = {f"pf.{device.id}": device.id for device in site.devices if device.enabled}
    points = (share.point for share in change.explanation.shares)
    parts = [known[source] for point in points if (source := point.rpartition(".")[0]) in known]
    own = [device.id for device in site.devices if device.enabled and device.zone == change.zone]
    return tuple(dict.fromkeys(parts or own))[:DEVICES_MOST]


def trend_of(frames: list[Kept]) -> bytes:
    """Hottest pixel and median (°C) of each frame over its UTC second, as JSON lists of one length."""
    return msgspec.json.encode(
        {
            "at": [round(frame.at, 2) for frame in frames],
            "max_c": [round(int(frame.cells.max()) / 100.0, 2) for frame in frames],
            "median_c": [round(float(np.median(frame.cells)) / 100.0, 2) for frame in frames],
        }
    )
