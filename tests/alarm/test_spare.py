"""The second copy of the panel's state: whole or told, never half."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.alarm.spare import Spare, read, write
from embereye_addon.errors import StorageError

SPARE = Spare(head="7:abc", state=b"\x00state" * 50)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """The newest copy is the one that is there; before the first there is none."""
    path = tmp_path / "panel.state"
    assert read(path) is None
    write(path, Spare(head="", state=b""))
    write(path, SPARE)
    assert read(path) == SPARE
    assert [each.name for each in tmp_path.iterdir()] == ["panel.state"]


@given(cut=st.integers(0, 300), flipped=st.integers(0, 299))
def test_damage_is_told_in_words(tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int) -> None:
    """A cut or changed copy must never be taken for a state."""
    path = tmp_path_factory.mktemp("spare") / "panel.state"
    write(path, SPARE)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[flipped % len(whole)] ^= 0x10
    for raw in (whole[: cut % len(whole)], bytes(changed)):
        path.write_bytes(raw)
        with pytest.raises(StorageError, match=r"panel\.state, is damaged"):
            read(path)


def test_a_disk_that_refuses_is_told_in_words(tmp_path: Path) -> None:
    """A folder in the way, or none at all."""
    (tmp_path / "panel.state").mkdir()
    with pytest.raises(StorageError, match="cannot be read"):
        read(tmp_path / "panel.state")
    with pytest.raises(StorageError, match="cannot be written"):
        write(tmp_path / "panel.state", SPARE)
    with pytest.raises(StorageError, match="cannot be written"):
        write(tmp_path / "none" / "panel.state", SPARE)
