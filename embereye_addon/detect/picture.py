"""Pictures as JPEG."""

import cv2
import numpy as np
from numpy.typing import NDArray

QUALITY = 80
MOST_BYTES = 512 * 1024


def single_threaded() -> None:
    """Keep OpenCV on the calling thread: its pool costs more than it saves at these sizes."""
    cv2.setNumThreads(1)


def jpeg(bgr: NDArray[np.uint8]) -> bytes:
    """A JPEG of a BGR uint8 picture [height, width, 3], at most 512 KiB; empty when it cannot be made so small."""
    for quality in (QUALITY, QUALITY // 2):
        good, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if good and encoded.size <= MOST_BYTES:
            return encoded.tobytes()
    return b""
