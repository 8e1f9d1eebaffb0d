"""Addresses and the bounds of one connection."""

import asyncio
import time

import pytest

from embereye_addon.sources.pf.connection import READ_BUFFER_BYTES, WRITE_BUFFER_BYTES, Connection, plain_address


@pytest.mark.parametrize(
    ("host", "plain"),
    [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("::1", "::1")],
)
def test_addresses(host: str, plain: str) -> None:
    """One device has two addresses, or an IPv6 zone ends the gateway."""
    assert plain_address(host) == plain


class Owner:
    def __init__(self, why: str = "") -> None:
        self.why = why
        self.chunks: list[int] = []
        self.connections: list[Connection] = []
        self.gone_why: list[str] = []

    def admit(self, connection: Connection) -> str:
        self.connections.append(connection)
        return self.why

    def received(self, connection: Connection, chunk: bytes) -> None:
        self.chunks.append(len(chunk))

    def gone(self, connection: Connection, why: str) -> None:
        self.gone_why.append(why)


async def test_a_peer_that_never_reads_blocks_nothing() -> None:
    """A peer that never reads makes commands pile up in memory."""
    owner = Owner()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(owner, time.monotonic), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    while not owner.connections:
        await asyncio.sleep(0.01)
    (connection,) = owner.connections
    assert connection.send(b"PERIOD_ON")
    assert not connection.send(b"x" * (WRITE_BUFFER_BYTES + 1))
    writer.write(b"y" * 100_000)
    await writer.drain()
    while sum(owner.chunks) < 100_000:
        await asyncio.sleep(0.01)
    assert max(owner.chunks) <= READ_BUFFER_BYTES
    connection.drop()
    assert not connection.send(b"PERIOD_ON")
    while not owner.gone_why:
        await asyncio.sleep(0.01)
    writer.close()
    server.close()
    assert not Connection(owner, time.monotonic).send(b"PERIOD_ON")
    Connection(owner, time.monotonic).drop()
