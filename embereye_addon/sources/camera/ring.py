"""The last seconds of a camera as it sent them: compressed packets in memory, bounded, from a key frame on.

Adding a packet is a copy of some kilobytes in the reader's thread; nothing is decoded until somebody wants a film.
"""

import threading
from collections import deque
from dataclasses import dataclass, field

from embereye_addon.sources.camera.rtsp import Arrived, Opened

KEEP_S = 12.0
MOST_BYTES = 768 * 1024
"""Of one camera, always."""
RECORDING_BYTES = 3 * MOST_BYTES
"""Of one recording, with what came after."""
RECORDINGS_MOST = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """One packet: its bytes, whether it is a key frame, and its arrival on both clocks."""

    payload: bytes
    key: bool
    at: float
    mono_s: float


@dataclass(slots=True)
class Recording:
    """Packets from a key frame on, and what opened their stream. It grows until `until_mono_s`, or until it is full."""

    opened: Opened
    pieces: list[Piece]
    until_mono_s: float
    size: int = 0
    waits: bool = False
    ended: bool = False

    def add(self, piece: Piece) -> None:
        """One more packet of the same stream; after a gap it waits for a key frame, and what does not fit ends it."""
        self.waits = self.waits and not piece.key
        if self.waits or self.ended:
            return
        self.size += len(piece.payload)
        self.ended = piece.mono_s > self.until_mono_s or self.size > RECORDING_BYTES
        if not self.ended:
            self.pieces.append(piece)


@dataclass(slots=True)
class Ring:
    """One camera's last packets, in groups that begin with a key frame; used by its reader and by whoever records."""

    opened: Opened | None = None
    size: int = 0
    _groups: deque[list[Piece]] = field(default_factory=deque)
    _whole: bool = False
    _recordings: list[Recording] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _begin(self, opened: Opened) -> None:
        """The stream was opened anew: what came before has other parameters."""
        with self._lock:
            self.opened, self.size, self._whole = opened, 0, False
            self._groups.clear()
            for recording in self._recordings:
                recording.ended = True

    def add(self, thing: Opened | Arrived) -> None:
        """What the reader delivers. Old packets go group by group; of a group too large its beginning is kept."""
        if isinstance(thing, Opened):
            self._begin(thing)
        else:
            self._keep(thing)

    def _keep(self, arrived: Arrived) -> None:
        if not arrived.key and not self._whole and not self._recordings:
            return
        piece = Piece(bytes(arrived.packet), arrived.key, arrived.at, arrived.mono_s)
        with self._lock:
            for recording in self._recordings:
                recording.add(piece)
            if piece.key:
                self._groups.append([])
                self._whole = True
            if not self._whole:
                return
            self._groups[-1].append(piece)
            self.size += len(piece.payload)
            self._trim(piece.mono_s)

    def _trim(self, now_s: float) -> None:
        while len(self._groups) > 1 and (self.size > MOST_BYTES or self._groups[1][0].mono_s <= now_s - KEEP_S):
            self.size -= sum(len(piece.payload) for piece in self._groups.popleft())
        if self.size > MOST_BYTES:
            self.size -= len(self._groups[-1].pop().payload)
            self._whole = False

    def take(self, begin: float, until_mono_s: float) -> Recording | None:
        """Begin a recording with what is there from UTC second `begin` on; None without a stream, or with too many."""
        with self._lock:
            if self.opened is None or len(self._recordings) >= RECORDINGS_MOST:
                return None
            groups = list(self._groups)
            while len(groups) > 1 and groups[1][0].at <= begin:
                groups.pop(0)
            pieces = [piece for group in groups for piece in group]
            size = sum(len(piece.payload) for piece in pieces)
            recording = Recording(self.opened, pieces, until_mono_s, size, waits=not self._whole)
            self._recordings.append(recording)
            return recording

    def release(self, recording: Recording) -> None:
        """It is over; nothing is added any more."""
        with self._lock:
            recording.ended = True
            self._recordings = [each for each in self._recordings if each is not recording]
