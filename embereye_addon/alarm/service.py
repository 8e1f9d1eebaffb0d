"""Taken out of service and tried out: disablements, isolated outputs, and the walk test of a zone. Pure.

A time limit is decided by the monotonic clock; its UTC second is what people see and what a restart begins from.
"""

from dataclasses import dataclass, replace

from embereye_addon.alarm.clock import Now
from embereye_addon.messages import SAME_PLACE, Explanation, Share, ZoneState

TEST_S = 1800.0
"""A walk test that nobody ends ends by itself after this."""
OVERRIDE_S = 60.0
"""An alarm condition that outlasts this in a test is a fire."""
TICK_NATS = 3.0
"""A point responds to a test from this part of the sum upwards."""


@dataclass(frozen=True, slots=True)
class Out:
    """Out of service: since and until (UTC seconds, 0 for no end), the end by the monotonic clock, and by whom."""

    since: float
    until: float
    until_mono_s: float | None
    by: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A walk test: its time, the points that have responded, and since when the alarm condition lasts (monotonic)."""

    out: Out
    responded: tuple[str, ...] = ()
    burning_since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Commissioning:
    """A zone's first days: since when (UTC seconds), by whom, and how often it has told anything."""

    since: float
    by: str
    pre_alarms: int = 0
    alarms: int = 0


def counted(days: Commissioning | None, state: ZoneState) -> Commissioning | None:
    """The first days of a zone after it went to this state."""
    if days is None:
        return None
    alarm = state is ZoneState.ALARM
    return replace(days, pre_alarms=days.pre_alarms + (not alarm), alarms=days.alarms + alarm)


def out(for_s: float, by: str, now: Now) -> Out:
    """Out of service from now on, for so long; 0 is without end."""
    if for_s <= 0.0:
        return Out(now.at, 0.0, None, by)
    return Out(now.at, now.at + for_s, now.mono_s + for_s, by)


def resumed(kept: Out, now: Now) -> Out:
    """The same after a restart: what is left of the time, by the wall clock, and never more than there was."""
    if not kept.until:
        return kept
    left_s = min(kept.until - kept.since, max(0.0, kept.until - now.at))
    return replace(kept, until_mono_s=now.mono_s + left_s)


def over(each: Out, now: Now) -> bool:
    """Whether its time has come."""
    return each.until_mono_s is not None and now.mono_s >= each.until_mono_s


def alone(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    """The shares of points, without what two of them agree on."""
    return tuple(share for share in shares if not share.point.endswith(f".{SAME_PLACE}"))


def responding(why: Explanation) -> tuple[str, ...]:
    """The points that carry an alarm condition: those with a part of their own, else the first that is named."""
    shares = alone(why.shares)
    strong = tuple(share.point for share in shares if share.nats >= TICK_NATS)
    return strong or tuple(share.point for share in shares[:1])


def tried(trial: Trial, asks: ZoneState, why: Explanation, now: Now) -> tuple[Trial, tuple[str, ...], bool]:
    """The test after one look: the points that responded for the first time, and whether it has become a real alarm."""
    if asks is ZoneState.NORMAL:
        return replace(trial, burning_since_s=None), (), False
    fresh = tuple(point for point in responding(why) if point not in trial.responded)
    since_s = None if asks is not ZoneState.ALARM else trial.burning_since_s
    if asks is ZoneState.ALARM and since_s is None:
        since_s = now.mono_s
    real = since_s is not None and now.mono_s - since_s >= OVERRIDE_S
    return Trial(trial.out, (*trial.responded, *fresh), since_s), fresh, real
