"""State JSON: every key always there, null for unknown, alarms never hidden, attributes small."""

import json
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.messages import Explanation, Fault, Kind, Share, ZoneState
from embereye_addon.publish import states, views
from embereye_addon.publish.views import CameraView
from tests.publish.samples import AT, WHY, change, health, panel, thermal_frame, zone
from tests.samples import INCIDENT


def fault(about: str, number: int = 0) -> Fault:
    """One fault."""
    return Fault(code=f"stream_lost_{number}", about=about, since=AT, text="x" * 400)


def test_the_site_explains_its_first_alarm() -> None:
    """The hub names the zone that is in alarm, before one that is in pre-alarm for longer."""
    barn = zone("barn", ZoneState.PRE_ALARM, since=AT - 99, alarm_id="a-0")
    kitchen = zone("kitchen", ZoneState.ALARM, alarm_id="a-1", explanation=WHY)
    told = panel(barn, kitchen, silenced=True, last_alarm_id="a-1", last_alarm_at=AT, incidents=(INCIDENT,))
    state = states.site_state(told)
    assert (state["fire_alarm"], state["state"], state["active_incidents"]) == ("ON", "alarm", 1)
    assert (state["explanation"]["zone"], state["explanation"]["rule"]) == ("kitchen", "threshold")
    assert (state["silenced"], state["last_alarm_id"], state["trouble"]) == ("ON", "a-1", "OFF")
    quiet = states.site_state(panel())
    assert (quiet["fire_alarm"], quiet["explanation"], quiet["last_alarm_id"]) == ("OFF", {}, None)


def test_a_disabled_zone_drives_no_output_but_is_listed() -> None:
    """A disabled zone in alarm switches no smoke entity, and its state says alarm all the same."""
    off = zone("kitchen", ZoneState.ALARM, disabled=True, score_pct=99.6)
    state = states.zone_state(off, ())
    assert (state["fire_alarm"], state["state"], state["disabled"], state["score"]) == ("OFF", "alarm", "ON", 100)
    site = states.site_state(panel(off))
    assert (site["fire_alarm"], site["active_incidents"], site["explanation"]["zone"]) == ("OFF", 0, "kitchen")
    both = panel(off, zone("barn", ZoneState.ALARM, since=AT + 5))
    assert states.site_state(both)["explanation"]["zone"] == "barn"


def test_a_zone_has_the_faults_of_its_own_points() -> None:
    """A lost camera shows as trouble in its zone and not in another one."""
    names = frozenset({"kitchen", "cam.stove"})
    mine = states.about_sources(
        (fault("cam.stove"), fault("cam.stove.flame"), fault("cam.hay"), fault("kitchen")), names
    )
    assert [found.about for found in mine] == ["cam.stove", "cam.stove.flame", "kitchen"]
    assert states.zone_state(zone(), mine)["trouble"] == "ON"


def test_attributes_stay_below_what_home_assistant_records() -> None:
    """Attributes above 16 KB are not recorded: the first faults and shares are enough."""
    share = Share(
        point="p" * 80, kind=Kind.HEAT, value=71.123456, unit="u" * 16, nats=1.23456, share=0.5, where="w" * 80
    )
    why = Explanation(rule="r" * 64, text="t" * 400, sum_nats=9.0, threshold_nats=5.0, shares=(share,) * 32)
    worst = zone("kitchen", ZoneState.ALARM, explanation=why)
    state = states.site_state(panel(worst, faults=tuple(fault("a" * 80, n) for n in range(1000))))
    assert state["faults"]["count"] == 1000
    assert len(json.dumps(state["faults"])) < 16_000
    assert len(json.dumps(state["explanation"])) < 16_000


def test_a_change_ahead_of_the_panel_shows_at_once() -> None:
    """An alarm must not wait for the panel's next word, nor be undone by an older one."""
    ahead = states.with_changes(panel(), {"kitchen": change()})
    assert (ahead.state, ahead.last_alarm_id, ahead.zones[0].alarm_id) == (ZoneState.ALARM, "a-1", "a-1")
    assert ahead.zones[1].state is ZoneState.NORMAL
    known = panel(at=AT + 2)
    assert states.with_changes(known, {"kitchen": change()}) is known
    pre = states.with_changes(panel(), {"kitchen": change(ZoneState.PRE_ALARM)})
    assert (pre.state, pre.last_alarm_id) == (ZoneState.PRE_ALARM, "")
    assert states.with_changes(panel(), {"attic": change()}).state is ZoneState.NORMAL


def test_events_say_what_happened() -> None:
    """An automation tells an alarm from its end."""
    kinds = [
        states.event_of(change(now, was))["event_type"]
        for was, now in (
            (ZoneState.NORMAL, ZoneState.PRE_ALARM),
            (ZoneState.PRE_ALARM, ZoneState.ALARM),
            (ZoneState.ALARM, ZoneState.NORMAL),
            (ZoneState.PRE_ALARM, ZoneState.NORMAL),
        )
    ]
    assert kinds == ["pre_alarm", "alarm", "reset", "cleared"]


def test_a_zone_is_up_while_the_panel_speaks_or_it_burns() -> None:
    """Silence makes a quiet zone unavailable and leaves a latched alarm where it is."""
    assert states.zone_up(zone(), False)
    assert not states.zone_up(zone(), True)
    assert states.zone_up(zone(state=ZoneState.ALARM), True)
    assert not states.zone_up(None, False)


@given(st.floats())
def test_any_time_is_a_text_or_nothing(at: float) -> None:
    """A clock gone mad does not stop the publisher."""
    assert states.time_text(at) is None or "T" in str(states.time_text(at))


@pytest.mark.parametrize("at", [0.0, -1.0, float("nan"), float("inf")])
def test_never_is_null(at: float) -> None:
    """No last alarm is unknown, not 1970."""
    assert states.time_text(at) is None


def test_states_are_json() -> None:
    """Every state can be sent."""
    for state in (states.site_state(panel()), views.camera_state(CameraView(health=health()), 0.0)):
        assert json.loads(msgspec.json.encode(state)) == state
    assert zlib.decompress(thermal_frame().cells)


def test_a_zone_that_nothing_watches_is_not_told_as_without_fire() -> None:
    """Home Assistant would show "clear" where the only camera is lost; an alarm stays told all the same."""
    blind = Fault(code="zone_blind", about="zone.kitchen", since=AT, text="Nothing in this zone can see a fire")
    quiet, burning = zone("kitchen"), zone("kitchen", ZoneState.ALARM)
    assert states.zone_state(quiet, ())["fire_alarm"] == "OFF"
    assert states.zone_state(quiet, (blind,))["fire_alarm"] is None
    assert states.zone_state(burning, (blind,))["fire_alarm"] == "ON"
    assert states.site_state(panel(quiet, faults=(blind,)))["fire_alarm"] == "OFF", "the other zones see"
    every = tuple(msgspec.structs.replace(blind, about=f"zone.{each.zone}") for each in panel().zones)
    told = states.site_state(panel(faults=every))
    assert (told["fire_alarm"], told["trouble"], told["fault_count"]) == (None, "ON", len(every))
