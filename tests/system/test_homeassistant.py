"""A real Home Assistant: blueprints, dashboard, orders that change settings, and what becomes of removed things."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from embereye_addon.alarm.journal import Journal
from embereye_addon.demo.clips import EncodedClip, Take, take_clip
from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.detect.models import Gate, Models
from embereye_addon.messages import ZoneState
from embereye_addon.settings import store
from embereye_addon.tools.dashboard import dashboard
from tests.fakes.ports import free_port
from tests.publish.samples import until
from tests.system.browser import Browser
from tests.system.chromium import why_no_chromium
from tests.system.homeassistant import HomeAssistant
from tests.system.mosquitto import HOST, Mosquitto
from tests.system.product import ROOT, Product, zone_in

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

BLUEPRINTS = ("fire_alarm", "fault", "dead_man")
PHONE = ["notify.persistent_notification"]
DEAD_MAN_S = 10
TROUBLE = "binary_sensor.embereye_pf_store_ceiling_trouble"
SIREN, LIGHT = "input_boolean.siren", "light.way_out"
MORE = {
    "input_text": {"handled": {"max": 255}},
    "input_boolean": {"siren": {}},
    "notify": [],
    "template": [
        {"light": [{"name": "Way out", "default_entity_id": LIGHT, "turn_on": [], "turn_off": [], "set_level": []}]}
    ],
}
INPUTS = {
    "fire_alarm": {"handled": "input_text.handled", "notifiers": PHONE, "sirens": [SIREN], "lights": [LIGHT]},
    "fault": {"notifiers": PHONE, "hold": {"seconds": 2}, "troubles": [TROUBLE]},
    "dead_man": {"notifiers": PHONE, "hold": {"seconds": DEAD_MAN_S}},
}


@dataclass
class Place:
    """Everything that runs."""

    house: HomeAssistant
    product: Product
    devices: list[PfDevice]
    dialling: list[asyncio.Task[None]]
    cameras: RtspServer
    quiet: EncodedClip
    flame: EncodedClip
    album: Path

    async def told(self, calls: list[dict[str, Any]], title: str, count: int, limit_s: float = 40.0) -> dict[str, Any]:
        """The newest of all notifications of a title among service calls, as soon as there are so many of it."""
        end_s = time.monotonic() + limit_s
        while len(found := _notes(calls, title)) < count:
            assert time.monotonic() < end_s, f"{title}: {len(found)} of {count}; {calls}"
            await asyncio.sleep(0.2)
        assert len(found) == count, found
        return found[-1]


def _notes(calls: list[dict[str, Any]], title: str) -> list[dict[str, Any]]:
    """What phones were told under a title."""
    told = [call["service_data"] for call in calls if call["domain"] == "notify"]
    return [note for note in told if note["title"] == title]


def site(broker: Mosquitto, pf_port: int, cameras: RtspServer) -> dict[str, Any]:
    """Two zones with a camera and a PF device each."""
    zones = {"hall": "Hall", "store": "Store room"}
    return {
        "name": "EmberEye",
        "mqtt": {"host": broker.host, "port": broker.port, "picture_every_s": 5},
        "web": {"port": free_port()},
        "pf": {"host": HOST, "port": pf_port},
        "detection": {"shards": 1},
        "zones": [{"id": ident, "name": name} for ident, name in zones.items()],
        "cameras": [
            {"id": ident, "name": f"{name} camera", "url": cameras.url(ident), "zone": ident}
            for ident, name in zones.items()
        ],
        "devices": [
            {"id": f"{ident}-ceiling", "name": f"{name} ceiling", "zone": ident, "adc1_role": "none", "siren": True}
            for ident, name in zones.items()
        ],
    }


@asynccontextmanager
async def place(folder: Path, broker: Mosquitto, house: HomeAssistant, album: Path) -> AsyncIterator[Place]:
    """EmberEye, its cameras and devices, and a Home Assistant that knows them; its pictures go into `album`."""
    async with AsyncExitStack() as stack:
        cameras = RtspServer()
        quiet, other = (take_clip(Take("quiet", 2.0, 2.0, fps=5.0, seed=seed)) for seed in (0, 2))
        flame = take_clip(Take("flame", 2.0, 3.0, fps=8.0))
        cameras.add("hall", quiet)
        cameras.add("store", other)
        await cameras.start()
        stack.push_async_callback(cameras.stop)
        settings = site(broker, free_port(), cameras)
        product = Product(folder, settings)
        product.start()
        stack.push_async_callback(product.stop)
        devices = [
            PfDevice(HOST, settings["pf"]["port"], serial=one["id"], sensor_id=f"021C5626000{n}", period_s=0.25, seed=n)
            for n, one in enumerate(settings["devices"])
        ]
        dialling = [asyncio.create_task(device.run()) for device in devices]
        stack.push_async_callback(_ended, dialling)
        await product.listen()
        await house.wait_state("binary_sensor.embereye_camera_store_stream", "on", 90)
        await house.wait_state("binary_sensor.embereye_pf_hall_ceiling_connection", "on", 90)
        yield Place(house, product, devices, dialling, cameras, quiet, flame, album)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def timed(name: str, part: Awaitable[None]) -> None:
    """Say how long a part of the evening took."""
    began_s = time.monotonic()
    await part
    print(f"{name}: {time.monotonic() - began_s:.1f} s")


async def import_blueprints(house: HomeAssistant) -> None:
    """Import each blueprint by its address, as the dialogue does, and make one automation of each."""
    app = web.Application()
    app.router.add_static("/", ROOT / "blueprints" / "automation" / "embereye")
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, HOST, port).start()
    try:
        for name in BLUEPRINTS:
            url = f"http://{HOST}:{port}/{name}.yaml"
            found = await house.api.command("blueprint/import", url=url)
            assert not found["validation_errors"], found
            path = f"embereye/{name}.yaml"
            saved = {"domain": "automation", "path": path, "yaml": found["raw_data"], "source_url": url}
            await house.api.command("blueprint/save", **saved)
    finally:
        await runner.cleanup()
    made = [
        {"id": name, "alias": name, "use_blueprint": {"path": f"embereye/{name}.yaml", "input": inputs}}
        for name, inputs in INPUTS.items()
    ]
    await house.automate(made)
    for name in BLUEPRINTS:
        await house.wait_state(f"automation.{name}", "on", 10)


async def test_home_assistant_shows_commands_and_forgets(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], home_assistant: HomeAssistant, rewrite_golden: bool
) -> None:
    """An installer's whole evening: blueprints, dashboard, settings by slider, a fire, a fault, a removed camera."""
    house, broker = home_assistant, mosquitto()
    if house.running:
        await house.stop()
    house.more = MORE
    await house.start(broker.port)
    album = ROOT / "docs" / "pictures" if rewrite_golden else tmp_path
    try:
        async with place(tmp_path, broker, house, album) as all_of_it:
            async with house.api.hear("call_service") as calls:
                await timed("blueprints", import_blueprints(house))
                await timed("entities", entities_are_there(all_of_it))
                await timed("orders", orders_go_round(all_of_it))
                await timed("fire", a_fire(all_of_it, calls))
                await timed("fault", a_fault(all_of_it, calls))
                await timed("model", a_model(all_of_it))
                await timed("removal", a_removal(all_of_it))
            await timed("removal while away", a_removal_while_away(all_of_it))
            assert await house.mqtt_errors() == []
            async with house.api.hear("call_service") as calls:
                await timed("gone", gone(all_of_it, calls))
    finally:
        house.more = {}
        await house.automate([])


