"""The learned background: what it follows, what it does not, and when a pixel is hot."""

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.fuse import background
from embereye_addon.fuse.background import Background

KNOWN = np.ones((24, 32), dtype=np.bool_)
COLD = np.zeros((24, 32), dtype=np.bool_)
Frame = NDArray[np.float32]


def flat(temp_c: float) -> Frame:
    """A frame of one temperature."""
    return np.full((24, 32), temp_c, dtype=np.float32)


def after(
    minutes: float, frame: Frame, *, hot: NDArray[np.bool_] = COLD, known: NDArray[np.bool_] = KNOWN
) -> Background:
    """The background of a room at 20 °C after so long a look at another frame, twice a second."""
    ground = background.begin(flat(20.0), KNOWN, 20.0, 0.0)
    for number in range(1, round(minutes * 120) + 1):
        ground = background.learn(ground, frame, known, hot, number / 2)
    return ground


def test_it_never_begins_hot() -> None:
    """What burns at power-up must not be taken for usual."""
    frame = flat(20.0)
    frame[3, 3] = 90.0
    assert background.begin(frame, KNOWN, 20.0, 0.0).middle_c[3, 3] == 25.0


def test_it_follows_half_a_kelvin_a_minute_and_no_more() -> None:
    """Day and night are followed; a fire that grows is not, or it would be learned away."""
    assert after(4.0, flat(29.0)).middle_c[0, 0] == pytest.approx(22.0, abs=0.02)
    assert after(20.0, flat(20.9)).middle_c[0, 0] == pytest.approx(20.9, abs=0.01)


def test_what_is_hot_is_learned_twenty_times_slower() -> None:
    """A hot spot must stay one for hours."""
    assert after(20.0, flat(60.0), hot=~COLD).middle_c[0, 0] == pytest.approx(20.5, abs=0.01)


def test_nothing_is_learned_of_an_unknown_pixel() -> None:
    """A pixel that fails for a while must be as before when it returns."""
    ground = after(10.0, flat(-273.15), known=COLD)
    assert (ground.middle_c == 20.0).all()
    assert (ground.spread_k == background.SPREAD_K[0]).all()


def test_a_noisy_pixel_must_show_more() -> None:
    """Five of its own sigmas and never less than 10 K; and its middle stays where it is."""
    noise = np.random.default_rng(1)
    ground = background.begin(flat(20.0), KNOWN, 20.0, 0.0)
    for number in range(1, 2401):
        frame = flat(20.0)
        frame[4, 4] += noise.normal(0.0, 3.0)
        ground = background.learn(ground, frame, KNOWN, COLD, number / 2)
    assert ground.spread_k[4, 4] == pytest.approx(3.0, rel=0.15)
    assert ground.hot_c()[4, 4] == pytest.approx(35.0, abs=2.5)
    assert ground.hot_c()[5, 5] == pytest.approx(30.0)


def test_a_gap_in_the_stream_moves_it_by_one_step_at_most() -> None:
    """An hour of silence is not an hour of looking."""
    ground = background.begin(flat(20.0), KNOWN, 20.0, 0.0)
    assert background.learn(ground, flat(29.0), KNOWN, COLD, 3600.0).middle_c[0, 0] == 21.0
