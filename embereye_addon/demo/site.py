"""A demo site that is real in every part: broker, RTSP server, PF devices, and EmberEye itself under its supervisor."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embereye_addon.bus.nats import NatsBus, connect
from embereye_addon.bus.server import free_port
from embereye_addon.demo.broker import Broker
from embereye_addon.demo.clips import EncodedClip
from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.observe import log
from embereye_addon.observe.tasks import stopped
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.supervisor import Supervisor
from embereye_addon.settings import store
from embereye_addon.settings.model import Site


@dataclass(frozen=True, slots=True)
class Plan:
    """What a staged site consists of: cameras by id with their quiet clips, and the ids of its PF devices.

    Cameras, then devices, are spread over the zones in order, again and again. `gas` off: the smoke inputs have no
    role, for smoke lingers for minutes after a fire. `more` are further sections of the settings.
    """

    cameras: dict[str, EncodedClip]
    devices: tuple[str, ...]
    zones: dict[str, str]
    period_s: float = 0.5
    web_port: int = 8099
    shards: int = 1
    gas: bool = True
    device: type[PfDevice] = PfDevice
    node: type[Supervisor] = Supervisor
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Staged:
    """A running staged site: the parts that play the world, and a bus to look on."""

    folder: Folder
    settings: dict[str, Any]
    broker: Broker
    rtsp: RtspServer
    devices: dict[str, PfDevice]
    supervisor: Supervisor
    bus: NatsBus
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


def settings(plan: Plan, broker: Broker, rtsp: RtspServer, pf_port: int) -> dict[str, Any]:
    """The site file of a plan, as a user would write it."""
    zones = list(plan.zones)
    return {
        "name": "EmberEye demo",
        "mqtt": {"host": broker.host, "port": broker.port},
        "web": {"host": "127.0.0.1", "port": plan.web_port},
        "pf": {"host": "127.0.0.1", "port": pf_port, "networks": ["127.0.0.0/8"]},
        "detection": {"shards": plan.shards},
        "zones": [{"id": ident, "name": name} for ident, name in plan.zones.items()],
        "cameras": [
            {
                "id": ident,
                "name": f"{_title(ident)} camera",
                "url": rtsp.url(ident, login=False),
                "zone": zones[index % len(zones)],
            }
            for index, ident in enumerate(plan.cameras)
        ],
        "devices": [
            {
                "id": ident,
                "name": _title(ident),
                "zone": zones[(len(plan.cameras) + index) % len(zones)],
                "identity": ident,
                "warm_up_s": 5,
                "adc1_role": "auto" if plan.gas else "none",
            }
            for index, ident in enumerate(plan.devices)
        ],
        **plan.more,
    }


def _title(ident: str) -> str:
    """An id as a name: `hall-ceiling` -> `Hall ceiling`."""
    return ident.replace("-", " ").capitalize()


def devices(plan: Plan, pf_port: int) -> dict[str, PfDevice]:
    """The plan's PF devices, each with a sensor of its own."""
    return {
        ident: plan.device(
            "127.0.0.1",
            pf_port,
            serial=ident,
            sensor_id=f"021C5626{index + 1:04X}",
            period_s=plan.period_s,
            seed=index,
        )
        for index, ident in enumerate(plan.devices)
    }


@contextlib.asynccontextmanager
async def staged(plan: Plan, path: Path) -> AsyncIterator[Staged]:
    """Run everything of a plan in `path` until the block is left."""
    folder = Folder(path)
    logs = path / "log"
    await asyncio.to_thread(logs.mkdir, parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        broker = Broker(path / "broker")
        await broker.start()
        stack.push_async_callback(broker.stop)
        rtsp = RtspServer()
        for ident, clip in plan.cameras.items():
            rtsp.add(ident, clip)
        await rtsp.start()
        stack.push_async_callback(rtsp.stop)
        pf_port = free_port()
        site = settings(plan, broker, rtsp, pf_port)
        store.save(folder.site_file, site)

        opened: dict[str, int] = {}

        def output(name: str) -> int:
            if name not in opened:
                opened[name] = stack.enter_context((logs / f"{name}.log").open("ab")).fileno()
            return opened[name]

        supervisor = plan.node(folder, folder.site_file, _as_it_is, output=output)
        running = asyncio.create_task(supervisor.run(), name="supervisor")
        stack.push_async_callback(stopped, [running])
        await _first(supervisor.ready.wait(), running)
        assert supervisor.access is not None
        bus = await connect(supervisor.access.url, supervisor.access.token, "demo")
        stack.push_async_callback(bus.close)
        played = devices(plan, pf_port)
        for device in played.values():
            task = asyncio.create_task(device.run(), name=f"PF device {device.serial}")
            stack.push_async_callback(stopped, [task])
        yield Staged(folder, site, broker, rtsp, played, supervisor, bus, [running])


async def until_told(work: Coroutine[Any, Any, int]) -> int:
    """Run until the end, or until SIGTERM: everything that was started is ended then too."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return 1


@contextlib.contextmanager
def logged(path: Path, name: str) -> Iterator[None]:
    """Write this process's own log beside those of its children, and nothing of it into the terminal.

    What an earlier run left goes: its latched alarm would greet the next one.
    """
    shutil.rmtree(path / "site", ignore_errors=True)
    folder = path / "site" / "log"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("a") as file:
        stop = log.start(name, "info", file)
        try:
            yield
        finally:
            stop()


async def _as_it_is(site: Site) -> Site:
    return site


async def _first(event: Any, running: asyncio.Task[None]) -> None:
    """Wait for the event, or fail as the supervisor fails."""
    waiting = asyncio.ensure_future(event)
    await asyncio.wait((waiting, running), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
