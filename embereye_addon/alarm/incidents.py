"""What belongs together: the same fire seen by five cameras, or spreading over zones, is one incident. Pure.

An incident follows the zones; it never holds one back. Every alarm is told and journaled by itself, at once; what is
bounded here is only how often somebody is called: `new` once, `grew` when it becomes graver and else at most every
`grew_s`, `over` or `merged` once.

Alarms come together by zone (everything of a zone while its incident is open) and by time (the next zone within
`merge_s` of the last change). Where a zone names neighbours, time alone is not enough: then it joins only what stands
next to it, and that as long as it stands there. What belongs to several open incidents shows that they are one fire:
the younger ones go into the oldest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import msgspec

from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.service import TICK_NATS, alone
from embereye_addon.messages import (
    Incident,
    IncidentAlarm,
    IncidentNews,
    IncidentPoint,
    IncidentState,
    Severity,
    Share,
    ZoneState,
)

OPEN_MOST = 64
"""Incidents at a time; then what is new joins the newest. The panel's state can tell of no more."""
ALARMS_MOST = 512
"""Alarms listed of one incident, as many as there are zones; then those that ended first are left out, and counted."""
POINTS_MOST = 128

_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Rules:
    """How alarms come together; `neighbours` holds the zones that name any, each way."""

    merge_s: float = 120.0
    grew_s: float = 30.0
    neighbours: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Seen:
    """One zone that is not normal, as it stands now, and what supports it."""

    zone: str
    name: str
    alarm_id: str
    state: ZoneState
    acknowledged: bool
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """An incident between two looks; times by the monotonic clock.

    `size` counts what has come to it, `told_size` and `told_severity` what of that was told, in `number` tellings.
    """

    incident: Incident
    changed_mono_s: float
    told_mono_s: float
    number: int = 0
    size: int = 0
    told_size: int = 0
    told_severity: Severity = Severity.PRE_ALARM
    quiet_since_s: float | None = None

    @property
    def standing(self) -> tuple[IncidentAlarm, ...]:
        """Its alarms that have not ended."""
        return tuple(alarm for alarm in self.incident.alarms if not alarm.ended)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell of an incident, and why."""

    news: IncidentNews
    number: int
    incident: Incident
    text: str


class KeptIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident as it is kept on disk."""

    incident: Incident
    number: int
    size: int
    told_size: int
    told_severity: Severity


Book = tuple[Open, ...]
"""Every open incident, the oldest first."""


def keep(book: Book) -> tuple[KeptIncident, ...]:
    """What must survive a power cut."""
    return tuple(
        KeptIncident(
            incident=each.incident,
            number=each.number,
            size=each.size,
            told_size=each.told_size,
            told_severity=each.told_severity,
        )
        for each in book
    )


def restored(kept: Iterable[KeptIncident], now: Now) -> Book:
    """The same after a restart; its windows begin anew, as nobody knows how long it took."""
    return tuple(
        Open(each.incident, now.mono_s, now.mono_s, each.number, each.size, each.told_size, each.told_severity)
        for each in kept
    )


def look(book: Book, zones: Iterable[Seen], rules: Rules, now: Now) -> tuple[Book, tuple[Notice, ...]]:
    """The incidents after a look at all zones that are not normal, and what is to be told of them."""
    standing = {zone.alarm_id: zone for zone in zones}
    followed: list[Open] = []
    ended: list[Open] = []
    for each in book:
        after = _followed(each, standing, now)
        (ended if _over(each, after, rules, now) else followed).append(after)
    known = {alarm.id for each in followed for alarm in each.standing}
    notices = [_ended(each, now) for each in ended]
    for zone in standing.values():
        if zone.alarm_id not in known:
            followed, merged = _placed(followed, zone, rules, now)
            notices += merged
    told = [_told(each, rules, now) for each in followed]
    notices += [notice for _, notice in told if notice is not None]
    return tuple(each for each, _ in told), tuple(notices)


# --- what an incident holds -------------------------------------------------------------------------------
def _followed(each: Open, standing: Mapping[str, Seen], now: Now) -> Open:
    """An incident after a look at the zones of its alarms."""
    before = each.incident
    alarms = tuple(_alarm_after(alarm, standing.get(alarm.id), now) for alarm in before.alarms)
    mine = [standing[alarm.id] for alarm in alarms if alarm.id in standing]
    after = _with_points(msgspec.structs.replace(before, alarms=alarms), mine, now)
    seen = all(zone.acknowledged for zone in mine)
    state = before.state if not mine else IncidentState.ACKNOWLEDGED if seen else IncidentState.ACTIVE
    quiet_since_s = None if mine else now.mono_s if each.quiet_since_s is None else each.quiet_since_s
    each = replace(each, quiet_since_s=quiet_since_s)
    return _grown(each, msgspec.structs.replace(after, state=state, severity=_graver(after)), now)


