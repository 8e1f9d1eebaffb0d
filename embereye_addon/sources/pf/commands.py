"""What to send a PF device, and when: the link behind its TCP bridge is half duplex and slow. Pure.

A command that meets a transmission destroys bytes of it and is lost itself, so commands wait for the quiet
part of the cycle: after the packet with the inputs, and well before the next frame.
"""

from collections import deque
from statistics import median

FIRST_COMMAND_S = 0.5  # after accept; some peers want a read of its own for each command
BETWEEN_COMMANDS_S = 1.0
LADDER_STEP_S = 10.0
LONGEST_PAUSE_S = 300.0
RESTART_PAUSE_S = 30.0  # first pause after asking a device again that had streamed before

QUIET_AFTER_S = 0.1  # after the inputs or the EEPROM dump
FRAME_ALONE_S = 0.7  # after a frame whose inputs did not follow; they come 0.3 s after it
QUIET_BEFORE_S = 0.8  # before the end of the next frame: 0.5 s, and 0.3 s which a frame takes at 115200 baud
UNKNOWN_WINDOW_S = 1.5  # while the period is not known yet
FAST_S = 1.5  # a cycle takes 0.6 s at 115200 baud: whoever is this fast has no half-duplex link

EEPROM_TIMEOUT_S = 12.0
EEPROM_TRIES = 5
EEPROM_PAUSE_S = 3600.0

_START_LADDER = (b"PERIOD_ON", b"\n", b"PERIOD_ON\n", b"PERIOD_ON\r\n", b"PERIODIC_ON")
# The lone line end clears what a line-based peer made of the two bare commands.
_EEPROM_LADDER = (b"EEPROM1", b"EEPROM1", b"\n", b"EEPROM1\n", b"EEPROM1")


class Rhythm:
    """The learned interval between events, a median of the last eight; None before the second event."""

    __slots__ = ("_gaps", "interval_s", "last_s")

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=8)
        self.interval_s: float | None = None
        self.last_s = float("-inf")

    def beat(self, mono_s: float) -> None:
        """One more event."""
        if self.last_s > float("-inf"):
            self._gaps.append(mono_s - self.last_s)
            self.interval_s = median(self._gaps)
        self.last_s = mono_s


class Commands:
    """Decides the next command of one connection; told of everything valid that arrives."""

    def __init__(self, mono_s: float) -> None:
        self.form = b""  # the start command that worked, once one did
        self.frames = Rhythm()
        self.inputs = Rhythm()
        self._streaming = False
        self._sent_s = float("-inf")
        self._last_start = b""
        self._step = 0
        self._round = 0
        self._next_start_s = mono_s + FIRST_COMMAND_S
        self._eeprom_wanted = True
        self._eeprom_tries = 0
        self._eeprom_end_s = float("-inf")
        self._next_eeprom_s = mono_s
        self._identity_wanted = False

    @property
    def interval_s(self) -> float:
        """The learned period of the device, 0 while unknown."""
        return self.frames.interval_s or self.inputs.interval_s or 0.0

    def know(self, form: bytes) -> None:
        """The start command that worked for this device before, or nothing; ignored once one has been sent."""
        if not self._last_start:
            self.form = form

    def frame_came(self, mono_s: float) -> None:
        """A frame is complete, good or not."""
        self.frames.beat(mono_s)
        self._streams()

    def inputs_came(self, mono_s: float) -> None:
        """A packet with inputs is complete."""
        self.inputs.beat(mono_s)
        self._streams()

    def _streams(self) -> None:
        if not self._streaming:
            self._streaming = True
            if self._last_start:
                self.form = b"PERIOD_ON\n" if self._last_start == b"\n" else self._last_start
            self._step = self._round = 0

    def eeprom_came(self, mono_s: float, *, enough: bool) -> None:
        """A dump arrived; unless it was `enough`, the next window asks again."""
        self._eeprom_end_s = mono_s
        self._eeprom_wanted = not enough
        if self._eeprom_tries:  # else the tries are used up, and the long pause stands
            self._next_eeprom_s = mono_s

    def want_eeprom(self, mono_s: float) -> None:
        """Ask for the dump (again) from now on."""
        self._eeprom_wanted, self._eeprom_tries, self._next_eeprom_s = True, 0, mono_s

    def want_identity(self) -> None:
        """Ask newer hardware for its serial number, once, after the EEPROM is through."""
        self._identity_wanted = True

    def restart(self, mono_s: float) -> None:
        """The device fell silent: ask it to stream again, at once and then at growing intervals."""
        self._streaming = False
        self._step = self._round = 0
        self._next_start_s = mono_s

    def due(self, mono_s: float, *, receiving: bool) -> bytes | None:
        """The command to send now, if any. `receiving`: a packet has begun and not ended."""
        if receiving or mono_s - self._sent_s < BETWEEN_COMMANDS_S:
            return None
        command = self._start(mono_s) if not self._streaming else self._question(mono_s)
        if command is not None:
            self._sent_s = mono_s
        return command

    def _start(self, mono_s: float) -> bytes | None:
        """The ladder of forms, since peers differ in the line end they want; a form that worked stays."""
        if mono_s < self._next_start_s:
            return None
        ladder = (self.form,) if self.form else _START_LADDER
        command, pause_s = ladder[self._step], LADDER_STEP_S
        self._step += 1
        if self._step == len(ladder):
            first_s = RESTART_PAUSE_S if self.form else LADDER_STEP_S
            pause_s = min(LONGEST_PAUSE_S, first_s * 2.0 ** min(self._round, 10))
            self._step, self._round = 0, self._round + 1
        self._next_start_s = mono_s + pause_s
        self._last_start = command
        return command

    def _question(self, mono_s: float) -> bytes | None:
        if not self._quiet(mono_s):
            return None
        if self._eeprom_wanted:
            return self._ask_eeprom(mono_s)
        if self._identity_wanted:
            self._identity_wanted = False
            return b"DEVICE_ID" + self._line_end()
        return None

    def _ask_eeprom(self, mono_s: float) -> bytes | None:
        if mono_s < self._next_eeprom_s:
            return None
        command = b"EEPROM1" + self._line_end() if self.form else _EEPROM_LADDER[self._eeprom_tries]
        self._eeprom_tries += 1
        self._next_eeprom_s = mono_s + EEPROM_TIMEOUT_S
        if self._eeprom_tries == EEPROM_TRIES:
            self._eeprom_tries = 0
            self._next_eeprom_s = mono_s + EEPROM_PAUSE_S
        return command

    def _line_end(self) -> bytes:
        return self.form[len(self.form.rstrip(b"\r\n")) :]

    def _quiet(self, mono_s: float) -> bool:
        interval_s = self.frames.interval_s
        if interval_s is not None and interval_s < FAST_S:
            return True
        frame_s, inputs_s = self.frames.last_s, self.inputs.last_s
        begin_s = max(inputs_s, self._eeprom_end_s) + QUIET_AFTER_S
        if frame_s > inputs_s:
            begin_s = max(begin_s, frame_s + FRAME_ALONE_S)
        if interval_s is None:
            return begin_s <= mono_s <= begin_s + UNKNOWN_WINDOW_S
        return begin_s <= mono_s <= frame_s + interval_s - QUIET_BEFORE_S
