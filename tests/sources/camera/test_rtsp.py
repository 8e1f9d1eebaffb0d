"""One RTSP reader against real servers, friendly and not."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import av
import pytest
import pytest_asyncio

from embereye_addon.demo.rtsp import Fault, RtspServer
from embereye_addon.demo.rtsp_wire import Login
from embereye_addon.messages import LinkState
from embereye_addon.sources.camera.rtsp import Arrived, Opened, Stream, with_credentials, words
from tests.fakes import cameras
from tests.fakes.cameras import grey_clip, tcp_server, until
from tests.fakes.ports import free_port

PASSWORD = "s3cret:p@ss/word"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtspServer]:
    """A running server with the open path `yard` and the path `door` behind a login."""
    running = RtspServer()
    running.add("yard", grey_clip(60))
    running.add("door", grey_clip(60), Login("me", PASSWORD))
    await running.start()
    yield running
    await running.stop()


class Reader:
    """A stream and what it delivered."""

    def __init__(self, url: str) -> None:
        self.things: list[Opened | Arrived] = []
        self.stream = Stream("cam.yard", url, lambda _stream, thing: self.things.append(thing))

    @property
    def packets(self) -> int:
        return sum(isinstance(thing, Arrived) for thing in self.things)


@contextlib.asynccontextmanager
async def reading(url: str) -> AsyncIterator[Reader]:
    """A running reader; afterwards its thread is gone."""
    reader = Reader(url)
    reader.stream.start()
    try:
        yield reader
    finally:
        reader.stream.stop()
        await asyncio.to_thread(reader.stream.join, 9.0)
        assert not reader.stream._thread.is_alive()


async def lost(url: str, limit_s: float = 9.0) -> str:
    """Why a stream is lost, in its own words."""
    async with reading(url) as reader:
        await until(lambda: reader.stream.link.state is LinkState.OFFLINE, limit_s)
        return reader.stream.link.why


@pytest.mark.parametrize(
    ("url", "login", "expected"),
    [
        ("rtsp://10.0.0.5:554/s?x=1", ("", ""), "rtsp://10.0.0.5:554/s?x=1"),
        ("rtsp://10.0.0.5/s", ("me", "p:w@x/y%"), "rtsp://me:p%3Aw%40x%2Fy%25@10.0.0.5/s"),
        ("rtsp://old:one@cam/s", ("ü", ""), "rtsp://%C3%BC:@cam/s"),
        ("rtsps://[fe80::1]:322/s", ("a", "b"), "rtsps://a:b@[fe80::1]:322/s"),
    ],
)
def test_every_password_fits_into_a_url(url: str, login: tuple[str, str], expected: str) -> None:
    """A password with a colon or an at sign must not lead to another host."""
    assert with_credentials(url, *login) == expected


@pytest.mark.parametrize(
    ("err", "text"),
    [
        (av.error.HTTPForbiddenError(403, "403", "rtsp://me:pw@h"), "the camera refuses access to this stream"),
        (ConnectionResetError(), "the connection was closed"),
        (av.error.EOFError(1, "end"), "the connection was closed"),
        (OSError(113, "No route", "rtsp://me:pw@h"), "the address cannot be reached"),
        (av.error.DecoderNotFoundError(1, "x"), "the stream's codec cannot be decoded"),
        (TimeoutError(), "no answer in time"),
        (KeyError("rtsp://me:pw@h"), "the stream failed (KeyError)"),
    ],
)
def test_errors_are_words_without_the_url(err: Exception, text: str) -> None:
    """The installer reads what to do, and never somebody's password."""
    assert words(err) == text


async def test_the_right_password_gets_packets(server: RtspServer, caplog: pytest.LogCaptureFixture) -> None:
    """Digest login works, the first packet is a key frame, and the password is in no line of the log."""
    caplog.set_level(logging.DEBUG)
    url = with_credentials(server.url("door", login=False), "me", PASSWORD)
    async with reading(url) as reader:
        await until(lambda: reader.packets >= 3)
        opened = reader.things[0]
        assert isinstance(opened, Opened)
        assert opened.codec == "h264"
        first = reader.things[1]
        assert isinstance(first, Arrived)
        assert first.key
        assert reader.stream.link.state is LinkState.CONNECTING, "only a good picture makes a stream online"
        reader.stream.seen(first.mono_s)
        assert str(reader.stream.link.state) == "online"
    assert PASSWORD not in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_wrong_password_is_named_and_not_shown(server: RtspServer, caplog: pytest.LogCaptureFixture) -> None:
    """The installer learns that it is the password; the log does not learn which."""
    caplog.set_level(logging.DEBUG)
    why = await lost(with_credentials(server.url("door", login=False), "me", "wr0ng"))
    assert why == "the camera refuses the user name or the password"
    assert "wr0ng" not in caplog.text
    assert [record.levelname for record in caplog.records if "stream lost" in record.message] == ["WARNING"]


