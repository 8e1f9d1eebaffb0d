"""Outputs that wait by day, the night, and a zone's first days: what is driven changes, what is known never."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.alarm import orders
from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.panel import Kept, Note, Panel
from embereye_addon.alarm.zone import Wanted
from embereye_addon.messages import (
    Acknowledge,
    Command,
    Commission,
    DayMode,
    Disable,
    EndCommission,
    Reset,
    ZoneState,
)
from tests.alarm.samples import ALARM, ALL_QUIET, PRE_ALARM, QUIET, ZONES, judged, now, site, states, wanted

HARD = replace(ALARM, hard=True)
WAITS_S = (60.0, 240.0)


def patient(*zones: str) -> Panel:
    """A site by day where the outputs of these zones wait, 60 s to be acknowledged and 240 s more."""
    panel = site(*ZONES)
    slow = {name: replace(panel.zones[name], waits_s=WAITS_S) for name in zones or ZONES}
    return replace(panel, zones={**panel.zones, **slow})


def anna(panel: Panel, kind: type[Command], zone: str = "", mono_s: float = 5.0) -> Panel:
    """The panel after an order."""
    panel, _, done = orders.command(panel, kind(by="anna", way="ui", target=zone), ALL_QUIET, now(mono_s))
    assert done.ok, done.why
    return panel


def ticked(panel: Panel, mono_s: float) -> tuple[Panel, list[str]]:
    """The panel later, and what was noted."""
    panel, notes = panels.timed(panel, now(mono_s))
    return panel, [note.kind for note in notes]


def test_an_alarm_is_told_and_latched_at_once_while_its_outputs_wait() -> None:
    """A delay of the sirens must never be a delay of the alarm."""
    panel, (change,) = judged(patient(), "dock", ALARM, 1.0)
    assert (change.zone.state, panel.last_alarm_id, panel.sounding) == (ZoneState.ALARM, change.id, ())
    status = panels.told(panel, (), {}, {}, "panel", now(2.0)).zones[0]
    assert (status.waits_for, status.waits_until, status.driving) == ("acknowledge", now(61.0).at, False)
    panel, noted = ticked(panel, 60.9)
    assert (panel.sounding, noted) == ((), [])
    panel, noted = ticked(panel, 61.0)
    assert (panel.sounding, noted) == (("dock",), ["outputs_on"])


def test_who_acknowledges_has_time_to_look_but_only_once() -> None:
    """Somebody on the way needs minutes; pressing again and again must not hold the sirens back for ever."""
    panel, _ = judged(patient(), "dock", ALARM, 1.0)
    panel = anna(panel, Acknowledge, mono_s=50.0)
    assert panels.told(panel, (), {}, {}, "panel", now(51.0)).zones[0].waits_for == "reset"
    panel = anna(panel, Acknowledge, mono_s=200.0)
    assert ticked(panel, 289.0)[0].sounding == ()
    assert ticked(panel, 290.0)[0].sounding == ("dock",)


def test_a_zone_without_a_second_time_sounds_at_the_end_of_the_first() -> None:
    """An acknowledgement is then a sign that somebody knows, and no delay."""
    panel = patient()
    panel = replace(panel, zones={**panel.zones, "dock": replace(panel.zones["dock"], waits_s=(60.0, 0.0))})
    panel, _ = judged(panel, "dock", ALARM, 1.0)
    assert ticked(anna(panel, Acknowledge, mono_s=50.0), 61.0)[0].sounding == ("dock",)


def test_a_reset_in_time_ends_it_all() -> None:
    """Burnt toast that somebody has looked after rings no siren, then or later."""
    panel, _ = judged(patient(), "dock", ALARM, 1.0)
    panel, _ = judged(anna(panel, Acknowledge), "dock", QUIET, 6.0)
    panel = anna(panel, Reset, "dock", 20.0)
    assert (states(panel)["dock"], panel.zones["dock"].wait) == (ZoneState.NORMAL, None)
    assert ticked(panel, 999.0)[0].sounding == ()


def test_a_second_zone_ends_every_waiting() -> None:
    """Two zones are a fire: both sound at once, though both would wait alone."""
    panel, _ = judged(patient(), "dock", ALARM, 1.0)
    panel, _ = judged(panel, "office", ALARM, 5.0)
    assert panel.sounding == ("dock", "office")


@pytest.mark.parametrize("kind", [Disable, Commission])
def test_a_zone_out_of_service_is_no_second_zone(kind: type[Command]) -> None:
    """A zone with builders in it must not take the delay from another one."""
    panel, _ = judged(anna(patient(), kind, "office"), "dock", ALARM, 1.0)
    panel, _ = judged(panel, "office", ALARM, 5.0)
    assert (panel.sounding, states(panel)["office"]) == ((), ZoneState.ALARM)


def test_a_hard_rule_waits_for_nobody() -> None:
    """85 °C is a fire, whether the alarm begins with it or comes to it."""
    assert judged(patient(), "dock", HARD, 1.0)[0].sounding == ("dock",)
    panel, _ = judged(patient(), "dock", ALARM, 1.0)
    panel, told = panels.judge(panel, "dock", HARD, now(9.0))
    assert panel.sounding == ("dock",)
    assert [note.kind for note in told if isinstance(note, Note)] == ["outputs_on"]
    assert panels.judge(panel, "dock", HARD, now(10.0))[1] == ()


def test_a_zone_that_never_waits_sounds_at_once() -> None:
    """Off by default."""
    assert judged(patient("office"), "dock", ALARM, 1.0)[0].sounding == ("dock",)


def test_at_night_nothing_waits() -> None:
    """Who sleeps can not look after it: nightfall ends what waits, and by night nothing begins to."""
    panel, _ = judged(patient(), "dock", ALARM, 1.0)
    panel, notes = panels.turned(panel, dark=True)
    assert [note.kind for note in notes] == ["night"]
    assert ticked(panel, 2.0)[0].sounding == ("dock",)
    dark, _ = panels.turned(patient(), dark=True)
    assert judged(dark, "dock", ALARM, 1.0)[0].sounding == ("dock",)
    assert panels.turned(dark, dark=True) == (dark, ())


def test_an_operator_goes_before_the_schedule_until_it_is_given_back() -> None:
    """On a holiday it is night all day."""
    panel, _, _ = orders.command(patient(), DayMode(by="anna", way="ui", mode="night"), ALL_QUIET, now(1.0))
    night, (note,) = panels.turned(panel, dark=False)
    assert (night.night, note.text) == (True, "by an order")
    given, _, _ = orders.command(night, DayMode(by="anna", way="ui", mode="auto"), ALL_QUIET, now(2.0))
    day, (note,) = panels.turned(given, dark=False)
    assert (day.night, note.kind, note.text) == (False, "day", "by the schedule")


def restarted(panel: Panel, fresh: Panel, mono_s: float) -> Panel:
    """The panel from disk."""
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(panels.keep(panel)), type=Kept)
    return panels.restore(fresh, kept, now(mono_s))


def test_a_restart_keeps_the_waiting_the_night_and_the_first_days() -> None:
    """A power cut must neither sound what is being looked after, nor hold it back for longer."""
    panel, _ = judged(anna(patient(), Commission, "office"), "dock", ALARM, 1.0)
    panel, _, _ = orders.command(panel, DayMode(by="anna", way="ui", mode="day"), ALL_QUIET, now(2.0))
    after = restarted(panel, patient(), 31.0)
    assert (after.day_mode, after.zones["office"].commissioning) == ("day", panel.zones["office"].commissioning)
    assert ticked(after, 60.9)[0].sounding == ()
    assert ticked(after, 61.0)[0].sounding == ("dock",)


def test_the_first_days_are_counted_shown_and_drive_nothing() -> None:
    """A new zone must show what it would have rung for, and nobody may forget that it does not ring."""
    panel = anna(site(*ZONES), Commission, "dock")
    assert anna(panel, Commission, "dock") == replace(panel, revision=panel.revision + 1), "its begin is its begin"
    for mono_s in (1.0, 100.0):
        panel, _ = judged(panel, "dock", PRE_ALARM, mono_s)
        panel, _ = judged(panel, "dock", QUIET, mono_s + 1.0)
        panel, _ = judged(panel, "dock", QUIET, mono_s + 40.0)
    panel, (change,) = judged(panel, "dock", ALARM, 200.0)
    assert (change.zone.state, panel.sounding) == (ZoneState.ALARM, ())
    told = panels.told(panel, (), {}, {}, "panel", now(201.0))
    dock = next(zone for zone in told.zones if zone.zone == "dock")
    assert (dock.commissioning, dock.pre_alarms_told, dock.alarms_told) == (True, 2, 1)
    (standing,) = told.disablements
    assert (standing.about, standing.what, standing.until, standing.by) == ("dock", "commissioning", 0.0, "anna")
    assert ticked(panel, 1e7)[0].zones["dock"].commissioning is not None, "only an operator ends it"
    assert anna(panel, EndCommission, "dock").sounding == ("dock",), "what still burns sounds then"


@pytest.mark.parametrize(("kind", "zone", "why"), [(Commission, "", "name the zone"), (Commission, "dock", "reset it")])
def test_first_days_begin_with_a_name_and_never_in_an_alarm(kind: type[Command], zone: str, why: str) -> None:
    """Nobody silences a site, or a fire, by declaring it new."""
    panel, _ = judged(site(*ZONES), "dock", ALARM, 1.0)
    after, _, done = orders.command(panel, kind(by="anna", way="ui", target=zone), ALL_QUIET, now(2.0))
    assert (after.zones, done.ok) == (panel.zones, False)
    assert why in done.why


def test_a_first_signal_is_shown_in_place_of_why_the_pre_alarm_began() -> None:
    """The operator must read that a second signal is awaited."""
    panel, _ = judged(site(*ZONES), "dock", PRE_ALARM, 1.0)
    awaits = wanted(ZoneState.PRE_ALARM, rule="first_signal")
    panel, changes = judged(panel, "dock", awaits, 2.0)
    assert (panel.zones["dock"].explanation, changes) == (awaits.explanation, ())
    assert judged(panel, "dock", awaits, 3.0) == (panel, ())


STEPS = st.one_of(
    st.tuples(st.sampled_from(ZONES), st.sampled_from([QUIET, QUIET, PRE_ALARM, ALARM, ALARM, HARD])),
    st.builds(
        lambda kind, target: kind(by="anna", way="ui", target=target),
        st.sampled_from([Acknowledge, Reset, Commission, EndCommission, Disable]),
        st.sampled_from(["", *ZONES]),
    ),
    st.builds(lambda mode: DayMode(by="anna", way="ui", mode=mode), st.sampled_from(["auto", "day", "night"])),
    st.sampled_from(["restart", "dark", "light"]),
)


@given(history=st.lists(st.tuples(STEPS, st.floats(0.0, 90.0)), max_size=40))
@settings(max_examples=200, deadline=None)
def test_outputs_wait_ten_minutes_at_most_for_one_zone_by_day(
    history: list[tuple[tuple[str, Wanted] | Command | str, float]],
) -> None:
    """In any order of things an alarm in force sounds, or waits: alone, by day, for T1 and T2 at most."""
    panel, mono_s, dark, began = patient(), 0.0, False, dict[str, float]()
    for step, gap_s in history:
        mono_s += gap_s
        before = panel
        match step:
            case (where, want):
                panel, _ = judged(panel, where, want, mono_s)
            case Command():
                panel, _, _ = orders.command(panel, step, ALL_QUIET, now(mono_s))
            case "restart":
                panel = restarted(panel, patient(), mono_s)
            case _:
                dark = step == "dark"
        panel, _ = panels.turned(panel, dark=dark)
        panel, _ = panels.timed(panel, now(mono_s))
        waiting = {name for name, zone in panel.zones.items() if zone.wait is not None}
        began = {name: began.get(name, mono_s) for name in waiting}
        assert all(mono_s - at_s <= sum(WAITS_S) for at_s in began.values())
        assert not (waiting and panel.night)
        assert all(panel.zones[name].state is ZoneState.ALARM for name in waiting)
        in_force = {name for name, zone in panel.zones.items() if zone.in_force}
        assert in_force == set(panel.sounding) | (waiting & in_force)
        lost = {name for name, zone in before.zones.items() if zone.state is ZoneState.ALARM}
        assert isinstance(step, Reset) or lost <= {n for n, s in states(panel).items() if s is ZoneState.ALARM}
        about = {each.about for each in panels.disablements(panel)}
        assert {name for name, zone in panel.zones.items() if zone.commissioning} <= about
