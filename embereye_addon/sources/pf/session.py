"""The conversation with one connected PF device: bytes and time in, events and commands out. Pure, no I/O.

One object per connection. What the device says is framed, parsed, named and judged here; what to send it is
decided by `commands`. Nothing a device sends raises.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf.commands import STREAMS, Commands, Manner
from embereye_addon.sources.pf.identity import Identity, Names
from embereye_addon.sources.pf.mlx90640 import Calibration, Conversion, calibrate
from embereye_addon.sources.pf.packets import (
    EepromPacket,
    FramePacket,
    Framer,
    IdPacket,
    LocPacket,
    Rejected,
    SensorPacket,
    newest_frames,
    parse,
)
from embereye_addon.sources.pf.plausibility import Plausibility

LATE_S = 15.0  # or three periods, whichever is longer
SILENT_S = 20.0
PERIODS = 3
OPEN_PACKET_S = 10.0
NOTHING_VALID_S = 180.0  # the ladder of start commands takes a minute, so not sooner
OVERSIZE_LIMIT = 3
OVERSIZE_WITHIN_S = 60.0
CHUNK_FRAMES = 3  # of one chunk; more have waited in the system and are old
BURST_FRAMES = 2.0  # network jitter may bring frames together
NEWER_KEYS = frozenset({"BUTTON", "MQ_IN", "MPY_IN"})


@dataclass(frozen=True, slots=True)
class Setup:
    """What the settings say about an accepted device, its last known EEPROM, uint16 [832], and its chip's number."""

    emissivity: float | NDArray[np.float64] = 0.95
    reflected_c: float | NDArray[np.float64] | None = None
    max_frames_hz: float = 16.0
    cached: NDArray[np.uint16] | None = None
    manner: Manner = STREAMS
    chip: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FrameSeen:
    """A thermal frame: its words, and temperatures if it has any; else `why` says in words what is missing.

    `radiometric` is true where `conversion` is not None. `at` is UTC seconds, `mono_s` monotonic, at arrival.
    """

    words: NDArray[np.uint16]
    radiometric: bool
    conversion: Conversion | None
    why: str
    at: float
    mono_s: float


@dataclass(frozen=True, slots=True)
class SensorSeen:
    """The device's inputs by upper-case key, unknown ones too."""

    values: dict[str, float]
    at: float
    mono_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """Temperatures can be computed; `provisional`: from an earlier dump, not yet confirmed by the device."""

    calibration: Calibration
    words: NDArray[np.uint16]
    provisional: bool


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """A dump was refused, for this reason in words; an earlier calibration stays in use."""

    reason: str


@dataclass(frozen=True, slots=True)
class Identified:
    """The best name of this connection is now another one."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Late:
    """Nothing valid for three periods (at least 15 s); the device is being asked to stream again."""

    quiet_s: float


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing valid for three periods (at least 20 s): the device has to be taken for lost."""

    quiet_s: float


@dataclass(frozen=True, slots=True)
class Back:
    """Something valid again after `Late` or `Silent`."""

    quiet_s: float


_Good = FramePacket | SensorPacket | EepromPacket | IdPacket | LocPacket
Event = FrameSeen | SensorSeen | Calibrated | Uncalibrated | Identified | Late | Silent | Back


