"""One PF device as far as its packets tell: names, calibration, what of it can be believed, and how long it is quiet.

Pure, no I/O. A connection has one of them, behind a bus gateway several; `session` gives each its packets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf.commands import Commands
from embereye_addon.sources.pf.events import (
    Back,
    Calibrated,
    Event,
    FrameSeen,
    Identified,
    Late,
    SensorSeen,
    Setup,
    Silent,
    Uncalibrated,
)
from embereye_addon.sources.pf.identity import Identity, Names
from embereye_addon.sources.pf.mlx90640 import Calibration, calibrate
from embereye_addon.sources.pf.plausibility import Plausibility
from embereye_addon.sources.pf.rhythm import Cycle

LATE_S = 15.0  # or three periods, whichever is longer
SILENT_S = 20.0
PERIODS = 3
BURST_FRAMES = 2.0  # network jitter may bring frames together


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame that waits to be judged: its words and when it came."""

    words: NDArray[np.uint16]
    mono_s: float
    at_s: float


class Unit:
    """One device of a connection. Times are monotonic seconds that never go back; `at_s` is UTC."""

    def __init__(self, names: Names, commands: Commands, cycle: Cycle, mono_s: float, tag: str = "") -> None:
        """`commands` of its connection, `cycle` its own there, `tag` where several devices share the connection."""
        self.tag = tag
        self.plausibility = Plausibility()
        self.packets = 0
        self.rejected = 0
        self.skipped_frames = 0
        self.ever_valid = False
        self.last_valid_s = mono_s
        self.last_frame_s = mono_s  # last good or uncalibrated frame, for what depends on pictures
        self.late = False
        self.calibration: Calibration | None = None
        self.provisional = False
        self.setup: Setup | None = None
        self.siren: bool | None = None  # what its siren should do; None: nobody said
        self.cycle = cycle
        self.names = names.all()
        self._all_names = names
        self._commands = commands
        self._eeprom: NDArray[np.uint16] | None = None
        self._candidate: NDArray[np.uint16] | None = None
        self._silent = False
        self._held: _Held | None = None
        self._next_frame_s = mono_s
        self._events: list[Event] = []

    @property
    def identity(self) -> Identity:
        """The best name so far."""
        return self.names[0]

    @property
    def sensor_id(self) -> str:
        """The chip's own number, once this connection's dump has told it."""
        return self.calibration.sensor_id if self.calibration is not None and not self.provisional else ""

    @property
    def interval_s(self) -> float:
        """Its learned period (at least that of the requests), 0 while unknown."""
        return max(self.cycle.learned_s, self._commands.manner.request_every_s)

    @property
    def holds(self) -> bool:
        """Whether a frame waits to be judged."""
        return self._held is not None

    def events(self) -> list[Event]:
        """What happened since this was asked last."""
        events, self._events = self._events, []
        return events

    # Whether it is accepted.

    def adopt(self, setup: Setup) -> None:
        """The device is accepted: from now on its frames and inputs become events. May be called again."""
        self.setup = setup
        cached = setup.cached
        if self._eeprom is not None and (cached is None or not np.array_equal(cached, self._eeprom)):
            self._forget_cached()
        if cached is None or (self._eeprom is not None and np.array_equal(cached, self._eeprom)):
            self._calibrated()
            return
        calibration = calibrate(cached)
        if isinstance(calibration, str):
            self._events.append(Uncalibrated(calibration))
            return
        if self._eeprom is not None:  # this connection's dump differs: it needs a second, identical read
            self._candidate = self._eeprom
            self._commands.want_eeprom(self.last_valid_s, self.cycle)
        self._use(calibration, cached, provisional=True)
        self._calibrated()

    def release(self) -> None:
        """The device is not accepted (any more): it feeds nothing."""
        self.setup = None
        self.siren = None
        self._held = None
        self._forget_cached()

    def renew(self) -> None:
        """It may be another device from now on: nothing read before may serve it."""
        self.calibration, self._eeprom, self._candidate, self.provisional = None, None, None, False
        self.plausibility.forget()
        self._commands.want_eeprom(self.last_valid_s, self.cycle)

    # What it says.

    def heard(self, mono_s: float) -> None:
        """Something valid came."""
        if self.late:
            self._events.append(Back(mono_s - self.last_valid_s))
        self.late = self._silent = False
        self.ever_valid = True
        self.last_valid_s = mono_s

    def named(self, packet_type: str, tag: str, location: str = "", identity: str = "") -> None:
        """What a packet says of who sends it; '' for what it does not say. No type: a packet of that alone."""
        names = self._all_names
        if packet_type:
            names.tag(packet_type, tag)
        names.locate(location)
        names.declare(identity)
        if names.changed:
            known = names.all()
            if known[0] != self.names[0]:
                self._events.append(Identified(known[0]))
            self.names = known

    def inputs(self, values: dict[str, float], mono_s: float, at_s: float) -> None:
        """A packet with inputs."""
        if self.setup is not None:
            self._events.append(SensorSeen(values, at_s, mono_s))

    def frame(self, words: NDArray[np.uint16], mono_s: float, at_s: float, *, hold: bool) -> None:
        """Judge a frame now, or hold it where the device is faster than allowed; the newest wins."""
        setup = self.setup
        if setup is None:
            return
        if self._held is not None:
            self.skipped_frames += 1
            self._held = None
        if hold or mono_s < self._next_frame_s - BURST_FRAMES / setup.max_frames_hz:
            self._held = _Held(words, mono_s, at_s)
            return
        self._judge(setup, _Held(words, mono_s, at_s), mono_s)

    def release_held(self, mono_s: float) -> None:
        """Judge the frame that was held, if it may be judged by now."""
        setup, held = self.setup, self._held
        if setup is None or held is None or mono_s < self._next_frame_s - BURST_FRAMES / setup.max_frames_hz:
            return
        self._held = None
        self._judge(setup, held, mono_s)

    def _judge(self, setup: Setup, frame: _Held, mono_s: float) -> None:
        self._next_frame_s = max(self._next_frame_s, mono_s) + 1.0 / setup.max_frames_hz
        judged = self.plausibility.judge(self.calibration, frame.words, setup.emissivity, setup.reflected_c)
        if judged.dropped:
            return
        self.last_frame_s = frame.mono_s
        conversion = judged.conversion
        self._events.append(
            FrameSeen(frame.words, conversion is not None, conversion, judged.why, frame.at_s, frame.mono_s)
        )

    def dump(self, words: NDArray[np.uint16], mono_s: float) -> None:
        """A dump has no checksum: one that differs from the known one must come twice before it is used."""
        enough = self._took(words)
        self._commands.eeprom_came(mono_s, self.cycle, enough=enough)

    def _took(self, words: NDArray[np.uint16]) -> bool:
        """Whether this dump settles the calibration."""
        known = self._eeprom
        if known is not None and np.array_equal(words, known):
            if self.provisional:
                self.provisional = False
                self._calibrated()
            self._candidate = None
            return True
        calibration = calibrate(words)
        if isinstance(calibration, str):
            self._events.append(Uncalibrated(calibration))
            return False
        swapped = self.setup is not None and self.setup.chip not in ("", calibration.sensor_id)
        again = self._candidate is not None and np.array_equal(words, self._candidate)
        if (known is not None or swapped) and not again:
            self._candidate = words
            return False
        self._candidate = None
        self._use(calibration, words, provisional=False)
        self._calibrated()
        return True

    def _use(self, calibration: Calibration, words: NDArray[np.uint16], *, provisional: bool) -> None:
        self.calibration, self._eeprom, self.provisional = calibration, words, provisional
        self.plausibility.forget()

    def _forget_cached(self) -> None:
        """A cached dump belongs to the device that was accepted, not to whoever this connection is next."""
        if self.provisional:
            self.calibration, self._eeprom, self.provisional = None, None, False
            self.plausibility.forget()
            self._commands.want_eeprom(self.last_valid_s, self.cycle)

    def _calibrated(self) -> None:
        if self.calibration is not None and self._eeprom is not None:
            self._events.append(Calibrated(self.calibration, self._eeprom, self.provisional))

    # How long it is quiet.

    def tick(self, mono_s: float) -> bool:
        """Time passed; whether it is late from now on."""
        self.release_held(mono_s)
        quiet_s = mono_s - self.last_valid_s
        periods_s = PERIODS * self.interval_s
        fell_late = not self.late and quiet_s >= max(LATE_S, periods_s)
        if fell_late:
            self.late = True
            self._events.append(Late(quiet_s))
        if not self._silent and quiet_s >= max(SILENT_S, periods_s):
            self._silent = True
            self.plausibility.forget()
            self._events.append(Silent(quiet_s))
        return fell_late
