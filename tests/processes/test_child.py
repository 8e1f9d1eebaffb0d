"""What every process has in common."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.errors import BusError
from embereye_addon.messages import ProcessHealth
from embereye_addon.observe.metrics import DIED_VARIABLE, REGISTRY
from embereye_addon.processes.child import Child, end, every, reasons, run
from embereye_addon.processes.folder import BusAccess, Folder
from embereye_addon.settings.model import Site
from tests.fakes.cameras import until
from tests.fakes.nats_server import NatsServer
from tests.processes.world import child_of, listening, running, site


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A bus, with what its supervisor writes for the processes."""
    server = NatsServer(tmp_path)
    server.start()
    folder = Folder(tmp_path)
    folder.write_run("bus.json", msgspec.json.encode(BusAccess(server.url, server.token, "node1")))
    folder.write_run("site.json", msgspec.json.encode(Site()))
    yield server
    server.stop()


async def test_every_goes_on() -> None:
    """A period is kept until the process ends."""
    calls: list[int] = []

    async def what() -> None:
        calls.append(1)

    task = asyncio.create_task(every(0.01, what))
    await until(lambda: len(calls) >= 3)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_process_beats_with_its_faults(tmp_path: Path) -> None:
    """Everybody sees that it lives and what is wrong with it, and it leaves the bus when it ends."""
    hub = Hub()
    child = child_of(hub, tmp_path, "panel", site())
    child.faults["disk_full"] = "no room"

    async def main(_child: Child) -> None:
        await asyncio.Event().wait()

    async with listening(hub) as listener:
        async with running(child, main):
            await until(lambda: listener.all(ProcessHealth))
        assert len(hub.buses) == 1
        beat = listener.all(ProcessHealth)[0]
    assert (beat.source, beat.faults) == ("node1.panel", (("disk_full", "no room"),))
    assert child.source == beat.source


def test_without_a_supervisor_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A process started by hand in the wrong folder says what to do, without a traceback."""
    assert run("panel", tmp_path, _wait) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no supervisor runs on" in json.loads(line)["message"]


def test_sigterm_is_a_clean_end(tmp_path: Path, nats: NatsServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Stopping is no error: what a process must put in order it can."""
    left: list[str] = []

    async def main(child: Child) -> None:
        try:
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            left.append(child.site.name)

    assert run("panel", tmp_path, main) == 0
    assert left == ["EmberEye"]
    assert "rror" not in capsys.readouterr().err


def test_a_process_that_is_done_ends_well(tmp_path: Path, nats: NatsServer) -> None:
    """An end of its own accord is no failure."""

    async def main(child: Child) -> None:
        assert child.node == "node1"

    assert run("panel", tmp_path, main) == 0


@pytest.mark.parametrize("err", [BusError("the lease was lost"), ValueError("a mistake")])
def test_an_error_is_words(
    tmp_path: Path, nats: NatsServer, capsys: pytest.CaptureFixture[str], err: Exception
) -> None:
    """What ends a process from one of its tasks stands in the log as words, never as a traceback."""

    async def fails() -> None:
        raise err

    async def main(_child: Child) -> None:
        async with asyncio.TaskGroup() as work:
            work.create_task(fails())
            work.create_task(asyncio.Event().wait())

    assert run("panel", tmp_path, main) == 1
    written = capsys.readouterr().err
    assert any(str(err) in json.loads(line)["message"] for line in written.splitlines())
    assert "Traceback" not in written


def test_reasons_are_those_at_the_bottom() -> None:
    """Groups of groups hide what happened."""
    one, two = ValueError("one"), BusError("two")
    assert reasons(ExceptionGroup("outer", [ExceptionGroup("inner", [one]), two])) == (one, two)


async def _wait(_child: Child) -> None:
    await asyncio.Event().wait()


async def test_a_restart_and_what_the_bus_gave_up_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a killed process was away, and every fact that was dropped, must be readable from the metrics."""
    monkeypatch.setenv(DIED_VARIABLE, repr(time.monotonic() - 2.0))
    hub = Hub()
    child = child_of(hub, tmp_path, "panel", site())
    child.bus.dropped["slow.reading"] += 3

    async def main(_child: Child) -> None:
        await until(lambda: REGISTRY.get_sample_value("embereye_bus_drops_total", {"channel": "slow.reading"}))

    async with running(child, main) as task:
        await task
    assert REGISTRY.get_sample_value("embereye_bus_drops_total", {"channel": "slow.reading"}) == 3.0
    assert (REGISTRY.get_sample_value("embereye_restart_seconds_sum", {"process": "panel"}) or 0.0) >= 2.0


def test_a_swallowed_cancellation_does_not_keep_a_process_alive() -> None:
    """A process that a container ends must end, also when a library deep below swallowed the first request."""
    swallowed: list[int] = []

    async def deaf() -> None:
        while len(swallowed) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.Event().wait()

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(deaf())

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work())
        loop.call_later(0.1, end, loop, task)
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
    assert len(swallowed) == 2
