"""The supervisor: every second, compare what should run with what runs. Nothing else is clever here."""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from embereye_addon.bus import server as nats
from embereye_addon.bus.nats import NatsBus, connect
from embereye_addon.detect.models import STATE as MODELS_STATE
from embereye_addon.errors import BusError, SettingsFileError, StorageError
from embereye_addon.messages import ProcessHealth
from embereye_addon.observe import heartbeat
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import DIED_VARIABLE, FOLDER_VARIABLE, PROCESS_VARIABLE, forget
from embereye_addon.observe.tasks import stopped
from embereye_addon.processes.child import with_parent
from embereye_addon.processes.folder import BusAccess, Folder
from embereye_addon.processes.plan import ALLOCATOR, Deaths, Role, died, roles, sections_changed
from embereye_addon.processes.pulses import OWN, SERVER, Pulses
from embereye_addon.settings import store
from embereye_addon.settings.model import Site

_log = logging.getLogger(__name__)

PERIOD_S = 1.0
STOP_S = 10.0

Effective = Callable[[Site], Awaitable[Site]]
"""Completes the settings of the file: the add-on's options and Home Assistant's own broker."""


@dataclass(slots=True)
class Running:
    """One child: its process and since when (monotonic s)."""

    process: asyncio.subprocess.Process
    since_s: float


