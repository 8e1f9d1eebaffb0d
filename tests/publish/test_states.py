"""State JSON: every key always there, null for unknown, alarms never hidden, attributes small."""

import json
import zlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.messages import Explanation, Fault, Kind, LinkState, Reading, Share, ZoneState
from embereye_addon.publish import states
from embereye_addon.publish.states import CameraView, PfView
from tests.publish.samples import AT, WHY, box, change, health, panel, sighting, spots, thermal_frame, zone


def fault(about: str, number: int = 0) -> Fault:
    """One fault."""
    return Fault(code=f"stream_lost_{number}", about=about, since=AT, text="x" * 400)


def test_unknown_is_null_and_never_missing() -> None:
    """Home Assistant warns about every missing key, every second."""
    assert states.camera_state(CameraView(), 100.0) == {
        "flame": None,
        "smoke": None,
        "confidence": None,
        "last_detection": None,
        "stream": "OFF",
        "stream_words": {"link": None},
        "frame_rate": None,
        "latency": None,
        "reconnects": None,
    }
    empty = states.pf_state(PfView(), 100.0)
    assert empty["connection"] == "OFF"
    assert (empty["trouble"], empty["faults"]["count"]) == ("ON", 1)
    known = ("connection", "link_words", "trouble", "faults")
    assert {empty[key] for key in empty if key not in known} == {None}


def test_a_sighting_is_held_for_a_moment() -> None:
    """A flame that flickers is one sighting, not ten."""
    view = states.seen(CameraView(), sighting(box("fire", 0.8), box("smoke", 0.2)), 10.0)
    view = states.seen(view, sighting(at=AT + 1), 11.0)
    state = states.camera_state(view, 14.9)
    assert (state["flame"], state["smoke"], state["confidence"]) == ("ON", "OFF", 0)
    assert state["last_detection"] == "2026-03-01T12:00:00.000+00:00"
    assert states.camera_state(view, 15.1)["flame"] == "OFF"


def test_smoke_is_smoke() -> None:
    """A smoke box switches the smoke entity and not the flame one."""
    state = states.camera_state(states.seen(CameraView(), sighting(box("smoke", 0.7)), 1.0), 1.0)
    assert (state["flame"], state["smoke"], state["confidence"]) == ("OFF", "ON", 70)


def test_a_camera_nobody_reports_on_is_off() -> None:
    """A dead detector must not leave its cameras looking connected."""
    good = health(rate_hz=14.96, latency_ms=41.6, reconnects=3, words={"codec": "h264"})
    view = CameraView(health=good, health_mono_s=100.0)
    state = states.camera_state(view, 101.0)
    assert (state["stream"], state["frame_rate"], state["latency"], state["reconnects"]) == ("ON", 15.0, 42, 3)
    assert state["stream_words"] == {"link": "online", "faults": [], "codec": "h264"}
    assert states.camera_state(view, 119.0)["stream"] == "OFF"
    assert not states.source_up(health(state=LinkState.CONNECTING), 100.0, 100.0)
    assert states.source_up(health(state=LinkState.DEGRADED), 100.0, 100.0)


def reading(channel: str, role: str, sigma: float, **more: bool) -> Reading:
    """One input's reading."""
    warming_up, stuck = more.get("warming_up", False), more.get("stuck", False)
    return Reading(
        source="pf.boiler",
        channel=channel,
        role=role,
        raw=1.0,
        baseline=1.0,
        change_sigma=sigma,
        warming_up=warming_up,
        stuck=stuck,
    )


