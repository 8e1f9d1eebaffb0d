"""Fuzz target: a device behind a slow half-duplex line, with the manners and mishaps of real ones.

The device keeps its own time; the session is driven five times a second, as in the gateway. Once its rhythm is known
no command may meet a transmission (nor come within 0.3 s before one), whatever packets the line damaged; and a device
that obeys some form of the commands streams, and is calibrated, within the time the ladder takes. Several devices may
share the line, as behind a bus gateway: they speak one after the other, and the same holds for all of them.
"""

from dataclasses import dataclass, field

from embereye_addon.sources.pf.events import Setup
from embereye_addon.sources.pf.session import Session
from tests.fuzz import wire
from tests.fuzz.records import Reader, Record, pack, unpack

OPERATIONS = 5
NATURE, CYCLES, DAMAGE, RESTART, SIREN = range(OPERATIONS)

FRAME_S, INPUTS_S, DUMP_S, DUMP_TIME_S = 0.291, 0.6, 1.11, 0.29  # within a cycle, as measured
DUMP_CYCLE_S = 0.802  # a cycle with a dump is longer by this
FIRST_FRAME_S = 3.6
NEXT_DEVICE_S = 0.65  # after the one before, where several share the line
BEFORE_S = 0.3
WARM_CYCLES = 4  # whole cycles until the rhythm is known
LADDER_S = 65.0
CALIBRATED_S = 90.0
_TICK_S = 0.2
_MOST_CYCLES = 60
_ENDINGS = (b"", b"\n", b"\r\n")


