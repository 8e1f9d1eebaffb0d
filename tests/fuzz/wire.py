"""The grammar of what a PF device may say: records become packets whose meaning is known, or damaged ones.

Also the two oracles that know nothing of the code under test: what a framer must find in a byte stream, and how a
packet is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.packets import (
    EepromPacket,
    FramePacket,
    IdPacket,
    LocPacket,
    Packet,
    Rejected,
    SensorPacket,
)
from tests.fuzz.records import Reader, Record

Words = NDArray[np.uint16]

LONGEST_BODY = 8190
OTHER_CHIP = "0123456789AB"

# Words that are more than pixels or pixel trims, in frames and in dumps.
TAIL_PLACES = (768, 776, 778, 800, 808, 810, 770, 772, 774, 787, 791, 801, 807, 792, 799, 824, 831, 832, 833, 0, 767)
DUMP_PLACES = (*range(7, 18), *range(32, 34), *range(48, 64), 64, 65, 400, 831)
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x3FF, 0x400, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x1901, 0x0901, 5770, 0x9000, 0x4C54)

TAGS = ("", "1234", "12345678", "AB-12345", "room_1", "7", "8", "x" * 64, "Sensor", "frame", "=,", "T0001")
_PLACES = ("", "Hall 2", "a", "p" * 64, "ADC3,b", "1829602101142")
_NAMES = (b"serialno", b"DEVICE_ID", b"locid")
_KEYS = ("ADC1", "adc2", "ADC3", "DIO", "MPY30", "MPY_IN", "MQ_IN", "Button", "GAS_PPM", "k" * 64, "A:B", "DIO_OUT")
_IDENTITY_KEYS = ("serial", "SERIALNO", "serial_number", "Device_Id")
_BAD_VALUES = ("", "-1", "nan", "inf", "1e3", "0x10", "65536", "65535.1", "123456789", "1.2.3", "١", " ")
_FILLERS = (b"x", b"#", b"!", b"0", b"\x00", b"\xff", b" ", b"\r\n", b":", b"=")


@dataclass(frozen=True, slots=True)
class Built:
    """Bytes for the wire; `means` is the packet they must be read as, None where they are no valid packet."""

    raw: bytes
    means: Packet | None = None


@cache
def frames() -> tuple[Words, ...]:
    """What frames begin as: real ones, a grid, nothing, a simulator's random tail, saturation."""
    noise = np.arange(834, dtype=np.uint16) * 40503
    real = tuple(shipped_frames().values())
    return (*real, real[0][:768], np.zeros(834, np.uint16), noise, np.full(834, 0x7FFF, np.uint16), noise[:768])


@cache
def dumps() -> tuple[Words, ...]:
    """What dumps begin as: the real one, other chips with a compensation pixel and bad pixels, noise, nothing."""
    other = shipped_eeprom(OTHER_CHIP)
    other[60] = other[60] & 0xFF00 | 9  # the compensation pixel counts
    other[64 + 33] = 0
    other[64 + 400] |= 1
    woven = shipped_eeprom("00000000BEEF")
    woven[10] ^= 0x0800
    woven[12] &= 0xEFFF
    noise = np.arange(832, dtype=np.uint16) * 40503 + 17
    return (shipped_eeprom(), shipped_eeprom(OTHER_CHIP), other, woven, noise, np.zeros(832, np.uint16))


def edited(words: Words, reader: Reader, places: Sequence[int]) -> Words:
    """The words with some replaced as the reader says; half the edits go to `places`, half the values are edges."""
    words = words.copy()
    while reader.left >= 2:
        where, what = reader.word(), reader.word()
        place = places[where % len(places)] if where & 0x8000 else where % words.size
        words[place % words.size] = EDGES[what % len(EDGES)] if where & 0x4000 else what
    return words


def _hex(words: Words, layout: int) -> bytes:
    """Run together or separated by blanks, upper or lower case."""
    text = words.astype(">u2").tobytes().hex()
    text = text if layout & 1 else text.upper()
    if layout & 2:
        text = " ".join(text[at : at + 4] for at in range(0, len(text), 4)) + " " * (layout >> 2 & 1)
    return text.encode()


def _end(layout: int) -> bytes:
    return (b"!\r\n", b"!\n", b"!", b"!  \r\n")[layout >> 4 & 3]


def _frame(reader: Reader) -> Built:
    words, layout = reader.among(frames()), reader.byte()
    tag, place = reader.among(TAGS), reader.among(_PLACES) if layout & 8 else ""
    words = edited(words, reader, TAIL_PLACES)
    head = f"#frame{tag}:" if tag else f"#frame:{place}:" if place else "#frame:"
    raw = head.encode() + _hex(words, layout) + _end(layout)
    return Built(raw, FramePacket(tag, "" if tag else place, words))


def _dump(reader: Reader) -> Built:
    words, layout, tag = reader.among(dumps()), reader.byte(), reader.among(TAGS)
    words = edited(words, reader, DUMP_PLACES)
    return Built(f"#EEPROM{tag}:".encode() + _hex(words, layout) + _end(layout), EepromPacket(tag, words))


