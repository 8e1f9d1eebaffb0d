"""Empty areas in a picture: what a decoder leaves where it got nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.frame import Planes
from embereye_addon.sources.camera.smear import Smear, empty_share


def scene(seed: int = 1, grey: bool = False, height: int = 240, width: int = 320) -> Planes:
    """A noisy picture, in colour or as an infrared camera at night gives it."""
    rng = np.random.default_rng(seed)
    y = rng.integers(30, 220, (height, width), np.uint8)
    u = rng.integers(90, 160, ((height + 1) // 2, (width + 1) // 2), np.uint8)
    return Planes(y, np.full_like(u, 128) if grey else u, np.full_like(u, 128) if grey else u[::-1].copy())


def emptied(planes: Planes, value: int, part: float) -> Planes:
    """The lower part of the picture as the decoder's empty memory."""
    y, u, v = planes.y.copy(), planes.u.copy(), planes.v.copy()
    for plane in (y, u, v):
        plane[int(plane.shape[0] * (1.0 - part)) :] = value
    return Planes(y, u, v)


@pytest.mark.parametrize("value", [0, 128])
@pytest.mark.parametrize("night", [False, True])
def test_an_empty_part_is_found(value: int, night: bool) -> None:
    """A green or grey lower half after a loss must not be looked at."""
    smear = Smear()
    assert not smear.spoiled(scene(1, night), True)
    assert not smear.spoiled(scene(2, night), False)
    assert smear.spoiled(emptied(scene(3, night), value, 0.3), False)
    assert not smear.spoiled(scene(4, night), False)


def test_what_is_grey_in_front_of_the_camera_stays_grey() -> None:
    """A wall that has just the value of empty memory is a wall: key frames show it too."""
    smear, wall = Smear(), emptied(scene(1, True), 128, 0.4)
    assert not smear.spoiled(wall, True)
    assert not smear.spoiled(wall, False)
    assert smear.spoiled(emptied(scene(2, True), 128, 0.6), False)


def test_green_leaves_and_a_green_screen_are_colours() -> None:
    """The greenest green of a camera is inside its colour range."""
    planes = scene()
    green = Planes(np.full_like(planes.y, 145), np.full_like(planes.u, 54), np.full_like(planes.v, 34))
    assert empty_share(green) == 0.0


@given(st.integers(1, 70), st.integers(1, 70))
def test_every_size_is_looked_through(height: int, width: int) -> None:
    """Small pictures and odd sizes must not end the decoding."""
    y = np.full((height, width), 128, np.uint8)
    u = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    assert 0.0 <= empty_share(Planes(y, u, u)) <= 1.0
