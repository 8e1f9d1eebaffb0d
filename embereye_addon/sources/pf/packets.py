"""PF packets: bytes in any chunking become packets; nothing raises, everything is bounded, what is dropped is counted.

A packet is `#` body `!`. Whatever lies between `!` and the next `#` is no part of any packet.
"""

import binascii
import enum
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_PACKET_BYTES = 8192  # the longest legitimate packet has fewer than 4.3 KiB
MAX_SHORT_BYTES = 1024  # everything but words; real ones have fewer than 200
MAX_TEXT = 64  # tags, places and identities end up in entity names and topics
MAX_KEYS = 32
MAX_VALUE = 65535.0
START_SHOWN = 80

FRAME_WORDS = (834, 768)
EEPROM_WORDS = (832,)

_MAX_BODY = MAX_PACKET_BYTES - 2
_BLANKS = b"\r\n \t"
_NUMBER = re.compile(r"[0-9]{1,8}(?:\.[0-9]{0,8})?")
_PRINTABLE = re.compile(rb"[\x20-\x7e]*")
_IDENTITY_KEYS = frozenset({"SERIAL", "SERIALNO", "SERIAL_NUMBER", "DEVICE_ID"})


class Reason(enum.StrEnum):
    """Why a packet was dropped; a stable word for counters."""

    NO_COLON = "no_colon"
    UNKNOWN_TYPE = "unknown_type"
    BAD_BYTES = "bad_bytes"
    BAD_TEXT = "bad_text"
    TOO_LONG = "too_long"
    FRAME_LENGTH = "frame_length"
    EEPROM_LENGTH = "eeprom_length"
    NOT_HEX = "not_hex"
    NO_VALUES = "no_values"


@dataclass(frozen=True, slots=True)
class FramePacket:
    """A thermal frame: uint16 words [834] (with the memory behind the pixels) or [768] (pixels only)."""

    tag: str
    location: str
    words: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class SensorPacket:
    """Inputs by upper-case key, an identity if one stood among them, and how many keys were unusable."""

    tag: str
    location: str
    values: dict[str, float]
    identity: str = ""
    bad_keys: int = 0


@dataclass(frozen=True, slots=True)
class EepromPacket:
    """A calibration dump: uint16 words [832]; not yet judged."""

    tag: str
    words: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class IdPacket:
    """The device says its serial number."""

    identity: str


