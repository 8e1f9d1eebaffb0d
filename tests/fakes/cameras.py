"""Cameras that speak real bytes: tiny clips, and RTSP servers of the kinds that nobody wants to meet."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from embereye_addon.demo.clips import LOOK, EncodedClip, Take, encode
from embereye_addon.demo.scenes import Picture, render


async def until(condition: Callable[[], object], limit_s: float = 25.0) -> None:
    """Wait for something to become true."""
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it did not happen in time"
        await asyncio.sleep(0.02)


@lru_cache
def grey_clip(level: int, fps: float = 20.0, seconds: float = 0.5) -> EncodedClip:
    """A grey clip [48, 64] of one brightness with some noise, key frame first."""
    rng = np.random.default_rng(level)

    def picture() -> Picture:
        return (level + rng.integers(0, 8, (48, 64, 3))).astype(np.uint8)

    return encode((picture() for _ in range(int(fps * seconds))), fps)


@lru_cache
def scene_clip(scene: str) -> EncodedClip:
    """A second of a rendered scene: `quiet`, or a `flame` that is grown."""
    return encode((render(scene, 8.0 + index / 5, 1, 0.0 if scene == "flame" else 1e9) for index in range(5)), 5.0)


def keep_clip(cache: Path, take: Take) -> None:
    """Put a second of the take's scene where `take_clip` looks first, so that nothing has to be rendered."""
    parts = (take.scene, take.seed, take.from_s, take.length_s, take.loop_s, take.start_s, take.fps, LOOK)
    name = "-".join(f"{part:g}" if isinstance(part, float) else str(part) for part in parts)
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"{name}.clip").write_bytes(msgspec.msgpack.encode(scene_clip(take.scene)))


@contextlib.asynccontextmanager
async def tcp_server(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]) -> AsyncIterator[int]:
    """A TCP server on a free port; `talk` is the conversation of one connection."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)  # type: ignore[misc]
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tuple(tasks), return_exceptions=True)
        await server.wait_closed()


async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take everything, say nothing."""
    while await reader.read(4096):
        pass


async def web_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A web server where a camera was expected."""
    await reader.read(4096)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwhat")
    await writer.drain()


async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes of no meaning, then the end."""
    await reader.read(4096)
    writer.write(bytes(range(256)) * 8)
    await writer.drain()


def describes(media: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
    """A server that describes its stream with these SDP lines, lets it be played, and sends nothing."""
    sdp = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            number = next(line for line in head.split("\r\n") if line.lower().startswith("cseq"))
            lines, body = ["RTSP/1.0 200 OK", number, "Session: 1"], ""
            if head.startswith("DESCRIBE"):
                lines, body = [*lines, "Content-Type: application/sdp", f"Content-Length: {len(sdp)}"], sdp
            if head.startswith("SETUP"):
                lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
            writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
            await writer.drain()

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await talk(reader, writer)

    return quiet


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server context with a certificate that nobody vouches for; skips where there is no openssl command."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command to make a certificate with")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera"]
    subprocess.run(["openssl", *words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
