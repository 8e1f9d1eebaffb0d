"""The models command, with a real small network: added, judged on recordings, promoted, undone."""

import json
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from embereye_addon.__main__ import command
from embereye_addon.detect.loading import load
from embereye_addon.detect.models import Models
from embereye_addon.errors import ModelError
from embereye_addon.tools.annotate import Annotated
from embereye_addon.tools.models import Verdict, compared

SIDE = 64
CARD = {
    "name": "bright",
    "version": "1",
    "file": "bright.xml",
    "head": "classifier_sigmoid",
    "classes": ["fire"],
    "fire": "fire",
    "input": {"width": SIDE, "height": SIDE, "letterbox": False},
    "calibration_fire": {"slope": 1.0, "offset": 0.0},
}


def network(folder: Path, threshold: float, **card: object) -> Path:
    """A network with one rule: the brighter a picture's red, the more it is fire; it is sure beyond the threshold."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = ops.parameter([1, 3, SIDE, SIDE], np.float32, "picture")
    red = ops.slice(picture, np.array([0]), np.array([1]), np.array([1]), np.array([1]))
    mean = ops.reduce_mean(red, np.array([1, 2, 3]), keep_dims=False)
    logit = ops.multiply(ops.subtract(mean, np.float32(threshold)), np.float32(40.0))
    openvino.save_model(openvino.Model([ops.unsqueeze(logit, np.array(1))], [picture]), folder / "bright.xml", False)
    (folder / "card.json").write_text(json.dumps({**CARD, **card}))
    return folder


def film(path: Path, level: int) -> Path:
    """A few seconds of one brightness."""
    with Annotated(path) as clip:
        for step in range(40):
            noise = np.random.default_rng(step).integers(-6, 7, (96, 128, 3))
            clip.add(step / 5.0, np.clip(level + noise, 0, 255).astype(np.uint8), (), "")
    return path


def asked(folder: Path, *words: str) -> int:
    """The command on this data folder."""
    return command(["models", "--folder", str(folder), *words])


def test_a_network_is_added_and_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that loads nowhere, or says nothing, is promoted."""
    assert asked(tmp_path, "add", str(network(tmp_path / "mine", 0.4))) == 0
    assert "bright-1 was added" in capsys.readouterr().out
    model = load(Models(tmp_path / "models"), "bright-1", "CPU")
    assert model.name == "bright 1"
    bright, dark = (model.look(np.full((96, 128, 3), level, np.uint8)).llr_nats[0] for level in (250, 5))
    assert bright > 3.0 > -3.0 > dark
    assert asked(tmp_path, "shadow", "bright-1") == 0
    assert asked(tmp_path, "list") == 0
    listed = capsys.readouterr().out
    assert "the shipped model: live" in listed
    assert "bright-1: shadow" in listed
    assert asked(tmp_path, "shadow", "off") == 0
    assert asked(tmp_path, "remove", "bright-1") == 0
    assert Models(tmp_path / "models").listed() == ()


@pytest.mark.timeout(120)
def test_only_what_passed_its_gate_goes_live(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that cries wolf on the installer's own recordings watches the building."""
    quiet, other = film(tmp_path / "quiet.mp4", 40), film(tmp_path / "dim.mp4", 60)
    asked(tmp_path, "add", str(network(tmp_path / "good", 0.9)))
    asked(tmp_path, "add", str(network(tmp_path / "wolf", 0.05, version="2")))
    with pytest.raises(ModelError, match="has not been through"):
        asked(tmp_path, "promote", "bright-1")
    with pytest.raises(ModelError, match="recordings of both"):
        asked(tmp_path, "gate", "bright-1", "--quiet", str(quiet))
    assert asked(tmp_path, "gate", "bright-1", "--fire", str(other), "--quiet", str(quiet)) == 0
    assert asked(tmp_path, "promote", "bright-1") == 0
    assert Models(tmp_path / "models").state().live == "bright-1"
    assert asked(tmp_path, "rollback") == 0
    assert "the shipped model is live" in capsys.readouterr().out


def test_the_gate_counts_what_is_missed_and_what_is_more() -> None:
    """Ten more fires found pay for one false alarm in every bedroom."""
    live = Verdict(frozenset({"a", "b"}), frozenset({"x"}))
    assert compared(Verdict(frozenset({"a", "b", "c"}), frozenset()), live, 3, 2, "").passed
    missed = compared(Verdict(frozenset({"a", "c"}), frozenset()), live, 3, 2, "")
    assert (missed.passed, "missed: b" in missed.words) == (False, True)
    false = compared(Verdict(frozenset({"a", "b"}), frozenset({"x", "y"})), live, 3, 2, "")
    assert (false.passed, "false: y" in false.words) == (False, True)


def test_what_does_not_fit_is_not_kept(tmp_path: Path) -> None:
    """A card that names another head than the network has is found out in the night of the fire."""
    with pytest.raises(ModelError, match="YOLO head"):
        asked(tmp_path, "add", str(network(tmp_path / "mine", 0.4, head="yolo")))
    assert Models(tmp_path / "models").listed() == ()
    broken = network(tmp_path / "broken", 0.4)
    (broken / "bright.xml").write_text("<no network>")
    with pytest.raises(ModelError, match="cannot be loaded"):
        asked(tmp_path, "add", str(broken))
    runtime = network(tmp_path / "onnx", 0.4, runtime="onnxruntime")
    with pytest.raises(ModelError, match="ONNX Runtime"):
        asked(tmp_path, "add", str(runtime))
