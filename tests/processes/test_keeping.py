"""Damaged files and disks that refuse, at a start: the panel works, and says what is wrong."""

from pathlib import Path

import pytest

from embereye_addon.alarm.panel import Panel
from embereye_addon.alarm.zone import Zone
from embereye_addon.bus.memory import Hub
from embereye_addon.bus.outbox import Outbox
from embereye_addon.errors import StorageError
from embereye_addon.messages import ZoneState
from embereye_addon.processes.keeping import journal_at, kept_in, restored, unsent
from embereye_addon.processes.panel import opened
from tests.processes.world import child_of, hot, site

SITE = site(devices=("boiler",))


@pytest.mark.parametrize(("name", "code"), [("journal.db", "journal_lost"), ("outbox.db", "outbox_lost")])
async def test_a_damaged_file_is_set_aside(tmp_path: Path, name: str, code: str) -> None:
    """A file that a power cut has ruined is kept for whoever may want it, and the alarm goes on without it."""
    (tmp_path / name).write_bytes(b"this was a database once " * 400)
    process = opened(child_of(Hub(), tmp_path, "panel", SITE), 1)
    assert "it was set aside" in process.child.faults[code]
    (aside,) = tmp_path.glob(f"{name}.damaged-*")
    assert aside.read_bytes().startswith(b"this was")
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    assert process.panel.zones["hall"].state is ZoneState.ALARM
    again = opened(child_of(Hub(), tmp_path, "panel", SITE), 1)
    assert again.panel.zones["hall"].state is ZoneState.ALARM, "the new file keeps as the old one did"
    assert code not in again.child.faults


async def test_a_disk_that_refuses_everything_stops_no_alarm(tmp_path: Path) -> None:
    """Without any disk the panel works from memory, with standing faults."""
    (tmp_path / "journal.db").mkdir()
    (tmp_path / "outbox.db").mkdir()
    process = opened(child_of(Hub(), tmp_path, "panel", SITE), 1)
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    assert process.panel.zones["hall"].state is ZoneState.ALARM
    assert len(process.records.outbox) == 1
    assert set(process.child.faults) == {"journal_lost", "outbox_lost", "state_lost"}
    assert "nothing is kept on disk" in process.child.faults["journal_lost"]


async def test_a_journal_with_a_torn_page_is_damaged(tmp_path: Path) -> None:
    """The header may be whole while what follows is not."""
    process = opened(child_of(Hub(), tmp_path, "panel", SITE), 1)
    for _ in range(60):
        process.record("filler", "x" * 1000)
    process.records.journal._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    process.records.journal.close()
    path = tmp_path / "journal.db"
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    path.write_bytes(whole)
    with pytest.raises(StorageError):
        journal_at(path)
    again = opened(child_of(Hub(), tmp_path, "panel", SITE), 1)
    assert "journal_lost" in again.child.faults


async def test_a_state_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """If latched alarms were lost, somebody must know; what can be written can be read by the next start."""
    child = child_of(Hub(), tmp_path, "panel", SITE)
    journal = journal_at(tmp_path / "journal.db")
    fresh = Panel({"hall": Zone("hall", "Hall", 30.0)})
    assert restored(child, journal, fresh) is fresh
    assert not child.faults
    journal.append(1e9, "start", "{}", b"\x93of another version")
    panel = restored(child, journal, fresh)
    assert panel.zones == fresh.zones
    assert "are lost and must be looked for" in child.faults["state_lost"]
    assert unsent(journal) == []


async def test_what_can_neither_be_opened_nor_moved_lives_in_memory(tmp_path: Path) -> None:
    """A damaged file on a disk that became read-only."""
    place = Path("/proc/self/cmdline")
    child = child_of(Hub(), tmp_path, "panel", SITE)
    outbox = kept_in(place, Outbox, child)
    assert outbox.put("a", "b", b"c")
    assert "cmdline_lost" in child.faults
