"""The panel: what operators may do, what everybody is told, and that no order of things loses an alarm."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.alarm import orders
from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.panel import Kept, Panel
from embereye_addon.alarm.zone import Wanted
from embereye_addon.messages import (
    Acknowledge,
    AlarmChanged,
    Command,
    Commission,
    Disable,
    EndCommission,
    Fault,
    PanelState,
    Reset,
    Resound,
    Silence,
    WalkTest,
    ZoneState,
)
from tests.alarm.samples import (
    ALARM,
    ALL_QUIET,
    LINGERS,
    PRE_ALARM,
    QUIET,
    ZONES,
    burning,
    judged,
    now,
    site,
    states,
)


def told(panel: Panel, faults: tuple[Fault, ...] = ()) -> PanelState:
    """What everybody is told of a panel."""
    return panels.told(panel, faults, {"dock": 42.0}, {"dock": ("cam.a.flame",)}, "panel", now(9.0))


# --- evidence ---------------------------------------------------------------------------------------------
def test_evidence_changes_its_own_zone_only_and_counts_a_revision() -> None:
    """A pre-alarm in one zone is one change, of that zone."""
    before = site(*ZONES)
    panel, (change,) = judged(before, "kitchen", PRE_ALARM, 1.0)
    assert states(panel) == {"dock": "normal", "kitchen": "pre_alarm", "office": "normal"}
    assert (panel.revision, change.zone.id, panel.last_alarm_id) == (1, "kitchen", "")


def test_nothing_new_leaves_the_panel_the_very_same() -> None:
    """A quiet tick must not make a revision, and so not a message."""
    panel = site(*ZONES)
    assert judged(panel, "dock", QUIET, 1.0) == (panel, ())
    waiting, _ = judged(panel, "dock", PRE_ALARM, 1.0)
    quiet, changes = judged(waiting, "dock", QUIET, 2.0)
    assert (quiet.revision, changes) == (waiting.revision, ())
    assert quiet.zones["dock"].quiet_since_s == 2.0


def test_a_new_alarm_ends_a_silence_and_is_the_last_alarm() -> None:
    """Outputs silenced for one fire must sound for the next."""
    panel = replace(burning("dock"), silenced=True)
    panel, _ = judged(panel, "kitchen", PRE_ALARM, 4.0)
    assert panel.silenced
    panel, (change,) = judged(panel, "kitchen", ALARM, 5.0)
    assert not panel.silenced
    assert (panel.last_alarm_id, panel.last_alarm_at) == (change.id, now(5.0).at)


# --- what is told -----------------------------------------------------------------------------------------
def test_everybody_is_told_every_zone_and_every_fault() -> None:
    """The state is the worst of all zones; a fault beside it hides nothing."""
    fault = Fault(code="stream_lost", about="cam.a", since=1.0, text="lost")
    state = told(burning("kitchen"), (fault,))
    assert (state.state, state.faults, state.revision, state.seq) == (ZoneState.ALARM, (fault,), 1, 1)
    dock, kitchen, _ = state.zones
    assert (dock.state, dock.score_pct, dock.points) == (ZoneState.NORMAL, 42.0, ("cam.a.flame",))
    assert (kitchen.state, kitchen.name, kitchen.score_pct, kitchen.points) == (ZoneState.ALARM, "Kitchen", 0.0, ())
    assert kitchen.explanation == ALARM.explanation
    assert msgspec.json.decode(msgspec.json.encode(state), type=PanelState) == state


def test_a_site_without_zones_is_normal() -> None:
    """Before the first zone is set up the panel must still speak."""
    assert told(Panel({})).state is ZoneState.NORMAL


def test_a_change_becomes_a_message_that_can_be_decoded() -> None:
    """The alarm's message must carry the incident, the states, the cause, who, and why."""
    _, (change,) = judged(site("dock"), "dock", ALARM, 3.0)
    message = panels.changed(change, "panel", 7, now(3.0).at)
    assert (message.was, message.now, message.cause, message.by) == ("normal", "alarm", "rule", "evidence")
    assert (message.id, message.zone, message.name, message.seq) == (change.id, "dock", "Dock", 7)
    assert msgspec.json.decode(msgspec.json.encode(message), type=AlarmChanged) == message


# --- restart ----------------------------------------------------------------------------------------------
def kept_and_restored(panel: Panel, fresh: Panel, at_s: float = 0.0) -> Panel:
    """Through the disk and back."""
    return panels.restore(
        fresh, msgspec.msgpack.decode(msgspec.msgpack.encode(panels.keep(panel)), type=Kept), now(at_s)
    )


def test_a_restart_finds_the_panel_as_it_was() -> None:
    """State, incident, acknowledgement, silence and explanation must survive a power cut."""
    before = replace(burning("dock"), silenced=True)
    before, _, _ = orders.command(before, Acknowledge(by="anna", way="ui"), ALL_QUIET, now(50.0))
    after = kept_and_restored(before, site(*ZONES))
    again = {name: replace(zone, quiet_since_s=None) for name, zone in before.zones.items()}  # its time counts anew
    assert after == replace(before, zones=again, revision=before.revision + 1)


