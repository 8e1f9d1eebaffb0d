"""Models that were brought: added, shown in shadow, promoted behind their gate, rolled back."""

import json
from pathlib import Path

import pytest

from embereye_addon.detect.models import SHIPPED, STATE, Gate, Models
from embereye_addon.errors import ModelError, StorageError

CARD = {
    "name": "tiny",
    "version": "1",
    "file": "tiny.onnx",
    "head": "yolo",
    "input": {"width": 64, "height": 64},
    "classes": ["fire", "smoke"],
    "fire": "fire",
    "smoke": "smoke",
}


def source(folder: Path, **changes: object) -> Path:
    """A folder as somebody would bring it."""
    folder.mkdir(exist_ok=True)
    (folder / "card.json").write_text(json.dumps({**CARD, **changes}))
    for name in ("tiny.onnx", "tiny.xml", "tiny.bin"):
        (folder / name).write_bytes(b"network")
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Models:
    """A node's models, with tiny-1 added."""
    models = Models(tmp_path / "models")
    assert models.listed() == ()
    assert models.add(source(tmp_path / "one")) == "tiny-1"
    return models


def passed(beside: str = SHIPPED, *, good: bool = True) -> Gate:
    """A verdict."""
    return Gate(passed=good, at=1.0, beside=beside, words="3 of 3 fires")


def test_a_model_goes_live_only_through_its_gate(models: Models, tmp_path: Path) -> None:
    """An untried model watches a building in which people sleep."""
    with pytest.raises(ModelError, match="has not been through a replay gate"):
        models.promote("tiny-1")
    models.judged("tiny-1", passed(good=False))
    with pytest.raises(ModelError, match="failed its replay gate: 3 of 3"):
        models.promote("tiny-1")
    models.judged("tiny-1", passed("other-2"))
    with pytest.raises(ModelError, match="judged beside another"):
        models.promote("tiny-1")
    models.judged("tiny-1", passed())
    models.shade("tiny-1")
    models.promote("tiny-1")
    assert (models.state().live, models.state().shadow) == ("tiny-1", None)
    with pytest.raises(ModelError, match="live already"):
        models.promote("tiny-1")
    models.add(source(tmp_path / "two", version="2"))
    models.judged("tiny-2", passed("tiny-1"))
    models.promote("tiny-2")
    assert models.rollback() == "tiny-1"
    assert Models(models.folder).state().live == "tiny-1", "a restart forgets nothing"
    with pytest.raises(ModelError, match="nothing to go back to"):
        models.rollback()


def test_shadow_and_removal(models: Models) -> None:
    """A model in use is deleted, or one that is not there is to look on."""
    with pytest.raises(ModelError, match="added: tiny-1"):
        models.shade("huge-9")
    models.shade("tiny-1")
    with pytest.raises(ModelError, match="in use"):
        models.remove("tiny-1")
    models.shade(None)
    models.judged("tiny-1", passed())
    models.remove("tiny-1")
    assert models.listed() == ()
    assert models.state().gates == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fire": "flame"}, "none of its classes"),
        ({"fire": "", "smoke": ""}, "neither which class"),
        ({"file": "../tiny.onnx"}, "cannot be used"),
        ({"name": ".."}, "cannot be used"),
        ({"head": "magic"}, "cannot be used"),
        ({"input": {"width": 1, "height": 64}}, "cannot be used"),
        ({"surprise": 1}, "surprise"),
        ({"file": "gone.onnx"}, "gone.onnx is missing"),
    ],
)
def test_what_is_brought_wrongly_is_words(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """A card that lies, or leads out of its folder, is taken in."""
    models = Models(tmp_path / "models")
    with pytest.raises(ModelError, match=words):
        models.add(source(tmp_path / "bad", **changes))
    assert models.listed() == ()


def test_an_ir_needs_its_weights(tmp_path: Path) -> None:
    """An .xml without its .bin is half a model; an empty file is none."""
    models, folder = Models(tmp_path / "models"), source(tmp_path / "ir", file="tiny.xml")
    (folder / "tiny.bin").write_bytes(b"")
    with pytest.raises(ModelError, match="0 bytes"):
        models.add(folder)
    (folder / "tiny.bin").unlink()
    with pytest.raises(ModelError, match=r"tiny\.bin is missing"):
        models.add(folder)


def test_names_are_taken_once(models: Models, tmp_path: Path) -> None:
    """The same name for another network makes every sighting of the past a lie."""
    with pytest.raises(ModelError, match="another version"):
        models.add(source(tmp_path / "again"))
    for number in range(2, 33):
        models.add(source(tmp_path / "more", version=str(number)))
    with pytest.raises(ModelError, match="remove one first"):
        models.add(source(tmp_path / "more", version="33"))


def test_damage_and_a_disk_that_refuses(models: Models, tmp_path: Path) -> None:
    """A damaged state or a full disk must be words, never another model in silence."""
    (models.folder / STATE).write_text("{")
    with pytest.raises(ModelError, match="delete it to go back"):
        models.state()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        Models(tmp_path / "file" / "models").add(source(tmp_path / "one"))
    with pytest.raises(StorageError, match="cannot be written"):
        Models(tmp_path / "file" / "models").add(source(tmp_path / "one"))
    (models.folder / STATE).unlink()
    (models.folder / f".{STATE}.new").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        models.shade("tiny-1")
    (tmp_path / "none").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        Models(tmp_path / "m").add(tmp_path / "none")
    (tmp_path / "none" / "card.json").write_bytes(b" " * 70_000)
    with pytest.raises(ModelError, match="larger than 64 KiB"):
        Models(tmp_path / "m").add(tmp_path / "none")
