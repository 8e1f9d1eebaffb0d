"""All streams of one process and the one thread that decodes them: packets in, the newest pictures out."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import av
import numpy as np
from numpy.typing import NDArray

from embereye_addon.frame import Frame, Planes
from embereye_addon.messages import LinkState
from embereye_addon.observe.metrics import RATE_CHANGES, RATE_STEP
from embereye_addon.sources.camera.decoder import Decoder
from embereye_addon.sources.camera.nal import HEAD_BYTES, is_reference
from embereye_addon.sources.camera.picture import crop, picture, planar, planes
from embereye_addon.sources.camera.rates import WORDS, Ladder, Step, decide, pictures
from embereye_addon.sources.camera.ring import Recording, Ring
from embereye_addon.sources.camera.rtsp import Arrived, Opened, Stream
from embereye_addon.sources.camera.watched import LEAST_FPS, TICK_S, Watched, facts_of, give_up, is_late, slow_of

_log = logging.getLogger(__name__)

WAITING_MAX = 60
"""Packets of one stream that may wait to be decoded (2.4 s at 25 a second); beyond it the newest key frame wins."""
FIRST_MOST = 8
"""Packets of held cameras that are decoded in a row while others wait."""
SILENCE_S = 8.0
"""A stream that is connected but gives no picture for this long is degraded, which is a fault."""


@dataclass(frozen=True, slots=True)
class Look:
    """A decoded picture that can still be had at any size, with its number and arrival on both clocks.

    `filtered` is false where the decoder left out the loop filter to save time: edges of blocks show.
    """

    frame: "av.VideoFrame"
    number: int
    at: float
    received_mono_s: float
    filtered: bool = True
    _planar: "list[tuple[av.VideoFrame, Planes]]" = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.frame.width, self.frame.height

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """BGR uint8 [height, width, 3]; its own size when none is given."""
        return picture(self.frame, width, height)

    def planes(self) -> Planes:
        """The whole picture as 4:2:0 planes, full size; no copy where the camera sends 4:2:0, else converted once."""
        return self._in_planes()[1]

    def crop(
        self, left: float, top: float, right: float, bottom: float, width: int = 0, height: int = 0
    ) -> NDArray[np.uint8]:
        """BGR uint8 [height, width, 3] of a part given in fractions, from the full picture; only it is converted.

        The part is limited to the picture and widened to even pixels; its own size when none is given.
        """
        return crop(self._in_planes()[0], (left, top, right, bottom), width, height)

    def _in_planes(self) -> "tuple[av.VideoFrame, Planes]":
        if not self._planar:
            frame = planar(self.frame)
            self._planar.append((frame, planes(frame)))
        return self._planar[0]


class Farm:
    """Watches cameras. `on_picture(source, look)` is called in the decode thread for the newest pictures.

    `on_resized(source)` comes there before the first picture of another size: what was learned of the old pictures
    does not fit any more. `decode` is one of `hardware.CHOICES`; with `rings` the last seconds of each camera are kept.
    `busy` is the share of its time, 0 to 1, that the decode thread was at work in the last second.
    """

    def __init__(
        self,
        on_picture: Callable[[str, Look], None],
        on_resized: Callable[[str], None] = lambda _source: None,
        decode: str = "software",
        *,
        rings: bool = False,
    ) -> None:
        self._on_picture = on_picture
        self._on_resized = on_resized
        self._choice = decode
        self._rings = rings
        self._wake: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._first: deque[Watched] = deque()
        self._then: deque[Watched] = deque()
        self._watched: dict[str, Watched] = {}
        self._in_a_row = 0
        self._ladder = Ladder()
        self._ticked_s = time.monotonic()
        self._busy_s = 0.0
        self._late_s = 0.0
        self.busy = 0.0
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self._thread.start()

    def watch(self, source: str, url: str, transport: str = "auto", least_fps: float = LEAST_FPS) -> None:
        """Begin to watch; `url` may hold credentials and is never logged. Below `least_fps` a camera is a fault."""
        stream = Stream(source, url, self._deliver, transport)
        self._watched[source] = Watched(stream, least_fps, ring=Ring() if self._rings else None)
        stream.start()

    def drop(self, source: str) -> None:
        """Stop watching; nothing of this source is delivered any more."""
        watched = self._watched.pop(source, None)
        if watched is not None:
            watched.stream.stop()

    def hold_full(self, source: str, until_s: float) -> None:
        """Decode every picture of this camera, whatever the load, at least until the monotonic second `until_s`."""
        watched = self._watched.get(source)
        if watched is not None:
            watched.held_until_s = max(watched.held_until_s, until_s)

    def watched(self) -> tuple[Watched, ...]:
        """Everything that is watched now."""
        return tuple(self._watched.values())

    def newest(self, source: str) -> Frame | None:
        """The newest full picture of a camera; None before the first, or when it is not watched here."""
        watched = self._watched.get(source)
        if watched is None:
            return None
        with watched.lock:
            newest, number = watched.newest, watched.number
        if newest is None:
            return None
        return Frame(source, number, newest.at, newest.mono_s, picture(newest.frame))

    def record(self, source: str, begin: float, for_s: float) -> Recording | None:
        """Begin a recording: what is there from UTC second `begin`, and what comes in the next `for_s` seconds."""
        watched = self._watched.get(source)
        if watched is None or watched.ring is None:
            return None
        return watched.ring.take(begin, time.monotonic() + for_s)

    def end_recording(self, source: str, recording: Recording) -> None:
        """Nothing is added to it any more."""
        watched = self._watched.get(source)
        recording.ended = True
        if watched is not None and watched.ring is not None:
            watched.ring.release(recording)

    def stop(self) -> None:
        """End the readers and the decode thread."""
        streams = [watched.stream for watched in self._watched.values()]
        for source in list(self._watched):
            self.drop(source)
        self._wake.put(False)
        self._thread.join(5.0)
        for stream in streams:
            stream.join(0.5)

    # --- in the readers' threads --------------------------------------------------------------------------
    def _deliver(self, stream: Stream, thing: Opened | Arrived) -> None:
        """Queue it, or leave it out when this stream is slowed or too far behind."""
        watched = self._watched.get(stream.source)
        if watched is None or watched.stream is not stream:
            return
        if watched.ring is not None:
            watched.ring.add(thing)
        if isinstance(thing, Opened):
            watched.skip_to_key = True
            watched.probe.opened(thing.codec, thing.width, thing.height)
        elif not self._wanted(watched, thing):
            return
        with watched.lock:
            watched.things.append(thing)
            watched.waiting = len(watched.things)
        held = watched.held_until_s > time.monotonic()
        (self._first if held else self._then).append(watched)
        self._wake.put(True)

    @staticmethod
    def _wanted(watched: Watched, arrived: Arrived) -> bool:
        watched.received += 1
        packet, facts = arrived.packet, watched.probe.facts
        needed = arrived.key or (facts is not None and not facts.spare)  # a camera that sends none begins with none
        needed = needed or is_reference(watched.probe.codec, bytes(memoryview(packet)[:HEAD_BYTES]))
        watched.probe.take(packet.size, arrived.key, needed, packet.pts, arrived.mono_s)
        if watched.waiting >= WAITING_MAX or is_late(watched, arrived.mono_s):
            watched.skip_to_key = True
        if watched.skip_to_key:
            if not arrived.key:
                watched.dropped += watched.decoder is not None
                return False
            watched.skip_to_key = False
            give_up(watched)
        if watched.gate.takes(arrived.key, needed):
            return True
        watched.shed += 1
        return False

    # --- in the decode thread -----------------------------------------------------------------------------
    def _run(self) -> None:
        while self._next():
            watched = self._choose()
            with watched.lock:
                thing = watched.things.popleft() if watched.things else None
                watched.waiting = len(watched.things)
            if thing is None or watched.stream.stopped:
                continue  # it was given up for a newer one
            began_s = time.monotonic()
            if isinstance(thing, Arrived):
                self._late_s = max(self._late_s, began_s - thing.mono_s)
            self._take(watched, thing)
            took_s = time.monotonic() - began_s
            watched.busy_s += took_s
            self._busy_s += took_s

    def _next(self) -> bool:
        """Wait for something to do, thinking over the rates in between; False at the end."""
        while True:
            left_s = self._ticked_s + TICK_S - time.monotonic()
            if left_s <= 0.0:
                self._tick(time.monotonic())
                continue
            try:
                return self._wake.get(timeout=left_s)
            except queue.Empty:
                continue

    def _choose(self) -> Watched:
        """Held cameras first, and after FIRST_MOST of them one of the others: none may go blind for another's sake."""
        if self._first and (self._in_a_row < FIRST_MOST or not self._then):
            self._in_a_row += 1
            return self._first.popleft()
        self._in_a_row = 0
        return self._then.popleft()

    def _take(self, watched: Watched, thing: Opened | Arrived) -> None:
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

    def _open(self, watched: Watched, opened: Opened) -> None:
        try:
            watched.decoder = Decoder(opened, self._choice, watched.stream.source)
        except (av.error.FFmpegError, ValueError):
            watched.decoder = None
            watched.stream.fail(f"the stream's codec ({opened.codec}) cannot be decoded")

    def _decode(self, watched: Watched, arrived: Arrived) -> None:
        if watched.decoder is None:
            watched.rejected += 1
            return
        watched.decoder.unfiltered = watched.gate.step is not Step.FULL
        damaged = watched.decoder.damaged
        found = watched.decoder.decode(arrived)
        watched.rejected += watched.decoder.damaged - damaged
        if not found:
            return
        newest = found[-1]
        key = bool(newest.frame.key_frame)
        look = Look(newest.frame, watched.number + len(found), newest.at, newest.mono_s, newest.filtered)
        doubtful = not watched.decoder.vouches and (watched.waiting == 0 or key)
        if doubtful and watched.smear.spoiled(look.planes(), key):
            watched.decoder.lose()
            watched.rejected += len(found)
            return
        watched.decoded += len(found)
        with watched.lock:
            watched.newest = newest
            watched.number = look.number
            behind = watched.waiting
        watched.stream.seen(arrived.mono_s)
        self._resize(watched, look.size)
        if behind == 0:
            self._on_picture(watched.stream.source, look)
            watched.failing = False

    def _resize(self, watched: Watched, size: tuple[int, int]) -> None:
        if size == watched.size:
            return
        if watched.size != (0, 0):
            _log.info("%s: pictures are %dx%d now, before %dx%d", watched.stream.source, *size, *watched.size)
            self._on_resized(watched.stream.source)
        watched.size = size
        if size != (watched.probe.width, watched.probe.height):
            watched.probe.resized(*size)

    def _tick(self, now_s: float) -> None:
        """Think over the rates once a second."""
        seconds, self._ticked_s = now_s - self._ticked_s, now_s
        busy = self.busy = self._busy_s / seconds
        self._busy_s = 0.0
        late_s, self._late_s = self._late_s, 0.0
        cameras = {watched.stream.source: watched for watched in self.watched()}
        facts = {source: facts_of(watched, now_s) for source, watched in cameras.items()}
        self._ladder, changes = decide(self._ladder, facts, busy, late_s, now_s)
        for source, (was, now) in changes.items():
            gate = cameras[source].gate
            gate.step, gate.most = now, pictures(now, facts[source])
            RATE_STEP.labels(source).set(int(now))
            RATE_CHANGES.labels(source, "down" if now > was else "up").inc()
            _log.info("%s: %s instead of %s", source, WORDS[now], WORDS[was])
        for source, watched in cameras.items():
            watched.slow = slow_of(watched, facts[source], now_s)


def fault(watched: Watched, now_mono_s: float) -> tuple[tuple[str, str], ...]:
    """The faults of one stream as (code, words); none while pictures come. A silence is logged once here."""
    link = watched.stream.link
    change = link.tick(now_mono_s, SILENCE_S)
    if change is not None and change.is_loss:
        _log.warning("%s: stream lost: %s", watched.stream.source, change.why)
    if watched.stream.unusable:
        return (("no_picture", watched.stream.unusable),)
    if link.state in (LinkState.DEGRADED, LinkState.OFFLINE) and watched.waiting:
        return (("rate_too_low", "pictures come and wait to be decoded: the machine is too busy"),)
    if link.state not in (LinkState.ONLINE, LinkState.CONNECTING):
        return (("stream_lost", link.why or "no picture comes"),)
    return (("rate_too_low", watched.slow),) if watched.slow else ()
