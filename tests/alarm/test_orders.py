"""What operators may order: seen, silenced, reset, out of service, on trial, isolated."""

from dataclasses import replace

import msgspec
import pytest

from embereye_addon.alarm import orders
from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.panel import Kept, Note, Panel
from embereye_addon.alarm.service import OVERRIDE_S, TEST_S
from embereye_addon.alarm.zone import Wanted
from embereye_addon.messages import (
    Acknowledge,
    Command,
    Connect,
    Disable,
    Disablement,
    Done,
    Enable,
    EndTest,
    Isolate,
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

POINTS = frozenset({"cam.a.flame", "cam.a.smoke"})


def order(
    panel: Panel, wish: Command, wanted: dict[str, Wanted] | None = None, at_s: float = 50.0
) -> tuple[Panel, Done]:
    """The panel after an order, and its answer."""
    panel, _, done = orders.command(panel, wish, wanted or ALL_QUIET, now(at_s), POINTS)
    return panel, done


def test_acknowledge_marks_what_is_not_normal() -> None:
    """Acknowledging all marks every zone with something to see, and no other."""
    panel, done = order(burning("dock", "office"), Acknowledge(by="anna", way="ui"))
    assert done == Done(ok=True)
    assert {name for name, zone in panel.zones.items() if zone.acknowledged} == {"dock", "office"}
    assert states(panel) == states(burning("dock", "office"))


def test_acknowledge_of_one_zone_leaves_the_others_unseen() -> None:
    """One zone acknowledged must not quieten another nobody has looked at."""
    panel, _ = order(burning("dock", "office"), Acknowledge(by="anna", way="ui", target="dock"))
    assert [panel.zones[name].acknowledged for name in ("dock", "office")] == [True, False]


def test_with_nothing_to_acknowledge_the_answer_says_so() -> None:
    """A press too many is no error and no revision."""
    before = burning()
    panel, done = order(before, Acknowledge(by="anna", way="ui"))
    assert (panel, done) == (before, Done(ok=True, why="nothing to acknowledge"))


def test_a_loss_stands_until_a_person_has_looked() -> None:
    """What could not be restored is forgotten by an acknowledgement or a reset, and by nothing else."""
    lost = replace(burning("dock"), lost="alarms are lost")
    assert order(lost, Silence(by="anna", way="ui"))[0].lost == "alarms are lost"
    for wish in (Acknowledge(by="anna", way="ui"), Reset(by="anna", way="ui")):
        panel, _ = order(lost, wish)
        assert (panel.lost, panel.revision > lost.revision) == ("", True)


def test_silence_and_resound_change_outputs_and_no_state() -> None:
    """Silence quietens the outputs; the alarm stays as it is."""
    silenced, done = order(burning("dock"), Silence(by="anna", way="mqtt"))
    assert (silenced.silenced, done.ok, states(silenced)) == (True, True, states(burning("dock")))
    sounding, done = order(silenced, Resound(by="anna", way="mqtt"))
    assert (sounding.silenced, done.ok, sounding.revision) == (False, True, silenced.revision + 1)


def test_reset_ends_what_it_can_and_names_what_stays() -> None:
    """Of two alarms the one still burning stays, its outputs as they were, and the answer says why."""
    panel, done = order(
        replace(burning("dock", "kitchen"), silenced=True),
        Reset(by="anna", way="api"),
        {**ALL_QUIET, "kitchen": ALARM, "office": LINGERS},
    )
    assert states(panel) == {"dock": "normal", "kitchen": "alarm", "office": "normal"}
    assert done == Done(ok=False, why="Kitchen stays in alarm: why alarm")
    assert panel.silenced


def test_the_reset_of_the_last_alarm_ends_a_silence() -> None:
    """After the last reset the panel is as it was before the fire: ready to sound."""
    panel, done = order(replace(burning("dock"), silenced=True), Reset(by="anna", way="api", target="dock"))
    assert (panel.silenced, done.ok, set(states(panel).values())) == (False, True, {ZoneState.NORMAL})


def test_an_order_for_a_zone_that_does_not_exist_is_refused_in_words_that_fit() -> None:
    """A mistyped zone must be named, and even a hostile name must fit into the answer."""
    before = burning("dock")
    panel, done = order(before, Reset(by="anna", way="api", target="attic"))
    assert (panel, done) == (before, Done(ok=False, why="there is no zone 'attic'"))
    _, done = order(before, Reset(by="anna", way="api", target="\U000e0001" * 80))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(done), type=Done) == done


def test_many_refusals_fit_into_the_answer() -> None:
    """A hundred burning zones must still give an answer that can be decoded."""
    names = [f"zone-{number}" for number in range(100)]
    panel = site(*names)
    for name in names:
        panel, _ = judged(panel, name, ALARM, 1.0)
    _, _, done = orders.command(panel, Reset(by="anna", way="ui"), dict.fromkeys(names, ALARM), now(2.0))
    assert not done.ok
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(done), type=Done) == done