async def entities_are_there(of: Place) -> None:
    """Every entity that is on at first has a state; those that are off at first are in the registry."""
    rows = await of.house.registry()
    ids = {row["entity_id"] for row in rows}
    assert {"siren.embereye_sounders", "update.embereye_model", "select.embereye_zone_hall_sensitivity"} <= ids
    assert {"siren.embereye_pf_hall_ceiling_siren", "camera.embereye_camera_hall_picture"} <= ids
    assert {row["entity_id"] for row in rows if row["disabled_by"]} >= {"sensor.embereye_started"}
    shown = {row["entity_id"] for row in await of.house.states()}
    assert {row["entity_id"] for row in rows if not row["disabled_by"]} <= shown


async def orders_go_round(of: Place) -> None:
    """A select, a number and a switch change the settings file, with a line in the journal; a siren sounds."""
    siren = "siren.embereye_pf_hall_ceiling_siren"
    await of.house.call("siren", "turn_on", {"entity_id": siren, "duration": 60})
    await of.house.wait_state(siren, "on", 10)
    await until(lambda: of.devices[0].siren)
    await of.house.call("siren", "turn_off", {"entity_id": siren})
    await of.house.wait_state(siren, "off", 10)
    await until(lambda: not of.devices[0].siren)
    select, number = "select.embereye_zone_store_sensitivity", "number.embereye_pf_store_ceiling_alarm_temperature"
    switch = "switch.embereye_camera_store_detection"
    await asyncio.gather(
        of.house.call("select", "select_option", {"entity_id": select, "option": "high"}),
        of.house.call("number", "set_value", {"entity_id": number, "value": 95}),
        of.house.call("switch", "turn_off", {"entity_id": switch}),
    )
    for entity, state in ((select, "high"), (number, "95.0"), (switch, "off")):
        await of.house.wait_state(entity, state, 90)
    kept = store.load(of.product.site_file)
    assert (kept.zones[1].sensitivity, kept.zones[1].fixed_alarm_c) == ("high", 95.0)
    assert [camera.enabled for camera in kept.cameras] == [True, False]
    await of.house.wait_state("binary_sensor.embereye_camera_store_trouble", "off", 20)
    await of.house.wait_state("sensor.embereye_switched_off", "1", 10)
    journal = Journal(of.product.folder.journal)
    orders = [json.loads(row.body)["order"] for row in journal.rows("setting")]
    journal.close()
    assert {order["key"] for order in orders} == {"sensitivity", "fixed_alarm_c", "enabled"}
    assert {order["by"] for order in orders} == {"Home Assistant / MQTT, person unknown"}
    await of.house.call("switch", "turn_on", {"entity_id": switch})
    await of.house.wait_state("binary_sensor.embereye_camera_store_stream", "on", 90)


