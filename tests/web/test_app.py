"""The server as a whole."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from embereye_addon.bus.memory import MemoryBus
from embereye_addon.errors import LinkError
from embereye_addon.web.app import Wiring, build, serving
from embereye_addon.web.board import Board
from embereye_addon.web.ingress import COOKIE, Door, cookie_value
from tests.web.samples import FILES, SITE, served

TOKEN = "a token of some length"
SITE_FILE = Path("/nowhere/site.json")


def _wiring(board: Board, bus: MemoryBus) -> Wiring:
    """A page without its past."""
    return Wiring(
        board=board, bus=bus, door=Door(), files=FILES, site_file=SITE_FILE, history=SITE_FILE, evidence=SITE_FILE
    )


async def test_the_page_and_its_files_are_served() -> None:
    """A browser must get the page, its modules with the right type, and a short answer when it has them."""
    async with served() as page:
        async with page.client.get("/") as answer:
            assert answer.status == 200
            assert answer.content_type == "text/html"
            assert "<ember-page>" in await answer.text()
        for path in FILES:
            async with page.client.get(f"/static/{path}") as answer:
                assert answer.status == 200
                tag = answer.headers["ETag"]
            async with page.client.get(f"/static/{path}", headers={"If-None-Match": tag}) as answer:
                assert answer.status == 304
        async with page.client.get("/static/app.js") as answer:
            assert answer.content_type == "text/javascript"


@pytest.mark.parametrize("path", ["nothing.js", "../app.py", "%2e%2e/app.py", "..%2f..%2fmessages.py", "/etc/passwd"])
async def test_no_path_leads_out_of_the_page(path: str) -> None:
    """Nobody may read the settings through the page's files."""
    async with served() as page, page.client.get(f"/static/{path}") as answer:
        assert answer.status == 404
        assert (await answer.json())["ok"] is False


async def test_every_answer_carries_the_security_headers() -> None:
    """A page that shows alarms must not be framed, sniffed or scripted by others; ingress frames it itself."""
    async with served() as page:
        for path in ("/", "/api/state", "/health", "/nothing", "/static/app.js"):
            async with page.client.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "'unsafe" not in policy
                assert "frame-ancestors 'self'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_token_in_the_address_becomes_a_cookie() -> None:
    """A tablet is let in once by its address and from then on by its cookie, which no script and no other page gets."""
    foreign = {"Host": "10.0.0.2:8099"}
    async with served(Door(token=TOKEN)) as page:
        async with page.client.get("/", headers=foreign) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        async with page.client.get("/?token=wrong", headers=foreign) as answer:
            assert answer.status == 401
        async with page.client.get(f"/?token={TOKEN}", headers=foreign) as answer:
            assert answer.status == 200
            cookie = answer.cookies[COOKIE]
            assert cookie.value == cookie_value(TOKEN)
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
        own = {**foreign, "Cookie": f"{COOKIE}={cookie.value}"}
        async with page.client.get("/api/state", headers=own) as answer:
            assert answer.status == 200


async def test_wrong_methods_are_refused_in_words() -> None:
    """Whoever builds on the API must read what is wrong."""
    async with served() as page, page.client.put("/api/state") as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        assert (await answer.json())["why"]


async def test_a_fault_of_ours_shows_no_inside(caplog: pytest.LogCaptureFixture) -> None:
    """An error inside must be in the log and not on the page."""

    def broken() -> bool:
        raise RuntimeError("the inside")

    wiring = Wiring(
        board=Board(SITE, broken),
        bus=MemoryBus(),
        door=Door(),
        files=FILES,
        site_file=SITE_FILE,
        history=SITE_FILE,
        evidence=SITE_FILE,
    )
    async with TestClient(TestServer(build(wiring))) as client, client.get("/health") as answer:
        assert answer.status == 500
        assert "inside" not in await answer.text()
    assert "answering GET /health failed" in caplog.text


async def test_a_taken_port_is_one_clear_message() -> None:
    """The installer must read which port is taken and where to change it."""
    bus_free = Board(SITE, lambda: False)
    async with served() as page:
        app = build(
            Wiring(
                board=bus_free,
                bus=page.bus,
                door=Door(),
                files=FILES,
                site_file=SITE_FILE,
                history=SITE_FILE,
                evidence=SITE_FILE,
            )
        )
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(
                LinkError, match=rf"port {port} on 127.0.0.1 cannot be opened: another program.*web.port"
            ):
                async with serving(app, "127.0.0.1", port):
                    pass


async def test_it_serves_while_the_block_runs() -> None:
    """Stopping must be quick and leave the port free."""
    async with served() as page:
        app = build(
            Wiring(
                board=page.board,
                bus=page.bus,
                door=Door(),
                files={},
                site_file=SITE_FILE,
                history=SITE_FILE,
                evidence=SITE_FILE,
            )
        )
        async with serving(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/health") as answer:
                assert answer.status == 503
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                assert answer.status == 404
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)
