"""Which tiles look like smoke: contrast that is lost without light being lost, colours that fade, soft edges. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np

from embereye_addon.detect.scene import BLUE, CONTRAST, LUMA, RED, TEXTURED, Flags, Grid, SceneLook

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
class Before:
    """What is needed of a reference: worked out anew when the scene replaces it, once a second, not every picture."""

    reference: Grid
    lit: Grid
    contrast: Grid
    textured: Flags
    bare: Grid
    tint: Grid


@dataclass(frozen=True, slots=True)
class SmokeTiles:
    """Per tile, [rows, columns]: contrast lost 0..1, whether a hard edge or an opaque thing is there, score 0..1."""

    lost: Grid
    hard: Flags
    score: Grid


def _tint(features: Grid) -> Grid:
    return np.asarray(np.abs(features[BLUE] - 128.0) + np.abs(features[RED] - 128.0), dtype=np.float32)


def _around(contrast: Grid) -> Grid:
    return np.asarray(cv2.blur(contrast, (3, 3)), dtype=np.float32)


def _within(low: float, values: Grid, high: float) -> Grid:
    """np.clip takes three times as long for so few numbers."""
    return np.asarray(np.minimum(np.maximum(values, low), high))


def before(reference: Grid) -> Before:
    """Of the scene's reference, [4, rows, columns]."""
    contrast = _around(reference[CONTRAST])
    bare = np.where(contrast > 2.0 * TEXTURED, np.float32(0.35), np.float32(0.7))
    return Before(
        reference, reference[LUMA] + 4.0, contrast + 0.3, np.asarray(contrast > TEXTURED), bare, _tint(reference)
    )


def tiles(scene_look: SceneLook, old: Before) -> SmokeTiles:
    """The smoke score of each tile of one picture."""
    now, was = scene_look.features, old.reference
    lit = _within(0.25, (now[LUMA] + 4.0) / old.lit, 1.0)
    lost = np.maximum(1.0 - (_around(now[CONTRAST]) + 0.3) / (lit * old.contrast), 0.0) * old.textured
    shift = np.abs(now[LUMA] - was[LUMA] * np.float32(scene_look.lighting.gain))
    tint = _tint(now)
    faded = np.maximum(old.tint - tint, 0.0)
    bare = old.bare * np.minimum(shift / FULL_SHIFT_GREY, 1.0)
    seen = np.maximum(np.minimum(lost / FULL_LOSS, 1.0), bare) + 0.15 * np.minimum(faded / FULL_FADE, 1.0)
    edges = now[CONTRAST] - was[CONTRAST]
    soft = _within(0.0, 1.0 - edges / HARD_GREY, 1.0)
    slow = _within(0.2, 1.5 - scene_look.motion / QUICK_GREY, 1.0)
    through = _within(0.1, 1.5 - shift / OPAQUE_GREY, 1.0)
    score = np.minimum(seen * soft * slow * through, 1.0) * (scene_look.changed & (tint < TINTED))
    return SmokeTiles(lost, np.asarray((edges > HARD_GREY) | (shift > OPAQUE_GREY)), score)
