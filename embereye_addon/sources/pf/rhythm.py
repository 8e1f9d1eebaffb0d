"""When a PF device sends, learned from what came: its cycle, and the quiet part in which it can be spoken to. Pure."""

from collections import deque
from dataclasses import dataclass
from statistics import median

QUIET_AFTER_S = 0.1  # after the inputs or the EEPROM dump
DUMP_BEGINS_S = 0.7  # after the inputs, at the latest, where a dump has been asked for; real ones after 0.5 s
AFTER_FRAME_S = 0.3  # so long after a frame its inputs come
FRAME_ALONE_S = 0.7  # after a frame whose inputs did not follow; they come 0.3 s after it
QUIET_BEFORE_S = 0.8  # before the end of the next frame: 0.5 s, and 0.3 s which a frame takes at 115200 baud
CROWDED_BEFORE_S = 0.4  # where several devices on one line leave no such pause
UNKNOWN_WINDOW_S = 1.5  # while the period is not known yet
FAST_S = 1.5  # a cycle takes 0.6 s at 115200 baud: whoever is this fast has no half-duplex link
FAST_GAPS = 3  # fewer prove nothing: a stalled network brings the first frames together

KICK_S = 15.0  # or three periods: so long after its last frame a device that goes on speaking is started again
KICK_PERIODS = 3
LONGEST_PAUSE_S = 300.0
ANSWER_S = 3.0  # a device that sends only when asked answers within this


class Rhythm:
    """The learned interval between events, a median of the last eight; None before the second event."""

    __slots__ = ("_gaps", "interval_s", "last_s")

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=8)
        self.interval_s: float | None = None
        self.last_s = float("-inf")

    @property
    def is_fast(self) -> bool:
        """Whether this is proven to be too fast for a half-duplex link."""
        return self.interval_s is not None and self.interval_s < FAST_S and len(self._gaps) >= FAST_GAPS

    @property
    def steady_s(self) -> float | None:
        """The soonest that the next event may follow: the shortest of the last intervals, None while unknown.

        Cycles with a dump, and those around a lost packet, are longer than the rule; events that only came together
        say nothing.
        """
        return min((gap for gap in self._gaps if gap >= FAST_S), default=None)

    def beat(self, mono_s: float) -> None:
        """One more event."""
        if self.last_s > float("-inf"):
            self._gaps.append(mono_s - self.last_s)
            self.interval_s = median(self._gaps)
        self.last_s = mono_s


@dataclass(frozen=True, slots=True)
class Said:
    """What was said last on a line, in monotonic seconds: the last command, the last EEPROM1, until when it may be
    answered; and whether the devices send only when asked.
    """

    sent_s: float
    asked_s: float
    limit_s: float
    on_demand: bool


class Cycle:
    """What one device sends over and over: its frames, inputs and dumps."""

    __slots__ = ("dump_s", "dump_wanted", "frames", "inputs", "kick_pause_s", "kicked_s", "unasked")

    def __init__(self) -> None:
        self.frames = Rhythm()
        self.inputs = Rhythm()
        self.dump_s = float("-inf")
        self.dump_wanted = True
        self.unasked = 0  # frames since the last request
        self.kicked_s = float("-inf")
        self.kick_pause_s = KICK_S

    @property
    def learned_s(self) -> float:
        """The learned period, 0 while unknown."""
        return self.frames.interval_s or self.inputs.interval_s or 0.0

    def is_over(self, mono_s: float) -> bool:
        """Whether it has stopped, as far as one can tell."""
        last_s = max(self.frames.last_s, self.inputs.last_s)
        return mono_s - last_s > max(KICK_S, KICK_PERIODS * self.learned_s)

    def stalled(self, mono_s: float) -> bool:
        """Whether its frames have stopped for so long that it has to be started (again)."""
        interval_s = self.frames.interval_s
        if interval_s is None:
            return False
        quiet_s = mono_s - max(self.frames.last_s, self.kicked_s)
        return quiet_s >= max(self.kick_pause_s, KICK_PERIODS * interval_s)

    def kicked(self, mono_s: float) -> None:
        """It has been started again; next time after a longer pause."""
        self.kicked_s = mono_s
        self.kick_pause_s = min(LONGEST_PAUSE_S, 2.0 * self.kick_pause_s)

    def is_quiet(self, mono_s: float, said: Said, before_s: float) -> bool:
        """Whether a command meets none of its transmissions; `before_s` is kept free before the end of the next."""
        foretold = self._foretold(mono_s)
        if foretold.is_fast:
            return True
        begin_s = self._begin_s(mono_s, said)
        if said.on_demand:  # quiet but for its answers
            return mono_s >= begin_s and (begin_s > said.sent_s or mono_s - said.sent_s >= ANSWER_S)
        interval_s = foretold.steady_s
        if interval_s is None:
            return begin_s <= mono_s <= begin_s + UNKNOWN_WINDOW_S
        end_s = foretold.last_s + interval_s - before_s
        return begin_s <= mono_s <= end_s - AFTER_FRAME_S * (foretold is self.inputs)

    def _begin_s(self, mono_s: float, said: Said) -> float:
        """When what it is sending now is over."""
        frame_s, inputs_s = self.frames.last_s, self.inputs.last_s
        begin_s = max(inputs_s, self.dump_s) + QUIET_AFTER_S
        if max(frame_s, inputs_s) > said.asked_s > self.dump_s and mono_s < said.limit_s:
            begin_s = max(begin_s, inputs_s + DUMP_BEGINS_S, frame_s + DUMP_BEGINS_S + AFTER_FRAME_S)
        if frame_s > inputs_s:
            begin_s = max(begin_s, frame_s + FRAME_ALONE_S)
        return begin_s

    def _foretold(self, mono_s: float) -> Rhythm:
        """What foretells the next transmission: the frames, or the inputs where the frames are none or have stopped."""
        interval_s = self.frames.interval_s
        stopped = interval_s is None or mono_s - self.frames.last_s > KICK_PERIODS * interval_s
        return self.inputs if stopped else self.frames