@dataclass(slots=True)
class Line:
    """The device, its line and the session at the other end."""

    period_s: float = 4.085
    ending: bytes = b""
    words: tuple[bytes, ...] = (b"PERIOD_ON",)
    refuses_dumps: int = 0  # so many dumps are lost
    tags: tuple[str, ...] = ("1234",)
    now_s: float = 1000.0
    session: Session = field(init=False)
    streaming: bool = False
    wants_dump: bool = False
    busy_until_s: float = 0.0
    told_s: float = 0.0
    next_tick_s: float = 1000.0
    regular: int = 0  # cycles in a row without a mishap
    known: bool = False
    pending: bytes = b""
    siren: list[bytes] = field(default_factory=list)
    orders: int = 0

    def __post_init__(self) -> None:
        self.session = Session("10.0.0.31", self.now_s)
        self.session.adopt(self.session.units[0], Setup())

    def pass_until(self, end_s: float, *, next_s: float) -> None:
        """Time goes by; commands that come are obeyed. `next_s`: when the device will transmit next."""
        while self.next_tick_s < end_s:
            self.now_s = self.next_tick_s
            self.next_tick_s += _TICK_S
            for command in self.session.tick(self.now_s)[1]:
                self._obey(command, next_s)
        self.now_s = end_s

    def _obey(self, command: bytes, next_s: float) -> None:
        busy = self.now_s < self.busy_until_s
        if self.known and self.streaming:
            assert not busy, f"{command!r} met a transmission"
            assert self.now_s <= next_s - BEFORE_S, f"{command!r} comes {next_s - self.now_s:.2f} s before a frame"
        if busy:
            return
        line = self.pending + command
        if self.ending:
            self.pending = b"" if line.endswith(b"\n") else line[-64:]
            if not line.endswith(self.ending):
                return
            line = line.rstrip(b"\r\n").split(b"\n")[-1]
        if line in self.words and not self.streaming:
            self.streaming, self.told_s = True, self.now_s
        elif line == b"EEPROM1":
            self.wants_dump = True
        elif line in (b"ALARM_ON", b"ACK_ON"):
            self.siren.append(line)

    def _transmit(self, raw: bytes, begin_s: float, takes_s: float) -> None:
        """Bytes at the pace of the line: a third, and the rest at the end."""
        self.busy_until_s = begin_s + takes_s
        self.pass_until(begin_s + takes_s / 3, next_s=begin_s)
        self.session.feed(raw[: len(raw) // 3], self.now_s, 0.0)
        self.pass_until(begin_s + takes_s, next_s=begin_s)
        self.session.feed(raw[len(raw) // 3 :], self.now_s, 0.0)

    def cycle(self, jitter_s: float, *, damage: int) -> None:
        """One cycle of every device; `damage` bits: 1 spoils the first frame, 2 the inputs, 4 the dump."""
        begin_s = self.now_s + jitter_s
        dump = self.wants_dump
        self.wants_dump = False
        end_s = begin_s + self.period_s + DUMP_CYCLE_S * dump * len(self.tags)
        for number, tag in enumerate(self.tags):
            turn_s = begin_s + (NEXT_DEVICE_S + DUMP_CYCLE_S * dump) * number
            self._turn(turn_s, tag, damage if number == 0 else 0, dump=dump)
        self.refuses_dumps -= dump
        self.regular = 0 if damage & 3 else self.regular + 1
        self.known = self.known or self.regular >= WARM_CYCLES + 4 * (len(self.tags) > 1)
        self.pass_until(end_s - 0.05, next_s=end_s)
        self.now_s = end_s

    def _turn(self, begin_s: float, tag: str, damage: int, *, dump: bool) -> None:
        """What one device sends."""
        frame, inputs, words = _PACKETS[tag]
        self.pass_until(begin_s, next_s=begin_s)
        self._transmit(_spoilt(frame, damage & 1), begin_s, FRAME_S)
        self.pass_until(begin_s + INPUTS_S - 0.004, next_s=begin_s + INPUTS_S + BEFORE_S)
        self._transmit(_spoilt(inputs, damage & 2), begin_s + INPUTS_S - 0.004, 0.004)
        if dump:
            self.pass_until(begin_s + DUMP_S, next_s=begin_s + DUMP_S)
            damage |= 4 * (self.refuses_dumps > 0)
            self._transmit(_spoilt(words, damage & 4), begin_s + DUMP_S, DUMP_TIME_S)


def _packet(kind: int, body: bytes) -> bytes:
    return wire.build(Record(kind, body)).raw


_TAGS = ("1234", "AB-12345", "room_1")
_INPUTS_BODY = bytes((0, 1, 0, 1, 1, 13, 0, 5, 5, 16, 1))


def _packets(tag: str, chip: int) -> tuple[bytes, bytes, bytes]:
    """Frame, inputs and dump of a device."""
    number = bytes((wire.TAGS.index(tag),))
    frame, dump = _packet(wire.FRAME, b"\x00\x00" + number), _packet(wire.DUMP, bytes((chip, 0)) + number)
    return frame, _packet(wire.INPUTS, b"\x00" + number + b"\x00" + _INPUTS_BODY[3:]), dump


_PACKETS = {tag: _packets(tag, chip) for chip, tag in enumerate(_TAGS)}


def _spoilt(raw: bytes, spoil: int) -> bytes:
    """Eight bytes destroyed, as a command does that meets a transmission."""
    return raw[:20] + b"\xfe\x80\xc1\x9a\xff\x81\x8c\x90" + raw[28:] if spoil else raw


def run(raw: bytes) -> None:
    """Judge one input; AssertionError where a promise is broken."""
    line, left = Line(), _MOST_CYCLES
    calm = True  # nothing spoilt yet that may cost a start or a dump
    for record in unpack(raw)[:20]:
        reader = Reader(record.body)
        match record.operation % OPERATIONS:
            case 0 if line.now_s == 1000.0:
                line.period_s = 2.5 + reader.byte() / 20
                line.ending = reader.among(_ENDINGS)
                line.words = reader.among(((b"PERIOD_ON",), (b"PERIODIC_ON",), (b"PERIOD_ON", b"PERIODIC_ON")))
                line.words = (b"PERIOD_ON",) if line.ending else line.words
                line.refuses_dumps = reader.byte() % 3
                line.next_tick_s += reader.byte() / 1280
                line.tags = _TAGS[: reader.byte() % 3 + 1]
                line.period_s += 0.65 * (len(line.tags) - 1)
            case 3:
                line.streaming, line.known, line.regular, calm = False, False, 0, False
                line.pass_until(line.now_s + reader.byte(), next_s=float("inf"))
            case 4:
                line.session.commands.want_siren(on=reader.byte() % 2 == 0)
            case operation:
                calm &= operation == CYCLES
                count = min(left, reader.byte() % 16 + 1)
                left -= count
                _stream(line, reader, count, damaged=operation == DAMAGE, calm=calm)
    assert not line.siren or set(line.siren) <= {b"ALARM_ON", b"ACK_ON"}


def _stream(line: Line, reader: Reader, count: int, *, damaged: bool, calm: bool) -> None:
    _start(line, calm=calm)
    for _ in range(count):
        if not line.streaming:
            return
        line.cycle(reader.byte() / 255 * 0.04, damage=reader.byte() & 7 if damaged else 0)
    asked_s = line.now_s - line.told_s
    patience = 4 + line.refuses_dumps + 8 * (len(line.tags) > 1)
    if calm and asked_s > CALIBRATED_S + line.period_s * patience:
        assert len(line.session.units) == len(line.tags), "not told apart"
        assert all(unit.calibration for unit in line.session.units), "not calibrated in time"


def _start(line: Line, *, calm: bool) -> None:
    """Wait until the device has been told to stream, and its first frame is due."""
    began_s = line.now_s
    limit_s = began_s + (LADDER_S if calm else 400.0)
    while not line.streaming and line.now_s < limit_s:
        line.pass_until(line.now_s + 1.0, next_s=float("inf"))
    assert line.streaming or line.ending or not calm, "it was never started"
    if line.streaming and line.told_s >= began_s:
        line.regular, line.known = 0, False
        line.pass_until(line.told_s + FIRST_FRAME_S, next_s=line.told_s + FIRST_FRAME_S)


def seeds() -> list[bytes]:
    """The real device; slow and fast ones; line ends; damage, also of all packets; lost dumps, restarts, siren."""
    cycles = Record(CYCLES, bytes((11, 9, 0, 200, 0, 90)))
    nature = Record(NATURE, bytes((31, 0, 0, 0, 9)))
    spoilt = Record(DAMAGE, bytes((15, *[0, 3] * 16)))  # frames and inputs, for longer than a device may be silent
    rows: list[list[Record]] = [
        [nature, cycles],
        *[[Record(NATURE, bytes((speed, ending, 0, 1, 3))), cycles] for speed in (0, 60, 255) for ending in range(3)],
        [Record(NATURE, bytes((31, 0, 1, 0, 0))), cycles],
        *[[Record(NATURE, bytes((31, end, 0, 1, 9, more))), cycles, cycles] for more in (1, 2) for end in range(3)],
        [Record(NATURE, bytes((31, 0, 0, 3, 77))), cycles, cycles],
        [nature, cycles, Record(DAMAGE, bytes((6, 0, 1, 9, 2, 3, 4, 8, 3, 3, 7))), cycles],
        *[[Record(NATURE, bytes((speed, 0, 0, 0, 9))), cycles, *[spoilt] * 2] for speed in (13, 28)],
        [nature, cycles, Record(RESTART, b"\x40"), cycles],
        [nature, cycles, Record(SIREN, b"\x00"), cycles, Record(SIREN, b"\x01"), cycles],
    ]
    return [pack(row) for row in rows]
