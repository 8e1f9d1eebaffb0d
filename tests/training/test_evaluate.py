"""The shipped model, asked as a user's program asks it."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from embereye_addon.detect.tensors import input_size
from training import evaluate

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
