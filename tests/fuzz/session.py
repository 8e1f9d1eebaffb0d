"""Fuzz target: one connection's conversation; any bytes, chunks and time steps, through acceptance and its end.

What is asserted stands in `ledger`.
"""

from collections.abc import Callable

from embereye_addon.sources.pf.commands import Manner
from embereye_addon.sources.pf.events import Setup
from tests.fuzz import wire
from tests.fuzz.ledger import Ledger
from tests.fuzz.records import Reader, Record, pack, unpack

OPERATIONS = wire.KINDS + 9
CHUNKS, WAIT, TICKS, ADOPT, RELEASE, CYCLES, AGAIN, KNOW, SIREN = range(wire.KINDS, OPERATIONS)

_FORMS = (b"", b"PERIOD_ON", b"PERIOD_ON\n", b"PERIOD_ON\r\n", b"PERIODIC_ON")
_LINE_ENDS = (None, b"", b"\n", b"\r\n")
_INPUTS = wire.build(Record(wire.INPUTS, b"\x00\x01\x00\x01\x01\x0d\x00")).raw
_RATES = (16.0, 1.0, 2.0, 0.1, 100.0)
_MOST_SENT = 160  # packets in one input
_MOST_BYTES = 40000


def run(raw: bytes) -> None:
    """Judge one input; AssertionError where a promise is broken."""
    play = Play()
    for record in unpack(raw):
        play.do(record.operation % OPERATIONS, record)
        play.ledger.session.hopeless(play.ledger.now_s)
    play.ledger.tick()
    play.ledger.balance()


