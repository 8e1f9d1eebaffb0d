"""The looks that wait for the model: one a camera, the newest picture wins, the most urgent first."""

import threading
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.roi import Box
from embereye_addon.frame import Planes

DEADLINE_S = 0.040
"""From the arrival of a suspicious camera's picture to the model's result."""
MOST_WAITING = 256
"""As many as a site can have cameras; each holds one decoded picture (0.5 MB at 640x480)."""


class Picture(Protocol):
    """A decoded picture that can be had at any size and in parts, with its number and arrival on both clocks."""

    @property
    def number(self) -> int: ...  # noqa: D102 - said above
    @property
    def at(self) -> float: ...  # noqa: D102 - said above
    @property
    def received_mono_s(self) -> float: ...  # noqa: D102 - said above
    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def planes(self) -> Planes:
        """The whole picture as 4:2:0 planes, full size."""

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """The whole picture as BGR [height, width, 3]."""

    def crop(
        self, left: float, top: float, right: float, bottom: float, width: int = 0, height: int = 0
    ) -> NDArray[np.uint8]:
        """A part in fractions as BGR [height, width, 3]."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One picture of one camera that the model should look at, and the places (fractions) to look at more closely.

    `since_s` is when this camera began to wait (monotonic s); a newer picture that takes an older one's place keeps it.
    """

    source: str
    picture: Picture
    boxes: tuple[Box, ...]
    suspect: bool
    since_s: float


class Waiting:
    """The queue between the decode thread, which puts, and the model's thread, which takes. Bounded by the cameras."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._asks: dict[str, Ask] = {}
        self._change = threading.Condition()
        self._closed = False
        self.shed: dict[str, int] = {}

    def put(self, ask: Ask) -> None:
        """Queue a look; an older one of this camera, or the least urgent one when all places are taken, is shed."""
        with self._change:
            older = self._asks.pop(ask.source, None)
            if older is not None:
                self._count(ask.source)
                suspect = ask.suspect or older.suspect
                ask = replace(ask, suspect=suspect, since_s=older.since_s, boxes=ask.boxes or older.boxes)
            self._asks[ask.source] = ask
            if len(self._asks) > self._most:
                last = max(self._asks.values(), key=_urgency)
                del self._asks[last.source]
                self._count(last.source)
            self._change.notify()

    def renew(self, source: str, picture: Picture) -> None:
        """A newer picture of a camera that waits already: its look is of that one."""
        with self._change:
            ask = self._asks.get(source)
            if ask is not None:
                self._asks[source] = replace(ask, picture=picture)

    def take(self, timeout_s: float, *, suspects_only: bool = False) -> Ask | None:
        """The most urgent look: suspicious cameras first, then who waits longest; None after the time or the end."""
        with self._change:
            self._change.wait_for(lambda: self._first(suspects_only) or self._closed, timeout_s)
            first = self._first(suspects_only)
            return None if first is None else self._asks.pop(first.source)

    def _first(self, suspects_only: bool) -> Ask | None:
        asks = (ask for ask in self._asks.values() if ask.suspect or not suspects_only)
        return min(asks, key=_urgency, default=None)

    def forget(self, source: str) -> None:
        """This camera is no longer watched; what it asked for is neither looked at nor shed."""
        with self._change:
            self._asks.pop(source, None)

    def close(self) -> None:
        """Wake whoever takes, for ever."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def depth(self) -> int:
        """How many looks wait."""
        return len(self._asks)

    def _count(self, source: str) -> None:
        self.shed[source] = self.shed.get(source, 0) + 1


def _urgency(ask: Ask) -> tuple[bool, float]:
    """Smaller is sooner."""
    return not ask.suspect, ask.since_s
