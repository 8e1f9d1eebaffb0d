"""The outbox: on disk first, once, bounded, and its troubles in words."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from embereye_addon.bus.outbox import Outbox, Waiting
from embereye_addon.bus.wire import MAX_PAYLOAD_BYTES
from embereye_addon.errors import StorageError


@contextmanager
def opened(path: Path, limit: int = 100) -> Iterator[Outbox]:
    """An outbox that is closed again."""
    outbox = Outbox(path, limit)
    try:
        yield outbox
    finally:
        outbox.close()


def test_what_waits_is_there_after_a_restart_in_order(tmp_path: Path) -> None:
    """An alarm put before a crash must be sent after it, the oldest first."""
    with opened(tmp_path / "o.sqlite") as outbox:
        for number in range(5):
            assert outbox.put(f"id{number}", "alarm_changed", bytes([number]))
        outbox.sent("id1")
    with opened(tmp_path / "o.sqlite") as outbox:
        assert outbox.waiting(2) == (Waiting("id0", "alarm_changed", b"\0"), Waiting("id2", "alarm_changed", b"\2"))
        assert [entry.id for entry in outbox.waiting()] == ["id0", "id2", "id3", "id4"]
        assert len(outbox) == 4


def test_a_second_put_changes_nothing(tmp_path: Path) -> None:
    """An alarm put twice must be sent once, as it was first."""
    with opened(tmp_path / "o.sqlite", limit=1) as outbox:
        assert outbox.put("id", "a", b"first")
        assert outbox.put("id", "a", b"second")
        assert outbox.waiting() == (Waiting("id", "a", b"first"),)
        assert outbox.refused == 0


def test_a_full_outbox_refuses_and_counts(tmp_path: Path) -> None:
    """A broker away for weeks must not fill the disk, and what was lost must show."""
    with opened(tmp_path / "o.sqlite", limit=2) as outbox:
        assert [outbox.put(str(number), "a", b"") for number in range(4)] == [True, True, False, False]
        assert outbox.refused == 2
        outbox.sent("0")
        outbox.sent("never put")
        assert outbox.put("5", "a", b"")
        assert not outbox.put("6", "a", bytes(MAX_PAYLOAD_BYTES + 1))


def test_what_was_put_survives_a_killed_process(tmp_path: Path) -> None:
    """An alarm that `put` accepted must not vanish with the process."""
    code = (
        "import os, signal, sys, pathlib\n"
        "from embereye_addon.bus.outbox import Outbox\n"
        "outbox = Outbox(pathlib.Path(sys.argv[1]))\n"
        "[outbox.put(str(n), 'a', b'x') for n in range(20)]\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "o.sqlite")], timeout=8, check=False)
    assert done.returncode == -signal.SIGKILL
    with opened(tmp_path / "o.sqlite") as outbox:
        assert len(outbox) == 20


def test_a_file_that_is_no_outbox_is_told_in_words(tmp_path: Path) -> None:
    """A damaged file must be named with what to do about it."""
    (tmp_path / "o.sqlite").write_bytes(b"no base at all" * 200)
    with pytest.raises(StorageError, match=r"o\.sqlite: it is not an outbox or is damaged; move it away"):
        Outbox(tmp_path / "o.sqlite")


def test_a_missing_folder_is_told_in_words(tmp_path: Path) -> None:
    """A wrong path must be told at the start, not at the first alarm."""
    with pytest.raises(StorageError, match="check that its folder exists"):
        Outbox(tmp_path / "nowhere" / "o.sqlite")


def test_a_disk_without_room_is_told_in_words_and_recovers(tmp_path: Path) -> None:
    """A full disk must be told, must not break what is in the outbox, and must be got over."""
    with opened(tmp_path / "o.sqlite") as outbox:
        outbox.put("first", "a", b"x")
        size = (tmp_path / "o.sqlite-wal").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, hard))
        try:
            with pytest.raises(StorageError, match="disk"):
                outbox.put("second", "a", bytes(200_000))
            assert [entry.id for entry in outbox.waiting()] == ["first"]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert outbox.put("second", "a", bytes(200_000))
        assert len(outbox) == 2


def test_any_thread_may_use_it(tmp_path: Path) -> None:
    """The event loop hands the waiting for the disk to threads."""
    with opened(tmp_path / "o.sqlite") as outbox, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda number: outbox.put(str(number % 20), "a", b""), range(60)))
        assert len(outbox) == 20
