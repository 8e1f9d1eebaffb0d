"""The door: bounded in time and size, never elsewhere, its words without a secret."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from embereye_addon.errors import LinkError
from embereye_addon.publish.adapters.calls import ANSWER_MAX, Call, hidden, part
from embereye_addon.publish.adapters.http import Http
from embereye_addon.settings.model import Adapter
from tests.publish.adapters.servers import endless, hang, serving

SECRET = Call("GET", "/geheim/motion", (("pw", "geheim"),), headers={"X-Key": "geheim"})


def door(url: str, **more: Any) -> Http:
    """A door to this server."""
    return Http(Adapter(id="a", kind="webhook", url=url, timeout_s=more.pop("timeout_s", 5.0), **more))


async def words(url: str, **more: Any) -> str:
    """Why nothing could be asked there."""
    with pytest.raises(LinkError) as error:
        await door(url, **more).send(SECRET)
    assert error.value.__cause__ is None
    assert "geheim" not in str(error.value)
    return str(error.value)


@contextlib.asynccontextmanager
async def raw(answer: bytes) -> AsyncIterator[str]:
    """A server of plain bytes."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_server_that_hangs_costs_its_timeout() -> None:
    """A hanging recorder must not hold its adapter for ever."""
    async with serving(hang) as server:
        assert "does not answer within 0.2 s" in await words(server.url, timeout_s=0.2)


async def test_a_body_without_end_is_cut() -> None:
    """Whatever a stranger sends, this process's memory is its own."""
    async with serving(endless) as server:
        answer = await door(server.url).send(Call("GET", "/"))
        assert (answer.status, len(answer.body)) == (200, ANSWER_MAX)


async def test_what_is_no_http_is_told() -> None:
    """Another service on that port."""
    async with raw(b"220 mail.example ESMTP\r\n") as url:
        assert "is no HTTP that can be read" in await words(url)
    async with raw(b"") as url:
        assert "closed the connection" in await words(url)
    async with raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n") as url:
        assert "is no HTTP that can be read" in await words(url)


async def test_nobody_there_is_told() -> None:
    """The three ways in which an address may be wrong."""
    async with raw(b"") as url:
        pass
    assert "nobody listens at 127.0.0.1" in await words(url)
    assert "is not known in this network" in await words("http://no-such-host.invalid:1")
    async with serving(hang) as server:
        assert "TLS with 127.0.0.1" in await words(server.url.replace("http:", "https:"), timeout_s=2.0)


async def test_a_name_is_found() -> None:
    """Not every recorder is set by its number."""

    async def fine(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.host)

    async with serving(fine) as server:
        answer = await door(server.url.replace("127.0.0.1", "localhost")).send(Call("GET", "/"))
        assert answer.body.startswith(b"localhost:")


async def test_a_redirect_is_not_followed() -> None:
    """A password is never carried to where somebody else points."""

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/elsewhere", "Set-Cookie": "a=b"})

    async with serving(away) as server:
        answer = await door(server.url).send(SECRET)
        assert (answer.status, answer.cookies) == (302, {"a": "b"})
        await door(server.url).send(Call("GET", "/again"))
        assert len(server.asked) == 2


async def test_a_name_leads_nowhere_else() -> None:
    """A camera called `..` or `a/b` stays one part of the path, over the wire."""

    async def fine(request: web.Request) -> web.StreamResponse:
        return web.Response()

    async with serving(fine) as server:
        for name in ("..", "a/b", "ä ?#"):
            await door(server.url + "/base/").send(Call("GET", f"/events/{part(name)}/create"))
        assert [path for _method, path in server.asked] == [
            "/base/events/%2E%2E/create",
            "/base/events/a%2Fb/create",
            "/base/events/%C3%A4%20%3F%23/create",
        ]


def test_secrets_are_starred_in_every_form() -> None:
    """What a server echoes may hold what it was sent."""
    settings = Adapter(id="a", kind="webhook", url="http://h", key="k&y12", password="pass word")
    text = hidden("key=k%26y12 pass%20word k&y12 'pass word' token", settings, "token")
    assert text == "key=*** *** *** '***' ***"