@dataclass(slots=True)
class Counts:
    """What came and what was dropped on one connection; `reasons` counts rejected packets by reason."""

    received_bytes: int = 0
    packets: int = 0
    frames: int = 0
    inputs: int = 0
    eeproms: int = 0
    rejected: int = 0
    skipped_frames: int = 0
    bad_keys: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Session:
    """One connection's conversation. Times are monotonic seconds that never go back; `at_s` is UTC."""

    def __init__(self, address: str, mono_s: float) -> None:
        """`address` is the peer without port."""
        self.counts = Counts()
        self.framer = Framer()
        self.plausibility = Plausibility()
        self.commands = Commands(mono_s)
        self.rejected_in_row = 0
        self.last_rejected = ""
        self.ever_valid = False
        self.last_valid_s = mono_s
        self.last_frame_s = mono_s  # last good or uncalibrated frame, for what depends on pictures
        self.calibration: Calibration | None = None
        self.provisional = False
        self._began_s = mono_s
        self._names = Names(address)
        self.names = self._names.all()
        self._setup: Setup | None = None
        self._eeprom: NDArray[np.uint16] | None = None
        self._candidate: NDArray[np.uint16] | None = None
        self._open_since_s = mono_s
        self._oversize: deque[float] = deque(maxlen=OVERSIZE_LIMIT)
        self._late = False
        self._silent = False
        self._held: tuple[NDArray[np.uint16], float, float] | None = None
        self._hold = False
        self._next_frame_s = mono_s

    @property
    def identity(self) -> Identity:
        """The best name so far."""
        return self.names[0]

    @property
    def sensor_id(self) -> str:
        """The chip's own number, once this connection's dump has told it."""
        return self.calibration.sensor_id if self.calibration is not None and not self.provisional else ""

    def adopt(self, setup: Setup) -> list[Event]:
        """The device is accepted: from now on its frames and inputs become events. May be called again."""
        self._setup = setup
        self.commands.obey(setup.manner)
        cached = setup.cached
        if self._eeprom is not None and (cached is None or not np.array_equal(cached, self._eeprom)):
            self._forget_cached()
        if cached is None or (self._eeprom is not None and np.array_equal(cached, self._eeprom)):
            return self._calibrated()
        calibration = calibrate(cached)
        if isinstance(calibration, str):
            return [Uncalibrated(calibration)]
        if self._eeprom is not None:  # this connection's dump differs: it needs a second, identical read
            self._candidate = self._eeprom
            self.commands.want_eeprom(self.last_valid_s)
        self._use(calibration, cached, provisional=True)
        return self._calibrated()

    def release(self) -> None:
        """The device is not accepted (any more): it feeds nothing."""
        self._setup = None
        self._held = None
        self.commands.release()
        self._forget_cached()

    def feed(self, chunk: bytes, mono_s: float, at_s: float, *, hold: bool = False) -> list[Event]:
        """Take what arrived, in any chunking; give what it means. `hold`: keep the newest frame for `held_frame`."""
        events: list[Event] = []
        self.counts.received_bytes += len(chunk)
        was_open, oversize = self.framer.is_open, self.framer.oversize
        bodies = self.framer.feed(chunk)
        for _ in range(self.framer.oversize - oversize):
            self._oversize.append(mono_s)
        if bodies or not was_open:
            self._open_since_s = mono_s
        self._hold = hold
        for body in self._worth_reading(bodies) if len(bodies) > CHUNK_FRAMES or hold else bodies:
            packet = parse(body)
            self.counts.packets += 1
            if isinstance(packet, Rejected):
                self._reject(packet, mono_s)
            else:
                self._valid(mono_s, events)
                self._take(packet, mono_s, at_s, events)
        if not hold:
            self._release_held(mono_s, events)
        return events

    def _worth_reading(self, bodies: list[bytes]) -> list[bytes]:
        """All but the frames that newer ones of the same chunk replace: they are counted, and not even read."""
        newest = newest_frames(bodies, 1 if self._hold else CHUNK_FRAMES)
        older = len(bodies) - len(newest)
        self.counts.packets += older
        self.counts.frames += older
        self.counts.skipped_frames += older if self._setup is not None else 0
        return newest

    @property
    def holds(self) -> bool:
        """Whether a frame waits to be judged."""
        return self._held is not None

    def held_frame(self, mono_s: float) -> list[Event]:
        """Judge the frame that was held, if it may be judged by now."""
        events: list[Event] = []
        self._release_held(mono_s, events)
        return events

    def tick(self, mono_s: float) -> tuple[list[Event], list[bytes]]:
        """Time passed: what that means, and the bytes to send. To be called about five times a second."""
        events: list[Event] = []
        if self.framer.is_open and mono_s - self._open_since_s > OPEN_PACKET_S:
            self.framer.abandon()
        self._release_held(mono_s, events)
        quiet_s = mono_s - self.last_valid_s
        periods_s = PERIODS * self.commands.interval_s
        if not self._late and quiet_s >= max(LATE_S, periods_s):
            self._late = True
            if self.ever_valid:
                self.commands.restart(mono_s)
            events.append(Late(quiet_s))
        if not self._silent and quiet_s >= max(SILENT_S, periods_s):
            self._silent = True
            self.plausibility.forget()
            events.append(Silent(quiet_s))
        command = self.commands.due(mono_s, receiving=self.framer.is_open)
        return events, [] if command is None else [command]

    def hopeless(self, mono_s: float) -> str:
        """Why this connection should be closed, in words; nothing as a rule."""
        if not self.ever_valid and mono_s - self._began_s > NOTHING_VALID_S:
            return "nothing it sent could be read for three minutes"
        if len(self._oversize) == OVERSIZE_LIMIT and mono_s - self._oversize[0] < OVERSIZE_WITHIN_S:
            return "it sent packets without an end, three in a minute"
        return ""

    def _reject(self, packet: Rejected, mono_s: float) -> None:
        self.counts.rejected += 1
        self.counts.reasons[packet.reason] += 1
        self.rejected_in_row += 1
        self.last_rejected = packet.start
        if packet.start.startswith("frame"):  # a damaged frame still tells when the next one comes
            self.commands.frame_came(mono_s)

    def _valid(self, mono_s: float, events: list[Event]) -> None:
        if self._late:
            events.append(Back(mono_s - self.last_valid_s))
        self._late = self._silent = False
        self.ever_valid = True
        self.last_valid_s = mono_s
        self.rejected_in_row = 0

    def _take(self, packet: _Good, mono_s: float, at_s: float, events: list[Event]) -> None:
        match packet:
            case FramePacket():
                self.counts.frames += 1
                self.commands.frame_came(mono_s)
                self._name(packet.tag, "frame", packet.location)
                self._frame(packet.words, mono_s, at_s, events)
            case SensorPacket():
                self._inputs(packet, mono_s, at_s, events)
            case EepromPacket():
                self.counts.eeproms += 1
                self._name(packet.tag, "EEPROM", "")
                self._dump(packet.words, mono_s, events)
            case IdPacket():
                self._names.declare(packet.identity)
            case _:
                self._names.locate(packet.location)
        if self._names.changed:
            names = self._names.all()
            if names[0] != self.names[0]:
                events.append(Identified(names[0]))
            self.names = names

    def _name(self, tag: str, packet_type: str, location: str) -> None:
        self._names.tag(packet_type, tag)
        self._names.locate(location)

    def _inputs(self, packet: SensorPacket, mono_s: float, at_s: float, events: list[Event]) -> None:
        self.counts.inputs += 1
        self.counts.bad_keys += packet.bad_keys
        self._name(packet.tag, "Sensor", packet.location)
        self._names.declare(packet.identity)
        if self.counts.inputs == 1 and not NEWER_KEYS.isdisjoint(packet.values):
            self.commands.want_identity()
        self.commands.inputs_came(mono_s)
        if self._setup is not None:
            events.append(SensorSeen(packet.values, at_s, mono_s))

    def _frame(self, words: NDArray[np.uint16], mono_s: float, at_s: float, events: list[Event]) -> None:
        """Judge a frame now, or hold it where the device is faster than allowed; the newest wins."""
        setup = self._setup
        if setup is None:
            return
        if self._held is not None:
            self.counts.skipped_frames += 1
            self._held = None
        if self._hold or mono_s < self._next_frame_s - BURST_FRAMES / setup.max_frames_hz:
            self._held = (words, mono_s, at_s)
            return
        self._next_frame_s = max(self._next_frame_s, mono_s) + 1.0 / setup.max_frames_hz
        self._judge(setup, words, mono_s, at_s, events)

    def _release_held(self, mono_s: float, events: list[Event]) -> None:
        setup, held = self._setup, self._held
        if setup is None or held is None or mono_s < self._next_frame_s - BURST_FRAMES / setup.max_frames_hz:
            return
        self._held = None
        self._next_frame_s = max(self._next_frame_s, mono_s) + 1.0 / setup.max_frames_hz
        self._judge(setup, *held, events)

    def _judge(self, setup: Setup, words: NDArray[np.uint16], mono_s: float, at_s: float, events: list[Event]) -> None:
        judged = self.plausibility.judge(self.calibration, words, setup.emissivity, setup.reflected_c)
        if judged.dropped:
            return
        self.last_frame_s = mono_s
        events.append(FrameSeen(words, judged.conversion is not None, judged.conversion, judged.why, at_s, mono_s))

    def _dump(self, words: NDArray[np.uint16], mono_s: float, events: list[Event]) -> None:
        """A dump has no checksum: one that differs from the known one must come twice before it is used."""
        known = self._eeprom
        if known is not None and np.array_equal(words, known):
            if self.provisional:
                self.provisional = False
                events.extend(self._calibrated())
            self._candidate = None
            self.commands.eeprom_came(mono_s, enough=True)
            return
        calibration = calibrate(words)
        if isinstance(calibration, str):
            self.commands.eeprom_came(mono_s, enough=False)
            events.append(Uncalibrated(calibration))
            return
        swapped = self._setup is not None and self._setup.chip not in ("", calibration.sensor_id)
        if (known is not None or swapped) and not (
            self._candidate is not None and np.array_equal(words, self._candidate)
        ):
            self._candidate = words
            self.commands.eeprom_came(mono_s, enough=False)
            return
        self._candidate = None
        self._use(calibration, words, provisional=False)
        self.commands.eeprom_came(mono_s, enough=True)
        events.extend(self._calibrated())

    def _use(self, calibration: Calibration, words: NDArray[np.uint16], *, provisional: bool) -> None:
        self.calibration, self._eeprom, self.provisional = calibration, words, provisional
        self.plausibility.forget()

    def _forget_cached(self) -> None:
        """A cached dump belongs to the device that was accepted, not to whoever this connection is next."""
        if self.provisional:
            self.calibration, self._eeprom, self.provisional = None, None, False
            self.plausibility.forget()
            self.commands.want_eeprom(self.last_valid_s)

    def _calibrated(self) -> list[Event]:
        if self.calibration is None or self._eeprom is None:
            return []
        return [Calibrated(self.calibration, self._eeprom, self.provisional)]
