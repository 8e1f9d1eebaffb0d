"""The shipped model, asked as a user's program asks it."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from embereye_addon.detect.tensors import input_size
from training import dataset, evaluate

WEIGHTS = Path(__file__).resolve().parents[2] / "embereye_addon" / "detect" / "weights"


@pytest.fixture(scope="module")
def eye() -> evaluate.Eye:
    """The exported model on one thread."""
    return evaluate.Eye(WEIGHTS / "fire_smoke.xml")


def test_the_card_belongs_to_the_files() -> None:
    """A card from another training would promise figures this model does not have."""
    card = json.loads((WEIGHTS / "card.json").read_text())
    for name, digest in card["sha256"].items():
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == digest
    assert sum((WEIGHTS / name).stat().st_size for name in card["sha256"]) <= 8_000_000


def test_a_frame_scores_the_same_alone_and_in_a_batch(eye: evaluate.Eye) -> None:
    """A fused sum once gave zeros for the fifth frame of a batch: four cameras worked and the fifth was blind."""
    frames = np.random.default_rng(0).integers(0, 256, (9, 96, 128, 3), dtype=np.uint8)
    cells, image = eye.ask(frames)
    assert cells.shape == (9, 2, 6, 8)
    for index in range(9):
        alone_cells, alone_image = eye.ask(frames[index : index + 1])
        assert np.allclose(alone_cells[0], cells[index], atol=1e-2)
        assert np.allclose(alone_image[0], image[index], atol=1e-2)


def test_pictures_are_measured_at_the_size_the_product_uses() -> None:
    """Figures at another size than the product's would not be the product's."""
    for wide, high in ((640, 480), (1280, 720), (1920, 1080), (480, 640)):
        shown = evaluate.fitted(np.zeros((high, wide, 3), np.uint8))
        assert (shown.shape[1], shown.shape[0]) == input_size(wide, high)


def test_unknown_truth_is_left_out_of_the_figures() -> None:
    """A picture nobody labelled for smoke counts neither for nor against the smoke figure."""
    scored = evaluate.Scored(np.array(["a", "a"]), np.array([[1.0, 5.0], [2.0, 6.0]]), np.array([[1, np.nan], [0, 1]]))
    positive, negative = scored.split(1)
    assert positive.tolist() == [6.0]
    assert negative.tolist() == []


def test_crops_are_reported_apart() -> None:
    """Negatives from the positive sources have rows of their own and can be left out of the headline."""
    sources = np.array(["web", "web#free", "fog"])
    scored = evaluate.Scored(sources, np.array([[3.0, 0], [1.0, 0], [0.0, 0]]), np.array([[1, 1], [0, 0], [0, 0.0]]))
    found = evaluate.figures(scored)["fire"]
    assert isinstance(found, dict)
    assert (found["negatives"], found["whole_pictures"]["negatives"]) == (2, 1)
    assert found["by_source"]["web#free"]["negatives"] == 1
    assert found["by_source"]["web"]["recall_at_2pct_fp"] == 1.0


def test_a_crop_is_not_blown_up() -> None:
    """The product feeds crops at their own size; figures at another size would not be the product's."""
    pixels = np.zeros((100, 140, 3), np.uint8)
    whole = dataset.Picture("a", "web", pixels, np.zeros((0, 5), np.float32), (True, True))
    crop = dataset.Picture("a", "web", pixels, np.zeros((0, 5), np.float32), (True, True), crop=True)
    assert evaluate.shown(whole).shape == (272, 384, 3)
    assert evaluate.shown(crop).shape == (96, 144, 3)


def test_a_clip_is_looked_at_evenly(tmp_path: Path) -> None:
    """Per-clip figures come from frames at the stated rate."""
    path = tmp_path / "clip.avi"
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (64, 48))
    for level in range(24):
        clip.write(np.full((48, 64, 3), level * 5, np.uint8))
    clip.release()
    times, frames = evaluate.clip_frames(path)
    assert times == pytest.approx([0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75])
    assert frames[0].shape == (288, 384, 3)
