"""One zone: when it goes into pre-alarm and alarm, and the only way out."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.alarm import zone as zones
from embereye_addon.alarm.zone import Change, Wanted, Zone
from embereye_addon.messages import ZoneState
from tests.alarm.samples import ALARM, LINGERS, PRE_ALARM, QUIET, now

FRESH = Zone("dock", "Dock", 30.0)


def stepped(zone: Zone, *looks: tuple[float, Wanted]) -> tuple[Zone, list[Change]]:
    """The zone after looks at (monotonic s, what is wanted), and its changes."""
    changes = []
    for mono_s, want in looks:
        zone, change = zones.step(zone, want, now(mono_s))
        if change is not None:
            changes.append(change)
    return zone, changes


def test_a_quiet_zone_stays_the_very_same() -> None:
    """Without evidence nothing changes and nothing is told."""
    zone, changes = stepped(FRESH, (0.0, QUIET), (1.0, LINGERS))
    assert zone is FRESH
    assert changes == []


@pytest.mark.parametrize("want", [PRE_ALARM, ALARM])
def test_evidence_raises_a_zone_with_its_explanation(want: Wanted) -> None:
    """The state, since when, and why must be those of the evidence."""
    zone, (change,) = stepped(FRESH, (5.0, want))
    assert (zone.state, zone.since, zone.explanation) == (want.state, now(5.0).at, want.explanation)
    assert (change.was, change.cause, change.by) == (ZoneState.NORMAL, "rule", "evidence")
    assert change.id == zone.alarm_id == f"dock-{round(now(5.0).at * 1000):x}"
    assert change.explanation.shares[0].value == 91.0


def test_a_pre_alarm_that_grows_keeps_its_incident_and_asks_to_be_seen_again() -> None:
    """Pre-alarm and alarm of one fire are one incident; who saw the pre-alarm has not seen the alarm."""
    zone, _ = stepped(FRESH, (0.0, PRE_ALARM))
    seen = Zone(**{name: getattr(zone, name) for name in Zone.__slots__} | {"acknowledged": True})
    after, (change,) = stepped(seen, (9.0, ALARM))
    assert (change.was, change.zone.state, change.id) == (ZoneState.PRE_ALARM, ZoneState.ALARM, zone.alarm_id)
    assert not after.acknowledged


def test_a_pre_alarm_clears_after_its_time_and_no_sooner() -> None:
    """The evidence must have been gone for `clear_s` without a break."""
    zone, changes = stepped(
        FRESH, (0.0, PRE_ALARM), (1.0, QUIET), (20.0, LINGERS), (21.0, LINGERS), (22.0, QUIET), (51.9, QUIET)
    )
    assert zone.state is ZoneState.PRE_ALARM
    assert len(changes) == 1
    after, (change,) = stepped(zone, (52.0, QUIET))
    assert (after.state, after.alarm_id, after.explanation) == (ZoneState.NORMAL, "", None)
    assert (change.cause, change.by, change.id) == ("evidence_gone", "evidence", zone.alarm_id)


def test_the_next_incident_has_another_id() -> None:
    """Two fires in one zone must not be taken for one."""
    first, _ = stepped(FRESH, (0.0, PRE_ALARM))
    second, _ = stepped(first, (1.0, QUIET), (40.0, QUIET), (41.0, PRE_ALARM))
    assert first.alarm_id != second.alarm_id


def test_an_alarm_does_not_leave_by_itself() -> None:
    """However long the evidence has been gone, the alarm stays."""
    zone, _ = stepped(FRESH, (0.0, ALARM))
    after, changes = stepped(zone, (1.0, QUIET), (1e6, QUIET), (1e6 + 1, PRE_ALARM), (1e6 + 2, ALARM))
    assert replace(after, quiet_since_s=None) == zone
    assert changes == []


def test_a_reset_is_refused_while_it_burns_and_says_why() -> None:
    """A zone whose evidence is there must stay in alarm and say what holds it."""
    zone, _ = stepped(FRESH, (0.0, ALARM))
    for want in (ALARM, LINGERS):
        after, change, why = zones.reset(zone, want, now(9.0), "anna")
        assert (after, change) == (zone, None)
        assert why == f"Dock stays in alarm: {want.explanation.text}"


@pytest.mark.parametrize("want", [PRE_ALARM, ALARM])
def test_a_reset_ends_what_has_no_evidence_left_and_names_who(want: Wanted) -> None:
    """The log must show who ended it, and which incident it was."""
    zone, _ = stepped(FRESH, (0.0, want), (3.0, QUIET))
    after, change, why = zones.reset(zone, QUIET, now(9.0), "anna")
    assert (after.state, after.alarm_id, after.acknowledged, why) == (ZoneState.NORMAL, "", False, "")
    assert change is not None
    assert (change.was, change.cause, change.by, change.id) == (want.state, "reset", "anna", zone.alarm_id)


def test_a_reset_in_the_gap_of_a_flickering_flame_is_refused() -> None:
    """One look without the flame, or the first moment after a restart, must not end the alarm and raise a new one."""
    zone, _ = stepped(FRESH, (0.0, ALARM))
    after, change, why = zones.reset(zone, QUIET, now(1.0), "anna")
    assert (after.state, change) == (ZoneState.ALARM, None)
    assert why == "Dock stays in alarm: the evidence has been gone for less than 5 s; look again and try again"
    flicker, _ = stepped(after, (5.0, LINGERS), (5.5, QUIET))
    assert zones.reset(flicker, QUIET, now(7.0), "anna")[1] is None, "the time counts from the last look with evidence"
    assert zones.reset(flicker, QUIET, now(10.5), "anna")[1] is not None


def test_a_reset_of_a_normal_zone_changes_nothing() -> None:
    """Resetting all zones must not touch those that are normal, even with some evidence about."""
    assert zones.reset(FRESH, LINGERS, now(0.0), "anna") == (FRESH, None, "")


@given(
    looks=st.lists(st.tuples(st.floats(0.0, 100.0), st.sampled_from([QUIET, LINGERS, PRE_ALARM, ALARM])), max_size=30)
)
@settings(max_examples=100, deadline=None)
def test_whatever_the_evidence_does_a_zone_in_alarm_stays_in_alarm(looks: list[tuple[float, Wanted]]) -> None:
    """No order of evidence takes a zone out of alarm."""
    zone, mono_s, latched = FRESH, 0.0, ""
    for gap_s, want in looks:
        mono_s += gap_s
        zone, change = zones.step(zone, want, now(mono_s))
        assert change is None or change.was is not zone.state
        if latched:
            assert (zone.state, zone.alarm_id) == (ZoneState.ALARM, latched)
        if zone.state is ZoneState.ALARM:
            latched = zone.alarm_id
        assert (zone.state is ZoneState.NORMAL) == (zone.alarm_id == "")
