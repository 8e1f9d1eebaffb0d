"""Outputs of other people's networks: worked examples, and any numbers at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embereye_addon.detect import heads
from embereye_addon.detect.heads import Candidates, Classes

FIRE_ONLY = Classes(flame=1, smoke=None, count=3)
BOTH = Classes(flame=0, smoke=1, count=2)
FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)


def rows(*each: tuple[float, ...]) -> np.ndarray:
    """One output of rows, float32 [1, n, columns]."""
    return np.array([each], dtype=np.float32)


@pytest.mark.parametrize("turned", [False, True])
def test_yolo_by_hand(turned: bool) -> None:
    """A flame in the middle of a 100x200 input comes out somewhere else."""
    output = rows((50.0, 100.0, 20.0, 40.0, 0.1, 0.9, 0.0), (10.0, 10.0, 2.0, 2.0, 0.9, 0.1, 0.0))
    found = heads.yolo(output.transpose(0, 2, 1) if turned else output, FIRE_ONLY, (100, 200), objectness=False)
    assert isinstance(found, Candidates)
    boxes, scores = heads.best(found, 0.5)
    assert scores == pytest.approx((0.9, 0.0))
    assert [box.label for box in boxes] == ["flame"]
    assert (boxes[0].left, boxes[0].top, boxes[0].right, boxes[0].bottom) == pytest.approx((0.4, 0.4, 0.6, 0.6))
    assert boxes[0].confidence == pytest.approx(0.9, abs=1e-3)


def test_objectness_multiplies() -> None:
    """A network that is sure of the class but not that there is anything at all is not sure of a fire."""
    found = heads.yolo(rows((5.0, 5.0, 4.0, 4.0, 0.5, 0.8, 0.2)), BOTH, (10, 10), objectness=True)
    assert isinstance(found, Candidates)
    assert heads.best(found, 0.1)[1] == pytest.approx((0.4, 0.1))


def test_ssd_by_hand() -> None:
    """Rows of another class, and those after the end of the list, become fires."""
    output = np.array([[[[0, 1, 0.7, 0.1, 0.2, 0.3, 0.4], [0, 2, 0.9, 0, 0, 1, 1], [-1, 1, 0.9, 0, 0, 1, 1]]]])
    found = heads.ssd(output.astype(np.float32), Classes(flame=1, smoke=None, count=3))
    assert isinstance(found, Candidates)
    boxes, scores = heads.best(found, 0.5)
    assert scores == pytest.approx((0.7, 0.0))
    assert len(boxes) == 1
    assert boxes[0].right == pytest.approx(0.3)


def test_classifiers_by_hand() -> None:
    """Softmax shares one certainty among the classes, sigmoid gives each its own."""
    soft = heads.classifier(np.array([[0.0, np.log(3.0)]], np.float32), BOTH, softmax=True)
    each = heads.classifier(np.array([[0.0, np.log(3.0)]], np.float32), BOTH, softmax=False)
    assert isinstance(soft, Candidates)
    assert isinstance(each, Candidates)
    assert soft.scores[0] == pytest.approx((0.25, 0.75))
    assert each.scores[0] == pytest.approx((0.5, 0.75))


def test_one_thing_is_one_box() -> None:
    """Ten boxes on one flame drown the next one."""
    boxes = np.array([[0.1, 0.1, 0.3, 0.3], [0.11, 0.1, 0.31, 0.3], [0.6, 0.6, 0.9, 0.9]], np.float32)
    scores = np.array([[0.8, 0.0], [0.9, 0.0], [0.6, 0.0]], np.float32)
    found, _ = heads.best(Candidates(boxes, scores), 0.25)
    assert [round(box.left, 2) for box in found] == [0.11, 0.6]
    many = np.tile(boxes[:1], (20, 1)) + np.arange(20, dtype=np.float32)[:, None] * 0.03
    assert len(heads.best(Candidates(many, np.full((20, 2), 0.5, np.float32)), 0.25)[0]) <= 16


@given(arrays(np.float32, st.tuples(*[st.integers(0, 4)] * 3), elements=FLOATS))
def test_any_yolo_output(output: np.ndarray) -> None:
    """A network that gives anything at all ends the detector."""
    for objectness in (False, True):
        found = heads.yolo(output, Classes(0, None, 0 if objectness else 1), (64, 64), objectness=objectness)
        assert isinstance(found, str | Candidates)


@given(arrays(np.float32, st.tuples(st.integers(0, 30), st.just(6)), elements=FLOATS), st.floats(0.01, 0.99))
def test_any_boxes(values: np.ndarray, threshold: float) -> None:
    """Boxes that are none, or a score that is no number, reach the panel."""
    found, scores = heads.best(Candidates(values[:, :4], values[:, 4:]), threshold)
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert len(found) <= 16
    for box in found:
        assert 0.0 <= box.left < box.right <= 1.0
        assert 0.0 <= box.top < box.bottom <= 1.0
        assert box.confidence >= threshold - 1e-3


@pytest.mark.parametrize(
    "words",
    [
        heads.yolo(np.zeros((1, 3, 9), np.float32), BOTH, (10, 10), objectness=False),
        heads.ssd(np.zeros((1, 3, 7), np.float32), BOTH),
        heads.classifier(np.zeros((2, 2), np.float32), BOTH, softmax=True),
    ],
)
def test_a_shape_that_does_not_fit_is_words(words: object) -> None:
    """The card names another head than the network has: the installer must hear which."""
    assert "not (" in str(words)