def _alarm_after(alarm: IncidentAlarm, zone: Seen | None, now: Now) -> IncidentAlarm:
    """An alarm as its zone has it now: it ended, went on, or rose."""
    if zone is None:
        return alarm if alarm.ended else msgspec.structs.replace(alarm, ended=now.at)
    level = ZoneState.ALARM if ZoneState.ALARM in (zone.state, alarm.level) else ZoneState.PRE_ALARM
    if not alarm.ended and level == alarm.level:
        return alarm
    return msgspec.structs.replace(alarm, level=level.value, ended=0.0)


def _with_points(incident: Incident, zones: Iterable[Seen], now: Now) -> Incident:
    """The incident with the points that see it now and were not known to."""
    points = list(incident.points)
    known = {(point.zone, point.point) for point in points}
    for zone in zones:
        for share in _witnesses(zone, any(point.zone == zone.zone for point in points)):
            if (zone.zone, share.point) not in known and len(points) < POINTS_MOST:
                known.add((zone.zone, share.point))
                points.append(
                    IncidentPoint(
                        point=share.point,
                        kind=share.kind.value,
                        zone=zone.zone,
                        value=share.value,
                        unit=share.unit,
                        at=now.at,
                    )
                )
    return incident if len(points) == len(incident.points) else msgspec.structs.replace(incident, points=tuple(points))


def _witnesses(zone: Seen, witnessed: bool) -> tuple[Share, ...]:
    """The shares of points that see it by themselves; the first that is named where none does and nobody is known."""
    shares = alone(zone.shares)
    strong = tuple(share for share in shares if share.nats >= TICK_NATS)
    return strong or (() if witnessed else shares[:1])


def _physics(point: IncidentPoint) -> str:
    """What a point goes by: flame and smoke of a camera are one picture, everything else is what it measures."""
    return "picture" if point.point.startswith("cam.") else point.kind


def _graver(incident: Incident) -> Severity:
    """How grave an incident is by what it holds; never less than it was."""
    zones = {alarm.zone for alarm in incident.alarms if alarm.level == ZoneState.ALARM}
    found = Severity.ALARM if zones else Severity.PRE_ALARM
    if len(zones) > 1:
        found = Severity.SPREADING
    elif len({_physics(point) for point in incident.points if point.zone in zones}) > 1:
        found = Severity.CONFIRMED
    return max(found, incident.severity, key=_ORDER.index)


def _grown(each: Open, after: Incident, now: Now) -> Open:
    """An incident with what it holds now; when that is more than before, this is its last change."""
    more = _weight(after) - _weight(each.incident)
    if more <= 0:
        return replace(each, incident=after)
    after = msgspec.structs.replace(after, changed=now.at)
    return replace(each, incident=after, changed_mono_s=now.mono_s, size=each.size + more)


def _weight(incident: Incident) -> int:
    """A measure of what has come to an incident: its alarms, once more each that rose, and its points."""
    risen = sum(1 for alarm in incident.alarms if alarm.level == ZoneState.ALARM)
    return len(incident.alarms) + incident.left_out + risen + len(incident.points)


# --- where an alarm belongs -------------------------------------------------------------------------------
def _placed(book: list[Open], zone: Seen, rules: Rules, now: Now) -> tuple[list[Open], list[Notice]]:
    """The open incidents with one more alarm, where it belongs or in one of its own, and what is told of merging."""
    homes = _homes(book, zone, rules, now)
    if not homes:
        return [*book, _begun(zone, now)], []
    oldest, *others = homes
    whole = oldest
    for each in others:
        whole = _merged(whole, each)
    whole = _joined(whole, zone, now)
    kept = [whole if each is oldest else each for each in book if not any(each is other for other in others)]
    return kept, [_handed_over(each, oldest, now) for each in others if each.number]


def _homes(book: list[Open], zone: Seen, rules: Rules, now: Now) -> list[Open]:
    """The incidents that an alarm belongs to, the oldest first: those of its own zone and those near it."""
    homes = [each for each in book if _same(each, zone.zone) or _near(each, zone.zone, rules, now)]
    if not homes and len(book) >= OPEN_MOST:
        homes = [max(book, key=lambda each: each.changed_mono_s)]
    return homes


def _same(each: Open, zone: str) -> bool:
    """Whether an incident holds a zone already."""
    return any(alarm.zone == zone for alarm in each.incident.alarms)


def _near(each: Open, zone: str, rules: Rules, now: Now) -> bool:
    """Whether a zone that joins now is part of the same fire."""
    recent = now.mono_s - each.changed_mono_s <= rules.merge_s
    beside = rules.neighbours.get(zone)
    if beside is None:
        return recent and any(alarm.zone not in rules.neighbours for alarm in each.incident.alarms)
    return any(alarm.zone in beside and (recent or not alarm.ended) for alarm in each.incident.alarms)


def _begun(zone: Seen, now: Now) -> Open:
    """An incident of one alarm."""
    fresh = Incident(
        id=f"i-{zone.zone}-{round(now.at * 1000):x}",
        severity=Severity.PRE_ALARM,
        state=IncidentState.ACTIVE,
        began=now.at,
        changed=now.at,
    )
    return _joined(Open(fresh, now.mono_s, now.mono_s), zone, now)


