"""A real server for the tests of the bus, and ends of the bus on it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client

from embereye_addon.bus.nats import NatsBus, connect
from tests.bus.samples import Join
from tests.fakes.nats_server import NatsServer


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A running nats-server with an empty store."""
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def join(nats_server: NatsServer) -> AsyncIterator[Join]:
    """Gives one more process's end of the bus."""
    ends: list[NatsBus] = []

    async def joined() -> NatsBus:
        ends.append(await connect(nats_server.url, nats_server.token, "test"))
        return ends[-1]

    yield joined
    for end in ends:
        await end.close()


@pytest_asyncio.fixture
async def stranger(nats_server: NatsServer) -> AsyncIterator[Client]:
    """Somebody with the token who is not EmberEye."""
    client = Client()
    await client.connect(nats_server.url, token=nats_server.token)
    yield client
    await client.close()