async def test_a_wrong_path_is_named(server: RtspServer) -> None:
    """A typing error in the path is told from a dead camera."""
    assert await lost(server.url("yard").replace("yard", "nowhere")) == "the camera has no stream at this path"


async def test_a_refused_port_is_named() -> None:
    """Nothing listens: the address or the port is wrong, or the camera is off."""
    assert await lost(f"rtsp://127.0.0.1:{free_port()}/x") == "nothing listens at this address and port"


@pytest.mark.parametrize("talk", [cameras.web_page, cameras.noise])
async def test_what_is_no_camera_is_named(talk: Callable[..., object]) -> None:
    """A web port in place of the RTSP port, or bytes of no meaning."""
    async with tcp_server(talk) as port:
        assert await lost(f"rtsp://127.0.0.1:{port}/x") == "what answers there does not speak RTSP"


@pytest.mark.timeout(40)
async def test_a_mute_camera_is_lost_in_time() -> None:
    """A hung camera accepts connections and says nothing: that is a loss within the 30 s of the alarm semantics."""
    async with tcp_server(cameras.mute) as port:
        assert await lost(f"rtsp://127.0.0.1:{port}/x", 20.0) == "no answer in time"


@pytest.mark.timeout(40)
async def test_an_unknown_codec_is_named_and_the_reader_lives() -> None:
    """A camera set to a codec that FFmpeg does not know must not end its reader for good."""
    media = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 NONSENSE/90000\r\na=control:t0\r\n"
    async with tcp_server(cameras.describes(media)) as port, reading(f"rtsp://127.0.0.1:{port}/x") as reader:
        await until(lambda: reader.stream.link.state is LinkState.OFFLINE, 20.0)
        assert reader.stream.link.why == "the stream's codec cannot be decoded"
        assert reader.stream._thread.is_alive()


async def test_sound_without_pictures_is_named() -> None:
    """A stream of sound alone is no camera."""
    media = "m=audio 0 RTP/AVP 0\r\na=control:t0\r\n"
    async with tcp_server(cameras.describes(media)) as port:
        assert await lost(f"rtsp://127.0.0.1:{port}/x") == "the stream holds no video that can be decoded"


@pytest.mark.timeout(30)
async def test_a_lost_camera_comes_back(server: RtspServer, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that reboots is watched again, and the log says each once."""
    caplog.set_level(logging.INFO)
    async with reading(server.url("yard")) as reader:
        await until(lambda: reader.packets)
        reader.stream.seen(1.0)
        server.fault("yard", Fault.DROP)
        await until(lambda: reader.stream.link.state is LinkState.OFFLINE)
        server.fault("yard", Fault.NONE)
        before = len(reader.things)
        await until(lambda: any(isinstance(thing, Opened) for thing in reader.things[before:]), 20.0)
        reader.stream.seen(2.0)
        assert reader.stream.link.reconnects == 1
    said = [(record.levelname, record.message) for record in caplog.records if record.name.endswith("camera.rtsp")]
    assert [level for level, _ in said] == ["INFO", "WARNING", "INFO"]
    assert all(text.startswith("cam.yard: stream") for _, text in said)


async def test_an_undecodable_stream_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The same words thousands of times a day would hide everything else."""
    stream = Stream("cam.a", "rtsp://h/", lambda _stream, _thing: None)
    stream.fail("the stream's codec (x) cannot be decoded")
    stream.fail("the stream's codec (x) cannot be decoded")
    assert len(caplog.records) == 1
    stream.seen(1.0)
    assert stream.unusable == ""


@pytest.mark.timeout(30)
async def test_a_camera_behind_tls_is_read(tmp_path: Path) -> None:
    """Cameras make their own certificates; nobody vouches for them, and they must work all the same."""
    server = RtspServer(tls=await asyncio.to_thread(cameras.self_signed, tmp_path))
    server.add("yard", grey_clip(60))
    await server.start()
    try:
        async with reading(server.url("yard")) as reader:
            await until(lambda: reader.packets >= 2)
    finally:
        await server.stop()
