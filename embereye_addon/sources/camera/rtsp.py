"""One RTSP or RTSPS stream: a thread that opens it, reads packets and comes back after a loss.

The thread only demuxes: packets go to the process's one decode thread. A container is closed by the thread that
reads it and by nobody else, for closing it from outside while it reads crashes the process; a reader ends by its
own time-out. FFmpeg's read time-outs fire at about twice the value that is set, so half of what is wanted is set.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import av
from av.container import InputContainer

from embereye_addon.observe.clock import utc_s
from embereye_addon.sources.link import Link

av.logging.set_level(av.logging.PANIC)  # FFmpeg's own lines would carry the URL with its password

_log = logging.getLogger(__name__)

TIMEOUT_SET_S = 4.0
"""Half of the 8 s after which a mute server counts as lost."""
TRANSPORTS = {
    "auto": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp", "buffer_size": "1048576", "reorder_queue_size": "256"},
}
"""How packets travel: `auto` asks for TCP, where nothing is lost on the way, and for UDP where the camera refuses TCP.
The UDP buffer holds a burst of key frames.
"""
NEEDS_TCP = frozenset({"hevc"})
"""Codecs of which the decoder does not tell that a picture has a hole or lost its end: of 40 such pictures of H.265
FFmpeg 8 reported none, whatever `err_detect` says. They are read over TCP where the camera lets them.
"""
OPTIONS = {
    "allowed_media_types": "video",
    "analyzeduration": "1000000",
    "probesize": "500000",
}
"""Without `nobuffer`: it throws away what the opening has read, and with it the first key frame (measured: the first
picture then comes up to a whole key-frame interval later); what is kept is one burst of a second at the opening.
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream answered: what it sends. `extradata` holds the codec's parameter sets, if any came."""

    codec: str
    extradata: bytes | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """One packet with its arrival on both clocks."""

    packet: "av.Packet[av.VideoStream]"
    key: bool
    at: float
    mono_s: float


def with_credentials(url: str, username: str, password: str) -> str:
    """The URL FFmpeg opens, user and password percent-encoded into it. Never log the result."""
    if not username:
        return url
    parts = urlsplit(url)
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))


def words(err: Exception) -> str:
    """What went wrong in words the installer can act on; never the URL."""
    table: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (av.error.HTTPUnauthorizedError, "the camera refuses the user name or the password"),
        (av.error.HTTPForbiddenError, "the camera refuses access to this stream"),
        (av.error.HTTPNotFoundError, "the camera has no stream at this path"),
        (ConnectionRefusedError, "nothing listens at this address and port"),
        ((av.error.ExitError, TimeoutError), "no answer in time"),
        (av.error.DecoderNotFoundError, "the stream's codec cannot be decoded"),
        (av.error.InvalidDataError, "what answers there does not speak RTSP"),
        ((ConnectionResetError, BrokenPipeError, EOFError), "the connection was closed"),
        (OSError, "the address cannot be reached"),
    )
    return next((text for kind, text in table if isinstance(err, kind)), f"the stream failed ({type(err).__name__})")


class Stream:
    """One camera's reader. `deliver` is called in the reader's thread with `Opened` or `Arrived`.

    `transport` is a key of TRANSPORTS.
    """

    def __init__(
        self, source: str, url: str, deliver: Callable[["Stream", Opened | Arrived], None], transport: str = "auto"
    ) -> None:
        self.source = source
        self.link = Link(time.monotonic())
        self.unusable = ""
        self._url = url
        self._options = TRANSPORTS[transport] | OPTIONS
        self._deliver = deliver
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"demux {source}", daemon=True)

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the reader to end; it does so at its next packet or time-out."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the reader to end."""
        self._thread.join(timeout_s)

    @property
    def stopped(self) -> bool:
        """Whether nothing of this reader counts any more."""
        return self._stop.is_set()

    def fail(self, why: str) -> None:
        """The decoder cannot use this stream: a fault until a picture comes."""
        if self.unusable != why:
            _log.warning("%s: %s", self.source, why)
        self.unusable = why

    def seen(self, now_mono_s: float) -> None:
        """A good picture came out of this stream."""
        self.unusable = ""
        change = self.link.seen(now_mono_s)
        if change is not None:
            _log.info("%s: stream is up", self.source)

    def _run(self) -> None:
        while not self._stop.is_set():
            why = self._session()
            if self._stop.is_set():
                return
            delay_s = self.link.lost(time.monotonic(), why, random.random())
            change = self.link.transition
            level = logging.WARNING if change is not None and change.is_loss else logging.DEBUG
            _log.log(level, "%s: stream lost: %s; trying again", self.source, why)
            self._stop.wait(delay_s)

    def _session(self) -> str:
        """Open and read until the end; returns why it ended, in words."""
        began_s, opened = time.monotonic(), False
        try:
            container = self._open()
            opened = True
            if self._options["rtsp_transport"] == "udp" and _codec(container) in NEEDS_TCP:
                container.close()
                self._options = TRANSPORTS["auto"] | OPTIONS
                _log.info("%s: H.265 is read over TCP: over UDP a picture with a hole would go unnoticed", self.source)
                container = self._open()
            try:
                return self._read(container)
            finally:
                container.close()
        except Exception as err:  # noqa: BLE001 - whatever it is, the reader must live to try again
            late = not opened and time.monotonic() - began_s >= TIMEOUT_SET_S
            # FFmpeg calls a greeting that is never answered invalid data
            return words(TimeoutError() if late and isinstance(err, av.error.InvalidDataError) else err)

    def _open(self) -> InputContainer:
        return av.open(self._url, "r", options=self._options, timeout=(TIMEOUT_SET_S, TIMEOUT_SET_S))

    def _read(self, container: InputContainer) -> str:
        if not container.streams.video:
            return "the stream holds no video that can be decoded"
        video = container.streams.video[0]
        codec = video.codec_context
        if not getattr(codec, "name", ""):  # FFmpeg gives none for a codec that it does not know
            return "the stream's codec cannot be decoded"
        self._deliver(self, Opened(codec.name, codec.extradata, codec.width, codec.height))
        self.link.opened(time.monotonic())
        for packet in container.demux(video):
            if self._stop.is_set():
                return "stopped"
            if packet.size:
                self._deliver(self, Arrived(packet, packet.is_keyframe, utc_s(), time.monotonic()))
        return "the camera ended the stream"


def _codec(container: InputContainer) -> str:
    """What the stream is coded with; '' where that is not known."""
    return getattr(container.streams.video[0].codec_context, "name", "") if container.streams.video else ""
