"""The supervisor with real children and a real nats-server: what ends is started again, what changed is restarted."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.bus.nats import connect
from embereye_addon.detect.models import Models
from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.messages import PanelState, ProcessHealth
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.plan import Deaths, Role
from embereye_addon.processes.pulses import SERVER
from embereye_addon.processes.supervisor import Running, Supervisor, supervise
from embereye_addon.settings import store
from embereye_addon.settings.model import Site
from embereye_addon.topology import PROCESSES
from tests.fakes.cameras import until
from tests.fakes.ports import free_port
from tests.processes.world import Listener

ROOT = Path(__file__).resolve().parents[2]


def settings(**changes: Any) -> dict[str, Any]:
    """A site with one zone and nothing in it; the page and the PF port on free ports."""
    return {
        "name": "Test",
        "web": {"host": "127.0.0.1", "port": free_port()},
        "pf": {"host": "127.0.0.1", "port": free_port(), "networks": ["127.0.0.0/8"]},
        "detection": {"shards": 1},
        "zones": [{"id": "hall", "name": "Hall"}],
        **changes,
    }


async def as_it_is(site: Site) -> Site:
    """Outside an add-on."""
    return site


def node(path: Path) -> Supervisor:
    """A supervisor on a folder of its own; its children write into files there."""
    (path / "log").mkdir(exist_ok=True)

    def output(name: str) -> int:
        return os.open(path / "log" / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    folder = Folder(path)
    return Supervisor(folder, folder.site_file, as_it_is, output=output)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextlib.asynccontextmanager
async def supervised(supervisor: Supervisor) -> AsyncIterator["asyncio.Task[None]"]:
    """The supervisor while the block lasts; afterwards none of its children is left."""
    task = asyncio.create_task(supervisor.run())
    pids: list[int] = []
    try:
        yield task
    finally:
        pids = [child.process.pid for child in supervisor.running.values()]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not [pid for pid in pids if alive(pid)]


@pytest.mark.timeout(90)
async def test_a_node_lives_heals_and_follows_its_settings(tmp_path: Path) -> None:
    """One node through its life: start, kill -9 of a child, changed settings, wrong settings, right ones, the end."""
    supervisor = node(tmp_path)
    given = settings()
    store.save(supervisor.site_file, given)
    async with supervised(supervisor):
        await until(supervisor.ready.is_set, 20.0)
        assert set(supervisor.running) == {SERVER, "pf_gateway", "detector-0", "panel", "publisher", "web"}
        assert supervisor.access is not None
        bus = await connect(supervisor.access.url, supervisor.access.token, "test")
        listener = Listener(bus)
        await listener.listen()
        try:
            await _heals(supervisor, listener)
            await _follows(supervisor, listener, given)
        finally:
            await bus.close()


def beating(listener: Listener, name: str, pid: int) -> bool:
    """Whether this very process has said that it lives."""
    return any(beat.source == f"node1.{name}" and beat.pid == pid for beat in listener.all(ProcessHealth))


async def _heals(supervisor: Supervisor, listener: Listener) -> None:
    panel = supervisor.running["panel"].process
    await until(lambda: beating(listener, "panel", panel.pid) and listener.all(PanelState), 30.0)
    others = {name: child.process.pid for name, child in supervisor.running.items() if name != "panel"}
    panel.kill()
    await until(lambda: "panel" in supervisor.running and supervisor.running["panel"].process.pid != panel.pid, 15.0)
    assert supervisor.deaths["panel"].in_row == 1
    listener.heard.clear()
    await until(lambda: beating(listener, "panel", supervisor.running["panel"].process.pid), 30.0)
    await until(lambda: listener.all(PanelState), 15.0)
    assert {name: child.process.pid for name, child in supervisor.running.items() if name != "panel"} == others


async def _follows(supervisor: Supervisor, listener: Listener, given: dict[str, Any]) -> None:
    before = {name: child.process.pid for name, child in supervisor.running.items()}
    store.save(supervisor.site_file, given | {"pf": given["pf"] | {"max_frames_hz": 4.0}})
    await until(
        lambda: supervisor.running.get("pf_gateway") and pid_of(supervisor, "pf_gateway") != before["pf_gateway"], 20
    )
    after = {name: child.process.pid for name, child in supervisor.running.items()}
    assert {name for name in before if before[name] != after.get(name)} == {"pf_gateway"}, "only the reader restarts"
    assert supervisor.folder.site().pf.max_frames_hz == 4.0
    assert supervisor.deaths.keys() == {"panel"}, "an asked-for end is no death"
    supervisor.site_file.write_text('{"zones": "none"}')
    await until(lambda: "configuration_rejected" in supervisor.faults)
    assert supervisor.folder.site().pf.max_frames_hz == 4.0
    said = ("configuration_rejected", supervisor.faults["configuration_rejected"])
    await until(lambda: any(said in beat.faults for beat in listener.all(ProcessHealth)), 15.0)
    assert {name: child.process.pid for name, child in supervisor.running.items()} == after, "the last good ones hold"
    store.save(supervisor.site_file, given)
    await until(lambda: "configuration_rejected" not in supervisor.faults)
    before = {name: child.process.pid for name, child in supervisor.running.items()}
    Models(supervisor.folder.models).shade(None)
    await until(
        lambda: supervisor.running.get("detector-0") and pid_of(supervisor, "detector-0") != before["detector-0"], 20
    )
    after = {name: child.process.pid for name, child in supervisor.running.items()}
    assert before["panel"] == after["panel"], "another model restarts detectors only"
    supervisor.folder.ask_restart()
    await until(lambda: supervisor.running.get("panel") and pid_of(supervisor, "panel") != before["panel"], 20)
    assert pid_of(supervisor, SERVER) == before[SERVER], "the bus stays"


def pid_of(supervisor: Supervisor, name: str) -> int:
    """The number of the process that runs now."""
    return supervisor.running[name].process.pid


@pytest.mark.timeout(60)
async def test_children_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    """After kill -9 of the supervisor nothing is left behind that would hold ports, cameras or the store."""
    store.save(tmp_path / "site.json", settings())
    errors = await asyncio.to_thread((tmp_path / "stderr").open, "wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "embereye_addon", "--folder", str(tmp_path), cwd=ROOT, stderr=errors
    )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        await until(lambda: len(children.read_text().split()) >= 6, 30.0)
        pids = [int(pid) for pid in children.read_text().split()]
        await asyncio.sleep(2.0)  # by now they have set up their own ends
        assert all(alive(pid) for pid in pids)
    finally:
        process.kill()
        await process.wait()
        errors.close()
    await until(lambda: not [pid for pid in pids if alive(pid)], 25.0)


@pytest.mark.timeout(60)
async def test_sigterm_ends_everything_well(tmp_path: Path) -> None:
    """`docker stop` and Ctrl-C: every child ends, then the bus, and the log says so without an error."""
    store.save(tmp_path / "site.json", settings())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "embereye_addon",
        "--folder",
        str(tmp_path),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    await until(lambda: len(children.read_text().split()) >= 6, 30.0)
    pids = [int(pid) for pid in children.read_text().split()]
    await asyncio.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    written = (await process.stderr.read()).decode()
    assert await process.wait() == 0
    assert not [pid for pid in pids if alive(pid)]
    assert "Traceback" not in written
    assert '"message":"stopped after' in written


async def test_settings_that_cannot_be_used_end_it_at_the_start(tmp_path: Path) -> None:
    """A first start with a wrong file says every mistake and starts nothing."""
    supervisor = node(tmp_path)
    supervisor.site_file.write_text('{"zones": 7}')
    with pytest.raises(SettingsFileError):
        await supervisor.run()
    assert not supervisor.running


async def test_a_folder_that_cannot_be_written_is_words(tmp_path: Path) -> None:
    """A file in the place of the folder stands for every disk that refuses."""
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        await node(tmp_path).run()


class Sleeper:
    """A supervisor's view of children that are nothing but a sleep, or an end."""

    def __init__(self, path: Path) -> None:
        self.supervisor = node(path)
        self.supervisor.prepare()

    async def up(self, *command: str) -> bool:
        return await self.supervisor.up("panel", time.monotonic(), command, {})

    @property
    def child(self) -> Running:
        return self.supervisor.running["panel"]


