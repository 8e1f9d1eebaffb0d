"""Decoded pictures as a camera's decode thread has them, made of BGR arrays."""

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.camera.farm import Look


def decoded(bgr: NDArray[np.uint8], number: int = 1, now_s: float = 0.0) -> Look:
    """A decoded 4:2:0 picture of these pixels (even sides), which arrived at the monotonic second `now_s`."""
    planes = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    return Look(av.VideoFrame.from_ndarray(planes, format="yuv420p"), number, 1e9 + now_s, now_s)
