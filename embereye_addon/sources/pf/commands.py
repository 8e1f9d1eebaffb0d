"""What to send a PF device, and when: the link behind its TCP bridge is half duplex and slow. Pure.

A command that meets a transmission destroys bytes of it and is lost itself, so commands wait for the quiet
part of the cycle: after the packet with the inputs, and well before the next frame.
"""

from dataclasses import dataclass

from embereye_addon.sources.pf.rhythm import (
    ANSWER_S,
    CROWDED_BEFORE_S,
    KICK_S,
    LONGEST_PAUSE_S,
    QUIET_BEFORE_S,
    UNKNOWN_WINDOW_S,
    Cycle,
    Said,
)

FIRST_COMMAND_S = 0.5  # after accept; some peers want a read of its own for each command
BETWEEN_COMMANDS_S = 1.0
LADDER_STEP_S = 10.0
RESTART_PAUSE_S = 30.0  # first pause after asking a device again that had streamed before

UNASKED = 3  # so many frames after one request: it streams, and is told to stop
CROWDED_S = 15.0  # several devices without a quiet window for so long: a shorter one has to do
FORM_ROUNDS = 5  # a form that worked once and then not so often may be another device's: all are tried again

EEPROM_TIMEOUT_S = 12.0
EEPROM_PERIODS = 2.5  # the answer comes with the next cycle, so slow devices get longer
EEPROM_TRIES = 5
EEPROM_PAUSE_S = 3600.0