def _inputs(reader: Reader) -> Built:
    layout, tag, place = reader.byte(), reader.among(TAGS), reader.among(_PLACES)
    place = "" if tag else place
    pieces: list[str] = []
    values: dict[str, float] = {}
    identity, bad = "", 0
    while reader.left and len(pieces) < 48:
        style, number = reader.byte(), reader.word()
        key = reader.among(_KEYS) if style & 1 else f"K{number % 100}"
        text = f"{number}.{style}" if style & 2 and number < 65535 else str(number)
        if style & 0xE0 == 0xE0:
            text = _BAD_VALUES[number % len(_BAD_VALUES)]
            bad += 1
        elif style & 0xE0 == 0xC0:
            key, text = _IDENTITY_KEYS[number % 4], f"S{number}"
            identity = text
        elif key.upper() in values or len(values) < 32:
            values[key.upper()] = float(text)
        else:
            bad += 1
        pieces.append(f"{key}{':' * (style >> 2 & 1)}={' ' * (style >> 4 & 1)}{text}")
    body = ("" if tag else f"{place}:") + ",".join(pieces)
    raw = f"#Sensor{tag}:{body}".encode() + _end(layout)
    valid = len(raw) < 1000 and raw.isascii() and (values or identity)
    return Built(raw, SensorPacket(tag, place, values, identity, bad) if valid else None)


def _name(reader: Reader) -> Built:
    kind, text = reader.among(_NAMES), reader.rest()
    raw = b"#" + kind + b":" + text + b"!\r\n"
    plain = text.decode("latin-1")
    if not 0 < len(plain.strip(" ")) <= 64 or not plain.isascii() or not plain.isprintable() or set(plain) & set("#!"):
        return Built(raw)
    return Built(raw, LocPacket(plain.strip(" ")) if kind == b"locid" else IdPacket(plain.strip(" ")))


def _damaged(reader: Reader) -> Built:
    """A packet with bytes replaced, removed or put in between, or the end cut off, as a half-duplex line does it."""
    base = _PACKETS[reader.byte() % len(_PACKETS)]
    raw = bytearray(base(Reader(bytes((reader.byte(), reader.byte(), reader.byte(), reader.byte())))).raw)
    while reader.left >= 3:
        kind, where, what = reader.byte(), reader.word() % (len(raw) + 1), reader.byte()
        if kind % 4 == 0:
            raw[where : where + 1] = bytes((what,))
        elif kind % 4 == 1:
            del raw[where : where + what]
        elif kind % 4 == 2:
            raw[where:where] = bytes((what,)) * (kind >> 2)
        else:
            del raw[where:]
    return Built(bytes(raw))


def _filler(reader: Reader) -> Built:
    unit, size = reader.among(_FILLERS), reader.word() % 10000
    return Built((unit * size)[:size] if not reader.left else b"#" + (unit * size)[:size])


def _raw(reader: Reader) -> Built:
    return Built(reader.rest())


_PACKETS: tuple[Callable[[Reader], Built], ...] = (_frame, _dump, _inputs, _name)
_ALL: tuple[Callable[[Reader], Built], ...] = (*_PACKETS, _raw, _damaged, _filler)
KINDS = len(_ALL)
FRAME, DUMP, INPUTS, NAME, RAW, DAMAGED, FILLER = range(KINDS)


def build(record: Record) -> Built:
    """The bytes one record stands for."""
    return _ALL[record.operation % KINDS](Reader(record.body))


@dataclass(slots=True)
class Found:
    """What a framer has to find in a stream, and its counts."""

    bodies: list[bytes]
    strays: int = 0
    lost: int = 0
    oversize: int = 0
    is_open: bool = False


def expected(stream: bytes) -> Found:
    """The packets of a whole stream, by splitting it; the framer under test goes through it piece by piece."""
    before, *pieces = stream.split(b"#")
    found = Found([], strays=_strays(before))
    for number, piece in enumerate(pieces, start=1):
        body, end, after = piece.partition(b"!")
        if len(body) > LONGEST_BODY:
            found.oversize += 1
        elif end:
            found.bodies.append(body)
            found.strays += _strays(after)
        elif number < len(pieces):
            found.lost += 1
        else:
            found.is_open = True
    return found


def _strays(between: bytes) -> int:
    return sum(byte not in b"\r\n \t" for byte in between)


def written(packet: Packet) -> bytes:
    """One way to write a packet, which must be read as the same again."""
    match packet:
        case FramePacket():
            head = f"frame{packet.tag}:" if packet.tag else f"frame:{packet.location}:"
            return head.encode() + _hex(packet.words, 0)
        case EepromPacket():
            return f"EEPROM{packet.tag}:".encode() + _hex(packet.words, 0)
        case SensorPacket():
            pieces = [f"{key}={value:.8f}".rstrip("0").rstrip(".") for key, value in packet.values.items()]
            pieces += [f"serial={packet.identity}"] * bool(packet.identity) + ["?=?"] * packet.bad_keys
            return (f"Sensor{packet.tag}:" + f"{packet.location}:" * (not packet.tag) + ",".join(pieces)).encode()
        case IdPacket():
            return b"serialno:" + packet.identity.encode()
        case LocPacket():
            return b"locid:" + packet.location.encode()
        case Rejected():
            return packet.start.encode()


def same(one: Packet, other: Packet) -> bool:
    """Equal in type and in every field, words included."""
    if isinstance(one, FramePacket) and isinstance(other, FramePacket):
        return (one.tag, one.location) == (other.tag, other.location) and np.array_equal(one.words, other.words)
    if isinstance(one, EepromPacket) and isinstance(other, EepromPacket):
        return one.tag == other.tag and np.array_equal(one.words, other.words)
    return type(one) is type(other) and one == other
