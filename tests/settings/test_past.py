"""Undoing changes of the settings."""

from pathlib import Path

import pytest

from embereye_addon.errors import StorageError
from embereye_addon.settings import store
from embereye_addon.settings.past import KEPT, listed, restore, save


def test_a_change_is_undone_and_the_undoing_too(tmp_path: Path) -> None:
    """A slip on the page costs the installer the settings of a whole building."""
    path = tmp_path / "site.yaml"
    path.write_text("# by hand\nname: One\n")
    save(path, {"name": "Two"}, "Ann", 1.0)
    (change,) = listed(path)
    assert (change.number, change.by) == (1, "Ann")
    assert restore(path, 1, "Bob", 2.0).name == "One"
    assert path.read_text() == "# by hand\nname: One\n"
    assert [(each.number, each.by) for each in listed(path)] == [(2, "Bob"), (1, "Ann")]
    assert restore(path, 2, "Bob", 2.0).name == "Two"


def test_a_new_file_has_no_past_and_old_changes_go(tmp_path: Path) -> None:
    """A site that is changed for years must not fill the disk, and what was kept holds passwords: owner only."""
    path = tmp_path / "site.json"
    save(path, {"name": "0"}, "Ann", 1.0)
    assert listed(path) == ()
    for count in range(1, KEPT + 5):
        save(path, {"name": str(count)}, "Ann", 1.0)
    past = listed(path)
    assert (len(past), past[0].number) == (KEPT, KEPT + 4)
    folder = tmp_path / "site.json.past"
    assert len(list(folder.iterdir())) == KEPT
    assert (folder.stat().st_mode & 0o77, (folder / f"{KEPT}.json").stat().st_mode & 0o77) == (0, 0)
    with pytest.raises(StorageError, match="not kept any more"):
        restore(path, 1, "Ann", 1.0)


def test_a_past_that_cannot_be_kept_or_read_stops_nothing(tmp_path: Path) -> None:
    """A damaged or forbidden folder must not forbid a change."""
    path = tmp_path / "site.json"
    path.write_text("{}")
    (tmp_path / "site.json.past").write_text("no folder")
    assert save(path, {"name": "Two"}, "Ann", 1.0).name == "Two"
    assert listed(path) == ()
    (tmp_path / "site.json.past").unlink()
    (tmp_path / "site.json.past").mkdir()
    (tmp_path / "site.json.past" / "7.json").write_text("{")
    assert listed(path) == ()
    assert store.load(path).name == "Two"