@dataclass(slots=True)
class Supervisor:
    """One node. `site_file` is what the user keeps; `output` gives the stderr of a child (None: the same as ours)."""

    folder: Folder
    site_file: Path
    effective: Effective
    node: str = "node1"
    output: Callable[[str], int | None] = lambda _name: None
    running: dict[str, Running] = field(default_factory=dict)
    deaths: dict[str, Deaths] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    pulses: Pulses = field(default_factory=Pulses)
    hung: dict[str, int] = field(default_factory=dict)
    site: Site = field(default_factory=Site)
    seen: tuple[int, int] = (0, 0)
    seen_orders: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    access: BusAccess | None = None
    stop_s: float = STOP_S
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Supervise until cancelled; then end every child. Settings that cannot be used end it at the start."""
        self.prepare()
        await self.load()
        self.seen_orders = self.orders()
        beating = asyncio.create_task(self.beat(), name="heartbeat")
        try:
            while True:
                await self.reconcile()
                await asyncio.sleep(PERIOD_S)
                await self.reload()
                await self.renew()
                await self.end_hung()
        finally:
            await stopped([beating])
            await self.stop()

    # --- settings -----------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Folders, the bus's place and token; the metrics of the last start go."""
        shutil.rmtree(self.folder.metrics, ignore_errors=True)
        try:
            self.folder.metrics.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise StorageError(f"{self.folder.path} cannot be written: {err.strerror}") from err
        server = nats.Server(self.node, self.folder.path / "nats", secrets.token_urlsafe(32), nats.free_port())
        self.folder.write_run("nats.conf", nats.settings_text(server).encode())
        self.access = BusAccess(server.url, server.token, self.node)
        self.folder.keep_path(self.site_file)
        self.folder.write_run("bus.json", msgspec.json.encode(self.access))

    async def load(self) -> None:
        """Read the settings, or the last good ones with a standing fault."""
        self.seen = _stamp(self.site_file)
        site, warnings = await asyncio.to_thread(store.load_or_last_good, self.site_file)
        self.faults.pop("configuration_rejected", None)
        for text in warnings:
            _log.error("%s", text)
            self.faults["configuration_rejected"] = text[:400]
        self.site = await self.effective(site)
        self.folder.write_run("site.json", msgspec.json.encode(self.site))

    async def reload(self) -> None:
        """A changed file restarts the processes that read what changed; a wrong one is a fault and changes nothing."""
        if _stamp(self.site_file) == self.seen:
            return
        before = self.site
        try:
            await self.load()
        except (SettingsFileError, StorageError) as err:
            _log.error("%s", err)
            self.site, self.faults["configuration_rejected"] = before, str(err)[:400]
            return
        changed = sections_changed(before, self.site)
        ending = []
        for role in roles(self.site, os.cpu_count() or 1):
            if changed & set(role.process.reads) and (child := self.running.get(role.name)):
                _log.info("%s restarts: the settings of %s changed", role.name, ", ".join(sorted(changed)))
                ending.append(self.end(role.name, child))
        await asyncio.gather(*ending)

    async def renew(self) -> None:
        """Another live model, or another one in shadow, restarts the detectors; who asks for it restarts everything."""
        before, self.seen_orders = self.seen_orders, self.orders()
        model, restart = (old != new for old, new in zip(before, self.seen_orders, strict=True))
        if model or restart:
            _log.info("%s", "all processes restart: somebody asked for it" if restart else "another model was chosen")
        names = [
            name for name in self.running if name != SERVER and (restart or (model and name.startswith("detector-")))
        ]
        await asyncio.gather(*(self.end(name, self.running[name]) for name in names))

    def orders(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """When the choice of models was written last, and when a restart was asked for."""
        return _stamp(self.folder.models / MODELS_STATE), _stamp(self.folder.run / "restart")

    # --- processes ----------------------------------------------------------------------------------------
    async def reconcile(self) -> None:
        """Bury the dead, start what is missing and due, end what is no longer wanted."""
        wanted = {role.name: role for role in roles(self.site, os.cpu_count() or 1)}
        now_s = time.monotonic()
        for name, child in tuple(self.running.items()):
            if child.process.returncode is not None:
                self.bury(name, child, now_s)
            elif name != SERVER and name not in wanted:
                await self.end(name, child)
        for name in self.deaths.keys() - wanted.keys() - {SERVER}:
            del self.deaths[name]
        if not await self.up(SERVER, now_s, self.server_command(), nats.ENVIRONMENT):
            return
        for name, role in wanted.items():
            await self.up(name, now_s, self.command(role), {})
        if all(name in self.running for name in wanted):
            self.ready.set()
        self.tell_restless()

    def tell_restless(self) -> None:
        """Processes that keep ending are a fault until each of them has lived a minute, or is no longer wanted."""
        restless = [f"{name} ended {deaths.in_row} times" for name, deaths in self.deaths.items() if deaths.too_many]
        if restless:
            self.faults["process_restarts"] = "; ".join(restless)[:400]
        else:
            self.faults.pop("process_restarts", None)
        for name, pid in tuple(self.hung.items()):
            child = self.running.get(name)
            if name not in self.deaths and (child is None or child.process.pid != pid):
                del self.hung[name]
        if self.hung:
            self.faults["process_hung"] = f"{', '.join(self.hung)} did not answer any more and was started again"[:400]
        else:
            self.faults.pop("process_hung", None)

    async def end_hung(self) -> None:
        """Whoever lives and is not heard any more is ended; its death is then buried like any other."""
        pids = {name: child.process.pid for name, child in self.running.items()}
        for name, number in self.pulses.look({**pids, OWN: os.getpid()}, time.monotonic()).items():
            if name == SERVER and not (self.access and await nats.mute(self.access.url)):
                continue
            if self.hung.get(name) != pids[name]:
                _log.warning("%s lives but does not answer any more; it is ended, to be started again", name)
                self.hung[name] = pids[name]
            with contextlib.suppress(ProcessLookupError):
                self.running[name].process.send_signal(number)

    def bury(self, name: str, child: Running, now_s: float) -> None:
        """Note a death: log it once, back off, make too many of them a fault."""
        del self.running[name]
        forget(name)
        deaths = died(self.deaths.get(name, Deaths()), now_s - child.since_s, now_s)
        self.deaths[name] = deaths
        wait_s = deaths.start_at_s - now_s
        _log.warning("%s ended with %s; starting it again in %.0f s", name, child.process.returncode, wait_s)

    async def up(self, name: str, now_s: float, command: tuple[str, ...], environment: Mapping[str, str]) -> bool:
        """Whether the child runs, started now if it is due."""
        deaths = self.deaths.get(name, Deaths())
        if name in self.running:
            if deaths.in_row and now_s - self.running[name].since_s > 60.0:
                self.deaths.pop(name)
            return True
        if now_s < deaths.start_at_s:
            return False
        died_s = {DIED_VARIABLE: repr(deaths.last_s)} if deaths.in_row else {}
        output = self.output(name)
        try:
            process = await asyncio.create_subprocess_exec(
                *with_parent(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    **ALLOCATOR,
                    **environment,
                    **died_s,
                    FOLDER_VARIABLE: str(self.folder.metrics),
                    PROCESS_VARIABLE: name,
                },
            )
        except OSError as err:  # no memory or no process number left: the others must go on
            self.deaths[name] = died(deaths, 0.0, now_s)
            _log.error("%s cannot be started: %s", name, err.strerror)
            return False
        self.running[name] = Running(process, now_s)
        _log.info("%s runs as process %s", name, process.pid)
        return True

    def command(self, role: Role) -> tuple[str, ...]:
        """The command line of one process; it can be typed by hand as well."""
        index = (str(role.index),) if role.process.count != 1 else ()
        return (sys.executable, "-m", "embereye_addon", role.process.name, *index, "--folder", str(self.folder.path))

    def server_command(self) -> tuple[str, ...]:
        """The bus's server."""
        return (str(nats.find_binary()), "-c", str(self.folder.run / "nats.conf"))

    async def end(self, name: str, child: Running) -> None:
        """Ask a child to end; after `stop_s` make it."""
        self.running.pop(name, None)
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
        try:
            await asyncio.wait_for(child.process.wait(), self.stop_s)
        except TimeoutError:
            _log.warning("%s does not end by itself and is killed", name)
            with contextlib.suppress(ProcessLookupError):
                child.process.kill()
            await child.process.wait()

    async def stop(self) -> None:
        """End every process, the bus last."""
        others = [(name, child) for name, child in self.running.items() if name != SERVER]
        await asyncio.gather(*(self.end(name, child) for name, child in others))
        if server := self.running.get(SERVER):
            await self.end(SERVER, server)

    # --- what it says of itself ---------------------------------------------------------------------------
    async def beat(self) -> None:
        """Say on the bus that the supervisor lives, with its faults, and listen who else does."""
        assert self.access is not None
        bus: NatsBus | None = None
        try:
            bus = await connect(self.access.url, self.access.token, f"{self.node}.supervisor")
            await bus.hear(ProcessHealth, self.heard)
            await heartbeat.beat(bus.say, self.node, OWN, faults=lambda: tuple(self.faults.items()))
        except BusError as err:
            _log.error("%s", err)
        finally:
            if bus is not None:
                await bus.close()

    def heard(self, health: ProcessHealth) -> None:
        """Somebody lives; who belongs to another node is its own supervisor's."""
        node, _, name = health.source.partition(".")
        if node == self.node:
            self.pulses.heard(name, health.pid)


def _stamp(file: Path) -> tuple[int, int]:
    """When and how large a file is; (0, 0) when it is not there."""
    with contextlib.suppress(OSError):
        found = file.stat()
        return found.st_mtime_ns, found.st_size
    return 0, 0


async def supervise(supervisor: Supervisor) -> None:
    """Run a supervisor until SIGTERM or SIGINT."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    began = utc_s()
    with contextlib.suppress(asyncio.CancelledError):
        await supervisor.run()
    _log.info("stopped after %.0f s", utc_s() - began)
