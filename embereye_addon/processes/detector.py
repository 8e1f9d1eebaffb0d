"""A detector: leases cameras, watches them, looks at their pictures, says what it saw."""

import asyncio
import gc
import logging
import os
import time
from dataclasses import dataclass, field

from embereye_addon.bus import LEASE_RENEW_S, Lease
from embereye_addon.detect.assign import mine
from embereye_addon.detect.loading import load as loaded
from embereye_addon.detect.masks import masks
from embereye_addon.detect.model import WEIGHTS, Looker, Model
from embereye_addon.detect.models import SHIPPED, Models
from embereye_addon.detect.pacing import spare
from embereye_addon.detect.picture import single_threaded
from embereye_addon.detect.shard import Outlets, Seen, Shard
from embereye_addon.errors import ModelError
from embereye_addon.fuse.video import nothing
from embereye_addon.messages import (
    Box,
    CheckModel,
    ClipRequest,
    Evidence,
    Film,
    HotSpots,
    ProcessHealth,
    Reading,
    Sighting,
    Snapshot,
    SnapshotRequest,
    SourceHealth,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.films import Films
from embereye_addon.processes.kept_pictures import KeptPictures
from embereye_addon.processes.looked import Looked
from embereye_addon.processes.main_streams import MainStreams
from embereye_addon.processes.model_test import ModelTest
from embereye_addon.processes.ruling import persistence
from embereye_addon.processes.shadow import Shadow
from embereye_addon.processes.sightings import boxes_of, evidence_of
from embereye_addon.settings.model import Camera
from embereye_addon.settings.regions import parse
from embereye_addon.sources.camera.farm import Farm, Look, fault
from embereye_addon.sources.camera.rtsp import with_credentials
from embereye_addon.sources.camera.saying import Counts, rate_words, stream_words
from embereye_addon.sources.camera.watched import Watched

_log = logging.getLogger(__name__)

HEALTH_S = 2.0
MAINS_S = 1.0
ALIVE_S = 8.0
HELD_S = 20.0
"""So long after evidence of a fire every picture of the camera is decoded, whatever the load."""
LOG_S = 0.5
"""The log has its last line by then."""
NO_PICTURES = ("stream_lost", "no_picture")
"""With another fault of its stream, such as a low rate, a camera's pictures are judged all the same."""
NOT_MINE_S = 5.0
"""A question for a camera that is watched elsewhere is answered later than anybody waits, so its watcher is heard."""


@dataclass(slots=True)
class Detector:
    """One detector with its cameras: `on_picture` runs in the decode thread, `on_seen` and `on_failed` in the model's.

    Everything else runs in the event loop.
    """

    child: Child
    model: Looker | None
    loop: asyncio.AbstractEventLoop
    cameras: dict[str, Camera]
    leases: dict[str, Lease] = field(default_factory=dict)
    alive_s: dict[str, float] = field(default_factory=dict)
    answering: set[str] = field(default_factory=set)
    seq: int = 0
    farm: Farm = field(init=False)
    mains: MainStreams = field(init=False)
    pictures: KeptPictures = field(init=False)
    model_test: ModelTest = field(init=False)
    films: Films = field(init=False)
    shard: Shard | None = None
    shadow: Shadow | None = None
    zone_of: dict[str, str] = field(default_factory=dict)
    lasting_s: dict[str, tuple[float, float]] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    notes: Looked = field(default_factory=Looked)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        site = self.child.site
        masks_of = {source: masks(tuple(map(parse, camera.regions))) for source, camera in self.cameras.items()}
        self.zone_of = {f"pf.{device.id}": device.zone for device in site.devices}
        self.lasting_s = persistence(site)
        self.pictures = KeptPictures(masks_of)
        loads = any_model if self.model is None else live
        folders = (WEIGHTS, self.child.folder.models)
        self.model_test = ModelTest(self.child, self.model, lambda: loads(self.child), folders)
        self.mains = MainStreams(self.cameras, site.detection.decode)
        self.farm = Farm(self.on_picture, self.on_resized, site.detection.decode, rings=site.journal.clips)
        self.films = Films(self.farm, masks_of)
        if self.model is not None:
            outlets = Outlets(
                self.on_seen, self.on_failed, self.on_suspect, self.mains.newest, share=lambda: spare(self.farm.busy)
            )
            self.shard = Shard(self.model, site.detection.looks_hz, outlets, masks_of)
            self.shard.start()

    # --- in the decode thread and the model's ---------------------------------------------------------------
    def on_picture(self, source: str, look: Look) -> None:
        """Glance at a picture; the model looks at it later, if it must."""
        if self.shard is None:
            return
        try:
            glance = self.shard.offer(source, look)
        except Exception as err:  # noqa: BLE001 - whatever it is, a picture that is not looked at is a fault
            self.on_failed(source, err)
            return
        if self.notes.glanced(glance, time.monotonic()):
            self.tell(self.sighting(source, look.number, look.at))

    def on_failed(self, source: str, err: Exception) -> None:
        """A glance or a look that failed is a fault until one succeeds."""
        if "model_failed" not in self.child.faults:
            _log.error("%s: a look failed: %s", source, err, exc_info=err)
        words = str(err) if isinstance(err, ModelError) else type(err).__name__
        self.child.faults["model_failed"] = f"looking at a picture of {source} failed: {words}"[:400]

    def on_suspect(self, source: str, now_s: float) -> None:
        """Something is suspected: no picture of this camera is left out, and its main stream helps."""
        self.farm.hold_full(source, now_s + HELD_S)
        self.mains.suspect(source, now_s)

    def on_resized(self, source: str) -> None:
        """The camera sends another size: what was learned of its old pictures does not fit any more."""
        if self.shard is not None:
            self.shard.forget(source)

    def on_seen(self, seen: Seen) -> None:
        """Make a sighting of one look, and keep its picture when it supports a fire."""
        self.child.faults.pop("model_failed", None)
        boxes = boxes_of(seen)
        pieces = evidence_of(seen, self.lasting_s[seen.source])
        self.pictures.keep(seen, boxes, max(piece.llr_nats for piece in pieces))
        if self.notes.seen(seen, time.monotonic()):
            self.tell(self.sighting(seen.source, seen.number, seen.at, boxes, pieces))
        if self.shadow is not None:
            self.shadow.looked(seen)

    def sighting(
        self,
        source: str,
        number: int,
        at: float,
        boxes: tuple[Box, ...] = (),
        pieces: tuple[Evidence, ...] = (),
    ) -> Sighting:
        """What one picture came to; without evidence it was glanced at, and the model had no reason to look."""
        return Sighting(
            source=source,
            seq=number,
            at=at,
            node=self.child.node,
            frame=number,
            model=self.model.name if self.model else "none",
            looked=self.shard.looks(source) if self.shard else 0,
            boxes=boxes,
            evidence=pieces or nothing(source),
            look_ms=self.notes.latency_ms(source),
        )

    def tell(self, sighting: Sighting) -> None:
        """Tell a sighting, from any thread."""
        self.loop.call_soon_threadsafe(self.say, sighting)

    # --- in the event loop --------------------------------------------------------------------------------
    def say(self, sighting: Sighting) -> None:
        """Tell a sighting."""
        task = self.loop.create_task(self.child.bus.say(sighting))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def follow_suspicion(self) -> None:
        """Open and close main streams, once a second."""
        await asyncio.to_thread(self.mains.tick, time.monotonic())

    def on_heat(self, fact: HotSpots | Reading) -> None:
        """A PF device claims heat, gas or flame: the cameras beside it, in its zone, leave no picture out."""
        zone = self.zone_of.get(fact.source)
        if zone is None or max((piece.llr_nats for piece in fact.evidence), default=0.0) <= 0.0:
            return
        until_s = time.monotonic() + HELD_S
        for source, camera in self.cameras.items():
            if camera.zone == zone:
                self.farm.hold_full(source, until_s)

    async def stop(self) -> None:
        """Let every camera go, end every thread."""
        for source in tuple(self.leases):
            await self.give_back(source)
        await self.films.stop()
        await asyncio.to_thread(self.farm.stop)
        if self.shard is not None:
            await asyncio.to_thread(self.shard.stop)
        await asyncio.to_thread(self.mains.stop)

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
            self.notes.begin(source, time.monotonic())
            url = with_credentials(camera.url, camera.username, camera.password)
            self.farm.watch(source, url, camera.transport, camera.min_fps)
            if source not in self.answering:
                self.answering.add(source)
                await self.child.bus.answer(SnapshotRequest, self.snapshot, at=source)
                await self.child.bus.answer(ClipRequest, self.clip, at=source)

    async def give_back(self, source: str) -> None:
        """Stop watching at once, then let the lease go."""
        self.farm.drop(source)
        self.mains.forget(source)
        if self.shard is not None:
            self.shard.forget(source)
        await self.leases.pop(source).release()

    async def snapshot(self, request: SnapshotRequest) -> Snapshot:
        """The evidence picture, or the newest one when asked for or when there is no evidence."""
        if request.source not in self.leases:
            await asyncio.sleep(NOT_MINE_S)
            return Snapshot(source=request.source, at=utc_s(), jpeg=b"", why="another detector watches this camera")
        kept = self.pictures.of(request.source, time.monotonic())
        if kept is not None and not request.live:
            return Snapshot(source=request.source, at=kept.at, jpeg=kept.jpeg, boxes=kept.boxes)
        frame = await asyncio.to_thread(self.farm.newest, request.source)
        if frame is None:
            return Snapshot(source=request.source, at=utc_s(), jpeg=b"", why="no picture has come from this camera yet")
        live = await asyncio.to_thread(self.pictures.live, frame)
        return Snapshot(source=request.source, at=frame.at, jpeg=live)

    async def clip(self, request: ClipRequest) -> Film:
        """A film of an alarm: begun by the first asking, given by a later one."""
        if request.source not in self.leases:
            await asyncio.sleep(NOT_MINE_S)
            return Film(source=request.source, at=request.at, mp4=b"", why="another detector watches this camera")
        return await self.films.answer(request)

    async def say_health(self) -> None:
        """Every camera that is watched here, every two seconds."""
        now_s = time.monotonic()
        if self.shard is not None:
            self.notes.count(self.child.name, self.shard.waiting)
        for watched in self.farm.watched():
            await self.child.bus.say(self.health(watched, now_s))

    def health(self, watched: Watched, now_s: float) -> SourceHealth:
        """One camera's health; rates are over the time since the last call."""
        stream = watched.stream
        faults = fault(watched, now_s)
        coming = self.model is not None and all(code not in NO_PICTURES for code, _ in faults)
        faults = (*faults, *self.model_test.claims(), *self.notes.faults(stream.source, now_s, coming=coming))
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
            latency_ms=self.notes.latency_ms(stream.source),
            faults=faults,
            words=stream_words(watched),
            shed=watched.shed,
            rate_step=rate_words(watched),
        )


