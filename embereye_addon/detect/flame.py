"""Which tiles look like flame: by colour, or in pictures without colour by brightness alone, and by how they move. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.flicker import Flicker
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import LUMA, RED, Grid, SceneLook

WARM_LUMA, WARM_RED, WARM_APART = 90, 136, 14
"""A pixel is flame-coloured from this luma, this red chroma, and this much red above blue chroma (limited range)."""
WHITE_LUMA = 215
"""A pixel this bright may be an over-exposed or infra-red flame; lamps are too, and are told apart by resting."""
FULL_SHARE = 0.15
"""Share of a tile that must be warm or white to count in full: two of its sixteen chroma pixels."""
FULL_SWING_GREY, FULL_REVERSALS_HZ = 5.0, 1.5
NEW_LUMA, NEW_RED, NEW_WEIGHT = 40.0, 10.0, 0.5
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


def shares(mask: NDArray[np.uint8], shape: tuple[int, int]) -> Grid:
    """Share of set pixels (255) in each tile of a mask at chroma size."""
    rows, columns = shape
    grown = cv2.copyMakeBorder(
        mask, 0, rows * 4 - mask.shape[0], 0, columns * 4 - mask.shape[1], cv2.BORDER_CONSTANT, value=0
    )
    return np.asarray(
        cv2.resize(grown, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32
    ) / np.float32(255.0)


def tiles(small: Small, scene_look: SceneLook, flicker: Flicker, measurable: bool) -> FlameTiles:
    """The flame score of each tile of one picture."""
    shape = scene_look.motion.shape
    rows, columns = small.u.shape
    luma = scene_look.luma[:rows, :columns]
    warm_mask = cv2.bitwise_and(
        cv2.inRange(cv2.subtract(small.v, small.u), WARM_APART, 255),  # type: ignore[call-overload]
        cv2.bitwise_and(cv2.inRange(small.v, WARM_RED, 255), cv2.inRange(luma, WARM_LUMA, 255)),  # type: ignore[call-overload]
    )
    white_mask = cv2.inRange(luma, WHITE_LUMA, 255)  # type: ignore[call-overload]
    warm, white = shares(warm_mask, shape), shares(white_mask, shape)
    coloured = scene_look.lighting.colour
    look_alike = np.maximum(
        np.minimum(warm / FULL_SHARE, 1.0), np.minimum(white / FULL_SHARE, 1.0) * (0.7 if coloured else 1.0)
    )
    brighter = (scene_look.features[LUMA] - scene_look.reference[LUMA]) / NEW_LUMA
    redder = (scene_look.features[RED] - scene_look.reference[RED]) / NEW_RED
    new = np.clip(np.maximum(brighter, redder if coloured else brighter), 0.0, 1.0)
    restless = restlessness(flicker) if measurable else None
    moving = scene_look.fast.astype(np.float32) * 0.5 if restless is None else restless
    score = np.where(scene_look.fast | scene_look.slow, look_alike * np.maximum(moving, NEW_WEIGHT * new), 0.0)
    mask = np.asarray(cv2.bitwise_or(warm_mask, white_mask), dtype=np.uint8)
    return FlameTiles(warm, white, restless, score.astype(np.float32), mask)


def restlessness(flicker: Flicker) -> Grid:
    """0..1 per tile: large swings that turn again and again; a thing that passes swings once or twice."""
    swing = np.minimum(np.sqrt(flicker.energy) / FULL_SWING_GREY, 1.0)
    return np.asarray(swing * np.minimum(flicker.reversals_hz / FULL_REVERSALS_HZ, 1.0), dtype=np.float32)


def disorder(mask: NDArray[np.uint8], bounds: tuple[int, int, int, int]) -> float:
    """How ragged the warm and white pixels within tile bounds are: perimeter^2 / (4 pi area), 1 for a disc, 0 for none.

    The perimeter is counted in pixel edges times pi/4, which is right on average over all directions.
    """
    left, top, right, bottom = (4 * bound for bound in bounds)
    inside = np.asarray(mask[top:bottom, left:right] != 0, dtype=np.int8)
    area = int(inside.sum())
    if area == 0:
        return 0.0
    framed = np.pad(inside, 1)
    edges = int(np.abs(np.diff(framed, axis=0)).sum()) + int(np.abs(np.diff(framed, axis=1)).sum())
    return float((edges * np.pi / 4.0) ** 2 / (4.0 * np.pi * area))
