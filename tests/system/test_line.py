"""The whole way: real RTSP server and PF bytes in, a latched fire alarm in a real Home Assistant out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from embereye_addon.demo.clips import Take, take_clip
from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.messages import ZoneState
from tests.fakes.ports import free_port
from tests.system.homeassistant import HomeAssistant, count_when
from tests.system.mosquitto import Mosquitto
from tests.system.product import PROCESSES, Product, zone_in
from tests.system.rtsp import GstRtsp

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

ALARM = "binary_sensor.embereye_fire_alarm"
ZONE_ALARM = "binary_sensor.embereye_zone_hall_fire_alarm"


def site(broker: Mosquitto, pf_port: int, cameras: dict[str, str]) -> dict[str, Any]:
    """A site of one zone with the given cameras (id -> URL) and one PF device."""
    login = {"username": broker.user, "password": broker.password} if broker.user else {}
    return {
        "name": "System test",
        "mqtt": {"host": broker.host, "port": broker.port, **login},
        "web": {"port": free_port()},
        "pf": {"host": "127.0.0.1", "port": pf_port},
        "detection": {"shards": 1},
        "zones": [{"id": "hall", "name": "Hall"}],
        "cameras": [{"id": ident, "name": ident, "url": url, "zone": "hall"} for ident, url in cameras.items()],
        # Smoke lingers for minutes after a fire, which is right, and too long for a test of the reset.
        "devices": [{"id": "ceiling", "name": "Ceiling", "zone": "hall", "identity": "ceiling", "adc1_role": "none"}],
    }


@asynccontextmanager
async def running(folder: Path, settings: dict[str, Any]) -> AsyncIterator[tuple[Product, PfDevice]]:
    """The product and its one simulated PF device."""
    product = Product(folder, settings)
    device = PfDevice("127.0.0.1", settings["pf"]["port"], serial="ceiling", period_s=0.25)
    product.start()
    dialling = asyncio.create_task(device.run())
    try:
        await product.listen()
        await product.until(lambda state: True)
        yield product, device
    finally:
        dialling.cancel()
        await asyncio.gather(dialling, return_exceptions=True)
        await product.stop()


@asynccontextmanager
async def stopping(server: RtspServer) -> AsyncIterator[None]:
    """Stop the camera at the end."""
    try:
        yield
    finally:
        await server.stop()


async def picture_of(house: HomeAssistant, entity_id: str) -> np.ndarray[Any, np.dtype[Any]]:
    """The picture an image entity shows, as soon as it shows one."""
    for _ in range(40):
        state = await house.state(entity_id)
        if state is not None and state["state"] not in ("unknown", "unavailable"):
            encoded = np.frombuffer(await house.image(entity_id), np.uint8)
            decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            assert decoded is not None
            return decoded
        await asyncio.sleep(0.5)
    raise AssertionError(f"{entity_id} shows no picture")


def fires_once(counter: str) -> dict[str, Any]:
    """An automation as the docs advise it: on the event entity, and only for a new alarm id."""
    return count_when(
        counter,
        [{"trigger": "state", "entity_id": "sensor.embereye_last_alarm_id"}],
        "{{ trigger.to_state.state not in ('unknown', 'unavailable', '', 'None')"
        " and trigger.from_state.state not in ('unavailable',)"
        " and trigger.from_state.state != trigger.to_state.state }}",
    )


async def test_alarm_reaches_home_assistant_and_its_reset_comes_back(
    tmp_path: Path,
    mosquitto: Callable[..., Mosquitto],
    gst_rtsp: Callable[..., GstRtsp],
    moving_clip: Path,
    home_assistant: HomeAssistant,
) -> None:
    """A fire turns the alarm entity on with its explanation; Home Assistant's reset button ends it, and not sooner."""
    broker = mosquitto("embereye", "a-broker-password")
    await home_assistant.start(broker.port, broker.user, broker.password)
    home_assistant.mark_log()
    camera = gst_rtsp({"door": moving_clip}, "viewer", "camera-password")
    rendered = RtspServer()
    rendered.add("desk", take_clip(Take("quiet", 2.0, 2.0, fps=5.0)))
    flame = take_clip(Take("flame", 3.0, 4.0, fps=10.0))
    await rendered.start()
    settings = site(broker, free_port(), {"door": camera.url("door"), "desk": rendered.url("desk")})
    async with running(tmp_path, settings) as (product, device), stopping(rendered):
        await home_assistant.wait_state(ALARM, "off", 40)
        await home_assistant.wait_state("binary_sensor.embereye_camera_door_stream", "on", 40)
        await home_assistant.wait_state("binary_sensor.embereye_camera_desk_stream", "on", 40)
        rendered.play("desk", flame)
        device.stage_fire()
        await home_assistant.wait_state(ALARM, "on", 60)
        await home_assistant.wait_state(ZONE_ALARM, "on", 10)
        attributes = (await home_assistant.state(ZONE_ALARM) or {})["attributes"]
        assert {share["point"] for share in attributes["shares"]} & {"cam.desk.flame", "pf.ceiling.thermal"}, attributes
        assert attributes["text"]
        picture = await picture_of(home_assistant, "image.embereye_camera_desk_snapshot")
        assert picture.shape[:2] == (480, 640), "the evidence frame, whole"
        rendered.play("desk", take_clip(Take("quiet", 2.0, 2.0, fps=5.0)))
        await home_assistant.call("button", "press", {"entity_id": "button.embereye_reset"})
        await asyncio.sleep(2.0)
        assert (await home_assistant.state(ALARM) or {})["state"] == "on", "reset while it burns must not end the alarm"
        device.end_fire()
        for _ in range(60):
            await home_assistant.call("button", "press", {"entity_id": "button.embereye_reset"})
            await asyncio.sleep(1.0)
            if (await home_assistant.state(ALARM) or {})["state"] == "off":
                break
        assert (await home_assistant.state(ALARM) or {})["state"] == "off"
        assert await home_assistant.mqtt_errors() == []
        assert (
            "password"
            not in product.log.read_text().replace("a-broker-password", "LEAK").replace("camera-password", "LEAK")
            or "LEAK" not in product.log.read_text()
        )


