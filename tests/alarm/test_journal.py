"""The journal: what was written is there, a change is found, and a disk that refuses says so in words."""

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from embereye_addon.alarm.chain import GENESIS, Row
from embereye_addon.alarm.journal import SEGMENT_ROWS, Chosen, Journal, Limits
from embereye_addon.errors import StorageError

APPEND_FOR_EVER = """
import pathlib, sys
from embereye_addon.alarm.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
for number in range(1, 1_000_000):
    journal.append(float(number), "alarm", "x" * 5000, str(number).encode())
    print(number, flush=True)
"""


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """A journal that is closed again."""
    journal = Journal(path)
    try:
        yield journal
    finally:
        journal.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a journal with five rows and a state lies."""
    path = tmp_path / "kept" / "journal.db"
    with opened(path) as journal:
        for number in range(1, 6):
            kind = "alarm" if number % 2 else "action"
            journal.append(1_700_000_000.25 + number, kind, f'{{"n":{number}}}', b"state %d" % number)
    return path


def edit(path: Path, *lines: str) -> None:
    """What somebody with a SQLite tool does."""
    with closing(sqlite3.connect(path)) as base, base:
        for line in lines:
            base.execute(line)


def verdict(path: Path) -> str:
    """What `verify` says of a file."""
    with opened(path) as journal:
        return journal.verify().broken


def test_rows_and_the_last_state_are_there_after_a_restart(place: Path) -> None:
    """What was appended must be found, oldest first, with the state of the last one."""
    with opened(place) as journal:
        rows = journal.rows()
        assert [row.number for row in rows] == [1, 2, 3, 4, 5]
        assert rows[0] == Row(1, 1_700_000_001.25, "alarm", '{"n":1}', rows[0].hash)
        assert len({GENESIS, *(row.hash for row in rows)}) == 6
        assert journal.state() == b"state 5"
        assert journal.verify().broken == ""


def test_the_newest_rows_of_one_kind_come_oldest_first(place: Path) -> None:
    """The publisher is given back the last alarms, not the last actions."""
    with opened(place) as journal:
        assert [row.number for row in journal.rows("alarm", newest=2)] == [3, 5]
        assert journal.rows("fault") == []


def test_a_row_without_a_state_leaves_the_last_state(place: Path) -> None:
    """A fault's row must not forget what the panel was."""
    with opened(place) as journal:
        journal.append(7, "fault", "{}")
        assert journal.state() == b"state 5"
        assert journal.verify().broken == ""


def test_every_row_waits_for_the_disk(place: Path) -> None:
    """A power cut just after an alarm must find it: write-ahead log, flushed at each row (2 is FULL)."""
    with opened(place) as journal:
        pragmas = [journal._base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


def test_a_new_journal_is_empty_and_whole(tmp_path: Path) -> None:
    """The first start has no state to restore and no fault to find."""
    with opened(tmp_path / "j.db") as journal:
        assert (journal.state(), journal.rows(), journal.verify().broken) == (None, [], "")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("UPDATE journal SET body = '{}' WHERE number = 3", "row 3 was changed"),
        ("UPDATE journal SET at = at + 1 WHERE number = 2", "row 2 was changed"),
        ("UPDATE journal SET kind = 'action' WHERE number = 1", "row 1 was changed"),
        ("UPDATE journal SET hash = (SELECT hash FROM journal WHERE number = 4) WHERE number = 5", "row 5 was changed"),
        ("DELETE FROM journal WHERE number = 1", "row 1 is missing"),
        ("DELETE FROM journal WHERE number = 3", "row 3 is missing"),
        ("DELETE FROM journal WHERE number = 5", "row 5 is missing"),
        ("DELETE FROM journal", "row 1 is missing"),
    ],
)
def test_a_row_that_was_edited_or_removed_is_found(place: Path, line: str, found: str) -> None:
    """An alarm cannot be made unseen with a SQLite tool, not even the last one."""
    edit(place, line)
    assert verdict(place) == found


def test_a_removed_row_whose_numbers_were_closed_up_is_found(place: Path) -> None:
    """Renumbering after a removal does not mend the chain."""
    edit(
        place,
        "DELETE FROM journal WHERE number = 2",
        "UPDATE journal SET number = -number",
        "UPDATE journal SET number = 1 WHERE number = -1",
        "UPDATE journal SET number = -number - 1 WHERE number < 0",
        "UPDATE sqlite_sequence SET seq = 4",
    )
    assert verdict(place) == "row 2 was changed"


