"""What the PF bench runs and listens to: real bus, gateway and panel, the gateway alone on one core."""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embereye_addon.bus import server as nats
from embereye_addon.bus.nats import NatsBus, connect
from embereye_addon.bus.server import free_port
from embereye_addon.demo.pf_load import device_id
from embereye_addon.messages import HotSpots, ProcessHealth, SourceHealth
from embereye_addon.observe.metrics import render_folder
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.plan import roles
from embereye_addon.processes.pulses import SERVER
from embereye_addon.processes.supervisor import Supervisor
from embereye_addon.settings import store
from embereye_addon.settings.model import Site

GATEWAY = "pf_gateway"
DEVICES_A_ZONE = 10
WARM_ABOVE_K = 9.0
"""A finding this far above its scene's median is the load's warm thing."""


@dataclass(slots=True)
class Ears:
    """What was heard on the bus, with the monotonic second of hearing."""

    warm: dict[str, list[float]] = field(default_factory=dict)
    health: dict[str, SourceHealth] = field(default_factory=dict)
    memory_mib: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    lag_ms: dict[str, float] = field(default_factory=dict)
    spots: int = 0

    def on_spots(self, spots: HotSpots) -> None:
        """A finding."""
        self.spots += 1
        if spots.max_c - spots.median_c > WARM_ABOVE_K:
            self.warm.setdefault(spots.source, []).append(time.monotonic())

    def on_source(self, health: SourceHealth) -> None:
        """A device's newest counters."""
        self.health[health.source] = health

    def on_process(self, health: ProcessHealth) -> None:
        """Memory over time, and the worst lag of the loop."""
        name = health.source.partition(".")[2]
        self.memory_mib.setdefault(name, []).append((time.monotonic(), health.rss_mib))
        self.lag_ms[name] = max(self.lag_ms.get(name, 0.0), health.loop_lag_ms)

    def totals(self) -> dict[str, int]:
        """Sums over all devices."""
        rows = self.health.values()
        return {
            "received": sum(row.received for row in rows),
            "judged": sum(row.judged for row in rows),
            "dropped": sum(row.dropped for row in rows),
            "rejected": sum(row.rejected for row in rows),
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything that only grows, at one moment."""

    at_s: float
    totals: dict[str, int]
    cpu_s: dict[str, float]
    metrics: str


@dataclass(slots=True)
class Rig:
    """What runs: node, bus, and whoever else is measured."""

    folder: Folder
    supervisor: Supervisor
    bus: NatsBus
    port: int
    ears: Ears = field(default_factory=Ears)

    def mark(self) -> Mark:
        """Note where everything stands."""
        cpu = {name: cpu_s(child.process.pid) for name, child in self.supervisor.running.items()}
        return Mark(time.monotonic(), self.ears.totals(), cpu, render_folder(self.folder.metrics).decode())


def cpu_s(pid: int) -> float:
    """CPU time (s) of a process up to now, from /proc; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settings(devices: int, port: int) -> dict[str, Any]:
    """A site with approved devices, ten a zone."""
    zones = [f"zone{number}" for number in range((devices + DEVICES_A_ZONE - 1) // DEVICES_A_ZONE)]
    ids = [device_id(index) for index in range(devices)]
    return {
        "name": "EmberEye bench",
        "pf": {"host": "127.0.0.1", "port": port, "networks": ["127.0.0.0/8"]},
        "zones": [{"id": zone, "name": zone} for zone in zones],
        "devices": [
            {"id": ident, "name": ident, "zone": zones[index // DEVICES_A_ZONE], "identity": ident, "warm_up_s": 5}
            for index, ident in enumerate(ids)
        ],
    }


def pin(pid: int, cores: Iterable[int]) -> None:
    """Keep every thread of a process on these cores."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            os.sched_setaffinity(int(thread.name), cores)


def divided() -> tuple[set[int], set[int]]:
    """The core of the gateway, and those of everybody else; the same one where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return {cores[-1]}, set(cores[:-1]) or {cores[-1]}


@contextlib.asynccontextmanager
async def rig(given: argparse.Namespace, path: Path) -> AsyncIterator[Rig]:
    """Bus, gateway and panel as their supervisor starts them, the gateway alone on its core."""
    folder, port = Folder(path), free_port()
    logs = path / "log"
    await asyncio.to_thread(logs.mkdir, parents=True, exist_ok=True)
    store.save(folder.site_file, settings(given.devices, port))
    own, others = divided()
    before = os.sched_getaffinity(0)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, others)
        opened: dict[str, int] = {}

        def output(name: str) -> int:
            if name not in opened:
                opened[name] = stack.enter_context((logs / f"{name}.log").open("ab")).fileno()
            return opened[name]

        supervisor = Supervisor(folder, folder.site_file, _as_it_is, output=output)
        supervisor.prepare()
        await supervisor.load()
        stack.push_async_callback(supervisor.stop)
        await _started(supervisor)
        assert supervisor.access is not None
        bus = await connect(supervisor.access.url, supervisor.access.token, "bench")
        stack.push_async_callback(bus.close)
        found = Rig(folder, supervisor, bus, port)
        await bus.hear(HotSpots, found.ears.on_spots)
        await bus.hear(SourceHealth, found.ears.on_source)
        await bus.hear(ProcessHealth, found.ears.on_process)
        await asyncio.wait_for(_up(found), 30.0)
        pin(supervisor.running[GATEWAY].process.pid, own)
        yield found


async def _started(supervisor: Supervisor) -> None:
    """Bus, gateway and panel, and nothing else of a node."""
    now_s = time.monotonic()
    await supervisor.up(SERVER, now_s, supervisor.server_command(), nats.ENVIRONMENT)
    for role in roles(supervisor.site, 1):
        if role.name in (GATEWAY, "panel"):
            await supervisor.up(role.name, now_s, supervisor.command(role), {})


async def _as_it_is(site: Site) -> Site:
    return site


async def _up(found: Rig) -> None:
    """Wait until the port is open and both processes beat."""
    while not {GATEWAY, "panel"} <= set(found.ears.memory_mib):
        await asyncio.sleep(0.1)
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", found.port)
            writer.close()
            return
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def playing(words: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of the load while the block lasts."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *words)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
