"""Streams as cameras of many kinds code them, made by PyAV: codec, B-frames, slices, key-frame interval, size."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
import numpy as np
import pytest

from embereye_addon.demo.clips import EncodedClip, Packet, units
from embereye_addon.sources.camera.rtsp import Arrived, Opened

FPS = 15


@dataclass(frozen=True)
class Coded:
    """Packets in sending order: bytes, key frame, presentation time in pictures."""

    codec: str
    width: int
    height: int
    packets: tuple[tuple[bytes, bool, int], ...]

    def opened(self) -> Opened:
        """What the reader would say of it."""
        return Opened(self.codec, None, self.width, self.height)

    def arrived(self, index: int, payload: bytes | None = None) -> Arrived:
        """A packet as the reader would give it, or with other bytes."""
        octets, key, pts = self.packets[index]
        packet = cast("av.Packet[av.VideoStream]", av.Packet(octets if payload is None else payload))
        packet.pts = packet.dts = pts
        return Arrived(packet, key, 1e9 + index / FPS, 100.0 + index / FPS)


def moving(index: int, width: int, height: int) -> np.ndarray:
    """A picture with a pattern that moves by some pixels each time, so that a lost one is missed."""
    rows, columns = np.mgrid[0:height, 0:width]
    wave = 128 + 90 * np.sin((columns + 7 * index) / 9.0) * np.cos((rows - 5 * index) / 11.0)
    bgr = np.stack([wave, np.roll(wave, 9, 0), 255 - wave], axis=-1)
    bgr[20:36, (6 * index) % (width - 16) :][:, :16] = 255
    return bgr.astype(np.uint8)


@lru_cache
def coded(
    codec: str = "h264", b_frames: int = 0, gop: int = 10, count: int = 40, size: tuple[int, int] = (160, 96)
) -> Coded:
    """`count` moving pictures. Skips where the encoder is not in this build of PyAV."""
    name = {"h264": "libx264", "hevc": "libx265"}[codec]
    try:
        context = av.CodecContext.create(name, "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"{name} is not in this build of FFmpeg")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.gop_size, context.max_b_frames, context.thread_count = gop, b_frames, 1
    plain = "log-level=none:pools=none:frame-threads=1:scenecut=0:open-gop=0"
    context.options = {
        "h264": {"preset": "superfast", "crf": "18", "x264-params": f"scenecut=0:ref=1:b-pyramid=0:bframes={b_frames}"},
        "hevc": {
            "preset": "ultrafast",
            "x265-params": f"{plain}:bframes={b_frames}:keyint={gop}",
        },
    }[codec]
    packets = []
    for index in range(count):
        frame = av.VideoFrame.from_ndarray(moving(index, *size), format="bgr24")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        packets += context.encode(frame)
    packets += context.encode(None)
    rows = tuple((bytes(packet), bool(packet.is_keyframe), int(packet.pts or 0)) for packet in packets)
    return Coded(codec, *size, rows)


def served(clip: Coded) -> EncodedClip:
    """The same as a clip that the demo's server sends in a loop."""
    late = max(index - pts for index, (_, _, pts) in enumerate(clip.packets))
    packets = tuple(
        Packet(index / FPS, key, octets, (pts - index + late) / FPS)
        for index, (octets, key, pts) in enumerate(clip.packets)
    )
    sets = {unit[0] & 31: unit for unit in units(clip.packets[0][0])} if clip.codec == "h264" else {7: b"", 8: b""}
    return EncodedClip(clip.codec, clip.width, clip.height, float(FPS), sets[7], sets[8], packets)
