"""What is kept on the broker by what was heard, with a clock of the test's own."""

import json
from typing import Any

import msgspec

from embereye_addon.messages import Disablement, LinkState, ProcessHealth, ZoneState
from embereye_addon.publish.mqtt import Ends, Mqtt
from embereye_addon.publish.states import PANEL_SILENCE_S
from embereye_addon.publish.telling import AHEAD_S, Heard, Telling
from embereye_addon.publish.topics import Topics
from embereye_addon.settings import model
from tests.publish.samples import AT, box, change, health, panel, sighting, site, spots, zone


async def _nothing() -> None:
    """Nothing to say."""


async def _none() -> model.Mqtt | None:
    """No other broker."""
    return None


class Desk:
    """A telling with nobody to tell."""

    def __init__(self) -> None:
        self.mqtt = Mqtt(model.Mqtt(), "test", Ends("app", (), lambda message: None, _nothing, _none))
        self.heard = Heard(site())
        self.telling = Telling(Topics(), site(), self.mqtt, self.heard)

    def json(self, topic: str) -> Any:
        """The JSON that is kept at a topic."""
        return json.loads(self.mqtt.kept(topic))

    def text(self, topic: str) -> str:
        """What is kept at a topic."""
        return self.mqtt.kept(topic).decode()


async def test_nothing_is_told_of_a_panel_that_has_not_spoken() -> None:
    """Before the first word nothing is known, so nothing is said."""
    desk = Desk()
    desk.telling.say_panel(0.0, AT, pressing_only=False)
    assert desk.text("embereye/site/state") == ""


async def test_an_old_alarm_does_not_undo_what_the_panel_says() -> None:
    """An alarm handed over again after a restart, since reset, must not switch the smoke entity on."""
    desk = Desk()
    desk.heard.hear_panel(panel(at=AT + 100), 0.0)
    desk.heard.hear_change(change(at=AT), 0.0)
    desk.telling.say_panel(0.0, AT, pressing_only=False)
    assert json.loads(desk.text("embereye/zone/kitchen/state"))["fire_alarm"] == "OFF"


async def test_a_clock_that_jumps_back_holds_an_alarm_for_seconds_only() -> None:
    """After a clock jump the panel's own word wins within two of its periods."""
    desk = Desk()
    desk.heard.hear_panel(panel(), 0.0)
    desk.heard.hear_change(change(at=AT + 3600), 0.0)
    desk.heard.hear_panel(panel(at=AT + 1), AHEAD_S / 2)
    assert list(desk.heard.changes) == ["kitchen"]
    desk.heard.hear_panel(panel(at=AT + 6), AHEAD_S + 1)
    assert desk.heard.changes == {}


async def test_a_zone_the_panel_does_not_know_is_offline() -> None:
    """A zone just set up is not shown as quiet before the panel looks after it."""
    desk = Desk()
    desk.heard.hear_panel(type(panel())(source="panel", revision=1, state=ZoneState.NORMAL, zones=(), faults=()), 0.0)
    desk.telling.say_panel(0.0, AT, pressing_only=False)
    assert desk.text("embereye/zone/barn/status") == "offline"
    assert desk.text("embereye/zone/barn/state") == ""


async def test_silence_is_dated_once_and_ends() -> None:
    """The panel's silence shows since when, and goes when it speaks again."""
    desk = Desk()
    desk.heard.hear_panel(panel(zone("kitchen")), 0.0)
    for second in (1.0, 2.0):
        desk.telling.say_panel(PANEL_SILENCE_S + second, AT + second, pressing_only=False)
    fault = json.loads(desk.text("embereye/site/state"))["faults"]["faults"][0]
    assert fault["since"] == "2026-03-01T12:00:01.000+00:00"
    assert desk.text("embereye/site/status") == "offline"
    desk.heard.hear_panel(panel(), 100.0)
    desk.telling.say_panel(100.0, AT, pressing_only=False)
    assert desk.text("embereye/site/status") == "online"
    assert json.loads(desk.text("embereye/site/state"))["trouble"] == "OFF"


