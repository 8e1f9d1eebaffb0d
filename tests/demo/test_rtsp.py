"""The RTSP server, watched by a real client."""

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio

from embereye_addon.demo.clips import EncodedClip, Packet, encode
from embereye_addon.demo.rtsp import Fault, RtspServer
from embereye_addon.demo.rtsp_wire import Login
from embereye_addon.demo.scenes import Picture

FPS = 20.0
QUICK = {"fpsprobesize": "0", "analyzeduration": "100000"}


@lru_cache
def clip(level: int, seconds: float = 0.5) -> EncodedClip:
    """A grey clip of one brightness with some noise, key frame first."""
    rng = np.random.default_rng(level)

    def picture() -> Picture:
        return (level + rng.integers(0, 8, (64, 96, 3))).astype(np.uint8)

    return encode((picture() for _ in range(int(FPS * seconds))), FPS)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtspServer]:
    """A running server with the path `yard`."""
    running = RtspServer()
    running.add("yard", clip(60))
    await running.start()
    yield running
    await running.stop()


def watch(url: str, count: int, over: str = "tcp") -> list[tuple[float | None, float]]:
    """Time and mean brightness of up to `count` decoded pictures."""
    seen: list[tuple[float | None, float]] = []
    with av.open(url, options={"rtsp_transport": over, **QUICK}, timeout=(3, 1)) as container:
        for packet in container.demux(video=0):
            with contextlib.suppress(av.InvalidDataError):
                seen += [(frame.time, float(np.mean(frame.to_ndarray(format="bgr24")))) for frame in packet.decode()]
            if len(seen) >= count:
                break
    return seen


async def say(server: RtspServer, text: str, ssl_context: ssl.SSLContext | None = None) -> bytes:
    """What the server answers to raw bytes until it is silent for a moment or hangs up."""
    reader, writer = await asyncio.open_connection(server.host, server.port, ssl=ssl_context)
    writer.write(text.encode())
    heard = b""
    try:
        while piece := await asyncio.wait_for(reader.read(4096), 0.3):
            heard += piece
    except (TimeoutError, ConnectionError):
        pass
    writer.transport.abort()
    return heard


def ask(method: str, path: str = "yard", **headers: str) -> str:
    """A request's text."""
    lines = [f"{method} rtsp://h/{path} RTSP/1.0", "CSeq: 1", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join(lines) + "\r\n\r\n"


@pytest.mark.parametrize("over", ["tcp", "udp"])
async def test_a_client_sees_pictures_past_the_end_of_the_loop(server: RtspServer, over: str) -> None:
    """A camera never ends and its time never jumps back, over either transport."""
    seen = await asyncio.to_thread(watch, server.url("yard"), 25, over)
    assert len(seen) == 25
    times = [at_s for at_s, _ in seen if at_s is not None]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) / FPS, abs=0.01)
    assert all(abs(level - 63) < 12 for _, level in seen)


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_only_the_right_password_gets_in(server: RtspServer, scheme: str) -> None:
    """The wizard's wrong-password path is tried against this."""
    login = Login("me", "p:w@x", "basic" if scheme == "basic" else "digest")
    server.add("door", clip(60), login)
    assert len(await asyncio.to_thread(watch, server.url("door"), 2)) == 2
    wrong = server.url("door", login=False).replace("//", "//me:no@")
    for url in (server.url("door", login=False), wrong):
        with pytest.raises(av.HTTPUnauthorizedError):
            await asyncio.to_thread(watch, url, 2)


async def test_another_clip_comes_into_a_running_session(server: RtspServer) -> None:
    """A fire is staged while the detector watches: no reconnect, no jump in time, the new picture within a moment."""
    watching = asyncio.create_task(asyncio.to_thread(watch, server.url("yard"), 40))
    while not any(count.frames_sent > 8 for count in server.counts()):
        await asyncio.sleep(0.02)
    server.play("yard", clip(180))
    seen = await watching
    levels = [level for _, level in seen]
    assert levels[0] < 100 < 160 < levels[-1]
    times = [at_s for at_s, _ in seen if at_s is not None]
    assert times == sorted(times)


