"""A disk that refuses the panel, by its real cause and without a disk of its own: no file may grow any more.

The kernel refuses the writes of the real process beyond a size (RLIMIT_FSIZE, set from outside), as a full disk does.
"""

import asyncio
import resource
import sys
from pathlib import Path

import pytest

from embereye_addon.alarm.journal import Journal
from embereye_addon.messages import PanelState, ZoneState
from tests.fakes.cameras import until
from tests.processes.test_crash import World, real_world
from tests.processes.world import hot

LESS_THAN_A_PAGE = 100


def room(world: World, most_bytes: int) -> None:
    """From now on no file of the panel grows beyond so many bytes (-1: as large as it likes)."""
    assert world.panel is not None
    _, hard = resource.prlimit(world.panel.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(world.panel.pid, resource.RLIMIT_FSIZE, (most_bytes, hard))


def codes(state: PanelState) -> set[str]:
    """The faults of the panel's process."""
    return {fault.code for fault in state.faults if fault.about == "node1.panel"}


async def alarmed(world: World, zone: str) -> str:
    """A fire in that zone, and the id of its alarm once everybody was told."""
    world.seq += 1
    await world.bus.say(hot(world.seq, f"pf.{zone}"))
    await until(lambda: zone in world.alarms)
    return world.alarms[zone]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
@pytest.mark.timeout(120)
async def test_a_disk_that_refuses_is_told_and_loses_no_alarm(tmp_path: Path) -> None:
    """An alarm waits for a full disk, or is forgotten because it was never written, or the fault stays for ever."""
    async with real_world(tmp_path) as world:
        world.start()
        assert not codes(await world.until_told())
        await alarmed(world, "hall")
        logs = [world.folder.path / f"{name}.db-wal" for name in ("journal", "outbox")]
        room(world, min(log.stat().st_size for log in logs) + LESS_THAN_A_PAGE)
        yard = await alarmed(world, "yard")
        await until(lambda: "disk_full" in codes(world.states[-1]))
        words = next(fault.text for fault in world.states[-1].faults if fault.code == "disk_full")
        assert "journal.db cannot be written" in words
        room(world, -1)
        await alarmed(world, "attic")
        await until(lambda: not codes(world.states[-1]))
        await asyncio.sleep(0.1)
        world.kill()
        world.start()
        told = {zone.zone: zone for zone in (await world.until_told()).zones}
        assert (told["yard"].state, told["yard"].alarm_id) == (ZoneState.ALARM, yard)
        assert {zone.state for zone in told.values()} == {ZoneState.ALARM}
        world.kill()
    journal = Journal(world.folder.journal, read_only=True)
    assert journal.verify().broken == ""
    journal.close()
    assert "Traceback" not in (world.folder.path / "panel.log").read_text()
