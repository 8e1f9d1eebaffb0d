"""Clips for the demo's cameras: rendered scenes or files as H.264 packets in memory, ready to be sent in a loop."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import msgspec
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from embereye_addon.demo.scenes import FLAME_GROWS_S, Picture, render

log = logging.getLogger(__name__)

GOP_S = 2.0
BIT_RATE = 512_000
# The end of a loop is mixed into what comes before its start for this long, so that nothing jumps.
SEAM_S = 0.6
# A change here makes every cached clip stale: raise it with the look of the scenes.
LOOK = 1


class Packet(NamedTuple):
    """One coded picture: seconds from the clip's start at which it is sent, whether it is a key frame, Annex-B bytes.

    With B-frames a picture is shown `late_s` after it was sent.
    """

    pts_s: float
    keyframe: bool
    payload: bytes
    late_s: float = 0.0


@dataclass(frozen=True)
class EncodedClip:
    """Coded pictures in sending order; after the last one the clip goes on at packet `loop_from`.

    `codec` is h264 or hevc; key frames carry the parameter sets themselves, those of h264 also stand here as `sps` and
    `pps`, without start codes. Clips made here have no B-frames.
    """

    codec: str
    width: int
    height: int
    fps: float
    sps: bytes
    pps: bytes
    packets: tuple[Packet, ...]
    loop_from: int = 0

    @cached_property
    def duration_s(self) -> float:
        """From the first picture to the end of the last one."""
        return self.packets[-1].pts_s + 1.0 / self.fps


class ClipError(ValueError):
    """A file holds no video that can be served, with the reason in words."""


def units(annex_b: bytes) -> list[bytes]:
    """The NAL units between the start codes, without them; never raises."""
    pieces = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [piece for piece in pieces[1:] if piece]


def _parameters(packets: Iterable[Packet]) -> tuple[bytes, bytes]:
    """SPS and PPS of the first key frame."""
    for packet in packets:
        found = {unit[0] & 31: unit for unit in units(packet.payload)}
        if packet.keyframe and 7 in found and 8 in found:
            return found[7], found[8]
    msg = "the video has no key frame with its parameter sets"
    raise ClipError(msg)


def _encoder(width: int, height: int, fps: float, bit_rate: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 90_000)
    context.framerate = Fraction(fps).limit_denominator(1001)
    context.bit_rate = bit_rate
    context.max_b_frames = 0
    context.gop_size = max(1, round(GOP_S * fps))
    context.thread_count = 1
    context.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "high",
        "sc_threshold": "0",
        "maxrate": str(2 * bit_rate),
        "bufsize": str(2 * bit_rate),
    }
    return context


def encode(pictures: Iterable[Picture], fps: float, bit_rate: int = BIT_RATE, loop_from_s: float = 0.0) -> EncodedClip:
    """Code uint8 [h, w, 3] BGR pictures (even sizes, all alike) at `fps`; key frames every GOP_S, no B frames.

    `loop_from_s` is taken back to the key frame before it. ClipError when there is no picture.
    """
    context: VideoCodecContext | None = None
    coded: list[Any] = []
    for index, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        context = context or _encoder(width, height, fps, bit_rate)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
        frame.pts = round(index * 90_000 / fps)
        frame.time_base = Fraction(1, 90_000)
        coded += context.encode(frame)
    if context is None:
        msg = "there is no picture to encode"
        raise ClipError(msg)
    coded += context.encode(None)
    packets = tuple(Packet(index / fps, bool(packet.is_keyframe), bytes(packet)) for index, packet in enumerate(coded))
    keys = [k for k, packet in enumerate(packets) if packet.keyframe and packet.pts_s <= loop_from_s + 1e-6]
    return EncodedClip("h264", context.width, context.height, fps, *_parameters(packets), packets, keys[-1])


def _copied(path: Path) -> EncodedClip | None:
    """The file's own packets where they can be sent as they are: H.264 without B frames; else None."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "h264" or not stream.average_rate:
            return None
        annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets: list[Packet] = []
        first: float | None = None
        for packet in container.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            if packet.pts != packet.dts:
                return None
            at_s = float(packet.pts * stream.time_base) if stream.time_base else 0.0
            first = at_s if first is None else first
            key = bool(packet.is_keyframe)
            packets += [Packet(at_s - first, key, bytes(out)) for out in annex_b.filter(packet)]
        if not packets or not packets[0].keyframe:
            return None
        return EncodedClip(
            "h264", stream.width, stream.height, float(stream.average_rate), *_parameters(packets), tuple(packets)
        )


