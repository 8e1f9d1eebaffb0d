"""One zone's state: normal, pre-alarm, alarm; an alarm latches and leaves only by reset."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from embereye_addon.messages import Explanation, ZoneState

RANK = MappingProxyType({ZoneState.NORMAL: 0, ZoneState.PRE_ALARM: 1, ZoneState.ALARM: 2})
"""How grave a state is; evidence only ever raises it."""


@dataclass(frozen=True, slots=True)
class Now:
    """The two clocks: monotonic seconds decide, UTC seconds are for people."""

    mono_s: float
    at: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the evidence asks for: a state, whether nothing is left that would hold an alarm, and why."""

    state: ZoneState
    gone: bool
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone between two steps. `quiet_since_s` is monotonic: since when the evidence has been gone."""

    id: str
    name: str
    clear_s: float
    state: ZoneState = ZoneState.NORMAL
    since: float = 0.0
    alarm_id: str = ""
    acknowledged: bool = False
    explanation: Explanation | None = None
    quiet_since_s: float | None = None


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
    )
    return after, Change(after, zone.state, cause, by, explanation, zone.alarm_id)


def step(zone: Zone, wanted: Wanted, now: Now) -> tuple[Zone, Change | None]:
    """The zone after a look at its evidence. Nothing but `reset` takes it out of alarm."""
    if RANK[wanted.state] > RANK[zone.state]:
        return _enter(zone, wanted, now)
    if zone.state is ZoneState.PRE_ALARM:
        return _clear(zone, wanted, now)
    return zone, None


def _clear(zone: Zone, wanted: Wanted, now: Now) -> tuple[Zone, Change | None]:
    """A pre-alarm ends by itself once the evidence has been gone for `clear_s`."""
    if not wanted.gone:
        return (zone if zone.quiet_since_s is None else replace(zone, quiet_since_s=None)), None
    if zone.quiet_since_s is None:
        return replace(zone, quiet_since_s=now.mono_s), None
    if now.mono_s - zone.quiet_since_s < zone.clear_s:
        return zone, None
    return _leave(zone, now, wanted.explanation, "evidence_gone", "evidence")


def reset(zone: Zone, wanted: Wanted, now: Now, by: str) -> tuple[Zone, Change | None, str]:
    """End an alarm if its evidence is gone; else it stays (re-enters at once) and the text says why."""
    if zone.state is ZoneState.NORMAL:
        return zone, None, ""
    if not wanted.gone:
        return zone, None, f"{zone.name} stays in {zone.state.value}: {wanted.explanation.text}"
    after, change = _leave(zone, now, wanted.explanation, "reset", by)
    return after, change, ""
