"""Many streams, one decode thread: the newest picture, from whoever has one."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio

from embereye_addon.demo.rtsp import Fault, RtspServer
from embereye_addon.messages import LinkState
from embereye_addon.sources.camera.farm import SILENCE_S, WAITING_MAX, Farm, Look, fault
from embereye_addon.sources.camera.rtsp import Arrived, Opened, Stream
from embereye_addon.sources.camera.watched import Watched
from tests.fakes.cameras import grey_clip, until
from tests.fakes.ports import free_port


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtspServer]:
    """A running server with the paths `dark` and `bright`."""
    running = RtspServer()
    running.add("dark", grey_clip(60))
    running.add("bright", grey_clip(180))
    await running.start()
    yield running
    await running.stop()


@contextlib.asynccontextmanager
async def farm_of(on_picture: Callable[[str, Look], None]) -> AsyncIterator[Farm]:
    """A farm; afterwards its threads are gone."""
    before = set(threading.enumerate())
    farm = Farm(on_picture)
    try:
        yield farm
    finally:
        await asyncio.to_thread(farm.stop)
        await until(lambda: not [one for one in set(threading.enumerate()) - before if "demux" in one.name])
        assert "decode" not in {one.name for one in set(threading.enumerate()) - before}


def one(farm: Farm) -> Watched:
    """The only stream of a farm."""
    (watched,) = farm.watched()
    return watched


async def test_pictures_of_every_camera_come(server: RtspServer) -> None:
    """Each camera's own pictures, at any size, with numbers that grow and both clocks."""
    seen: dict[str, list[tuple[int, float, tuple[int, ...]]]] = {}

    def on_picture(source: str, look: Look) -> None:
        small = look.bgr(32, 16)
        seen.setdefault(source, []).append((look.number, float(look.bgr().mean()), small.shape))
        assert look.size == (64, 48)
        assert look.at > 1e9 > 0 < look.received_mono_s

    async with farm_of(on_picture) as farm:
        farm.watch("cam.dark", server.url("dark"))
        farm.watch("cam.bright", server.url("bright"))
        await until(lambda: min(len(seen.get(name, ())) for name in ("cam.dark", "cam.bright")) >= 4)
        newest = farm.newest("cam.dark")
        assert newest is not None
        assert newest.bgr.shape == (48, 64, 3)
        assert newest.bgr.dtype == np.uint8
        assert abs(newest.bgr.mean() - 63) < 12
        assert farm.newest("cam.other") is None
        states = {watched.stream.link.state for watched in farm.watched()}
        assert states == {LinkState.ONLINE}
        assert not any(fault(watched, time.monotonic()) for watched in farm.watched())
    for name, level in (("cam.dark", 63), ("cam.bright", 183)):
        numbers = [number for number, _, _ in seen[name]]
        assert numbers == sorted(set(numbers))
        assert all(abs(mean - level) < 12 and shape == (16, 32, 3) for _, mean, shape in seen[name])


async def test_another_scene_comes_without_a_reconnect(server: RtspServer) -> None:
    """What happens in front of the camera is seen in the same session."""
    levels: list[float] = []
    async with farm_of(lambda _source, look: levels.append(float(look.bgr().mean()))) as farm:
        farm.watch("cam.dark", server.url("dark"))
        await until(lambda: levels)
        server.play("dark", grey_clip(180))
        await until(lambda: levels[-1] > 160)
        assert one(farm).stream.link.reconnects == 0


@pytest.mark.timeout(30)
async def test_a_slow_looker_gets_the_newest(server: RtspServer) -> None:
    """When looking takes longer than the camera sends, old pictures are dropped and counted; memory stays bounded."""
    server.add("fast", grey_clip(90, 100.0, 1.0))
    go_on, looks = threading.Event(), list[tuple[int, float]]()

    def on_picture(_source: str, look: Look) -> None:
        looks.append((look.number, look.received_mono_s))
        go_on.wait(20.0)

    async with farm_of(on_picture) as farm:
        try:
            farm.watch("cam.fast", server.url("fast"))
            await until(lambda: looks)
            watched = one(farm)
            await until(lambda: watched.waiting == WAITING_MAX)
            dropped = watched.dropped
            await until(lambda: watched.dropped > dropped + 10)
            assert watched.waiting <= WAITING_MAX
            assert len(looks) == 1
            assert abs(watched.received - watched.dropped - watched.decoded) <= WAITING_MAX + 1
        finally:
            released_s = time.monotonic()
            go_on.set()
        await until(lambda: len(looks) > 1 and looks[-1][1] > released_s)
        assert looks[1][1] > looks[0][1] + 0.1, "what waited is passed over, and only the newest of it is looked at"


async def test_a_dropped_camera_is_dropped(server: RtspServer) -> None:
    """A camera given to another detector sends nothing any more, and its reader ends."""
    seen: list[str] = []
    async with farm_of(lambda source, _look: seen.append(source)) as farm:
        farm.watch("cam.dark", server.url("dark"))
        await until(lambda: seen)
        stream = one(farm).stream
        farm.drop("cam.dark")
        farm.drop("cam.dark")
        assert farm.watched() == ()
        await until(lambda: not stream._thread.is_alive())
        seen.clear()
        farm._deliver(stream, Opened("h264", None, 64, 48))
        await asyncio.sleep(0.2)
        assert not seen
        farm.watch("cam.dark", server.url("dark"))
        await until(lambda: seen)
        farm._deliver(stream, Opened("nonsense", None, 0, 0))
        assert one(farm).stream.unusable == "", "what an old reader still says is not of the new one"


