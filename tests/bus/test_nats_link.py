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
