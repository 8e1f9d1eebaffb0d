"""The blueprints as files: their inputs, the entities they start with, and the Home Assistant they need."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from embereye_addon.publish.discovery import About, bundle, things_of
from embereye_addon.publish.topics import Topics
from embereye_addon.settings.model import Site

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "blueprints" / "automation" / "embereye").glob("*.yaml"))


class _Input(str):
    """The name after an `!input`."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """YAML with Home Assistant's `!input`."""


_Loader.add_constructor("!input", lambda loader, node: _Input(node.value))


def read(path: Path) -> Any:
    """A blueprint."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def declared(inputs: dict[str, Any]) -> dict[str, Any]:
    """Every input by its name, those in sections too."""
    found: dict[str, Any] = {}
    for name, about in inputs.items():
        found |= declared(about["input"]) if "input" in about else {name: about}
    return found


def used(value: Any) -> set[str]:
    """The names of all inputs that are used."""
    if isinstance(value, _Input):
        return {str(value)}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(used(part) for part in parts))


def test_there_are_three() -> None:
    """The manual names them."""
    manual = (ROOT / "DOCS.md").read_text(encoding="utf-8")
    assert [path.stem for path in FILES] == ["dead_man", "fault", "fire_alarm"]
    assert all(f"`{path.name}`" in manual for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_inputs_are_explained_and_used(path: Path) -> None:
    """A field of the dialogue that does nothing, or one that nobody understands."""
    blueprint = read(path)
    inputs = declared(blueprint["blueprint"]["input"])
    assert used({key: value for key, value in blueprint.items() if key != "blueprint"}) == set(inputs)
    assert all(about["name"] and about["selector"] for about in inputs.values())
    needed = [name for name, about in inputs.items() if "default" not in about]
    assert needed == (["handled"] if path.stem == "fire_alarm" else [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_needs_the_home_assistant_that_embereye_needs(path: Path) -> None:
    """It imports where EmberEye cannot be installed, or the other way round."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert read(path)["blueprint"]["homeassistant"]["min_version"] == config["homeassistant"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_starts_with_entities_that_embereye_announces(path: Path) -> None:
    """Filled in with nothing but a phone, it watches an entity that is not there."""
    of = bundle(Topics(), things_of(Site(), {})[0], About("1"))
    there = {one["default_entity_id"] for one in of["components"].values()}
    for about in declared(read(path)["blueprint"]["input"]).values():
        if "entity" in about["selector"] and about.get("default"):
            named = about["default"]
            assert set(named if isinstance(named, list) else [named]) <= there
