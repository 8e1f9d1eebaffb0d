"""A real broker for the tests that need one, and a client that listens to all of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiomqtt import Client, MqttError, ProtocolVersion

from tests.system.mosquitto import Mosquitto, why_not


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A Mosquitto on a port of its own; the test is skipped where there is none."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    started = Mosquitto(tmp_path / "broker")
    started.start()
    yield started
    started.kill()


class Watcher:
    """Everything that was published while it watched, in order: topic, payload, whether it was a retained copy."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: list[tuple[str, bytes, bool]] = []

    def topics(self) -> list[str]:
        """The topics, in order."""
        return [topic for topic, _payload, _retained in self.seen]

    def payloads(self, topic: str) -> list[bytes]:
        """What was published at a topic."""
        return [payload for seen, payload, _retained in self.seen if seen == topic]

    def json(self, topic: str) -> Any:
        """The newest JSON at a topic; {} when there is none."""
        found = [payload for payload in self.payloads(topic) if payload]
        return json.loads(found[-1]) if found else {}

    async def listen(self) -> None:
        """Take everything in until the connection ends."""
        try:
            async for message in self.client.messages:
                self.seen.append((str(message.topic), bytes(message.payload), message.retain))
        except MqttError:
            return


Watch = Callable[..., Awaitable[Watcher]]


@pytest_asyncio.fixture
async def watch() -> AsyncIterator[Watch]:
    """Gives a watcher of a broker."""
    async with AsyncExitStack() as stack:

        async def watcher(broker: Mosquitto, topic: str = "#") -> Watcher:
            client = Client(broker.host, broker.port, protocol=ProtocolVersion.V5)
            await stack.enter_async_context(client)
            await client.subscribe(topic, qos=1)
            found = Watcher(client)
            task = asyncio.create_task(found.listen())
            stack.callback(task.cancel)
            return found

        yield watcher
