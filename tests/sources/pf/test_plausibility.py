"""Which thermal frames are believed."""

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.mlx90640 import Calibration, calibrate
from embereye_addon.sources.pf.plausibility import Judged, Plausibility

ROOM = next(iter(shipped_frames().values()))
MADE = calibrate(shipped_eeprom())
assert isinstance(MADE, Calibration)
CHIP: Calibration = MADE


def judged(plausibility: Plausibility, words: NDArray[np.uint16]) -> Judged:
    """One frame of a calibrated device."""
    return plausibility.judge(CHIP, words, 0.95, None)


def changed(place: int, by: int) -> NDArray[np.uint16]:
    """The room with one word changed."""
    words = ROOM.copy()
    words[place] = (int(words[place]) + by) & 0xFFFF
    return words


def test_one_damaged_measurement_drops_the_frame() -> None:
    """A damaged supply, chip or gain word moves every temperature at once."""
    for place, by in ((810, 500), (800, -60), (778, 400)):
        plausibility = Plausibility()
        judged(plausibility, ROOM)
        spoilt = judged(plausibility, changed(place, by))
        assert spoilt.dropped, place
        assert "jumped" in spoilt.why
        assert judged(plausibility, ROOM).conversion is not None


def test_a_change_that_stays_is_believed() -> None:
    """A device whose supply was changed is never heard again."""
    plausibility = Plausibility()
    judged(plausibility, ROOM)
    dropped = [judged(plausibility, changed(810, 500)).dropped for _ in range(4)]
    assert dropped == [True, True, False, False]


def test_a_frame_that_lost_its_measurements_is_dropped() -> None:
    """A device that was calibrated silently turns into one that only guesses."""
    plausibility = Plausibility()
    assert not judged(plausibility, ROOM[:768]).dropped
    judged(plausibility, ROOM)
    assert judged(plausibility, ROOM[:768]).dropped
    plausibility.forget()
    assert not judged(plausibility, ROOM[:768]).dropped


def test_a_frame_that_cannot_be_converted_is_dropped() -> None:
    """A frame for which there is no temperature ends the gateway."""
    spoilt = Plausibility().judge(CHIP, ROOM, 0.0, None)
    assert spoilt.dropped
    assert "emissivity" in spoilt.why


def test_a_lone_spike_is_masked_until_it_shows_again() -> None:
    """One damaged pixel word raises a fire alarm, or a small flame is left out for ever."""
    plausibility = Plausibility()
    judged(plausibility, ROOM)
    place = 12 * 32 + 16
    hot = changed(place, 900)
    first = judged(plausibility, hot).conversion
    assert first is not None
    assert np.isnan(first.to_c[12, 16])
    assert np.isnan(first.to_c).sum() == 1
    assert plausibility.masked_px == 1
    again = judged(plausibility, hot).conversion
    assert again is not None
    assert again.to_c[12, 16] > 50


def test_two_hot_pixels_side_by_side_are_a_fire() -> None:
    """A real flame is taken for a damaged pixel."""
    plausibility = Plausibility()
    judged(plausibility, ROOM)
    hot = changed(12 * 32 + 16, 900)
    hot[12 * 32 + 17] = hot[12 * 32 + 16]
    conversion = judged(plausibility, hot).conversion
    assert conversion is not None
    assert plausibility.masked_px == 0


def test_frozen_and_half_dead_chips_are_counted() -> None:
    """A chip that repeats one picture for ever passes for a quiet room."""
    plausibility = Plausibility()
    for _ in range(4):
        judged(plausibility, ROOM)
    assert (plausibility.frozen_frames, plausibility.dead_half_frames) == (3, 0)
    half = ROOM.copy()
    half[:768] += (np.add.outer(np.arange(24), np.arange(32)).ravel() % 2).astype(np.uint16)
    judged(plausibility, half)
    assert (plausibility.frozen_frames, plausibility.dead_half_frames) == (0, 1)
    moved = half.copy()
    moved[:768] += 1
    judged(plausibility, moved)
    assert (plausibility.frozen_frames, plausibility.dead_half_frames) == (0, 0)
