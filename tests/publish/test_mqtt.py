"""The connection: real brokers that refuse, die, speak TLS, forbid or know only MQTT 3; one warning each, in words."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from embereye_addon.errors import LinkError
from embereye_addon.publish import mqtt as module
from embereye_addon.publish.mqtt import Ends, Incoming, Mqtt
from embereye_addon.publish.outbox import Tier
from embereye_addon.settings import model
from tests.fakes.ports import free_port
from tests.publish.conftest import Watch
from tests.publish.samples import until
from tests.system.mosquitto import Mosquitto, why_not

APP = "embereye/status"
needs_broker = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


class Other:
    """What stands at the other side of the connection in a test."""

    def __init__(self) -> None:
        self.heard: list[Incoming] = []
        self.better: model.Mqtt | None = None
        self.asked = 0

    async def greet(self) -> None:
        """Nothing to say."""

    async def ask_again(self) -> model.Mqtt | None:
        """Better settings, if there are any."""
        self.asked += 1
        return self.better


@asynccontextmanager
async def running(settings: model.Mqtt, other: Other | None = None) -> AsyncIterator[Mqtt]:
    """A connection at work."""
    side = other or Other()
    ends = Ends(APP, ("embereye/site/+/set",), side.heard.append, side.greet, side.ask_again)
    mqtt = Mqtt(settings, "embereye-test", ends)
    task = asyncio.create_task(mqtt.run())
    try:
        yield mqtt
    finally:
        while not task.done():  # Python 3.11's wait_for may swallow a cancellation that comes while it connects
            task.cancel()
            await asyncio.wait([task], timeout=2.0)


def at(broker: Mosquitto, **more: object) -> model.Mqtt:
    """Settings for a broker."""
    return model.Mqtt(**{"host": broker.host, "port": broker.port, **more})  # type: ignore[arg-type]


def fault_of(mqtt: Mqtt) -> tuple[str, str]:
    """Its fault, or two empty words."""
    return mqtt.fault or ("", "")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_refused_login_is_said_once_and_mended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong password gives one warning without the password, and new credentials are asked for."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    broker = Mosquitto(tmp_path / "b", user="fire", password="right")
    broker.start()
    other = Other()
    with caplog.at_level(logging.DEBUG, logger="embereye_addon"):
        async with running(at(broker, username="fire", password="wrong-secret"), other) as mqtt:
            await until(lambda: other.asked >= 2)
            assert fault_of(mqtt)[0] == "broker_disconnected"
            other.better = at(broker, username="fire", password="right")
            await until(lambda: mqtt.connected)
            assert fault_of(mqtt) == ("", "")
    broker.kill()
    assert len(warnings(caplog)) == 1
    assert "refused the login for the user 'fire'" in caplog.text
    assert "secret" not in caplog.text
    assert "is back" in caplog.text


async def test_a_broker_that_is_not_there_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Retries of a dead broker do not fill the log."""
    with caplog.at_level(logging.DEBUG, logger="embereye_addon"):
        async with running(model.Mqtt(host="127.0.0.1", port=free_port())) as mqtt:
            await until(lambda: sum("Nobody listens" in r.getMessage() for r in caplog.records) >= 2)
            assert not mqtt.connected
            with pytest.raises(LinkError):
                await mqtt.publish("x", b"y")
    assert len(warnings(caplog)) == 1


async def test_an_unknown_name_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A mistyped host name reads as such."""
    async with running(model.Mqtt(host="no-such-host.invalid")) as mqtt:
        await until(lambda: mqtt.fault)
    assert "is not known" in caplog.text


async def test_no_broker_set_is_no_fault(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a broker nothing fails, and one that appears later is taken."""
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.02)
    other = Other()
    with caplog.at_level(logging.INFO, logger="embereye_addon"):
        async with running(model.Mqtt(), other) as mqtt:
            await until(lambda: other.asked > 2)
            assert mqtt.fault is None
            other.better = model.Mqtt(host="127.0.0.1", port=free_port())
            await until(lambda: mqtt.fault)
    assert caplog.text.count("No MQTT broker is set") == 1


@needs_broker
async def test_tls_is_checked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the authority's certificate TLS works; without it the broker is not trusted; a missing file is named."""
    broker = Mosquitto(tmp_path / "b", tls=True)
    broker.start()
    async with running(at(broker, tls=True, ca_file=str(broker.ca_file))) as mqtt:
        await until(lambda: mqtt.connected)
        await mqtt.publish("embereye/x", b"1")
    async with running(at(broker, tls=True)) as mqtt:
        await until(lambda: mqtt.fault)
        assert "not trusted" in fault_of(mqtt)[1]
    async with running(at(broker, tls=True, ca_file=str(tmp_path / "none.pem"))) as mqtt:
        await until(lambda: mqtt.fault)
        assert "is not there" in fault_of(mqtt)[1]
    broker.kill()


