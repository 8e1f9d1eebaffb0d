"""Camera pictures."""

import asyncio

import pytest

from embereye_addon.bus.memory import MemoryBus
from embereye_addon.messages import Snapshot, SnapshotRequest
from embereye_addon.web.ingress import RefusedError
from embereye_addon.web.pictures import Pictures


async def test_many_pages_cost_the_watcher_one_picture() -> None:
    """Ten open pages must not load the detector ten times, nor ask it twice at once."""
    bus = MemoryBus()
    asked: list[SnapshotRequest] = []

    async def watcher(request: SnapshotRequest) -> Snapshot:
        asked.append(request)
        await asyncio.sleep(0.01)
        return Snapshot(source=request.source, at=1.0, jpeg=b"jpeg")

    await bus.answer(SnapshotRequest, watcher, at="cam.north")
    pictures = Pictures(bus)
    answers = await asyncio.gather(*(pictures.get("cam.north", live=True) for _ in range(10)))
    assert {answer.jpeg for answer in answers} == {b"jpeg"}
    assert asked == [SnapshotRequest(source="cam.north", live=True)]
    await pictures.get("cam.north", live=False)
    assert asked[1:] == [SnapshotRequest(source="cam.north", live=False)]
    await bus.close()


async def test_no_picture_is_said_in_words() -> None:
    """A camera without a picture, and one that nobody watches, must say so."""
    bus = MemoryBus()

    async def watcher(request: SnapshotRequest) -> Snapshot:
        return Snapshot(source=request.source, jpeg=b"", why="no picture has come from this camera yet")

    await bus.answer(SnapshotRequest, watcher, at="cam.north")
    pictures = Pictures(bus)
    with pytest.raises(RefusedError, match="no picture has come"):
        await pictures.get("cam.north", live=True)
    with pytest.raises(RefusedError, match=r"No picture: .*none is running"):
        await pictures.get("cam.south", live=True)
    await bus.close()
