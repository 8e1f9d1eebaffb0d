"""A site lived through again: evidence with its own times in, the changes of its zones out. No clock, bus or disk."""

from dataclasses import dataclass, field

from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.zone import Change, Wanted, Zone, step
from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.zone import Beliefs
from embereye_addon.messages import Evidence, ZoneState
from embereye_addon.processes.ruling import beliefs_of, place_of
from embereye_addon.settings import model

TICK_S = 0.5
"""The panel looks at every zone this often, evidence or not."""


@dataclass(slots=True)
class Told:
    """One zone so far: its beliefs, its state, its sum and the most that it has reached (nats)."""

    beliefs: Beliefs
    zone: Zone
    most_nats: float = 0.0
    sum_nats: float = 0.0


@dataclass(slots=True)
class Story:
    """Zones that hear evidence. Times are seconds of the recording and never go back."""

    zones: dict[str, Told]
    changes: list[tuple[float, Change]] = field(default_factory=list)
    now_s: float = 0.0

    def hear(self, zone: str, pieces: tuple[Evidence, ...], at_s: float) -> None:
        """Take evidence and decide at once."""
        self.until(at_s)
        told = self.zones[zone]
        for piece in pieces:
            told.beliefs = fusion.hear(told.beliefs, piece, at_s)
        self._decide(told, at_s)

    def until(self, at_s: float) -> None:
        """Time passes: pre-alarms clear."""
        while self.now_s + TICK_S <= at_s:
            self.now_s += TICK_S
            for told in self.zones.values():
                self._decide(told, self.now_s)

    def _decide(self, told: Told, at_s: float) -> None:
        want = fusion.want(told.beliefs, at_s)
        told.sum_nats = want.explanation.sum_nats
        told.most_nats = max(told.most_nats, told.sum_nats)
        wanted = Wanted(want.state, want.gone, want.explanation, hard=want.hard)
        told.zone, change = step(told.zone, wanted, Now(at_s, at_s))
        if change is not None:
            self.changes.append((at_s, change))

    def first_s(self, state: ZoneState) -> float | None:
        """When any zone first came to that state."""
        return next((at_s for at_s, change in self.changes if change.zone.state is state), None)


def begun(zones: tuple[model.Zone, ...]) -> Story:
    """A story of these zones, all quiet."""
    return Story({zone.id: Told(beliefs_of(zone), place_of(zone)) for zone in zones})
