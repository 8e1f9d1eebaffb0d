"""Which tiles look like smoke: contrast that is lost without light being lost, colours that fade, soft edges. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np

from embereye_addon.detect.scene import BLUE, CONTRAST, LUMA, RED, TEXTURED, Grid, SceneLook

FULL_LOSS = 0.35
"""Share of a tile's contrast whose loss counts in full."""
FULL_SHIFT_GREY = 20.0
"""Change of luma against the reference that counts in full where there is no texture to be veiled."""
FULL_FADE = 6.0
"""Chroma levels by which colours have come nearer to grey that count in full."""
TINTED = 22.0
"""Distance of both chromas together from grey beyond which it is no smoke; grey smoke in warm light has up to 20."""
HARD_GREY = 5.0
"""Contrast (grey levels a pixel) gained against the reference that smoke does not bring: an edge of a thing."""
QUICK_GREY = 16.0
"""Change from picture to picture (grey levels) of things that pass; smoke is slower, except at its source."""


@dataclass(frozen=True, slots=True)
class SmokeTiles:
    """Per tile, float32 [rows, columns]: contrast lost 0..1, colour faded (chroma levels), shift of luma (grey levels),
    score 0..1.
    """

    lost: Grid
    faded: Grid
    shift: Grid
    score: Grid


def _tint(features: Grid) -> Grid:
    return np.asarray(np.abs(features[BLUE] - 128.0) + np.abs(features[RED] - 128.0), dtype=np.float32)


def tiles(scene_look: SceneLook) -> SmokeTiles:
    """The smoke score of each tile of one picture."""
    now, before = scene_look.features, scene_look.reference
    old = np.asarray(cv2.blur(before[CONTRAST], (3, 3)), dtype=np.float32)
    new = np.asarray(cv2.blur(now[CONTRAST], (3, 3)), dtype=np.float32)
    lit = np.clip((now[LUMA] + 4.0) / (before[LUMA] + 4.0), 0.25, 1.0)
    lost = np.where(old > TEXTURED, np.clip(1.0 - (new + 0.3) / (lit * (old + 0.3)), 0.0, 1.0), 0.0)
    shift = now[LUMA] - before[LUMA] * np.float32(scene_look.lighting.gain)
    tint = _tint(now)
    faded = np.maximum(_tint(before) - tint, 0.0)
    bare = np.where(old > 2.0 * TEXTURED, 0.3, 0.7) * np.minimum(np.abs(shift) / FULL_SHIFT_GREY, 1.0)
    seen = np.maximum(np.minimum(lost / FULL_LOSS, 1.0), bare) + 0.3 * np.minimum(faded / FULL_FADE, 1.0)
    soft = np.clip(1.0 - (now[CONTRAST] - before[CONTRAST]) / HARD_GREY, 0.0, 1.0)
    slow = np.clip(1.5 - scene_look.motion / QUICK_GREY, 0.2, 1.0)
    score = np.where((scene_look.fast | scene_look.slow) & (tint < TINTED), seen * soft * slow, 0.0)
    return SmokeTiles(
        lost.astype(np.float32), faded, np.asarray(shift, dtype=np.float32), np.minimum(score, 1.0).astype(np.float32)
    )
