"""Devices that wait to be dialled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from embereye_addon.messages import LinkState
from embereye_addon.sources.pf.dial import in_words, split_address
from embereye_addon.sources.pf.gateway import Gateway
from tests.fakes.pf_client import inputs
from tests.fakes.ports import free_port
from tests.sources.pf.gateways import Hearer, device, running, until


class Bridge:
    """A serial bridge in server mode with a device behind it; `heard` has every command."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller."""
        self.writers.append(writer)
        writer.write(inputs())
        with contextlib.suppress(ConnectionError):
            while command := await reader.read(100):
                self.heard.append(command)
        writer.close()

    @contextlib.asynccontextmanager
    async def at(self, port: int) -> AsyncIterator[None]:
        """Listen while the block lasts, then hang up on everybody."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", port)
        try:
            yield
        finally:
            server.close()
            self.hang_up()
            await server.wait_closed()

    def hang_up(self) -> None:
        """End every call."""
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()


def state(gateway: Gateway) -> LinkState:
    """How the dialled device is."""
    return gateway.places["pf.dock"].link.state


@pytest.mark.timeout(60)
async def test_a_bridge_is_dialled_and_dialled_again() -> None:
    """A device behind a bridge that listens is never heard, or not after the bridge restarted."""
    port, bridge, hearer = free_port(), Bridge(), Hearer()
    dialled = msgspec.structs.replace(device("dock", "never asked"), dial=f"127.0.0.1:{port}")
    async with running(hearer, dialled) as gateway:
        await until(lambda: state(gateway) is LinkState.OFFLINE)
        assert gateway.places["pf.dock"].link.why == f"127.0.0.1:{port}: nothing listens at this address and port"
        async with bridge.at(port):
            await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
            await until(lambda: bridge.heard)
            assert state(gateway) is LinkState.ONLINE
            assert gateway.pending() == ()
            bridge.hang_up()
            await until(lambda: hearer.kinds("pf.dock").count("Connected") == 2)
        await until(lambda: state(gateway) is LinkState.OFFLINE)
    assert gateway.refused == 0


async def test_a_dialled_device_is_not_taken_over_by_a_caller() -> None:
    """Anyone who dials in under the name of a bridge's device takes its place."""
    dialled = msgspec.structs.replace(device("dock", "AB1234"), dial=f"127.0.0.1:{free_port()}")
    hearer = Hearer()
    async with running(hearer, dialled) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"#serialno:AB1234!")
        await until(gateway.pending)
        assert hearer.kinds("pf.dock") == []
        writer.close()
        await reader.read()


def test_what_went_wrong_is_in_words() -> None:
    """A bridge that cannot be reached is a riddle."""
    assert in_words(TimeoutError()) == "no answer in 10 s"
    assert "cannot be reached (No route to host)" in in_words(OSError(113, "No route to host"))
    assert split_address("[fe80::1]:4001") == ("fe80::1", 4001)
    assert split_address("bridge.lan:23") == ("bridge.lan", 23)
