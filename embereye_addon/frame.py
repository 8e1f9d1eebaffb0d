"""A picture with its reference; never on the wire."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture: BGR uint8 [height, width, 3], its number, wall and monotonic arrival time (s)."""

    source: str
    number: int
    at: float
    received_mono_s: float
    bgr: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Planes:
    """One 4:2:0 picture: uint8 y [h, w], u and v [ceil(h/2), ceil(w/2)]; rows may lie apart (strides), read only.

    `full_range` says whether y runs from 0 to 255; else from 16 (black) to 235 (white) and u, v from 16 to 240.
    """

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]
    full_range: bool = False
