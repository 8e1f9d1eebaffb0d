"""What each pixel of a thermal array usually sees, and by how much it wavers: a running Huber mean. Pure.

A step that follows small deviations in proportion and large ones by no more than `DRIFT_K` is a mean where the
scene is calm and a median where it is not (Huber 1964), so neither passers-by nor a fire pull it away. It keeps up with
30 K an hour, which is twice what a day and a night do to an unheated hall.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SETTLE_S = 120.0
"""Time constant for small deviations."""
DRIFT_K = 1.0
"""A deviation counts as no more than this: the background moves by at most DRIFT_K / SETTLE_S, 0.5 K/min."""
HOT_SLOWER = 20.0
"""Hot pixels are learned this much slower, 1.5 K an hour: a fire is not forgotten, a new oven is by tomorrow."""
CONTRAST_K = 10.0
"""Pixels this far above their learned background are hot; a person is 5 to 9 K above a room."""
SPREADS = 5.0
"""Nor is a pixel hot within so many of its own standard deviations: a noisy one must show more."""
SPREAD_K = (0.3, 6.0)
"""A pixel's standard deviation is taken to lie between these; that of a good one in the centre is 0.1 K."""
_SIGMA_OF_MEAN_DEVIATION = np.float32(1.2533)  # of a normal distribution: sqrt(pi / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What is usual: the middle (°C) and the standard deviation (K) of each pixel, [24,32] float32."""

    middle_c: NDArray[np.float32]
    spread_k: NDArray[np.float32]
    at_mono_s: float

    def hot_c(self) -> NDArray[np.float32]:
        """[24,32]: from where on a pixel is hot."""
        above: NDArray[np.float32] = np.maximum(np.float32(CONTRAST_K), np.float32(SPREADS) * self.spread_k)
        return self.middle_c + above


def begin(temps: NDArray[np.float32], known: NDArray[np.bool_], median_c: float, now_mono_s: float) -> Background:
    """The background after one frame.

    It never starts far above the scene: what is hot at the first frame stays visible. Nor does it start at what an
    unknown pixel holds: that one would be a fire for hours once it works.
    """
    calm = np.minimum(temps, np.float32(median_c + CONTRAST_K / 2))
    middle = np.where(known, calm, np.float32(median_c))
    return Background(middle, np.full_like(temps, SPREAD_K[0]), now_mono_s)


def learn(
    ground: Background,
    temps: NDArray[np.float32],
    known: NDArray[np.bool_],
    hot: NDArray[np.bool_],
    now_mono_s: float,
) -> Background:
    """The background a little nearer to this frame; nothing is learned of an unknown pixel."""
    step = min(1.0, max(0.0, now_mono_s - ground.at_mono_s) / SETTLE_S)
    rate = known * np.where(hot, np.float32(step / HOT_SLOWER), np.float32(step))
    away = temps - ground.middle_c
    middle = ground.middle_c + rate * np.minimum(np.maximum(away, -DRIFT_K), DRIFT_K)
    seen = np.minimum(_SIGMA_OF_MEAN_DEVIATION * np.abs(away), np.float32(SPREAD_K[1]))
    spread = ground.spread_k + rate * (seen - ground.spread_k)
    return Background(middle, np.maximum(spread, np.float32(SPREAD_K[0])), now_mono_s)