def test_a_pf_device_shows_heat_inputs_and_chip() -> None:
    """Temperatures, the greatest usable index of each role, and what the chip says of itself."""
    view = PfView(health=health("pf.boiler", rejected=4), health_mono_s=5.0)
    for message in (spots(hot=True, at=AT + 7), thermal_frame(), reading("adc1", "gas", 3.26)):
        view = states.felt(view, message, 5.0)
    for message in (reading("adc2", "gas", 9.0, warming_up=True), reading("adc3", "smoke", 2.0, stuck=True)):
        view = states.felt(view, message, 5.0)
    state = states.pf_state(view, 6.0)
    assert (state["overheat"], state["max_temperature"], state["median_temperature"]) == ("ON", 71.5, 22.0)
    assert (state["gas_index"], state["smoke_index"], state["flame_index"]) == (3.3, None, None)
    assert (state["chip_temperature"], state["supply_voltage"], state["packets_rejected"]) == (31.3, 3.3, 4)
    assert state["last_packet"] == "2026-03-01T12:00:00.000+00:00"
    assert states.roles_in(view) == {"gas", "smoke"}
    told = health("pf.boiler", words={"bad_px": "5", "rejected_pct": "12.5", "interval_s": "4.09"})
    state = states.pf_state(replace(view, health=told), 6.0)
    assert (state["bad_pixels"], state["reject_rate"], state["period"]) == (5.0, 12.5, 4.09)
    assert states.pf_state(states.felt(view, spots(), 11.0), 11.0)["overheat"] == "OFF"


def test_a_pf_device_tells_its_own_faults_with_their_numbers() -> None:
    """A device that drifts looks well in Home Assistant, or one that is switched off looks broken."""
    drifts = ("supply_drift", "the supply went from 3.300 V to 3.200 V; allowed: 0.05 V")
    for told, count in (
        (health("pf.boiler"), 0),
        (health("pf.boiler", faults=(drifts,)), 1),
        (health("pf.boiler", LinkState.OFFLINE), 1),
        (health("pf.boiler", LinkState.DISABLED), 0),
    ):
        state = states.pf_state(PfView(health=told, health_mono_s=5.0), 6.0)
        assert (state["trouble"], state["faults"]["count"]) == ("ON" if count else "OFF", count)
    listed = states.pf_state(PfView(health=health("pf.boiler", faults=(drifts,)), health_mono_s=5.0), 6.0)["faults"]
    assert listed["faults"] == [{"code": drifts[0], "text": drifts[1]}]


def test_an_equivalent_is_that_of_the_calibrated_input() -> None:
    """Another input's figure, or one at the end of its range, is shown as a gas."""
    view = states.felt(PfView(), msgspec.structs.replace(reading("adc1", "gas", 3.26), out_of_range=True), 5.0)
    view = states.felt(view, msgspec.structs.replace(reading("adc2", "gas", 2.0), ppm=412.5, gas="co2"), 5.0)
    view = states.felt(view, msgspec.structs.replace(reading("adc3", "smoke", 2.0), gas="co"), 5.0)
    state = states.pf_state(view, 6.0)
    assert (state["co2_equivalent"], state["co_equivalent"], state["nh3_equivalent"]) == (412.5, None, None)
    assert state["gas_index"] == 2.0


def test_endless_channels_are_not_kept() -> None:
    """A device inventing channel names does not fill the memory."""
    view = PfView()
    for number in range(100):
        view = states.felt(view, reading(f"adc{number}", "none", 0.0), 0.0)
    assert len(view.readings) == states.MAX_CHANNELS
    assert states.roles_in(view) == frozenset()
    assert states.felt(view, reading("adc1", "gas", 5.0), 0.0).readings["adc1"].change_sigma == 5.0


def test_the_site_explains_its_first_alarm() -> None:
    """The hub names the zone that is in alarm, before one that is in pre-alarm for longer."""
    barn = zone("barn", ZoneState.PRE_ALARM, since=AT - 99, alarm_id="a-0")
    kitchen = zone("kitchen", ZoneState.ALARM, alarm_id="a-1", explanation=WHY)
    state = states.site_state(panel(barn, kitchen, silenced=True, last_alarm_id="a-1", last_alarm_at=AT))
    assert (state["fire_alarm"], state["state"], state["active_incidents"]) == ("ON", "alarm", 2)
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
    assert (site["fire_alarm"], site["active_incidents"], site["explanation"]["zone"]) == ("OFF", 1, "kitchen")
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
    for state in (states.site_state(panel()), states.camera_state(CameraView(health=health()), 0.0)):
        assert json.loads(msgspec.json.encode(state)) == state
    assert zlib.decompress(thermal_frame().cells)
