"""Recorded packets as a small MP4 that browsers play: few pictures a second, the private parts painted over before."""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.camera.hardware import decoder
from embereye_addon.sources.camera.ring import Recording

FPS = 4.0
LONGEST_PX = 640
MOST_BYTES = 896 * 1024
"""What one message of the bus may carry."""
BIT_RATES = (260_000, 90_000)
"""A film that is too large with the first is made again with the second."""
_TICKS = 1000
_ENCODERS = ("libx264", "libopenh264", "libvpx-vp9", "libvpx")
"""The first that this build of FFmpeg has."""
_OPTIONS = {
    "libx264": {"preset": "veryfast", "profile": "main"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}

Bgr = NDArray[np.uint8]
Taken = tuple[float, Bgr]
"""UTC seconds and the picture."""


def film(recording: Recording, begin: float, end: float, paint: Callable[[Bgr], Bgr]) -> tuple[bytes, float, float]:
    """The MP4, at most `MOST_BYTES`, and the UTC seconds of its first and last picture; empty when there is no picture.

    `paint` gets each picture, BGR uint8 [height, width, 3] at its final size, before it is encoded. Damaged packets
    cost their pictures; nothing is raised but `ValueError` and what the encoder raises.
    """
    pictures = [(at, paint(bgr)) for at, bgr in thinned(recording, begin, end)]
    if not pictures:
        return b"", 0.0, 0.0
    for rate in BIT_RATES:
        mp4 = encoded(pictures, rate)
        if len(mp4) <= MOST_BYTES:
            return mp4, pictures[0][0], pictures[-1][0]
    return b"", 0.0, 0.0


def thinned(recording: Recording, begin: float, end: float) -> Iterator[Taken]:
    """Pictures from `begin` to `end`, at most `FPS` a second, longest side `LONGEST_PX`, even sides."""
    context = decoder(recording.opened, "software", unfiltered=True, strict=False).context
    next_at = begin
    for number, piece in enumerate(recording.pieces):
        packet = av.Packet(piece.payload)
        packet.pts = packet.dts = number
        try:
            frames = context.decode(packet)
        except av.error.FFmpegError:
            continue
        for frame in frames:
            at = _arrival(recording, frame.pts, piece.at)
            if next_at <= at <= end and not frame.is_corrupt:
                next_at = max(next_at + 1.0 / FPS, at)
                yield at, _small(frame)


def _arrival(recording: Recording, number: int | None, otherwise: float) -> float:
    """When the packet of a picture came; the decoder gives pictures out later than their packets went in."""
    return recording.pieces[number].at if number is not None and 0 <= number < len(recording.pieces) else otherwise


def _small(frame: "av.VideoFrame") -> Bgr:
    factor = min(1.0, LONGEST_PX / max(frame.width, frame.height))
    width, height = (max(2, round(side * factor / 2) * 2) for side in (frame.width, frame.height))
    return np.asarray(frame.to_ndarray(format="bgr24", width=width, height=height), dtype=np.uint8)


def encoded(pictures: list[Taken], bit_rate: int) -> bytes:
    """The MP4 of pictures of one size with their own pace; `ValueError` when no encoder is there."""
    name = next((each for each in _ENCODERS if each in av.codecs_available), "")
    if not name:
        msg = "this build of FFmpeg has no encoder that browsers play"
        raise ValueError(msg)
    first_at, (height, width) = pictures[0][0], pictures[0][1].shape[:2]
    place = io.BytesIO()
    with av.open(place, "w", format="mp4") as out:
        stream = out.add_stream(name, rate=round(FPS), options=_OPTIONS.get(name, {}))
        if not isinstance(stream, av.VideoStream):
            msg = f"{name} is no video"
            raise ValueError(msg)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.bit_rate, context.time_base, context.thread_count = bit_rate, Fraction(1, _TICKS), 1
        context.gop_size = round(5 * FPS)
        tick = -1
        for at, bgr in pictures:
            if bgr.shape[:2] != (height, width):
                continue  # the camera changed its size: the rest would not fit
            frame = av.VideoFrame.from_ndarray(bgr, format="bgr24")
            tick = max(tick + 1, round((at - first_at) * _TICKS))
            frame.pts, frame.time_base = tick, Fraction(1, _TICKS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return place.getvalue()
