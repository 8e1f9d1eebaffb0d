"""Is it rising, growing, flickering, moving? Robust answers from a hot spot's last minute of samples. Pure.

Slopes are Theil-Sen (the median of the slopes between all pairs; Sen 1968): up to 29 % of the samples may be wrong.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Rows = NDArray[np.float64]
"""A column for each hot spot, [k,n]."""
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


def _medians(values: Rows) -> Column:
    """The median of each row."""
    middle, low = values.shape[1] // 2, values.copy()
    if values.shape[1] % 2:
        low.partition(middle)
        return low[:, middle]
    low.partition((middle - 1, middle))
    both: Column = (low[:, middle - 1] + low[:, middle]) / 2
    return both


def _slope_errors(times_s: Column, values: Rows, slopes: Column) -> Column:
    """The standard error of each row's slope: that of a least squares line through normal residuals of this spread."""
    rest = values - slopes[:, None] * times_s
    away = times_s - times_s.sum() / times_s.size
    return _SIGMA_OF_MAD * _medians(np.abs(rest - _medians(rest)[:, None])) / math.sqrt(float(away @ away))


def sustained(times_s: Column, values: Rows, window_s: float) -> Column:
    """The rise per second that the newest `window_s` of each row [k,n] prove; 0 until there is that much.

    No more than the slope less three standard errors, and no more than in either half: a step that came and stayed has
    one flat half. What flickers must rise by more than it flickers.
    """
    first = int(np.searchsorted(times_s, times_s[-1] - window_s - 1.0))
    times_s, values = times_s[first:], values[:, first:]
    if times_s.size < MIN_SAMPLES or times_s[-1] - times_s[0] < 0.95 * window_s:
        return np.zeros(len(values))
    middle = int(np.searchsorted(times_s, times_s[-1] - window_s / 2, side="right"))
    if min(middle, times_s.size - middle) < MIN_SAMPLES // 2:
        return np.zeros(len(values))
    later, earlier, early, late = _pairs(times_s.size, middle)
    slopes = (values[:, later] - values[:, earlier]) / (times_s[later] - times_s[earlier])
    whole = _medians(slopes)
    proven = whole - SURE * _slope_errors(times_s, values, whole)
    return np.minimum(np.minimum(_medians(slopes[:, early]), _medians(slopes[:, late])), proven)


def _rises(times_s: Column, peaks_c: Rows, following_c: Rows) -> Column:
    """The proven rise of each hottest pixel per second, over the short or the long window.

    The lens gives a real rise to the next pixel too, a tenth of it at the least; one that rises by itself is faulty.
    """
    short_s, long_s = WINDOWS_S
    thin = slice((times_s.size + 1) % 2, None, 2) if times_s.size > short_s + 2 else slice(None)
    short, long = sustained(times_s, peaks_c, short_s), sustained(times_s[thin], peaks_c[:, thin], long_s)
    rise = np.where(long > np.maximum(0.0, short), long, short)
    if not (rise > 0.0).any():
        return rise
    third = max(1, times_s.size // 3)
    followed = _medians(following_c[:, -third:]) - _medians(following_c[:, :third])
    led = _medians(peaks_c[:, -third:]) - _medians(peaks_c[:, :third])
    return np.where((rise > 0.0) & (followed < FOLLOWS * led), 0.0, rise)


def _flickers(temps_c: Rows) -> Column:
    """How much a pixel wavers from sample to sample (K, 1 sigma), whatever it does in the long run."""
    recent = temps_c[:, -FLICKER_SAMPLES:]
    if recent.shape[1] < MIN_SAMPLES:
        return np.zeros(len(recent))
    return float(_SIGMA_OF_BEND) * _medians(np.abs(recent[:, 1:-1] - (recent[:, :-2] + recent[:, 2:]) / 2))


def _moved(rows: Rows, columns: Rows) -> Column:
    """How far each centre came over the samples (pixels): the middle of the first third to that of the last."""
    third = rows.shape[1] // 3
    if not third:
        return np.zeros(len(rows))
    down = _medians(rows[:, -third:]) - _medians(rows[:, :third])
    along = _medians(columns[:, -third:]) - _medians(columns[:, :third])
    return np.hypot(down, along)


def _growths(since_s: Column, areas_px: Rows) -> Column:
    """Doublings of each area per second; 0 where it is too small to count."""
    growth, large = np.zeros(len(areas_px)), areas_px.mean(axis=1) >= MIN_GROWTH_PX
    if large.any():
        growth[large] = sustained(since_s, np.log2(areas_px[large]), WINDOWS_S[0])
    return growth


def _alike(samples: NDArray[np.float64]) -> bytes:
    """The same for samples of the same times that are hot at the same times."""
    return samples[:, 0].tobytes() + (samples[:, 3] > 0.0).tobytes()


def trends(samples: Sequence[NDArray[np.float64]]) -> tuple[Trend, ...]:
    """The trend of each hot spot's samples [n,6]: rising monotonic s, hottest and next °C, area, row, column.

    An area of 0 says that the spot was not yet hot; else it is the one above half of the contrast (px), so that a
    warming body does not seem to grow. Spots that were sampled together are worked out together.
    """
    alike: dict[bytes, list[int]] = {}
    for place, each in enumerate(samples):
        alike.setdefault(_alike(each), []).append(place)
    found = dict[int, Trend]()
    for places in alike.values():
        found.update(zip(places, _trends(np.stack([samples[place] for place in places])), strict=True))
    return tuple(found[place] for place in range(len(samples)))


def _trends(samples: NDArray[np.float64]) -> list[Trend]:
    """The trends of samples [k,n,6] with the same times."""
    times_s, peaks_c, next_c, areas_px = samples[0, :, 0], samples[:, :, 1], samples[:, :, 2], samples[:, :, 3]
    hot = areas_px[0] > 0.0
    rises_k_min = 60.0 * _rises(times_s, peaks_c, next_c)
    doublings_min = 60.0 * _growths(times_s[hot], areas_px[:, hot])
    moved_px = _moved(samples[:, :, 4], samples[:, :, 5])
    each = (rises_k_min, doublings_min, _flickers(next_c[:, hot]), moved_px)
    return [Trend(*row) for row in zip(*(column.tolist() for column in each), strict=True)]
