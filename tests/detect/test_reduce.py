"""The reduced picture."""

import numpy as np
import pytest

from embereye_addon.detect.reduce import factor, halved, reduced
from embereye_addon.frame import Planes


def _planes(width: int, height: int) -> Planes:
    rng = np.random.default_rng(width)
    y = rng.integers(0, 255, (height, width + 32), dtype=np.uint8)[:, :width]
    u, v = (rng.integers(0, 255, ((height + 1) // 2, (width + 1) // 2), dtype=np.uint8) for _ in "uv")
    return Planes(y, u, v)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((640, 480), (320, 240)),
        ((640, 360), (320, 180)),
        ((320, 240), (320, 240)),
        ((352, 288), (176, 144)),
        ((1920, 1080), (320, 180)),
        ((960, 540), (320, 180)),
        ((270, 480), (134, 240)),
        ((321, 241), (160, 120)),
    ],
)
def test_a_picture_keeps_its_shape_and_light(size: tuple[int, int], small: tuple[int, int]) -> None:
    """A stretched or darkened picture would put boxes and thresholds in the wrong place."""
    planes = _planes(*size)
    got = reduced(planes)
    assert got.y.shape == small[::-1]
    assert got.u.shape == got.v.shape == (small[1] // 2, small[0] // 2)
    assert got.y.flags.c_contiguous
    assert got.y.mean() == pytest.approx(planes.y.mean(), abs=2.0)
    assert got.u.mean() == pytest.approx(planes.u.mean(), abs=2.0)


def test_a_small_picture_is_copied() -> None:
    """The decoder uses its memory again, so what is remembered of a picture must not lie in it."""
    planes = _planes(320, 240)
    got = reduced(planes)
    before = got.y.copy()
    planes.y[:] = 0
    assert np.array_equal(got.y, before)


def test_means_of_two_by_two() -> None:
    """A sampled instead of averaged picture would flicker by itself."""
    plane = np.array([[10, 20, 0, 0], [30, 40, 0, 4]], np.uint8)
    assert halved(plane).tolist() == [[25, 1]]


def test_a_tiny_picture_is_refused() -> None:
    """A stream of a few pixels must be an error in words, not a crash somewhere later."""
    assert factor(1, 1) == 1
    with pytest.raises(ValueError, match="too small"):
        reduced(_planes(1, 1))
