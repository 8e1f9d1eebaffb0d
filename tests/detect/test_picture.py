"""Pictures as JPEG."""

import cv2
import numpy as np

from embereye_addon.detect.picture import MOST_BYTES, jpeg, single_threaded


def test_a_picture_comes_back_from_its_jpeg() -> None:
    """What is shown after an alarm is what the camera saw."""
    single_threaded()
    assert cv2.getNumThreads() == 1
    picture = np.full((48, 64, 3), (30, 90, 200), np.uint8)
    again = cv2.imdecode(np.frombuffer(jpeg(picture), np.uint8), cv2.IMREAD_COLOR)
    assert again is not None
    assert again.shape == picture.shape
    assert np.abs(again.astype(int) - picture).max() < 8


def test_a_jpeg_fits_into_a_message() -> None:
    """A picture too large for the bus at full quality is sent with less, and one that never fits is not sent."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (720, 1280, 3), np.uint8)
    assert 0 < len(jpeg(noise)) <= MOST_BYTES
    assert jpeg(rng.integers(0, 255, (2000, 3000, 3), np.uint8)) == b""
