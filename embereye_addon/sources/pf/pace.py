"""What the gateway does when frames come faster than they can be judged: read everything, judge the newest.

As a rule each frame is judged in the turn of the event loop in which its bytes came. In a turn that has judged many
already, frames are held by their sessions instead, where a newer one replaces an older one (and the loss is counted
there), and are judged between the readings, the device that waits longest first. So the system's socket buffers stay
short, no device starves another, and what is judged is never old. Frames are counted, not seconds: a process that has
to share its core would take every wait for work of its own.
"""

import asyncio
from collections.abc import Callable

from embereye_addon.sources.pf.connection import Connection

TURN_FRAMES = 24
"""Judged in one turn at most, about 8 ms of work."""


class Pace:
    """`judge` is called with a connection whose session holds a frame."""

    def __init__(self, judge: Callable[[Connection], None]) -> None:
        self._judge = judge
        self._waiting: dict[Connection, None] = {}
        self._judged = 0
        self._due: asyncio.Handle | None = None

    @property
    def waiting(self) -> int:
        """Connections whose frame waits to be judged."""
        return len(self._waiting)

    @property
    def behind(self) -> bool:
        """Whether what arrives now should be held."""
        return bool(self._waiting) or self._judged >= TURN_FRAMES

    def judged(self, frames: int) -> None:
        """So many frames were judged in this turn."""
        self._judged += frames
        self._call()

    def hold(self, connection: Connection) -> None:
        """Its session holds a frame, to be judged as soon as there is time."""
        self._waiting[connection] = None
        self._call()

    def stop(self) -> None:
        """Judge no more."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._waiting.clear()

    def _call(self) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """After everything that was ready has been read."""
        self._due, self._judged = None, 0
        for connection in tuple(self._waiting)[:TURN_FRAMES]:
            del self._waiting[connection]
            self._judge(connection)
        if self._waiting:
            self._call()
