"""The publisher against a real broker: order, alarms first, once each, pictures after, commands, silence, return."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.messages import (
    Acknowledge,
    Done,
    Fault,
    IncidentChanged,
    IncidentNews,
    Reset,
    Snapshot,
    SnapshotRequest,
    ZoneState,
)
from embereye_addon.publish import publisher, states
from embereye_addon.publish.publisher import Publisher, Wiring
from tests.publish.conftest import Watch
from tests.publish.samples import (
    AT,
    box,
    change,
    health,
    panel,
    sighting,
    site,
    spots,
    thermal_frame,
    until,
    zone,
)
from tests.samples import INCIDENT
from tests.system.mosquitto import Mosquitto

EVENT = "embereye/site/event"
ZONE_STATE = "embereye/zone/kitchen/state"
Start = Callable[..., Awaitable[Publisher]]


@asynccontextmanager
async def publishing(broker: Mosquitto, hub: Hub, folder: Path, **more: Any) -> AsyncIterator[Publisher]:
    """A publisher at work on a bus of its own."""
    bus = MemoryBus(hub)
    wiring = Wiring(**{"site": site(broker.port), "bus": bus, "folder": folder, **more})
    running = Publisher(wiring)
    task = asyncio.create_task(running.run())
    try:
        await until(lambda: running.mqtt.connected)
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bus.close()


async def test_nothing_is_online_before_the_panel_has_spoken(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A latched alarm must not flap off and on because the program started before its panel."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path):
        await until(lambda: "homeassistant/device/embereye_pf_boiler/config" in seen.topics())
        await asyncio.sleep(0.7)
        assert not [topic for topic in seen.topics() if topic.startswith("embereye/")]
        await speaker.say(panel(zone("kitchen", ZoneState.ALARM, alarm_id="a-1")))
        await until(lambda: b"online" in seen.payloads("embereye/status"))
        topics = seen.topics()
        assert topics.index("embereye/zone/kitchen/status") < topics.index(ZONE_STATE) < topics.index("embereye/status")
        assert seen.json(ZONE_STATE)["fire_alarm"] == "ON"
    await until(lambda: seen.payloads("embereye/status")[-1] == b"offline")
    await speaker.close()


async def test_discovery_comes_half_a_second_before_states(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """Home Assistant must be subscribed to a state topic before its first state."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel())
        await until(lambda: "embereye/status" in seen.topics())
        topics = seen.topics()
        discovery = [n for n, topic in enumerate(topics) if topic.startswith("homeassistant/")]
        assert len(discovery) == 6
        assert max(discovery) < topics.index("embereye/zone/barn/status")
        assert topics[0] == "homeassistant/device/embereye_site/config"
    await speaker.close()


async def test_an_alarm_is_told_at_once_and_once(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """An alarm is on the broker within the limit, with its explanation, and a second delivery is silent."""
    hub, seen = Hub(), await watch(broker)
    speaker, acked = MemoryBus(hub), []
    async with publishing(broker, hub, tmp_path, on_acked=lambda alarm, _mono_s: acked.append(alarm.id)) as running:
        await speaker.say(panel())
        await until(lambda: "embereye/status" in seen.topics())
        await speaker.say(change())
        await until(lambda: seen.payloads(EVENT))
        await until(lambda: acked == ["a-1"])
        assert running.counts.alarm_ms > 0.0
        assert seen.json(ZONE_STATE)["fire_alarm"] == "ON"
        assert seen.json(ZONE_STATE)["explanation"]["shares"][0]["point"] == "cam.stove.flame"
        assert seen.json("embereye/site/state")["last_alarm_id"] == "a-1"
        event = seen.json(EVENT)
        assert (event["event_type"], event["alarm_id"], event["at"]) == (
            "alarm",
            "a-1",
            "2026-03-01T12:00:01.000+00:00",
        )
        assert seen.payloads("embereye/zone/kitchen/event") == seen.payloads(EVENT)
    fresh = Hub()
    again = MemoryBus(fresh)
    async with publishing(broker, fresh, tmp_path) as running:
        await again.say(panel(zone("kitchen", ZoneState.ALARM), at=AT + 2))
        await again.say(change())
        await again.say(change(number=2, at=AT + 5))
        await until(lambda: len(seen.payloads(EVENT)) == 2)
        assert seen.json(EVENT)["alarm_id"] == "a-2"
        assert running.counts.repeats == 1
    await again.close()
    await speaker.close()


async def test_an_alarm_during_an_outage_comes_with_its_own_time(
    broker: Mosquitto, watch: Watch, tmp_path: Path
) -> None:
    """An alarm while the broker restarts is neither lost nor dated to the return."""
    hub = Hub()
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path) as running:
        await speaker.say(panel())
        await asyncio.to_thread(broker.kill)
        await until(lambda: not running.mqtt.connected)
        await speaker.say(change())
        await asyncio.sleep(0.1)
        assert running.faults[0][0] == "broker_disconnected"
        await asyncio.to_thread(broker.start)
        seen = await watch(broker)
        await until(lambda: seen.payloads(EVENT))
        assert seen.json(EVENT)["at"] == "2026-03-01T12:00:01.000+00:00"
        topics = seen.topics()
        assert topics.index("embereye/status") < topics.index(EVENT)
        assert running.faults == ()
    await speaker.close()


