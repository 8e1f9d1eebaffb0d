"""A site of one zone, processes of it in this process, and somebody who listens to all they say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.messages import Evidence, HotSpots, Kind, Message, ProcessHealth, Rule
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.child import Child, Main, live
from embereye_addon.processes.folder import Folder
from embereye_addon.settings.model import Camera, Detection, Device, Pf, Site, Zone
from embereye_addon.topology import CHANNELS

M = TypeVar("M", bound=Message)


def site(
    cameras: dict[str, str] | None = None, devices: tuple[str, ...] = (), pf_port: int = 0, device: str = "CPU"
) -> Site:
    """One zone with cameras (id -> URL) and PF devices."""
    return Site(
        pf=Pf(host="127.0.0.1", port=pf_port, networks=("127.0.0.0/8",)),
        detection=Detection(shards=1, device=device),
        zones=(Zone(id="hall", name="Hall", clear_s=1),),
        cameras=tuple(Camera(id=key, name=key, url=url, zone="hall") for key, url in (cameras or {}).items()),
        devices=tuple(Device(id=key, name=f"device {key}", zone="hall", warm_up_s=0) for key in devices),
    )


def child_of(hub: Hub, path: Path, name: str, of: Site) -> Child:
    """A process's own end of everything."""
    return Child(name, "node1", Folder(path), of, MemoryBus(hub))


@contextlib.asynccontextmanager
async def running(child: Child, main: Main) -> AsyncIterator["asyncio.Task[None]"]:
    """The process while the block lasts, ended as SIGTERM ends it."""
    task = asyncio.create_task(live(child, main), name=child.name)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Listener:
    """Hears everything on the bus."""

    def __init__(self, bus: Any) -> None:
        self.bus = bus
        self.heard: list[Message] = []

    async def listen(self) -> None:
        """From now on."""
        for channel in CHANNELS:
            await self.bus.hear(channel.type, self.heard.append)

    def all(self, kind: type[M]) -> list[M]:
        """Everything of one type, oldest first."""
        return [message for message in self.heard if isinstance(message, kind)]

    def last(self, kind: type[M]) -> M | None:
        """The newest of one type."""
        found = self.all(kind)
        return found[-1] if found else None


@contextlib.asynccontextmanager
async def listening(hub: Hub) -> AsyncIterator[Listener]:
    """A listener on the bus while the block lasts."""
    listener = Listener(MemoryBus(hub))
    await listener.listen()
    try:
        yield listener
    finally:
        await listener.bus.close()


def beat(source: str) -> ProcessHealth:
    """A process says that it lives."""
    return ProcessHealth(source=source, node="node1", pid=1, rss_mib=1.0, cpu_pct=1.0, loop_lag_ms=1.0, started_at=1.0)


def hot(seq: int = 1, source: str = "pf.boiler", **changes: Any) -> HotSpots:
    """A device that sees 120 °C, which is an alarm by itself."""
    evidence: dict[str, Any] = {
        "point": f"{source}.thermal",
        "kind": Kind.HEAT,
        "llr_nats": 3.0,
        "value": 120.0,
        "unit": "°C",
        "rules": (Rule.FIXED_TEMPERATURE,),
    }
    piece = Evidence(**(evidence | changes))
    return HotSpots(source=source, seq=seq, at=utc_s(), node="node1", max_c=120.0, median_c=22.0, evidence=(piece,))


def cold(seq: int = 1, source: str = "pf.boiler") -> HotSpots:
    """The same device when the fire is out."""
    return hot(seq, source, llr_nats=-20.0, value=22.0, rules=())
