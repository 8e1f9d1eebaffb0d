"""Which model a detector begins with: a promoted one that cannot be used must not leave the cameras unwatched."""

from pathlib import Path

import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.detect.models import STATE
from embereye_addon.processes.child import Child
from embereye_addon.processes.detector import load, shadow
from tests.processes.world import child_of, site


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """A detector's surroundings, with a folder of models."""
    (tmp_path / "models").mkdir()
    return child_of(Hub(), tmp_path, "detector-0", site())


def test_a_node_without_models_of_its_own_uses_the_shipped_one(child: Child) -> None:
    """The plain installation has a fault from the first minute."""
    model = load(child)
    assert model is not None
    assert model.name.startswith("fire_smoke")
    assert child.faults == {}
    assert shadow(child) is None


@pytest.mark.parametrize("state", ["{", '{"live": "gone-1", "shadow": "gone-1"}'])
def test_the_shipped_model_looks_where_another_cannot(child: Child, state: str) -> None:
    """A damaged small file, or a model that somebody deleted, blinds every camera of the building."""
    (child.folder.models / STATE).write_text(state)
    model = load(child)
    assert model is not None
    assert model.name.startswith("fire_smoke")
    assert list(child.faults) == ["model_fallback"]
    assert "the shipped model looks instead" in child.faults["model_fallback"]
    assert shadow(child) is None, "a shadow that cannot look is no fault"
