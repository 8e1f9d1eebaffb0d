"""The panel: all zones, what operators may do, and what everybody is told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from embereye_addon.alarm import incidents as merged
from embereye_addon.alarm import service, waiting
from embereye_addon.alarm import zone as zones
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.service import Commissioning, Out, Trial
from embereye_addon.alarm.zone import RANK, Change, Wanted, Zone
from embereye_addon.messages import (
    AlarmChanged,
    Disablement,
    Explanation,
    Fault,
    PanelState,
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
    isolated: Out | None = None
    points_out: dict[str, Out] = field(default_factory=dict)
    lost: str = ""
    """What of the kept state could not be read, until a person has acknowledged or reset."""
    day_mode: str = "auto"
    night: bool = False
    incidents: merged.Book = ()
    sounded: dict[str, Out] = field(default_factory=dict)
    """The PF devices (`pf.<id>`) whose sirens sound by hand, and until when."""

    @property
    def sounding(self) -> tuple[str, ...]:
        """The zones whose outputs are driven, in order."""
        if self.silenced or self.isolated is not None:
            return ()
        return tuple(sorted(key for key, zone in self.zones.items() if zone.driving))


@dataclass(frozen=True, slots=True)
class Note:
    """What the log must say beside changes of state: a response in a walk test, the end of a time limit."""

    kind: str
    about: str
    text: str
    points: tuple[str, ...] = ()


class KeptZone(msgspec.Struct, frozen=True, kw_only=True):
    """One zone as it is kept on disk."""

    id: str
    state: ZoneState
    since: float
    alarm_id: str
    acknowledged: bool
    explanation: Explanation | None
    disabled: Out | None = None
    test: Trial | None = None
    wait: Out | None = None
    commissioning: Commissioning | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The panel as it is kept on disk."""

    revision: int
    silenced: bool
    last_alarm_id: str
    last_alarm_at: float
    zones: tuple[KeptZone, ...]
    isolated: Out | None = None
    points_out: dict[str, Out] = {}
    lost: str = ""
    day_mode: str = "auto"
    night: bool = False
    incidents: tuple[merged.KeptIncident, ...] = ()
    sounded: dict[str, Out] = {}


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
                disabled=zone.disabled,
                test=zone.test,
                wait=zone.wait,
                commissioning=zone.commissioning,
            )
            for zone in panel.zones.values()
        ),
        isolated=panel.isolated,
        points_out=panel.points_out,
        lost=panel.lost,
        day_mode=panel.day_mode,
        night=panel.night,
        incidents=merged.keep(panel.incidents),
        sounded=panel.sounded,
    )


def restore(fresh: Panel, kept: Kept, now: Now) -> Panel:
    """The panel with everything that was latched or out of service. A zone that left while in alarm stays listed."""
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
            disabled=_resumed(row.disabled, now),
            test=None if row.test is None else Trial(service.resumed(row.test.out, now), row.test.responded),
            wait=waiting.resumed(row.wait, row.state, now),
            commissioning=row.commissioning,
        )
    return Panel(
        after,
        kept.revision + 1,
        kept.silenced,
        kept.last_alarm_id,
        kept.last_alarm_at,
        _resumed(kept.isolated, now),
        {point: service.resumed(each, now) for point, each in kept.points_out.items()},
        kept.lost,
        kept.day_mode,
        kept.night,
        merged.restored(kept.incidents, now),
        {source: service.resumed(each, now) for source, each in kept.sounded.items()},
    )


def _resumed(kept: Out | None, now: Now) -> Out | None:
    return None if kept is None else service.resumed(kept, now)


def judge(panel: Panel, zone_id: str, wanted: Wanted, now: Now) -> tuple[Panel, tuple[Change | Note, ...]]:
    """The panel after one zone's evidence was looked at. A new alarm ends a silence.

    In a walk test the evidence ticks off points and changes no state, unless it outlasts the test's limit.
    """
    before = panel.zones[zone_id]
    zone, notes = _tried(before, wanted, now)
    after, change = (zone, None) if zone.test is not None else zones.step(zone, wanted, now)
    if wanted.hard and after.wait is not None and change is None:
        after = replace(after, wait=None)
        notes = (*notes, Note("outputs_on", zone_id, "a hard rule asks for an alarm"))
    if after is before:
        return panel, ()
    panel = replace(panel, zones={**panel.zones, zone_id: after})
    if change is None and not notes:
        return panel, ()
    panel = replace(panel, revision=panel.revision + 1)
    if change is None:
        return panel, notes
    if after.state is ZoneState.ALARM:
        panel = replace(panel, silenced=False, last_alarm_id=change.id, last_alarm_at=now.at)
    if after.in_force:
        panel = replace(panel, zones=waiting.begin(panel.zones, after, now, hard=wanted.hard, night=panel.night))
    return panel, (*notes, change)


