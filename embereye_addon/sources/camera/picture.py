"""What is made of a decoded frame: its planes without a copy, BGR at any size, BGR of a part of it."""

import math
import threading
from typing import cast

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from embereye_addon.frame import Planes

PLANAR = frozenset({"yuv420p", "yuvj420p"})
"""Pixel formats whose planes are used as they are; every other one is converted once a picture."""


class _Shapers(threading.local):
    """A scaler a thread and use: a frame's own is shared by whoever holds the frame, and is not safe between threads.

    A scaler that is asked for another size each time is built anew each time, so crops have their own.
    """

    def __init__(self) -> None:
        self.whole = VideoReformatter()
        self.part = VideoReformatter()
        self.planar = VideoReformatter()


_shapers = _Shapers()


def picture(frame: "av.VideoFrame", width: int = 0, height: int = 0) -> NDArray[np.uint8]:
    """BGR uint8 [height, width, 3] of a decoded frame, scaled when a size is given. Any thread may ask."""
    shaped = _shapers.whole.reformat(frame, width or None, height or None, format="bgr24", threads=1)
    return np.asarray(shaped.to_ndarray(), dtype=np.uint8)


def planar(frame: "av.VideoFrame") -> "av.VideoFrame":
    """The frame itself when its pixels are 8 bit 4:2:0 in planes, else a converted one of the same range."""
    if frame.format.name in PLANAR:
        return frame
    name = "yuvj420p" if full_range(frame) else "yuv420p"
    return _shapers.planar.reformat(frame, format=name, threads=1)


def full_range(frame: "av.VideoFrame") -> bool:
    """Whether black is 0 and white 255."""
    return frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG


def planes(frame: "av.VideoFrame") -> Planes:
    """Views of a `planar` frame's own memory, read only; they keep it from being used again while they live."""
    y, u, v = (_view(plane) for plane in frame.planes)
    return Planes(y, u, v, full_range(frame))


def _view(plane: VideoPlane) -> NDArray[np.uint8]:
    memory = cast(memoryview, plane)  # it speaks the buffer protocol, which its stub does not say
    view: NDArray[np.uint8] = np.ndarray((plane.height, plane.width), np.uint8, memory, 0, (plane.line_size, 1))
    view.flags.writeable = False  # the decoder predicts the next picture from this memory
    return view


def crop(
    frame: "av.VideoFrame", box: tuple[float, float, float, float], width: int = 0, height: int = 0
) -> NDArray[np.uint8]:
    """BGR uint8 [height, width, 3] of the part `box` of a `planar` frame; only this part is converted.

    `box` is left, top, right, bottom as fractions, limited to the picture and widened to even pixels (at least 2x2,
    pictures are 2x2 or more); the part's own size when none is given. Any thread may ask.
    """
    left, right = _even(box[0], box[2], frame.width)
    top, bottom = _even(box[1], box[3], frame.height)
    whole = planes(frame)
    half = (slice(top // 2, bottom // 2), slice(left // 2, right // 2))
    parts = (whole.y[top:bottom, left:right], whole.u[half], whole.v[half])
    packed = np.concatenate([part.ravel() for part in parts]).reshape((bottom - top) * 3 // 2, right - left)
    cut = av.VideoFrame.from_ndarray(packed, format=frame.format.name)
    cut.colorspace, cut.color_range = frame.colorspace, frame.color_range
    shaped = _shapers.part.reformat(cut, width or None, height or None, format="bgr24", threads=1)
    return np.asarray(shaped.to_ndarray(), dtype=np.uint8)


def _even(low: float, high: float, size: int) -> tuple[int, int]:
    """Even pixel borders around the fractions low..high of `size` pixels."""
    most = size // 2
    first = min(max(0, math.floor(low * size / 2)), most - 1)
    last = min(max(first + 1, math.ceil(high * size / 2)), most)
    return first * 2, last * 2