async def test_plain_mqtt_at_a_tls_port_is_hinted_at(broker: Mosquitto) -> None:
    """TLS against a plain port names the port as the likely mistake."""
    async with running(at(broker, tls=True)) as mqtt:
        await until(lambda: mqtt.fault)
        assert "TLS" in fault_of(mqtt)[1]


async def test_states_return_after_a_kill(broker: Mosquitto, watch: Watch) -> None:
    """A broker that lost everything gets every retained state again, once it is back."""
    async with running(at(broker)) as mqtt:
        mqtt.keep("embereye/a", b"1")
        await until(lambda: mqtt.counts.acknowledged == 1)
        await asyncio.to_thread(broker.kill)
        await until(lambda: not mqtt.connected)
        mqtt.keep("embereye/a", b"2")
        mqtt.keep("embereye/a", b"3")
        await asyncio.to_thread(broker.start)
        await until(lambda: mqtt.counts.connections == 2)
        seen = await watch(broker)
        await until(lambda: b"3" in seen.payloads("embereye/a"))
        assert b"2" not in seen.payloads("embereye/a")


async def test_the_last_will_is_left_behind(broker: Mosquitto, watch: Watch) -> None:
    """When the program dies, Home Assistant shows its things as unavailable; leaving cleanly does the same."""
    seen = await watch(broker, APP)
    async with running(at(broker)) as mqtt:
        mqtt.keep(APP, b"online", Tier.APP)
        await until(lambda: seen.payloads(APP) == [b"online"])
        await mqtt.goodbye()
        await until(lambda: seen.payloads(APP) == [b"online", b"offline"])
    thief = Ends(APP, (), lambda message: None, Other().greet, Other().ask_again)
    async with running(at(broker)) as mqtt:
        mqtt.keep(APP, b"online", Tier.APP)
        await until(lambda: seen.payloads(APP)[-1] == b"online")
        second = asyncio.create_task(Mqtt(at(broker), "embereye-test", thief).run())
        await until(lambda: seen.payloads(APP)[-1] == b"offline")
        await until(lambda: mqtt.fault is None or "same id" in mqtt.fault[1])
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)


async def test_an_alarm_passes_a_full_queue(broker: Mosquitto) -> None:
    """With hundreds of states waiting, an alarm is acknowledged long before they are through."""
    async with running(at(broker)) as mqtt:
        await until(lambda: mqtt.connected)
        for thing in range(500):
            mqtt.keep(f"embereye/{thing}", b"x" * 500)
        await mqtt.publish_event("embereye/event", b"fire")
        assert mqtt.counts.acknowledged < 250
        await until(lambda: mqtt.counts.acknowledged == 501)


async def test_a_broker_that_forbids_topics_is_a_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An access list that drops our alarms must not look like alarms told."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    broker = Mosquitto(tmp_path / "b")
    (tmp_path / "b" / "acl").write_text("topic read #\n")
    with (tmp_path / "b" / "mosquitto.conf").open("a") as conf:
        conf.write(f"acl_file {tmp_path}/b/acl\n")
    broker.start()
    async with running(at(broker)) as mqtt:
        await until(lambda: mqtt.connected)
        await mqtt.publish("embereye/x", b"1")
        await mqtt.publish("embereye/x", b"1")
        assert mqtt.counts.refused == 2
        assert mqtt.fault is not None
        assert mqtt.fault[0] == "broker_refuses"
    broker.kill()
    assert len([text for text in warnings(caplog) if "access list" in text]) == 1


async def test_a_stranger_at_the_port_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that is no MQTT broker, or closes at once, or never answers, is an outage and no crash."""
    monkeypatch.setattr(module, "ANSWER_S", 0.3)

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(odd, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with running(model.Mqtt(host="127.0.0.1", port=port)) as mqtt:
        await until(lambda: mqtt.fault)
        assert mqtt.fault is not None
        assert mqtt.fault[0] == "broker_disconnected"
    server.close()
    await server.wait_closed()


async def test_leaving_while_connecting_leaves_nothing_open() -> None:
    """A stop in the middle of a connection attempt ends cleanly."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with running(model.Mqtt(host="127.0.0.1", port=server.sockets[0].getsockname()[1])) as mqtt:
        await asyncio.sleep(0.05)
        assert not mqtt.connected
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)


def test_certificates_are_always_checked(tmp_path: Path) -> None:
    """TLS without checking would be a locked door with the key in it."""
    context = module._tls_context(model.Mqtt(host="x", tls=True))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
