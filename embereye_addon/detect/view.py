"""What a camera's view looks like when it is well: edges, sharpness, contrast and light, learned and compared. Pure."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.float32]

BLOCK_PX = 10
"""The view is compared in blocks of this many pixels of the picture at a quarter of the reduced size."""
EDGE_GREY = 4.0
"""Steps (grey levels) well below this are noise and have no direction."""
STRUCTURED = 0.12
"""Mean strength of a block's edges from which it can be recognised."""
AGREES = 0.4
"""Agreement of the directions in a block (1 the same, 0 unrelated) from which it is the same."""
LEARN_S = 20.0
SLOW_S = 1800.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One picture (a mean over some seconds): `edges` [2, rows, columns] doubled-angle directions 0..1, so that light
    that turns a dark edge bright changes nothing; sharpness is the mean second difference over the mean step.
    """

    edges: Picture
    sharpness: float
    contrast: float
    luma: float


@dataclass(frozen=True, slots=True)
class View:
    """The learned measure and the seconds it was learned from."""

    usual: Measure
    seconds: float

    @property
    def learned(self) -> bool:
        """Whether it can be compared with."""
        return self.seconds >= LEARN_S


def _less(power: float, noise: float) -> float:
    """What is left of a mean when that of the noise alone is taken away, as both add by their squares."""
    return float(np.sqrt(max(power * power - noise * noise, 0.0)))


def _apart(one: Picture, other: Picture) -> float:
    """Mean difference; without the arrays in between that numpy makes."""
    return cv2.norm(one, other, cv2.NORM_L1) / one.size


def measure(mean: Picture, noise_grey: float) -> Measure:
    """Measure a mean picture, float32 [rows, columns] grey levels, that has white noise of this standard deviation.

    The mean of |x| is 0.80 s for a normal x; of a step s is 1.41 noises, of the Laplacian (1, -4, 1) it is 4.47.
    """
    rows, columns = mean.shape
    bends = _less(cv2.norm(cv2.Laplacian(mean, cv2.CV_32F), cv2.NORM_L1) / mean.size, 3.57 * noise_grey)
    across = _less(_apart(mean[:, 1:], mean[:, :-1]), 1.13 * noise_grey)
    steps = across + _less(_apart(mean[1:], mean[:-1]), 1.13 * noise_grey)
    small = cv2.resize(mean, (columns // 4, rows // 4), interpolation=cv2.INTER_AREA)
    right, down = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=0.125)
    power = right * right + down * down + np.float32(EDGE_GREY**2)
    edges = np.stack(((right * right - down * down) / power, 2.0 * right * down / power))
    return Measure(edges.astype(np.float32), bends / (steps + 0.2), steps, cv2.mean(mean)[0])


def learned(view: View | None, now: Measure, step_s: float) -> View:
    """The view after one more measure: a plain mean at first, later with a time constant of half an hour."""
    if view is None:
        return View(now, step_s)
    seconds = view.seconds + step_s
    weight = step_s / min(seconds, SLOW_S)
    was = view.usual
    edges = was.edges + np.float32(weight) * (now.edges - was.edges)
    sharpness = was.sharpness + weight * (now.sharpness - was.sharpness)
    contrast = was.contrast + weight * (now.contrast - was.contrast)
    return View(Measure(edges, sharpness, contrast, was.luma + weight * (now.luma - was.luma)), seconds)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of the blocks that had edges: the share that still has the same, and the share that has others instead.

    What is neither has lost its edges: dark, veiled, covered or defocused, but not moved.
    """

    same: float
    other: float


def likeness(usual: Measure, now: Measure) -> Likeness | None:
    """Compare two measures of one size; None when the usual view has too few blocks with edges to tell."""
    then_power, now_power = _blocks((usual.edges**2).sum(axis=0)), _blocks((now.edges**2).sum(axis=0))
    shared = _blocks((usual.edges * now.edges).sum(axis=0))
    agreement = shared / np.sqrt(np.maximum(then_power * now_power, 1e-6))
    had, has = then_power > STRUCTURED**2, now_power > STRUCTURED**2
    if int(had.sum()) < 4:
        return None
    same = had & has & (agreement >= AGREES)
    other = had & has & (agreement < AGREES)
    return Likeness(float(same.sum() / had.sum()), float(other.sum() / had.sum()))


def _blocks(plane: Picture) -> Picture:
    rows, columns = plane.shape
    shape = (max(1, columns // BLOCK_PX), max(1, rows // BLOCK_PX))
    return np.asarray(cv2.resize(plane, shape, interpolation=cv2.INTER_AREA), dtype=np.float32)
