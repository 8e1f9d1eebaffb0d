"""The panel: all zones, what operators may do, and what everybody is told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from embereye_addon.alarm import zone as zones
from embereye_addon.alarm.zone import RANK, Change, Now, Wanted, Zone
from embereye_addon.messages import (
    Acknowledge,
    AlarmChanged,
    Command,
    Done,
    Explanation,
    Fault,
    PanelState,
    Reset,
    Resound,
    Silence,
    ZoneState,
    ZoneStatus,
)


@dataclass(frozen=True, slots=True)
class Panel:
    """The site's panel between two steps."""

    zones: dict[str, Zone]
    revision: int = 0
    silenced: bool = False
    last_alarm_id: str = ""
    last_alarm_at: float = 0.0


class KeptZone(msgspec.Struct, frozen=True, kw_only=True):
    """One zone as it is kept on disk."""

    id: str
    state: ZoneState
    since: float
    alarm_id: str
    acknowledged: bool
    explanation: Explanation | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The panel as it is kept on disk."""

    revision: int
    silenced: bool
    last_alarm_id: str
    last_alarm_at: float
    zones: tuple[KeptZone, ...]


def keep(panel: Panel) -> Kept:
    """What must survive a power cut."""
    return Kept(
        revision=panel.revision,
        silenced=panel.silenced,
        last_alarm_id=panel.last_alarm_id,
        last_alarm_at=panel.last_alarm_at,
        zones=tuple(
            KeptZone(
                id=zone.id,
                state=zone.state,
                since=zone.since,
                alarm_id=zone.alarm_id,
                acknowledged=zone.acknowledged,
                explanation=zone.explanation,
            )
            for zone in panel.zones.values()
        ),
    )


def restore(fresh: Panel, kept: Kept) -> Panel:
    """The panel with everything that was latched. A zone that left the settings while in alarm stays listed."""
    after = dict(fresh.zones)
    for row in kept.zones:
        zone = after.get(row.id)
        if zone is None:
            if row.state is not ZoneState.ALARM:
                continue
            zone = Zone(row.id, f"{row.id} (removed)", 30.0)
        after[row.id] = replace(
            zone,
            state=row.state,
            since=row.since,
            alarm_id=row.alarm_id,
            acknowledged=row.acknowledged,
            explanation=row.explanation,
        )
    return Panel(after, kept.revision + 1, kept.silenced, kept.last_alarm_id, kept.last_alarm_at)


def judge(panel: Panel, zone_id: str, wanted: Wanted, now: Now) -> tuple[Panel, tuple[Change, ...]]:
    """The panel after one zone's evidence was looked at. A new alarm ends a silence."""
    before = panel.zones[zone_id]
    after, change = zones.step(before, wanted, now)
    if after is before:
        return panel, ()
    panel = replace(panel, zones={**panel.zones, zone_id: after})
    if change is None:
        return panel, ()
    panel = replace(panel, revision=panel.revision + 1)
    if after.state is ZoneState.ALARM:
        panel = replace(panel, silenced=False, last_alarm_id=change.id, last_alarm_at=now.at)
    return panel, (change,)


def command(
    panel: Panel, order: Command, wanted: Mapping[str, Wanted], now: Now
) -> tuple[Panel, tuple[Change, ...], Done]:
    """Carry out an operator's order on one zone, or on all when its target is empty.

    Acknowledge and silence never change a state; only reset does, and only where the evidence is gone.
    """
    if order.target and order.target not in panel.zones:
        return panel, (), Done(ok=False, why=f"there is no zone {order.target!r}"[:400])
    targets = [order.target] if order.target else list(panel.zones)
    match order:
        case Acknowledge():
            return _acknowledge(panel, targets)
        case Silence():
            return replace(panel, silenced=True, revision=panel.revision + 1), (), Done(ok=True)
        case Resound():
            return replace(panel, silenced=False, revision=panel.revision + 1), (), Done(ok=True)
        case Reset():
            return _reset(panel, targets, order.by, wanted, now)
        case _:
            return panel, (), Done(ok=False, why="the panel does not know this order")


def _acknowledge(panel: Panel, targets: list[str]) -> tuple[Panel, tuple[Change, ...], Done]:
    """Mark every target that is not normal as seen."""
    seen = {
        ident: replace(panel.zones[ident], acknowledged=True)
        for ident in targets
        if panel.zones[ident].state is not ZoneState.NORMAL
    }
    if not seen:
        return panel, (), Done(ok=True, why="nothing to acknowledge")
    return replace(panel, zones={**panel.zones, **seen}, revision=panel.revision + 1), (), Done(ok=True)


def _reset(
    panel: Panel, targets: list[str], by: str, wanted: Mapping[str, Wanted], now: Now
) -> tuple[Panel, tuple[Change, ...], Done]:
    """Reset every target whose evidence is gone; the answer names those that stay."""
    after, changes, stays = dict(panel.zones), [], []
    for ident in targets:
        after[ident], change, why = zones.reset(after[ident], wanted[ident], now, by)
        if change is not None:
            changes.append(change)
        if why:
            stays.append(why)
    ended = all(zone.state is not ZoneState.ALARM for zone in after.values())
    panel = replace(panel, zones=after, revision=panel.revision + 1, silenced=panel.silenced and not ended)
    return panel, tuple(changes), Done(ok=not stays, why="; ".join(stays)[:400])


def changed(change: Change, source: str, seq: int, at: float) -> AlarmChanged:
    """The message for a change."""
    return AlarmChanged(
        source=source,
        seq=seq,
        at=at,
        id=change.id,
        zone=change.zone.id,
        name=change.zone.name,
        was=change.was,
        now=change.zone.state,
        cause=change.cause,
        by=change.by,
        explanation=change.explanation,
    )


def told(
    panel: Panel,
    faults: tuple[Fault, ...],
    scores_pct: Mapping[str, float],
    points: Mapping[str, tuple[str, ...]],
    source: str,
    now: Now,
) -> PanelState:
    """What everybody is told: every zone, every fault."""
    return PanelState(
        source=source,
        seq=panel.revision,
        at=now.at,
        revision=panel.revision,
        state=max((zone.state for zone in panel.zones.values()), key=RANK.__getitem__, default=ZoneState.NORMAL),
        zones=tuple(
            ZoneStatus(
                zone=zone.id,
                name=zone.name,
                state=zone.state,
                since=zone.since,
                alarm_id=zone.alarm_id,
                acknowledged=zone.acknowledged,
                score_pct=scores_pct.get(zone.id, 0.0),
                explanation=zone.explanation,
                points=points.get(zone.id, ()),
            )
            for zone in panel.zones.values()
        ),
        faults=faults,
        silenced=panel.silenced,
        last_alarm_id=panel.last_alarm_id,
        last_alarm_at=panel.last_alarm_at,
    )
