"""bench-faults: every fault provoked by its real cause on a staged site, and timed from outside.

Real processes under their supervisor, a real broker, RTSP server and PF devices. A cause begins at a known second; the
fault is timed where it is told on the bus and where it is read from the broker by an MQTT client of its own, and again
from the cause's end until both are free of it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from embereye_addon.bus.server import free_port
from embereye_addon.demo import fault_causes
from embereye_addon.demo.clips import EncodedClip
from embereye_addon.demo.fault_causes import AilingPf, Rigged
from embereye_addon.demo.machine_causes import Cause, machine_causes
from embereye_addon.demo.rtsp import Fault as Staging
from embereye_addon.demo.site import Plan, Staged, logged, staged, until_told
from embereye_addon.messages import PanelState, ProcessHealth
from embereye_addon.publish.mqtt import Ends, Incoming, Mqtt
from embereye_addon.settings import model

LIMIT_S = 30.0
GIVE_UP_S = 75.0
LEARN_S = 60.0
"""A camera's view must be known before it can be told as changed."""
REST_S = 15.0
CALM_S = 30.0
LEAST_FREE_MIB = 64
DISK_MIB = 224
CAMERAS = {
    "black": ("the picture is black", "picture_black"),
    "over-exposed": ("the picture is over-exposed", "picture_over_exposed"),
    "frozen": ("the picture freezes, the stream runs on", "picture_frozen"),
    "defocused": ("the lens is out of focus", "picture_defocused"),
    "covered": ("the lens is covered", "lens_covered"),
    "moved": ("the camera is turned", "view_moved"),
    "slow": (f"the camera sends {fault_causes.SLOW_FPS:g} pictures a second", "rate_too_low"),
}
STREAMS = {
    "drop": (Staging.DROP, "the camera hangs up and accepts nobody", "stream_lost"),
    "stall": (Staging.STALL, "the camera is connected and sends nothing", "stream_lost"),
    "garbage": (Staging.GARBAGE, "the camera sends garbage", "stream_lost"),
}
DEVICES = {
    "silent": ("the PF device falls silent, its connection stays", "device_silent"),
    "damaged": ("the PF device's packets are damaged", "bad_frames"),
    "frozen": ("the PF device repeats one thermal frame", "frame_frozen"),
    "weak": ("the PF device's supply sinks to 2.85 V", "supply_out_of_range"),
    "open": ("an input of the PF device is open", "input_out_of_range"),
}