async def test_a_process_that_keeps_ending_is_a_fault(tmp_path: Path) -> None:
    """It is tried again, ever more slowly, and the fault stands until it has lived a minute."""
    sleeper = Sleeper(tmp_path)
    supervisor = sleeper.supervisor
    for _ in range(5):
        deaths = supervisor.deaths.get("panel", Deaths())
        supervisor.deaths["panel"] = Deaths(deaths.last_s, deaths.in_row, 0.0)
        assert await sleeper.up(sys.executable, "-c", "raise SystemExit(3)")
        await sleeper.child.process.wait()
        supervisor.bury("panel", sleeper.child, time.monotonic())
        supervisor.tell_restless()
    assert supervisor.faults == {"process_restarts": "panel ended 5 times"}
    assert not await sleeper.up(sys.executable, "-c", ""), "it has to wait for its turn"
    supervisor.deaths["panel"] = Deaths(0.0, 5, 0.0)
    assert await sleeper.up("sleep", "60")
    supervisor.tell_restless()
    assert supervisor.faults
    sleeper.child.since_s -= 61.0
    assert await sleeper.up("sleep", "60")
    supervisor.tell_restless()
    assert supervisor.faults == {}
    await supervisor.stop()


async def test_a_process_has_few_heaps(tmp_path: Path) -> None:
    """A heap for each camera's thread would take half as much memory again."""
    sleeper, told = Sleeper(tmp_path), tmp_path / "told"
    assert await sleeper.up("sh", "-c", f"echo $MALLOC_ARENA_MAX > {told}")
    await sleeper.child.process.wait()
    assert told.read_text() == "2\n"
    await sleeper.supervisor.stop()