def live(child: Child) -> Looker:
    """The model that is set; `ModelError` in words where it cannot be used."""
    models = Models(child.folder.models)
    return loaded(models, models.state().live, child.site.detection.device)


def any_model(child: Child) -> Looker:
    """The model that is set, else the shipped one; `ModelError` in words where neither can be used."""
    try:
        return live(child)
    except ModelError:
        return loaded(Models(child.folder.models), SHIPPED, child.site.detection.device)


def load(child: Child) -> Looker | None:
    """The live model; the shipped one and a standing fault where that cannot be used; None and a fault without any."""
    try:
        return live(child)
    except ModelError as err:
        _log.error("%s", err)
        why = str(err)
    try:
        shipped = any_model(child)
    except ModelError as err:
        child.faults["model_missing"] = str(err)
        return None
    child.faults["model_fallback"] = f"the shipped model looks instead of the one that is set: {why}"[:400]
    return shipped


def shadow(child: Child) -> Shadow | None:
    """The model that looks on beside the live one, if there is one that can."""
    models = Models(child.folder.models)
    try:
        name = models.state().shadow
        return None if name is None else Shadow(name, loaded(models, name, child.site.detection.device))
    except ModelError as err:
        _log.warning("no model looks on in shadow: %s", err)
        return None


async def until_mended(test: ModelTest) -> None:
    """Test the model; when its files were mended end at once, for its leases stay its own and it is started again."""
    try:
        await test.watch()
    except ModelError as err:
        _log.error("%s", err)
        await asyncio.sleep(LOG_S)
        os._exit(1)


async def main(child: Child) -> None:
    """Watch cameras until told to stop."""
    single_threaded()
    model = await asyncio.to_thread(load, child)
    gc.freeze()  # what was loaded stays: looking through it for garbage would hold up every thread for 40 ms
    child.notices = model.notices if isinstance(model, Model) else ()
    cameras = {f"cam.{camera.id}": camera for camera in child.site.cameras if camera.enabled}
    detector = Detector(child, model, asyncio.get_running_loop(), cameras)
    detector.shadow = await asyncio.to_thread(shadow, child)
    await child.bus.hear(ProcessHealth, detector.on_health)
    await child.bus.hear(HotSpots, detector.on_heat)
    await child.bus.hear(Reading, detector.on_heat)
    await child.bus.answer(CheckModel, detector.model_test.on_check, at=child.source)
    try:
        async with asyncio.TaskGroup() as work:
            work.create_task(every(LEASE_RENEW_S, detector.share), name="share")
            work.create_task(every(HEALTH_S, detector.say_health), name="health")
            work.create_task(every(MAINS_S, detector.follow_suspicion), name="main streams")
            work.create_task(until_mended(detector.model_test), name="self-test")
    finally:
        await detector.stop()
