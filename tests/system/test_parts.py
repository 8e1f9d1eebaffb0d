"""The outside parts do what the system tests take for granted."""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import aiomqtt
import av
import pytest

from tests.system.homeassistant import HomeAssistant, count_when
from tests.system.mosquitto import Mosquitto
from tests.system.rtsp import GstRtsp

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

DISCOVERY = "homeassistant/device/reference/config"


def client(broker: Mosquitto, **more: Any) -> aiomqtt.Client:
    """A client of the broker with the broker's own user and password."""
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        protocol=aiomqtt.ProtocolVersion.V5,
        **more,
    )


async def retained(broker: Mosquitto, topic: str, **more: Any) -> bytes | None:
    """The retained message of a topic, None when the broker holds none."""
    async with client(broker, **more) as listener:
        await listener.subscribe(topic, qos=1)
        try:
            async with asyncio.timeout(2.0):
                async for message in listener.messages:
                    assert isinstance(message.payload, bytes)
                    return message.payload
        except TimeoutError:
            pass
    return None


def reference_device() -> str:
    """A device as our own will be: one alarm, its id as a sensor, a button, a picture, and when it is available."""

    def entity(key: str, platform: str, name: str, **more: object) -> dict[str, object]:
        ids = {"unique_id": f"reference_{key}", "default_entity_id": f"{platform}.reference_{key}"}
        return {"platform": platform, "name": name, **ids, **more}

    state = {"state_topic": "reference/state"}
    components = {
        "fire": entity(
            "fire", "binary_sensor", "Fire", device_class="smoke", value_template="{{ value_json.fire }}", **state
        ),
        "alarm_id": entity("alarm_id", "sensor", "Alarm id", value_template="{{ value_json.alarm_id }}", **state),
        "acknowledge": entity("acknowledge", "button", "Acknowledge", command_topic="reference/acknowledge/set"),
        "picture": entity("picture", "image", "Picture", image_topic="reference/picture", content_type="image/png"),
    }
    return json.dumps(
        {
            "device": {"identifiers": ["reference"], "name": "Reference", "manufacturer": "Test bench"},
            "origin": {"name": "Test bench"},
            "qos": 1,
            "availability": [{"topic": "reference/status"}],
            "availability_mode": "all",
            "components": components,
        }
    )


async def say(publisher: aiomqtt.Client, fire: str, alarm_id: str | None) -> None:
    """Publish the device's state."""
    body = json.dumps({"fire": fire, "alarm_id": alarm_id})
    await publisher.publish("reference/state", body, qos=1, retain=True)


@pytest.mark.parametrize("end", ["restart", "kill"])
async def test_broker_keeps_retained(mosquitto: Callable[..., Mosquitto], end: str) -> None:
    """Without this a test could not tell a forgetful broker from a forgetful product."""
    broker = mosquitto()
    port = broker.port
    async with client(broker) as publisher:
        await publisher.publish("kept", b"yes", qos=1, retain=True)
        await asyncio.sleep(1.2)
    if end == "kill":
        broker.kill()
        assert not broker.running
    broker.restart()
    assert broker.port == port
    assert await retained(broker, "kept") == b"yes"


async def test_broker_that_lost_power_forgets(mosquitto: Callable[..., Mosquitto]) -> None:
    """Debian's broker writes retained messages at a clean stop: after a power cut they are gone."""
    broker = mosquitto(lazy_disk=True)
    async with client(broker) as publisher:
        await publisher.publish("kept", b"yes", qos=1, retain=True)
    broker.kill()
    broker.start()
    assert await retained(broker, "kept") is None


async def test_broker_asks_for_password(mosquitto: Callable[..., Mosquitto]) -> None:
    """Strangers are refused by a broker that was given an account."""
    broker = mosquitto("ember", "secret word")
    assert await retained(broker, "nothing") is None
    broker.password = "wrong"
    with pytest.raises(aiomqtt.MqttError):
        await retained(broker, "nothing")


async def test_broker_speaks_tls(mosquitto: Callable[..., Mosquitto]) -> None:
    """A client that trusts the test's authority gets in, one that trusts the usual ones does not."""
    broker = mosquitto(tls=True)
    trusting = ssl.create_default_context(cafile=broker.ca_file)
    assert await retained(broker, "nothing", tls_context=trusting) is None
    usual = ssl.create_default_context()
    plain = socket.create_connection((broker.host, broker.port), timeout=5.0)
    with plain, pytest.raises(ssl.SSLCertVerificationError):
        usual.wrap_socket(plain, server_hostname=broker.host)


@pytest.mark.parametrize("basic", [False, True])
def test_gstreamer_asks_for_password(gst_rtsp: Callable[..., GstRtsp], moving_clip: Path, basic: bool) -> None:
    """A camera with a password plays for who knows it, past the end of the short clip it was made of."""
    server = gst_rtsp({"door": moving_clip}, "ember", "s3cret/word", basic=basic, play_s=20.0)
    with av.open(server.url("door"), options={"rtsp_transport": "tcp"}, timeout=5.0) as stream:
        video = stream.streams.video[0]
        assert (video.width, video.height) == (320, 240)
        frames = islice(stream.decode(video), 76)
        times_s = [frame.time for frame in frames if frame.pts is not None]  # the first one has none
    assert len(times_s) >= 75
    assert all(later > sooner for sooner, later in pairwise(times_s))
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(server.url("door", with_password=False), options={"rtsp_transport": "tcp"}, timeout=5.0)


