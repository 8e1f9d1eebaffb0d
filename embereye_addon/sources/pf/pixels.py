"""Pixels that fail while the device runs, and values of the chip that drift away. Pure."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf.eeprom import COLUMNS, PIXELS, ROWS
from embereye_addon.sources.pf.mlx90640 import SATURATED, Conversion

WINDOW = 50  # frames
LONE = 6.0
"""A pixel is alone with what it does when it does so many times what its second busiest neighbour does.

The lens lights the four direct neighbours of a point with 1/5.5 of it at least, so nothing real is ever alone.
"""
BELOW = 1.0 / 3.0
"""It must go below its surroundings by this share of what it goes above them: a fire only ever adds heat."""
JUMPS = 4  # leaps in a window: there and back, twice
CHANGES = 10  # frames of a window in which the words of at least two neighbours are others than before
HIDDEN_MAX = 8
"""More pixels than this are no single faults: then nothing is hidden, and the device is unreliable."""
SETTLED = 20  # values that make a reference

_Flags = NDArray[np.bool_]
_FLAT = np.pad(np.arange(PIXELS).reshape(ROWS, COLUMNS), 1, constant_values=PIXELS)
_AROUND = np.stack(
    [
        _FLAT[row : row + ROWS, column : column + COLUMNS].ravel()
        for row in range(3)
        for column in range(3)
        if (row, column) != (1, 1)
    ]
)
"""The flat indices of the eight neighbours, [8,768]; 768 beyond the edges."""
_NONE: _Flags = np.zeros(PIXELS, np.bool_)


class PixelWatch:
    """Finds pixels that fail alone: stuck (one word for ever), noisy, or jumping between levels.

    Frames are kept in a ring and looked at together, once in 50. What two windows in a row find counts, until one does
    not find it any more; a stuck pixel whose word changes is believed at once.
    """

    def __init__(self) -> None:
        self.stuck: tuple[int, ...] = ()
        self.noisy: tuple[int, ...] = ()
        self.jumping: tuple[int, ...] = ()
        self._words = np.empty((0, PIXELS), np.int16)
        self._to_c = np.empty((0, PIXELS), np.float32)
        self._count = 0
        self._before = (_NONE, _NONE)
        self._hidden = np.empty(0, np.intp)
        self._around = np.empty((0, 8), np.intp)

    @property
    def found(self) -> tuple[int, ...]:
        """Every pixel that fails now, as flat indices."""
        return tuple(sorted({*self.stuck, *self.noisy, *self.jumping}))

    @property
    def unreliable(self) -> bool:
        """So many pixels fail that none is hidden."""
        return len(self.found) > HIDDEN_MAX

    def take(self, words: NDArray[np.uint16], conversion: Conversion) -> None:
        """One frame: its words, [768] or more, and what they were converted to, nothing hidden yet."""
        if not len(self._words):
            self._words, self._to_c = np.empty((WINDOW, PIXELS), np.int16), np.empty((WINDOW, PIXELS), np.float32)
        raw = words[:PIXELS].view(np.int16)
        if self.stuck:
            self._release(raw)
        self._words[self._count], self._to_c[self._count] = raw, conversion.to_c.ravel()
        self._count += 1
        if self._count == WINDOW:
            self._count = 0
            self._judge(conversion.replaced.ravel())

    def hide(self, conversion: Conversion) -> Conversion:
        """The same frame with failing pixels replaced by the median of their neighbours: never a part of a hot spot."""
        if not self._hidden.size:
            return conversion
        to_c, replaced = conversion.to_c.ravel().copy(), conversion.replaced.ravel().copy()
        around = np.sort(np.where(self._around >= 0, to_c[self._around], np.nan), axis=1)  # NaN last
        known = np.isfinite(around).sum(axis=1)
        place = np.arange(known.size)
        to_c[self._hidden] = (around[place, np.maximum(known - 1, 0) // 2] + around[place, known // 2]) / 2
        replaced[self._hidden] = True
        return replace(conversion, to_c=to_c.reshape(ROWS, COLUMNS), replaced=replaced.reshape(ROWS, COLUMNS))

    def _release(self, raw: NDArray[np.int16]) -> None:
        last = self._words[self._count - 1]  # of the window before, where this one begins
        moving = {index for index in self.stuck if raw[index] != last[index]}
        if moving:
            self.stuck = tuple(index for index in self.stuck if index not in moving)
            self._rest()

    def _judge(self, replaced: _Flags) -> None:
        """Look at a whole window; a pixel of the calibration's own list is not looked at."""
        noisy, jumping = (one & ~replaced for one in _alone(_filled(self._to_c)))
        stuck = _stuck(self._words) & ~replaced
        was, was_stuck, was_restless = self.found, *self._before
        self._before = (stuck, noisy | jumping)
        self.stuck, self.noisy, self.jumping = (
            tuple(int(index) for index in np.flatnonzero(one))
            for one in (stuck & was_stuck, noisy & was_restless, jumping & was_restless)
        )
        if self.found != was:
            self._rest()

    def _rest(self) -> None:
        """What is hidden from now on, and the good neighbours of each, -1 where there is none."""
        self._hidden = np.array(() if self.unreliable else self.found, dtype=np.intp)
        around = _AROUND[:, self._hidden].T
        self._around = np.where(np.isin(around, self._hidden) | (around == PIXELS), -1, around)


