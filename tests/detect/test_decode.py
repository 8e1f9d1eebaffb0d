"""From cell logits to boxes."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from embereye_addon.detect.decode import LABELS, MAX_DETECTIONS, Detection, detections


def cells(rows: int = 6, columns: int = 8) -> NDArray[np.float32]:
    """Nothing anywhere."""
    return np.full((2, rows, columns), -5.0, np.float32)


def test_a_connected_place_is_one_box() -> None:
    """A flame over several cells is one thing, with its place in fractions and its strongest cell's claim."""
    plane = cells()
    plane[0, 1:3, 2:4] = 1.0
    plane[0, 3, 4] = 2.5  # diagonal neighbours belong together
    plane[1, 5, 0] = 0.5
    flame, smoke = detections(plane, 0.0)
    assert flame == Detection("flame", 2.5, 2 / 8, 1 / 6, 5 / 8, 4 / 6)
    assert (smoke.label, smoke.left, smoke.bottom) == ("smoke", 0.0, 1.0)
    assert smoke.confidence == pytest.approx(0.6225, abs=1e-3)


def test_nothing_is_nothing() -> None:
    """A quiet picture has no boxes."""
    assert detections(cells(), 0.0) == ()


@given(hnp.arrays(np.float32, (2, 18, 24), elements=st.floats(-20, 20, width=32)))
def test_boxes_are_inside_bounded_and_sorted(plane: NDArray[np.float32]) -> None:
    """A picture full of noise costs no more than a message can hold."""
    found = detections(plane, 0.0)
    assert [box.logit for box in found] == sorted((box.logit for box in found), reverse=True)
    for label, claims in zip(LABELS, plane, strict=True):
        mine = [box for box in found if box.label == label]
        assert len(mine) <= MAX_DETECTIONS
        assert bool(mine) == bool((claims >= 0.0).any())
    for box in found:
        assert 0.0 <= box.left < box.right <= 1.0
        assert 0.0 <= box.top < box.bottom <= 1.0
        assert 0.5 <= box.confidence <= 1.0