async def test_the_picture_comes_after_the_alarm(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A picture of half a megabyte must never stand in front of an alarm."""
    hub, seen = Hub(), await watch(broker)
    speaker, cameras = MemoryBus(hub), MemoryBus(hub)
    _done, jpeg = cv2.imencode(".jpg", np.full((360, 640, 3), 90, np.uint8))

    async def picture(request: SnapshotRequest) -> Snapshot:
        return Snapshot(source=request.source, jpeg=jpeg.tobytes(), boxes=(box(),))

    await cameras.answer(SnapshotRequest, picture, at="cam.stove")
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel())
        await speaker.say(change())
        await until(lambda: "embereye/camera/stove/snapshot" in seen.topics())
        topics = seen.topics()
        assert topics.index(EVENT) < topics.index("embereye/zone/kitchen/snapshot")
        assert seen.payloads("embereye/camera/stove/snapshot")[0][:2] == b"\xff\xd8"
        retained = [
            topic for topic, _payload, kept in (await watch(broker)).seen if topic.endswith("snapshot") and kept
        ]
        assert retained == []
    await cameras.close()
    await speaker.close()


async def test_a_picture_nobody_can_give_holds_nothing_up(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A dead camera at the time of the alarm must not keep the next alarm back."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel())
        await speaker.say(change(ZoneState.PRE_ALARM))
        await speaker.say(change(ZoneState.ALARM, ZoneState.PRE_ALARM))
        await speaker.say(change(ZoneState.NORMAL, ZoneState.ALARM, at=AT + 9))
        await until(lambda: len(seen.payloads(EVENT)) == 3)
        kinds = [json.loads(payload)["event_type"] for payload in seen.payloads(EVENT)]
        assert kinds == ["pre_alarm", "alarm", "reset"]
    await speaker.close()


async def test_commands_reach_the_panel_and_are_answered(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A press of Reset in Home Assistant reaches the panel, and its refusal is told in words."""
    hub, seen = Hub(), await watch(broker, "embereye/site/answer")
    panel_end = MemoryBus(hub)
    asked: list[Any] = []

    async def reset(request: Reset) -> Done:
        asked.append(request)
        return Done(ok=False, why="the evidence is still there")

    await panel_end.answer(Reset, reset)
    async with publishing(broker, hub, tmp_path) as running:
        await seen.client.publish("embereye/zone/kitchen/reset/set", b"PRESS", qos=1)
        await until(lambda: seen.seen)
        assert seen.json("embereye/site/answer")["why"] == "the evidence is still there"
        assert (asked[0].target, asked[0].way) == ("kitchen", "mqtt")
        assert "person unknown" in asked[0].by
        await seen.client.publish("embereye/site/acknowledge/set", b"PRESS", qos=1)
        await until(lambda: len(seen.seen) == 2)
        assert seen.json("embereye/site/answer")["ok"] is False
        assert running.counts.commands == 2
    await panel_end.close()


async def test_a_command_may_be_carried_by_a_function(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """Whoever wires the publisher may take commands himself."""
    seen, taken = await watch(broker, "embereye/site/answer"), []

    async def take(command: Any) -> Done:
        taken.append(command)
        return Done(ok=True)

    async with publishing(broker, Hub(), tmp_path, on_command=take):
        await seen.client.publish("embereye/site/acknowledge/set", b"PRESS", qos=1)
        await until(lambda: seen.seen)
    assert isinstance(taken[0], Acknowledge)


@pytest.mark.parametrize("before", [True, False])
async def test_a_retained_command_is_refused_and_cleared(
    broker: Mosquitto, watch: Watch, tmp_path: Path, before: bool
) -> None:
    """A retained Reset would silently reset every later alarm; both an old one and a fresh one are refused."""
    seen = await watch(broker)
    topic = "embereye/site/reset/set"

    async def never(_command: Any) -> Done:
        raise AssertionError("carried out")

    if before:
        await seen.client.publish(topic, b"PRESS", qos=1, retain=True)
    async with publishing(broker, Hub(), tmp_path, on_command=never) as running:
        if not before:
            await seen.client.publish(topic, b"PRESS", qos=1, retain=True)
        await until(lambda: b"" in seen.payloads(topic))
        await until(lambda: seen.payloads("embereye/site/answer"))
        assert "retained" in seen.json("embereye/site/answer")["why"]
        assert running.counts.refused == 1
        kept = await watch(broker, topic)
        await asyncio.sleep(0.1)
        assert kept.seen == []


async def test_everything_is_said_again_when_home_assistant_is_born(
    broker: Mosquitto, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Home Assistant that has restarted learns all devices and states again."""
    monkeypatch.setattr(publisher, "BIRTH_DELAY_S", (0.0, 0.1))
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel())
        await until(lambda: "embereye/status" in seen.topics())
        seen.seen.clear()
        await seen.client.publish("homeassistant/status", b"online")
        await until(lambda: ZONE_STATE in seen.topics())
        assert "homeassistant/device/embereye_site/config" in seen.topics()
    await speaker.close()


async def test_a_camera_that_is_taken_out_leaves_home_assistant(
    broker: Mosquitto, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removed camera is announced once more and then taken away, and its states are cleared from the broker."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel())
        await until(lambda: "embereye/status" in seen.topics())
    seen.seen.clear()
    monkeypatch.setattr("embereye_addon.publish.announcer.REMOVAL_PAUSE_S", 0.05)
    smaller = site(broker.port)
    fewer = type(smaller)(name="Farm", mqtt=smaller.mqtt, zones=smaller.zones, cameras=smaller.cameras[:1])
    gone = ("homeassistant/device/embereye_pf_boiler/config", "embereye/pf/boiler/state")
    async with publishing(broker, hub, tmp_path, site=fewer):
        await until(lambda: all(b"" in seen.payloads(topic) for topic in gone))
        full, *_rest = seen.payloads(gone[0])
        assert json.loads(full)["device"]["name"] == "Boiler eye"
    await speaker.close()


async def test_sources_are_shown_as_they_are(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A camera's flame, a device's heat, its picture and a lost stream all show within seconds."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    async with publishing(broker, hub, tmp_path):
        for message in (panel(), health(), health("pf.boiler"), sighting(box()), spots(hot=True), thermal_frame()):
            await speaker.say(message)
        await until(lambda: seen.json("embereye/camera/stove/state").get("flame") == "ON")
        await until(lambda: seen.json("embereye/pf/boiler/state").get("overheat") == "ON")
        await until(lambda: seen.payloads("embereye/pf/boiler/snapshot"))
        await until(lambda: seen.payloads("embereye/camera/stove/status")[-1:] == [b"online"])
        assert seen.payloads("embereye/camera/hay.1/status")[-1] == b"offline"
        assert seen.payloads("embereye/pf/boiler/snapshot")[0][:4] == b"\x89PNG"
    await speaker.close()


async def test_a_silent_panel_takes_zones_away_but_never_an_alarm(
    broker: Mosquitto, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the panel dies, a quiet zone must not look safe and a burning one must stay in alarm."""
    monkeypatch.setattr(states, "PANEL_SILENCE_S", 0.3)
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    fault = Fault(code="stream_lost", about="cam.stove", since=AT, text="no picture")
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel(zone("kitchen", ZoneState.ALARM), faults=(fault,)))
        await until(lambda: seen.payloads("embereye/zone/barn/status")[-1:] == [b"offline"])
        assert seen.payloads("embereye/zone/kitchen/status")[-1] == b"online"
        await until(lambda: seen.json("embereye/site/state")["faults"]["count"] == 2)
        assert seen.json("embereye/site/state")["faults"]["faults"][0]["code"] == "panel_silent"
    await speaker.close()


async def test_news_of_an_incident_are_an_event_told_once(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A phone rings twice for one incident, or the state does not list it."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    news = IncidentChanged(
        source="panel", at=AT, news=IncidentNews.NEW, number=1, incident=INCIDENT, text="alarm in one zone: Dock"
    )
    async with publishing(broker, hub, tmp_path) as running:
        await speaker.say(panel(incidents=(INCIDENT,)))
        await speaker.say(news)
        await until(lambda: "embereye/site/incident" in seen.topics())
        assert seen.json("embereye/site/incident")["event_type"] == "new"
        state = seen.json("embereye/site/state")
        assert (state["active_incidents"], state["incidents"]["incidents"][0]["zones"]) == (1, ["dock"])
        await until(lambda: "new" in (tmp_path / "told.txt").read_text())
        assert running.counts.repeats == 0
    async with publishing(broker, hub, tmp_path):
        await speaker.say(panel())
        await until(lambda: seen.payloads("embereye/status")[-1] == b"online")
    assert len(seen.payloads("embereye/site/incident")) == 1
    await speaker.close()
