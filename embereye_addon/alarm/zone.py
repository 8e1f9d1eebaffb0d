"""One zone's state: normal, pre-alarm, alarm; an alarm latches and leaves only by reset."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from embereye_addon.alarm import service
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.service import Commissioning, Out, Trial
from embereye_addon.messages import Explanation, ZoneState

RESET_QUIET_S = 5.0
"""A flame flickers: one look without it is not its end, and neither is the first moment after a restart."""
AWAITS = "first_signal"
"""The rule of a pre-alarm that has had its first signal: it is shown instead of why the pre-alarm began."""
RANK = MappingProxyType({ZoneState.NORMAL: 0, ZoneState.PRE_ALARM: 1, ZoneState.ALARM: 2})
"""How grave a state is; evidence only ever raises it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the evidence asks for: a state, whether nothing is left that would hold an alarm, and why.

    `hard` says that a hard rule asks for an alarm.
    """

    state: ZoneState
    gone: bool
    explanation: Explanation
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone between two steps. `quiet_since_s` is monotonic: since when the evidence has been gone.

    By day its outputs wait for `waits_s`, for an acknowledgement and then for a reset; `wait` is that waiting, and its
    `by` who has acknowledged.
    """

    id: str
    name: str
    clear_s: float
    state: ZoneState = ZoneState.NORMAL
    since: float = 0.0
    alarm_id: str = ""
    acknowledged: bool = False
    explanation: Explanation | None = None
    quiet_since_s: float | None = None
    disabled: Out | None = None
    test: Trial | None = None
    waits_s: tuple[float, float] = (0.0, 0.0)
    wait: Out | None = None
    commissioning: Commissioning | None = None

    @property
    def in_force(self) -> bool:
        """Whether it is in alarm and in service: detection goes on in the others too, for the log only."""
        return self.state is ZoneState.ALARM and self.disabled is None and self.commissioning is None

    @property
    def driving(self) -> bool:
        """Whether its alarm drives outputs now."""
        return self.in_force and self.wait is None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of state: which zone, from what, why, by whom; `zone` is as it is afterwards."""

    zone: Zone
    was: ZoneState
    cause: str
    by: str
    explanation: Explanation
    id: str


def _enter(zone: Zone, wanted: Wanted, now: Now) -> tuple[Zone, Change]:
    """Go to pre-alarm or alarm; an incident keeps the id it began with."""
    ident = zone.alarm_id or f"{zone.id}-{round(now.at * 1000):x}"
    after = replace(
        zone,
        state=wanted.state,
        since=now.at,
        alarm_id=ident,
        acknowledged=False,
        explanation=wanted.explanation,
        quiet_since_s=None,
        commissioning=service.counted(zone.commissioning, wanted.state),
    )
    return after, Change(after, zone.state, wanted.explanation.rule, "evidence", wanted.explanation, ident)


def _leave(zone: Zone, now: Now, explanation: Explanation, cause: str, by: str) -> tuple[Zone, Change]:
    """Go back to normal; the change still names the incident that ended."""
    after = replace(
        zone,
        state=ZoneState.NORMAL,
        since=now.at,
        alarm_id="",
        acknowledged=False,
        explanation=None,
        quiet_since_s=None,
        wait=None,
    )
    return after, Change(after, zone.state, cause, by, explanation, zone.alarm_id)


def step(zone: Zone, wanted: Wanted, now: Now) -> tuple[Zone, Change | None]:
    """The zone after a look at its evidence. Nothing but `reset` takes it out of alarm."""
    if RANK[wanted.state] > RANK[zone.state]:
        return _enter(zone, wanted, now)
    if zone.state is ZoneState.NORMAL:
        return zone, None
    zone = _noted(zone, wanted, now)
    if zone.state is ZoneState.PRE_ALARM and wanted.explanation.rule == AWAITS and _awaits(zone) != AWAITS:
        zone = replace(zone, explanation=wanted.explanation)
    if zone.state is ZoneState.PRE_ALARM and _quiet_s(zone, now) >= zone.clear_s:
        return _leave(zone, now, wanted.explanation, "evidence_gone", "evidence")
    return zone, None


def _noted(zone: Zone, wanted: Wanted, now: Now) -> Zone:
    """The zone with the time since when its evidence has been gone."""
    since_s = None if not wanted.gone else now.mono_s if zone.quiet_since_s is None else zone.quiet_since_s
    return zone if since_s == zone.quiet_since_s else replace(zone, quiet_since_s=since_s)


def _awaits(zone: Zone) -> str:
    """The rule of the zone's explanation."""
    return "" if zone.explanation is None else zone.explanation.rule


def _quiet_s(zone: Zone, now: Now) -> float:
    """How long the evidence has been gone; below 0 while it is there."""
    return -1.0 if zone.quiet_since_s is None else now.mono_s - zone.quiet_since_s


def reset(zone: Zone, wanted: Wanted, now: Now, by: str) -> tuple[Zone, Change | None, str]:
    """End an alarm if its evidence has been gone for `RESET_QUIET_S`; else it stays and the text says why."""
    if zone.state is ZoneState.NORMAL:
        return zone, None, ""
    if not wanted.gone:
        return zone, None, f"{zone.name} stays in {zone.state.value}: {wanted.explanation.text}"
    zone = _noted(zone, wanted, now)
    if _quiet_s(zone, now) < RESET_QUIET_S:
        words = f"the evidence has been gone for less than {RESET_QUIET_S:.0f} s; look again and try again"
        return zone, None, f"{zone.name} stays in {zone.state.value}: {words}"
    after, change = _leave(zone, now, wanted.explanation, "reset", by)
    return after, change, ""
