"""What goes wrong with the machine and the program, staged: processes, bus, broker, disk, clock, and files."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embereye_addon.bus.nats import connect
from embereye_addon.demo.fault_causes import Rigged
from embereye_addon.demo.site import Staged
from embereye_addon.observe import heartbeat
from embereye_addon.processes.pulses import START_S

Step = Callable[[], Awaitable[None]]
JUMP_S = 3600.0
SPARE_MIB = 40
BUS_ONLY = (True, False)
MQTT_ONLY = (False, True)
SUPERVISOR = "node1.supervisor"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that goes wrong: in words, the thing that its fault is about, how it begins and ends.

    `seen_on` says whether the fault can be seen on the bus and at the broker; `again`: it is staged every round.
    """

    words: str
    about: str
    begin: Step
    end: Step
    seen_on: tuple[bool, bool] = (True, True)
    again: bool = True


def machine_causes(site: Staged) -> list[tuple[Cause, str]]:
    """All of them, with the code that is expected; those of a disk only where the site has one of its own."""
    node = site.supervisor
    assert isinstance(node, Rigged)
    found = [
        (_killing(site, "detector-0"), "process_lost"),
        (_hung(site, "detector-0"), "process_lost"),
        (_hung(site, "pf_gateway"), "process_lost"),
        (_hung(site, "web"), "process_lost"),
        (_hung(site, "panel", "panel", MQTT_ONLY), "panel_silent"),
        (_hung(site, "publisher", "node1.publisher", BUS_ONLY), "process_lost"),
        (_hung(site, "web", SUPERVISOR), "process_hung"),
        (_hung(site, "panel", SUPERVISOR), "process_hung"),
        (_hung(site, "nats-server", SUPERVISOR), "process_hung"),
        (_broker(site), "broker_disconnected"),
        (_node(site), "node_lost"),
        (_clock(node), "clock_jump"),
        (_settings(site.folder.site_file), "configuration_rejected"),
        (_weights(site, node), "model_self_test"),
        (_no_weights(site, node), "model_missing"),
        (_references(site, node), "thermal_self_test"),
    ]
    if os.path.ismount(site.folder.path):
        found.append((_ballast(site.folder.path, SPARE_MIB, "the disk is nearly full"), "disk_nearly_full"))
    else:
        print("  the disk is left out: the site has none of its own, which only root can give it", flush=True)
    return found


def _pid(site: Staged, name: str) -> int:
    return site.supervisor.running[name].process.pid


def _killing(site: Staged, name: str) -> Cause:
    """A process that is killed whenever it is there."""
    tasks: list[asyncio.Task[None]] = []

    async def kill() -> None:
        while True:
            with contextlib.suppress(KeyError, ProcessLookupError):
                os.kill(_pid(site, name), signal.SIGKILL)
            await asyncio.sleep(0.2)

    async def begin() -> None:
        tasks.append(asyncio.create_task(kill()))

    async def end() -> None:
        tasks[-1].cancel()
        await asyncio.gather(tasks[-1], return_exceptions=True)

    return Cause(f"{name} is killed (kill -9) whenever it starts", f"node1.{name}", begin, end)


def _hung(site: Staged, name: str, about: str = "", seen_on: tuple[bool, bool] = (True, True)) -> Cause:
    """A process that does nothing any more, but is there; after a while its supervisor ends it."""
    stopped: list[int] = []

    async def begin() -> None:
        if about == SUPERVISOR:  # which ends nobody so soon after its start
            child = site.supervisor.running[name]
            await asyncio.sleep(max(0.0, child.since_s + START_S + 1.0 - time.monotonic()))
        stopped.append(_pid(site, name))
        os.kill(stopped[-1], signal.SIGSTOP)

    async def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(stopped[-1], signal.SIGCONT)

    return Cause(f"{name} hangs (SIGSTOP)", about or f"node1.{name}", begin, end, seen_on)


def _broker(site: Staged) -> Cause:
    return Cause("the MQTT broker is gone", "node1.publisher", site.broker.stop, site.broker.start, BUS_ONLY)


def _node(site: Staged) -> Cause:
    """The supervisor of a second machine, which speaks and then does not."""
    tasks: list[asyncio.Task[None]] = []

    async def speak() -> None:
        access = site.supervisor.access
        assert access is not None
        bus = await connect(access.url, access.token, "node2.supervisor")
        try:
            await heartbeat.beat(bus.say, "node2", "supervisor")
        finally:
            await bus.close()

    async def end() -> None:
        tasks.append(asyncio.create_task(speak()))
        await asyncio.sleep(0.0)

    async def begin() -> None:
        if not tasks:
            await end()
            await asyncio.sleep(5.0)
        tasks[-1].cancel()
        await asyncio.gather(tasks[-1], return_exceptions=True)

    return Cause("another machine of the site is gone", "node2.supervisor", begin, end)


def _clock(node: Rigged) -> Cause:
    async def jump() -> None:
        node.shift.write_text(str(0.0 if float(node.shift.read_text()) else JUMP_S))

    async def end() -> None:
        """A jump is over at once."""

    return Cause("the machine's clock jumps by an hour, forward and back in turn", "node1.panel", jump, end)


def _settings(path: Path) -> Cause:
    good = path.read_bytes()

    async def begin() -> None:
        await asyncio.to_thread(path.write_bytes, good.replace(b'"zones"', b'"zonse"', 1))

    async def end() -> None:
        await asyncio.to_thread(path.write_bytes, good)

    return Cause("the settings file gets a mistake", SUPERVISOR, begin, end)


def _damaged(site: Staged, process: str, path: Path, damage: Callable[[Path], None], cause: tuple[str, str]) -> Cause:
    """A file of the program is damaged and the process that reads it starts anew, as after a power cut."""
    good = path.read_bytes()

    async def begin() -> None:
        await asyncio.to_thread(damage, path)
        os.kill(_pid(site, process), signal.SIGKILL)

    async def end() -> None:
        await asyncio.to_thread(path.write_bytes, good)

    words, about = cause
    return Cause(words, about, begin, end)


def _wrong(path: Path) -> None:
    weights = np.fromfile(path, np.float16)
    weights[(np.abs(weights) > 1e-3) & (np.abs(weights) < 100.0)] *= -1.0
    weights.tofile(path)


def _weights(site: Staged, node: Rigged) -> Cause:
    words = "the model's weights are damaged and the detector starts"
    path = node.copy / "detect" / "weights" / "fire_smoke.bin"
    (path.parent / "fire_smoke_int8.xml").unlink(missing_ok=True)
    return _damaged(site, "detector-0", path, _wrong, (words, "node1.detector-0"))


def _no_weights(site: Staged, node: Rigged) -> Cause:
    words = "the model's weights are gone and the detector starts"
    path = node.copy / "detect" / "weights" / "fire_smoke.bin"
    return _damaged(site, "detector-0", path, Path.unlink, (words, "node1.detector-0"))


def _references(site: Staged, node: Rigged) -> Cause:
    words = "the thermal references are damaged and the gateway starts"
    path = node.copy / "sources" / "pf" / "reference" / "frames.txt"
    return _damaged(site, "pf_gateway", path, _emptied, (words, "node1.pf_gateway"))


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _ballast(path: Path, leave_mib: int, words: str) -> Cause:
    """A file that takes all room but this."""
    ballast = path / "ballast"

    async def begin() -> None:
        found = os.statvfs(path)
        size = max(0, found.f_bavail * found.f_frsize - (leave_mib << 20))
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, size)

    async def end() -> None:
        ballast.unlink()

    return Cause(words, "node1.panel", begin, end)