def test_gstreamer_comes_back_on_its_port(gst_rtsp: Callable[..., GstRtsp], moving_clip: Path) -> None:
    """A camera that lost power is found again at the same address, and an unknown path is refused."""
    server = gst_rtsp({"door": moving_clip, "yard": moving_clip}, play_s=20.0)
    first = server.url("door")
    server.stop()
    with pytest.raises(av.error.FFmpegError):
        av.open(first, options={"rtsp_transport": "tcp"}, timeout=5.0)
    server.start()
    assert server.url("door") == first
    for path in ("door", "yard"):
        with av.open(server.url(path), options={"rtsp_transport": "tcp"}, timeout=5.0) as stream:
            assert next(stream.decode(video=0)).width == 320
    with pytest.raises(av.error.HTTPNotFoundError):
        av.open(server.url("cellar"), options={"rtsp_transport": "tcp"}, timeout=5.0)


async def test_home_assistant_shows_a_device(
    mosquitto: Callable[..., Mosquitto], home_assistant: HomeAssistant
) -> None:
    """A discovered device goes on, off and away, answers a button, shows its picture and sets off automations."""
    broker = mosquitto("ember", "secret word")
    trigger = {"trigger": "state", "entity_id": "sensor.reference_alarm_id"}
    known = "{{ trigger.to_state.state not in ['unknown', 'unavailable'] }}"
    await home_assistant.automate([count_when("alarms", [trigger], known)], ["alarms"])
    await home_assistant.start(broker.port, broker.user, broker.password)
    async with client(broker) as publisher:
        await publisher.subscribe("reference/acknowledge/set", qos=1)
        await publisher.publish(DISCOVERY, reference_device(), qos=1, retain=True)
        await say(publisher, "OFF", None)
        await publisher.publish("reference/status", "online", qos=1, retain=True)
        await home_assistant.wait_state("binary_sensor.reference_fire", "off")
        async with home_assistant.watch("binary_sensor.reference_fire") as seen:
            await say(publisher, "ON", "alarm-1")
            await home_assistant.wait_state("binary_sensor.reference_fire", "on")
            await say(publisher, "OFF", "alarm-2")
            await home_assistant.wait_state("sensor.reference_alarm_id", "alarm-2")
        assert [change.state for change in seen] == ["on", "off"]
        assert await home_assistant.count("alarms") == 2

        await home_assistant.call("button", "press", {"entity_id": "button.reference_acknowledge"})
        async with asyncio.timeout(5.0):
            assert (await anext(publisher.messages)).payload == b"PRESS"
        await publisher.publish("reference/picture", b"\x89PNG picture", qos=1)
        await asyncio.sleep(0.5)
        assert await home_assistant.image("image.reference_picture") == b"\x89PNG picture"

        assert {row["entity_id"] for row in await home_assistant.registry()} == {
            "binary_sensor.reference_fire",
            "sensor.reference_alarm_id",
            "button.reference_acknowledge",
            "image.reference_picture",
        }
        assert [row["name"] for row in await home_assistant.devices()] == ["Reference"]
        await publisher.publish("reference/status", "offline", qos=1, retain=True)
        await home_assistant.wait_state("binary_sensor.reference_fire", "unavailable")
    assert await home_assistant.mqtt_errors() == []


async def test_home_assistant_remembers_over_restart(
    mosquitto: Callable[..., Mosquitto], home_assistant: HomeAssistant
) -> None:
    """After its own restart Home Assistant shows the device again, counts on, and takes up new automations."""
    broker = mosquitto()
    await home_assistant.automate([], ["ticks"])
    await home_assistant.start(broker.port)
    async with client(broker) as publisher:
        await publisher.publish(DISCOVERY, reference_device(), qos=1, retain=True)
        await publisher.publish("reference/status", "online", qos=1, retain=True)
        await say(publisher, "ON", "alarm-9")
        await home_assistant.wait_state("binary_sensor.reference_fire", "on")
        await home_assistant.call("input_number", "increment", {"entity_id": "input_number.ticks"})
        await home_assistant.restart()
        await home_assistant.wait_state("binary_sensor.reference_fire", "on")
        assert await home_assistant.count("ticks") == 1
        trigger = {"trigger": "state", "entity_id": "binary_sensor.reference_fire", "to": "off"}
        await home_assistant.automate([count_when("ends", [trigger])], ["ends"])
        await say(publisher, "OFF", "alarm-9")
        await home_assistant.wait_state("input_number.ends", "1.0")
        await publisher.publish(DISCOVERY, b"", qos=1, retain=True)
        await home_assistant.wait_state("binary_sensor.reference_fire", None)
    assert await home_assistant.mqtt_errors() == []


async def test_home_assistant_errors_are_noticed(
    mosquitto: Callable[..., Mosquitto], home_assistant: HomeAssistant
) -> None:
    """A faulty discovery message and an unreadable payload come out as errors: silence means there were none."""
    broker = mosquitto()
    await home_assistant.start(broker.port)
    faulty = json.loads(reference_device())
    faulty["surplus"] = 1
    async with client(broker) as publisher:
        await publisher.publish(DISCOVERY, json.dumps(faulty), qos=1, retain=True)
        await publisher.publish("homeassistant/device/second/config", reference_device(), qos=1, retain=True)
        await publisher.publish("reference/status", "online", qos=1, retain=True)
        await home_assistant.wait_state("binary_sensor.reference_fire", "unknown")
        await say(publisher, "perhaps", None)
        await asyncio.sleep(1.0)
    errors = "\n".join(await home_assistant.mqtt_errors())
    assert "surplus" in errors
    assert "No matching payload found" in errors
    await home_assistant.stop()
    assert "surplus" in "\n".join(await home_assistant.mqtt_errors())
