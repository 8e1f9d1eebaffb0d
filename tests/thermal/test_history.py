"""The thermal history: thinned, bounded, and whole after any crash."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.thermal import history
from embereye_addon.thermal.cells import SHAPE, Cells
from embereye_addon.thermal.history import KEEP_S, Recorder, Thinning, records, replay, segments

NOON = 1_700_000_000.0


def cells(seed: int) -> Cells:
    """A frame that no other is like."""
    return np.random.default_rng(seed).integers(-32768, 32767, SHAPE, dtype=np.int16, endpoint=True)


def recorded(folder: Path, count: int, step_s: float = 10.0) -> Recorder:
    """A history of so many frames."""
    recorder = Recorder(folder)
    for number in range(count):
        recorder.add(NOON + number * step_s, cells(number))
        if number % 100 == 99:
            recorder.write()
    recorder.write()
    return recorder


def test_a_quiet_room_is_kept_now_and_then_and_a_fire_closely() -> None:
    """What led to a fire must be seen afterwards, without a disk full of empty rooms."""
    thinning = Thinning()
    quiet = [second for second in range(100) if thinning.wants(float(second), hot=False)]
    assert quiet == list(range(0, 100, 10))
    kept = [tenth / 10 for tenth in range(1000, 1200) if thinning.wants(tenth / 10, hot=tenth == 1000)]
    assert kept == [second / 2 for second in range(200, 240)]
    assert not [second for second in range(221, 225) if thinning.wants(float(second), hot=False)][1:]


def test_what_was_kept_is_replayed(tmp_path: Path) -> None:
    """Every frame with its time, over several files, and only those asked for."""
    recorded(tmp_path / "pf.a", 800)
    assert len(segments(tmp_path / "pf.a")) == 3
    found = list(replay(tmp_path / "pf.a", NOON, NOON + 1e6))
    assert [kept.at for kept in found] == [NOON + number * 10.0 for number in range(800)]
    assert all(np.array_equal(kept.cells, cells(number)) for number, kept in enumerate(found))
    few = list(replay(tmp_path / "pf.a", NOON + 3595.0, NOON + 3620.0))
    assert [kept.at - NOON for kept in few] == [3600.0, 3610.0, 3620.0]
    assert list(replay(tmp_path / "nobody", 0.0, NOON)) == []


@given(cut=st.integers(0, 20_000), flip=st.integers(0, 20_000))
def test_a_torn_or_damaged_end_costs_only_what_follows(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int
) -> None:
    """A crash in the middle of a write leaves everything before it, and no wrong frame."""
    global _WHOLE
    if not _WHOLE:
        folder = tmp_path_factory.mktemp("history")
        recorded(folder, 12)
        _WHOLE = segments(folder)[0][1].read_bytes()
    damaged = bytearray(_WHOLE)
    damaged[flip % len(damaged)] ^= 0x40
    for raw in (_WHOLE[:cut], bytes(damaged)):
        found = list(records(raw))
        assert len(found) <= 12
        for number, kept in enumerate(found):
            assert kept.at == NOON + number * 10.0
            assert np.array_equal(kept.cells, cells(number))


_WHOLE = b""


def test_a_restart_begins_a_new_file(tmp_path: Path) -> None:
    """Nobody appends to a file that may end in half a record."""
    recorded(tmp_path, 3)
    whole = segments(tmp_path)[0][1]
    whole.write_bytes(whole.read_bytes()[:-5])
    recorded(tmp_path, 3)
    assert len(segments(tmp_path)) == 2
    assert len(list(replay(tmp_path, 0.0, NOON + 1e6))) == 5


def test_old_and_too_much_is_dropped(tmp_path: Path) -> None:
    """A day is kept, and never more than the disk can bear."""
    recorder = recorded(tmp_path, 1000)
    assert len(segments(tmp_path)) == 3
    recorder.add(NOON + KEEP_S + 4000.0, cells(1))
    recorder.write()
    assert [int(at - NOON) for at, _ in segments(tmp_path)] == [3600, 7200, int(KEEP_S) + 4000]
    recorder.most_bytes = 100
    recorder.add(NOON + KEEP_S + 4001.0, cells(2))
    recorder.write()
    assert len(segments(tmp_path)) == 1


def test_a_clock_that_was_set_back_begins_a_new_file(tmp_path: Path) -> None:
    """Times that go back would be looked for in the wrong file."""
    recorder = recorded(tmp_path, 3)
    recorder.add(NOON - 1000.0, cells(7))
    recorder.write()
    assert [kept.at - NOON for kept in replay(tmp_path, 0.0, NOON + 1e6)] == [-1000.0, 0.0, 10.0, 20.0]


def test_a_disk_that_refuses_costs_frames_and_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The gateway goes on judging; the loss is told once and counted; when the disk is back, so is the history."""
    caplog.set_level(logging.WARNING)
    (tmp_path / "pf.a").write_text("in the way")
    recorder = recorded(tmp_path / "pf.a", 3)
    recorder.write()
    recorder.add(NOON + 50.0, cells(5))
    recorder.write()
    assert recorder.lost == 4
    assert len(caplog.records) == 1
    (tmp_path / "pf.a").unlink()
    recorder.add(NOON + 60.0, cells(6))
    recorder.write()
    assert [kept.at - NOON for kept in replay(tmp_path / "pf.a", 0.0, NOON + 1e6)] == [60.0]


def test_what_waits_for_the_disk_is_bounded(tmp_path: Path) -> None:
    """A disk that hangs must not eat the memory."""
    recorder = Recorder(tmp_path)
    for number in range(history.UNWRITTEN_MAX + 5):
        recorder.add(NOON + number, cells(0))
    assert recorder.lost == 5
    recorder.write()
    assert next(replay(tmp_path, 0.0, NOON + 1e6)).at == NOON + 5


def test_a_disk_that_is_nearly_full_gets_its_room_back(tmp_path: Path) -> None:
    """History is what goes first: nothing more is written, and the oldest file goes with each call."""
    folder = tmp_path / "pf.a"
    recorder = Recorder(folder)
    for hour in range(3):
        recorder.add(1e9 + 4000.0 * hour, np.zeros((24, 32), np.int16))
        recorder.write()
    assert len(segments(folder)) == 3
    recorder.add(2e9, np.zeros((24, 32), np.int16))
    for left in (2, 1, 0, 0):
        recorder.give_up()
        assert len(segments(folder)) == left
    assert recorder.lost == 1
    recorder.add(2e9 + 1.0, np.zeros((24, 32), np.int16))
    recorder.write()
    assert [first for first, _ in segments(folder)] == [2e9 + 1.0]
