"""Pictures on their way to Home Assistant: evidence after an alarm, heat maps now and then. Never before an alarm."""

import asyncio
import logging

import msgspec

from embereye_addon.bus import Bus
from embereye_addon.errors import BusError, LinkError
from embereye_addon.messages import AlarmChanged, Snapshot, SnapshotRequest, ThermalFrame
from embereye_addon.publish.heat_over import HeatOver
from embereye_addon.publish.mqtt import Mqtt
from embereye_addon.publish.snapshots import draw_boxes, heat_map
from embereye_addon.publish.states import State
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings import model
from embereye_addon.thermal.cells import read

log = logging.getLogger(__name__)

MAX_CAMERAS = 4
"""Pictures of one alarm; more would only delay the first."""
ASK_S = 4.0


def cameras_of(site: model.Site, change: AlarmChanged) -> tuple[str, ...]:
    """Ids of the cameras to ask: those with a part in the alarm, greatest first; if none has, the zone's own."""
    known = {f"cam.{camera.id}": camera.id for camera in site.cameras if camera.enabled}
    points = (share.point for share in change.explanation.shares)
    parts = [known[source] for point in points if (source := point.rpartition(".")[0]) in known]
    own = [camera.id for camera in site.cameras if camera.enabled and camera.zone == change.zone]
    return tuple(dict.fromkeys(parts or own))[:MAX_CAMERAS]


class Pictures:
    """Asks for pictures, draws, publishes. A picture that fails is counted and missed by nobody but the eye."""

    def __init__(self, topics: Topics, site: model.Site, bus: Bus, mqtt: Mqtt, over: HeatOver) -> None:
        self._topics, self._site, self._bus, self._mqtt, self._over = topics, site, bus, mqtt, over
        self.failed = 0

    async def evidence(self, change: AlarmChanged) -> tuple[tuple[str, bytes], ...]:
        """The drawn picture of each contributing camera, by camera id."""
        ids = cameras_of(self._site, change)
        found = await asyncio.gather(*(self._ask(camera) for camera in ids))
        return tuple((camera, jpeg) for camera, jpeg in zip(ids, found, strict=True) if jpeg)

    async def show(self, change: AlarmChanged, pictures: tuple[tuple[str, bytes], ...]) -> None:
        """Publish them, the first one for its zone too; not retained: an old picture must not look like a new one."""
        if pictures:
            await self._send(self._topics.of(Subject.ZONE, change.zone, "snapshot"), pictures[0][1], change.id)
        for camera, jpeg in pictures:
            await self._send(self._topics.of(Subject.CAMERA, camera, "snapshot"), jpeg, change.id)

    async def show_live(self, camera: str) -> None:
        """Publish what a camera sees now, for its camera entity."""
        jpeg = await self._ask(camera, live=True)
        if jpeg:
            await self._send(self._topics.of(Subject.CAMERA, camera, "picture"), jpeg)

    async def tell_detections(self, told: tuple[tuple[str, State], ...]) -> None:
        """Publish what cameras saw, as events of theirs."""
        for camera, event in told:
            await self._send(self._topics.of(Subject.CAMERA, camera, "event"), msgspec.json.encode(event))

    async def show_heat(self, device: str, frame: ThermalFrame) -> None:
        """Publish a PF device's heat map."""
        cells = read(frame.coding, frame.cells)
        if cells is None:
            self.failed += 1
            return
        png = await asyncio.to_thread(heat_map, cells)
        await self._send(self._topics.of(Subject.PF, device, "snapshot"), png)

    async def _ask(self, camera: str, *, live: bool = False) -> bytes | None:
        source = f"cam.{camera}"
        try:
            snapshot = await self._bus.ask(SnapshotRequest(source=source, live=live), to=source, timeout_s=ASK_S)
        except BusError as error:
            log.log(logging.DEBUG if live else logging.INFO, "No picture of %s: %s", source, error)
            self.failed += 1
            return None
        if not isinstance(snapshot, Snapshot) or not snapshot.jpeg:
            self.failed += 1
            return None
        heat = self._over.of(camera, snapshot.at)
        return await asyncio.to_thread(draw_boxes, snapshot.jpeg, snapshot.boxes, heat)

    async def _send(self, topic: str, payload: bytes, alarm_id: str = "") -> None:
        try:
            await self._mqtt.publish(topic, payload, alarm_id=alarm_id)
        except LinkError:
            self.failed += 1
