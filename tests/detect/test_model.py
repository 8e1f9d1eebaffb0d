"""The shipped model with its card and its self-test, and what happens when they are not as they should be."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from embereye_addon.detect.model import WEIGHTS, Histogram, Model
from embereye_addon.errors import ModelError


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model on the CPU."""
    return Model("CPU")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped folder, to be damaged."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


@pytest.mark.timeout(40)
def test_the_shipped_model_passes_its_self_test(model: Model) -> None:
    """Fire is told from no fire by what is installed."""
    assert model.self_test() == ""
    assert model.name.startswith("fire_smoke")
    assert 0 < len(model.name) <= 64, "it must fit into a sighting"
    assert model.runs.endswith(".xml on CPU")
    assert all("CPU" in notice or "processor" in notice for notice in model.notices)


def test_a_look_is_numbers(model: Model) -> None:
    """A grey wall gives evidence against fire, and no boxes."""
    looked = model.look(np.full((96, 128, 3), 120, np.uint8))
    assert all(math.isfinite(nats) for nats in looked.llr_nats)
    assert looked.llr_nats[0] < 0.0
    assert not [box for box in looked.detections if box.label == "flame"]
    assert looked.took_ms > 0.0


def test_the_prior_is_the_share_of_positives() -> None:
    """Bayes: posterior odds less prior odds."""
    assert Histogram((1, 2), (3, 6)).prior_logit == pytest.approx(math.log(1 / 3))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda card: card.pop("score_histogram"),
        lambda card: card["score_histogram"].pop("smoke"),
        lambda card: card["score_histogram"]["fire"].update(negative=[]),
        lambda card: card["score_histogram"]["fire"].update(positive=[0]),
    ],
)
def test_a_card_that_cannot_be_used_is_words(copy: Path, spoil: object) -> None:
    """Without its calibration a model's numbers mean nothing."""
    card = json.loads((copy / "card.json").read_text())
    spoil(card)  # type: ignore[operator]
    (copy / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"the model card in .* cannot be used"):
        Model("CPU", copy)


def test_a_missing_card_is_words(copy: Path) -> None:
    """Nor without any."""
    (copy / "card.json").unlink()
    with pytest.raises(ModelError, match="model card"):
        Model("CPU", copy)


@pytest.mark.timeout(40)
def test_a_self_test_finds_what_is_wrong(copy: Path) -> None:
    """A fire that is not told, and a reference that is gone, are words for a fault."""
    shutil.copy(copy / "reference_quiet.jpg", copy / "reference_fire.jpg")
    model = Model("CPU", copy)
    assert "reference_fire.jpg: fire is told with" in model.self_test()
    (copy / "reference_fire.jpg").write_bytes(b"no picture")
    assert model.self_test() == "the reference picture reference_fire.jpg is missing"
    (copy / "reference_fire.jpg").unlink()
    assert model.self_test() == "the reference picture reference_fire.jpg is missing"


@pytest.mark.timeout(40)
def test_a_model_without_numbers_is_an_error_and_not_quiet(copy: Path) -> None:
    """Damaged weights give not-a-number, which any comparison would take for no fire."""
    (copy / "fire_smoke_int8.xml").unlink(missing_ok=True)
    weights = np.fromfile(copy / "fire_smoke.bin", np.float16)
    weights[(np.abs(weights) > 1e-3) & (np.abs(weights) < 100.0)] = np.nan  # leaves the shapes, which are integers
    weights.tofile(copy / "fire_smoke.bin")
    with pytest.raises(ModelError, match="no numbers"):
        Model("CPU", copy).look(np.zeros((64, 64, 3), np.uint8))