def _decoded(path: Path, fps: float | None, size: tuple[int, int] | None) -> Iterator[Picture]:
    """The file's pictures at a steady `fps` (None: one by one), scaled to `size` (even numbers)."""
    with av.open(str(path)) as container:
        stream: VideoStream = container.streams.video[0]
        made = 0
        first: float | None = None
        for frame in container.decode(stream):
            at_s = frame.time or 0.0
            first = at_s if first is None else first
            due = made + 1 if fps is None else int((at_s - first) * fps + 1e-6) + 1
            if due <= made:
                continue
            picture: Picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            if size is not None:
                picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
            for _ in range(due - made):
                yield picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
            made = due


def load_clip(
    path: Path, fps: float | None = None, size: tuple[int, int] | None = None, bit_rate: int = BIT_RATE
) -> EncodedClip:
    """A video file as a clip: its own packets if possible, else coded again at `fps` and `size` (width, height).

    ClipError with a reason when the file cannot be read or holds no video.
    """
    try:
        if fps is None and size is None and (clip := _copied(path)) is not None:
            return clip
        with av.open(str(path)) as container:
            own = float(container.streams.video[0].average_rate or 25)
        return encode(_decoded(path, fps or own, size), fps or own, bit_rate)
    except (av.FFmpegError, OSError, IndexError) as wrong:
        msg = f"{path.name} cannot be read as a video"
        raise ClipError(msg) from wrong


@dataclass(frozen=True, slots=True)
class Take:
    """What of a scene is recorded: from `from_s` for `length_s` seconds, to be repeated from `loop_s` into the take."""

    scene: str
    from_s: float
    length_s: float
    loop_s: float = 0.0
    seed: int = 1
    start_s: float = 0.0
    fps: float = 10.0

    def pictures(self) -> Iterator[Picture]:
        """The frames; the last SEAM_S mix into what comes before `loop_s`, so that the loop closes."""
        back_s = self.length_s - self.loop_s
        for index in range(round(self.length_s * self.fps)):
            into_s = index / self.fps
            picture = self._at(into_s)
            share = 1.0 - (self.length_s - into_s) / SEAM_S
            if share > 0.0:
                picture = np.asarray(
                    cv2.addWeighted(picture, 1.0 - share, self._at(into_s - back_s), share, 0.0), np.uint8
                )
            yield picture

    def _at(self, into_s: float) -> Picture:
        return render(self.scene, self.from_s + into_s, self.seed, self.start_s)


def demo_takes(seed: int = 1) -> dict[str, Take]:
    """The demo's clips: a quiet loop with a walker, a fire and a smoke which grow and then go on."""
    settled_s = FLAME_GROWS_S + 1.0
    return {
        "quiet": Take("quiet", 2.0, 24.0, 0.0, seed, 1e9),
        "flame": Take("flame", 0.0, settled_s + 8.0, settled_s, seed),
        "smoke": Take("smoke", 0.0, 30.0, 20.0, seed),
    }


def take_clip(take: Take, cache: Path | None = None) -> EncodedClip:
    """The clip of a take, from the folder `cache` if it was made before, else rendered (seconds of CPU) and kept there.

    A damaged or unwritable cache costs time, never the clip.
    """
    parts = (take.scene, take.seed, take.from_s, take.length_s, take.loop_s, take.start_s, take.fps, LOOK)
    name = "-".join(f"{part:g}" if isinstance(part, float) else str(part) for part in parts)
    kept = None if cache is None else cache / f"{name}.clip"
    if kept is not None and kept.is_file():
        try:
            return msgspec.msgpack.decode(kept.read_bytes(), type=EncodedClip)
        except (OSError, msgspec.MsgspecError) as wrong:
            log.warning("The kept clip %s cannot be used and is made again: %s", kept.name, wrong)
    clip = encode(take.pictures(), take.fps, loop_from_s=take.loop_s)
    if kept is not None:
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            aside = kept.with_suffix(".part")
            aside.write_bytes(msgspec.msgpack.encode(clip))
            aside.replace(kept)
        except OSError as wrong:
            log.warning("The clip %s cannot be kept: %s", kept.name, wrong)
    return clip