async def test_nothing_that_dies_loses_the_alarm_or_fires_it_twice(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], home_assistant: HomeAssistant
) -> None:
    """kill -9 of every process, the bus and the broker during an alarm: all back, still latched, one automation run."""
    broker = mosquitto()
    await home_assistant.automate([fires_once("alarms")], counters=["alarms"])
    await home_assistant.start(broker.port)
    settings = site(broker, free_port(), {})
    async with running(tmp_path, settings) as (product, device):
        await home_assistant.wait_state(ALARM, "off", 40)
        await home_assistant.wait_state("sensor.embereye_last_alarm_id", "unknown", 20)
        device.stage_fire()
        state = await product.until(zone_in("hall", ZoneState.ALARM))
        ident = state.last_alarm_id
        await home_assistant.wait_state("sensor.embereye_last_alarm_id", ident, 20)
        device.end_fire()
        for name in (name for name in PROCESSES if name in product.pids()):
            back_s = await product.kill(name)
            state = await product.until(zone_in("hall", ZoneState.ALARM), 30)
            assert state.last_alarm_id == ident
            await product.until(lambda panel: not any(fault.code == "process_lost" for fault in panel.faults), 60)
            print(f"kill -9 {name}: runs again after {back_s:.1f} s")
        broker.kill()
        await product.until(lambda panel: any(fault.code == "broker_disconnected" for fault in panel.faults), 40)
        broker.start()
        await product.until(lambda panel: not any(fault.code.startswith("broker") for fault in panel.faults), 40)
        await home_assistant.wait_state(ALARM, "on", 60)
        assert ((await home_assistant.state("sensor.embereye_last_alarm_id")) or {})["state"] == ident
        assert await home_assistant.count("alarms") == 1


@pytest.mark.parametrize(("clip", "fire"), [("backyard_visifire", True), ("neg_shop_front", False)])
async def test_a_real_fire_alarms_and_a_quiet_scene_does_not(
    clip: str,
    fire: bool,
    tmp_path: Path,
    shared: Path,
    mosquitto: Callable[..., Mosquitto],
    gst_rtsp: Callable[..., GstRtsp],
) -> None:
    """Real footage of 60 s over a real RTSP server: the fire alarms, the quiet clip of the same length does not."""
    camera = gst_rtsp({"yard": shared / "data" / "clips" / f"{clip}.mp4"})
    async with running(tmp_path, site(mosquitto(), free_port(), {"yard": camera.url("yard")})) as (product, _device):
        await product.until(lambda panel: not panel.faults, 40)
        began_s = time.monotonic()
        if fire:
            await product.until(zone_in("hall", ZoneState.ALARM), 70)
            print(f"{clip}: alarm {time.monotonic() - began_s:.1f} s after the stream came up")
            return
        await asyncio.sleep(62.0)
        worst = max(row.score_pct for panel in product.states for row in panel.zones)
        assert all(row.state is ZoneState.NORMAL for panel in product.states for row in panel.zones), worst
        print(f"{clip}: no alarm in 62 s, greatest score {worst:.0f} %")
