"""A flame's core: one smooth body, or tongues."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embereye_addon.detect.shape import shape

Bgr = NDArray[np.uint8]
FLAME = (60, 170, 250)
ALL = np.ones((96, 96), np.bool_)


def dark() -> Bgr:
    """A dark room."""
    return np.full((96, 96, 3), 20, np.uint8)


def test_a_drop_is_one_smooth_piece_where_it_is() -> None:
    """A candle: one body, little longer in outline than a disc, and its place and area are told."""
    picture = dark()
    cv2.ellipse(picture, (48, 40), (10, 20), 0, 0, 360, FLAME, -1)
    core = shape(picture, ALL)
    assert core is not None
    assert core.pieces == 1
    assert 1.0 <= core.ragged < 1.4
    assert core.area == pytest.approx(np.pi * 10 * 20 / 96**2, rel=0.1)
    assert (core.left, core.top) == pytest.approx((38 / 96, 20 / 96), abs=0.02)
    assert (core.right, core.bottom) == pytest.approx((59 / 96, 61 / 96), abs=0.02)


def test_tongues_are_counted_and_their_outline_is_long() -> None:
    """A fire that feeds itself: several bodies, ragged ones."""
    picture = dark()
    points = [(10, 80), (14, 30), (20, 70), (26, 20), (32, 72), (40, 34), (46, 80)]
    cv2.fillPoly(picture, [np.array(points)], FLAME)
    for x in (60, 70, 80):
        cv2.ellipse(picture, (x, 50), (3, 8), 0, 0, 360, FLAME, -1)
    core = shape(picture, ALL)
    assert core is not None
    assert core.pieces == 4
    assert core.ragged > 2.0


def test_a_white_flame_counts_and_a_white_wall_beside_the_box_does_not() -> None:
    """Over-exposed flames have no colour; what is not in a box of the model is not looked at."""
    picture = dark()
    picture[30:60, 10:30] = 255
    picture[:, 60:] = 255
    where = np.zeros((96, 96), np.bool_)
    where[:, :50] = True
    core = shape(picture, where)
    assert core is not None
    assert (core.pieces, round(core.right, 2)) == (1, 0.31)


def test_without_anything_bright_there_is_no_core() -> None:
    """Grey walls, blue light and nothing at all have no flame's shape."""
    assert shape(dark(), ALL) is None
    blue = dark()
    blue[20:60, 20:60] = (230, 120, 60)
    assert shape(blue, ALL) is None
    assert shape(np.full((96, 96, 3), 255, np.uint8), np.zeros((96, 96), np.bool_)) is None


@given(st.integers(0, 2**32 - 1))
def test_noise_has_some_shape_or_none(seed: int) -> None:
    """A bad picture must not end the looking."""
    picture = np.random.default_rng(seed).integers(0, 256, (24, 40, 3), np.uint8)
    core = shape(picture, np.ones((24, 40), np.bool_))
    assert core is None or (0.0 < core.area <= 1.0 and core.pieces >= 1 and core.ragged > 0.0)
