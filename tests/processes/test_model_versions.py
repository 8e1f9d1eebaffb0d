"""What the update entity of the model is told."""

from pathlib import Path

from embereye_addon.detect.models import STATE, Gate, Models
from embereye_addon.processes.model_versions import shipped, versions


def added(models: Models, name: str) -> None:
    """A model that was brought."""
    (models.folder / name).mkdir(parents=True)
    (models.folder / name / "card.json").write_text("{}")


def test_a_model_shows_as_an_update_once_it_passed_beside_the_live_one(tmp_path: Path) -> None:
    """Home Assistant offers a model that failed, or the one that looks already."""
    models = Models(tmp_path)
    assert versions(models) == (shipped(), shipped(), "")
    for name in ("a-1", "b-1", "c-1"):
        added(models, name)
    models.judged("a-1", Gate(passed=False, at=3.0, beside="", words="missed one"))
    assert versions(models) == (shipped(), shipped(), "")
    models.judged("b-1", Gate(passed=True, at=1.0, beside="", words="b is good"))
    models.judged("c-1", Gate(passed=True, at=2.0, beside="", words="c is good"))
    assert versions(models) == (shipped(), "c-1", "c is good")
    models.promote("c-1")
    assert versions(models) == ("c-1", "c-1", "")


def test_a_damaged_choice_shows_what_looks_then(tmp_path: Path) -> None:
    """The publisher ends with the file of models, and with it every alarm by MQTT."""
    (tmp_path / STATE).write_text("{")
    assert versions(Models(tmp_path)) == (shipped(), shipped(), "")
