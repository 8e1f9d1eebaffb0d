"""Damage that a decoder does not report: areas it never got, left at its empty grey or green. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.frame import Planes

BLOCK_PX = 32
MOST = 0.01
"""Share of the picture's 32x32 blocks that may be empty beyond those of the last key frame."""
GREEN_CHROMA = 16
"""U and V both below this are no colour: such YUV lies outside RGB (ITU-R BT.601); all zero shows as green."""
GREY = 128


@dataclass(slots=True)
class Smear:
    """Watches one stream's pictures. A key frame is whole in itself, so what is grey there is grey in front of it."""

    _usual: float = 0.0

    def spoiled(self, planes: Planes, key: bool) -> bool:
        """Whether parts of this picture are empty that were not in the last key frame. 20 us at 640x480."""
        share = empty_share(planes)
        if key:
            self._usual = share
            return False
        return share > self._usual + MOST


def empty_share(planes: Planes) -> float:
    """Share 0..1 of the blocks that hold nothing, looked at in three points a block."""
    step, half = BLOCK_PX, BLOCK_PX // 2
    u, v = planes.u[half // 2 :: half, half // 2 :: half], planes.v[half // 2 :: half, half // 2 :: half]
    if not u.size:
        return 0.0
    empty = (u < GREEN_CHROMA) & (v < GREEN_CHROMA)
    neutral = (u == GREY) & (v == GREY)
    if neutral.any():
        empty |= neutral & _flat(planes.y, u.shape, step)
    return float(np.count_nonzero(empty)) / empty.size


def _flat(y: NDArray[np.uint8], shape: tuple[int, ...], step: int) -> NDArray[np.bool_]:
    points = [y[at::step, at::step][: shape[0], : shape[1]] == GREY for at in (13, 16, 18)]
    flat = np.zeros(shape, np.bool_)
    rows, columns = points[-1].shape
    flat[:rows, :columns] = points[0][:rows, :columns] & points[1][:rows, :columns] & points[2]
    return flat
