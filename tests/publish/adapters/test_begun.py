"""What is open at other systems outlives the process."""

from pathlib import Path

import pytest

from embereye_addon.errors import StorageError
from embereye_addon.messages import ZoneState
from embereye_addon.publish.adapters.begun import Begun, Mark, Open


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    """A restart between alarm and reset knows which event to end."""
    begun = Begun(tmp_path / "adapters" / "nvr.json")
    begun.load()
    assert begun.zones == {}
    begun.zones["hall"] = Open(alarm_id="a-1", marks={"door": Mark(state=ZoneState.ALARM, token="17.x")})
    begun.save()
    again = Begun(tmp_path / "adapters" / "nvr.json")
    again.load()
    assert again.zones == begun.zones


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\x00", b'{"hall": {"alarm_id": 7}}', b"[1]"])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A power cut while writing must not keep the publisher from starting."""
    (tmp_path / "nvr.json").write_bytes(damage)
    begun = Begun(tmp_path / "nvr.json")
    begun.load()
    assert begun.zones == {}
    assert "open events at nvr" in caplog.text


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """The caller decides; it is an error of storage, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="open events"):
        Begun(tmp_path / "file" / "nvr.json").save()
