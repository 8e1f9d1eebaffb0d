"""Decodes one stream and gives out whole pictures only: after a loss nothing until the next key frame."""

import logging
from dataclasses import dataclass, field

import av

from embereye_addon.sources.camera.hardware import Unit, decoder
from embereye_addon.sources.camera.nal import HEAD_BYTES, Continuity
from embereye_addon.sources.camera.rtsp import Arrived, Opened

_log = logging.getLogger(__name__)

BARREN_KEYS = 4
"""Key frames in a row without a whole picture after which the decoder is changed for a more forgiving one."""
DELAYED_MAX = 64
"""Arrivals kept for pictures that come out later than their packet went in; no codec here delays more than 16."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole decoded picture with the arrival of its own packet; `filtered` unless the loop filter was left out."""

    frame: "av.VideoFrame"
    at: float
    mono_s: float
    filtered: bool


@dataclass(slots=True)
class Decoder:
    """One stream's decoder, used by one thread. `unfiltered` may be set at any time: it counts from a key frame on.

    `damaged` counts packets that gave no picture fit to look at, `losses` how often a loss was noticed; `why` says
    why it is not decoded on the hardware that was asked for.
    """

    opened: Opened
    choice: str
    source: str
    unfiltered: bool = False
    damaged: int = 0
    losses: int = 0
    why: str = ""
    unit: Unit = field(init=False)
    _strict: bool = True
    _runs_unfiltered: bool = False
    _waits: bool = True
    _barren: int = 0
    _proved: bool = False
    _key_pts: int = -(1 << 62)
    _continuity: Continuity = field(default_factory=Continuity)
    _arrivals: dict[int, Arrived] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """May raise what `hardware.decoder` raises."""
        self._renew()
        self.why = self.unit.why
        if self.why and self.choice != "auto":
            _log.warning("%s: decoded in software: %s", self.source, self.why)

    def decode(self, arrived: Arrived) -> list[Picture]:
        """The whole pictures that come out of this packet, mostly one; never raises for damaged packets."""
        if arrived.key:
            self._begin(arrived)
        head = bytes(memoryview(arrived.packet)[:HEAD_BYTES]) if self.opened.codec == "h264" else b""
        gap = self._continuity.lost(self.opened.codec, head, arrived.key)
        if self._waits or gap:
            if not self._waits:
                self.lose()
            self.damaged += 1
            return []
        if arrived.packet.pts is not None:
            self._arrivals[arrived.packet.pts] = arrived
        try:
            frames = self._decoded(arrived)
        except av.error.FFmpegError:
            self.damaged += 1
            if not self._leads(arrived.packet.pts):
                self.lose()
            return []
        return self._whole(frames, arrived)

    def _decoded(self, arrived: Arrived) -> "list[av.VideoFrame]":
        try:
            return self.unit.context.decode(arrived.packet)
        except av.error.FFmpegError:
            if not self.unit.hardware or self._proved:
                raise
        self._to_software()  # some hardware is only asked for at the first picture
        return self.unit.context.decode(arrived.packet)

    @property
    def vouches(self) -> bool:
        """Whether a loss cannot pass unnoticed here; else pictures must be looked through for empty parts."""
        return self._strict and not self.unit.hardware and self._continuity.checks

    def lose(self) -> None:
        """Something is missing: give out nothing more before the next key frame."""
        self.losses += 1
        self._waits = True

    def _begin(self, arrived: Arrived) -> None:
        """A key frame: what was wrong before it is over, and another kind of decoder can take over."""
        self._barren += 1
        if self._barren > BARREN_KEYS and (self._strict or self.unit.hardware):
            self._forgive()
        elif self.unfiltered is not self._runs_unfiltered:
            self._renew()
        elif self._waits:
            self.unit.context.flush_buffers()
            self._arrivals.clear()
        self._waits = False
        self._key_pts = arrived.packet.pts if arrived.packet.pts is not None else -(1 << 62)

    def _forgive(self) -> None:
        self._barren = 0
        if self.unit.hardware:
            self._to_software()
            return
        _log.warning("%s: the stream breaks its codec's rules; slight damage is overlooked from now on", self.source)
        self._strict = False
        self._renew()

    def _to_software(self) -> None:
        self.why = f"{self.unit.hardware.upper()} cannot decode this stream on this machine"
        _log.warning("%s: decoded in software: %s", self.source, self.why)
        self.choice = "software"
        self._renew()

    def _renew(self) -> None:
        self.unit = decoder(self.opened, self.choice, self.unfiltered, self._strict)
        self._runs_unfiltered = self.unfiltered
        self._arrivals.clear()

    def _leads(self, pts: int | None) -> bool:
        """Whether a picture is shown before the key frame it was sent after: it may lack what was before that."""
        return pts is not None and pts < self._key_pts

    def _whole(self, frames: "list[av.VideoFrame]", arrived: Arrived) -> list[Picture]:
        found: list[Picture] = []
        for frame in frames:
            own = self._arrivals.pop(frame.pts, arrived) if frame.pts is not None else arrived
            if frame.is_corrupt:
                self.damaged += 1
                if not self._leads(frame.pts):
                    self.lose()
                    break
                continue
            self._barren, self._proved = 0, True
            filtered = not self._runs_unfiltered or bool(self.unit.hardware) or bool(frame.key_frame)
            found.append(Picture(frame, own.at, own.mono_s, filtered))
        while len(self._arrivals) > DELAYED_MAX:
            del self._arrivals[next(iter(self._arrivals))]
        return found
