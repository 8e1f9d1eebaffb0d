"""The demo's MQTT broker."""

import asyncio
import importlib.util
import shutil
import socket
from pathlib import Path
from typing import Any, Literal

import aiomqtt
import pytest

from embereye_addon.demo.broker import Broker, BrokerError, installed

KINDS: tuple[Literal["mosquitto", "iotcore"], ...] = ("mosquitto", "iotcore")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Literal["mosquitto", "iotcore"]:
    """Each broker which is installed here."""
    name: Literal["mosquitto", "iotcore"] = request.param
    if name not in installed():
        pytest.skip(f"{name} is not installed")
    return name


def client(broker: Broker, **login: Any) -> aiomqtt.Client:
    """An MQTT v5 client of the broker."""
    return aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5, timeout=1, **login)


async def first(broker: Broker, topic: str, **login: Any) -> aiomqtt.Message:
    """The first message a new subscriber gets."""
    async with client(broker, **login) as hearer:
        await hearer.subscribe(topic, qos=1)
        async with asyncio.timeout(25):
            async for message in hearer.messages:
                return message
    raise AssertionError


async def test_a_large_retained_message_comes_back(kind: Literal["mosquitto", "iotcore"], tmp_path: Path) -> None:
    """Home Assistant finds the cameras and the last snapshot by retained v5 messages, some of them large."""
    broker = Broker(tmp_path, kind=kind)
    await broker.start()
    try:
        async with client(broker) as sayer:
            await sayer.publish("ember/snapshot", b"j" * 500_000, qos=1, retain=True)
        message = await first(broker, "ember/#")
        assert message.payload == b"j" * 500_000
        assert message.retain
        assert message.qos == 1
    finally:
        await broker.stop()
    assert (broker.kind, broker.host) == (kind, "127.0.0.1")
    assert (tmp_path / "broker.log").is_file()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((broker.host, broker.port), 1).close()


async def test_many_retained_messages_come_at_once(kind: Literal["mosquitto", "iotcore"], tmp_path: Path) -> None:
    """A site of a hundred cameras announces hundreds of entities; none may be lost to a small queue.

    Home Assistant hears announcements with QoS 0; with QoS 1 rumqttd stops after its window of a hundred.
    """
    broker = Broker(tmp_path, kind=kind)
    await broker.start()
    try:
        async with client(broker) as sayer:
            for index in range(400):
                await sayer.publish(f"many/{index}", b"x", qos=1, retain=True)
        seen = set()
        async with client(broker) as hearer:
            await hearer.subscribe("many/#", qos=1 if kind == "mosquitto" else 0)
            async with asyncio.timeout(25):
                async for message in hearer.messages:
                    seen.add(str(message.topic))
                    if len(seen) == 400:
                        break
    finally:
        await broker.stop()


async def test_only_the_login_gets_in(kind: Literal["mosquitto", "iotcore"], tmp_path: Path) -> None:
    """With a login set, nobody else can stage alarms; the password is kept from other users of the machine."""
    broker = Broker(tmp_path, kind=kind, login=("me", 'p"w:1'))
    await broker.start()
    try:
        async with client(broker, username="me", password='p"w:1') as sayer:
            await sayer.publish("a", b"x", qos=1, retain=True)
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, username="me", password="no"):
                pass
        assert all(
            file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir() if file.suffix in {".passwd", ".toml"}
        )
    finally:
        await broker.stop()


async def test_mosquitto_keeps_retained_messages_over_a_restart(tmp_path: Path) -> None:
    """The demo started again shows what it showed."""
    if "mosquitto" not in installed():
        pytest.skip("mosquitto is not installed")
    for turn in range(2):
        broker = Broker(tmp_path, kind="mosquitto")
        await broker.start()
        try:
            if turn == 0:
                async with client(broker) as sayer:
                    await sayer.publish("kept", b"yes", qos=1, retain=True)
            else:
                assert (await first(broker, "kept")).payload == b"yes"
        finally:
            await broker.stop()


async def test_a_taken_port_is_named(kind: Literal["mosquitto", "iotcore"], tmp_path: Path) -> None:
    """Somebody else's broker on the port must not be mistaken for ours."""
    taken = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    broker = Broker(tmp_path, port=port, kind=kind)
    with pytest.raises(BrokerError, match=str(port)):
        await broker.start()
    taken.close()
    await taken.wait_closed()
    await broker.stop()


def test_what_is_installed_is_found() -> None:
    """The demo takes Mosquitto where there is one, else the wheel."""
    found = installed()
    assert ("iotcore" in found) == (importlib.util.find_spec("iotcore") is not None)
    if shutil.which("mosquitto"):
        assert found[0] == "mosquitto"


async def test_no_broker_is_explained(tmp_path: Path) -> None:
    """Without a broker the user learns what to install."""
    missing = [kind for kind in KINDS if kind not in installed()]
    if not missing:
        pytest.skip("every kind of broker is installed here")
    with pytest.raises(BrokerError, match="install"):
        await Broker(tmp_path, kind=missing[0]).start()
