"""When the int8 model is good enough."""

from pathlib import Path

import numpy as np
import openvino

from training import evaluate, quantise

WEIGHTS = Path(__file__).resolve().parents[2] / "embereye_addon" / "detect" / "weights"


def scored(shift: float) -> evaluate.Scored:
    """Two hundred pictures; fire scores fall by `shift`."""
    rng = np.random.default_rng(1)
    truth = np.tile(np.array([[1.0, 1.0], [0.0, 0.0]]), (100, 1))
    logits = rng.normal(0, 1, truth.shape) + 4 * truth
    logits[::4, 0] -= shift
    return evaluate.Scored(np.full(200, "web"), logits, truth)


def test_a_worse_model_is_not_kept() -> None:
    """Speed is no reason to miss fires."""
    same, worse = quantise.compare(scored(0.0), scored(0.0)), quantise.compare(scored(0.0), scored(4.0))
    assert same["kept"] is True
    assert worse["kept"] is False
    assert worse["fire"]["logit_difference"]["p95"] == 4.0


def test_pooling_and_the_first_layers_stay_in_full_precision() -> None:
    """Quantised sums once gave picture logits that were 2 off, and the first layers' rounding cost half a logit."""
    model = openvino.Core().read_model(WEIGHTS / "fire_smoke.xml")
    tail = set(quantise.tail(model))
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("Softmax", "ReduceSum", "ReduceMean", "Interpolate"):
            assert node.get_friendly_name() in tail
        if node.get_type_name() == "GroupConvolution":
            assert (node.get_friendly_name() in tail) == ("model.blocks.0." in node.get_friendly_name())


def test_dropped_files_are_gone(tmp_path: Path) -> None:
    """A model that was not kept must not be taken by a processor that would like it."""
    (tmp_path / "fire_smoke_int8.xml").write_text("")
    quantise.drop(tmp_path)
    assert list(tmp_path.iterdir()) == []
