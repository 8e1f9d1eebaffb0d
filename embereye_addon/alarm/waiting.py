"""Outputs that wait: the investigation delay by day, and what ends it. Pure.

An alarm is latched and told at once; only what it drives waits, up to T1 for somebody to acknowledge it, then up to T2
for a reset. A second zone, a hard rule, or the night ends every waiting.
"""

from dataclasses import replace

from embereye_addon.alarm import service
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.service import Out
from embereye_addon.alarm.zone import Zone
from embereye_addon.messages import ZoneState

Zones = dict[str, Zone]


def begin(zones: Zones, zone: Zone, now: Now, *, hard: bool, night: bool) -> Zones:
    """The zones after `zone`, which is one of them, went into alarm: it waits, or it ends the waiting of the others."""
    others = [each for each in zones.values() if each.id != zone.id and each.in_force]
    if others or hard or night or zone.waits_s[0] <= 0.0:
        return {key: each if each.wait is None else replace(each, wait=None) for key, each in zones.items()}
    return {**zones, zone.id: replace(zone, wait=service.out(zone.waits_s[0], "", now))}


def acknowledged(zone: Zone, by: str, now: Now) -> Zone:
    """A zone that somebody has seen: from now on it waits for a reset, if it has a second time at all."""
    if zone.wait is None or zone.wait.by or zone.waits_s[1] <= 0.0:
        return zone
    return replace(zone, wait=service.out(zone.waits_s[1], by, now))


def over(zone: Zone, now: Now, *, night: bool) -> str:
    """Why the outputs of a zone wait no longer, in words; '' while they do, or never did."""
    if zone.wait is None:
        return ""
    if night:
        return "the night has begun"
    return "nobody has acknowledged or reset in time" if service.over(zone.wait, now) else ""


def resumed(wait: Out | None, state: ZoneState, now: Now) -> Out | None:
    """What is left of a waiting after a restart."""
    return service.resumed(wait, now) if wait is not None and state is ZoneState.ALARM else None