def test_a_zone_that_left_the_settings_in_alarm_stays_until_it_is_reset() -> None:
    """Removing a zone must not be a way to lose its alarm; one that was only in pre-alarm goes."""
    before, _ = judged(burning("dock"), "office", PRE_ALARM, 2.0)
    after = kept_and_restored(before, site("kitchen", "attic"))
    assert states(after) == {"kitchen": "normal", "attic": "normal", "dock": "alarm"}
    assert after.zones["dock"].name == "dock (removed)"
    again = kept_and_restored(after, site("kitchen"))
    assert again.zones["dock"] == after.zones["dock"]
    again, _ = judged(again, "dock", QUIET, 1.5)
    wanted = {"kitchen": QUIET, "dock": QUIET}
    gone, _, done = orders.command(again, Reset(by="anna", way="ui"), wanted, now(50.0))
    assert (done.ok, gone.zones["dock"].state) == (True, ZoneState.NORMAL)
    assert set(kept_and_restored(gone, site("kitchen")).zones) == {"kitchen"}


# --- any order of evidence and commands -------------------------------------------------------------------
WANTS = st.sampled_from([QUIET, QUIET, LINGERS, PRE_ALARM, ALARM])
TARGETS = st.sampled_from(["", *ZONES])
ORDERS = st.builds(
    lambda kind, target: kind(by="anna", way="ui", target=target),
    st.sampled_from(orders.KINDS),
    TARGETS,
)
STEPS = st.one_of(st.tuples(st.sampled_from(ZONES), WANTS), ORDERS, st.just("restart"))
HISTORY = st.lists(st.tuples(STEPS, st.floats(0.0, 40.0)), max_size=30)


@given(history=HISTORY)
@settings(max_examples=150, deadline=None)
def test_in_any_order_of_evidence_orders_and_restarts_an_alarm_leaves_only_by_reset(
    history: list[tuple[tuple[str, Wanted] | Command | str, float]],
) -> None:
    """An alarm leaves only by a reset of its zone with the evidence gone; nothing elsewhere, no seeing or silencing
    and no restart takes it away."""
    panel, mono_s = site(*ZONES), 0.0
    wants = dict(ALL_QUIET)
    for step, gap_s in history:
        mono_s += gap_s
        before, leaving = panel, set[str]()
        match step:
            case (where, want):
                wants[where] = want
                panel, changes = judged(panel, where, want, mono_s)
                assert {change.zone.id for change in changes} <= {where}
                assert all(panel.zones[other] is before.zones[other] for other in ZONES if other != where)
            case Reset(target=target):
                leaving = {name for name in ZONES if target in ("", name) and wants[name].gone}
                panel, changes, done = orders.command(panel, step, wants, now(mono_s))
                assert {change.zone.id for change in changes} <= leaving
                assert done.ok == (done.why == "")
            case Command():
                panel, changes, done = orders.command(panel, step, wants, now(mono_s))
                assert (changes, states(panel)) == ((), states(before))
                assert done.ok or isinstance(step, Disable | WalkTest | Commission | EndCommission)
            case _:
                panel = kept_and_restored(panel, site(*ZONES))
                assert states(panel) == states(before)
        for name, zone in before.zones.items():
            if zone.state is ZoneState.ALARM and name not in leaving:
                assert (panel.zones[name].state, panel.zones[name].alarm_id) == (ZoneState.ALARM, zone.alarm_id)
        assert panel.revision >= before.revision
        assert all(panel.zones[name].in_force for name in panel.sounding)
        out = {name for name, zone in panel.zones.items() if zone.disabled or zone.commissioning}
        assert out <= {each.about for each in panels.disablements(panel)}
        assert {status.zone for status in told(panel).zones} == set(ZONES)


@given(history=HISTORY, left=st.sets(st.sampled_from(ZONES)))
@settings(max_examples=60, deadline=None)
def test_no_latched_alarm_is_lost_over_a_restart_whatever_zones_are_left(
    history: list[tuple[tuple[str, Wanted] | Command | str, float]], left: set[str]
) -> None:
    """Whatever happened and whichever zones the new settings hold, every latched alarm is there after a restart."""
    panel = site(*ZONES)
    for mono_s, (step, _) in enumerate(history):
        if isinstance(step, tuple):
            panel, _ = judged(panel, *step, mono_s)
    after = kept_and_restored(panel, site(*sorted(left)))
    for name, zone in panel.zones.items():
        if zone.state is ZoneState.ALARM:
            restored = after.zones[name]
            assert (restored.state, restored.alarm_id, restored.explanation) == (
                zone.state,
                zone.alarm_id,
                zone.explanation,
            )


@pytest.mark.parametrize("kind", [Acknowledge, Silence, Resound])
@pytest.mark.parametrize("want", [PRE_ALARM, ALARM])
def test_seeing_and_silencing_never_change_a_state(kind: type[Command], want: Wanted) -> None:
    """Only reset may end what a zone says."""
    panel, _ = judged(site(*ZONES), "dock", want, 1.0)
    after, _, _ = orders.command(panel, kind(by="anna", way="ui"), ALL_QUIET, now(50.0))
    assert states(after) == states(panel)
