"""All streams of one process and the one thread that decodes them: packets in, the newest pictures out."""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import av
import numpy as np
from numpy.typing import NDArray

from embereye_addon.frame import Frame, Planes
from embereye_addon.messages import LinkState
from embereye_addon.sources.camera.picture import crop, picture, planar, planes
from embereye_addon.sources.camera.rtsp import Arrived, Opened, Stream

_log = logging.getLogger(__name__)

WAITING_MAX = 60
"""Packets of one stream that may wait to be decoded (2.4 s at 25 a second); beyond it the newest key frame wins."""
SILENCE_S = 8.0
"""A stream that is connected but gives no picture for this long is degraded, which is a fault."""


@dataclass(slots=True)
class Watched:
    """What the decode thread keeps of one stream. Counters are only ever added to."""

    stream: Stream
    waiting: int = 0
    skip_to_key: bool = True
    decoder: "av.VideoCodecContext | None" = None
    newest: "av.VideoFrame | None" = None
    newest_at: float = 0.0
    newest_mono_s: float = 0.0
    received: int = 0
    decoded: int = 0
    dropped: int = 0
    rejected: int = 0
    number: int = 0
    failing: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


def _decoder(opened: Opened) -> "av.VideoCodecContext":
    """A decoder of one thread, with the loop filter: skipping it saves a quarter of the CPU, but the model then
    raised the alarm for a recorded garden fire after 36 s instead of 9 s.
    """
    context = av.CodecContext.create(opened.codec, "r")
    assert isinstance(context, av.VideoCodecContext)
    if opened.extradata:
        context.extradata = opened.extradata
    context.thread_count = 1
    context.thread_type = "NONE"
    return context


@dataclass(frozen=True, slots=True)
class Look:
    """A decoded picture that can still be had at any size, with its number and arrival on both clocks."""

    frame: "av.VideoFrame"
    number: int
    at: float
    received_mono_s: float
    _planar: "list[av.VideoFrame]" = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.frame.width, self.frame.height

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """BGR uint8 [height, width, 3]; its own size when none is given."""
        return picture(self.frame, width, height)

    def planes(self) -> Planes:
        """The whole picture as 4:2:0 planes, full size; no copy where the camera sends 4:2:0, else converted once."""
        return planes(self._in_planes())

    def crop(
        self, left: float, top: float, right: float, bottom: float, width: int = 0, height: int = 0
    ) -> NDArray[np.uint8]:
        """BGR uint8 [height, width, 3] of a part given in fractions, from the full picture; only it is converted.

        The part is limited to the picture and widened to even pixels; its own size when none is given.
        """
        return crop(self._in_planes(), (left, top, right, bottom), width, height)

    def _in_planes(self) -> "av.VideoFrame":
        if not self._planar:
            self._planar.append(planar(self.frame))
        return self._planar[0]


class Farm:
    """Watches cameras. `on_picture(source, frame)` is called in the decode thread for the newest pictures."""

    def __init__(self, on_picture: Callable[[str, Look], None]) -> None:
        self._on_picture = on_picture
        self._queue: queue.SimpleQueue[tuple[Watched, Opened | Arrived] | None] = queue.SimpleQueue()
        self._watched: dict[str, Watched] = {}
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self._thread.start()

    def watch(self, source: str, url: str) -> None:
        """Begin to watch; `url` may hold credentials and is never logged."""
        stream = Stream(source, url, self._deliver)
        self._watched[source] = Watched(stream)
        stream.start()

    def drop(self, source: str) -> None:
        """Stop watching; nothing of this source is delivered any more."""
        watched = self._watched.pop(source, None)
        if watched is not None:
            watched.stream.stop()

    def watched(self) -> tuple[Watched, ...]:
        """Everything that is watched now."""
        return tuple(self._watched.values())

    def newest(self, source: str) -> Frame | None:
        """The newest full picture of a camera; None before the first, or when it is not watched here."""
        watched = self._watched.get(source)
        if watched is None:
            return None
        with watched.lock:
            frame, at, mono_s, number = watched.newest, watched.newest_at, watched.newest_mono_s, watched.number
        if frame is None:
            return None
        return Frame(source, number, at, mono_s, picture(frame))

    def stop(self) -> None:
        """End the readers and the decode thread."""
        streams = [watched.stream for watched in self._watched.values()]
        for source in list(self._watched):
            self.drop(source)
        self._queue.put(None)
        self._thread.join(5.0)
        for stream in streams:
            stream.join(0.5)

    def _deliver(self, stream: Stream, thing: Opened | Arrived) -> None:
        """In a reader's thread: queue it, or drop it when this stream is too far behind."""
        watched = self._watched.get(stream.source)
        if watched is None or watched.stream is not stream:
            return
        if isinstance(thing, Arrived):
            watched.received += 1
            if watched.waiting >= WAITING_MAX:
                watched.skip_to_key = True
            if watched.skip_to_key:
                if not thing.key or watched.waiting >= WAITING_MAX:
                    watched.dropped += watched.decoder is not None
                    return
                watched.skip_to_key = False
        else:
            watched.skip_to_key = True
        with watched.lock:
            watched.waiting += 1
        self._queue.put((watched, thing))

    def _run(self) -> None:
        while (row := self._queue.get()) is not None:
            watched, thing = row
            with watched.lock:
                watched.waiting -= 1
            if watched.stream.stopped:
                continue
            try:
                if isinstance(thing, Opened):
                    self._open(watched, thing)
                else:
                    self._decode(watched, thing)
            except Exception as err:  # noqa: BLE001 - the top of a thread: one bad picture must not blind the others
                level = logging.DEBUG if watched.failing else logging.ERROR
                _log.log(level, "%s: pictures are dropped: %s", watched.stream.source, type(err).__name__, exc_info=err)
                watched.failing = True
                watched.rejected += 1

    @staticmethod
    def _open(watched: Watched, opened: Opened) -> None:
        try:
            watched.decoder = _decoder(opened)
        except (av.error.FFmpegError, ValueError, AssertionError):
            watched.decoder = None
            watched.stream.fail(f"the stream's codec ({opened.codec}) cannot be decoded")

    def _decode(self, watched: Watched, arrived: Arrived) -> None:
        if watched.decoder is None:
            watched.rejected += 1
            return
        frames: list[av.VideoFrame] = []
        try:
            frames = watched.decoder.decode(arrived.packet)
        except av.error.FFmpegError:
            watched.rejected += 1
        good = [frame for frame in frames if not frame.is_corrupt]
        watched.rejected += len(frames) - len(good)
        if not good:
            return
        watched.decoded += len(good)
        with watched.lock:
            watched.newest, watched.newest_at, watched.newest_mono_s = good[-1], arrived.at, arrived.mono_s
            watched.number += len(good)
            behind = watched.waiting
        watched.stream.seen(arrived.mono_s)
        if behind == 0:
            self._on_picture(watched.stream.source, Look(good[-1], watched.number, arrived.at, arrived.mono_s))
            watched.failing = False


def fault(watched: Watched, now_mono_s: float) -> tuple[tuple[str, str], ...]:
    """The faults of one stream as (code, words); none while pictures come. A silence is logged once here."""
    link = watched.stream.link
    change = link.tick(now_mono_s, SILENCE_S)
    if change is not None and change.is_loss:
        _log.warning("%s: stream lost: %s", watched.stream.source, change.why)
    if watched.stream.unusable:
        return (("no_picture", watched.stream.unusable),)
    if link.state in (LinkState.ONLINE, LinkState.CONNECTING):
        return ()
    return (("stream_lost", link.why or "no picture comes"),)
