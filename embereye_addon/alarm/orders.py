"""What operators may order, and what becomes of it. Pure.

Acknowledge and silence never change a state; only reset does, and only where the evidence is gone. A disablement or a
test changes what is driven, never what is known.
"""

from collections.abc import Mapping
from dataclasses import replace

from embereye_addon.alarm import service, waiting
from embereye_addon.alarm import zone as zones
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.panel import Panel
from embereye_addon.alarm.service import Commissioning, Trial
from embereye_addon.alarm.zone import Change, Wanted
from embereye_addon.messages import (
    Acknowledge,
    Command,
    Commission,
    Connect,
    DayMode,
    Disable,
    Done,
    Enable,
    EndCommission,
    EndTest,
    Isolate,
    Reset,
    Resound,
    Silence,
    WalkTest,
    ZoneState,
)

KINDS: tuple[type[Command], ...] = (
    Acknowledge,
    Silence,
    Resound,
    Reset,
    Disable,
    Enable,
    WalkTest,
    EndTest,
    Commission,
    EndCommission,
    DayMode,
    Isolate,
    Connect,
)
"""Every order."""
Obeyed = tuple[Panel, tuple[Change, ...], Done]


def command(
    panel: Panel, order: Command, wanted: Mapping[str, Wanted], now: Now, points: frozenset[str] = frozenset()
) -> Obeyed:
    """Carry out an operator's order on one zone, or on all when its target is empty.

    `wanted` is what each zone's evidence asks for now; `points` are those that can be disabled or enabled by name.
    """
    if order.target in points:
        return _of_point(panel, order, now)
    if order.target and order.target not in panel.zones:
        return _refused(panel, f"there is no zone {order.target!r}")
    if isinstance(order, Acknowledge | Reset):
        if panel.lost:  # a person has looked
            panel = replace(panel, lost="", revision=panel.revision + 1)
        targets = [order.target] if order.target else list(panel.zones)
        obeyed = _acknowledge(panel, targets, order.by, now) if isinstance(order, Acknowledge) else None
        return obeyed or _reset(panel, targets, order.by, wanted, now)
    if isinstance(order, Disable | WalkTest):
        return _serve(panel, order, wanted, now)
    if isinstance(order, Commission | EndCommission):
        return _commission(panel, order, now)
    return _return(panel, order) if isinstance(order, Enable | EndTest) else _outputs(panel, order, now)


def _refused(panel: Panel, why: str) -> Obeyed:
    return panel, (), Done(ok=False, why=why[:400])


def _outputs(panel: Panel, order: Command, now: Now) -> Obeyed:
    """What changes outputs only."""
    match order:
        case Silence():
            panel = replace(panel, silenced=True)
        case Resound():
            panel = replace(panel, silenced=False)
        case Isolate():
            panel = replace(panel, isolated=service.out(order.for_s, order.by, now))
        case Connect():
            panel = replace(panel, isolated=None)
        case DayMode():
            panel = replace(panel, day_mode=order.mode)
        case _:
            return _refused(panel, "the panel does not know this order")
    return replace(panel, revision=panel.revision + 1), (), Done(ok=True)


def _of_point(panel: Panel, order: Command, now: Now) -> Obeyed:
    """One point out of service, or back."""
    points = {point: each for point, each in panel.points_out.items() if point != order.target}
    match order:
        case Disable():
            points[order.target] = service.out(order.for_s, order.by, now)
        case Enable():
            pass
        case _:
            return _refused(panel, "a point can only be disabled and enabled; name its zone for anything else")
    return replace(panel, points_out=points, revision=panel.revision + 1), (), Done(ok=True)


def _serve(panel: Panel, order: Disable | WalkTest, wanted: Mapping[str, Wanted], now: Now) -> Obeyed:
    """A zone out of service or on trial. Only one at a time goes out: nobody disables a site by a slip."""
    if not order.target:
        return _refused(panel, "name the zone")
    zone = panel.zones[order.target]
    if isinstance(order, Disable):
        zone = replace(zone, disabled=service.out(order.for_s, order.by, now), test=None)
    elif zone.state is not ZoneState.NORMAL or not wanted[order.target].gone:
        return _refused(panel, f"{zone.name} is not quiet, so a test would hide what is going on there")
    else:
        zone = replace(zone, test=Trial(service.out(order.for_s or service.TEST_S, order.by, now)))
    return replace(panel, zones={**panel.zones, zone.id: zone}, revision=panel.revision + 1), (), Done(ok=True)


def _return(panel: Panel, order: Enable | EndTest) -> Obeyed:
    """Zones back into service, or their tests ended; without a target all, and then the points too."""
    enables = isinstance(order, Enable)
    after = dict(panel.zones)
    for key in [order.target] if order.target else list(panel.zones):
        after[key] = replace(after[key], disabled=None) if enables else replace(after[key], test=None)
    points = {} if enables and not order.target else panel.points_out
    return replace(panel, zones=after, points_out=points, revision=panel.revision + 1), (), Done(ok=True)


def _commission(panel: Panel, order: Commission | EndCommission, now: Now) -> Obeyed:
    """A zone's first days begin or end. One that is in alarm stays so, and drives its outputs once they are over."""
    if not order.target:
        return _refused(panel, "name the zone")
    zone = panel.zones[order.target]
    if isinstance(order, EndCommission):
        zone = replace(zone, commissioning=None)
    elif zone.state is ZoneState.ALARM:
        return _refused(panel, f"{zone.name} is in alarm: reset it first")
    elif zone.commissioning is None:
        zone = replace(zone, commissioning=Commissioning(now.at, order.by))
    return replace(panel, zones={**panel.zones, zone.id: zone}, revision=panel.revision + 1), (), Done(ok=True)


def _acknowledge(panel: Panel, targets: list[str], by: str, now: Now) -> Obeyed:
    """Mark every target that is not normal as seen; outputs that wait for it wait for a reset from now on."""
    seen = {
        ident: waiting.acknowledged(replace(panel.zones[ident], acknowledged=True), by, now)
        for ident in targets
        if panel.zones[ident].state is not ZoneState.NORMAL
    }
    if not seen:
        return panel, (), Done(ok=True, why="nothing to acknowledge")
    return replace(panel, zones={**panel.zones, **seen}, revision=panel.revision + 1), (), Done(ok=True)


def _reset(panel: Panel, targets: list[str], by: str, wanted: Mapping[str, Wanted], now: Now) -> Obeyed:
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
