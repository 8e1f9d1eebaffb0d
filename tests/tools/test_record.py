"""The record command: what sources say, into a file that replay plays."""

import asyncio
import io
from pathlib import Path

import msgspec
import pytest

from embereye_addon.__main__ import command
from embereye_addon.bus.nats import connect
from embereye_addon.errors import BusError, StorageError
from embereye_addon.processes.folder import BusAccess, Folder
from embereye_addon.processes.traffic import Said
from embereye_addon.tools.heard import traffic
from embereye_addon.tools.record import Recording, recorded
from tests.fakes.nats_server import NatsServer
from tests.processes.world import cold, hot


async def test_what_is_said_on_a_running_bus_can_be_heard_again(tmp_path: Path) -> None:
    """The night's evidence cannot be looked at in the morning."""
    folder, out = Folder(tmp_path), tmp_path / "night.jsonl"
    server = NatsServer(tmp_path)
    await asyncio.to_thread(server.start)
    folder.write_run("bus.json", msgspec.json.encode(BusAccess(server.url, server.token, "n1")))
    bus = await connect(server.url, server.token, "n1.test")
    with out.open("wb", buffering=0) as file:
        task = asyncio.create_task(recorded(folder, file, 30.0))
        while file.tell() == 0:
            await bus.say(hot())
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await bus.close()
    await asyncio.to_thread(server.kill)
    first = next(traffic(out))
    assert (first.source, first.evidence) == ("pf.boiler", hot().evidence)


def test_a_forgotten_recording_does_not_fill_the_disk() -> None:
    """It was left on over the holidays, and the journal could not be written any more."""
    file = io.BytesIO()
    recording = Recording(file)
    said = cold(1)
    recording.take(said)
    assert msgspec.json.decode(file.getvalue(), type=Said).say == said
    recording.written = 4 << 30
    recording.take(cold(2))
    assert (recording.full, recording.count) == (True, 1)


def test_without_a_running_embereye_it_says_so(tmp_path: Path) -> None:
    """A traceback, or an empty file for a whole night."""
    with pytest.raises(BusError, match="no supervisor runs"):
        command(["record", str(tmp_path / "a.jsonl"), "--folder", str(tmp_path)])
    with pytest.raises(StorageError, match="cannot be written"):
        command(["record", str(tmp_path / "none" / "a.jsonl"), "--folder", str(tmp_path)])
