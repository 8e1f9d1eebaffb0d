"""The one folder a node writes to."""

import stat
from pathlib import Path

import msgspec
import pytest

from embereye_addon.errors import BusError, SettingsFileError, StorageError
from embereye_addon.processes.folder import BusAccess, Folder
from embereye_addon.settings.model import Site, Zone


def test_what_is_written_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    """The bus token and the cameras' passwords are in there."""
    folder = Folder(tmp_path / "new")
    access = BusAccess("nats://127.0.0.1:1", "a-token", "node1")
    site = Site(zones=(Zone(id="hall", name="Hall"),))
    folder.write_run("bus.json", msgspec.json.encode(access))
    folder.write_run("site.json", msgspec.json.encode(site))
    assert folder.bus() == access
    assert folder.site() == site
    for name in ("bus.json", "site.json"):
        assert stat.S_IMODE((folder.run / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.run.iterdir()) == ["bus.json", "site.json"]


def test_nothing_there_is_words(tmp_path: Path) -> None:
    """Whoever starts one process by hand learns what is missing."""
    with pytest.raises(BusError, match="start one with python -m embereye_addon"):
        Folder(tmp_path).bus()
    with pytest.raises(SettingsFileError, match="the supervisor has not written it yet"):
        Folder(tmp_path).site()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"url": 1}'])
def test_half_a_file_is_words(tmp_path: Path, content: bytes) -> None:
    """What another version or a full disk left behind is no traceback."""
    folder = Folder(tmp_path)
    folder.write_run("bus.json", content)
    folder.write_run("site.json", content if content != b'{"url": 1}' else b'{"zones": 1}')
    with pytest.raises(BusError):
        folder.bus()
    with pytest.raises(SettingsFileError):
        folder.site()


def test_a_place_that_cannot_be_written_is_words(tmp_path: Path) -> None:
    """A file where a folder should be stands for every disk that refuses."""
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        Folder(tmp_path).write_run("bus.json", b"")


def test_places(tmp_path: Path) -> None:
    """Where users and backups find things."""
    folder = Folder(tmp_path)
    assert folder.site_file == tmp_path / "site.json"
    assert folder.journal == tmp_path / "journal.db"
    assert folder.metrics == tmp_path / "run" / "metrics"


def test_the_users_own_settings_file_is_known_to_every_process(tmp_path: Path) -> None:
    """A device approved on the page goes into the file that is read."""
    folder = Folder(tmp_path)
    assert folder.user_file() == folder.site_file
    folder.keep_path(tmp_path / "mine.yaml")
    assert folder.user_file() == tmp_path / "mine.yaml"