async def a_fire(of: Place, calls: list[dict[str, Any]]) -> None:
    """One notification with a picture for one alarm, however often its state comes back; its button acknowledges."""
    of.cameras.play("hall", of.flame)
    await of.house.wait_state("binary_sensor.embereye_camera_hall_flame", "on", 60)
    of.devices[0].stage_fire()
    await of.house.wait_state("binary_sensor.embereye_fire_alarm", "on", 60)
    note = await of.told(calls, "Fire alarm", 1)
    assert "Hall" in note["message"]
    assert note["data"]["image"].startswith("/api/image_proxy/image.embereye_zone_hall_snapshot")
    assert note["data"]["push"]["sound"]["critical"] == 1
    assert [action["action"] for action in note["data"]["actions"]] == ["EMBEREYE_ACKNOWLEDGE"]
    await of.house.wait_state(SIREN, "on", 5)
    await of.house.wait_state(LIGHT, "on", 5)
    await pictures(of)
    await of.house.api.ask("POST", "/api/events/mobile_app_notification_action", {"action": "EMBEREYE_ACKNOWLEDGE"})
    await of.house.wait_state("binary_sensor.embereye_zone_hall_acknowledged", "on", 10)
    await of.product.kill("publisher")
    await of.house.wait_state("binary_sensor.embereye_fire_alarm", "unavailable", 30)
    await of.house.wait_state("binary_sensor.embereye_fire_alarm", "on", 60)
    await of.house.call("automation", "reload", {})
    await of.house.call("siren", "turn_off", {"entity_id": "siren.embereye_sounders"})
    await of.house.wait_state(SIREN, "off", 10)
    of.devices[0].end_fire()
    of.cameras.play("hall", of.quiet)
    for _ in range(60):
        await of.house.call("button", "press", {"entity_id": "button.embereye_reset"})
        await asyncio.sleep(1.0)
        if (await of.house.state("binary_sensor.embereye_fire_alarm") or {})["state"] == "off":
            break
    await of.product.until(zone_in("hall", ZoneState.NORMAL), 10)
    await of.told(calls, "Fire alarm", 1)


