"""Pixels that fail while the device runs."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.thermal import ThermalArray, look, radiance_k4, shipped_eeprom
from embereye_addon.demo.thermal_things import Place, flame, lay
from embereye_addon.sources.pf.mlx90640 import SATURATED, Conversion, convert
from embereye_addon.sources.pf.pixels import HIDDEN_MAX, SETTLED, WINDOW, Drift, PixelWatch

K_PER_COUNT = 0.08

Raw = NDArray[np.int16]


def noise(frames: int, sigma: float = 3.0, seed: int = 5) -> Raw:
    """Raw words of a quiet room, [frames,768]."""
    made: Raw = np.rint(np.random.default_rng(seed).normal(-60.0, sigma, (frames, 768))).astype(np.int16)
    return made


def shown(raw: Raw, replaced: tuple[int, ...] = ()) -> Conversion:
    """What one frame of raw words is converted to."""
    to_c = (26.8 + K_PER_COUNT * raw.astype(np.float32)).reshape(24, 32)
    marks = np.zeros(768, np.bool_)
    marks[list(replaced)] = True
    return Conversion(to_c, 30.0, 3.3, marks.reshape(24, 32), 0.2)


def fed(raw: Raw, watch: PixelWatch | None = None, replaced: tuple[int, ...] = ()) -> PixelWatch:
    """A watch that has seen these frames."""
    watch = PixelWatch() if watch is None else watch
    for frame in raw:
        watch.take(frame.view(np.uint16), shown(frame, replaced))
    return watch


def test_a_quiet_room_has_no_bad_pixel() -> None:
    """Ordinary noise is reported as broken hardware."""
    for seed in range(4):
        assert fed(noise(4 * WINDOW, seed=seed)).found == ()


def test_stuck_and_noisy_pixels_are_found_after_two_windows() -> None:
    """A pixel that died in use is believed for ever."""
    raw = noise(2 * WINDOW)
    raw[:, 100] = -55
    raw[:, 767] = 12
    raw[:, 300] += noise(2 * WINDOW, 40.0, 9)[:, 300] + 60
    assert fed(raw[:WINDOW]).found == ()
    watch = fed(raw)
    assert (watch.stuck, watch.noisy, watch.jumping) == ((100, 767), (300,), ())
    assert watch.found == (100, 300, 767)
    assert not watch.unreliable


def test_jumping_pixels_are_found() -> None:
    """A pixel that leaps to another level now and then is quiet on the whole, and yet wrong."""
    raw = noise(2 * WINDOW)
    for level in (-110, 100):
        raw[5 if level < 0 else 15 :: 25, 300] += level
    watch = fed(raw)
    assert (watch.stuck, watch.noisy, watch.jumping) == ((), (), (300,))


def test_a_pixel_may_change_the_manner_in_which_it_fails() -> None:
    """Noisy in one window and jumping in the next is failing in both."""
    raw = noise(2 * WINDOW)
    raw[:WINDOW, 300] += noise(WINDOW, 40.0, 9)[:, 300] + 60
    raw[WINDOW + 5 :: 25, 300] -= 110
    raw[WINDOW + 15 :: 25, 300] += 100
    watch = fed(raw)
    assert (watch.noisy, watch.jumping) == ((), (300,))
    assert fed(noise(WINDOW), watch).found == ()


def test_what_moves_through_the_picture_is_no_bad_pixel() -> None:
    """A person who walks by is taken for broken pixels."""
    raw = noise(2 * WINDOW)
    for number in range(2 * WINDOW):
        column = number % 32
        raw[number].reshape(24, 32)[4:20, max(0, column - 2) : column + 3] += 60
    assert fed(raw).found == ()


def test_a_frozen_picture_is_not_768_stuck_pixels() -> None:
    """One cause is told as hundreds."""
    assert fed(np.repeat(noise(1), 2 * WINDOW, axis=0)).found == ()


def test_words_that_hardly_change_prove_nothing() -> None:
    """At the coarsest resolution a pixel's word may stay for minutes by chance."""
    raw = np.full((2 * WINDOW, 768), -60, np.int16)
    raw[::20, 1::2] += 1
    assert fed(raw).found == ()


def test_only_what_goes_below_its_surroundings_is_found() -> None:
    """Heat that flickers in a single pixel may be a small flame, however alone it is: it must never be left out."""
    raw = noise(4 * WINDOW)
    up = np.abs(noise(4 * WINDOW, 300.0, 7)[:, 300] + 60).astype(np.int16)
    raw[:, 300] += up
    assert fed(raw).found == ()
    raw[:, 300] -= 2 * up
    assert fed(raw).noisy == (300,)


def test_a_saturated_pixel_is_not_stuck() -> None:
    """The end of the scale is one word as well: what looks into a fire must not be left out."""
    raw = noise(2 * WINDOW)
    raw[:, 300] = SATURATED
    raw[:, 400] = -SATURATED
    assert fed(raw).stuck == (400,)


