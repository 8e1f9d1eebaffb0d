"""Rise, growth, flicker and movement of a hot spot, against what would fool a simple line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embereye_addon.fuse import trends

SECONDS = np.arange(61.0)
NOISE = np.random.default_rng(7).normal(0.0, 1.0, 61)


def samples(peaks_c: NDArray[np.float64], following_c: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """A minute of samples of a spot of six pixels that stays in its place."""
    following_c = peaks_c if following_c is None else following_c
    return np.column_stack([SECONDS, peaks_c, following_c, *np.tile([[6.0], [10.0], [12.0]], 61)])


def trend(one: NDArray[np.float64]) -> trends.Trend:
    """The trend of one spot."""
    (found,) = trends.trends([one])
    return found


def test_spots_judged_together_are_judged_as_alone() -> None:
    """Sixteen hot spots are worked out at once where they can be; none may change by its company."""
    wild = np.random.default_rng(11)
    many = [samples(50.0 + slope * SECONDS + wild.normal(0.0, 1.0, 61)) for slope in (0.0, 0.1, 0.2, 0.4)]
    many.append(many[1][20:])
    many.append(many[2].copy())
    many[-1][:9, 3] = 0.0
    many[0][:, 3] = 1.0
    assert trends.trends(many) == tuple(trend(one) for one in many)
    assert trends.trends([]) == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=70))
def test_the_median_is_the_median(values: list[float]) -> None:
    """The quick median must agree with the slow one."""
    assert trends.median(np.array(values)) == pytest.approx(float(np.median(values)))


def test_a_clean_rise_is_measured() -> None:
    """12 K a minute is 12 K a minute."""
    assert trend(samples(40.0 + SECONDS / 5)).rise_k_min == pytest.approx(12.0)


def test_a_fifth_of_wild_samples_changes_little() -> None:
    """A cosmic ray, a damaged word, a glint: they must neither make nor hide a rise."""
    wild = 40.0 + SECONDS / 5 + 0.05 * NOISE
    wild[3::8] += 60.0
    assert trend(samples(wild)).rise_k_min == pytest.approx(12.0, abs=1.5)


def test_a_slow_rise_is_proven_by_the_long_window() -> None:
    """Under a flicker of 3 K, half a minute mostly proves nothing of 18 K a minute, and a minute mostly does."""
    draws = 50.0 + 0.3 * SECONDS + np.random.default_rng(5).normal(0.0, 3.0, (100, 61))
    short = 60.0 * trends.sustained(SECONDS, draws, 30.0)
    either = [one.rise_k_min for one in trends.trends([samples(draw) for draw in draws])]
    assert np.mean(short >= 10.0) < 0.4
    assert np.mean(np.array(either) >= 10.0) > 0.6


def test_a_step_is_no_rise_wherever_it_lies() -> None:
    """What is put into the picture stays what it was."""
    for at_s in range(2, 60):
        assert trend(samples(np.where(at_s > SECONDS, 30.0, 70.0))).rise_k_min <= 0.0


def test_noise_is_no_rise() -> None:
    """A hot thing waved about goes up and down, and proves nothing."""
    draws = np.random.default_rng(3).normal(50.0, 10.0, (200, 61))
    assert max(trend(samples(draw)).rise_k_min for draw in draws) < 10.0


def test_a_fall_is_told_as_one() -> None:
    """What cools must not look still."""
    assert trend(samples(90.0 - SECONDS / 5)).rise_k_min == pytest.approx(-12.0)


def test_a_rise_that_the_next_pixel_does_not_follow_is_none() -> None:
    """The lens blurs; a rise in one pixel alone is that pixel's own."""
    assert trend(samples(40.0 + SECONDS / 5, np.full(61, 35.0))).rise_k_min == 0.0
    assert trend(samples(40.0 + SECONDS / 5, 35.0 + SECONDS / 30)).rise_k_min == pytest.approx(12.0)


def test_growth_is_counted_in_doublings_and_only_of_what_was_hot() -> None:
    """Pixels from before the spot was hot have no area; two or three pixels are too few to grow."""
    growing = samples(np.full(61, 60.0))
    growing[:, 3] = 6.0 * np.exp2(SECONDS / 60.0)
    growing[:10, 3] = 0.0
    assert trend(growing).doublings_min == pytest.approx(1.0)
    growing[:, 3] /= 8.0
    assert trend(growing).doublings_min == 0.0


def test_flicker_is_measured_whatever_the_rise() -> None:
    """3 K of wavering are 3 K, on a ramp too; five samples are too few."""
    ramp = 40.0 + SECONDS
    assert trend(samples(ramp)).flicker_k == pytest.approx(0.0, abs=1e-9)
    assert trend(samples(ramp, ramp + 3.0 * NOISE)).flicker_k == pytest.approx(3.0, rel=0.4)
    assert trend(samples(ramp, ramp + 3.0 * NOISE)[:5]).flicker_k == 0.0


def test_movement_is_measured() -> None:
    """What is carried through the picture is not in its place."""
    moving = samples(np.full(61, 60.0))
    moving[:, 5] += SECONDS / 10
    assert trend(moving).moved_px == pytest.approx(4.1)
    assert trend(moving[:2]).moved_px == 0.0
