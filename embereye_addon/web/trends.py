"""The last ten minutes of a few values, for the page's plots: the greatest of every two seconds."""

from collections import deque
from typing import Final

STEP_S: Final = 2.0
POINTS: Final = 300
"""Ten minutes."""


class Trend:
    """One value over time. Bounded; a step without a value is left out."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=POINTS)
        self._values: deque[float] = deque(maxlen=POINTS)

    def add(self, at: float, value: float) -> None:
        """One more value at UTC second `at`; a clock that was set back begins a new step."""
        step = at - at % STEP_S
        if self._at and self._at[-1] == step:
            self._values[-1] = max(self._values[-1], value)
        else:
            self._at.append(step)
            self._values.append(value)

    def points(self) -> tuple[list[float], list[float]]:
        """UTC seconds and values, oldest first."""
        return list(self._at), list(self._values)
