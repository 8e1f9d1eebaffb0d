"""The room of a disk against its limit."""

from pathlib import Path

from embereye_addon.observe.disk import AGAIN, Room


def test_room_below_the_limit_is_scarce_until_there_is_clearly_more(tmp_path: Path) -> None:
    """Told before the disk is full, with the figures and the setting; and not coming and going at the limit."""
    room = Room(tmp_path, 16)
    room.look()
    assert room.words == ""
    assert room.free_mib is not None
    room.least_mib = int(room.free_mib) + 1000
    room.look()
    assert room.scarce
    assert "disk.least_free_mib" in room.words
    room.least_mib = int(room.free_mib / (AGAIN + 1.0) * 2.0)
    room.look()
    assert room.scarce, "a little more than the limit is not enough to end it"
    room.least_mib = 16
    room.look()
    assert (room.scarce, room.words) == (False, "")


def test_a_disk_that_does_not_answer_is_not_called_full(tmp_path: Path) -> None:
    """Writing says what is wrong with it."""
    room = Room(tmp_path / "gone", 16, scarce=True)
    room.look()
    assert (room.free_mib, room.scarce) == (None, False)