def test_frames_without_a_value_for_a_pixel_say_nothing_about_it() -> None:
    """A spike that was masked, or a pixel that shows nothing, is no noise."""
    raw = noise(2 * WINDOW)
    watch = PixelWatch()
    for number, frame in enumerate(raw):
        seen = shown(frame)
        seen.to_c[9, 12] = np.nan
        if number % 10 == 0:
            seen.to_c[3, 3] = np.nan
        watch.take(frame.view(np.uint16), seen)
    assert watch.found == ()


def test_pixels_of_the_calibrations_list_are_not_counted_twice() -> None:
    """A pixel that the maker marked is replaced already."""
    raw = noise(2 * WINDOW)
    raw[:, 300] = 5
    assert fed(raw, replaced=(300,)).found == ()


def test_failing_pixels_show_their_neighbours_and_count_for_nothing() -> None:
    """A noisy pixel beside a warm thing makes a hot spot of two, and a fire alarm of nothing."""
    raw = noise(2 * WINDOW)
    raw[:, 0] = -500
    raw[:, 300] = raw[:, 301] = 700
    watch = fed(raw)
    seen = shown(raw[-1], replaced=(5,))
    hidden = watch.hide(seen)
    assert np.flatnonzero(hidden.replaced).tolist() == [0, 5, 300, 301]
    assert hidden.to_c[0, 0] == np.median([seen.to_c[0, 1], seen.to_c[1, 0], seen.to_c[1, 1]])
    around = [268, 267, 269, 299, 331, 332, 333]
    assert hidden.to_c.ravel()[300] == np.median(seen.to_c.ravel()[around])
    rest = np.ones(768, np.bool_)
    rest[[0, 300, 301]] = False
    assert np.array_equal(hidden.to_c.ravel()[rest], seen.to_c.ravel()[rest])
    assert seen.to_c[9, 12] > 80.0
    seen.to_c[:2, :2] = np.nan
    assert np.isnan(watch.hide(seen).to_c[0, 0])
    assert PixelWatch().hide(seen) is seen


def test_a_stuck_pixel_that_moves_is_believed_at_once() -> None:
    """A pixel is left out for minutes after it works again, and a fire in it is not seen."""
    raw = noise(2 * WINDOW)
    raw[:, 100] = raw[:, 767] = -55
    watch = fed(raw)
    assert fed(raw[:1], watch).stuck == (100, 767)
    hot = noise(1)
    hot[:, 100], hot[:, 767] = 900, -55
    fed(hot, watch)
    assert watch.stuck == (767,)
    assert np.flatnonzero(watch.hide(shown(hot[0])).replaced).tolist() == [767]


def test_too_many_failing_pixels_hide_nothing() -> None:
    """A device whose pixels fail by the dozen must not be made blind by leaving them out; it is a fault."""
    raw = noise(2 * WINDOW)
    raw[:, 40 : 40 + 3 * (HIDDEN_MAX + 1) : 3] = -55
    watch = fed(raw)
    assert len(watch.found) == HIDDEN_MAX + 1
    assert watch.unreliable
    seen = shown(raw[-1])
    assert watch.hide(seen) is seen


@pytest.mark.parametrize(("row", "column", "height_m"), [(12.75, 15.5, 0.1), (13.25, 16.0, 0.1), (12.6, 15.5, 0.03)])
@pytest.mark.parametrize("period_s", [0.5, 4.085])
def test_a_flickering_flame_is_never_a_noisy_pixel(row: float, column: float, height_m: float, period_s: float) -> None:
    """A real fire is left out as noise. Its flicker lights its neighbours too, and never goes below them."""
    array, watch, most = ThermalArray(shipped_eeprom(), seed=3), PixelWatch(), 0.0

    def sees(at_s: float) -> NDArray[np.float64]:
        scene_k4 = radiance_k4(np.full((96, 128), 22.0))
        for patch in flame(Place(row, column, 3.0), height_m, at_s):
            lay(scene_k4, patch)
        return look(scene_k4)

    for number in range(3 * WINDOW):
        words = array.frame(sees(number * period_s), sees(number * period_s + 0.5))
        seen = convert(array.calibration, words)
        assert isinstance(seen, Conversion)
        watch.take(words, seen)
        most = max(most, float(seen.to_c.max()))
        assert watch.found == ()
    assert most > (24.0 if height_m < 0.1 else 50.0)


def test_it_costs_little() -> None:
    """Watching the pixels takes the time that judging needs."""
    raw = noise(8 * WINDOW)
    seen = [shown(frame) for frame in raw]
    watch, began_s = PixelWatch(), time.thread_time()
    for frame, conversion in zip(raw, seen, strict=True):
        watch.take(frame.view(np.uint16), conversion)
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
