"""The journal and the outbox of a running panel: checked, shortened, copied, measured, and replaced when they break."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from embereye_addon.alarm import spare
from embereye_addon.alarm.journal import SEGMENT_ROWS
from embereye_addon.bus.memory import Hub
from embereye_addon.errors import StorageError
from embereye_addon.messages import AlarmChanged, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.panel import PanelProcess, opened
from embereye_addon.settings import model
from tests.fakes.cameras import until
from tests.processes.world import child_of, hot, listening, site

SITE = site(devices=("boiler",))


def made(path: Path, of: model.Site = SITE, hub: Hub | None = None) -> PanelProcess:
    """A panel as a start leaves it."""
    return opened(child_of(hub or Hub(), path, "panel", of), 1)


async def test_the_newest_row_is_told(tmp_path: Path) -> None:
    """The head that everybody is told is that of the file, so that a tail that was cut off is missed."""
    process = made(tmp_path)
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    told = process.state().journal
    assert told is not None
    assert told.head == process.records.journal.head()
    assert told.head.startswith("2:")
    await process.records._measure()
    told = process.state().journal
    assert told is not None
    assert told.used_bytes > 4096


async def test_the_chain_is_checked_and_its_break_is_a_fault(tmp_path: Path) -> None:
    """A row that somebody edits in a running system is told; a mended file ends the fault."""
    process = made(tmp_path)
    await process.records.verify()
    assert process.child.faults == {}
    assert process.records.told().verified_at == pytest.approx(utc_s(), abs=60)
    body = process.records.journal.rows()[0].body
    process.records.journal._base.execute("UPDATE journal SET body = '{}' WHERE number = 1")
    await process.records.verify()
    assert process.child.faults["journal_broken"] == "the journal's chain is broken: row 1 was changed"
    assert process.records.told().broken
    process.records.journal._base.execute("UPDATE journal SET body = ? WHERE number = 1", (body,))
    await process.records.verify()
    assert process.child.faults == {}
    process.records.head = f"99:{'0' * 64}"
    await process.records.verify()
    assert "were cut off" in process.child.faults["journal_broken"]
    process.child.folder.journal.unlink()
    await process.records.verify()
    assert "cannot be opened" in process.child.faults["journal_broken"]


async def test_the_journal_is_shortened(tmp_path: Path) -> None:
    """What is older than the settings say goes segment by segment, while the panel works."""
    process = made(tmp_path, msgspec.structs.replace(SITE, journal=model.Journal(keep_days=7, alarm_days=30)))
    journal = process.records.journal
    journal._base.execute("PRAGMA synchronous=OFF")
    for number in range(2 * SEGMENT_ROWS):
        journal.append(utc_s() - 20 * 86_400 + number, "alarm" if number == 5 else "fault", "{}")
    process.record("start", {})
    for _ in range(5):
        await process.records.retain()
    found = journal.verify(process.records.head)
    assert (found.broken, found.kept, found.first) == ("", 1, 2 * SEGMENT_ROWS + 1)
    journal._base.execute("DROP TABLE kept")
    await process.records.retain()


async def test_the_second_copy_follows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each change is on disk twice a moment later; a disk that refuses the copy is told once."""
    process = made(tmp_path)
    looking = asyncio.create_task(process.records.look_after())
    try:
        process.on_evidence("pf.boiler", hot().evidence, 1e9)
        path = process.child.folder.spare
        await until(lambda: path.exists() and (spare.read(path) or spare.Spare(head="", state=b"")).head[:2] == "2:")
        path.unlink()
        path.mkdir()
        for _ in range(2):
            process.record("filler", {})
            await until(lambda: not process.records.to_copy.is_set())
            await asyncio.sleep(1.1)
        assert len([line for line in caplog.messages if "second copy" in line]) == 1
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def test_a_journal_in_memory_claims_no_head_on_disk(tmp_path: Path) -> None:
    """The next start must not miss rows that were never on a disk."""
    (tmp_path / "journal.db").mkdir()
    process = made(tmp_path)
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    await process.records.copy()
    found = spare.read(process.child.folder.spare)
    assert found is not None
    assert found.head == process.records.told().head == ""
    (tmp_path / "journal.db").rmdir()
    again = made(tmp_path)
    assert again.panel.zones["hall"].state is ZoneState.ALARM, "the copy knows what the journal could not take"
    assert again.child.faults.keys() <= {"state_lost"}


async def test_an_outbox_that_breaks_while_it_is_used_is_replaced(tmp_path: Path) -> None:
    """What waited in it comes again from the journal, and is sent."""
    hub = Hub()
    process = made(tmp_path, hub=hub)
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    process.records.mend_outbox(StorageError("the outbox is damaged"))
    assert len(process.records.outbox) == 1
    assert "outbox_lost" in process.child.faults
    async with listening(hub) as listener:
        sending = asyncio.create_task(process.records.send())
        await until(lambda: listener.all(AlarmChanged))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
