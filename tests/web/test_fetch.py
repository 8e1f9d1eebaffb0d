"""One HTTP GET."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from embereye_addon.web.fetch import ANSWER_MAX, fetch
from tests.fakes.ports import free_port


async def test_status_and_body_are_given_and_the_body_is_bounded() -> None:
    """What the Supervisor answers must arrive, with the token sent, and never more than fits."""

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer x"
        return web.Response(status=403, body=b"z" * (2 * ANSWER_MAX))

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        status, body = await fetch(str(server.make_url("/")), {"Authorization": "Bearer x"})
    assert status == 403
    assert 0 < len(body) <= ANSWER_MAX


async def test_no_answer_is_an_os_error() -> None:
    """A Supervisor that is away must be something to try again, not a crash."""
    with pytest.raises(OSError, match="ClientConnectorError"):
        await fetch(f"http://127.0.0.1:{free_port()}/", {})
