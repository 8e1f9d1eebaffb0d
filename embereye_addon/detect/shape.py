"""The shape of a flame in a picture: how large its bright core is, in how many pieces, and how ragged. Pure.

What burns in a wick, a lighter or a burner is fed evenly and is one smooth body (laminar). A fire that feeds itself is
turbulent: it breaks into tongues and its outline is ragged. That shows in one picture, at any size and distance, and
does not depend on how near the camera is, as the area does.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BRIGHT_SHARE = 0.7
"""Of the brightest level of the part: what is as bright belongs to the core."""
BRIGHT_LEAST = 120
WHITE = 235
"""So bright a pixel may have any colour: flames over-expose, and at night they are grey."""
WARM = 10
"""Cr above Cb by this much is the colour of a flame."""
PIECE_SHARE = 0.05
"""A piece of less than this share of the greatest is noise."""
PIECE_LEAST_PX = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """Flames' cores: their area as a share of the picture looked at, their pieces, and how ragged the greatest one is.

    `ragged` is its outline divided by that of a disc of the same area: 1 for a disc, about 1.5 for a candle's drop.
    `left..bottom` is the box around all pieces, in fractions of the picture looked at.
    """

    area: float
    pieces: int
    ragged: float
    left: float
    top: float
    right: float
    bottom: float


def shape(bgr: NDArray[np.uint8], where: NDArray[np.bool_]) -> Shape | None:
    """The cores in a picture of flames with some of their surroundings; None when nothing in it is bright enough.

    Only pixels in `where`, bool [height, width], are looked at.
    """
    core = _core(bgr, where)
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(core, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2 or areas.max() < PIECE_LEAST_PX:
        return None
    greatest = 1 + int(np.argmax(areas))
    pieces = stats[1:][areas >= max(PIECE_LEAST_PX, PIECE_SHARE * areas.max())]
    left, top = pieces[:, cv2.CC_STAT_LEFT], pieces[:, cv2.CC_STAT_TOP]
    right, bottom = left + pieces[:, cv2.CC_STAT_WIDTH], top + pieces[:, cv2.CC_STAT_HEIGHT]
    height, width = core.shape
    return Shape(
        area=float(areas.sum()) / core.size,
        pieces=len(pieces),
        ragged=_ragged(labels == greatest),
        left=float(left.min() / width),
        top=float(top.min() / height),
        right=float(right.max() / width),
        bottom=float(bottom.max() / height),
    )


def _core(bgr: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """1 where a pixel is bright and of a flame's colour or white, uint8 [height, width]."""
    luma, warm, cold = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb).astype(np.int16))
    if not where.any():
        return np.zeros(where.shape, np.uint8)
    bright = luma >= max(BRIGHT_LEAST, BRIGHT_SHARE * float(np.percentile(luma[where], 99.5)))
    return np.asarray(where & bright & ((warm > cold + WARM) | (luma > WHITE)), np.uint8)


def _ragged(piece: NDArray[np.bool_]) -> float:
    """Outline over that of a disc of the same area."""
    outlines, _tree = cv2.findContours(piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    return cv2.arcLength(outline, closed=True) / (2.0 * math.sqrt(math.pi * max(1.0, cv2.contourArea(outline))))
