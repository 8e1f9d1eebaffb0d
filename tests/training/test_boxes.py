"""Figures of boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import boxes
from training.dataset import Picture

ONE = np.array([[0.1, 0.1, 0.5, 0.5]])


def shown(*rows: tuple[float, ...]) -> boxes.Drawn:
    """Boxes as (left, top, right, bottom, logit)."""
    table = np.array(rows, float).reshape(-1, 5)
    return boxes.Drawn(table[:, :4], table[:, 4])


def test_a_box_counts_once() -> None:
    """Two boxes on one fire are one find and one false alarm, or drawing more would pay."""
    found = boxes.match(shown((0.1, 0.1, 0.5, 0.5, 1.0), (0.1, 0.1, 0.5, 0.48, 3.0)), ONE)
    assert found.logits.tolist() == [3.0, 1.0]
    assert found.right.tolist() == [True, False]
    assert found.labels == 1


def test_a_box_elsewhere_is_wrong() -> None:
    """Fire in the wrong corner is no find."""
    assert boxes.match(shown((0.6, 0.6, 0.9, 0.9, 3.0)), ONE).right.tolist() == [False]
    assert boxes.match(shown(), ONE).right.tolist() == []


def test_average_precision_of_known_boxes() -> None:
    """All found, nothing else: 1. A stronger false box before the find: one half. Nothing found: 0."""
    find, miss = boxes.match(shown((0.1, 0.1, 0.5, 0.5, 1.0)), ONE), boxes.match(shown((0.6, 0.6, 0.9, 0.9, 3.0)), ONE)
    empty = boxes.match(shown((0.6, 0.6, 0.9, 0.9, 3.0)), np.zeros((0, 4)))
    assert boxes.average_precision([find]) == 1.0
    assert boxes.average_precision([find, empty]) == 0.5
    assert boxes.average_precision([miss]) == 0.0
    assert np.isnan(boxes.average_precision([empty]))


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5))
def test_overlaps_are_shares(rows: list[tuple[float, float, float, float]]) -> None:
    """No overlap is more than whole, whatever the box."""
    table = np.sort(np.array(rows).reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    share = boxes.overlaps(table, table)
    assert ((share >= 0) & (share <= 1 + 1e-9)).all()
    assert np.allclose(share, share.T)


def test_boxes_are_the_product_s() -> None:
    """A strong cell in a picture that as a whole speaks against it is not drawn, as in `Model.look`."""
    cells = np.full((2, 4, 4), -5.0, np.float32)
    cells[:, 1, 1] = 4.0
    fire, smoke = boxes.drawn(cells, (1.0, -1.0))
    assert fire.boxes.tolist() == [[0.25, 0.25, 0.5, 0.5]]
    assert len(smoke.boxes) == 0


def test_false_boxes_are_counted_where_nothing_is() -> None:
    """The installer reads how often an empty scene gets a box, by kind of scene."""
    pixels, none = np.zeros((40, 40, 3), np.uint8), np.zeros((0, 5), np.float32)
    pictures = [Picture(str(i), "fog", pixels, none, (True, i == 0)) for i in range(2)]
    false = (shown((0, 0, 0.5, 0.5, 2.5), (0.6, 0.6, 1, 1, 2.1)), shown())
    found = boxes.figures(pictures, [false, (shown(), shown((0, 0, 1, 1, 9.0)))], rounds=5)
    assert found["fire"]["false_boxes_per_empty_picture"]["fog"] == {
        "pictures": 2,
        "boxes_per_picture": 1.0,
        "pictures_with_a_box": 0.5,
    }
    assert found["smoke"]["false_boxes_per_empty_picture"]["all"]["pictures"] == 1
    assert np.isnan(found["fire"]["ap50"]) or found["fire"]["ap50"] == pytest.approx(0)
