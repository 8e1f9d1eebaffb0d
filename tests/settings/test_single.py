"""One setting at a time."""

import json
from pathlib import Path

import pytest

from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.settings import past, store
from embereye_addon.settings.single import Setting, change

SITE = {
    "zones": [{"id": "hall", "name": "Hall"}, {"id": "attic", "name": "Attic", "sensitivity": "low"}],
    "cameras": [{"id": "a", "name": "A", "url": "rtsp://u:p@10.0.0.9/s", "zone": "hall"}],
}


def site(path: Path, name: str = "site.json") -> Path:
    """A settings file."""
    store.save(path / name, SITE)
    return path / name


def test_one_setting_changes_and_nothing_else(tmp_path: Path) -> None:
    """A slider in Home Assistant rewrites the site."""
    for name in ("site.json", "site.yaml"):
        path = site(tmp_path, name)
        before = store.load(path)
        assert change(path, Setting("zones", "attic", "sensitivity"), "high", "ann", 1.0) == "low"
        assert change(path, Setting("zones", "hall", "fixed_alarm_c"), 95.0, "ann", 1.0) is None
        assert change(path, Setting("cameras", "a", "shown_pct"), 60.0, "ann", 1.0) is None
        assert change(path, Setting("detection", "", "flame_persist_s"), 4.5, "ann", 1.0) is None
        after = store.load(path)
        assert [zone.sensitivity for zone in after.zones] == [None, "high"]
        assert (after.zones[0].fixed_alarm_c, after.cameras[0].shown_pct) == (95.0, 60)
        assert after.detection.flame_persist_s == 4.5
        assert [one.by for one in past.listed(path)] == ["ann"] * 4, "each can be undone"
        past.restore(path, 1, "bea", 2.0)
        assert store.load(path) == before
        assert (after.cameras[0].url, after.mqtt, after.name) == (before.cameras[0].url, before.mqtt, before.name)


def test_what_is_so_already_is_not_written(tmp_path: Path) -> None:
    """Every repeated command restarts half of the processes."""
    path = site(tmp_path)
    stamp = path.stat().st_mtime_ns
    assert change(path, Setting("zones", "attic", "sensitivity"), "low", "ann", 1.0) == "low"
    assert path.stat().st_mtime_ns == stamp


def test_what_cannot_be_set_is_refused_in_words(tmp_path: Path) -> None:
    """A command points a camera elsewhere, or a limit that contradicts another one is written."""
    path = site(tmp_path)
    content = path.read_bytes()
    for setting, value, word in (
        (Setting("cameras", "a", "url"), "rtsp://10.0.0.66/s", "cannot be set"),
        (Setting("zones", "cellar", "sensitivity"), "high", "no cellar"),
        (Setting("zones", "hall", "sensitivity"), "wild", "low, normal, high"),
        (Setting("zones", "hall", "fixed_alarm_c"), 50.0, "fixed_pre_c"),
    ):
        with pytest.raises(SettingsFileError, match=word):
            change(path, setting, value, "ann", 1.0)
    assert path.read_bytes() == content
    path.write_text(json.dumps({"zones": 7}))
    with pytest.raises(SettingsFileError):
        change(path, Setting("zones", "hall", "sensitivity"), "high", "ann", 1.0)
    with pytest.raises(StorageError):
        change(tmp_path / "gone" / "site.json", Setting("zones", "hall", "sensitivity"), "high", "ann", 1.0)