async def test_a_command_that_is_not_there_ends_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be started is tried again; the supervisor lives."""
    monkeypatch.setenv("PATH", str(tmp_path))  # no setpriv either, as on systems without it
    sleeper = Sleeper(tmp_path)
    assert not await sleeper.up(str(tmp_path / "nothing"))
    assert sleeper.supervisor.deaths["panel"].in_row == 1
    assert sleeper.supervisor.running == {}
    sleeper.supervisor.deaths.clear()
    assert await sleeper.up(sys.executable, "-c", "import time; time.sleep(60)")
    await sleeper.supervisor.stop()


@pytest.mark.timeout(30)
async def test_a_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """A process stuck in a driver must not hold up a restart for ever."""
    sleeper = Sleeper(tmp_path)
    ready = tmp_path / "ready"
    words = "import pathlib, signal, sys, time; signal.signal(15, signal.SIG_IGN); pathlib.Path(sys.argv[1]).touch()"
    assert await sleeper.up(sys.executable, "-c", f"{words}; time.sleep(60)", str(ready))
    await until(ready.exists)
    pid = sleeper.child.process.pid
    sleeper.supervisor.stop_s = 0.3
    await sleeper.supervisor.stop()
    assert not alive(pid)
    await sleeper.supervisor.end("gone", Running(await _ended(), 0.0))


async def _ended() -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    return process


async def test_what_is_not_wanted_any_more_ends(tmp_path: Path) -> None:
    """Fewer detectors in the settings: the surplus ends, and what it owed is forgotten."""
    sleeper = Sleeper(tmp_path)
    supervisor = sleeper.supervisor
    assert await supervisor.up("detector-7", time.monotonic(), ("sleep", "60"), {})
    supervisor.deaths["detector-8"] = Deaths(0.0, 6, 1e12)
    supervisor.deaths[SERVER] = Deaths(time.monotonic(), 1, time.monotonic() + 1000.0)
    await supervisor.reconcile()
    assert supervisor.running == {}
    assert supervisor.deaths.keys() == {SERVER}
    assert supervisor.faults == {}


async def test_a_disk_that_refuses_new_settings_ends_nothing(tmp_path: Path) -> None:
    """The running settings go on, with a fault."""
    supervisor = node(tmp_path)
    supervisor.prepare()
    store.save(supervisor.site_file, settings())
    await supervisor.load()
    await supervisor.reload()
    before = supervisor.site
    (supervisor.folder.run / ".site.json.new").mkdir()
    store.save(supervisor.site_file, settings(name="Other"))
    await supervisor.reload()
    assert supervisor.site is before
    assert "cannot be written" in supervisor.faults["configuration_rejected"]


def test_commands_can_be_typed(tmp_path: Path) -> None:
    """What the supervisor runs is what a person would type."""
    supervisor = node(tmp_path)
    rows = {process.name: process for process in PROCESSES}
    assert supervisor.command(Role(rows["panel"], 0))[1:] == (
        "-m",
        "embereye_addon",
        "panel",
        "--folder",
        str(tmp_path),
    )
    assert supervisor.command(Role(rows["detector"], 2))[3:5] == ("detector", "2")


@pytest.mark.timeout(30)
async def test_supervise_ends_with_its_signal(tmp_path: Path) -> None:
    """SIGTERM at the very beginning ends it as well."""
    supervisor = node(tmp_path)
    asyncio.get_running_loop().call_later(0.2, os.kill, os.getpid(), signal.SIGTERM)
    task = asyncio.create_task(supervise(supervisor))
    await task
    assert not supervisor.running
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)
    assert json.loads((supervisor.folder.run / "bus.json").read_text())["node"] == "node1"
