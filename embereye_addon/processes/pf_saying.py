"""What the PF gateway says, and when: findings at once, everything else thinned and after them."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from embereye_addon.fuse.thermal import Look
from embereye_addon.messages import Evidence, Message, Reading, ThermalFrame
from embereye_addon.sources.pf.analog import LEAST_SIGMA, Measure
from embereye_addon.sources.pf.mlx90640 import Conversion
from embereye_addon.thermal.cells import ALONE, Cells, encode
from embereye_addon.thermal.history import Recorder, Thinning
from embereye_addon.topology import CHANNEL_OF

QUIET_S = 1.0
"""A look that changes nothing is said this often."""
HOT_S = 0.25
"""… and while something is hot this often; the sequential test counts a look by the time since the one before."""
READING_S = 0.5
"""An input that rests is said this often."""
NOTABLE_K = 1.0
NOTABLE_NATS = 0.1
MOST = 2048
"""Messages that wait for the bus; then the oldest go, and are counted."""


@dataclass(slots=True)
class Saying:
    """Hands messages to the bus in one task: urgent ones first, each kind in its order, the oldest dropped."""

    say: Callable[[Message], Awaitable[None]]
    dropped: Counter[str]
    urgent: deque[Message] = field(default_factory=deque)
    later: deque[Message] = field(default_factory=deque)
    task: "asyncio.Task[None] | None" = None

    def put(self, message: Message, *, urgent: bool = False) -> None:
        """Say it soon, without waiting here."""
        waiting = self.urgent if urgent else self.later
        if len(waiting) >= MOST:
            self.dropped[f"slow.{CHANNEL_OF[type(waiting.popleft())].name}"] += 1
        waiting.append(message)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._drain(), name="say")

    async def _drain(self) -> None:
        while waiting := self.urgent or self.later:
            await self.say(waiting.popleft())


@dataclass(slots=True)
class LookTold:
    """When one device's look was said last, and what it claimed; decides whether the next must be said now."""

    told_s: float = -1.0e9
    hot: bool = False
    evidence: Evidence | None = None

    def due(self, look: Look, mono_s: float) -> bool:
        """Whether to say it: at once when it claims anything new, else in its time. If so, it counts as said."""
        hot, found, before = bool(look.clusters), look.evidence, self.evidence
        new = (
            before is None
            or hot != self.hot
            or found.rules != before.rules
            or found.cap_nats != before.cap_nats
            or abs(found.llr_nats - before.llr_nats) > NOTABLE_NATS
            or (hot and abs(found.value - before.value) > NOTABLE_K)
        )
        if not new and mono_s - self.told_s < (HOT_S if hot else QUIET_S):
            return False
        self.told_s, self.hot, self.evidence = mono_s, hot, found
        return True


@dataclass(slots=True)
class InputWindow:
    """One input between two sayings: how many readings, their sum, lowest and highest, and what was said last."""

    count: int = 0
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0
    told_s: float = -1.0e9
    told: tuple[float, bool, bool, str] = (0.0, False, False, "")
    rules: tuple[str, ...] = ()

    def take(
        self, measure: Measure, evidence: tuple[Evidence, ...], mono_s: float, window_s: float
    ) -> tuple[bool, bool]:
        """Take one reading; whether it must be said now, and whether because of what it claims (then at once)."""
        self.low = min(self.low, measure.raw) if self.count else measure.raw
        self.high = max(self.high, measure.raw) if self.count else measure.raw
        self.count, self.total = self.count + 1, self.total + measure.raw
        rules = tuple(rule for piece in evidence for rule in piece.rules)
        if rules != self.rules or any(piece.llr_nats > 0.0 for piece in evidence):
            return True, True
        since_s = mono_s - self.told_s
        if since_s < window_s:
            return False, False
        raw, *flags = self.told
        moved = abs(self.total / self.count - raw) > LEAST_SIGMA
        changed = moved or flags != [measure.warming_up, measure.stuck, measure.role]
        return since_s >= READING_S or changed, False

    def reading(self, message: Reading, mono_s: float) -> Reading:
        """`message`, of the newest reading, with the figures of its window; a new window begins."""
        mean = round(self.total / self.count, 2)
        said = msgspec.structs.replace(message, mean=mean, low=self.low, high=self.high, count=self.count)
        self.told_s, self.told = mono_s, (mean, message.warming_up, message.stuck, message.role)
        self.rules = tuple(rule for piece in message.evidence for rule in piece.rules)
        self.count, self.total = 0, 0.0
        return said


@dataclass(slots=True)
class Told:
    """What one device's listeners and its history know already."""

    recorder: Recorder
    look: LookTold = field(default_factory=LookTold)
    windows: dict[str, InputWindow] = field(default_factory=dict)
    thinning: Thinning = field(default_factory=Thinning)
    viewed_s: float = -1.0e9


def cells_of(conversion: Conversion) -> Cells:
    """Centi-degrees as they are shown and kept, [24, 32] int16; -32768 where there is no value."""
    cells = np.nan_to_num(conversion.to_c * np.float32(100.0), nan=-32768.0)
    kept: Cells = np.clip(np.rint(cells), -32768, 32767).astype(np.int16)
    return kept


def view(source: str, seq: int, at: float, conversion: Conversion) -> ThermalFrame:
    """The frame for viewers: centi-degrees; an invalid pixel is shown as the coldest that fits."""
    return ThermalFrame(
        source=source,
        seq=seq,
        at=at,
        cells=encode(cells_of(conversion)),
        coding=ALONE,
        ambient_c=round(conversion.ambient_c, 3),
        supply_v=round(conversion.supply_v, 4),
        replaced=tuple(int(index) for index in np.flatnonzero(conversion.replaced)),
        outside=tuple(int(index) for index in np.flatnonzero(conversion.outside)),
    )