_START_LADDER = (b"PERIOD_ON", b"\n", b"PERIOD_ON\n", b"PERIOD_ON\r\n", b"PERIODIC_ON")
_REQUEST_LADDER = (b"REQUEST1", b"\n", b"REQUEST1\n", b"REQUEST1\r\n")
# The lone line end clears what a line-based peer made of the two bare commands.
_EEPROM_LADDER = (b"EEPROM1", b"EEPROM1", b"\n", b"EEPROM1\n", b"EEPROM1")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device is to be spoken to: a line end that is forced (None: found out), and seconds between requests.

    `request_every_s` 0: it streams by itself once started; else each frame is asked for.
    """

    line_end: bytes | None = None
    request_every_s: float = 0.0


STREAMS = Manner()


class Commands:
    """Decides the next command of one connection; told of everything valid that arrives.

    Behind a bus gateway several devices share the connection. Commands carry no address, so each reaches all of them:
    one waits until none of the devices sends, and what one device needs is asked of all.
    """

    def __init__(self, mono_s: float) -> None:
        self.form = b""  # the start command that worked, once one did
        self.manner = STREAMS
        self.cycles: tuple[Cycle, ...] = (Cycle(),)  # of each device behind this connection
        self._streaming = False
        self._sent_s = float("-inf")
        self._last_start = b""
        self._step = 0
        self._round = 0
        self._next_start_s = mono_s + FIRST_COMMAND_S
        self._eeprom_tries = 0
        self._eeprom_asked_s = float("-inf")
        self._eeprom_limit_s = float("-inf")  # until then the answer may come
        self._next_eeprom_s = mono_s
        self._identity_wanted = False
        self._siren_on = False
        self._siren_sends = 0
        self._siren_window = -1
        self._window = 0  # counts packets with inputs and lone frames: each opens a window of its own
        self._asked_s = float("-inf")
        self._quiet_s = mono_s  # the last time none of several devices was sending

    @property
    def interval_s(self) -> float:
        """The longest learned period of its devices (at least that of the requests), 0 while unknown."""
        return max(self.manner.request_every_s, *(cycle.learned_s for cycle in self.cycles))

    def know(self, form: bytes) -> None:
        """The start command that worked for this device before, or nothing; ignored once one has been sent."""
        if not self._last_start:
            self.form = form

    def obey(self, manner: Manner) -> None:
        """What the settings say, from now on."""
        if manner != self.manner:
            self.manner, self._step, self._round = manner, 0, 0

    def want_siren(self, *, on: bool) -> None:
        """The device's siren on or silenced: said in the next quiet window and once more in the one after it.

        Only the newest wish is ever kept, so a late ALARM_ON cannot overtake an ACK_ON.
        """
        self._siren_on, self._siren_sends = on, 2

    def release(self) -> None:
        """The device belongs to another connection: no order of its siren may come from this one."""
        self._siren_sends = 0

    def part(self, count: int, mono_s: float) -> tuple[Cycle, ...]:
        """So many devices are behind this connection: their cycles, those known in front; dumps are asked for again."""
        known = self.cycles if len(self.cycles) > 1 else ()
        self.cycles = known + tuple(Cycle() for _ in range(count - len(known)))
        self._eeprom_tries, self._next_eeprom_s = 0, mono_s
        return self.cycles

    def frame_came(self, mono_s: float, cycle: Cycle | None = None) -> None:
        """A frame is complete, good or not; of this device, or of the only one."""
        cycle = cycle or self.cycles[0]
        cycle.frames.beat(mono_s)
        self._window += cycle.inputs.last_s < mono_s - UNKNOWN_WINDOW_S
        cycle.unasked += 1
        cycle.kick_pause_s = KICK_S
        self._streams()

    def inputs_came(self, mono_s: float, cycle: Cycle | None = None) -> None:
        """A packet with inputs is complete."""
        (cycle or self.cycles[0]).inputs.beat(mono_s)
        self._window += 1
        self._streams()

    def _streams(self) -> None:
        if not self._streaming:
            self._streaming = True
            if self._last_start:
                self.form = self._word() + b"\n" if self._last_start == b"\n" else self._last_start
            self._step = self._round = 0

    def eeprom_came(self, mono_s: float, cycle: Cycle | None = None, *, enough: bool) -> None:
        """A dump arrived; unless it was `enough`, the next window asks again."""
        cycle = cycle or self.cycles[0]
        cycle.dump_s = mono_s
        cycle.dump_wanted = not enough
        if not enough and self._eeprom_tries:  # else the tries are used up, and the long pause stands
            self._next_eeprom_s = mono_s

    def want_eeprom(self, mono_s: float, cycle: Cycle | None = None) -> None:
        """Ask for the dump (again) from now on."""
        (cycle or self.cycles[0]).dump_wanted = True
        self._eeprom_tries, self._next_eeprom_s = 0, mono_s

    def want_identity(self) -> None:
        """Ask newer hardware for its serial number, once, after the EEPROM is through."""
        self._identity_wanted = True

    def restart(self, mono_s: float, *, anew: bool) -> None:
        """Nothing readable comes: ask for the stream again, at once and then at growing intervals.

        Not as long as damaged frames come: they show that it streams, and a start would meet one of them. Not `anew`:
        this was said before, and what has been begun goes on.
        """
        if (anew or self._streaming) and all(cycle.is_over(mono_s) for cycle in self.cycles):
            self._streaming = False
            self._step = self._round = 0
            self._next_start_s = mono_s

    def due(self, mono_s: float, *, receiving: bool) -> bytes | None:
        """The command to send now, if any. `receiving`: a packet has begun and not ended."""
        if receiving or mono_s - self._sent_s < BETWEEN_COMMANDS_S:
            return None
        if not self._streaming:
            command = self._order_siren(mono_s) or self._start(mono_s)
        else:
            command = self._question(mono_s) if self._quiet(mono_s) else None
        if command is not None:
            self._sent_s = mono_s
        return command

    def _word(self) -> bytes:
        return b"REQUEST1" if self.manner.request_every_s else b"PERIOD_ON"

    def _line_end(self) -> bytes:
        if self.manner.line_end is not None:
            return self.manner.line_end
        return self.form[len(self.form.rstrip(b"\r\n")) :]

    def _known_start(self) -> bytes:
        """The start command that worked, in the words of the present mode; nothing where none is known."""
        if self.manner.line_end is None and self.form.startswith(b"PERIODIC_ON") and not self.manner.request_every_s:
            return self.form
        return self._word() + self._line_end() if self.form or self.manner.line_end is not None else b""

    def _ladder(self) -> tuple[bytes, ...]:
        known = self._known_start()
        if known and (self._round < FORM_ROUNDS or self.manner.line_end is not None):
            return (known,)
        ladder = _REQUEST_LADDER if self.manner.request_every_s else _START_LADDER
        return (known, *ladder) if known else ladder

    def _start(self, mono_s: float) -> bytes | None:
        """The ladder of forms, since peers differ in the line end they want; a form that worked comes first."""
        if mono_s < self._next_start_s:
            return None
        ladder = self._ladder()
        step = min(self._step, len(ladder) - 1)
        command, pause_s = ladder[step], LADDER_STEP_S
        self._step = step + 1
        if self._step == len(ladder):
            first_s = RESTART_PAUSE_S if self._known_start() else LADDER_STEP_S
            pause_s = min(LONGEST_PAUSE_S, first_s * 2.0 ** min(self._round, 10))
            self._step, self._round = 0, self._round + 1
        self._next_start_s = mono_s + pause_s
        self._last_start = command
        self._asks(mono_s)
        return command

    def _question(self, mono_s: float) -> bytes | None:
        """What is most urgent in a quiet window."""
        if order := self._order_siren(mono_s):
            return order
        if order := self._request(mono_s) if self.manner.request_every_s else self._kick(mono_s):
            return order
        if any(cycle.dump_wanted for cycle in self.cycles):
            return self._ask_eeprom(mono_s)
        if self._identity_wanted:
            self._identity_wanted = False
            return b"DEVICE_ID" + self._line_end()
        return None

    def _order_siren(self, mono_s: float) -> bytes | None:
        """The siren's order; its repetition waits for the next window, or where none comes for a few seconds."""
        if not self._siren_sends or not self._siren_again(mono_s):
            return None
        self._siren_sends -= 1
        self._siren_window = self._window
        return (b"ALARM_ON" if self._siren_on else b"ACK_ON") + self._line_end()

    def _siren_again(self, mono_s: float) -> bool:
        """Whether this is the first order, or a window after it."""
        if self._siren_sends > 1 or self._window > self._siren_window:
            return True
        return not self._streaming and mono_s - self._sent_s >= ANSWER_S

    def _request(self, mono_s: float) -> bytes | None:
        """The next frame of a device that sends only when asked; one that streams all the same is told to stop."""
        if any(cycle.unasked >= UNASKED for cycle in self.cycles):
            self._asks(self._asked_s)
            return b"PERIOD_OFF" + self._line_end()
        if mono_s - self._asked_s < self.manner.request_every_s:
            return None
        self._asks(mono_s)
        return b"REQUEST1" + self._line_end()

    def _asks(self, mono_s: float) -> None:
        """A frame of every device was asked for."""
        self._asked_s = mono_s
        for cycle in self.cycles:
            cycle.unasked = 0

    def _kick(self, mono_s: float) -> bytes | None:
        """Start again devices whose frames stopped while something goes on, at growing intervals."""
        stalled = [cycle for cycle in self.cycles if cycle.stalled(mono_s)]
        for cycle in stalled:
            cycle.kicked(mono_s)
        return (self._known_start() or self._word()) if stalled else None

    def _ask_eeprom(self, mono_s: float) -> bytes | None:
        if mono_s < self._next_eeprom_s:
            return None
        command = b"EEPROM1" + self._line_end() if self.form else _EEPROM_LADDER[self._eeprom_tries]
        self._eeprom_tries += 1
        self._eeprom_asked_s = mono_s
        self._eeprom_limit_s = mono_s + max(EEPROM_TIMEOUT_S, EEPROM_PERIODS * self.interval_s)
        self._next_eeprom_s = self._eeprom_limit_s
        if self._eeprom_tries == EEPROM_TRIES:
            self._eeprom_tries = 0
            self._next_eeprom_s = mono_s + EEPROM_PAUSE_S
        return command

    def _quiet(self, mono_s: float) -> bool:
        """Whether none of the devices sends now or soon; those that have stopped are not waited for."""
        said = Said(self._sent_s, self._eeprom_asked_s, self._eeprom_limit_s, self.manner.request_every_s > 0.0)
        if len(self.cycles) == 1:
            return self.cycles[0].is_quiet(mono_s, said, QUIET_BEFORE_S)
        going = [cycle for cycle in self.cycles if not cycle.is_over(mono_s)]
        if all(cycle.is_quiet(mono_s, said, QUIET_BEFORE_S) for cycle in going):
            self._quiet_s = mono_s
            return True
        crowded = mono_s - self._quiet_s > CROWDED_S
        return crowded and all(cycle.is_quiet(mono_s, said, CROWDED_BEFORE_S) for cycle in going)
