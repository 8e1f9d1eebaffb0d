"""Flicker of tiles."""

import numpy as np
import pytest

from embereye_addon.detect.flicker import Flicker, band_hz, follow, fresh


def _follow(signal: list[float], fps: float) -> Flicker:
    flicker = fresh(np.full((1, 1), signal[0], np.float32), 0.0)
    for number, level in enumerate(signal[1:], start=1):
        follow(flicker, np.full((1, 1), level, np.float32), number / fps)
    return flicker


def test_the_frame_rate_bounds_what_can_be_told() -> None:
    """A camera of 2 pictures a second cannot show flicker, and must not be taken for one that shows none."""
    assert band_hz(25.0) == (1.0, 12.0)
    assert band_hz(12.5) == (1.0, 6.25)
    assert band_hz(4.0) == (1.0, 2.0)
    assert band_hz(3.9) is None
    assert band_hz(0.0) is None


@pytest.mark.parametrize("hz", [2.0, 5.0, 10.0])
def test_a_flicker_is_measured_in_size_and_rate(hz: float) -> None:
    """A flame's swings and turns are what tells it from a lamp."""
    flicker = _follow([100.0 + 20.0 * np.sin(2.0 * np.pi * hz * k / 25.0) for k in range(100)], 25.0)
    assert float(np.sqrt(flicker.energy[0, 0])) == pytest.approx(14.0, rel=0.25)
    assert float(flicker.reversals_hz[0, 0]) == pytest.approx(2.0 * hz, rel=0.25)


def test_something_that_passes_turns_once_or_twice() -> None:
    """A person in orange crosses a tile once; a flame stands in it and turns all the time."""
    flicker = _follow([100.0] * 25 + [180.0] * 12 + [100.0] * 25, 25.0)
    assert float(flicker.reversals_hz[0, 0]) < 1.0


def test_noise_is_no_flicker() -> None:
    """Every sensor's noise turns with each picture."""
    rng = np.random.default_rng(1)
    flicker = _follow([100.0 + float(rng.normal(0.0, 0.5)) for _ in range(100)], 25.0)
    assert float(flicker.reversals_hz[0, 0]) < 2.0
    assert float(flicker.energy[0, 0]) < 1.0


def test_a_pause_begins_the_measurement_anew() -> None:
    """What changed while a camera was quiet must not count as one great swing."""
    flicker = fresh(np.full((1, 1), 50.0, np.float32), 0.0)
    follow(flicker, np.full((1, 1), 200.0, np.float32), 5.0)
    assert float(flicker.energy[0, 0]) == 0.0
    follow(flicker, np.full((1, 1), 200.0, np.float32), 5.1)
    assert float(flicker.energy[0, 0]) == 0.0
