"""Which tiles look like smoke: contrast that is lost without light being lost, colours that fade, soft edges. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np

from embereye_addon.detect.scene import BLUE, CONTRAST, LUMA, RED, TEXTURED, Grid, SceneLook

FULL_LOSS = 0.35
"""Share of a tile's contrast whose loss counts in full."""
FULL_SHIFT_GREY = 14.0
"""Change of luma against the reference that counts in full where there is no texture to be veiled."""
OPAQUE_GREY = 60.0
"""Change of luma of things that stand before the scene, rather than veil it."""
FULL_FADE = 6.0
"""Chroma levels by which colours have come nearer to grey that count in full."""
TINTED = 22.0
"""Distance of both chromas together from grey beyond which it is no smoke; grey smoke in warm light has up to 20."""
HARD_GREY = 4.0
"""Contrast (grey levels a pixel) gained against the reference that smoke does not bring: an edge of a thing."""
QUICK_GREY = 16.0
"""Change from picture to picture (grey levels) of things that pass; smoke is slower, except at its source."""


@dataclass(frozen=True, slots=True)
class SmokeTiles:
    """Per tile, float32 [rows, columns]: contrast lost 0..1, colour faded (chroma levels), shift of luma (grey levels),
    whether a thing's hard edge or opaque body is there (1 or 0), score 0..1.
    """

    lost: Grid
    faded: Grid
    shift: Grid
    hard: Grid
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
    bare = np.where(old > 2.0 * TEXTURED, 0.35, 0.7) * np.minimum(np.abs(shift) / FULL_SHIFT_GREY, 1.0)
    seen = np.maximum(np.minimum(lost / FULL_LOSS, 1.0), bare) + 0.15 * np.minimum(faded / FULL_FADE, 1.0)
    soft = np.clip(1.0 - (now[CONTRAST] - before[CONTRAST]) / HARD_GREY, 0.0, 1.0)
    slow = np.clip(1.5 - scene_look.motion / QUICK_GREY, 0.2, 1.0)
    through = np.clip(1.5 - np.abs(shift) / OPAQUE_GREY, 0.1, 1.0)
    score = np.where((scene_look.fast | scene_look.slow) & (tint < TINTED), seen * soft * slow * through, 0.0)
    hard = (now[CONTRAST] - before[CONTRAST] > HARD_GREY) | (np.abs(shift) > OPAQUE_GREY)
    grids = (lost, faded, shift, hard, np.minimum(score, 1.0))
    return SmokeTiles(*(np.asarray(grid, dtype=np.float32) for grid in grids))
