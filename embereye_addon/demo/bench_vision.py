"""make bench-vision: many cameras into the detector's own path, beside what one would write first.

Real RTSP from processes of its own, the detector's farm, shard and model in shard processes. The scene is quiet with
sensor noise and somebody who walks through now and then (not with --still); cameras begin at different moments and are
connected at different times, so their key frames do not come together. Then fires are staged in some of them. The same
streams, fewer, go to `cv2.VideoCapture` and to an ffmpeg pipe a camera, each with the model on every picture. CPU is
user and system time of the processes that are measured; that of the load is told apart.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from embereye_addon import __version__
from embereye_addon.demo import bench_drawing
from embereye_addon.demo.bench_plain import Plain
from embereye_addon.demo.bench_shard import Found, Watching
from embereye_addon.demo.bench_streams import Streams, name
from embereye_addon.demo.figures import quantiles
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.plan import ALLOCATOR

LINE_MOST = 256 * 1024 * 1024
"""Bytes of one answer: each picture's latency is in it."""
ANSWER_S = 600.0
"""Rendering the clips the first time takes minutes."""
CAMERAS_A_LOADER = 50
FIRE_EVERY_S = 3.0


@dataclass(slots=True)
class Worker:
    """A process of the bench: its order in a file, words to its input, JSON lines from its output."""

    process: asyncio.subprocess.Process
    first: dict[str, Any] = field(default_factory=dict)

    async def ask(self, words: str) -> dict[str, Any]:
        """Say something, get the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n".encode())
        await self.process.stdin.drain()
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """The next line. RuntimeError when the process is gone."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), ANSWER_S)
        if not line:
            msg = "a process of the bench ended; its own words are above"
            raise RuntimeError(msg)
        found: dict[str, Any] = msgspec.json.decode(line)
        return found


@contextlib.asynccontextmanager
async def worker(module: str, order: msgspec.Struct, path: Path) -> AsyncIterator[Worker]:
    """A running worker which has said its first line."""
    await asyncio.to_thread(path.write_bytes, msgspec.json.encode(order))
    words = [sys.executable, "-m", f"embereye_addon.demo.{module}", str(path)]
    pipe = asyncio.subprocess.PIPE
    env = {**os.environ, **ALLOCATOR}
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, limit=LINE_MOST, env=env)
    found = Worker(process)
    try:
        found.first = await found.answer()
        yield found
    finally:
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.write(b"end\n")
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 15.0)
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass(slots=True)
class Load:
    """The cameras: URLs by source, and the processes that serve them."""

    workers: list[Worker]
    urls: dict[str, str]
    server_of: dict[str, Worker]

    async def stage(self, what: str, source: str) -> float:
        """Begin a `fire` in front of a camera, or make it `quiet` again; the monotonic second of it."""
        answer = await self.server_of[source].ask(f"{what} {source.removeprefix('cam.')}")
        return float(answer["mono_s"])

    async def cpu_s(self) -> float:
        """CPU time of all load so far."""
        return sum([float((await one.ask("mark"))["cpu_s"]) for one in self.workers])


