"""The connection to a real server: absent, refusing, given up."""

import asyncio
import logging
import os
import signal

import pytest

from embereye_addon.bus.nats import connect
from embereye_addon.messages import Sighting
from tests.bus.samples import Join, alarm, sighting, until
from tests.fakes.nats_server import NatsServer


async def test_a_bus_comes_up_before_its_server(
    join: Join, nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A process started first must wait for the server, not die, and say so once."""
    nats_server.stop()
    with caplog.at_level(logging.INFO, "embereye_addon.bus"):
        coming = asyncio.ensure_future(join())
        await asyncio.sleep(0.8)
        assert not coming.done()
        nats_server.start()
        bus = await coming
    await bus.say(alarm(1))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert nats_server.token not in caplog.text


async def test_giving_up_before_the_server_is_there_leaves_nothing(nats_server: NatsServer) -> None:
    """A process that is told to stop while it waits for the server must stop."""
    nats_server.stop()
    coming = asyncio.create_task(connect(nats_server.url, nats_server.token, "test"))
    await asyncio.sleep(0.1)
    coming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await coming


async def test_a_connection_refused_for_good_is_made_anew(join: Join, nats_server: NatsServer) -> None:
    """The client library gives up after a refusal by the server; a fire detector must not."""
    bus = await join()
    heard: list[int] = []
    await bus.hear(Sighting, lambda fact: heard.append(fact.seq))
    right = nats_server.settings.read_text()
    nats_server.settings.write_text(right.replace(nats_server.token, "another-token-for-tests"))
    os.kill(nats_server.pid, signal.SIGHUP)
    await until(lambda: bus.away)
    nats_server.settings.write_text(right)
    os.kill(nats_server.pid, signal.SIGHUP)
    await until(lambda: not bus.away)
    await bus.say(sighting(3))
    await until(lambda: heard == [3])


async def test_a_subscription_is_known_to_the_server_before_it_is_relied_on() -> None:
    """The first facts after a start must not be lost because the server's answer overtook the subscription."""
    said: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"fake","max_payload":1048576,"headers":true,"proto":1}\r\n')
        while line := await reader.readline():
            words = line.split()
            if words[:1] == [b"PING"]:
                writer.write(b"PONG\r\n")
            if words[:1] in ([b"SUB"], [b"PUB"]):
                said.append(words[0] + b" " + words[1])
            if words[:2] == [b"PUB", b"ee.nobody"]:
                writer.write(b"HMSG " + words[2] + b" 2 16 16\r\nNATS/1.0 503\r\n\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bus = await connect(f"nats://127.0.0.1:{port}", "a-token", "test")
        await bus.hear(Sighting, lambda fact: None)
        told = list(said)
        await bus.close()
    assert told.index(b"SUB ee.sighting.>") < told.index(b"PUB ee.nobody")