def _merged(older: Open, younger: Open) -> Open:
    """One incident of two, with what came to both; nothing of it counts as told but what was told of the older."""
    one, other = older.incident, younger.incident
    known = {(point.zone, point.point) for point in one.points}
    points = (*one.points, *(point for point in other.points if (point.zone, point.point) not in known))
    incident = msgspec.structs.replace(
        _with_alarms(one, sorted((*one.alarms, *other.alarms), key=lambda alarm: alarm.began)),
        points=tuple(sorted(points, key=lambda point: point.at)[:POINTS_MOST]),
        severity=max(one.severity, other.severity, key=_ORDER.index),
    )
    incident = msgspec.structs.replace(incident, left_out=incident.left_out + other.left_out)
    return replace(older, incident=incident, size=older.size + younger.size)


def _with_alarms(incident: Incident, alarms: Iterable[IncidentAlarm]) -> Incident:
    """An incident with these alarms; of too many, those that ended first are only counted."""
    kept = list(alarms)
    count = len(kept)
    while len(kept) > ALARMS_MOST:
        del kept[next((place for place, one in enumerate(kept) if place and one.ended), 1)]
    return msgspec.structs.replace(incident, alarms=tuple(kept), left_out=incident.left_out + count - len(kept))


def _joined(each: Open, zone: Seen, now: Now) -> Open:
    """An incident with one more alarm."""
    alarm = IncidentAlarm(id=zone.alarm_id, zone=zone.zone, name=zone.name, level=zone.state.value, began=now.at)
    incident = _with_alarms(each.incident, (*each.incident.alarms, alarm))
    incident = msgspec.structs.replace(incident, state=IncidentState.ACTIVE)
    incident = _with_points(incident, (zone,), now)
    incident = msgspec.structs.replace(incident, severity=_graver(incident))
    return _grown(replace(each, quiet_since_s=None), incident, now)


# --- what is told -----------------------------------------------------------------------------------------
def _over(before: Open, after: Open, rules: Rules, now: Now) -> bool:
    """Whether nothing of it stands: at once after a reset, else when it has been quiet for as long as it may grow."""
    if after.standing or after.quiet_since_s is None:
        return False
    stood = {alarm.id for alarm in before.standing}
    reset = any(alarm.id in stood and alarm.level == ZoneState.ALARM for alarm in after.incident.alarms)
    return reset or now.mono_s - after.quiet_since_s >= rules.merge_s


def _ended(each: Open, now: Now) -> Notice:
    """The last thing told of an incident."""
    closed = msgspec.structs.replace(each.incident, state=IncidentState.CLOSED, ended=now.at, changed=now.at)
    return Notice(IncidentNews.OVER, each.number + 1, closed, f"over: {_words(closed)}")


def _handed_over(each: Open, older: Open, now: Now) -> Notice:
    """The last thing told of an incident that goes on as a part of an older one."""
    into = older.incident.id
    closed = msgspec.structs.replace(each.incident, state=IncidentState.CLOSED, ended=now.at, changed=now.at, into=into)
    return Notice(IncidentNews.MERGED, each.number + 1, closed, f"part of {into} now: {_words(closed)}"[:400])


def _told(each: Open, rules: Rules, now: Now) -> tuple[Open, Notice | None]:
    """What is due to be told of an incident now, and the incident after it was."""
    graver = _ORDER.index(each.incident.severity) > _ORDER.index(each.told_severity)
    due = each.size > each.told_size and now.mono_s - each.told_mono_s >= rules.grew_s
    if each.number and not graver and not due:
        return each, None
    news = IncidentNews.GREW if each.number else IncidentNews.NEW
    after = replace(
        each,
        told_mono_s=now.mono_s,
        number=each.number + 1,
        told_size=each.size,
        told_severity=each.incident.severity,
    )
    return after, Notice(news, after.number, after.incident, _words(after.incident))


WORDS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.PRE_ALARM: "pre-alarm",
        Severity.ALARM: "alarm in one zone",
        Severity.CONFIRMED: "alarm in one zone, seen by points of different kinds",
        Severity.SPREADING: "alarm in several zones",
    }
)
"""Each severity in words."""
NAMES_MOST = 5


def _words(incident: Incident) -> str:
    """An incident in a sentence: how grave, where, and how many points see it."""
    names = tuple(dict.fromkeys(alarm.name for alarm in incident.alarms))
    more = f" and {len(names) - NAMES_MOST} more" if len(names) > NAMES_MOST else ""
    where = ", ".join(names[:NAMES_MOST]) + more
    count = len(incident.points)
    points = f"{count} point{'' if count == 1 else 's'}" + (" or more" if count >= POINTS_MOST else "")
    return f"{WORDS[incident.severity]}: {where}; {points}"[:400]


def rules_of(merge_s: float, grew_s: float, named: Mapping[str, Iterable[str]]) -> Rules:
    """The rules by the settings; a zone that one names as its neighbour is a neighbour of that one too."""
    both: dict[str, set[str]] = {}
    for zone, others in named.items():
        for other in others:
            both.setdefault(zone, set()).add(other)
            both.setdefault(other, set()).add(zone)
    return Rules(merge_s, grew_s, MappingProxyType({zone: frozenset(others) for zone, others in both.items()}))