async def test_a_clip_can_begin_its_loop_later(server: RtspServer) -> None:
    """A fire grows once and then goes on burning."""
    dark, bright = clip(30), clip(200)
    later = tuple(Packet(packet.pts_s + 0.5, packet.keyframe, packet.payload) for packet in bright.packets)
    joined = EncodedClip("h264", 96, 64, FPS, dark.sps, dark.pps, dark.packets + later, len(dark.packets))
    server.add("fire", joined)
    levels = [level for _, level in await asyncio.to_thread(watch, server.url("fire"), 36)]
    assert levels[0] < 60
    assert all(level > 150 for level in levels[12:])


async def test_frames_are_counted_and_told(server: RtspServer) -> None:
    """Loss and latency are measured against what was sent."""
    told: list[tuple[str, int, float]] = []
    other = RtspServer(on_frame=lambda path, count, mono_s: told.append((path, count, mono_s)))
    other.add("lab", clip(60))
    await other.start()
    watching = asyncio.create_task(asyncio.to_thread(watch, other.url("lab"), 8))
    while not any(count.frames_sent for count in other.counts()):
        await asyncio.sleep(0.02)
    (counted,) = other.counts()
    assert (counted.path, counted.over, counted.frames_dropped) == ("lab", "tcp", 0)
    await watching
    await other.stop()
    assert [count for _, count, _ in told] == list(range(len(told)))
    assert [at_s for _, _, at_s in told] == sorted(at_s for _, _, at_s in told)
    assert len(told) >= 8


async def test_a_second_watcher_joins_at_a_key_frame(server: RtspServer) -> None:
    """A detector and a viewer may watch the same camera; the later one sees no broken pictures."""
    both = await asyncio.gather(
        asyncio.to_thread(watch, server.url("yard"), 20), asyncio.to_thread(watch, server.url("yard"), 10)
    )
    assert [len(seen) for seen in both] == [20, 10]
    assert all(abs(level - 63) < 12 for _, level in both[1])


async def test_dropped_connections_end_and_come_back(server: RtspServer) -> None:
    """A camera's restart: the client is cut off, refused while it lasts, and let in again."""
    watching = asyncio.create_task(asyncio.to_thread(watch, server.url("yard"), 1000))
    while not server.counts():
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    server.fault("yard", Fault.DROP)
    await asyncio.wait_for(asyncio.gather(watching, return_exceptions=True), 5)
    assert await say(server, ask("DESCRIBE")) == b""
    server.fault("yard", Fault.NONE)
    assert len(await asyncio.to_thread(watch, server.url("yard"), 2)) == 2


async def test_garbage_does_not_end_the_session(server: RtspServer) -> None:
    """Corrupt packets come from bad cables; good pictures follow in the same session."""
    watching = asyncio.create_task(asyncio.to_thread(watch, server.url("yard"), 30))
    while not any(count.frames_sent > 8 for count in server.counts()):
        await asyncio.sleep(0.02)
    server.fault("yard", Fault.GARBAGE)
    await asyncio.sleep(0.2)
    server.fault("yard", Fault.NONE)
    seen = await watching
    assert len(seen) == 30
    assert abs(seen[-1][1] - 63) < 12


async def test_a_stalled_path_sends_nothing_and_goes_on(server: RtspServer) -> None:
    """The worst fault of a camera is to stay connected and say nothing."""
    watching = asyncio.create_task(asyncio.to_thread(watch, server.url("yard"), 25))
    while not any(count.frames_sent > 8 for count in server.counts()):
        await asyncio.sleep(0.02)
    server.fault("yard", Fault.STALL)
    before = server.counts()[0].frames_sent
    await asyncio.sleep(0.4)
    assert server.counts()[0].frames_sent == before
    server.fault("yard", Fault.NONE)
    assert len(await watching) == 25


async def test_a_refused_and_an_unknown_path_are_not_found(server: RtspServer) -> None:
    """A wrong path must be told from a wrong password."""
    server.fault("yard", Fault.REFUSE)
    with pytest.raises(av.HTTPNotFoundError):
        await asyncio.to_thread(watch, server.url("yard"), 1)
    assert b" 404 " in await say(server, ask("DESCRIBE", "nowhere"))


