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
