"""A camera's regions as pixels: what counts, and what is painted over. Pure."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.settings.regions import Region

GREY = 128
"""What a private or excluded pixel becomes, in every plane: mid grey without colour."""
WHOLE = (0.0, 0.0, 1.0, 1.0)
_EDGE_PX = 3
"""Width of the line drawn along a painted polygon: scaling mixes a private pixel with its neighbours."""
_SHIFT = 4

Box = tuple[float, float, float, float]
"""left, top, right, bottom as fractions of the whole picture."""
Bgr = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Masks:
    """The regions of one camera, sorted by what they do; no regions means that everything counts."""

    include: tuple[Region, ...] = ()
    exclude: tuple[Region, ...] = ()
    private: tuple[Region, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether any part of the picture is hidden from the model."""
        return bool(self.include or self.exclude or self.private)


def masks(regions: tuple[Region, ...]) -> Masks:
    """The regions sorted by kind."""
    kinds = {kind: tuple(region for region in regions if region.kind == kind) for kind in ("include", "exclude")}
    private = tuple(region for region in regions if region.kind == "privacy")
    return Masks(kinds["include"], kinds["exclude"], private)


def private(bgr: Bgr, of: Masks, part: Box = WHOLE) -> Bgr:
    """The picture with its privacy regions painted over; `part` is the part of the whole picture that it shows.

    The same array when there is nothing to paint, else a copy.
    """
    return _painted(bgr, _grey(of.private, (), bgr.shape[1], bgr.shape[0], part)) if of.private else bgr


def for_model(bgr: Bgr, of: Masks, part: Box = WHOLE) -> Bgr:
    """The picture as the model may see it: also without what is excluded, so that it cannot speak for the whole."""
    if not of.blind:
        return bgr
    grey = _grey(of.private + of.exclude, of.include, bgr.shape[1], bgr.shape[0], part)
    return _painted(bgr, grey)


def plane(pixels: NDArray[np.uint8], of: Masks) -> NDArray[np.uint8]:
    """A Y, U or V plane of the whole picture without its privacy regions; a copy when there is something to paint."""
    return _painted(pixels, _grey(of.private, (), pixels.shape[1], pixels.shape[0], WHOLE)) if of.private else pixels


def counts(box: Box, of: Masks) -> bool:
    """Whether something with this box counts: its centre in an include region (if there are any) and in no other."""
    if not of.blind:
        return True
    x, y = (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0
    wanted = not of.include or any(_inside(region, x, y) for region in of.include)
    return wanted and not any(_inside(region, x, y) for region in of.exclude + of.private)


def _inside(region: Region, x: float, y: float) -> bool:
    """Whether a point lies inside or on the edge."""
    return cv2.pointPolygonTest(np.array(region.points, np.float32), (x, y), measureDist=False) >= 0.0


def _painted(pixels: NDArray[np.uint8], grey: NDArray[np.bool_]) -> NDArray[np.uint8]:
    painted = pixels.copy()
    painted[grey] = GREY
    return painted


@lru_cache(maxsize=256)
def _grey(
    hidden: tuple[Region, ...], shown: tuple[Region, ...], width: int, height: int, part: Box
) -> NDArray[np.bool_]:
    """What is painted over, bool [height, width]; kept, because a camera's whole picture has the same one each time."""
    grey = np.zeros((height, width), np.uint8)
    if shown:
        grey[:] = 1
        for region in shown:
            cv2.fillPoly(grey, [_corners(region, width, height, part)], [0], shift=_SHIFT)
    for region in hidden:
        corners = _corners(region, width, height, part)
        cv2.fillPoly(grey, [corners], [1], shift=_SHIFT)
        cv2.polylines(grey, [corners], isClosed=True, color=[1], thickness=_EDGE_PX, shift=_SHIFT)
    return grey.astype(np.bool_)


def _corners(region: Region, width: int, height: int, part: Box) -> NDArray[np.int32]:
    """A polygon's corners in pixels of the picture of `part`, in sixteenths; pixel centres are whole numbers."""
    left, top, right, bottom = part
    points = (np.array(region.points) - (left, top)) / (right - left, bottom - top) * (width, height) - 0.5
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)