def _second_largest(values: NDArray[np.float32], outside: float = 0.0) -> NDArray[np.float32]:
    """What the second busiest of the neighbours does, [768]; `outside` stands for what is beyond the edges."""
    around: NDArray[np.float32] = np.append(values, np.float32(outside))[_AROUND]
    first = second = np.full_like(values, -np.inf)
    for one in around:
        second = np.maximum(second, np.minimum(first, one))
        first = np.maximum(first, one)
    return second


def _filled(to_c: NDArray[np.float32]) -> NDArray[np.float32]:
    """[50,768] in which a value that is not known is the mean of the known ones of its pixel, else 0."""
    unknown = np.isnan(to_c)
    if not unknown.any():
        return to_c
    known = np.where(unknown, np.float32(0.0), to_c)
    mean = known.sum(axis=0) / np.maximum(1, WINDOW - unknown.sum(axis=0))
    return np.where(unknown, mean, known).astype(np.float32)


def _stuck(words: NDArray[np.int16]) -> _Flags:
    """Whose word never changes while those of two neighbours often do. The hot end of the scale is no single word."""
    same: _Flags = (words == words[0]).all(axis=0) & (words[0] < SATURATED)
    if same.any():
        changes = (words[1:] != words[:-1]).sum(axis=0, dtype=np.float32)
        same &= _second_largest(changes) >= CHANGES
    return same


def _alone(to_c: NDArray[np.float32]) -> tuple[_Flags, _Flags]:
    """Who is noisier than its neighbours, or leaps further from frame to frame, time and again; [50,768].

    The second are those that are calm between their leaps: they move no further than their neighbours do at most.
    """
    spread, steps = to_c.std(axis=0), np.abs(np.diff(to_c, axis=0))
    around, leap = _second_largest(spread), _second_largest(steps.max(axis=0))
    leaps = (steps > LONE * leap).sum(axis=0, dtype=np.float32)
    alone: _Flags = ((spread > LONE * around) | (leaps >= JUMPS)) & (around > 0.0)
    calm = np.zeros_like(alone)
    if alone.any():
        alone &= _goes_below(to_c)
        calm[alone] = np.median(steps[:, alone], axis=0) <= leap[alone]
    return alone & ~calm, calm


def _goes_below(to_c: NDArray[np.float32]) -> _Flags:
    """Who goes below its second coldest neighbour, and not much less than it goes above it."""
    coldest = -_second_largest(-to_c.mean(axis=0), -np.inf)
    down = coldest - to_c.min(axis=0)
    below: _Flags = (down > 0.0) & (down >= BELOW * (to_c.max(axis=0) - coldest))
    return below


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
