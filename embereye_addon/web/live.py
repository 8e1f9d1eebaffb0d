"""What changes, pushed to every open page over a WebSocket.

A page first gets the whole state, then lists of [path, value]. Of what changes faster than `PERIOD_S` the newest
wins: what waits is a set of paths, so it is bounded by the things on the board and never grows stale. A page that
does not take what it is sent is cut off; it comes back by itself.
"""

import asyncio
import contextlib
import logging
from typing import Any, Final

from aiohttp import web

from embereye_addon.observe.tasks import stopped
from embereye_addon.web.board import Board, Path, encode
from embereye_addon.web.ingress import RefusedError

_log = logging.getLogger(__name__)

PERIOD_S: Final = 0.2
"""At most five messages a second of each thing."""
BEAT_S: Final = 1.0
"""A page hears something at least this often, and calls itself stale when it does not."""
SEND_MAX_S: Final = 5.0
HEARTBEAT_S: Final = 10.0
VIEWERS_MAX: Final = 32
HEARD_MAX: Final = 1024
"""Pages say nothing; a longer message closes the connection."""


class Viewer:
    """One open page: the paths that wait to be sent, newest wins."""

    def __init__(self) -> None:
        self._waiting: dict[Path, None] = {}
        self._more = asyncio.Event()

    def changed(self, path: Path) -> None:
        """Something new at `path`."""
        self._waiting[path] = None
        self._more.set()

    async def next(self) -> list[Path]:
        """What waits; empty when nothing came for `BEAT_S`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S):
                await self._more.wait()
        self._more.clear()
        paths, self._waiting = list(self._waiting), {}
        return paths


class Live:
    """All open pages."""

    def __init__(self, board: Board, send_max_s: float = SEND_MAX_S) -> None:
        self._board = board
        self._send_max_s = send_max_s
        self._open: set[web.WebSocketResponse] = set()
        self.cut_off = 0

    async def view(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one page until it or the server goes."""
        if len(self._open) >= VIEWERS_MAX:
            raise RefusedError(503, f"{VIEWERS_MAX} pages are open already; close one")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=HEARD_MAX, compress=False)
        await socket.prepare(request)
        viewer = Viewer()
        self._open.add(socket)
        self._board.watchers.add(viewer.changed)
        sending = asyncio.create_task(self.send(socket, viewer, request), name="live")
        try:
            async for _ in socket:
                pass
        finally:
            self._board.watchers.discard(viewer.changed)
            self._open.discard(socket)
            await stopped([sending])
        return socket

    async def send(self, socket: web.WebSocketResponse, viewer: Viewer, request: web.Request) -> None:
        """Everything, then what changes, until the page is gone or does not take it."""
        changes: list[tuple[Path, Any]] = [((), self._board.state())]
        try:
            while True:
                async with asyncio.timeout(self._send_max_s):
                    await socket.send_str(encode(changes).decode())
                await asyncio.sleep(PERIOD_S)
                changes = [(path, self._board.value(path)) for path in await viewer.next()]
                changes.append((("beat",), self._board.beat()))
        except TimeoutError:
            self.cut_off += 1
            _log.info("a page did not take what it was sent for %.0f s and is cut off", self._send_max_s)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return

    async def close(self) -> None:
        """Tell every page that the server goes."""
        for socket in tuple(self._open):
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close(code=1001, message=b"EmberEye stops")
