"""What outlives the process: announced bundles and told alarms, through power cuts and full disks."""

import logging
from pathlib import Path

import pytest

from embereye_addon.errors import StorageError
from embereye_addon.publish import memory
from embereye_addon.publish.memory import Announced, Told


def test_bundles_come_back(tmp_path: Path) -> None:
    """A removed camera is known after a restart."""
    file = Announced(tmp_path / "deep" / "announced.json")
    assert file.load().announced == {}
    file.save({"a": {"components": {}}}, {"b": {"x": 1}})
    found = Announced(tmp_path / "deep" / "announced.json").load()
    assert (found.announced, found.gone) == ({"a": {"components": {}}}, {"b": {"x": 1}})


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"announced": 7}', b"\xff\xfe", b'{"announced": {"a": 1}}'])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A cut or foreign file must not keep the publisher from starting."""
    path = tmp_path / "announced.json"
    path.write_bytes(raw)
    with caplog.at_level(logging.WARNING):
        assert Announced(path).load().announced == {}
    assert "cannot be read" in caplog.text


def test_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    """A full or read-only disk is an error with words, and what was told stays known in memory."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="announced devices"):
        Announced(tmp_path / "file" / "announced.json").save({}, {})
    told = Told(tmp_path / "file" / "told.txt")
    with pytest.raises(StorageError, match="told alarms"):
        told.add("a:alarm")
    assert told.knows("a:alarm")


def test_told_alarms_come_back_after_a_kill(tmp_path: Path) -> None:
    """An alarm told before a kill is not told again, also when the last line was cut."""
    path = tmp_path / "told.txt"
    told = Told(path)
    told.load()
    told.add("a-1:alarm")
    with path.open("ab") as file:
        file.write(b"a-2:al")
    again = Told(path)
    again.load()
    again.add("a-3:alarm")
    last = Told(path)
    last.load()
    assert [last.knows(key) for key in ("a-1:alarm", "a-2:alarm", "a-3:alarm")] == [True, False, True]


def test_the_file_of_told_alarms_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Years of alarms keep the last thousand only."""
    monkeypatch.setattr(memory, "MAX_LINES", 5)
    told = Told(tmp_path / "told.txt")
    told.load()
    for number in range(8):
        told.add(f"a-{number}:alarm")
    assert told.knows("a-7:alarm")
    again = Told(tmp_path / "told.txt")
    again.load()
    assert again.knows("a-0:alarm")
    assert again.knows("a-7:alarm")


def test_an_unreadable_list_is_an_empty_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder where the list should be must not keep alarms from being told."""
    (tmp_path / "told.txt").mkdir()
    told = Told(tmp_path / "told.txt")
    with caplog.at_level(logging.WARNING):
        told.load()
    assert "cannot be read" in caplog.text
