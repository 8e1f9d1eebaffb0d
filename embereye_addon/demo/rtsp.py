"""A small RTSP server for the demo and the tests: clips in a loop as live cameras, with logins, TLS and staged faults.

A path is one live picture: it runs while somebody watches, everybody sees the same, a new watcher begins at the next
key frame. H.264 and H.265 over TCP (interleaved) and UDP; packets go to the asking peer only.
"""

import asyncio
import contextlib
import enum
import logging
import random
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from embereye_addon.demo import rtsp_wire as wire
from embereye_addon.demo.clips import EncodedClip
from embereye_addon.demo.rtsp_wire import Login, Request
from embereye_addon.observe.tasks import stopped

log = logging.getLogger(__name__)

CONNECTIONS_LIMIT = 256
# A client which never plays is let go after this.
IDLE_S = 60.0
# Unsent bytes above which a slow client misses frames, until the next key frame.
BACKLOG_LIMIT = 1_000_000
PORT_TRIES = 32
# Of RTP packets under Fault.LOSS.
LOST_SHARE = 0.05


class Fault(enum.Enum):
    """What goes wrong on a path. LOSS leaves out RTP packets, JUMP sets the camera's clock at each key frame."""

    NONE = "none"
    STALL = "stall"
    DROP = "drop"
    GARBAGE = "garbage"
    REFUSE = "refuse"
    MUTE = "mute"
    LOSS = "loss"
    JUMP = "jump"


@dataclass(frozen=True, slots=True)
class SessionCount:
    """What one watcher was sent: frames, and frames left out because it reads too slowly."""

    path: str
    over: str
    frames_sent: int
    frames_dropped: int


FrameHook = Callable[[str, int, float], None]


class _Feed:
    """One path: its clip, its clock and its watchers."""

    def __init__(self, name: str, clip: EncodedClip, login: Login | None) -> None:
        self.name = name
        self.login = login
        self.fault = Fault.NONE
        self.watchers: set[_Session] = set()
        self.count = 0
        self.task: asyncio.Task[None] | None = None
        self._sequence = secrets.randbelow(1 << 16)
        self._source = secrets.randbelow(1 << 32)
        self._stamp = secrets.randbelow(1 << 32)
        self._noise = random.Random(1)
        self._next_s = 0.0
        self.take(clip)

    def take(self, clip: EncodedClip) -> None:
        """Go on with this clip's first picture, a key frame, as the next one."""
        self.clip = clip
        self._ready = [wire.payloads(packet.payload, clip.codec) for packet in clip.packets]
        self._index = 0

    def to_key(self) -> None:
        """Back to the key frame before, so that a first watcher need not wait for the next one."""
        while not self.clip.packets[self._index].keyframe:
            self._index -= 1

    async def run(self, hook: FrameHook | None) -> None:
        """Send in real time while anybody watches."""
        zero_s = time.monotonic() - self._next_s
        while self.watchers:
            await asyncio.sleep(zero_s + self._next_s - time.monotonic())
            keyframe = self.clip.packets[self._index].keyframe
            rtp = self._packets()
            self._forward()
            if self.fault is Fault.STALL:
                continue
            for session in tuple(self.watchers):
                session.send(rtp, keyframe)
            self.count += 1
            if hook is not None:
                hook(self.name, self.count - 1, time.monotonic())

    def _packets(self) -> list[bytes]:
        pieces = self._ready[self._index]
        if self.fault is Fault.GARBAGE:
            pieces = tuple(self._noise.randbytes(len(piece)) for piece in pieces)
        here = self.clip.packets[self._index]
        if self.fault is Fault.JUMP and here.keyframe:
            self._stamp += self._noise.randrange(1 << 31)
        stamp = self._stamp + round((self._next_s + here.late_s) * wire.CLOCK_HZ)
        rtp = wire.packets(pieces, self._sequence, stamp, self._source)
        self._sequence += len(rtp)
        if self.fault is Fault.LOSS:
            return [packet for packet in rtp if self._noise.random() >= LOST_SHARE]
        return rtp

    def _forward(self) -> None:
        """On to the next picture; the path's time never jumps back."""
        here = self.clip.packets[self._index].pts_s
        self._index += 1
        if self._index < len(self.clip.packets):
            self._next_s += max(0.0, self.clip.packets[self._index].pts_s - here)
        else:
            self._index = self.clip.loop_from
            self._next_s += 1.0 / self.clip.fps


