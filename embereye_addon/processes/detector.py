"""A detector: leases cameras, watches them, looks at their pictures, says what it saw."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from embereye_addon.bus import LEASE_RENEW_S, Lease
from embereye_addon.detect.assign import mine
from embereye_addon.detect.model import Model
from embereye_addon.detect.picture import jpeg, single_threaded
from embereye_addon.detect.shard import Seen, Shard
from embereye_addon.errors import ModelError
from embereye_addon.fuse.video import evidence
from embereye_addon.messages import Box, ProcessHealth, Sighting, Snapshot, SnapshotRequest, SourceHealth
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import FRAME_LOOK, FRAMES_LOOKED
from embereye_addon.processes.child import Child, every
from embereye_addon.settings.model import Camera
from embereye_addon.sources.camera.farm import Farm, Look, fault
from embereye_addon.sources.camera.rtsp import with_credentials
from embereye_addon.sources.camera.saying import Counts, rate_words, stream_words
from embereye_addon.sources.camera.watched import Watched

_log = logging.getLogger(__name__)

HEALTH_S = 2.0
ALIVE_S = 8.0
SELF_TEST_S = 3600.0
PICTURE_EVERY_S = 0.5
PICTURE_KEPT_S = 60.0
LOOK_LATE_S = 10.0
"""A camera whose pictures come but are not looked at for this long is a fault: it is never quiet by itself."""
HELD_S = 20.0
"""So long after evidence of a fire every picture of the camera is decoded, whatever the load."""
NOT_MINE_S = 5.0
"""A question for a camera that is watched elsewhere is answered later than anybody waits, so its watcher is heard."""


@dataclass(slots=True)
class Picture:
    """The picture of the strongest evidence of late, as a JPEG with its boxes."""

    jpeg: bytes
    boxes: tuple[Box, ...]
    at: float
    mono_s: float
    llr_nats: float


@dataclass(slots=True)
class Detector:
    """One detector with its cameras. Runs in the event loop; `on_picture` runs in the decode thread."""

    child: Child
    model: Model | None
    loop: asyncio.AbstractEventLoop
    cameras: dict[str, Camera]
    leases: dict[str, Lease] = field(default_factory=dict)
    alive_s: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    answering: set[str] = field(default_factory=set)
    seq: int = 0
    farm: Farm = field(init=False)
    shard: Shard | None = None
    counts: Counts = field(default_factory=Counts)
    look_ms: dict[str, float] = field(default_factory=dict)
    looked_s: dict[str, float] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.model is not None:
            self.shard = Shard(self.model, self.child.site.detection.looks_hz, self.on_seen)
        self.farm = Farm(self.on_picture, self.on_resized, self.child.site.detection.decode)

    # --- in the decode thread -----------------------------------------------------------------------------
    def on_picture(self, source: str, look: Look) -> None:
        """Offer a picture to the model."""
        if self.shard is None:
            return
        try:
            looked = self.shard.offer(source, look.number, (look.at, look.received_mono_s), look.size, look.bgr)
        except Exception as err:  # noqa: BLE001 - whatever it is, a picture that is not looked at is a fault
            if "model_failed" not in self.child.faults:
                _log.error("%s: a look failed: %s", source, err, exc_info=err)
            words = str(err) if isinstance(err, ModelError) else type(err).__name__
            self.child.faults["model_failed"] = f"looking at a picture of {source} failed: {words}"[:400]
            return
        if looked:
            self.looked_s[source] = time.monotonic()
            self.child.faults.pop("model_failed", None)

    def on_resized(self, source: str) -> None:
        """The camera sends another size: what was learned of its old pictures does not fit any more."""
        if self.shard is not None:
            self.shard.forget(source)

    def on_seen(self, seen: Seen) -> None:
        """Make a sighting of one look, and keep its picture when it supports a fire."""
        boxes = tuple(
            Box(
                label=track.detection.label,
                confidence=track.detection.confidence,
                left=track.detection.left,
                top=track.detection.top,
                right=track.detection.right,
                bottom=track.detection.bottom,
                track=track.number,
                age_s=round(seen.received_mono_s - track.first_mono_s, 2),
            )
            for track in seen.tracks
        )
        strongest: dict[str, tuple[float, float, str]] = {}
        for track in sorted(seen.tracks, key=lambda track: track.detection.logit):
            box = track.detection
            where = f"box {box.left:.2f},{box.top:.2f},{box.right:.2f},{box.bottom:.2f}"
            strongest[box.label] = (box.confidence, track.motion, where)
        if max(seen.llr_nats) > 0.0:
            self.farm.hold_full(seen.source, time.monotonic() + HELD_S)
        pieces = evidence(seen.source, seen.llr_nats, strongest)
        self.keep_picture(seen, boxes, max(piece.llr_nats for piece in pieces))
        took_ms = (time.monotonic() - seen.received_mono_s) * 1000.0
        FRAME_LOOK.observe(took_ms / 1000.0)
        FRAMES_LOOKED.labels(seen.source).inc()
        sighting = Sighting(
            source=seen.source,
            seq=seen.number,
            at=seen.at,
            node=self.child.node,
            frame=seen.number,
            model=self.model.name if self.model else "none",
            looked=self.shard.looks(seen.source) if self.shard else 0,
            boxes=boxes,
            evidence=pieces,
            look_ms=round(took_ms, 2),
        )
        self.look_ms[seen.source] = took_ms
        self.loop.call_soon_threadsafe(self.say, sighting)

    def keep_picture(self, seen: Seen, boxes: tuple[Box, ...], llr_nats: float) -> None:
        """Keep the picture of the strongest evidence, a new one at most twice a second."""
        if llr_nats <= 0.0 or not boxes:
            return
        now_s = seen.received_mono_s
        kept = self.pictures.get(seen.source)
        if kept is not None and now_s - kept.mono_s < PICTURE_EVERY_S:
            return
        if kept is not None and now_s - kept.mono_s < PICTURE_KEPT_S and kept.llr_nats > llr_nats:
            return
        frame = self.farm.newest(seen.source)
        if frame is not None and (encoded := jpeg(frame.bgr)):
            self.pictures[seen.source] = Picture(encoded, boxes, seen.at, now_s, llr_nats)

    # --- in the event loop --------------------------------------------------------------------------------
    def say(self, sighting: Sighting) -> None:
        """Tell a sighting."""
        task = self.loop.create_task(self.child.bus.say(sighting))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_health(self, health: ProcessHealth) -> None:
        """Another detector lives."""
        if ".detector-" in health.source:
            self.alive_s[health.source] = time.monotonic()

    async def share(self) -> None:
        """Take the leases of the cameras that are ours, give back the others, watch what is held."""
        now_s = time.monotonic()
        alive = {name for name, heard_s in self.alive_s.items() if now_s - heard_s < ALIVE_S}
        wanted = mine(self.child.source, tuple(self.cameras), alive)
        for source in self.cameras:
            if source in wanted:
                await self.take(source)
            elif source in self.leases:
                await self.give_back(source)
        for source, lease in tuple(self.leases.items()):
            if not lease.held(time.monotonic()):
                await self.give_back(source)

    async def take(self, source: str) -> None:
        """Hold a camera's lease and watch it; another's lease is waited for."""
        lease = self.leases.get(source) or self.child.bus.lease(f"watch.{source}", self.child.source)
        if not await lease.renew() and source not in self.leases:
            return
        if source not in self.leases and lease.held(time.monotonic()):
            self.leases[source] = lease
            camera = self.cameras[source]
            self.looked_s[source] = time.monotonic()
            url = with_credentials(camera.url, camera.username, camera.password)
            self.farm.watch(source, url, camera.transport, camera.min_fps)
            if source not in self.answering:
                self.answering.add(source)
                await self.child.bus.answer(SnapshotRequest, self.snapshot, at=source)

    async def give_back(self, source: str) -> None:
        """Stop watching at once, then let the lease go."""
        self.farm.drop(source)
        if self.shard is not None:
            self.shard.forget(source)
        await self.leases.pop(source).release()

    async def snapshot(self, request: SnapshotRequest) -> Snapshot:
        """The evidence picture, or the newest one when asked for or when there is no evidence."""
        if request.source not in self.leases:
            await asyncio.sleep(NOT_MINE_S)
            return Snapshot(source=request.source, at=utc_s(), jpeg=b"", why="another detector watches this camera")
        kept = self.pictures.get(request.source)
        if kept is not None and not request.live and time.monotonic() - kept.mono_s < PICTURE_KEPT_S:
            return Snapshot(source=request.source, at=kept.at, jpeg=kept.jpeg, boxes=kept.boxes)
        frame = await asyncio.to_thread(self.farm.newest, request.source)
        if frame is None:
            return Snapshot(source=request.source, at=utc_s(), jpeg=b"", why="no picture has come from this camera yet")
        return Snapshot(source=request.source, at=frame.at, jpeg=await asyncio.to_thread(jpeg, frame.bgr))

    async def say_health(self) -> None:
        """Every camera that is watched here, every two seconds."""
        now_s = time.monotonic()
        for watched in self.farm.watched():
            await self.child.bus.say(self.health(watched, now_s))

    def health(self, watched: Watched, now_s: float) -> SourceHealth:
        """One camera's health; rates are over the time since the last call."""
        stream = watched.stream
        faults = fault(watched, now_s)
        if self.model is None:
            faults = (*faults, ("model_missing", "the detection model is not loaded, so nothing is looked at"))
        late_s = now_s - self.looked_s.get(stream.source, now_s)
        if not faults and late_s > LOOK_LATE_S:
            faults = (("not_looked", f"pictures come, but none was looked at for {late_s:.0f} s"),)
        decoded = self.counts.tell(watched)
        self.seq += 1
        return SourceHealth(
            source=stream.source,
            seq=self.seq,
            at=utc_s(),
            node=self.child.node,
            state=stream.link.state,
            rate_hz=round(decoded / HEALTH_S, 1),
            received=watched.received,
            dropped=watched.dropped,
            rejected=watched.rejected,
            reconnects=stream.link.reconnects,
            latency_ms=round(self.look_ms.get(stream.source, 0.0), 1),
            faults=faults,
            words=stream_words(watched),
            shed=watched.shed,
            rate_step=rate_words(watched),
        )

    async def self_test(self) -> None:
        """Reference pictures through the very same model, at the start and every hour."""
        if self.model is None:
            return
        try:
            why = await asyncio.to_thread(self.model.self_test)
        except ModelError as err:
            why = str(err)
        if why:
            _log.error("the model's self-test failed: %s", why)
            self.child.faults["model_self_test"] = why
        else:
            self.child.faults.pop("model_self_test", None)


def load(child: Child) -> Model | None:
    """The model, or None and a standing fault."""
    try:
        return Model(child.site.detection.device)
    except ModelError as err:
        _log.error("%s", err)
        child.faults["model_missing"] = str(err)
        return None


async def main(child: Child) -> None:
    """Watch cameras until told to stop."""
    single_threaded()
    model = await asyncio.to_thread(load, child)
    cameras = {f"cam.{camera.id}": camera for camera in child.site.cameras if camera.enabled}
    detector = Detector(child, model, asyncio.get_running_loop(), cameras)
    await child.bus.hear(ProcessHealth, detector.on_health)
    try:
        async with asyncio.TaskGroup() as work:
            work.create_task(every(LEASE_RENEW_S, detector.share), name="share")
            work.create_task(every(HEALTH_S, detector.say_health), name="health")
            work.create_task(every(SELF_TEST_S, detector.self_test), name="self-test")
    finally:
        for source in tuple(detector.leases):
            await detector.give_back(source)
        await asyncio.to_thread(detector.farm.stop)
