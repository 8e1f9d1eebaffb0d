"""How restlessly each tile changes in place, between 1 Hz and what the frame rate can show. Pure.

Flames flicker with 1 to 12 Hz whatever burns (Hamins, Yang and Kashiwagi 1992 give 1.5/sqrt(diameter in m) Hz for
pools). At a frame rate f nothing above f/2 can be told, and a faster flicker folds down into the band, so its energy is
seen though its frequency is not. Below LEAST_FPS too little of the band is left: flicker is then not measurable, which
is not the same as none.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from embereye_addon.detect.scene import Grid

LEAST_FPS = 4.0
LOW_HZ, HIGH_HZ = 1.0, 12.0
MEAN_S = 1.2
GAP_S = 1.0
"""After a pause as long as this (the camera was quiet) the measurement begins anew."""
REVERSAL_GREY = 1.0
"""A turn smaller than this (grey levels of a tile's mean) is noise."""


@dataclass(slots=True)
class Flicker:
    """State of one camera, owned by the caller and changed in place: `low` the mean below 1 Hz, `swing` what was above.

    `energy` is the mean square of the swing (grey levels^2) and `reversals_hz` how often it changes its sign.
    """

    low: Grid
    swing: Grid
    energy: Grid
    reversals_hz: Grid
    last_s: float


def band_hz(fps: float) -> tuple[float, float] | None:
    """The part of 1-12 Hz that a stream of `fps` pictures a second can show; None when flicker is not measurable."""
    return (LOW_HZ, min(HIGH_HZ, fps / 2.0)) if fps >= LEAST_FPS else None


def fresh(luma: Grid, now_s: float) -> Flicker:
    """Before anything flickered; `luma` are the tiles' means."""
    none = np.zeros_like(luma)
    return Flicker(luma.copy(), none, none.copy(), none.copy(), now_s)


def follow(flicker: Flicker, luma: Grid, now_s: float) -> None:
    """Take in the tiles' mean luma of the next picture."""
    step_s = now_s - flicker.last_s
    flicker.last_s = now_s
    if not 0.0 < step_s < GAP_S:
        flicker.low, flicker.swing = luma.copy(), np.zeros_like(luma)
        return
    cv2.accumulateWeighted(luma, flicker.low, 1.0 - math.exp(-2.0 * math.pi * LOW_HZ * step_s))
    swing = luma - flicker.low
    turned = (swing * flicker.swing < 0.0) & (np.abs(swing - flicker.swing) > 2.0 * REVERSAL_GREY)
    weight = 1.0 - math.exp(-step_s / MEAN_S)
    cv2.accumulateWeighted(turned * np.float32(1.0 / step_s), flicker.reversals_hz, weight)
    cv2.accumulateWeighted(swing * swing, flicker.energy, weight)
    flicker.swing = swing
