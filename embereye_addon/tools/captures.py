"""Captures of PF devices as files: what was said on a link, line by line or as bytes with their segments.

A captured line is `time TAB direction TAB packet`, direction `D>H` (device to host) or `H>D`, unusual bytes written
as `\\xNN`. A line may also hold just a packet, as a device sends it.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from embereye_addon.errors import ProtocolError, StorageError

MAX_LINE_BYTES = 65536  # the longest packet has 8 KiB, four times that when every byte of it is escaped

_ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})")
_MARKED = re.compile(rb"([^\t #]*)[\t ]+(D>H|H>D)(?:[\t ]+|$)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}(?:\.\d{1,9})?)")
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number counted from 1, its time as written or '', and its bytes, escapes undone.

    from_host: the host said it, so it is a command and no packet.
    """

    number: int
    time: str
    from_host: bool
    raw: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes of the device and when they came, in seconds after the first ones."""

    at_s: float
    raw: bytes


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read from; StorageError in words where that fails, at any time."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise StorageError(f"There is no file {path}") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None


def lines(file: BinaryIO) -> Iterator[Line]:
    """Every line of a capture; of a line longer than 64 KiB only its beginning."""
    number = 0
    while read := file.readline(MAX_LINE_BYTES):
        rest = read
        while not rest.endswith(b"\n") and len(rest) == MAX_LINE_BYTES:
            rest = file.readline(MAX_LINE_BYTES)
        number += 1
        yield _line(number, read.rstrip(b"\r\n"))


def _line(number: int, text: bytes) -> Line:
    marked = _MARKED.match(text)
    time, from_host = "", False
    if marked is not None:
        time, from_host = marked[1].decode("latin-1"), marked[2] == b"H>D"
        text = text[marked.end() :]
    return Line(number, time, from_host, _ESCAPED.sub(_unescaped, text))


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 16),))


def packets(line: Line) -> Iterator[tuple[bytes, bool]]:
    """Every packet that begins in a line of the device: what stands after its `#`, and whether its `!` came."""
    if line.from_host:
        return
    for piece in line.raw.split(b"#")[1:]:
        body, end, _ = piece.partition(b"!")
        yield body, bool(end)


class Clock:
    """Times as they are written, `12:52:17.627` or seconds, become seconds that never run backwards."""

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._last_s = 0.0
        self._days_s = 0.0

    def read(self, text: str) -> float | None:
        """Seconds after the first time that was read, over midnight too; None for what is no time."""
        clock = _CLOCK.fullmatch(text)
        if clock is not None:
            at_s = int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + float(clock[3]) + self._days_s
        elif re.fullmatch(r"\d{1,12}(?:\.\d{1,9})?", text):
            at_s = float(text)
        else:
            return None
        if self._first_s is None:
            self._first_s = self._last_s = at_s
        if clock is not None and at_s < self._last_s - _DAY_S / 2:
            self._days_s += _DAY_S
            at_s += _DAY_S
        self._last_s = max(self._last_s, at_s)
        return self._last_s - self._first_s


def spoken(path: Path) -> list[Segment]:
    """What the device says in a capture of lines; a line without a time comes together with the one before it.

    StorageError for an unreadable file, ProtocolError where it holds no packet.
    """
    clock, at_s = Clock(), 0.0
    found: list[Segment] = []
    with opened(path) as file:
        for line in lines(file):
            if not line.from_host and b"#" in line.raw:
                at_s = clock.read(line.time) or at_s
                found.append(Segment(at_s, line.raw.rstrip(b"\r\n") + b"\r\n"))
    if not found:
        raise ProtocolError(
            f"{path} holds no packet of a device: lines such as 12:52:17.627 TAB D>H TAB #frame1234:...!"
        )
    return found


def segmented(path: Path, table: Path) -> list[Segment]:
    """The bytes of a stream in the pieces a table names: columns time, dir, offset, nbytes.

    StorageError for an unreadable file, ProtocolError where the two do not belong together.
    """
    with opened(path) as file:
        stream = file.read()
    with opened(table) as file:
        text = file.read().decode("utf-8-sig", errors="replace")
    clock = Clock()
    found: list[Segment] = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if row.get("dir") == "D>H":
            found.append(_segment(stream, row, clock, f"{table}, line {number}"))
    if not found:
        raise ProtocolError(f"{table} names no bytes of a device: columns time,dir,offset,nbytes with D>H in dir")
    return found


def _segment(stream: bytes, row: dict[str, str], clock: Clock, place: str) -> Segment:
    at_s = clock.read(row.get("time") or "")
    offset, size = row.get("offset") or "", row.get("nbytes") or ""
    if at_s is None or not (offset.isdecimal() and size.isdecimal()):
        raise ProtocolError(f"{place}: time, offset and nbytes must be a time and two numbers")
    begin, end = int(offset), int(offset) + int(size)
    if end > len(stream):
        raise ProtocolError(f"{place}: the bytes {begin} to {end} lie beyond the stream, which has {len(stream)}")
    return Segment(at_s, stream[begin:end])