def test_two_rows_in_one_another_s_place_are_found(place: Path) -> None:
    """The order of events is part of the log."""
    edit(
        place,
        "UPDATE journal SET number = -3 WHERE number = 3",
        "UPDATE journal SET number = 3 WHERE number = 4",
        "UPDATE journal SET number = 4 WHERE number = -3",
    )
    assert verdict(place) == "row 3 was changed"


def test_a_process_killed_while_it_appends_leaves_a_whole_chain(tmp_path: Path) -> None:
    """Every row that was said to be on disk is there after a kill, the chain is whole, row and state agree."""
    path = tmp_path / "j.db"
    with subprocess.Popen(
        [sys.executable, "-c", APPEND_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = 0
        for line in writer.stdout:
            said = int(line)
            if said >= 25:
                break
        writer.kill()
        said = max([said, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    assert writer.returncode == -signal.SIGKILL
    with opened(path) as journal:
        assert journal.verify().broken == ""
        (newest,) = journal.rows(newest=1)
        assert newest.number >= said
        assert journal.state() == str(newest.number).encode()
        journal.append(1.0, "start", "{}")
        assert journal.verify().broken == ""


def test_a_disk_without_room_is_told_in_words_and_got_over(place: Path) -> None:
    """A full disk must be told, must not break what is kept, and must be got over when there is room again."""
    with opened(place) as journal:
        journal.append(7.0, "fault", "{}")
        size = Path(f"{place}-wal").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, hard))
        try:
            with pytest.raises(StorageError, match=r"journal\.db cannot be written: .*disk"):
                journal.append(8.0, "alarm", "x" * 200_000, b"lost")
            assert journal.state() == b"state 5"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        journal.append(9.0, "alarm", "x" * 200_000, b"kept")
        assert ([row.number for row in journal.rows()], journal.state()) == ([1, 2, 3, 4, 5, 6, 7], b"kept")
        assert journal.verify().broken == ""


def test_a_file_that_is_no_journal_is_told_in_words(tmp_path: Path) -> None:
    """A damaged file must be named at the start."""
    (tmp_path / "j.db").write_bytes(b"no base at all" * 200)
    with pytest.raises(StorageError, match=r"j\.db cannot be opened: file is not a database"):
        Journal(tmp_path / "j.db")


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    """A wrong path must be told at the start, not at the first alarm."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"j\.db cannot be opened"):
        Journal(tmp_path / "file" / "j.db")


def test_a_damaged_page_is_told_in_words(place: Path) -> None:
    """Reading and verifying a file with a hole in it must end in words, not in a traceback."""
    with place.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 8)
    with opened(place) as journal:
        for read in (journal.verify, journal.rows, journal.state):
            with pytest.raises(StorageError, match=r"journal\.db cannot be read: "):
                read()


# --- retention, export and published heads ---------------------------------------------------------------------


def filled(path: Path, rows: int) -> None:
    """A journal with one row an hour from second 0, an alarm every hundredth."""
    with opened(path) as journal:
        journal._base.execute("PRAGMA synchronous=OFF")
        for number in range(rows):
            journal.append(number * 3600.0, "alarm" if number % 100 == 50 else "fault", f'{{"n":{number}}}')


def test_retention_removes_whole_segments_and_keeps_alarms(tmp_path: Path) -> None:
    """The disk is bounded, the chain stays checkable and says where it starts, and alarms outlive their segment."""
    path = tmp_path / "j.db"
    filled(path, 3 * SEGMENT_ROWS)
    with opened(path) as journal:
        now = 2.5 * SEGMENT_ROWS * 3600.0
        limits = Limits(days=SEGMENT_ROWS / 24, alarm_days=3650, most_bytes=1 << 30)
        before = journal.head()
        assert journal.retain(limits, now)
        assert not journal.retain(limits, now), "the second segment is not old enough"
        found = journal.verify(before)
        assert (found.broken, found.note, found.first, found.kept) == ("", "", SEGMENT_ROWS + 1, 3)
        assert found.rows == 2 * SEGMENT_ROWS + 1, "and the row that says so"
        assert journal.rows(newest=1)[0].kind == "retention"
        alarms = list(journal.export(Chosen(kinds=("alarm",))))
        assert [row.number for row in alarms][:4] == [51, 151, 251, 351]
        assert [row.number for row in journal.export(Chosen(begin=3600.0 * 51, end=3600.0 * 256))] == [151, 251, 257]
        assert journal.holds(before)
        assert journal.holds("3:of a removed row")
        assert not journal.holds("700:another hash")
        assert (
            journal.verify(f"12:{'0' * 64}").note == "row 12 was removed by retention, so its hash cannot be compared"
        )
        assert journal.retain(Limits(days=1, alarm_days=1, most_bytes=1 << 30), now * 2)
        again = journal.verify()
        assert (again.broken, again.first, again.kept) == ("", 2 * SEGMENT_ROWS + 1, 0), "alarms have their time too"
        assert again.rows == SEGMENT_ROWS + 2


def test_retention_bounds_the_file(tmp_path: Path) -> None:
    """A storm of events fills the file to its limit and no further; the file itself does not grow any more."""
    path = tmp_path / "j.db"
    limits = Limits(days=99_999, alarm_days=99_999, most_bytes=200_000)
    with opened(path) as journal:
        journal._base.execute("PRAGMA synchronous=OFF")
        for number in range(8 * SEGMENT_ROWS):
            journal.append(float(number), "alarm" if number % 3 == 0 else "fault", "x" * 200)
            if number % SEGMENT_ROWS == 0:
                journal.retain(limits, 1e9)
        while journal.retain(limits, 1e9):
            pass
        found = journal.verify()
        assert found.broken == ""
        assert found.kept > 0
        assert journal._filled() < 500_000
        assert journal.used_bytes < 6_000_000


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("UPDATE kept SET body = '{}' WHERE number = 51", "row 51 (an alarm of a removed segment) was changed"),
        ("DELETE FROM kept WHERE number = 151", "alarm rows from before row 257 are missing or were replaced"),
        ("DELETE FROM kept", "alarm rows from before row 257 are missing or were replaced"),
        ("DELETE FROM journal WHERE number = 257", "row 257 is missing"),
        ("DELETE FROM journal WHERE kind = 'retention'", "row 1 is missing"),
        ("UPDATE journal SET body = '{}' WHERE kind = 'retention'", "row 1 is missing"),
    ],
)
def test_a_shortened_chain_is_as_tight(tmp_path: Path, line: str, found: str) -> None:
    """What retention left, and what it set apart, cannot be edited unseen."""
    path = tmp_path / "j.db"
    filled(path, SEGMENT_ROWS + 60)
    with opened(path) as journal:
        assert journal.retain(Limits(days=1, alarm_days=99_999, most_bytes=1 << 30), 1e9)
        assert journal.verify().broken == ""
    edit(path, line)
    assert verdict(path) == found


def test_an_alarm_row_put_in_by_hand_is_found(place: Path) -> None:
    """Nobody invents an alarm of the past."""
    edit(place, "INSERT INTO kept SELECT number, at, kind, body, hash, '" + GENESIS + "' FROM journal WHERE number = 1")
    assert verdict(place) == "row 1 was added"


def test_a_published_head_finds_what_was_cut_off(place: Path) -> None:
    """Whoever cuts off the newest rows, counter and all, is given away by the head that had been published."""
    with opened(place) as journal:
        rows = journal.rows()
        assert [journal.verify(row.head).broken for row in rows] == [""] * 5
        assert journal.verify(rows[3].hash).broken == ""
        assert journal.head() == rows[-1].head
    edit(place, "DELETE FROM journal WHERE number > 3", "UPDATE sqlite_sequence SET seq = 3")
    with opened(place) as journal:
        assert journal.verify().broken == ""
        assert journal.verify(rows[4].head).broken == "rows 4 to 5 were cut off: row 5 was published"
        assert journal.verify(rows[4].hash).broken.startswith("the given hash is in no row")
        journal.append(1.0, "start", "{}")
        assert journal.verify(rows[3].head).broken == "row 4 is not the one that was published"
        assert journal.verify("rubbish").broken.startswith("the given hash is in no row")


def test_a_reader_beside_the_writer_changes_nothing(place: Path) -> None:
    """The check of a running system's journal must neither wait for it nor create files."""
    with opened(place) as journal:
        reader = Journal(place, read_only=True)
        journal.append(6.0, "alarm", "{}")
        assert reader.verify().rows == 6
        with pytest.raises(StorageError, match="cannot be written"):
            reader.append(7.0, "alarm", "{}")
        reader.close()
    with pytest.raises(StorageError, match="cannot be opened"):
        Journal(place.with_name("none.db"), read_only=True)


def test_a_damaged_file_is_not_sound(place: Path) -> None:
    """Damage where nobody has read yet is found at the start."""
    with opened(place) as journal:
        journal.sound()
        journal._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) - 4096])
    with pytest.raises(StorageError), opened(place) as journal:
        journal.sound()
