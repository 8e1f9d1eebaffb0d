"""Which tiles look like flame: by colour, in pictures without colour by brightness, and by how they move. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.flicker import Flicker, band_hz
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import LUMA, RED, Grid, SceneLook

WARM_LUMA, WARM_RED, WARM_APART = 90, 136, 14
"""A pixel is flame-coloured from this luma, this red chroma, and this much red above blue chroma (limited range)."""
WHITE_LUMA = 215
"""A pixel this bright may be an over-exposed or infra-red flame; lamps are too, and are told apart by resting."""
FULL_SHARE = 0.15
"""Share of a tile that must be warm or white to count in full: two of its sixteen chroma pixels."""
FULL_SWING_GREY, FULL_REVERSALS_HZ, REVERSALS_SHARE = 5.0, 2.5, 0.2
NEW_LUMA, NEW_RED, NEW_WEIGHT, OLD_WEIGHT = 40.0, 10.0, 0.2, 0.25
"""What is warm or white and was not there before (grey levels against the reference) counts half as much as flicker."""


@dataclass(frozen=True, slots=True)
class FlameTiles:
    """Per tile, float32 [rows, columns]: share of warm and of white pixels, flicker 0..1 (None: not measurable), score
    0..1; `mask` are the warm or white pixels at chroma size, 0 or 255.
    """

    warm: Grid
    white: Grid
    flicker: Grid | None
    score: Grid
    mask: NDArray[np.uint8]


def _above(plane: NDArray[np.uint8], least: int) -> NDArray[np.uint8]:
    """255 where a plane is at or above the limit, else 0."""
    return np.asarray(cv2.threshold(plane, least - 1, 255, cv2.THRESH_BINARY)[1], dtype=np.uint8)


def shares(mask: NDArray[np.uint8], shape: tuple[int, int]) -> Grid:
    """Share of set pixels (255) in each tile of a mask at chroma size."""
    rows, columns = shape
    grown = cv2.copyMakeBorder(
        mask, 0, rows * 4 - mask.shape[0], 0, columns * 4 - mask.shape[1], cv2.BORDER_CONSTANT, value=0
    )
    return np.asarray(cv2.resize(grown, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32) / np.float32(
        255.0
    )


def tiles(small: Small, scene_look: SceneLook, flicker: Flicker, fps: float) -> FlameTiles:
    """The flame score of each tile of one picture."""
    shape = scene_look.motion.shape
    rows, columns = small.u.shape
    luma = scene_look.luma[:rows, :columns]
    warm_mask = _above(small.v, WARM_RED) & _above(luma, WARM_LUMA)
    warm_mask &= _above(np.asarray(cv2.subtract(small.v, small.u), dtype=np.uint8), WARM_APART)
    white_mask = _above(luma, WHITE_LUMA)
    warm, white = shares(warm_mask, shape), shares(white_mask, shape)
    coloured = scene_look.lighting.colour
    look_alike = np.maximum(
        np.minimum(warm / FULL_SHARE, 1.0), np.minimum(white / FULL_SHARE, 1.0) * (0.7 if coloured else 1.0)
    )
    brighter = (scene_look.features[LUMA] - scene_look.reference[LUMA]) / NEW_LUMA
    redder = (scene_look.features[RED] - scene_look.reference[RED]) / NEW_RED if coloured else brighter
    new = np.clip(np.maximum(brighter, redder), 0.0, 1.0)
    restless = None if band_hz(fps) is None else restlessness(flicker, fps)
    if restless is None:
        moving = 0.5 * np.maximum(new, scene_look.fast.astype(np.float32))
    else:
        moving = np.maximum(restless * np.minimum(OLD_WEIGHT + 2.0 * new, 1.0), NEW_WEIGHT * new)
    score = np.where(scene_look.fast | scene_look.slow, look_alike * moving, 0.0)
    return FlameTiles(warm, white, restless, score.astype(np.float32), warm_mask | white_mask)


def restlessness(flicker: Flicker, fps: float) -> Grid:
    """0..1 per tile: large swings that turn again and again; a thing that passes swings once or twice.

    At a low frame rate fewer turns can be seen, and fewer are asked for.
    """
    swing = np.minimum(np.sqrt(flicker.energy) / FULL_SWING_GREY, 1.0)
    full_hz = min(FULL_REVERSALS_HZ, REVERSALS_SHARE * fps)
    return np.asarray(swing * np.minimum(flicker.reversals_hz / full_hz, 1.0), dtype=np.float32)


def disorder(mask: NDArray[np.uint8], bounds: tuple[int, int, int, int]) -> float:
    """How ragged the warm and white pixels within tile bounds are: perimeter^2 / (4 pi area), 1 for a disc, 0 for none.

    The perimeter is counted in pixel edges times pi/4, which is right on average over all directions.
    """
    left, top, right, bottom = (4 * bound for bound in bounds)
    inside = mask[top:bottom, left:right] != 0
    area = int(inside.sum())
    if area == 0:
        return 0.0
    edges = int(np.count_nonzero(inside[1:] != inside[:-1]) + np.count_nonzero(inside[:, 1:] != inside[:, :-1]))
    edges += int(inside[0].sum() + inside[-1].sum() + inside[:, 0].sum() + inside[:, -1].sum())
    return float((edges * np.pi / 4.0) ** 2 / (4.0 * np.pi * area))