@dataclass(slots=True)
class Ears:
    """What stands now, as the bus and as the broker tell it; by (code, about) there, by code and thing here."""

    bus: set[tuple[str, str]] = field(default_factory=set)
    topics: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    pids: dict[str, tuple[int, float]] = field(default_factory=dict)
    states: int = 0

    def on_state(self, state: PanelState) -> None:
        """The panel's word."""
        self.states += 1
        self.bus = {(fault.code, fault.about) for fault in state.faults}

    def on_process(self, health: ProcessHealth) -> None:
        """A process lives: its number, and when it was heard first under it (monotonic s)."""
        name = health.source.partition(".")[2]
        if self.pids.get(name, (0, 0.0))[0] != health.pid:
            self.pids[name] = (health.pid, time.monotonic())

    def on_message(self, message: Incoming) -> None:
        """A state at the broker."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            faults = json.loads(message.payload)["faults"]["faults"]
            self.topics[message.topic] = {(fault["code"], fault.get("about", "")) for fault in faults}

    def told(self, key: tuple[str, str]) -> bool:
        """Whether the bus says so."""
        return key in self.bus

    def published(self, key: tuple[str, str]) -> bool:
        """Whether the broker has it."""
        return any(key in found for found in self.topics.values())


@dataclass(slots=True)
class Row:
    """One fault and its times (s): told, published, gone from the bus, gone from the broker; `missed` were not seen."""

    cause: str
    code: str
    told_s: list[float] = field(default_factory=list)
    published_s: list[float] = field(default_factory=list)
    cleared_s: list[float] = field(default_factory=list)
    unpublished_s: list[float] = field(default_factory=list)
    missed: int = 0


async def until(what: Callable[[], bool], within_s: float = GIVE_UP_S) -> float | None:
    """Seconds until it is so; None when it was not within the time."""
    began_s = time.monotonic()
    while not what():
        if time.monotonic() - began_s > within_s:
            return None
        await asyncio.sleep(0.05)
    return time.monotonic() - began_s


async def provoke(ears: Ears, cause: Cause, row: Row) -> None:
    """Let a cause begin, wait until its fault is told and published, end it, and wait until both are free of it."""
    key = (row.code, cause.about)

    async def seen(what: Callable[[tuple[str, str]], bool], on: bool, wanted: bool) -> float | None:
        return await until(lambda: what(key) is wanted) if on else None

    async def both(wanted: bool) -> tuple[float | None, float | None]:
        bus, broker = cause.seen_on
        return await asyncio.gather(seen(ears.told, bus, wanted), seen(ears.published, broker, wanted))

    await cause.begin()
    times = await both(True)
    if any(on and found is None for found, on in zip(times, cause.seen_on, strict=True)):
        stood = sorted(code for code, about in ears.bus if about == cause.about)
        print(f"  {cause.words}: {row.code} is missing; what stood: {', '.join(stood) or 'nothing'}", flush=True)
    await cause.end()
    after = await both(False)
    lists = (row.told_s, row.published_s, row.cleared_s, row.unpublished_s)
    for found, kept, on in zip((*times, *after), lists, cause.seen_on * 2, strict=True):
        if found is not None:
            kept.append(found)
        row.missed += on and found is None
    print(f"  {cause.words}: {row.code} after {_all(times)} s, gone after {_all(after)} s", flush=True)


def _all(times: Iterable[float | None]) -> str:
    return " / ".join("-" if found is None else f"{found:.1f}" for found in times)


# --- the causes in the world ------------------------------------------------------------------------------
def world_causes(site: Staged, made: dict[str, EncodedClip]) -> list[tuple[Cause, str]]:
    """Cameras and PF devices, each with a zone of its own; with the code that is expected."""

    def pictures(name: str, about: str, words: str) -> Cause:
        return Cause(words, about, _call(site.rtsp.play, name, made[name]), _call(site.rtsp.play, name, made["quiet"]))

    def stream(name: str, about: str, staging: Staging, words: str) -> Cause:
        return Cause(words, about, _call(site.rtsp.fault, name, staging), _call(site.rtsp.fault, name, Staging.NONE))

    def ailing(name: str, about: str, words: str) -> Cause:
        device = site.devices[f"pf-{name}"]
        return Cause(words, about, _call(setattr, device, "ail", name), _call(setattr, device, "ail", ""))

    found = [(pictures(name, f"cam.{name}", words), code) for name, (words, code) in CAMERAS.items()]
    found += [(stream(name, f"cam.{name}", stage, words), code) for name, (stage, words, code) in STREAMS.items()]
    found += [(ailing(name, f"pf.pf-{name}", words), code) for name, (words, code) in DEVICES.items()]
    found.append((stream("blind", "zone.blind", Staging.STALL, "the only camera of a zone is lost"), "zone_blind"))
    return found


def _call(what: Callable[..., object], *given: object) -> Callable[[], Awaitable[None]]:
    async def called() -> None:
        what(*given)

    return called


# --- the run ----------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Bench:
    """One run: the site, what is heard of it, and what was measured."""

    site: Staged
    ears: Ears
    rounds: int
    rows: list[Row] = field(default_factory=list)
    back_s: dict[str, list[float]] = field(default_factory=dict)

    async def world(self, made: dict[str, EncodedClip], only: str) -> None:
        """Cameras and PF devices, all at a time."""
        found = world_causes(self.site, made)
        pairs = [(cause, Row(cause.words, code)) for cause, code in found if only in f"{cause.words} {code}"]
        self.rows += [row for _, row in pairs]
        for number in range(self.rounds):
            print(f"Cameras and PF devices, round {number + 1} of {self.rounds}", flush=True)
            await asyncio.gather(*(provoke(self.ears, cause, row) for cause, row in pairs))
            await asyncio.sleep(REST_S)

    async def machine(self, only: str) -> None:
        """Processes, bus, broker, disk, clock, files: one after the other."""
        for cause, code in machine_causes(self.site):
            if only not in f"{cause.words} {code}":
                continue
            row = Row(cause.words, code)
            self.rows.append(row)
            for _ in range(self.rounds if cause.again else 1):
                await provoke(self.ears, cause, row)
                await self.calm()

    async def calm(self) -> None:
        """Wait until nothing stands any more, so that no cause is measured beside another."""
        if await until(lambda: not self.ears.bus, CALM_S) is None:
            print(f"  still standing: {', '.join(sorted(map(str, self.ears.bus)))}", flush=True)

    async def killed(self) -> None:
        """Every process once a round, kill -9: until its successor speaks."""
        names = (*sorted(name for name in self.site.supervisor.running if name != "nats-server"), "nats-server")
        for name in names:
            for _ in range(self.rounds):
                took_s = await self._kill(name)
                self.back_s.setdefault(name, []).append(took_s if took_s is not None else GIVE_UP_S)
                await asyncio.sleep(3.0)
            print(f"  killed {name}: works again after {_all(self.back_s[name])} s", flush=True)

    async def _kill(self, name: str) -> float | None:
        child = self.site.supervisor.running[name]
        before, states = self.ears.pids.get(name, (0, 0.0))[0], self.ears.states
        child.process.kill()
        await child.process.wait()
        if name == "nats-server":
            return await until(lambda: self.ears.states > states)
        return await until(lambda: self.ears.pids.get(name, (0, 0.0))[0] != before)


def plan(made: dict[str, EncodedClip]) -> Plan:
    """A zone for each camera and each PF device, which bears the name of what will go wrong with it."""
    cameras = dict.fromkeys((*CAMERAS, *STREAMS, "blind"), made["quiet"])
    devices = tuple(f"pf-{name}" for name in DEVICES)
    return Plan(
        cameras=cameras,
        devices=devices,
        zones={name: name for name in (*cameras, *devices)},
        web_port=free_port(),
        gas=False,
        device=AilingPf,
        node=Rigged,
        more={"disk": {"least_free_mib": LEAST_FREE_MIB}},
    )


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """A disk of its own for the site, where root may mount one; else the site lies on the machine's."""
    path.mkdir(parents=True, exist_ok=True)
    mounted = os.geteuid() == 0 and _ran("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "embereye-bench", str(path))
    try:
        yield
    finally:
        if mounted:
            _ran("umount", "-l", str(path))


def _ran(program: str, *words: str) -> bool:
    """Whether a program of the machine is there and did it."""
    found = shutil.which(program)
    if found is None:
        return False
    return subprocess.run([found, *words], check=False, capture_output=True).returncode == 0  # noqa: S603 - our words


async def perform(given: argparse.Namespace, folder: Path) -> int:
    """Run the bench and write its table; 0 when every fault was told and published in time and went by itself."""
    print("Rendering the scenes ...", flush=True)
    made = await asyncio.to_thread(fault_causes.clips)
    with small_disk(folder / "site"):
        async with staged(plan(made), folder / "site") as site, listening(site) as ears:
            bench = Bench(site, ears, given.rounds)
            if given.part in ("all", "world"):
                print(f"Cameras learn their view for {LEARN_S:.0f} s ...", flush=True)
                await asyncio.sleep(LEARN_S)
                await bench.world(made, given.only)
            await bench.calm()
            if given.part in ("all", "machine"):
                await bench.machine(given.only)
            if given.part in ("all", "killed"):
                await bench.killed()
    return await asyncio.to_thread(report, bench, given.out)


@contextlib.asynccontextmanager
async def listening(site: Staged) -> AsyncIterator[Ears]:
    """Ears on the bus and at the broker."""
    ears = Ears()
    await site.bus.hear(PanelState, ears.on_state)
    await site.bus.hear(ProcessHealth, ears.on_process)
    filters = ("embereye/site/state", "embereye/zone/+/state")
    ends = Ends("bench/status", filters, ears.on_message, _nothing, _no_other)
    client = Mqtt(model.Mqtt(host=site.broker.host, port=site.broker.port), "bench", ends)
    task = asyncio.create_task(client.run(), name="bench listener")
    try:
        yield ears
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _nothing() -> None:
    """Nothing is greeted."""


async def _no_other() -> None:
    """No other broker."""


# --- the table --------------------------------------------------------------------------------------------
def cell(values: list[float]) -> str:
    """Median and greatest, for people."""
    return f"{statistics.median(values):.1f} / {max(values):.1f}" if values else "-"


def table(bench: Bench) -> str:
    """What was measured, as a Markdown table; times in seconds, median / greatest."""
    lines = [
        "| Cause | Code | Told on the bus | Published by MQTT | Gone from the bus | Gone from MQTT | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in bench.rows:
        count = max(len(row.told_s), len(row.published_s))
        times = (row.told_s, row.published_s, row.cleared_s, row.unpublished_s)
        lines.append(f"| {row.cause} | `{row.code}` | {' | '.join(map(cell, times))} | {count} |")
    if bench.back_s:
        lines += ["", "| Killed (kill -9) | Works again after | n |", "| --- | --- | --- |"]
        lines += [f"| {name} | {cell(times)} | {len(times)} |" for name, times in bench.back_s.items()]
    return "\n".join(lines) + "\n"


def report(bench: Bench, out: Path) -> int:
    """Write and print the table; 0 when nothing was missed and nothing took longer than the limit."""
    text = table(bench)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(f"\n{text}\nwritten to {out}", flush=True)
    late = [row.code for row in bench.rows if max([*row.told_s, *row.published_s], default=0.0) > LIMIT_S]
    late += [name for name, times in bench.back_s.items() if max(times) > LIMIT_S]
    missed = [row.code for row in bench.rows if row.missed]
    print(f"beyond {LIMIT_S:.0f} s: {', '.join(late) or 'none'}; not seen to come or go: {', '.join(missed) or 'none'}")
    return 1 if late or missed else 0


def command(words: list[str]) -> int:
    """The bench's own command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon bench-faults")
    parser.add_argument("--rounds", type=int, default=3, help="how often each cause is staged")
    parser.add_argument("--part", choices=("all", "world", "machine", "killed"), default="all")
    parser.add_argument("--only", default="", help="only causes whose words or code hold this")
    parser.add_argument("--out", type=Path, default=Path("data/bench_faults/table.md"))
    parser.add_argument("--folder", type=Path, default=Path("data/bench_faults"), help="where everything is kept")
    given = parser.parse_args(words)
    place = given.folder.resolve()
    with logged(place, "bench"):
        return asyncio.run(until_told(perform(given, place)))


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
