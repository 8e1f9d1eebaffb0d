"""What a view looks like, learned and compared."""

import cv2
import numpy as np
import pytest

from embereye_addon.detect import view
from tests.fakes import room_view


def _mean(shown: room_view.Shown) -> view.Picture:
    return np.asarray(np.mean([shown[0] + room_view.noise(number) for number in range(6)], axis=0), np.float32)


def _measure(mean: view.Picture) -> view.Measure:
    return view.measure(mean, 2.0 / 6.0**0.5)


def test_a_view_is_known_again_in_other_light() -> None:
    """Dusk, a lamp or infra-red must not be taken for a camera that was turned."""
    usual = _measure(_mean(room_view.still()))
    for shown in (room_view.veiled(np.zeros((240, 320), np.float32), light=0.6), room_view.infra_red()):
        alike = view.likeness(usual, _measure(_mean(shown)))
        assert alike is not None
        assert alike.same > 0.6
        assert alike.other < 0.3


def test_a_turned_camera_shows_other_edges() -> None:
    """A camera that was knocked no longer watches its zone."""
    usual = _measure(_mean(room_view.still()))
    alike = view.likeness(usual, _measure(np.roll(_mean(room_view.still()), 40, axis=1)))
    assert alike is not None
    assert alike.same < 0.35
    assert alike.other > 0.4


def test_lost_edges_are_not_other_edges() -> None:
    """Smoke takes the edges away; that must not look like a camera that was turned."""
    usual = _measure(_mean(room_view.still()))
    alike = view.likeness(usual, _measure(_mean(room_view.veiled(np.full((240, 320), 0.9, np.float32)))))
    assert alike is not None
    assert alike.other < 0.2


def test_a_plain_wall_cannot_be_compared() -> None:
    """Where there are no edges nothing may be said about them."""
    plain = view.measure(np.full((240, 320), 90.0, np.float32), 0.0)
    assert view.likeness(plain, plain) is None


def test_defocus_costs_sharpness_and_smoke_does_not() -> None:
    """Sharpness must tell a lens out of focus from a room that fills with smoke."""
    usual = _measure(_mean(room_view.still()))
    blurred = view.measure(np.asarray(cv2.GaussianBlur(_mean(room_view.still()), (0, 0), 3.0), np.float32), 0.0)
    smoky = _measure(_mean(room_view.veiled(np.full((240, 320), 0.5, np.float32))))
    assert blurred.sharpness < 0.6 * usual.sharpness
    assert smoky.sharpness > 0.75 * usual.sharpness


def test_learning_is_a_mean_at_first_and_slow_later() -> None:
    """A van that stands before the camera for a minute must not become its view."""
    one = view.Measure(np.zeros((2, 6, 8), np.float32), 1.0, 4.0, 100.0)
    other = view.Measure(np.ones((2, 6, 8), np.float32), 3.0, 8.0, 50.0)
    known = view.learned(None, one, 1.0)
    assert not known.learned
    known = view.learned(known, other, 1.0)
    assert known.usual.sharpness == pytest.approx(2.0)
    for _ in range(3600):
        known = view.learned(known, one, 1.0)
    assert known.learned
    after = view.learned(known, other, 60.0)
    assert after.usual.sharpness < 1.15
