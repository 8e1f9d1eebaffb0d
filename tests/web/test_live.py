"""The live connection."""

import asyncio
from typing import Any

import aiohttp
import msgspec
import pytest

from embereye_addon.messages import ZoneState
from embereye_addon.web import live
from tests.web.samples import Served, everything, panel, served, sighting


async def heard(socket: aiohttp.ClientWebSocketResponse) -> dict[tuple[str, ...], Any]:
    """The next message, as values by path."""
    changes = msgspec.json.decode(await socket.receive_str(timeout=5.0))
    return {tuple(path): value for path, value in changes}


async def said(page: Served, *messages: Any) -> None:
    """Say messages on the bus."""
    for message in messages:
        await page.bus.say(message)


async def test_a_page_gets_everything_first_and_then_what_changes() -> None:
    """A page opened during an alarm must show it at once, and follow what happens."""
    async with served() as page:
        for message in everything():
            page.board.take(message)
        async with page.client.ws_connect("/api/live") as socket:
            state = (await heard(socket))[()]
            assert state["panel"]["state"] == "normal"
            await said(page, panel(ZoneState.ALARM, seq=2))
            changes = await heard(socket)
            assert changes[("panel",)]["state"] == "alarm"
            assert changes[("beat",)]["bus"] is True
            assert set(changes) == {("panel",), ("beat",)}


async def test_the_newest_wins() -> None:
    """A busy camera must not flood a browser: between two messages only its newest look counts."""
    async with served() as page, page.client.ws_connect("/api/live") as socket:
        await heard(socket)
        await said(page, *(sighting(seq) for seq in range(1, 200)))
        await asyncio.sleep(live.PERIOD_S)
        newest: list[int] = []
        while not newest or newest[-1] != 199:
            changes = await heard(socket)
            newest.append(changes[("cameras", "north", "sighting")]["seq"])
        assert len(newest) < 5


async def test_a_page_hears_a_beat_when_nothing_happens() -> None:
    """Silence must not look like normal: a page that hears nothing calls itself stale."""
    async with served() as page, page.client.ws_connect("/api/live") as socket:
        await heard(socket)
        assert set(await heard(socket)) == {("beat",)}


async def test_pages_are_bounded_and_closed_when_the_server_goes() -> None:
    """Forgotten tabs must not use up the server, and a restart must not wait for them."""
    async with served() as page:
        sockets = [await page.client.ws_connect("/api/live") for _ in range(live.VIEWERS_MAX)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await page.client.ws_connect("/api/live")
        assert caught.value.status == 503
        for socket in sockets[1:]:
            await socket.close()
        await heard(sockets[0])
    assert len(page.board.watchers) == 0


async def test_what_a_page_says_is_passed_over() -> None:
    """A stranger who talks must neither reach anything nor fill the memory; the next page is served."""
    async with served() as page:
        async with page.client.ws_connect("/api/live") as socket:
            await socket.send_str("hello")
            assert () in await heard(socket)
            await socket.send_str("x" * (live.HEARD_MAX + 1))
            while not socket.closed:
                await socket.receive(timeout=5.0)
            assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        async with page.client.ws_connect("/api/live") as socket:
            assert () in await heard(socket)


async def test_another_page_cannot_listen() -> None:
    """A web page somewhere must not look through the operator's browser into the building."""
    async with served() as page:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await page.client.ws_connect("/api/live", headers={"Origin": "http://evil.example"})
        assert caught.value.status == 403


class _StuckSocket:
    """A browser that takes nothing: sending to it never ends."""

    async def send_str(self, _text: str) -> None:
        await asyncio.Event().wait()


class _Wire:
    """A connection that remembers being cut."""

    def __init__(self) -> None:
        self.aborted = False

    @property
    def transport(self) -> "_Wire":
        """It is its own transport."""
        return self

    def abort(self) -> None:
        """Cut."""
        self.aborted = True


async def test_a_browser_that_takes_nothing_is_cut_off() -> None:
    """One frozen tablet on the wall must not hold up the others."""
    async with served() as page:
        pages = live.Live(page.board, send_max_s=0.05)
        wire: Any = _Wire()
        stuck: Any = _StuckSocket()
        await pages.send(stuck, live.Viewer(), wire)
        assert wire.aborted
        assert pages.cut_off == 1