def _tried(zone: Zone, wanted: Wanted, now: Now) -> tuple[Zone, tuple[Note, ...]]:
    """A zone in a walk test after a look; the test is gone when it turned out to be a real alarm."""
    if zone.test is None:
        return zone, ()
    trial, fresh, real = service.tried(zone.test, wanted.state, wanted.explanation, now)
    notes = tuple(Note("test_response", zone.id, wanted.explanation.text, (point,)) for point in fresh)
    if real:
        words = f"the alarm condition lasted longer than {service.OVERRIDE_S:.0f} s: it is a real alarm"
        return replace(zone, test=None), (*notes, Note("test_ended", zone.id, words))
    return (zone if trial == zone.test else replace(zone, test=trial)), notes


def turned(panel: Panel, *, dark: bool) -> tuple[Panel, tuple[Note, ...]]:
    """The panel by day or by night: as an operator has set it, else as the schedule says (`dark`)."""
    night = dark if panel.day_mode == "auto" else panel.day_mode == "night"
    if night == panel.night:
        return panel, ()
    note = Note("night" if night else "day", "", f"by {'the schedule' if panel.day_mode == 'auto' else 'an order'}")
    return replace(panel, night=night, revision=panel.revision + 1), (note,)


def timed(panel: Panel, now: Now) -> tuple[Panel, tuple[Note, ...]]:
    """The panel without the disablements, tests, isolation and sirens whose time has come, and a note of each."""
    notes = []
    after = dict(panel.zones)
    for ident, zone in panel.zones.items():
        if zone.disabled is not None and service.over(zone.disabled, now):
            zone = replace(zone, disabled=None)
            notes.append(Note("enabled", ident, "the time of its disablement is over"))
        if zone.test is not None and service.over(zone.test.out, now):
            notes.append(Note("test_ended", ident, "the time of the walk test is over", zone.test.responded))
            zone = replace(zone, test=None)
        if why := waiting.over(zone, now, night=panel.night):
            zone = replace(zone, wait=None)
            notes.append(Note("outputs_on", ident, why))
        after[ident] = zone
    points = {point: each for point, each in panel.points_out.items() if not service.over(each, now)}
    notes += [
        Note("enabled", point, "the time of its disablement is over") for point in panel.points_out.keys() - points
    ]
    isolated = panel.isolated
    if isolated is not None and service.over(isolated, now):
        isolated = None
        notes.append(Note("connected", "", "the time of the isolation of outputs is over"))
    sounded = {source: each for source, each in panel.sounded.items() if not service.over(each, now)}
    notes += [Note("siren_ended", source, "its time is over") for source in panel.sounded.keys() - sounded]
    if not notes:
        return panel, ()
    after_all = replace(panel, zones=after, points_out=points, isolated=isolated, sounded=sounded)
    return replace(after_all, revision=panel.revision + 1), tuple(notes)


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
    """What everybody is told: every zone, every fault, everything out of service."""
    sounding = frozenset(panel.sounding)
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
                disabled=zone.disabled is not None,
                testing=zone.test is not None,
                test_until=0.0 if zone.test is None else zone.test.out.until,
                responded=() if zone.test is None else zone.test.responded,
                driving=zone.id in sounding,
                waits_until=0.0 if zone.wait is None else zone.wait.until,
                waits_for="" if zone.wait is None else "reset" if zone.wait.by else "acknowledge",
                commissioning=zone.commissioning is not None,
                commissioning_since=0.0 if zone.commissioning is None else zone.commissioning.since,
                pre_alarms_told=0 if zone.commissioning is None else zone.commissioning.pre_alarms,
                alarms_told=0 if zone.commissioning is None else zone.commissioning.alarms,
            )
            for zone in panel.zones.values()
        ),
        faults=faults,
        silenced=panel.silenced,
        last_alarm_id=panel.last_alarm_id,
        last_alarm_at=panel.last_alarm_at,
        disablements=disablements(panel),
        isolated=panel.isolated is not None,
        day_mode=panel.day_mode,
        night=panel.night,
        incidents=tuple(each.incident for each in panel.incidents),
    )


def disablements(panel: Panel) -> tuple[Disablement, ...]:
    """Everything that is out of service; none is ever left out."""
    outs = [(zone.id, zone.disabled) for zone in panel.zones.values() if zone.disabled is not None]
    outs += panel.points_out.items()
    if panel.isolated is not None:
        outs.append(("", panel.isolated))
    found = [Disablement(about=about, since=each.since, until=each.until, by=each.by) for about, each in outs]
    new = [(zone.id, zone.commissioning) for zone in panel.zones.values() if zone.commissioning is not None]
    found += [
        Disablement(about=about, since=days.since, until=0.0, by=days.by, what="commissioning") for about, days in new
    ]
    return tuple(found)
