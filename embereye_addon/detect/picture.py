"""Pictures in and out of files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.tensors import input_size
from embereye_addon.errors import ProtocolError, StorageError

QUALITY = 80
MOST_BYTES = 512 * 1024
FILE_BYTES = 64 << 20
"""No picture file is larger: a 100-megapixel JPEG has about 40 MiB."""


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


def read(path: Path) -> NDArray[np.uint8]:
    """A picture file as BGR uint8 [height, width, 3], turned upright as its EXIF says.

    `StorageError` when the file cannot be read, `ProtocolError` when it is no picture or larger than 64 MiB.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES + 1)
    except FileNotFoundError:
        raise StorageError(f"There is no file {path}") from None
    except OSError as err:
        raise StorageError(f"{path} cannot be read: {err.strerror}") from None
    if len(raw) > FILE_BYTES:
        raise ProtocolError(f"{path} is larger than {FILE_BYTES >> 20} MiB")
    try:
        decoded = cv2.imdecode(np.frombuffer(raw, dtype=np.uint8), cv2.IMREAD_COLOR) if raw else None
    except cv2.error:  # more pixels than OpenCV will hold
        decoded = None
    if decoded is None:
        raise ProtocolError(f"{path} is no picture that can be read")
    return np.asarray(decoded, dtype=np.uint8)


def fitted(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture at the size at which the model looks at it."""
    size = input_size(bgr.shape[1], bgr.shape[0])
    return np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
