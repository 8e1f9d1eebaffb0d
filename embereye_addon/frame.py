"""A picture with its reference, and the one-slot mailbox; never on the wire."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture: BGR uint8 [height, width, 3], its number, wall and monotonic arrival time (s)."""

    source: str
    number: int
    at: float
    received_mono_s: float
    bgr: NDArray[np.uint8]


class Mailbox(Generic[T]):
    """One slot: the newest wins, what it replaces is counted. Safe between threads.

    `on_put` is called (in the putting thread) after each put, to wake whoever takes.
    """

    def __init__(self, on_put: Callable[[], None] = lambda: None) -> None:
        self._lock = threading.Lock()
        self._slot: T | None = None
        self._on_put = on_put
        self.dropped = 0

    def put(self, value: T) -> None:
        """Leave the newest; an unread one is dropped and counted."""
        with self._lock:
            if self._slot is not None:
                self.dropped += 1
            self._slot = value
        self._on_put()

    def take(self) -> T | None:
        """The newest, once; None when nothing new came."""
        with self._lock:
            value, self._slot = self._slot, None
        return value