@contextlib.asynccontextmanager
async def serving(given: argparse.Namespace, size: tuple[int, int], cameras: int, path: Path) -> AsyncIterator[Load]:
    """The load's processes, each with its share of the cameras."""
    load = Load([], {}, {})
    async with contextlib.AsyncExitStack() as stack:
        for first in range(0, cameras, CAMERAS_A_LOADER):
            numbers = tuple(range(first, min(cameras, first + CAMERAS_A_LOADER)))
            order = Streams(
                cameras=numbers,
                fps=given.fps,
                width=size[0],
                height=size[1],
                rooms=given.rooms,
                cache=str(given.cache),
                still=given.still,
            )
            one = await stack.enter_async_context(worker("bench_streams", order, path / f"streams{first}.json"))
            load.workers.append(one)
            for number in numbers:
                source = f"cam.{name(number)}"
                load.urls[source] = f"rtsp://127.0.0.1:{one.first['port']}/{name(number)}"
                load.server_of[source] = one
        yield load


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured between two marks."""

    seconds: float
    before: list[Found]
    after: list[Found]
    load_cpu_s: float
    staged: dict[str, float]


async def marks(workers: list[Worker]) -> list[Found]:
    """Where every measured process stands."""
    return [msgspec.convert(await one.ask("mark"), Found) for one in workers]


async def part(load: Load, workers: list[Worker], seconds: float, fires: int = 0) -> Part:
    """Measure for so long; `fires` are staged one after the other in cameras spread over all."""
    before, cpu_s, began_s = await marks(workers), await load.cpu_s(), time.monotonic()
    staged: dict[str, float] = {}
    sources = list(load.urls)
    for number in range(fires):
        source = sources[(number * len(sources)) // fires]
        staged[source] = await load.stage("fire", source)
        await asyncio.sleep(FIRE_EVERY_S)
    await asyncio.sleep(max(0.0, began_s + seconds - time.monotonic()))
    after = await marks(workers)
    took_s = time.monotonic() - began_s
    return Part(took_s, before, after, await load.cpu_s() - cpu_s, staged)


def summed(found: Part, key: str) -> dict[str, int]:
    """What each camera has more of one counter."""
    was = {source: row.get(key, 0) for one in found.before for source, row in one.cameras.items()}
    return {source: row.get(key, 0) - was.get(source, 0) for one in found.after for source, row in one.cameras.items()}


def figures_of(found: Part, empty_mib: list[float]) -> dict[str, Any]:
    """One part in figures; CPU per decoded picture, memory per process and per camera, latency from arrival."""
    totals = {
        key: summed(found, key) for key in ("received", "decoded", "offered", "looked", "shed", "dropped", "rejected")
    }
    cpu_s = sum(b.cpu_s for b in found.after) - sum(b.cpu_s for b in found.before)
    decoded, cameras = sum(totals["decoded"].values()), len(totals["decoded"])
    cores, pairs = os.cpu_count() or 1, list(zip(found.before, found.after, strict=True))
    worst = max((lost / max(1, totals["received"][one]) for one, lost in totals["dropped"].items()), default=0.0)
    grown_mib = sum(one.rss_mib for one in found.after) - sum(empty_mib)
    return {
        "cameras": cameras,
        "seconds": round(found.seconds, 1),
        "a_second": {key: round(sum(rows.values()) / found.seconds, 1) for key, rows in totals.items()},
        "dropped_worst_camera_pct": round(100.0 * worst, 2),
        "cpu_ms_a_frame": round(1000.0 * cpu_s / max(1, decoded), 3),
        "cpu_ms_a_frame_by": {
            key: round(1000.0 * sum(b.cpu_by[key] - a.cpu_by.get(key, 0.0) for a, b in pairs) / max(1, decoded), 3)
            for key in found.after[0].cpu_by
        },
        "cores": round(cpu_s / found.seconds, 3),
        "load_cores": round(found.load_cpu_s / found.seconds, 3),
        "headroom_pct": round(100.0 * (1.0 - cpu_s / found.seconds / cores), 1),
        "heuristic_ms": quantiles([ms for one in found.after for ms in one.offered_ms]),
        "model_ms": quantiles([ms for one in found.after for ms in one.looked_ms]),
        "rss_mib": [one.rss_mib for one in found.after],
        "empty_mib": empty_mib,
        "mib_a_camera": round(grown_mib / max(1, cameras), 2),
        "steps": _steps(found),
        "events": events(found),
        "faults": sorted({text for one in found.after for text in one.faults}),
    }


def _steps(found: Part) -> dict[str, int]:
    steps = [row.get("step", 0) for one in found.after for row in one.cameras.values()]
    return {str(step): steps.count(step) for step in sorted(set(steps))}


def events(found: Part) -> dict[str, Any]:
    """Which staged fires were seen and how soon, and how many cameras without one were taken for a fire."""
    seen: dict[str, float] = {}
    false: set[str] = set()
    for source, at_s in sorted((fire for one in found.after for fire in one.fires), key=lambda fire: fire[1]):
        since_s = at_s - found.staged.get(source, float("inf"))
        if since_s >= 0.0:
            seen.setdefault(source, round(since_s, 2))
        elif source not in found.staged:
            false.add(source)
    delays = sorted(seen.values())
    return {
        "staged": len(found.staged),
        "missed": len(found.staged) - len(seen),
        "seen_after_s": delays,
        "cameras_taken_for_a_fire": len(false),
    }


async def subject(given: argparse.Namespace, load: Load, path: Path) -> dict[str, Any]:
    """The detector's path over all cameras of the load, first quiet, then with fires."""
    sources = list(load.urls)
    async with contextlib.AsyncExitStack() as stack:
        workers = []
        spread_s = max(1.0, 0.1 * len(sources))
        for number in range(given.shards):
            mine = {source: load.urls[source] for source in sources[number :: given.shards]}
            order = Watching(urls=mine, spread_s=spread_s, seed=number, looks=given.looks)
            workers.append(await stack.enter_async_context(worker("bench_shard", order, path / f"shard{number}.json")))
        await asyncio.sleep(spread_s + given.settle)
        empty = [float(one.first["empty_mib"]) for one in workers]
        quiet = figures_of(await part(load, workers, given.seconds), empty)
        fires = min(given.fires, len(sources))
        burning = figures_of(await part(load, workers, fires * FIRE_EVERY_S + given.within, fires), empty)
        return {"shards": given.shards, "quiet": quiet, "fires": burning}


