"""Is it rising, growing, flickering, moving? Robust answers from a hot spot's last minute of samples. Pure.

Slopes are Theil-Sen (the median of the slopes between all pairs; Sen 1968): up to 29 % of the samples may be wrong.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
WINDOWS_S = (30.0, 60.0)
"""Sustained means at least 30 s (`alarm-semantics`); the longer one finds slower rises under a flicker."""
STEP_S = 1.0
"""Samples are thinned to this distance; the longer window takes every other one of them."""
MIN_SAMPLES = 6
SURE = 3.0
"""A rise is proven by so many standard errors."""
FOLLOWS = 0.1
"""The blur is 0.45 pixels (1 sigma): a point in the centre of a pixel gives each one beside it a seventh as much."""
FLICKER_SAMPLES = 24
MIN_GROWTH_PX = 4.0
"""Below this mean area one pixel more is no growth but noise."""
_SIGMA_OF_MAD = 1.4826  # of a normal distribution
_SIGMA_OF_BEND = 1.4826 / np.sqrt(1.5)  # a sample less the mean of the two beside it


@dataclass(frozen=True, slots=True)
class Trend:
    """What a hot spot does: proven rise, growth of its area in doublings, flicker (1 sigma), way of its centre."""

    rise_k_min: float
    doublings_min: float
    flicker_k: float
    moved_px: float


@lru_cache(maxsize=1024)
def _pairs(count: int, middle: int) -> tuple[NDArray[np.intp], ...]:
    """Every pair of `count` samples, the later one first; which of them lie before `middle`, which from it on."""
    earlier, later = np.triu_indices(count, 1)
    return later, earlier, np.flatnonzero(later < middle), np.flatnonzero(earlier >= middle)


def median(values: NDArray[np.floating]) -> float:
    """The median of at least one value, several times faster than numpy's own for small arrays."""
    middle = values.size // 2
    if values.size % 2:
        return float(np.partition(values, middle)[middle])
    low = np.partition(values, (middle - 1, middle))
    return (float(low[middle - 1]) + float(low[middle])) / 2


def _slope_error(times_s: Column, values: Column, slope: float) -> float:
    """The standard error of a slope: that of a least squares line through normal residuals of this spread."""
    rest = values - slope * times_s
    away = times_s - times_s.sum() / times_s.size
    return _SIGMA_OF_MAD * median(np.abs(rest - median(rest))) / math.sqrt(float(away @ away))


def sustained(times_s: Column, values: Column, window_s: float) -> float:
    """The rise per second that the newest `window_s` prove; 0 until there is that much.

    No more than the slope less three standard errors, and no more than in either half: a step that came and stayed has
    one flat half. What flickers must rise by more than it flickers.
    """
    first = int(np.searchsorted(times_s, times_s[-1] - window_s - 1.0))
    times_s, values = times_s[first:], values[first:]
    if times_s.size < MIN_SAMPLES or times_s[-1] - times_s[0] < 0.95 * window_s:
        return 0.0
    middle = int(np.searchsorted(times_s, times_s[-1] - window_s / 2, side="right"))
    if min(middle, times_s.size - middle) < MIN_SAMPLES // 2:
        return 0.0
    later, earlier, early, late = _pairs(times_s.size, middle)
    slopes = (values[later] - values[earlier]) / (times_s[later] - times_s[earlier])
    whole = median(slopes)
    proven = whole - SURE * _slope_error(times_s, values, whole)
    return min(median(slopes[early]), median(slopes[late]), proven)


def _rise(times_s: Column, peaks_c: Column, following_c: Column) -> float:
    """The proven rise of the hottest pixel per second, over the short or the long window.

    The lens gives a real rise to the next pixel too, a tenth of it at the least; one that rises by itself is faulty.
    """
    short_s, long_s = WINDOWS_S
    thin = slice((times_s.size + 1) % 2, None, 2) if times_s.size > short_s + 2 else slice(None)
    short, long = sustained(times_s, peaks_c, short_s), sustained(times_s[thin], peaks_c[thin], long_s)
    rise = long if long > max(0.0, short) else short
    if rise > 0.0:
        third = max(1, times_s.size // 3)
        followed = median(following_c[-third:]) - median(following_c[:third])
        if followed < FOLLOWS * (median(peaks_c[-third:]) - median(peaks_c[:third])):
            return 0.0
    return rise


def _flicker(temps_c: Column) -> float:
    """How much a pixel wavers from sample to sample (K, 1 sigma), whatever it does in the long run."""
    recent = temps_c[-FLICKER_SAMPLES:]
    if recent.size < MIN_SAMPLES:
        return 0.0
    return float(_SIGMA_OF_BEND) * median(np.abs(recent[1:-1] - (recent[:-2] + recent[2:]) / 2))


def _moved(rows: Column, columns: Column) -> float:
    """How far the centre came over the samples (pixels): the middle of the first third to that of the last."""
    third = rows.size // 3
    if not third:
        return 0.0
    down = median(rows[-third:]) - median(rows[:third])
    along = median(columns[-third:]) - median(columns[:third])
    return math.hypot(down, along)


def trend(samples: NDArray[np.float64]) -> Trend:
    """The trend of samples [n,6]: rising monotonic s, hottest and next °C, area (px; 0: not yet hot), row, column.

    The area is the one above half of the contrast, so that a warming body does not seem to grow.
    """
    times_s, peaks_c = samples[:, 0], samples[:, 1]
    hot = samples[:, 3] > 0.0
    since, areas_px, following_c = times_s[hot], samples[hot, 3], samples[hot, 2]
    rise = _rise(times_s, peaks_c, samples[:, 2])
    growth = sustained(since, np.log2(areas_px), WINDOWS_S[0]) if areas_px.mean() >= MIN_GROWTH_PX else 0.0
    return Trend(60.0 * rise, 60.0 * growth, _flicker(following_c), _moved(samples[:, 4], samples[:, 5]))
