"""What may be read."""

import msgspec

from embereye_addon.messages import Box, PanelState, Snapshot, SnapshotRequest
from tests.samples import INCIDENT
from tests.web.samples import Served, everything, served


async def get(page: Served, path: str) -> tuple[int, dict[str, object]]:
    """Status and JSON."""
    async with page.client.get(path) as answer:
        return answer.status, await answer.json()


async def test_the_state_is_one_tree() -> None:
    """Whoever builds on the API gets everything by one request."""
    async with served() as page:
        for message in everything():
            page.board.take(message)
        status, state = await get(page, "/api/state")
        assert status == 200
        assert set(state) == {
            "site",
            "panel",
            "pending",
            "beliefs",
            "cameras",
            "devices",
            "externals",
            "processes",
            "beat",
        }


async def test_the_open_incidents_are_listed() -> None:
    """Whoever builds on the API has to put alarms together again."""
    async with served() as page:
        async with page.client.get("/api/incidents") as answer:
            assert await answer.json() == []
        for message in everything():
            page.board.take(message)
        (state,) = [message for message in everything() if isinstance(message, PanelState)]
        page.board.take(msgspec.structs.replace(state, incidents=(INCIDENT,)))
        listed = msgspec.json.decode(msgspec.json.encode([INCIDENT]))
        async with page.client.get("/api/incidents") as answer:
            assert (answer.status, await answer.json()) == (200, listed)


async def test_a_picture_comes_with_its_time_and_boxes() -> None:
    """The evidence must be shown where it was seen, and an old picture must be known as old."""
    async with served() as page:
        box = Box(label="flame", confidence=0.9, left=0.1, top=0.2, right=0.3, bottom=0.4)

        async def watcher(request: SnapshotRequest) -> Snapshot:
            boxes = () if request.live else (box,)
            return Snapshot(source=request.source, at=12.5, jpeg=b"\xff\xd8jpeg", boxes=boxes)

        await page.bus.answer(SnapshotRequest, watcher, at="cam.north")
        for path, boxes in (
            ("/api/camera/north.jpg", "[]"),
            ("/api/camera/north/evidence.jpg", '[["flame",0.9,0.1,0.2,0.3,0.4]]'),
        ):
            async with page.client.get(path) as answer:
                assert answer.status == 200
                assert answer.content_type == "image/jpeg"
                assert answer.headers["X-Boxes"] == boxes
                assert answer.headers["X-Captured-At"] == "12.500"
                assert await answer.read() == b"\xff\xd8jpeg"


async def test_no_picture_and_no_such_thing_are_said() -> None:
    """A tile without a picture must be able to say why."""
    async with served() as page:
        status, said = await get(page, "/api/camera/north.jpg")
        assert status == 503
        assert "No picture" in str(said["why"])
        for path in ("/api/camera/south.jpg", "/api/device/south/trends", "/api/nothing"):
            status, said = await get(page, path)
            assert status == 404
            assert said["why"]


async def test_trends_are_given_by_value() -> None:
    """The plots get their past."""
    async with served() as page:
        for message in everything():
            page.board.take(message)
        status, trends = await get(page, "/api/device/roof/trends")
        assert status == 200
        assert trends == {"max_c": [[200.0], [24.0]], "ADC1": [[200.0], [900.0]]}


async def test_health_tells_the_watchdog() -> None:
    """A system whose panel is gone must be restarted, a healthy one must not."""
    async with served() as page:
        status, said = await get(page, "/health")
        assert (status, said["ok"]) == (503, False)
        page.board.take(everything()[0])
        status, said = await get(page, "/health")
        assert (status, said["ok"]) == (200, True)
        page.hub.away = True
        assert (await get(page, "/health"))[0] == 503


async def test_metrics_are_prometheus_text() -> None:
    """The installer's Prometheus reads the page's metrics."""
    async with served() as page, page.client.get("/metrics") as answer:
        assert answer.status == 200
        assert "embereye_alarm_latency_seconds" in await answer.text()