async def plain(given: argparse.Namespace, load: Load, path: Path, ffmpeg: str) -> dict[str, Any]:
    """A yardstick over the same streams: cv2, or a pipe where an ffmpeg program is named."""
    width, height = given.size
    order = Plain(urls=load.urls, width=width, height=height, ffmpeg=ffmpeg)
    async with worker("bench_plain", order, path / "plain.json") as one:
        await asyncio.sleep(given.settle)
        empty = [float(one.first["empty_mib"])]
        quiet = figures_of(await part(load, [one], given.plain_seconds), empty)
        fires = min(given.fires, len(load.urls))
        burning = figures_of(await part(load, [one], fires * FIRE_EVERY_S + given.within, fires), empty)
        return {"quiet": quiet, "fires": burning}


async def one_size(given: argparse.Namespace, size: tuple[int, int], path: Path) -> dict[str, Any]:
    """Everything at one picture size: the wanted number of cameras, then few of them beside the yardsticks."""
    found: dict[str, Any] = {}
    given.size = size
    for label, cameras in (("many", given.cameras), ("few", given.plain)):
        if not cameras:
            continue
        print(f"{size[0]}x{size[1]}: {cameras} cameras", flush=True)
        async with serving(given, size, cameras, path) as load:
            found[label] = await subject(given, load, path)
    for label, ffmpeg in (("cv2", ""), ("pipe", given.ffmpeg)):
        if given.plain and (label == "cv2" or ffmpeg):
            print(f"{size[0]}x{size[1]}: {given.plain} cameras by {label}", flush=True)
            async with serving(given, size, given.plain, path) as load:
                found[label] = await plain(given, load, path, ffmpeg)
    return found


def sizes_of(text: str) -> list[tuple[int, int]]:
    """`640x480,320x240` as pairs. ValueError when it is not."""
    return [(int(width), int(height)) for width, height in (one.split("x") for one in text.split(","))]


def parsed(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon bench-vision", description=__doc__)
    parser.add_argument("--cameras", type=int, default=80)
    parser.add_argument("--shards", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fps", type=float, default=15.0)
    parser.add_argument("--sizes", type=sizes_of, default=sizes_of("640x480,320x240"))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--settle", type=float, default=15.0)
    parser.add_argument("--fires", type=int, default=4)
    parser.add_argument(
        "--within", type=float, default=15.0, help="seconds in which the last staged fire counts as seen"
    )
    parser.add_argument("--plain", type=int, default=4, help="cameras for the yardsticks; 0: none")
    parser.add_argument("--plain-seconds", type=float, default=20.0)
    parser.add_argument("--no-looks", dest="looks", action="store_false", help="decode only: what capture itself costs")
    parser.add_argument("--still", action="store_true", help="nobody walks through: only the sensor's noise changes")
    parser.add_argument("--rooms", type=int, default=2)
    parser.add_argument("--ffmpeg", default=shutil.which("ffmpeg") or "", help="the ffmpeg program; none: no pipes")
    parser.add_argument("--cache", type=Path, default=Path("data/bench/clips"))
    parser.add_argument("--out", type=Path, default=Path("data/bench/vision.json"))
    parser.add_argument("--plots", type=Path, default=Path("data/bench"))
    return parser.parse_args(words)


async def bench(given: argparse.Namespace) -> dict[str, Any]:
    """Run everything and keep what came out."""
    folder = given.out.parent / "orders"
    folder.mkdir(parents=True, exist_ok=True)
    given.cache.mkdir(parents=True, exist_ok=True)
    sizes = {f"{w}x{h}": await one_size(given, (w, h), folder) for w, h in given.sizes}
    return {
        "version": __version__,
        "at": round(utc_s()),
        "machine": {
            "cpu": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
        },
        "fps": given.fps,
        "sizes": sizes,
    }


def command(words: list[str]) -> int:
    """Measure, print the table, keep the figures and the drawings."""
    given = parsed(words)
    found = asyncio.run(bench(given))
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    for line in bench_drawing.table(found):
        print(line)
    for file in bench_drawing.drawn(found, given.plots):
        print(f"drawn: {file}")
    print(f"all figures: {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
