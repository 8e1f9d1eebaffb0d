"""Which tiles look like flame: by colour, in pictures without colour by brightness, and by how they move. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.flicker import Flicker, band_hz
from embereye_addon.detect.reduce import Small, halved
from embereye_addon.detect.scene import LUMA, RED, Grid, SceneLook

WARM_LUMA, WARM_RED, WARM_APART = 90, 136, 14
"""A pixel is flame-coloured from this luma, this red chroma, and this much red above blue chroma (limited range)."""
WHITE_LUMA = 215
"""A pixel this bright may be an over-exposed or infra-red flame; lamps are too, and are told apart by resting."""
FULL_SHARE = 0.15
"""Share of a tile that must be warm or white to count in full: two of its sixteen chroma pixels."""
FULL_SWING_GREY, FULL_REVERSALS_HZ, REVERSALS_SHARE = 5.0, 2.5, 0.2
FULL = 252
"""A set pixel where pixels are counted: means of 2x2 such pixels are whole numbers."""
NEW_LUMA, NEW_RED, NEW_WEIGHT, OLD_WEIGHT = 40.0, 10.0, 0.2, 0.25
"""What is warm or white and was not there before (grey levels against the reference) counts half as much as flicker."""


@dataclass(frozen=True, slots=True)
class FlameTiles:
    """Per tile, float32 [rows, columns]: share of warm and of white pixels, flicker 0..1 (None: not measurable), score
    0..1.
    """

    warm: Grid
    white: Grid
    flicker: Grid | None
    score: Grid


def shares(masks: tuple[NDArray[np.bool_], ...], shape: tuple[int, int]) -> Grid:
    """Share of set pixels in each tile, [masks, rows, columns], of masks at chroma size."""
    rows, columns = shape
    planes = np.zeros((len(masks), rows * 4, columns * 4), np.uint8)
    for plane, mask in zip(planes, masks, strict=True):
        np.multiply(mask.view(np.uint8), FULL, out=plane[: mask.shape[0], : mask.shape[1]])
    quarter = halved(planes.reshape(-1, columns * 4)).astype(np.float32)
    tiles = cv2.resize(quarter, (columns, len(masks) * rows), interpolation=cv2.INTER_AREA)
    return np.asarray(tiles, dtype=np.float32).reshape(-1, rows, columns) / np.float32(FULL)


def tiles(small: Small, scene_look: SceneLook, flicker: Flicker, fps: float) -> FlameTiles:
    """The flame score of each tile of one picture."""
    rows, columns = small.u.shape
    luma = scene_look.luma[:rows, :columns]
    redder = cv2.subtract(small.v, small.u)
    warm_mask = (small.v >= WARM_RED) & (luma >= WARM_LUMA) & (redder >= WARM_APART)
    warm, white = shares((np.asarray(warm_mask), np.asarray(luma >= WHITE_LUMA)), scene_look.motion.shape)
    coloured = scene_look.lighting.colour
    bright = np.minimum(white, FULL_SHARE) * (0.7 if coloured else 1.0)
    look_alike = np.maximum(np.minimum(warm, FULL_SHARE), bright) / FULL_SHARE
    rise = scene_look.features - scene_look.reference
    new = rise[LUMA] / NEW_LUMA
    if coloured:
        new = np.maximum(new, rise[RED] / NEW_RED)
    new = np.minimum(np.maximum(new, 0.0), 1.0)
    restless = None if band_hz(fps) is None else restlessness(flicker, fps)
    if restless is None:
        moving = 0.5 * np.maximum(new, scene_look.fast)
    else:
        moving = np.maximum(restless * np.minimum(OLD_WEIGHT + 2.0 * new, 1.0), NEW_WEIGHT * new)
    return FlameTiles(warm, white, restless, look_alike * moving * scene_look.changed)


def restlessness(flicker: Flicker, fps: float) -> Grid:
    """0..1 per tile: large swings that turn again and again; a thing that passes swings once or twice.

    At a low frame rate fewer turns can be seen, and fewer are asked for.
    """
    swing = np.minimum(np.sqrt(flicker.energy) / FULL_SWING_GREY, 1.0)
    full_hz = min(FULL_REVERSALS_HZ, REVERSALS_SHARE * fps)
    return np.asarray(swing * np.minimum(flicker.reversals_hz / full_hz, 1.0), dtype=np.float32)