class Play:
    """Carries out one input."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._sizes = [0]
        self._last = b""
        self._sent = 0
        self._doings: dict[int, Callable[[Reader], None]] = {
            CHUNKS: self._cut,
            WAIT: self._wait,
            TICKS: self._ticks,
            ADOPT: lambda reader: self.ledger.adopt(_setup(reader)),
            RELEASE: lambda _: self.ledger.release(),
            CYCLES: self._cycles,
            AGAIN: lambda _: self._send(self._last),
            KNOW: lambda reader: self.ledger.session.commands.know(reader.among(_FORMS)),
            SIREN: lambda reader: self.ledger.siren(on=reader.byte() % 2 == 0),
        }

    def do(self, operation: int, record: Record) -> None:
        """One operation: something is sent, or happens to the connection."""
        if operation < wire.KINDS:
            self._last = wire.build(record).raw
            self._send(self._last)
        else:
            self._doings[operation](Reader(record.body))

    def _send(self, raw: bytes) -> None:
        if self._sent < _MOST_SENT and len(self.ledger.streams[-1]) < _MOST_BYTES:
            self.ledger.send(raw, self._sizes)
            self._sent += 1

    def _cut(self, reader: Reader) -> None:
        self._sizes = [reader.word() % 4000 + 1 for _ in range(reader.left // 2)] or [0]

    def _wait(self, reader: Reader) -> None:
        """Milliseconds, tenths, seconds or minutes, without a tick."""
        scale = (0.001, 0.1, 1.0, 60.0)[reader.byte() % 4]
        self.ledger.now_s += reader.byte() * scale

    def _ticks(self, reader: Reader) -> None:
        for _ in range(reader.byte() % 32 + 1):
            self.ledger.now_s += 0.2
            self.ledger.tick()

    def _cycles(self, reader: Reader) -> None:
        """A device that streams: frames and inputs, in the rhythm of the body, with ticks in between."""
        count, period_s = reader.byte() % 8 + 1, 0.1 + reader.byte() / 20
        frame = wire.build(Record(wire.FRAME, reader.rest() or bytes(3))).raw
        for _ in range(count):
            for raw, share in ((frame, 0.1), (_INPUTS, 0.9)):
                self._send(raw)
                self._let_pass(period_s * share)

    def _let_pass(self, time_s: float) -> None:
        end_s = self.ledger.now_s + time_s
        while self.ledger.now_s + 0.2 < end_s:
            self.ledger.now_s += 0.2
            self.ledger.tick()
        self.ledger.now_s = end_s


def _setup(reader: Reader) -> Setup:
    """Settings of a device; the second byte of the manner makes it one that is asked for every frame."""
    cached, reflected_c = reader.among((None, *wire.dumps())), reader.among((None, 20.0))
    rate, manner = reader.among(_RATES), Manner(reader.among(_LINE_ENDS), reader.among((0.0, 0.0, 0.0, 5.0, 1.0)))
    return Setup(reflected_c=reflected_c, max_frames_hz=rate, cached=cached, manner=manner)


def seeds() -> list[bytes]:
    """Conversations: accepted or not, with and without a cache, silence, floods, swapped chips, later devices."""
    frame, dump = Record(wire.FRAME, bytes(3)), Record(wire.DUMP, b"\x00\x00\x01")
    other = Record(wire.DUMP, b"\x01\x00\x01")
    inputs = Record(wire.INPUTS, bytes((0, 1, 0, 1, 1, 13, 0, 5, 5, 16, 1)))
    newer = Record(wire.INPUTS, bytes((0, 1, 0, 1, 1, 13, 5, 1, 0, 1, 6)))
    adopt, cached = Record(ADOPT, bytes(3)), Record(ADOPT, b"\x01\x00\x00")
    tick, wait = Record(TICKS, b"\x09"), Record(WAIT, b"\x02\x05")
    cycles = Record(CYCLES, b"\x07\x50")
    turns = [Record(wire.FRAME, bytes((0, 0, tag))) for tag in (1, 3)] * 3
    both = [Record(wire.DUMP, bytes((chip, 0, tag))) for chip, tag in ((0, 1), (1, 3))]
    third = [Record(wire.FRAME, bytes((0, 0, tag))) for tag in (4, 1)] * 3
    rows: list[list[Record]] = [
        [tick, frame, inputs, dump, adopt, frame, inputs, tick, frame],
        [cached, frame, tick, inputs, tick, dump, tick, frame],
        [adopt, cycles, tick, dump, cycles],
        [cached, cycles, Record(WAIT, b"\x02\x10"), tick, Record(WAIT, b"\x02\x20"), tick, inputs, tick],
        [adopt, dump, other, wait, other, frame, Record(RELEASE, b""), cached, frame],
        [adopt, newer, dump, tick, tick, Record(wire.NAME, b"\x01AB1234")],
        [Record(ADOPT, b"\x00\x00\x02"), *[frame] * 6, tick, tick, Record(wire.FRAME, b"\x01\x00\x01")],
        [Record(CHUNKS, b"\x05\x14\x02\xbd\x05\x45"), adopt, dump, Record(CYCLES, b"\x03\x4d")],
        [adopt, Record(wire.RAW, b"#Sensor1:ADC1=5"), Record(WAIT, b"\x02\x0b"), tick, inputs],
        [adopt, *[Record(wire.FILLER, b"\x00\x27\x00\x01")] * 3, inputs, tick],
        [Record(KNOW, b"\x02"), *[tick] * 20],
        [adopt, inputs, Record(CYCLES, bytes((5, 0, 0x80, 5, 0, 1))), Record(WAIT, b"\x03\x05"), tick],
        [adopt, cycles, Record(SIREN, b"\x00"), tick, Record(SIREN, b"\x01"), cycles, tick],
        [Record(ADOPT, bytes((0, 0, 0, 2, 3))), *[tick, frame, tick, inputs] * 4],
        [cached, Record(CYCLES, bytes((4, 30, 0, 0, 1, 0x80, 5, 0, 1)))],
        [adopt, *turns, *both, *turns, tick, Record(SIREN, b"\x00"), tick, *third, Record(RELEASE, b""), tick],
        [cached, frame, frame, frame, dump, *turns, tick, Record(WAIT, b"\x02\x12"), tick, *turns],
        [*turns, *both, adopt, *[tick, *turns] * 4, Record(WAIT, b"\x02\x20"), tick, *both, *turns],
    ]
    return [pack(row) for row in rows]
