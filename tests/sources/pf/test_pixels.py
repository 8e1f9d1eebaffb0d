"""Pixels that fail while the device runs."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.sources.pf.pixels import SETTLED, WINDOW, Drift, PixelWatch

SEEDED = np.random.default_rng(5)


def noise(frames: int, sigma: float = 3.0) -> NDArray[np.int16]:
    """Raw words of a quiet room, [frames,768]."""
    made: NDArray[np.int16] = np.rint(SEEDED.normal(-60.0, sigma, (frames, 768))).astype(np.int16)
    return made


def fed(raw: NDArray[np.int16]) -> PixelWatch:
    """A watch that has seen these frames."""
    watch = PixelWatch()
    for frame in raw:
        watch.take(frame.view(np.uint16))
    return watch


def test_a_quiet_room_has_no_bad_pixel() -> None:
    """Ordinary noise is reported as broken hardware."""
    watch = fed(noise(4 * WINDOW))
    assert (watch.stuck, watch.noisy) == ((), ())


def test_stuck_and_noisy_pixels_are_found_after_two_windows() -> None:
    """A pixel that died in use is believed for ever."""
    raw = noise(2 * WINDOW)
    raw[:, 100] = -55
    raw[:, 767] = 12
    raw[:, 300] = np.rint(SEEDED.normal(-60.0, 40.0, 2 * WINDOW))
    assert fed(raw[:WINDOW]).stuck == ()
    watch = fed(raw)
    assert watch.stuck == (100, 767)
    assert watch.noisy == (300,)


def test_what_moves_through_the_picture_is_no_bad_pixel() -> None:
    """A person who walks by is taken for broken pixels."""
    raw = noise(2 * WINDOW)
    for number in range(2 * WINDOW):
        column = number % 32
        raw[number].reshape(24, 32)[4:20, max(0, column - 2) : column + 3] += 60
    watch = fed(raw)
    assert (watch.stuck, watch.noisy) == ((), ())


def test_a_frozen_picture_is_not_768_stuck_pixels() -> None:
    """One cause is told as hundreds."""
    assert fed(np.repeat(noise(1), 2 * WINDOW, axis=0)).stuck == ()


def test_it_costs_little() -> None:
    """Watching the pixels takes the time that judging needs."""
    raw = noise(8 * WINDOW)
    began_s = time.thread_time()
    fed(raw)
    assert (time.thread_time() - began_s) / len(raw) < 0.001


def test_a_drift_is_slow_and_real() -> None:
    """A supply that sinks is not noticed, or a single glitch is taken for it."""
    drift = Drift()
    for _ in range(SETTLED):
        assert drift.gone == 0.0
        drift.take(3.28)
    drift.take(3.40)
    assert drift.gone == pytest.approx(0.012)
    for _ in range(60):
        drift.take(3.20)
    assert drift.gone == pytest.approx(-0.08, abs=0.002)