@dataclass(frozen=True, slots=True)
class LocPacket:
    """The device says its place."""

    location: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A packet that was dropped, why, and how it began (at most 80 printable characters)."""

    reason: Reason
    start: str


Packet = FramePacket | SensorPacket | EepromPacket | IdPacket | LocPacket | Rejected


class Framer:
    """Cuts a byte stream into bodies; holds one unfinished packet of at most 8 KiB."""

    __slots__ = ("_open", "_skipping", "abandoned", "lost", "oversize", "strays")

    def __init__(self) -> None:
        self._open: bytearray | None = None
        self._skipping = False  # true after an oversize packet, until the next '#'
        self.strays = 0  # bytes outside packets, blanks and line ends not counted
        self.lost = 0  # packets whose '!' never came before the next '#'
        self.oversize = 0
        self.abandoned = 0

    @property
    def is_open(self) -> bool:
        """Whether a packet has begun and not ended."""
        return self._open is not None

    def abandon(self) -> None:
        """Drop the unfinished packet (the caller's patience ended)."""
        if self._open is not None:
            self._open = None
            self.abandoned += 1

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take any bytes, give the bodies of the packets they complete. Linear in the length, never raises."""
        bodies: list[bytes] = []
        at, size = 0, len(chunk)
        end = chunk.find(b"!")
        while at < size:
            if self._open is None:
                at = self._seek(chunk, at)
                continue
            if 0 <= end < at:
                end = chunk.find(b"!", at)
            stop = size if end < 0 else end
            again = chunk.find(b"#", at, stop)
            if again >= 0:
                stop = again
            self._gather(self._open, chunk[at:stop])
            at = stop + (again < 0)
            if stop < size and self._open is not None:
                self._close(self._open, bodies, whole=again < 0)
        return bodies

    def _seek(self, chunk: bytes, at: int) -> int:
        """Pass over bytes outside packets; the position after the next '#', or the end."""
        mark = chunk.find(b"#", at)
        stop = len(chunk) if mark < 0 else mark
        if not self._skipping:
            self.strays += len(chunk[at:stop].translate(None, _BLANKS))
        if mark < 0:
            return stop
        self._open, self._skipping = bytearray(), False
        return mark + 1

    def _gather(self, held: bytearray, piece: bytes) -> None:
        if len(held) + len(piece) > _MAX_BODY:
            self.oversize += 1
            self._open, self._skipping = None, True
        else:
            held += piece

    def _close(self, held: bytearray, bodies: list[bytes], *, whole: bool) -> None:
        if whole:
            bodies.append(bytes(held))
        else:
            self.lost += 1
        self._open = None


def shown(raw: bytes) -> str:
    """The first 80 characters of strangers' bytes, fit for a log line."""
    text = raw[:START_SHOWN].decode("latin-1")
    return "".join(letter if " " <= letter <= "~" else "." for letter in text)


def newest_frames(bodies: list[bytes], keep: int, *, apart: bool = False) -> tuple[list[bytes], list[str]]:
    """The bodies without all but the newest `keep` frames (`apart`: of each tag), and the tags of those left out.

    What is too short for a frame is left in, to be refused. Not `apart`, the tags are all ''.
    """
    newest: list[bytes] = []
    older: list[str] = []
    seen: Counter[str] = Counter()
    for body in reversed(bodies):
        if body.startswith(b"frame") and len(body) > 4 * FRAME_WORDS[-1]:
            tag = body[5 : MAX_TEXT + 6].partition(b":")[0].decode("latin-1").strip(" ") if apart else ""
            seen[tag] += 1
            if seen[tag] > keep:
                older.append(tag)
                continue
        newest.append(body)
    newest.reverse()
    return newest, older


def parse(body: bytes) -> Packet:
    """Read what stands between `#` and `!`. Never raises; what cannot be read is a Rejected."""
    header, colon, rest = body.partition(b":")
    if not colon:
        return Rejected(Reason.NO_COLON, shown(body))
    result: Packet | Reason
    if header.startswith(b"frame"):
        result = _frame(header[5:], rest)
    elif header.startswith(b"EEPROM"):
        result = _eeprom(header[6:], rest)
    else:
        result = _short(header, rest)
    return Rejected(result, shown(body)) if isinstance(result, Reason) else result


def _short(header: bytes, rest: bytes) -> Packet | Reason:
    if len(header) + len(rest) > MAX_SHORT_BYTES:
        return Reason.TOO_LONG
    if _PRINTABLE.fullmatch(rest) is None:
        return Reason.BAD_BYTES
    if header.startswith(b"Sensor"):
        return _inputs(header[6:], rest.decode("ascii"))
    text = _text(rest)
    if header in (b"serialno", b"DEVICE_ID"):
        return IdPacket(text) if text else Reason.BAD_TEXT
    if header == b"locid":
        return LocPacket(text) if text else Reason.BAD_TEXT
    return Reason.UNKNOWN_TYPE


def _text(raw: bytes) -> str | None:
    """A tag, place or identity without the blanks around it; None when too long or unprintable."""
    raw = raw.strip(b" ")
    if len(raw) > MAX_TEXT or _PRINTABLE.fullmatch(raw) is None:
        return None
    return raw.decode("ascii")


def _frame(raw_tag: bytes, rest: bytes) -> FramePacket | Reason:
    tag = _text(raw_tag)
    location: str | None = ""
    if tag == "" and b":" in rest:
        place, _, rest = rest.partition(b":")
        location = _text(place)
    if tag is None or location is None:
        return Reason.BAD_TEXT
    words = _words(rest, FRAME_WORDS, Reason.FRAME_LENGTH)
    return words if isinstance(words, Reason) else FramePacket(tag, location, words)


def _eeprom(raw_tag: bytes, rest: bytes) -> EepromPacket | Reason:
    tag = _text(raw_tag)
    if tag is None:
        return Reason.BAD_TEXT
    words = _words(rest, EEPROM_WORDS, Reason.EEPROM_LENGTH)
    return words if isinstance(words, Reason) else EepromPacket(tag, words)


def _words(payload: bytes, counts: tuple[int, ...], wrong: Reason) -> NDArray[np.uint16] | Reason:
    """Words of 4 hex digits, run together or separated by single blanks; bad bytes are never cleaned away."""
    if b" " in payload:
        pieces = payload.strip(b" ").split(b" ")
        if len(pieces) not in counts or any(len(piece) != 4 for piece in pieces):
            return wrong
        payload = b"".join(pieces)
    if len(payload) % 4 or len(payload) // 4 not in counts:
        return wrong
    try:
        raw = binascii.unhexlify(payload)
    except binascii.Error:
        return Reason.NOT_HEX
    return np.frombuffer(raw, dtype=">u2").astype(np.uint16)


def _inputs(raw_tag: bytes, rest: str) -> SensorPacket | Reason:
    tag = _text(raw_tag)
    location = ""
    if tag == "":
        location, rest = _split_location(rest)
    if tag is None or len(location) > MAX_TEXT:
        return Reason.BAD_TEXT
    values: dict[str, float] = {}
    identity, bad = "", 0
    for piece in rest.split(","):
        key, _, value = piece.partition("=")
        key, value = key.strip(" :").upper(), value.strip(" ")
        if key in _IDENTITY_KEYS and 0 < len(value) <= MAX_TEXT:
            identity = value
        elif _fits(key, value) and (key in values or len(values) < MAX_KEYS):
            values[key] = float(value)
        else:
            bad += 1
    if not values and not identity:
        return Reason.NO_VALUES
    return SensorPacket(tag, location, values, identity, bad)


def _split_location(rest: str) -> tuple[str, str]:
    """A place stands before a colon before the first `=`; the colon of `ADC3:=1` belongs to its key."""
    place, colon, key = rest.partition("=")[0].partition(":")
    if colon and key.strip(" :"):
        return place.strip(" "), rest[len(place) + 1 :]
    return "", rest


def _fits(key: str, value: str) -> bool:
    """A plain number up to 65535: no sign, exponent, hexadecimal, NaN or infinity."""
    return 0 < len(key) <= MAX_TEXT and _NUMBER.fullmatch(value) is not None and float(value) <= MAX_VALUE
