"""Quiet years and fires through the product's own decision code: `fuse.zone` and `alarm.zone`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.alarm import zone as alarm
from embereye_addon.alarm.clock import Now
from embereye_addon.fuse import habits, sequential
from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.modes import Mode
from embereye_addon.messages import ZoneState
from training.budget_sites import DAY_S, YEAR_DAYS, Event, Rng, Zone, year
from training.budget_traces import evidence

APART_S = 120.0
"""Events further apart than this do not meet: eight half-lives of heat, six of smoke."""
TICK_S = 1.0
LATE_S = 15.0
LEARNT_S = 28 * DAY_S
"""After so long a zone has learned what it learns of things that come every day."""
LATER = YEAR_DAYS / (YEAR_DAYS - 28)


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to decide: a sensitivity and a mode."""

    name: str
    sensitivity: str
    mode: Mode

    def fresh(self) -> fusion.Beliefs:
        """A zone that has heard nothing."""
        return fusion.fresh(self.sensitivity, self.mode)


MODES = (
    ("single", Mode()),
    ("confirm", Mode("confirm")),
    ("coincidence", Mode("coincidence")),
    ("coincidence of kinds", Mode("coincidence", different_physics=True)),
    ("confirm, growth", Mode("confirm", needs_growth=True)),
)
SETTINGS = tuple(
    Setting(f"{sensitivity}, {name}", sensitivity, mode)
    for sensitivity in ("low", "normal", "high")
    for name, mode in MODES
)
WIDEST = Setting("high, single", "high", Mode())
"""What raises nothing here raises nothing in any setting."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a zone told: pre-alarms that were no alarm, alarms, how many of these by a hard rule; when (s) first."""

    pre_alarms: int = 0
    alarms: int = 0
    ruled: int = 0
    alarm_s: float | None = None
    told_s: float | None = None


NOTHING = Told()


def meeting(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Events that may have to do with each other, in the order of time."""
    group: list[Event] = []
    ends_s = 0.0
    for event in events:
        if group and event.at_s > ends_s + APART_S:
            yield group
            group = []
        ends_s = max(ends_s, event.at_s + event.until_s) if group else event.at_s + event.until_s
        group.append(event)
    if group:
        yield group


def decided(group: list[Event], setting: Setting) -> Told:
    """What a zone makes of events that meet; an alarm is reset when they are over. Who sees nothing says nothing."""
    begin_s = group[0].at_s
    rows = [(event.at_s - begin_s + float(kept[0]), event.source, kept) for event in group for kept in event.rows]
    rows.sort(key=lambda one: one[0])
    beliefs, zone = setting.fresh(), alarm.Zone("study", "Study", 30.0)
    low_nats, told_s, seen, alarm_s, ruled, now_s = 0.7 * beliefs.pre_alarm_nats, None, 0, None, 0, 0.0
    for at_s, source, kept in rows:
        while zone.state is ZoneState.PRE_ALARM and now_s + TICK_S < at_s:
            now_s += TICK_S
            zone = _stepped(beliefs, zone, now_s)
        now_s = at_s
        beliefs = fusion.hear(beliefs, evidence(source, kept), at_s)
        idle = zone.state is ZoneState.NORMAL and not kept[4] and beliefs.memory.first_s is None
        if idle and sequential.total(beliefs.parts, at_s) < low_nats:
            continue
        before = zone.state
        zone = _stepped(beliefs, zone, at_s)
        if before is ZoneState.NORMAL and zone.state is not ZoneState.NORMAL:
            seen, told_s = seen + 1, at_s if told_s is None else told_s
        if zone.state is ZoneState.ALARM:
            assert zone.explanation is not None
            alarm_s, ruled = at_s, int("test" not in zone.explanation.rule)
            break
    if alarm_s is None:
        return Told(pre_alarms=seen, told_s=told_s)
    return Told(seen - 1, 1, ruled, alarm_s, told_s)


def _stepped(beliefs: fusion.Beliefs, zone: alarm.Zone, at_s: float) -> alarm.Zone:
    want = fusion.want(beliefs, at_s)
    wanted = alarm.Wanted(want.state, want.gone, want.explanation, hard=want.hard)
    return alarm.step(zone, wanted, Now(at_s, at_s))[0]


def what(group: list[Event], alarm_s: float) -> str:
    """The sorts of the events that were going on, or had just ended, at an alarm."""
    at_s = group[0].at_s + alarm_s
    going = {each.what for each in group if each.at_s <= at_s <= each.at_s + each.until_s + LATE_S}
    return " + ".join(sorted(going))


def _usual(known: tuple[habits.Episode, ...], event: Event) -> bool:
    """Whether all that an event consists of has become usual."""
    return bool(event.episodes) and all(habits.times_seen(known, one) for one in event.episodes)


@dataclass(slots=True)
class Years:
    """Counts zone-years; `why` says of each setting what went on at its pre-alarms and alarms, and how often."""

    settings: tuple[Setting, ...]
    kept: dict[tuple[str, ...], tuple[Told, ...]] = field(default_factory=dict)
    why: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def count(self, place: Zone, rng: Rng) -> NDArray[np.int64]:
        """One zone-year, [settings, 5]: pre-alarms, alarms, alarms by a hard rule, the first two after four weeks.

        Habits are learned from it as it goes; who raised an alarm has it reset.
        """
        counts = np.zeros((len(self.settings), 5), dtype=np.int64)
        known: tuple[habits.Episode, ...] = ()
        for events in meeting(year(place, rng)):
            at_s = events[0].at_s
            known = habits.recent(known, at_s)
            group = [event.once_usual() if _usual(known, event) else event for event in events]
            for event in events:
                for one in event.episodes:
                    known = habits.remembered(known, replace(one, at=at_s))
            for number, told in enumerate(self._told(group)):
                late = at_s >= LEARNT_S
                new = (told.pre_alarms, told.alarms, told.ruled, late * told.pre_alarms, late * told.alarms)
                counts[number] += new
                if told.alarm_s is not None:
                    self.why[self.settings[number].name, "alarms", what(group, told.alarm_s)] += 1
                if told.pre_alarms:
                    sorts = " + ".join(sorted({event.what for event in group}))
                    self.why[self.settings[number].name, "pre-alarms", sorts] += told.pre_alarms
        return counts

    def _told(self, group: list[Event]) -> tuple[Told, ...]:
        """What every setting makes of a group; the same events at the same time are decided once."""
        together = all(event.at_s == group[0].at_s for event in group)
        key = tuple(event.key for event in group)
        if together and key in self.kept:
            return self.kept[key]
        widest = decided(group, WIDEST)
        quiet = widest == NOTHING
        found = tuple(NOTHING if quiet else decided(group, setting) for setting in self.settings)
        if together:
            self.kept[key] = found
        return found