async def test_a_mute_path_accepts_and_never_answers(server: RtspServer) -> None:
    """A hung camera: only the client's own time-out helps."""
    server.fault("yard", Fault.MUTE)
    assert await say(server, ask("OPTIONS") + ask("DESCRIBE")) == b""


async def test_requests_out_of_order_get_their_own_answers(server: RtspServer) -> None:
    """Strange clients get the status which says what was wrong, and the connection lives on."""
    setup = ask("SETUP", "yard/trackID=0", Transport="RTP/AVP/TCP;interleaved=0-1")
    heard = await say(
        server,
        ask("PLAY")
        + ask("RECORD")
        + ask("GET_PARAMETER")
        + ask("SETUP", Transport="RAW/RAW/UDP")
        + setup
        + ask("OPTIONS"),
    )
    statuses = [line.split(b" ")[1] for line in heard.split(b"\r\n") if line.startswith(b"RTSP/1.0")]
    assert statuses == [b"454", b"501", b"200", b"461", b"200", b"200"]


async def test_a_session_cannot_be_set_up_anew_while_it_plays(server: RtspServer) -> None:
    """A changed transport in mid-stream would send packets where nobody listens."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    setup = ask("SETUP", Transport="RTP/AVP/TCP;interleaved=0-1")
    writer.write(setup.encode())
    token = (await reader.readuntil(b"\r\n\r\n")).split(b"Session: ")[1].split(b";")[0].decode()
    writer.write((ask("PLAY", Session=token) + ask("PLAY", Session=token) + setup + ask("TEARDOWN")).encode())
    heard = await asyncio.wait_for(reader.read(), 25)
    writer.close()
    statuses = [part[:3] for part in heard.split(b"RTSP/1.0 ")[1:]]
    assert statuses == [b"200", b"200", b"455", b"200"]


@pytest.mark.parametrize("noise", ["GET / HTTP/1.0\r\n\r\n", "x" * 20_000, "\0\1\2\r\n\r\n"])
async def test_noise_is_refused_and_the_server_lives_on(server: RtspServer, noise: str) -> None:
    """Whatever connects to the port, the cameras go on."""
    assert (await say(server, noise))[:12] in {b"RTSP/1.0 400", b""}
    assert len(await asyncio.to_thread(watch, server.url("yard"), 2)) == 2


async def test_a_slow_client_misses_frames_and_holds_nobody_up() -> None:
    """One stuck viewer must not fill the memory or delay the detector."""
    payload = b"\0\0\0\1\x65" + bytes(range(1, 256)) * 1200
    heavy = EncodedClip(
        "h264", 96, 64, 50.0, b"\x67\x64\x00\x1e", b"\x68", tuple(Packet(k / 50, True, payload) for k in range(50))
    )
    server = RtspServer()
    server.add("yard", heavy)
    await server.start()
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    writer.write(ask("SETUP", Transport="RTP/AVP/TCP;interleaved=0-1").encode())
    token = (await reader.readuntil(b"\r\n\r\n")).split(b"Session: ")[1].split(b";")[0].decode()
    writer.write(ask("PLAY", Session=token).encode())
    for _ in range(200):
        await asyncio.sleep(0.02)
        if any(count.frames_dropped > 3 for count in server.counts()):
            break
    assert server.counts()[0].frames_dropped > 3
    writer.transport.abort()
    await server.stop()


async def test_tls(tmp_path: Path) -> None:
    """Cameras with rtsps are reached through the same server."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so there is no certificate to try TLS with")
    command = (
        f"req -x509 -newkey rsa:2048 -nodes -keyout {tmp_path}/key -out {tmp_path}/cert -subj /CN=localhost -days 1"
    )
    made = await asyncio.create_subprocess_exec(openssl, *command.split(), stderr=asyncio.subprocess.DEVNULL)
    assert await made.wait() == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server = RtspServer(tls=context)
    server.add("yard", clip(60))
    await server.start()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    assert server.url("yard").startswith("rtsps://")
    assert b"sprop-parameter-sets" in await say(server, ask("DESCRIBE"), trusting)
    assert len(await asyncio.to_thread(watch, server.url("yard"), 3)) == 3
    await server.stop()


async def test_stopping_twice_and_before_starting_is_harmless() -> None:
    """The demo's shutdown may come at any time."""
    server = RtspServer()
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()