def test_an_order_the_panel_does_not_know_is_refused() -> None:
    """A command of a later release must be answered, not obeyed."""
    before = burning("dock")
    panel, done = order(before, Command(by="anna", way="ui"))
    assert (panel, done.ok, done.why) == (before, False, "the panel does not know this order")


# --- out of service ---------------------------------------------------------------------------------------
def anna(kind: type[Command], target: str = "", **more: float) -> Command:
    """An order of hers."""
    return kind(by="anna", way="ui", target=target, **more)


def through_the_disk(panel: Panel, at_s: float) -> Panel:
    """A power cut, and the start after it."""
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(panels.keep(panel)), type=Kept)
    return panels.restore(site(*ZONES), kept, now(at_s))


def test_a_disabled_zone_goes_on_seeing_and_drives_nothing() -> None:
    """Welding in the dock sets off the site's sirens; or a real fire there leaves no trace in the log."""
    panel, done = order(site(*ZONES), anna(Disable, "dock"))
    assert done == Done(ok=True)
    panel, (change,) = judged(panel, "dock", ALARM, 51.0)
    assert (change.zone.state, panel.sounding) == (ZoneState.ALARM, ())
    panel, _ = judged(panel, "kitchen", ALARM, 52.0)
    assert panel.sounding == ("kitchen",), "a disablement hides nothing elsewhere"
    panel, _ = order(panel, anna(Enable, "dock"), at_s=60.0)
    assert panel.sounding == ("dock", "kitchen"), "what burns when the zone comes back sounds at once"


def test_every_disablement_is_listed_with_who_and_until_when() -> None:
    """The zone that somebody disabled last year is still disabled and nobody knows."""
    panel, _ = order(site(*ZONES), anna(Disable, "dock"))
    panel, _ = order(panel, anna(Disable, "cam.a.flame", for_s=60.0))
    panel, _ = order(panel, anna(Isolate, for_s=120.0))
    since = now(50.0).at
    assert panels.disablements(panel) == (
        Disablement(about="dock", since=since, until=0.0, by="anna"),
        Disablement(about="cam.a.flame", since=since, until=since + 60.0, by="anna"),
        Disablement(about="", since=since, until=since + 120.0, by="anna"),
    )
    told = panels.told(panel, (), {}, {}, "panel", now(51.0))
    assert (told.disablements, told.isolated, told.zones[0].disabled) == (panels.disablements(panel), True, True)


def test_time_limits_end_by_themselves_and_say_so() -> None:
    """A disablement for the welder's hour lasts for ever; or ends and nobody is told."""
    panel, _ = order(site(*ZONES), anna(Disable, "dock", for_s=60.0))
    panel, _ = order(panel, anna(Disable, "cam.a.flame", for_s=60.0))
    panel, _ = order(panel, anna(Isolate, for_s=60.0))
    panel, _ = order(panel, anna(WalkTest, "office"))
    assert panels.timed(panel, now(109.9)) == (panel, ())
    after, notes = panels.timed(panel, now(110.0))
    assert [(note.kind, note.about) for note in notes] == [
        ("enabled", "dock"),
        ("enabled", "cam.a.flame"),
        ("connected", ""),
    ]
    assert (panels.disablements(after), after.revision) == ((), panel.revision + 1)
    last, (note,) = panels.timed(after, now(50.0 + TEST_S))
    assert (note.kind, note.about, last.zones["office"].test) == ("test_ended", "office", None)


def test_isolated_outputs_stay_quiet_and_the_alarm_is_told() -> None:
    """Isolation hides the alarm itself, or outputs sound in spite of it."""
    panel, _ = order(burning("dock"), anna(Isolate))
    assert (panel.sounding, states(panel)["dock"]) == ((), ZoneState.ALARM)
    panel, (change,) = judged(panel, "kitchen", ALARM, 60.0)
    assert (change.zone.id, panel.sounding) == ("kitchen", ())
    panel, done = order(panel, anna(Connect))
    assert (done.ok, panel.sounding) == (True, ("dock", "kitchen"))


def test_a_whole_site_is_not_disabled_by_a_slip() -> None:
    """An order whose zone was left empty takes the building out of service."""
    for kind in (Disable, WalkTest):
        panel, done = order(site(*ZONES), anna(kind))
        assert (panel, done) == (site(*ZONES), Done(ok=False, why="name the zone"))
    out, _ = order(site(*ZONES), anna(Disable, "dock"))
    out, _ = order(out, anna(Disable, "cam.a.smoke"))
    back, _ = order(out, anna(Enable))
    assert panels.disablements(back) == ()


