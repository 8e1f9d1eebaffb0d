"""What every process has in common: folder, settings, bus, heartbeat, a clean end."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from embereye_addon.bus import Bus
from embereye_addon.bus.nats import connect
from embereye_addon.errors import EmberEyeError
from embereye_addon.observe import heartbeat, log
from embereye_addon.observe.metrics import BUS_DROPS, DIED_VARIABLE, RESTART
from embereye_addon.observe.tasks import ASK_AGAIN_S, stopped
from embereye_addon.processes.folder import Folder
from embereye_addon.settings.model import Site

_log = logging.getLogger(__name__)

DROPS_S = 5.0


@dataclass(slots=True)
class Child:
    """One running process: where it is, what it reads, its bus, the faults it claims now and its notices."""

    name: str
    node: str
    folder: Folder
    site: Site
    bus: Bus
    faults: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Its id, under which it also holds leases: the same after a restart, so it finds its own again."""
        return f"{self.node}.{self.name}"

    def claims(self) -> tuple[tuple[str, str], ...]:
        """Its faults as (code, words)."""
        return tuple(self.faults.items())


Main = Callable[[Child], Awaitable[None]]


def with_parent(command: tuple[str, ...]) -> tuple[str, ...]:
    """On Linux a child ends with its parent, however that ends (setpriv is part of every Debian and Ubuntu)."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", *command) if setpriv else command


async def every(period_s: float, what: Callable[[], Awaitable[None]]) -> None:
    """Call `what` again and again, `period_s` after it returned."""
    while True:
        await what()
        await asyncio.sleep(period_s)


@dataclass(slots=True)
class Drops:
    """What the bus gave up in this process, told to the metrics."""

    bus: Bus
    told: Counter[str] = field(default_factory=Counter)

    async def count(self) -> None:
        """Add what came since the last time."""
        now = Counter(self.bus.dropped)
        for reason, lost in (now - self.told).items():
            BUS_DROPS.labels(reason).inc(lost)
        self.told = now


async def live(child: Child, main: Main) -> None:
    """Beat and run `main` until it ends or is cancelled; then leave the bus."""
    if DIED_VARIABLE in os.environ:
        RESTART.labels(child.name).observe(max(0.0, time.monotonic() - float(os.environ[DIED_VARIABLE])))
    beside = (
        asyncio.create_task(
            heartbeat.beat(child.bus.say, child.node, child.name, faults=child.claims, notices=lambda: child.notices),
            name="heartbeat",
        ),
        asyncio.create_task(every(DROPS_S, Drops(child.bus).count), name="drops"),
    )
    try:
        await main(child)
    finally:
        await stopped(beside)
        await child.bus.close()


async def _run(name: str, folder: Folder, main: Main) -> None:
    access = folder.bus()
    bus = await connect(access.url, access.token, f"{access.node}.{name}")
    await live(Child(name, access.node, folder, folder.site(), bus), main)


def end(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    """Cancel the process's work, and go on asking: Python 3.11's `wait_for` can swallow a cancellation."""
    task.cancel()
    loop.call_later(ASK_AGAIN_S, _insist, loop, task)


def _insist(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    """Whoever swallowed the cancellation is deeper than the task that was cancelled: ask all of them."""
    if not task.done():
        for each in asyncio.all_tasks(loop):
            each.cancel()
        loop.call_later(ASK_AGAIN_S, _insist, loop, task)


def run(name: str, path: Path, main: Main) -> int:
    """Run one process by its command until SIGTERM or SIGINT; returns the exit code."""
    stop_log = log.start(name, os.environ.get("EMBEREYE_LOG_LEVEL", "info"))
    try:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            task = loop.create_task(_run(name, Folder(path), main), name=name)
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, end, loop, task)
            with contextlib.suppress(asyncio.CancelledError):
                runner.run(_wait(task))
        return 0
    except EmberEyeError as err:
        _log.error("%s", err)
        return 1
    except Exception as err:  # noqa: BLE001 - the top of a process: it ends with words, and its supervisor restarts it
        for reason in reasons(err):
            _log.error("%s ends: %s", name, reason, exc_info=reason)
        return 1
    finally:
        stop_log()
        sys.stderr.flush()


def reasons(err: BaseException) -> tuple[BaseException, ...]:
    """What lies at the bottom of an exception group, or the exception itself."""
    if isinstance(err, BaseExceptionGroup):
        return tuple(reason for inner in err.exceptions for reason in reasons(inner))
    return (err,)


async def _wait(task: asyncio.Task[None]) -> None:
    await task
