"""The last day of a PF device's heat on disk: thinned, compressed, bounded, and readable after any crash.

One folder a device, one file ("segment") for at most an hour of it, named by the UTC second of its first frame. A file
is only ever appended to by the process that began it; each record has its length and checksum, so a torn end is told
from a good record and left out. Every 32nd record stands alone, the others hold what differs from the one before.
"""

import itertools
import logging
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from embereye_addon.thermal.cells import Cells, decode, encode

_log = logging.getLogger(__name__)

KEEP_S: Final = 24 * 3600.0
SEGMENT_S: Final = 3600.0
DEVICE_BYTES: Final = 24 * 1024 * 1024
"""Of one device at most, however few there are; a quiet day has 6 MiB, and there is room for four hours of heat."""
QUIET_S: Final = 10.0
HOT_S: Final = 0.5
HOT_FOR_S: Final = 120.0
"""After anything hot, frames are kept at the higher rate for so long."""
ALONE_EVERY: Final = 32
UNWRITTEN_MAX: Final = 512
"""Records of one device that wait for a slow disk; then the oldest go, and are counted."""
ENDING: Final = ".heat"
_HEAD: Final = struct.Struct("<2sBHId")
_MARK: Final = b"EH"
_RECORD_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """One frame of the past: UTC seconds and [24, 32] int16 centi-degrees."""

    at: float
    cells: Cells


@dataclass(slots=True)
class Thinning:
    """Which frames are worth keeping. Times are monotonic seconds."""

    kept_s: float = -1.0e9
    hot_until_s: float = -1.0e9

    def wants(self, mono_s: float, *, hot: bool) -> bool:
        """Whether to keep this frame: one in 10 s, or two a second while something is hot and 2 min after."""
        if hot:
            self.hot_until_s = mono_s + HOT_FOR_S
        if mono_s - self.kept_s < (HOT_S if mono_s < self.hot_until_s else QUIET_S):
            return False
        self.kept_s = mono_s
        return True


@dataclass(slots=True)
class Recorder:
    """Writes one device's history. `add` is for the event loop, `write` for a thread; nothing raises."""

    folder: Path
    most_bytes: int = DEVICE_BYTES
    lost: int = 0
    _waiting: list[Kept] = field(default_factory=list)
    _segment: Path | None = None
    _began: float = 0.0
    _count: int = 0
    _before: Cells | None = None
    _failed: bool = False

    def add(self, at: float, cells: Cells) -> None:
        """Keep a frame, with the next `write`."""
        if len(self._waiting) >= UNWRITTEN_MAX:
            del self._waiting[0]
            self.lost += 1
        self._waiting.append(Kept(at, cells))

    def write(self) -> None:
        """Append what waits, and drop what is too old or too much. A disk that refuses costs these frames."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self._append(waiting)
            self._tidy(waiting[-1].at)
        except OSError as err:
            self.lost += len(waiting)
            self._segment = None
            if not self._failed:
                _log.warning("the thermal history in %s cannot be kept: %s", self.folder, err.strerror)
            self._failed = True
        else:
            self._failed = False

    def give_up(self) -> None:
        """The disk is nearly full: what waits is not written, and the oldest file goes, one a call."""
        self.lost += len(self._waiting)
        self._waiting, self._segment = [], None
        try:
            found = segments(self.folder)
            if found:
                found[0][1].unlink()
        except OSError as err:
            _log.debug("the oldest history in %s cannot be removed: %s", self.folder, err.strerror)

    def _append(self, waiting: list[Kept]) -> None:
        done = 0
        while done < len(waiting):
            if self._segment is None or not 0.0 <= waiting[done].at - self._began < SEGMENT_S:
                self._begin(waiting[done].at)
            assert self._segment is not None
            with self._segment.open("ab") as file:
                while done < len(waiting) and 0.0 <= waiting[done].at - self._began < SEGMENT_S:
                    file.write(self._record(waiting[done]))
                    done += 1

    def _begin(self, at: float) -> None:
        """A new file, for this start or this hour."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = int(at * 1000)
        while (self.folder / f"{number}{ENDING}").exists():
            number += 1
        self._segment, self._began, self._count, self._before = self.folder / f"{number}{ENDING}", at, 0, None

    def _record(self, kept: Kept) -> bytes:
        alone = self._count % ALONE_EVERY == 0
        packed = encode(kept.cells, None if alone else self._before)
        self._count, self._before = self._count + 1, kept.cells
        head = _HEAD.pack(_MARK, alone, len(packed), 0, kept.at)
        return _HEAD.pack(_MARK, alone, len(packed), zlib.crc32(head + packed), kept.at) + packed

    def _tidy(self, now: float) -> None:
        found = segments(self.folder)
        total = sum(path.stat().st_size for _, path in found)
        for (_, path), (next_at, _) in itertools.pairwise(found):
            if next_at > now - KEEP_S and total <= self.most_bytes:
                return
            total -= path.stat().st_size
            path.unlink()


def segments(folder: Path) -> list[tuple[float, Path]]:
    """The files of a device with the UTC second of their first frame, oldest first."""
    named = (path for path in folder.glob(f"*{ENDING}") if path.stem.isdecimal())
    return sorted((int(path.stem) / 1000.0, path) for path in named)


def replay(folder: Path, begin: float, end: float) -> Iterator[Kept]:
    """Every frame that was kept from UTC second `begin` to `end`, oldest first. `OSError` when it cannot be read."""
    found = segments(folder)
    for number, (first, path) in enumerate(found):
        following = found[number + 1][0] if number + 1 < len(found) else end
        if first <= end and following + 1.0 > begin:  # names are of whole milliseconds
            yield from (kept for kept in records(path.read_bytes()) if begin <= kept.at <= end)


def records(raw: bytes) -> Iterator[Kept]:
    """The good records of a segment up to the first torn or damaged one. Never raises."""
    at, before = 0, None
    while at + _HEAD.size <= len(raw):
        mark, alone, length, crc, utc_s = _HEAD.unpack_from(raw, at)
        packed = raw[at + _HEAD.size : at + _HEAD.size + length]
        whole = mark == _MARK and length <= _RECORD_MAX and len(packed) == length
        if not whole or zlib.crc32(_HEAD.pack(mark, alone, length, 0, utc_s) + packed) != crc:
            return
        cells = decode(packed, None if alone else before)
        if cells is None:
            return
        yield Kept(utc_s, cells)
        before, at = cells, at + _HEAD.size + length