@dataclass(eq=False, slots=True)
class _Session:
    """One connection and what it asked for."""

    writer: asyncio.StreamWriter
    udp: asyncio.DatagramTransport
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    feed: _Feed | None = None
    way: wire.Transport | None = None
    playing: bool = False
    waiting: bool = True
    frames_sent: int = 0
    frames_dropped: int = 0

    def send(self, rtp: list[bytes], keyframe: bool) -> None:
        """One picture to this watcher, from a key frame on; a slow one misses pictures, never holds others up."""
        if self.way is None or self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
            self.waiting = True
        elif keyframe:
            self.waiting = False
        if self.waiting:
            self.frames_dropped += 1 if self.frames_sent else 0
            return
        if self.way.channel is not None:
            self.writer.write(wire.interleaved(rtp, self.way.channel))
        else:
            peer = self.writer.get_extra_info("peername")[0]
            for packet in rtp:
                self.udp.sendto(packet, (peer, self.way.client_port))
        self.frames_sent += 1

    def leave(self) -> None:
        """No more pictures to this one."""
        if self.feed is not None:
            self.feed.watchers.discard(self)
        self.playing = False


class RtspServer:
    """Serves clips under names; everything is started by `start` and ended by `stop`.

    `on_frame(path, count, mono_s)` is called when a picture was handed to the watchers' sockets; `count` runs per path.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        on_frame: FrameHook | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._tls = tls
        self._hook = on_frame
        self._feeds: dict[str, _Feed] = {}
        self._sessions: set[_Session] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None
        self._udp: list[asyncio.DatagramTransport] = []
        self._methods: dict[str, Callable[[_Session, _Feed, Request], bytes]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
        }

    def add(self, path: str, clip: EncodedClip, login: Login | None = None) -> None:
        """Serve `clip` under `path` (no slash at its ends), to everybody or to one login."""
        self._feeds[path] = _Feed(path, clip, login)

    def play(self, path: str, clip: EncodedClip) -> None:
        """Switch to another clip, whose first key frame is the next picture; watchers stay. KeyError: no such path."""
        self._feeds[path].take(clip)

    def fault(self, path: str, fault: Fault) -> None:
        """Stage a fault on the path, or end it with Fault.NONE. KeyError: no such path."""
        feed = self._feeds[path]
        feed.fault = fault
        if fault is Fault.DROP:
            for session in [one for one in self._sessions if one.feed is feed]:
                session.writer.transport.abort()

    def url(self, path: str, login: bool = True) -> str:
        """The path's address, with its login in it unless that is not wanted. KeyError: no such path."""
        who = self._feeds[path].login if login else None
        user = f"{quote(who.user, safe='')}:{quote(who.password, safe='')}@" if who else ""
        return f"{'rtsps' if self._tls else 'rtsp'}://{user}{self.host}:{self.port}/{path}"

    def counts(self) -> tuple[SessionCount, ...]:
        """What each present watcher was sent."""
        return tuple(
            SessionCount(
                one.feed.name,
                "tcp" if one.way.channel is not None else "udp",
                one.frames_sent,
                one.frames_dropped,
            )
            for one in self._sessions
            if one.feed is not None and one.way is not None
        )

    async def start(self) -> None:
        """Listen; afterwards `port` is the real one. OSError when the port is taken."""
        self._udp = await self._pair()
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _pair(self) -> list[asyncio.DatagramTransport]:
        """An even UDP port for RTP and the odd one after it for RTCP (RFC 3550)."""
        loop = asyncio.get_running_loop()
        for _ in range(PORT_TRIES):
            one, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (self.host, 0))
            port = one.get_extra_info("sockname")[1]
            if port % 2 == 0:
                with contextlib.suppress(OSError):
                    two, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (self.host, port + 1))
                    return [one, two]
            one.close()
        msg = "no pair of UDP ports is free"
        raise OSError(msg)

    async def stop(self) -> None:
        """Close every connection and wait until nothing runs any more."""
        if self._server is not None:
            self._server.close()
        for session in self._sessions:
            session.writer.transport.abort()
        await stopped(self._tasks)
        for transport in self._udp:
            transport.close()
        if self._server is not None:
            await self._server.wait_closed()
        self._server, self._udp = None, []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its last; what goes wrong in it ends with it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = _Session(writer, self._udp[0])
        self._sessions.add(session)
        try:
            if len(self._sessions) <= CONNECTIONS_LIMIT:
                await self._converse(session, reader)
        except (OSError, TimeoutError, asyncio.CancelledError):
            log.debug("An RTSP connection ended")
        finally:
            session.leave()
            self._sessions.discard(session)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _converse(self, session: _Session, reader: asyncio.StreamReader) -> None:
        requests = wire.RequestReader()
        while not session.writer.is_closing():
            async with asyncio.timeout(None if session.playing else IDLE_S):
                received = await reader.read(4096)
            if not received:
                return
            for request in requests.feed(received):
                reply = self._answer(session, request)
                if reply is None:
                    return
                session.writer.write(reply)
                await session.writer.drain()
                if request.method == "TEARDOWN":
                    return
            if requests.broken:
                session.writer.write(wire.answer(400, None))
                await session.writer.drain()
                return

    def _answer(self, session: _Session, request: Request) -> bytes | None:
        """The bytes to send back, empty for a mute path, None to hang up."""
        feed = self._feeds.get(request.path)
        if feed is not None and feed.fault is Fault.MUTE:
            return b""
        if feed is not None and feed.fault is Fault.DROP:
            return None
        method = self._methods.get(request.method)
        if method is None:
            return self._plain(session, request)
        if feed is None or feed.fault is Fault.REFUSE:
            return wire.answer(404, request)
        if feed.login is not None and not feed.login.admits(request, session.nonce):
            return wire.answer(401, request, {"WWW-Authenticate": feed.login.challenge(session.nonce)})
        return method(session, feed, request)

    def _plain(self, session: _Session, request: Request) -> bytes:
        """What needs no login: questions about the server, signs of life, goodbye."""
        match request.method:
            case "OPTIONS":
                return wire.answer(200, request, {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"})
            case "GET_PARAMETER":
                return wire.answer(200, request, {"Session": session.token})
            case "TEARDOWN":
                session.leave()
                return wire.answer(200, request, {"Session": session.token})
            case _:
                return wire.answer(501, request)

    def _describe(self, _session: _Session, feed: _Feed, request: Request) -> bytes:
        base = f"{self.url(feed.name, login=False)}/"
        headers = {"Content-Base": base, "Content-Type": "application/sdp"}
        return wire.answer(200, request, headers, wire.sdp(feed.clip, self.host))

    def _setup(self, session: _Session, feed: _Feed, request: Request) -> bytes:
        way = wire.transport(request.headers.get("transport", ""))
        if way is None:
            return wire.answer(461, request)
        if session.playing:
            return wire.answer(455, request)
        session.feed, session.way = feed, way
        if way.channel is not None:
            told = f"RTP/AVP/TCP;unicast;interleaved={way.channel}-{way.channel + 1}"
        else:
            ports = "-".join(str(one.get_extra_info("sockname")[1]) for one in self._udp)
            assert way.client_port is not None
            told = f"RTP/AVP;unicast;client_port={way.client_port}-{way.client_port + 1};server_port={ports}"
        return wire.answer(200, request, {"Transport": told, "Session": f"{session.token};timeout=60"})

    def _play(self, session: _Session, feed: _Feed, request: Request) -> bytes:
        if session.feed is not feed or request.headers.get("session", "").split(";")[0] != session.token:
            return wire.answer(454, request)
        if not session.playing:
            session.playing, session.waiting = True, True
            if not feed.watchers:
                feed.to_key()
            feed.watchers.add(session)
            if feed.task is None or feed.task.done():
                feed.task = asyncio.create_task(feed.run(self._hook), name=f"rtsp {feed.name}")
                self._tasks.add(feed.task)
                feed.task.add_done_callback(self._tasks.discard)
        return wire.answer(200, request, {"Session": session.token, "Range": "npt=now-"})