async def pictures(of: Place) -> None:
    """The dashboard loads in a real browser without an error."""
    made = dashboard(store.load(of.product.site_file))
    await of.house.api.command("lovelace/dashboards/create", url_path="ember-eye", title="EmberEye", mode="storage")
    await of.house.api.command(
        "lovelace/config/save", url_path="ember-eye", config=yaml.safe_load(yaml.safe_dump(made))
    )
    if why_no_chromium() is not None:
        return
    (device,) = (row for row in await of.house.devices() if row["name"] == "Hall camera")
    async with Browser(of.house.api) as browser:
        await browser.picture("/ember-eye/fire", "hui-picture-entity-card", of.album / "ha-dashboard.png", 1500, 1150)
        page = f"/config/devices/device/{device['id']}"
        await browser.picture(page, "ha-device-entities-card", of.album / "ha-device.png", 1500, 1200)
        assert browser.complaints == []


async def a_fault(of: Place, calls: list[dict[str, Any]]) -> None:
    """A PF device that is away for longer than the hold time is told in its words, and its return too."""
    fault, gone = "EmberEye has a fault", "EmberEye's fault is gone"
    await of.house.wait_state(TROUBLE, "off", 60)
    told, ended = len(_notes(calls, fault)), len(_notes(calls, gone))
    dialling = of.dialling.pop()
    await _ended([dialling])
    await of.house.wait_state(TROUBLE, "on", 40)
    assert (await of.told(calls, fault, told + 1))["message"]
    of.dialling.append(asyncio.create_task(of.devices[-1].run()))
    await of.told(calls, gone, ended + 1)


async def a_model(of: Place) -> None:
    """A model that passed its gate is an update; installing it makes it the live one."""
    models = Models(of.product.folder.models)
    (models.folder / "yolo-2").mkdir(parents=True)
    (models.folder / "yolo-2" / "card.json").write_text("{}")
    models.judged("yolo-2", Gate(passed=True, at=1.0, beside="", words="4 of 4 fires, no false alarm"))
    await of.house.wait_state("update.embereye_model", "on", 40)
    assert (await of.house.state("update.embereye_model") or {})["attributes"]["latest_version"] == "yolo-2"
    await of.house.call("update", "install", {"entity_id": "update.embereye_model"})
    await of.house.wait_state("update.embereye_model", "off", 30)
    assert models.state().live == "yolo-2"


async def a_removal(of: Place) -> None:
    """A camera that is taken out of the settings leaves nothing behind, though Home Assistant had stored it."""
    raw = json.loads(of.product.site_file.read_text())
    store.save(of.product.site_file, raw | {"cameras": raw["cameras"][:1]})
    await forgotten(of, "Store room camera", "camera_store")
    assert "Hall camera" in {row["name"] for row in await of.house.devices()}


async def a_removal_while_away(of: Place) -> None:
    """A PF device that is taken out while Home Assistant is off is gone after its next start."""
    await of.house.stop()
    raw = json.loads(of.product.site_file.read_text())
    store.save(of.product.site_file, raw | {"devices": raw["devices"][:1]})
    await of.product.until(lambda panel: len(panel.zones) == len(raw["zones"]), 60)
    await of.house.restart()
    await forgotten(of, "Store room ceiling", "pf_store_ceiling")
    await of.house.wait_state("binary_sensor.embereye_pf_hall_ceiling_connection", "on", 90)


async def forgotten(of: Place, name: str, part: str) -> None:
    """Wait until a device and all its entities are gone from the registries."""
    end_s = time.monotonic() + 90.0
    while name in {row["name"] for row in await of.house.devices()}:
        assert time.monotonic() < end_s, f"{name} stays"
        await asyncio.sleep(0.5)
    assert [row["entity_id"] for row in await of.house.registry() if part in row["entity_id"]] == []


async def gone(of: Place, calls: list[dict[str, Any]]) -> None:
    """EmberEye ends: after the hold time somebody is told."""
    lives = ("binary_sensor.embereye_connection", "on"), ("sensor.embereye_state", "normal")
    for entity, state in lives:
        await of.house.wait_state(entity, state, 90)
    while (await of.house.state("automation.dead_man") or {"attributes": {}})["attributes"].get("current"):
        await asyncio.sleep(0.5)  # what the start of Home Assistant set going finds nothing, and ends
    told = len(_notes(calls, "EmberEye is gone"))
    await of.product.stop()
    await of.told(calls, "EmberEye is gone", told + 1)
