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

from embereye_addon.alarm.journal import GENESIS, Journal, Row
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
        return journal.verify()


def test_rows_and_the_last_state_are_there_after_a_restart(place: Path) -> None:
    """What was appended must be found, oldest first, with the state of the last one."""
    with opened(place) as journal:
        rows = journal.rows()
        assert [row.number for row in rows] == [1, 2, 3, 4, 5]
        assert rows[0] == Row(1, 1_700_000_001.25, "alarm", '{"n":1}', rows[0].hash)
        assert len({GENESIS, *(row.hash for row in rows)}) == 6
        assert journal.state() == b"state 5"
        assert journal.verify() == ""


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
        assert journal.verify() == ""


def test_every_row_waits_for_the_disk(place: Path) -> None:
    """A power cut just after an alarm must find it: write-ahead log, flushed at each row (2 is FULL)."""
    with opened(place) as journal:
        pragmas = [journal._base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


def test_a_new_journal_is_empty_and_whole(tmp_path: Path) -> None:
    """The first start has no state to restore and no fault to find."""
    with opened(tmp_path / "j.db") as journal:
        assert (journal.state(), journal.rows(), journal.verify()) == (None, [], "")


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
        assert journal.verify() == ""
        (newest,) = journal.rows(newest=1)
        assert newest.number >= said
        assert journal.state() == str(newest.number).encode()
        journal.append(1.0, "start", "{}")
        assert journal.verify() == ""


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
        assert journal.verify() == ""


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
