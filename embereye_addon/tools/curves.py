"""How a zone's sum went over a recording, thinned to what a plot can show, and how far the recording is."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

POINTS_MAX = 300
TOLD_S = 0.5


class Curved(msgspec.Struct, frozen=True):
    """One zone's sum over the recording: (s, nats) with the highest of each stretch, and its two thresholds (nats)."""

    path: str
    zone: str
    pre_alarm_nats: float
    alarm_nats: float
    curve: tuple[tuple[float, float], ...]


class Playing(msgspec.Struct, frozen=True):
    """How far a recording is (s), and how long it is where that is known."""

    path: str
    played_s: float
    of_s: float | None


@dataclass(slots=True)
class Curve:
    """Takes any number of points and keeps at most `2 * POINTS_MAX`, of each stretch of time the highest."""

    points: list[tuple[float, float]] = field(default_factory=list)
    _step_s: float = 0.0

    def add(self, at_s: float, nats: float) -> None:
        """One more point; times do not go back."""
        if self.points and at_s - self.points[-1][0] < self._step_s:
            if nats > self.points[-1][1]:
                self.points[-1] = (self.points[-1][0], nats)
            return
        self.points.append((at_s, nats))
        if len(self.points) >= 2 * POINTS_MAX:
            self._step_s = (at_s - self.points[0][0]) / POINTS_MAX
            old, self.points = self.points, []
            for point in old:
                self.add(*point)

    def told(self) -> tuple[tuple[float, float], ...]:
        """The points, rounded for a plot."""
        return tuple((round(at_s, 2), round(nats, 2)) for at_s, nats in self.points)


@dataclass(slots=True)
class Pace:
    """Says now and then how far a recording is."""

    say: Callable[[float], None]
    next_s: float = 0.0

    def at(self, played_s: float) -> None:
        """Say it, if the last time was long enough ago."""
        now_s = time.monotonic()
        if now_s >= self.next_s:
            self.next_s = now_s + TOLD_S
            self.say(played_s)
