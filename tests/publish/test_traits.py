"""What goes with a message: content type, expiry, who says it of which alarm; read back from a real broker."""

import asyncio
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from aiomqtt import Client, MqttError, ProtocolVersion

from embereye_addon import __version__
from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.messages import Snapshot, SnapshotRequest
from embereye_addon.observe.clock import utc_s
from embereye_addon.publish.outbox import Outbox, Tier
from embereye_addon.publish.traits import EVENT_S, MEASURED_S, PICTURE_S, Traits, traits_of
from tests.publish.samples import change, health, panel, spots, thermal_frame, until
from tests.publish.test_publisher import publishing
from tests.system.mosquitto import Mosquitto


@pytest.mark.parametrize(
    ("topic", "traits"),
    [
        ("homeassistant/device/embereye_site/config", Traits("application/json", 0)),
        ("a/b/status", Traits("text/plain", 0)),
        ("a/b/zone/hall/status", Traits("text/plain", 0)),
        ("a/b/site/state", Traits("application/json", 0)),
        ("a/b/zone/hall/state", Traits("application/json", 0)),
        ("a/b/zone/hall/event", Traits("application/json", EVENT_S)),
        ("a/b/zone/hall/snapshot", Traits("image/jpeg", PICTURE_S)),
        ("a/b/camera/x/picture", Traits("image/jpeg", PICTURE_S)),
        ("a/b/camera/x/event", Traits("application/json", EVENT_S)),
        ("a/b/pf/x/snapshot", Traits("image/png", PICTURE_S)),
        ("a/b/pf/x/state", Traits("application/json", MEASURED_S)),
        ("a/b/camera/x/state", Traits("application/json", MEASURED_S)),
        ("a/b/external/x/state", Traits("application/json", MEASURED_S)),
    ],
)
def test_what_ages_expires_and_an_alarm_does_not(topic: str, traits: Traits) -> None:
    """A latched alarm must be on the broker for ever, an old picture must not look like a new one."""
    assert traits_of("a/b", topic) == traits


async def test_what_would_expire_is_said_again_before() -> None:
    """A camera that sees nothing new for an hour must not vanish from the broker."""
    out = Outbox()
    out.keep("b/camera/a/state", b"{}", Tier.STATE, urgent=False)
    assert len(out.take(100.0)) == 1
    out.refresh(("b/camera/a/state", "b/unknown"), 99.0)
    assert out.take(101.0) == []
    out.refresh(("b/camera/a/state",), 100.5)
    assert [one.topic for one in out.take(102.0)] == ["b/camera/a/state"]
    out.refresh(("b/camera/a/state",), 100.5)
    assert out.take(103.0) == []


async def test_the_broker_hands_on_what_we_say_of_a_message(broker: Mosquitto, tmp_path: Path) -> None:
    """Programs tell alarms apart by their properties, without reading a payload; the broker keeps the expiry."""
    hub, found = Hub(), dict[str, Any]()
    speaker = MemoryBus(hub)

    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()

    async def picture(request: SnapshotRequest) -> Snapshot:
        return Snapshot(source=request.source, jpeg=jpeg)

    await speaker.answer(SnapshotRequest, picture, at="cam.stove")
    async with Client(broker.host, broker.port, protocol=ProtocolVersion.V5) as client:
        await client.subscribe("#", qos=1)

        async def listen() -> None:
            try:
                async for message in client.messages:
                    if message.payload:
                        found[str(message.topic)] = message.properties
            except MqttError:
                return

        listening = asyncio.create_task(listen())
        async with publishing(broker, hub, tmp_path, node="n7"):
            await speaker.say(panel())
            await speaker.say(health("pf.boiler"))
            await speaker.say(spots())
            await speaker.say(thermal_frame())
            await until(lambda: "embereye/status" in found)
            await speaker.say(change(at=utc_s()))
            await until(lambda: {"embereye/zone/kitchen/snapshot", "embereye/pf/boiler/snapshot"} <= set(found))
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    await speaker.close()
    said = [("version", __version__), ("node", "n7")]
    event = found["embereye/zone/kitchen/event"]
    assert (event.ContentType, event.UserProperty) == ("application/json", [*said, ("alarm_id", "a-1")])
    assert 0 < event.MessageExpiryInterval <= EVENT_S
    shown = found["embereye/zone/kitchen/snapshot"]
    assert (shown.ContentType, shown.UserProperty) == ("image/jpeg", [*said, ("alarm_id", "a-1")])
    assert 0 < shown.MessageExpiryInterval <= PICTURE_S
    assert found["embereye/pf/boiler/snapshot"].ContentType == "image/png"
    assert 0 < found["embereye/pf/boiler/state"].MessageExpiryInterval <= MEASURED_S
    for lasting in ("embereye/zone/kitchen/state", "embereye/site/state", "homeassistant/device/embereye_site/config"):
        assert not hasattr(found[lasting], "MessageExpiryInterval")
        assert (found[lasting].ContentType, found[lasting].UserProperty) == ("application/json", said)