async def test_strangers_are_let_go() -> None:
    """A camera or device that is not set up changes nothing."""
    desk = Desk()
    desk.heard.hear_sighting(sighting(box(), source="cam.other"), 0.0)
    desk.heard.hear_pf(type(spots())(source="pf.other", node="main", max_c=1.0, median_c=1.0), 0.0)
    desk.heard.hear_health(health("cam.other", LinkState.ONLINE), 0.0)
    assert set(desk.heard.cameras) == {"cam.stove", "cam.hay.1"}
    assert set(desk.heard.devices) == {"pf.boiler"}


async def test_settings_stand_in_the_state_of_their_thing() -> None:
    """The slider shows nothing, or the limit of another zone."""
    desk = Desk()
    desk.heard.hear_panel(panel(), 0.0)
    desk.telling.say_panel(0.0, AT, pressing_only=False)
    desk.telling.say_sources(0.0)
    assert desk.json("embereye/site/state")["flame_persistence"] == 2.0
    assert desk.json("embereye/zone/barn/state")["sensitivity"] == "normal"
    camera = desk.json("embereye/camera/stove/state")
    assert (camera["detection"], camera["threshold"]) == ("ON", 50)
    assert desk.json("embereye/pf/boiler/state")["alarm_temperature"] == 85.0


async def test_points_out_of_service_and_sirens_are_shown_at_their_device() -> None:
    """A disabled camera looks as if it watched; a siren that an operator started looks silent."""
    desk = Desk()
    out = Disablement(about="cam.stove.flame", since=AT, until=0.0, by="ann")
    desk.heard.hear_panel(panel(disablements=(out,), sirens=("pf.boiler",)), 0.0)
    desk.telling.say_sources(0.0)
    assert desk.json("embereye/camera/stove/state")["disabled"] == "ON"
    assert desk.json("embereye/camera/hay.1/state")["disabled"] == "OFF"
    assert desk.json("embereye/pf/boiler/state")["siren"] == "ON"
    desk.heard.hear_panel(panel(zone("kitchen", ZoneState.ALARM, driving=True)), 0.0)
    desk.telling.say_sources(0.0)
    assert desk.json("embereye/pf/boiler/state")["siren"] == "OFF", "it has no siren, so its zone drives none"
    with_siren = msgspec.structs.replace(
        site(), devices=tuple(msgspec.structs.replace(one, siren=True) for one in site().devices)
    )
    telling = Telling(Topics(), with_siren, desk.mqtt, desk.heard)
    telling.say_sources(0.0)
    assert desk.json("embereye/pf/boiler/state")["siren"] == "ON"


async def test_a_camera_tells_what_it_sees_once() -> None:
    """An automation on a camera's event fires at every restart, or every second."""
    desk = Desk()
    desk.telling.say_sources(0.0)
    desk.heard.hear_sighting(sighting(box()), 1.0)
    desk.telling.say_sources(1.0)
    desk.telling.say_sources(2.0)
    desk.telling.say_sources(60.0)
    told = [(camera, event["event_type"]) for camera, event in desk.telling.detections]
    assert told == [("stove", "flame"), ("stove", "cleared")]


async def test_what_slows_the_model_down_stands_at_the_inference_device() -> None:
    """An installer wonders for weeks why looks take long; each notice is told once, and goes when it is over."""
    desk = Desk()
    desk.heard.hear_panel(panel(at=AT), 0.0)
    slow = ProcessHealth(
        source="node1.detector-0",
        node="node1",
        pid=1,
        rss_mib=1.0,
        cpu_pct=1.0,
        loop_lag_ms=1.0,
        started_at=1.0,
        notices=("no AVX2",),
    )
    for source in ("node1.detector-0", "node1.detector-1", "node1.web"):
        desk.heard.hear_process(msgspec.structs.replace(slow, source=source))
    desk.telling.say_panel(0.0, AT, pressing_only=False)
    assert desk.json("embereye/site/state")["inference_words"] == {"notices": ["no AVX2"]}
    for source in ("node1.detector-0", "node1.detector-1"):
        desk.heard.hear_process(msgspec.structs.replace(slow, source=source, notices=()))
    desk.telling.say_panel(0.0, AT, pressing_only=False)
    assert desk.json("embereye/site/state")["inference_words"] == {"notices": []}
