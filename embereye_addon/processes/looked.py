"""What a detector keeps of its glances and looks: what to tell when, how late they were, what cameras cannot see."""

from dataclasses import dataclass, field

from embereye_addon.detect.shard import Glance, Seen
from embereye_addon.detect.waiting import Waiting
from embereye_addon.observe.metrics import (
    FRAME_GLANCE,
    FRAME_LOOK,
    FRAMES_GLANCED,
    FRAMES_LOOKED,
    LOOKS_LATE,
    LOOKS_SHED,
    MODEL_QUEUE,
    VIEWS_SHED,
)
from embereye_addon.processes.sightings import Told, something

LATE_S = 10.0
"""A camera whose pictures come but are not looked at for this long is a fault: it is never quiet by itself."""

Faults = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Looked:
    """Per camera; `glanced` is called in the decode thread, `seen` in the model's, the rest in the event loop."""

    _told: dict[str, Told] = field(default_factory=dict)
    _looked_s: dict[str, float] = field(default_factory=dict)
    _took_ms: dict[str, float] = field(default_factory=dict)
    _sight: dict[str, Faults] = field(default_factory=dict)
    _shed: dict[str, int] = field(default_factory=dict)

    def begin(self, source: str, now_s: float) -> None:
        """A camera is watched from now on."""
        self._looked_s[source] = now_s
        self._told[source] = Told()
        self._sight.pop(source, None)

    def glanced(self, glance: Glance, now_s: float) -> bool:
        """Count a glance; whether it is to be told, because no look was told for a second."""
        FRAMES_GLANCED.labels(glance.source).inc()
        FRAME_GLANCE.observe(max(0.0, now_s - glance.received_mono_s))
        self._sight[glance.source] = glance.faults
        return not glance.asked and self._due(glance.source, glance.received_mono_s, telling=False)

    def seen(self, seen: Seen, now_s: float) -> bool:
        """Count a look; whether it is to be told."""
        took_s = max(0.0, now_s - seen.received_mono_s)
        FRAME_LOOK.observe(took_s)
        FRAMES_LOOKED.labels(seen.source).inc()
        VIEWS_SHED.labels(seen.source).inc(seen.views_shed)
        LOOKS_LATE.labels(seen.source).inc(int(seen.late))
        self._took_ms[seen.source] = round(took_s * 1000.0, 2)
        self._looked_s[seen.source] = now_s
        return self._due(seen.source, seen.received_mono_s, telling=something(seen))

    def _due(self, source: str, now_s: float, *, telling: bool) -> bool:
        told = self._told.setdefault(source, Told())
        if not told.due(now_s, something=telling):
            return False
        told.said_s = now_s
        return True

    def latency_ms(self, source: str) -> float:
        """From the arrival of the last picture that was looked at to the model's result."""
        return self._took_ms.get(source, 0.0)

    def faults(self, source: str, now_s: float, *, coming: bool) -> Faults:
        """What this camera cannot see, and whether its pictures, when they are `coming`, are looked at."""
        if not coming:
            return ()
        late_s = now_s - self._looked_s.get(source, now_s)
        late = ("not_looked", f"pictures come, but none was looked at for {late_s:.0f} s")
        return (*self._sight.get(source, ()), *((late,) if late_s > LATE_S else ()))

    def count(self, process: str, waiting: Waiting) -> None:
        """Tell the metrics how many looks wait, and how many were given up for newer ones since the last call."""
        MODEL_QUEUE.labels(process).set(waiting.depth)
        for source, shed in tuple(waiting.shed.items()):
            LOOKS_SHED.labels(source).inc(shed - self._shed.get(source, 0))
            self._shed[source] = shed
