"""What belongs together: one fire, whichever zones and points saw it. Frozen msgspec types, no behaviour."""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

SAME_PLACE = "place"
"""The last part of the id under which two points' agreement in place counts; it is no point of its own."""


class Severity(enum.StrEnum):
    """How grave an incident became, in order; it never goes down again."""

    PRE_ALARM = "pre_alarm"
    """Pre-alarms only."""
    ALARM = "alarm"
    """One zone was in alarm."""
    CONFIRMED = "confirmed"
    """One zone was in alarm, and points of different physics (picture, heat, air) saw it there."""
    SPREADING = "spreading"
    """Several zones were in alarm."""


class IncidentState(enum.StrEnum):
    """Whether somebody has seen it; a closed one is no longer told of."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class IncidentNews(enum.StrEnum):
    """What is told of an incident: once `new`, `grew` no more often than set, at last once `over` or `merged`."""

    NEW = "new"
    GREW = "grew"
    OVER = "over"
    MERGED = "merged"
    """It goes on as a part of an older one, which is the same fire."""


class IncidentAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm of an incident: its id, zone, the highest it went to (pre_alarm, alarm), when; `ended` 0: it stands."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    zone: Annotated[str, Meta(max_length=80)]
    name: Annotated[str, Meta(max_length=64)]
    level: Annotated[str, Meta(max_length=16)]
    began: float
    ended: float = 0.0


class IncidentPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One point that saw it: what kind, in which zone, what it measured when it was first counted, and when."""

    point: Annotated[str, Meta(max_length=80)]
    kind: Annotated[str, Meta(max_length=16)]
    zone: Annotated[str, Meta(max_length=80)]
    value: float
    unit: Annotated[str, Meta(max_length=16)]
    at: float


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident: alarms and points in the order in which they came; the first point is the one that saw it first.

    `left_out` alarms have ended and are no longer listed; all of them are in the journal. `into` is the id of the
    incident that this one became a part of.
    """

    id: Annotated[str, Meta(min_length=1, max_length=80)]
    severity: Severity
    state: IncidentState
    began: float
    changed: float
    ended: float = 0.0
    alarms: Annotated[tuple[IncidentAlarm, ...], Meta(max_length=512)] = ()
    points: Annotated[tuple[IncidentPoint, ...], Meta(max_length=256)] = ()
    left_out: Annotated[int, Meta(ge=0)] = 0
    into: Annotated[str, Meta(max_length=80)] = ""
