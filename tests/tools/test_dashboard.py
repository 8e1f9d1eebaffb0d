"""The dashboard: made of a site's own things, of core cards, naming only entities that are announced."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from embereye_addon.errors import SettingsFileError
from embereye_addon.publish.discovery import About, bundle, things_of
from embereye_addon.publish.topics import Topics
from embereye_addon.settings import store
from embereye_addon.settings.model import Camera, Device, Mqtt, Site, Zone
from embereye_addon.tools.dashboard import HEAD, command, dashboard, text

EXAMPLE = Path(__file__).resolve().parents[2] / "dashboards" / "embereye.yaml"
DEMO = Site(
    name="EmberEye demo",
    zones=(Zone(id="hall", name="Hall"), Zone(id="store", name="Store room")),
    cameras=(
        Camera(id="hall", name="Hall camera", url="rtsp://127.0.0.1/hall", zone="hall"),
        Camera(id="store", name="Store camera", url="rtsp://127.0.0.1/store", zone="store"),
    ),
    devices=(
        Device(id="hall-ceiling", name="Hall ceiling", zone="hall", siren=True),
        Device(id="store-ceiling", name="Store ceiling", zone="store"),
    ),
)
"""The demo's site; one of its PF devices has a siren here."""
CARDS = {
    *("entities", "gauge", "grid", "heading", "history-graph", "markdown", "picture", "picture-entity", "sections"),
    *("tile", "toggle", "trend-graph"),
}
"""Cards, features and view types of Home Assistant itself."""


def words(value: Any, key: str) -> set[str]:
    """Every text under a key, anywhere."""
    if isinstance(value, dict):
        own = {value[key]} if isinstance(value.get(key), str) else set()
        return own.union(*(words(each, key) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(words(each, key) for each in value))
    return set()


def announced(site: Site) -> set[str]:
    """The entity ids that Home Assistant is asked to use."""
    topics = Topics(site.mqtt.base_topic)
    bundles = (bundle(topics, thing, About("1")) for thing in things_of(site, {}))
    return {one["default_entity_id"] for of in bundles for one in of["components"].values()}


def test_the_example_is_what_the_command_makes_golden(rewrite_golden: bool) -> None:
    """Somebody pastes the example and finds entities that are not there."""
    if rewrite_golden:
        EXAMPLE.parent.mkdir(exist_ok=True)
        EXAMPLE.write_text(text(DEMO), encoding="utf-8")
    assert EXAMPLE.read_text(encoding="utf-8") == text(DEMO)


@pytest.mark.parametrize("site", [DEMO, Site(name="x"), Site(mqtt=Mqtt(base_topic="two/eyes"), zones=DEMO.zones)])
def test_it_names_only_entities_that_are_there(site: Site) -> None:
    """A card says "entity not found"."""
    made = dashboard(site)
    named = set(re.findall(r"\b(?:[a-z_]+)\.(?:embereye|two_eyes)_[a-z0-9_]+", json.dumps(made)))
    assert named
    assert named <= announced(site)
    assert words(made, "type") <= CARDS


def test_it_is_printed_as_yaml_with_its_explanation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed cannot be pasted, or nobody knows where."""
    path = tmp_path / "site.json"
    store.save(path, {"name": "Mine", "zones": [{"id": "hall", "name": "Hall"}]})
    assert command(["--site", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(HEAD)
    assert yaml.safe_load(printed)["title"] == "Mine"
    with pytest.raises(SettingsFileError):
        command(["--site", str(tmp_path / "gone.json")])
