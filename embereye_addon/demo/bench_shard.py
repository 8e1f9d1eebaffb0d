"""The vision bench's subject: the detector's own path (farm, shard, model) over some cameras, measured from within.

Order on its command line: a JSON file. On its input: `mark`, `end`; on its output one JSON line for each.
"""

import asyncio
import gc
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from embereye_addon.bus.memory import MemoryBus
from embereye_addon.demo.bench_streams import tell
from embereye_addon.detect.picture import single_threaded
from embereye_addon.detect.shard import Seen
from embereye_addon.messages import Sighting
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.detector import HEALTH_S, Detector, load
from embereye_addon.processes.folder import Folder
from embereye_addon.settings.model import Camera, Detection, Site, Zone
from embereye_addon.sources.camera.farm import Look

PAGE_MIB = 4096 / 2**20


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """Which streams one process watches (name to URL), over how long it connects to them, and with which seed."""

    urls: dict[str, str]
    spread_s: float
    seed: int
    looks: bool = True
    least_fps: float = 2.0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one process has counted so far; latencies (ms) and fires since the mark before.

    `cpu_by` divides the CPU time: threads that read streams, decoding, what `on_picture` does, and everything else.
    """

    mono_s: float
    cpu_s: float
    cpu_by: dict[str, float]
    rss_mib: float
    cameras: dict[str, dict[str, int]]
    offered_ms: list[float]
    looked_ms: list[float]
    fires: list[tuple[str, float]]
    faults: list[str]


def rss_mib() -> float:
    """Memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MIB


def thread_cpu_s(native_id: int | None) -> float:
    """CPU time (s) of a thread of this process; 0 where it is gone."""
    try:
        fields = Path(f"/proc/self/task/{native_id}/schedstat").read_text().split()
    except OSError:
        return 0.0
    return int(fields[0]) / 1e9


@dataclass(slots=True)
class Measured(Detector):
    """The detector itself, with the time of each picture from its arrival to what was made of it."""

    passed: list[tuple[str, int, float]] = field(default_factory=list)
    told: list[tuple[str, int, float]] = field(default_factory=list)
    fires: list[tuple[str, float]] = field(default_factory=list)
    looking_s: float = 0.0
    offered: dict[str, int] = field(default_factory=dict)
    looked: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_picture(self, source: str, look: Look) -> None:
        """As the detector does, and note how long after its arrival the picture was done with."""
        began_s = time.thread_time()
        Detector.on_picture(self, source, look)
        self.looking_s += time.thread_time() - began_s
        with self.lock:
            self.passed.append((source, look.number, 1000.0 * (time.monotonic() - look.received_mono_s)))
        self.offered[source] = self.offered.get(source, 0) + 1

    def on_seen(self, seen: Seen) -> None:
        """As the detector does, and note how long after its arrival the model had looked at the picture."""
        Detector.on_seen(self, seen)
        with self.lock:
            self.told.append((seen.source, seen.number, 1000.0 * (time.monotonic() - seen.received_mono_s)))
        self.looked[seen.source] = self.looked.get(seen.source, 0) + 1

    def say(self, sighting: Sighting) -> None:
        """As the detector does, and note whether it speaks for a fire."""
        Detector.say(self, sighting)
        if max(piece.llr_nats for piece in sighting.evidence) > 0.0:
            with self.lock:
                self.fires.append((sighting.source, time.monotonic() - (utc_s() - sighting.at)))

    def cpu_by(self) -> dict[str, float]:
        """CPU time (s) by what it was spent on; of threads that have ended nothing is known."""
        by = dict.fromkeys(("demux", "decode", "looking", "other"), 0.0)
        for thread in threading.enumerate():
            name = thread.name.split(" ")[0]
            by[name if name in by else "other"] += thread_cpu_s(thread.native_id)
        by["looking"] = self.looking_s
        by["decode"] -= self.looking_s
        by["other"] = time.process_time() - by["demux"] - by["decode"] - by["looking"]
        return by

    def found(self) -> Found:
        """Where everything stands; what was measured one by one begins anew."""
        with self.lock:
            passed, told, fires = self.passed, self.told, self.fires
            self.passed, self.told, self.fires = [], [], []
        cameras = {
            watched.stream.source: {
                "received": watched.received,
                "decoded": watched.decoded,
                "offered": self.offered.get(watched.stream.source, 0),
                "looked": self.looked.get(watched.stream.source, 0),
                "shed": watched.shed,
                "dropped": watched.dropped,
                "rejected": watched.rejected,
                "step": int(watched.step),
            }
            for watched in self.farm.watched()
        }
        return Found(
            mono_s=time.monotonic(),
            cpu_s=time.process_time(),
            cpu_by=self.cpu_by(),
            rss_mib=round(rss_mib(), 1),
            cameras=cameras,
            offered_ms=[round(ms, 2) for _, _, ms in passed],
            looked_ms=[round(ms, 2) for _, _, ms in told],
            fires=fires,
            faults=[
                *self.child.faults.values(),
                *sorted({watched.slow for watched in self.farm.watched() if watched.slow}),
            ],
        )


async def connect(detector: Measured, order: Watching) -> None:
    """Watch one stream after the other, spread at random as cameras are that were switched on at different times."""
    draw = random.Random(order.seed)
    began_s = time.monotonic()
    for due_s, (source, url) in sorted((draw.uniform(0.0, order.spread_s), row) for row in order.urls.items()):
        await asyncio.sleep(max(0.0, began_s + due_s - time.monotonic()))
        detector.farm.watch(source, url, "tcp", order.least_fps)


async def watch(order: Watching) -> None:
    """Watch until told to end."""
    single_threaded()
    cameras = {
        source: Camera(id=source.removeprefix("cam."), name=source, url=url, zone="all")
        for source, url in order.urls.items()
    }
    detection = Detection(shards=1)
    site = Site(zones=(Zone(id="all", name="All"),), cameras=tuple(cameras.values()), detection=detection)
    child = Child("detector-0", "bench", Folder(Path()), site, MemoryBus())
    model = await asyncio.to_thread(load, child) if order.looks else None
    if model is not None:
        await asyncio.to_thread(model.self_test)  # the first looks take 30 MiB that belong to no camera
    gc.freeze()  # as the detector does
    empty_mib = rss_mib()
    detector = Measured(child, model, asyncio.get_running_loop(), cameras)
    tell({"ready": True, "empty_mib": round(empty_mib, 1)})
    health = asyncio.create_task(every(HEALTH_S, detector.say_health))
    try:
        await connect(detector, order)
        while (await asyncio.to_thread(sys.stdin.readline)).strip() == "mark":
            tell(msgspec.to_builtins(detector.found()))
    finally:
        health.cancel()
        await detector.stop()


if __name__ == "__main__":
    asyncio.run(watch(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Watching)))