@pytest.mark.parametrize("codec", ["nonsense", "aac"])
async def test_a_codec_that_cannot_be_decoded_is_a_fault(codec: str) -> None:
    """A camera that cannot be seen is a fault in words, never quiet."""
    async with farm_of(lambda _source, _look: None) as farm:
        farm.watch("cam.a", f"rtsp://127.0.0.1:{free_port()}/x")
        watched = one(farm)
        farm._deliver(watched.stream, Opened(codec, None, 0, 0))
        await until(lambda: watched.stream.unusable)
        assert fault(watched, time.monotonic()) == (("no_picture", f"the stream's codec ({codec}) cannot be decoded"),)


async def test_packets_of_no_use_are_counted(server: RtspServer) -> None:
    """What cannot be decoded is counted: before a decoder stands, and where the bytes are damaged."""
    seen: list[int] = []
    packets: list[Arrived] = []
    async with farm_of(lambda _source, look: seen.append(look.number)) as farm:
        farm.watch("cam.a", f"rtsp://127.0.0.1:{free_port()}/x")
        watched = one(farm)
        farm.watch("cam.dark", server.url("dark"))
        await until(lambda: seen)
        dark = farm.watched()[1]
        deliver = dark.stream._deliver

        def also(stream: Stream, thing: Opened | Arrived) -> None:
            if isinstance(thing, Arrived):
                packets.append(thing)
            deliver(stream, thing)

        dark.stream._deliver = also
        await until(lambda: any(packet.key for packet in packets))
        key = next(packet for packet in packets if packet.key)
        farm._deliver(watched.stream, key)
        await until(lambda: watched.rejected == 1)
        before = dark.rejected
        server.fault("dark", Fault.GARBAGE)
        await until(lambda: dark.rejected > before or dark.stream.link.state is not LinkState.ONLINE)


async def test_a_silent_camera_is_a_fault_and_is_logged_once(
    server: RtspServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A frozen stream keeps its connection: nothing but the silence tells."""
    seen: list[int] = []
    async with farm_of(lambda _source, look: seen.append(look.number)) as farm:
        farm.watch("cam.dark", server.url("dark"))
        await until(lambda: seen)
        server.fault("dark", Fault.STALL)
        watched = one(farm)
        await asyncio.sleep(0.3)
        now_s = time.monotonic()
        assert fault(watched, now_s) == ()
        ((code, text),) = fault(watched, now_s + SILENCE_S * 0.9)
        assert (code, text[:16]) == ("stream_lost", "nothing came for")
        for extra_s in (1.0, 2.0):
            ((code, _),) = fault(watched, now_s + SILENCE_S + extra_s)
            assert code == "stream_lost"
        assert [record.levelname for record in caplog.records if "stream lost" in record.message] == ["WARNING"]
        server.fault("dark", Fault.NONE)
        count = len(seen)
        await until(lambda: len(seen) > count)
        assert fault(watched, time.monotonic()) == ()


async def test_a_camera_that_was_never_there_is_a_fault() -> None:
    """The very first start with a wrong address must not look like quiet."""
    async with farm_of(lambda _source, _look: None) as farm:
        farm.watch("cam.a", f"rtsp://127.0.0.1:{free_port()}/x")
        await until(lambda: fault(one(farm), time.monotonic()))
        assert fault(one(farm), time.monotonic()) == (("stream_lost", "nothing listens at this address and port"),)
        assert farm.newest("cam.a") is None


async def test_one_bad_camera_does_not_blind_the_others(server: RtspServer, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake in looking at one camera is logged once and counted; the thread lives and the other is looked at."""
    caplog.set_level(logging.ERROR)
    seen: list[str] = []

    def on_picture(source: str, _look: Look) -> None:
        if source == "cam.dark":
            raise ZeroDivisionError
        seen.append(source)

    async with farm_of(on_picture) as farm:
        farm.watch("cam.dark", server.url("dark"))
        farm.watch("cam.bright", server.url("bright"))
        await until(lambda: farm.watched()[0].rejected >= 3 and len(seen) >= 3)
    assert len([record for record in caplog.records if "pictures are dropped" in record.message]) == 1


async def test_a_picture_can_be_had_by_many_at_once(server: RtspServer) -> None:
    """A snapshot is asked for while the model looks at the same picture, at another size."""
    farm_ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_picture(_source: str, look: Look) -> None:
        for _ in range(5):
            assert look.bgr(32, 16).shape == (16, 32, 3)
        loop.call_soon_threadsafe(farm_ready.set)

    async with farm_of(on_picture) as farm:
        farm.watch("cam.dark", server.url("dark"))
        await farm_ready.wait()

        def ask() -> int:
            frames = [farm.newest("cam.dark") for _ in range(100)]
            return sum(frame is not None and frame.bgr.shape == (48, 64, 3) for frame in frames)

        assert await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(3))) == [100] * 3