def test_points_take_two_orders_only() -> None:
    """A reset of a point does something nobody meant."""
    panel, done = order(site(*ZONES), anna(Reset, "cam.a.flame"))
    assert (panel, done.ok, "name its zone" in done.why) == (site(*ZONES), False, True)
    out, _ = order(panel, anna(Disable, "cam.a.flame"))
    back, _ = order(out, anna(Enable, "cam.a.flame"))
    assert (set(out.points_out), back.points_out) == ({"cam.a.flame"}, {})


# --- the walk test ----------------------------------------------------------------------------------------
def test_a_walk_test_ticks_off_points_and_changes_no_state() -> None:
    """Somebody tests with a lighter: sirens, an alarm to reset, and no list of what responded."""
    panel, _ = order(site(*ZONES), anna(WalkTest, "dock"))
    panel, notes = panels.judge(panel, "dock", PRE_ALARM, now(60.0))
    assert [(type(note), note.kind, note.points) for note in notes if isinstance(note, Note)] == [
        (Note, "test_response", ("cam.a.flame",))
    ]
    panel, again = panels.judge(panel, "dock", ALARM, now(61.0))
    assert again == (), "each point is ticked off once"
    told = panels.told(panel, (), {}, {}, "panel", now(62.0))
    assert told.zones[0].responded == ("cam.a.flame",)
    assert (told.zones[0].testing, told.zones[0].test_until) == (True, now(50.0).at + TEST_S)
    assert (states(panel)["dock"], panel.sounding) == (ZoneState.NORMAL, ())
    same, _ = order(panel, anna(Enable, "dock"))
    assert same.zones["dock"].test is not None, "a test is ended by name only"
    for end in (anna(EndTest, "dock"), anna(EndTest)):
        assert order(panel, end)[0].zones["dock"].test is None


def test_a_fire_in_a_test_becomes_an_alarm() -> None:
    """The zone on trial burns down in silence."""
    panel, _ = order(site(*ZONES), anna(WalkTest, "dock"))
    for mono_s in (60.0, 60.0 + OVERRIDE_S - 0.1):
        panel, changes = judged(panel, "dock", ALARM, mono_s)
        assert changes == ()
    panel, told = panels.judge(panel, "dock", ALARM, now(60.0 + OVERRIDE_S))
    assert [note.kind for note in told if isinstance(note, Note)] == ["test_ended"]
    assert (states(panel)["dock"], panel.zones["dock"].test, panel.sounding) == (ZoneState.ALARM, None, ("dock",))


def test_a_test_flame_that_goes_out_is_no_fire() -> None:
    """Two short tests, half a minute apart, add up to a false alarm."""
    panel, _ = order(site(*ZONES), anna(WalkTest, "dock"))
    for mono_s, want in (
        (60.0, ALARM),
        (90.0, ALARM),
        (91.0, QUIET),
        (92.0, ALARM),
        (140.0, ALARM),
        (141.0, PRE_ALARM),
    ):
        panel, changes = judged(panel, "dock", want, mono_s)
        assert changes == ()
    panel, changes = judged(panel, "dock", ALARM, 155.0)
    assert changes == ()


@pytest.mark.parametrize("want", [LINGERS, PRE_ALARM, ALARM])
def test_no_test_begins_where_something_is_going_on(want: Wanted) -> None:
    """A test hides the fire that has just begun."""
    panel, done = order(site(*ZONES), anna(WalkTest, "dock"), {**ALL_QUIET, "dock": want})
    assert (done.ok, panel.zones["dock"].test) == (False, None)
    assert "Dock is not quiet" in done.why
    panel, done = order(burning("dock"), anna(WalkTest, "dock"))
    assert not done.ok


def test_a_restart_keeps_what_is_out_of_service_and_for_how_long() -> None:
    """A power cut brings the welder's zone back into service, or leaves it out for ever."""
    panel, _ = order(site(*ZONES), anna(Disable, "dock", for_s=100.0))
    panel, _ = order(panel, anna(Disable, "cam.a.flame"))
    panel, _ = order(panel, anna(WalkTest, "office", for_s=100.0))
    panel, _ = order(panel, anna(Isolate, for_s=100.0))
    panel, _ = panels.judge(panel, "office", PRE_ALARM, now(51.0))
    after = through_the_disk(panel, 90.0)
    assert panels.disablements(after) == panels.disablements(panel)
    trial = after.zones["office"].test
    assert trial is not None
    assert trial.responded == ("cam.a.flame",)
    assert panels.timed(after, now(149.9))[1] == ()
    assert {note.about for note in panels.timed(after, now(150.0))[1]} == {"dock", "office", ""}


def test_a_clock_that_was_wrong_makes_no_time_longer() -> None:
    """The wall clock stood a year back at the restart: the disablement would last a year."""
    panel, _ = order(site(*ZONES), anna(Disable, "dock", for_s=100.0))
    kept = panels.keep(panel)
    after = panels.restore(site(*ZONES), kept, replace(now(0.0), at=1.0))
    assert panels.timed(after, now(100.0))[1] != ()
