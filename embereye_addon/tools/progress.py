"""How far a command is: a live line on a terminal, a line now and then elsewhere. On stderr, results go to stdout."""

import sys
import time
from collections.abc import Callable

LIVE_S = 0.5
LINES_S = 10.0


class Progress:
    """Shows the newest text when it is time to; quiet for commands that end at once."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._live = sys.stderr.isatty()
        self._clock_s = clock_s
        self._next_s = clock_s() + self.period_s
        self._width = 0

    @property
    def period_s(self) -> float:
        """Between two texts."""
        return LIVE_S if self._live else LINES_S

    def show(self, text: Callable[[], str]) -> None:
        """Show a text, which is only made when the last one was long enough ago."""
        if self._clock_s() < self._next_s:
            return
        self._next_s = self._clock_s() + self.period_s
        words = text()
        if self._live:
            print("\r" + words.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(words)
        else:
            print(words, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Wipe the live line."""
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
            self._width = 0
