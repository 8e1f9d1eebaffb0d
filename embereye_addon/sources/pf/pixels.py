"""Pixels that fail while the device runs, and values of the chip that drift away. Pure."""

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 24, 32
PIXELS = ROWS * COLUMNS
WINDOW = 50  # frames
NOISY = 5.0  # times the spread of its neighbours
SETTLED = 20  # values that make a reference

_Flags = NDArray[np.bool_]


class PixelWatch:
    """Finds pixels whose word never changes while their neighbours' do (stuck), or changes far more (noisy).

    A pixel counts when two windows of 50 frames in a row find it: what moves through the picture does not.
    """

    def __init__(self) -> None:
        self.stuck: tuple[int, ...] = ()
        self.noisy: tuple[int, ...] = ()
        self._count = 0
        self._first: NDArray[np.float64] = np.zeros(PIXELS)
        self._sum: NDArray[np.float64] = np.zeros(PIXELS)
        self._squares: NDArray[np.float64] = np.zeros(PIXELS)
        self._before: tuple[_Flags, _Flags] = (np.zeros(PIXELS, np.bool_), np.zeros(PIXELS, np.bool_))

    def take(self, words: NDArray[np.uint16]) -> None:
        """One frame's words, [768] or more."""
        raw = words[:PIXELS].view(np.int16).astype(np.float64)
        if not self._count:
            self._first, self._sum, self._squares = raw, np.zeros(PIXELS), np.zeros(PIXELS)
        change = raw - self._first
        self._sum += change
        self._squares += change * change
        self._count += 1
        if self._count == WINDOW:
            self._judge()
            self._count = 0

    def _judge(self) -> None:
        mean = self._sum / WINDOW
        spread = np.sqrt(np.maximum(self._squares / WINDOW - mean * mean, 0.0))
        around = _median_around(spread)
        stuck, noisy = (self._squares == 0.0) & (around > 0.0), (spread > NOISY * around) & (around > 0.0)
        self.stuck = tuple(int(index) for index in np.flatnonzero(stuck & self._before[0]))
        self.noisy = tuple(int(index) for index in np.flatnonzero(noisy & self._before[1]))
        self._before = (stuck, noisy)


def _median_around(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of the 8 neighbours, fewer at the edges; [768] to [768]."""
    padded = np.pad(spread.reshape(ROWS, COLUMNS), 1, constant_values=np.nan)
    places = [(row, column) for row in range(3) for column in range(3) if (row, column) != (1, 1)]
    around = np.stack([padded[row : row + ROWS, column : column + COLUMNS] for row, column in places])
    median: NDArray[np.float64] = np.nanmedian(around, axis=0).ravel()
    return median


class Drift:
    """How far a value has gone from where it settled: a smoothed value against the median of its first 20."""

    def __init__(self) -> None:
        self.reference: float | None = None
        self.value = 0.0
        self._first: list[float] = []

    def take(self, value: float) -> None:
        """One more value."""
        if self.reference is None:
            self._first.append(value)
            if len(self._first) == SETTLED:
                self.reference = self.value = float(np.median(self._first))
            return
        self.value += 0.1 * (value - self.value)

    @property
    def gone(self) -> float:
        """The distance from the reference; 0 until there is one."""
        return 0.0 if self.reference is None else self.value - self.reference
