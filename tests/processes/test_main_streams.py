"""Main streams: opened for the oldest suspicions, few at once, and never missed when they fail."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.processes.main_streams import BLIND_S, KEPT_S, MOST, REST_S, MainStreams, Suspicion, chosen
from embereye_addon.settings.model import Camera
from tests.fakes.cameras import grey_clip, until


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtspServer]:
    """One main stream that works."""
    running = RtspServer()
    running.add("main", grey_clip(60))
    await running.start()
    yield running
    await running.stop()


def cameras(*urls: str | None) -> dict[str, Camera]:
    """Cameras `cam.0`, `cam.1`, … with these main streams."""
    return {
        f"cam.{index}": Camera(id=str(index), name="c", url="rtsp://h/", zone="z", main_url=url)
        for index, url in enumerate(urls)
    }


def test_the_oldest_suspicions_are_served_first_and_not_too_many() -> None:
    """Eighty cameras that see the same smoke must not open eighty large streams."""
    suspicions = {f"cam.{index}": Suspicion(10.0 - index, 10.0) for index in range(5)}
    assert chosen(suspicions, 10.0) == ("cam.4", "cam.3")
    suspicions["cam.4"].rest_until_s = 20.0
    assert chosen(suspicions, 10.0) == ("cam.3", "cam.2")
    assert chosen(suspicions, 20.0) == ("cam.4", "cam.3")
    assert chosen({}, 0.0) == ()
    assert MOST == 2


@pytest.mark.timeout(40)
async def test_a_main_stream_is_open_while_something_is_suspected(server: RtspServer) -> None:
    """It helps for the closer look, and is closed again: it costs as much as many substreams."""
    mains = MainStreams(cameras(server.url("main"), None), "software")
    try:
        now_s = time.monotonic()
        mains.suspect("cam.1", now_s)
        await asyncio.to_thread(mains.tick, now_s)
        assert mains.open() == (), "a camera without a main stream has none"
        mains.suspect("cam.0", now_s)
        await asyncio.to_thread(mains.tick, now_s)
        assert mains.open() == ("cam.0",)
        await until(lambda: mains.newest("cam.0"), 20.0)
        look = mains.newest("cam.0")
        assert look is not None
        assert look.size == (64, 48)
        later_s = time.monotonic() + KEPT_S - 1.0
        mains.suspect("cam.0", later_s)
        await asyncio.to_thread(mains.tick, time.monotonic())
        assert mains.open() == ("cam.0",)
        await asyncio.to_thread(mains.tick, later_s + KEPT_S + 1.0)
        assert mains.open() == ()
        assert mains.newest("cam.0") is None
    finally:
        await asyncio.to_thread(mains.stop)


async def test_a_main_stream_that_fails_makes_room_and_is_tried_again() -> None:
    """A wrong URL must not keep another camera's closer look away."""
    mains = MainStreams(cameras(*["rtsp://127.0.0.1:9/x"] * 3), "software")
    try:
        for source, since_s in (("cam.0", 1.0), ("cam.1", 2.0), ("cam.2", 3.0)):
            mains.suspect(source, since_s)
        await asyncio.to_thread(mains.tick, 4.0)
        assert set(mains.open()) == {"cam.0", "cam.1"}
        for source in ("cam.0", "cam.1", "cam.2"):
            mains.suspect(source, 4.0 + BLIND_S)
        await asyncio.to_thread(mains.tick, 4.5 + BLIND_S)
        assert set(mains.open()) == {"cam.2"}
        for source in ("cam.0", "cam.1"):
            mains.suspect(source, 5.0 + BLIND_S + REST_S)
        await asyncio.to_thread(mains.tick, 5.0 + BLIND_S + REST_S)
        assert set(mains.open()) == {"cam.0", "cam.1"}
        mains.forget("cam.0")
        assert set(mains.open()) == {"cam.1"}
        mains.forget("cam.7")
    finally:
        await asyncio.to_thread(mains.stop)
    assert mains.open() == ()
    mains.stop()
