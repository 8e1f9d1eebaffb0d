"""One TCP connection of a PF device: a bounded read, a bounded write buffer, and its conversation."""

import asyncio
import logging
import socket
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from embereye_addon.observe.clock import utc_s
from embereye_addon.sources.pf.session import Session
from embereye_addon.sources.pf.unit import Unit

READ_BUFFER_BYTES = 65536
WRITE_BUFFER_BYTES = 1024
KEEPALIVE_S = 30

_log = logging.getLogger(__name__)

_BUFFER = memoryview(bytearray(READ_BUFFER_BYTES))
"""One for all: the loop reads one connection at a time, and what was read is copied in the same turn."""


class Seat:
    """One device behind a connection, and what the gateway knows of it: which device of the settings it feeds."""

    def __init__(self, connection: "Connection", unit: Unit) -> None:
        self.connection = connection
        self.unit = unit
        self.first_seen = utc_s()
        self.source = ""  # the device it feeds
        self.retired_s: float | None = None  # since when a newer connection has its device
        self.rival_of = ""
        self.clashing = False


class Owner(Protocol):
    """Whom a connection tells what happens to it."""

    def admit(self, connection: "Connection") -> str:
        """Why it may not stay, or nothing."""

    def received(self, connection: "Connection", chunk: bytes) -> None:
        """Bytes arrived."""

    def gone(self, connection: "Connection", why: str) -> None:
        """It ended."""


def plain_address(host: str) -> str:
    """An address without zone, IPv4 in its own form even where it arrived as IPv6."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


class Connection(asyncio.BufferedProtocol):
    """Reads into one small buffer, so one turn of the loop takes at most 64 KiB from one peer."""

    def __init__(self, owner: Owner, clock: Callable[[], float], dialled: str = "") -> None:
        """`dialled`: the source that we called ourselves, and that this connection therefore is."""
        now_s = clock()
        self.address = ""
        self.session = Session("", now_s)
        self.seats: tuple[Seat, ...] = ()
        self.seated: tuple[Unit, ...] = ()  # the session's devices when they were last looked at
        self.failed = False
        self.window_s = now_s
        self.window_bytes = 0
        self.dialled = dialled
        self.ended = asyncio.Event()
        self.why = "the connection was closed"
        self._owner = owner
        self._clock = clock
        self._transport: asyncio.Transport | None = None

    @property
    def source(self) -> str:
        """The device it feeds, one of them; '' for a stranger."""
        return next((seat.source for seat in self.seats if seat.source), "")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask whether it may stay."""
        if not isinstance(transport, asyncio.Transport):
            transport.close()
            return
        peer = transport.get_extra_info("peername")
        if not peer:  # gone before it was accepted
            transport.abort()
            return
        self._transport = transport
        self.address = plain_address(str(peer[0]))
        self.session = Session(self.address, self._clock())
        why = self._owner.admit(self)
        if why:
            _log.debug("refused a connection from %s: %s", self.address, why)
            transport.abort()
            return
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        keep_alive(transport.get_extra_info("socket"))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (asyncio calls it so)
        """Where the next bytes go."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what arrived, at once."""
        self._owner.received(self, bytes(_BUFFER[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio calls it so)
        """A reset is a normal end: peers that never read our commands cause it."""
        self._owner.gone(self, self.why)
        self.ended.set()

    def send(self, command: bytes) -> bool:
        """Send, unless the peer does not read: then the command is dropped, and false returned."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() + len(command) > WRITE_BUFFER_BYTES:
            return False
        transport.write(command)
        return True

    def drop(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()


def keep_alive(link: socket.socket) -> None:
    """No delay for short commands, and a dead peer is noticed where the system can (half-open connections)."""
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", KEEPALIVE_S), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        option = getattr(socket, name, None)
        if option is not None:
            link.setsockopt(socket.IPPROTO_TCP, option, value)
