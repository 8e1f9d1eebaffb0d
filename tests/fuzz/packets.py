"""Fuzz target: the framer with any chunking, and the reader of packets.

Whatever the bytes: what the framer finds and counts is what an oracle finds in the whole stream, every packet keeps
the limits, what was written by the grammar is read back, and every accepted packet can be written and read again.
"""

from embereye_addon.sources.pf.packets import (
    EepromPacket,
    FramePacket,
    Framer,
    IdPacket,
    LocPacket,
    Packet,
    Rejected,
    SensorPacket,
    parse,
)
from tests.fuzz import wire
from tests.fuzz.records import Reader, Record, pack, unpack

OPERATIONS = wire.KINDS + 1
CUT = wire.KINDS  # the stream arrives in chunks of the sizes in the body, over and over

_MOST_BYTES = 60000


def run(raw: bytes) -> None:
    """Judge one input; AssertionError where a promise is broken."""
    stream, sizes = b"", [0]
    for record in unpack(raw):
        if record.operation % OPERATIONS == CUT:
            reader = Reader(record.body)
            sizes = [reader.word() % 4000 for _ in range(len(record.body) // 2)] or [0]
        elif len(stream) < _MOST_BYTES:
            built = wire.build(record)
            stream += built.raw
            if built.means is not None:
                body = built.raw[1 : built.raw.index(b"!")]
                assert wire.same(parse(body), built.means), f"read as something else: {body[:60]!r}"
    _framing(stream, sizes)


def _framing(stream: bytes, sizes: list[int]) -> None:
    framer, bodies, at, turn = Framer(), list[bytes](), 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)] or (len(stream) if not any(sizes) else 1)
        bodies += framer.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    found = wire.expected(stream)
    assert bodies == found.bodies
    assert (framer.strays, framer.lost, framer.oversize) == (found.strays, found.lost, found.oversize)
    assert framer.is_open == found.is_open
    for body in bodies:
        check(parse(body))
    framer.abandon()
    assert not framer.is_open
    assert framer.abandoned == found.is_open


def _is_text(text: str) -> bool:
    return len(text) <= 64 and text.isascii() and text.isprintable() and text == text.strip(" ")


def check(packet: Packet) -> None:
    """The limits of any packet; an accepted one can be written and is read as the same."""
    match packet:
        case Rejected():
            assert len(packet.start) <= 80
            assert packet.start.isprintable()
            return
        case FramePacket():
            assert packet.words.shape in ((834,), (768,))
            assert _is_text(packet.tag)
            assert _is_text(packet.location)
        case EepromPacket():
            assert packet.words.shape == (832,)
            assert _is_text(packet.tag)
        case SensorPacket():
            _check_inputs(packet)
        case IdPacket():
            assert packet.identity
            assert _is_text(packet.identity)
        case LocPacket():
            assert packet.location
            assert _is_text(packet.location)
    again = wire.written(packet)
    if len(again) < 1000 or not isinstance(packet, SensorPacket):
        assert wire.same(parse(again), packet), f"not read back: {again[:80]!r}"


def _check_inputs(packet: SensorPacket) -> None:
    assert all(_is_text(text) for text in (packet.tag, packet.location, packet.identity))
    assert len(packet.values) <= 32
    assert packet.values or packet.identity
    for key, value in packet.values.items():
        assert 0.0 <= value <= 65535.0
        assert key
        assert _is_text(key)
        assert key == key.upper()


def seeds() -> list[bytes]:
    """One input a kind of packet, damaged ones, and a conversation in small pieces."""
    frame, dump = Record(wire.FRAME, bytes(3)), Record(wire.DUMP, b"\x00\x00\x01")
    inputs = Record(wire.INPUTS, bytes((0, 1, 0, 1, 1, 13, 0, 5, 5, 16, 1, 5, 0, 1, 2, 0xE0, 0, 1, 0xC0, 0, 2)))
    name = Record(wire.NAME, b"\x00AB1234")
    cut = Record(CUT, b"\x05\x14\x02\xbd\x05\x45")
    rows: list[list[Record]] = [
        [frame, inputs, dump, name],
        [cut, frame, inputs, frame, inputs, dump],
        [Record(CUT, b"\x00\x01"), inputs, name, Record(wire.NAME, b"\x02Hall 2")],
        [Record(wire.FRAME, bytes((3, 0x17, 2))), Record(wire.FRAME, bytes((4, 8, 0, 1)))],
        [Record(wire.DAMAGED, bytes((0, 0, 0, 1, 0, 1, 5, 0, 8, 2))), frame],
        [Record(wire.FILLER, b"\x00\x27\x00\x01"), name, Record(wire.RAW, b"stray")],
        *[[Record(wire.FILLER, bytes((0, 0x1F, size, 1))), Record(wire.RAW, b"!"), name] for size in (0xFE, 0xFF)],
        [Record(wire.RAW, b"hello\r\n #A:1!\r\n!#B:2!#"), inputs],
        [Record(wire.RAW, b"#Sensor:ADC1=1,ADC3:=2!#Sensor::A:B=1!#Sensor:,A:B=1!#frame :!")],
        [Record(wire.INPUTS, bytes((0, 0, 1)) + b"".join(bytes((0, 0, number)) for number in range(40)))],
    ]
    return [pack(row) for row in rows]
