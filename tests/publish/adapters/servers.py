"""Servers that take the documented request shapes of other systems, and nothing else: real HTTP on port 0."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Nvr:
    """One server: everything asked of it, in order, and how it misbehaves for the next so many requests."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refuse: int = 0
    status: int = 500

    def paths(self) -> list[str]:
        """Method and path of every request, in order."""
        return [f"{method} {path}" for method, path in self.asked]


@contextlib.asynccontextmanager
async def serving(answer: Handle) -> AsyncIterator[Nvr]:
    """A server that notes each request, refuses the first `refuse`, and turns a wrong shape into HTTP 400."""
    nvr = Nvr()

    async def take(request: web.Request) -> web.StreamResponse:
        nvr.asked.append((request.method, request.raw_path))
        if nvr.refuse > 0:
            nvr.refuse -= 1
            return web.Response(status=nvr.status)
        try:
            return await answer(request)
        except AssertionError as error:
            nvr.wrong.append(str(error))
            return web.Response(status=400, text="wrong shape")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    nvr.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield nvr
    finally:
        await runner.cleanup()


def parts_of(request: web.Request) -> list[str]:
    """The parts of a path, each decoded by itself."""
    return [unquote(part) for part in request.raw_path.partition("?")[0].split("/")]


class Frigate:
    """Frigate's HTTP API: manual events, and the login of port 8971 when `user` is set."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self.user, self.password = user, password
        self.tokens: list[str] = []
        self.open: dict[str, str] = {}
        self.ended: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        body = json.loads(await request.read() or b"null")
        assert request.content_type == "application/json"
        assert request.query_string == ""
        if request.path == "/api/login":
            assert request.method == "POST"
            if body != {"user": self.user, "password": self.password}:
                return web.json_response({"message": "Login failed"}, status=401)
            self.tokens.append(f"jwt-{len(self.tokens)}")
            answer = web.json_response({})
            answer.set_cookie("frigate_token", self.tokens[-1], httponly=True)
            return answer
        if self.user and request.headers.get("Authorization") != f"Bearer {self.tokens[-1] if self.tokens else ''}":
            return web.json_response({}, status=401)
        parts = parts_of(request)
        if parts[:3] == ["", "api", "events"] and parts[5:] == ["create"]:
            return self._create(request.method, parts[3], parts[4], body)
        assert parts[:3] == ["", "api", "events"]
        assert parts[4:] == ["end"]
        assert (request.method, body) == ("PUT", {})
        if parts[3] not in self.open:
            return web.json_response({"success": False, "message": "not found"}, status=404)
        del self.open[parts[3]]
        self.ended.append(parts[3])
        return web.json_response({"success": True, "message": "Event successfully ended."})

    def _create(self, method: str, camera: str, label: str, body: dict[str, Any]) -> web.StreamResponse:
        assert method == "POST"
        assert set(body) == {"sub_label", "score", "duration", "include_recording"}
        assert body["duration"] is None
        assert body["include_recording"] is True
        assert isinstance(body["score"], int)
        assert len(body["sub_label"]) <= 100
        if camera == "nowhere":
            return web.json_response({"success": False, "message": "nowhere is not a valid camera."}, status=404)
        ident = f"1682970645.13116-{len(self.open) + len(self.ended)}"
        self.open[ident] = f"{camera}/{label}"
        return web.json_response({"success": True, "message": "Successfully created event.", "event_id": ident})


async def blue_iris(request: web.Request) -> web.StreamResponse:
    """Blue Iris's admin command: camera, a bare trigger, memo, user, pw."""
    assert (request.method, request.path) == ("GET", "/admin")
    assert [part.partition("=")[0] for part in request.query_string.split("&")] == [
        "camera",
        "trigger",
        "memo",
        "user",
        "pw",
    ]
    assert "&trigger&" in request.query_string
    assert await request.read() == b""
    if (request.query["user"], request.query["pw"]) != ("joe", "p&w d"):
        return web.Response(status=401)
    assert request.query["memo"].startswith("EmberEye: fire")
    return web.Response(text="signal=green\r\n")


async def agent_dvr(request: web.Request) -> web.StreamResponse:
    """Agent DVR's command: cmd, oid, ot=2, basic authentication."""
    assert (request.method, request.path) == ("GET", "/command.cgi")
    if request.headers.get("Authorization") != "Basic " + base64.b64encode(b"joe:pw").decode():
        return web.Response(status=401)
    assert set(request.query) == {"cmd", "oid", "ot"}
    assert request.query["ot"] == "2"
    assert request.query["cmd"] in ("record", "alert", "recordStop")
    if request.query["oid"] != "7":
        return web.json_response({"error": "not found"})
    return web.json_response({"status": "ok"})


class ZoneMinder:
    """ZoneMinder's API below /zm: the login gives a token, which forces and cancels alarms."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.alarmed: set[str] = set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if request.path == "/zm/api/host/login.json":
            assert request.method == "POST"
            assert request.content_type == "application/x-www-form-urlencoded"
            if dict(await request.post()) != {"user": "joe", "pass": "pw"}:
                return web.json_response({"success": False}, status=401)
            self.tokens.append(f"token.{len(self.tokens)}")
            return web.json_response({"access_token": self.tokens[-1], "access_token_expires": 3600, "version": "1.36"})
        assert request.method == "GET"
        if not self.tokens or dict(request.query) != {"token": self.tokens[-1]}:
            return web.json_response({"success": False}, status=401)
        for command in ("on", "off"):
            if request.path == f"/zm/api/monitors/alarm/id:3/command:{command}.json":
                (self.alarmed.add if command == "on" else self.alarmed.discard)("3")
                return web.json_response({"status": "1", "output": []})
        assert request.path.endswith("/command:on.json")
        return web.json_response({"status": "false", "code": 255, "error": "Invalid monitor"})


async def shinobi(request: web.Request) -> web.StreamResponse:
    """Shinobi's monitor trigger: keys in the path, data as JSON in the query."""
    assert request.method == "GET"
    parts = parts_of(request)
    assert (parts[2], len(parts)) == ("motion", 5)
    if (parts[1], parts[3]) != ("apikey", "group"):
        return web.json_response({"ok": False, "msg": "Not Authorized"})
    assert set(request.query) == {"data"}
    words = json.loads(request.query["data"])
    assert set(words) == {"plug", "name", "reason", "confidence"}
    assert (words["plug"], words["confidence"]) == ("EmberEye", 100)
    assert words["reason"] == ("test" if words["name"] == "Test" else "fire")
    return web.Response(text="Trigger Successful")


async def hang(request: web.Request) -> web.StreamResponse:
    """Take the request and never answer."""
    await asyncio.sleep(3600)
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    """A body without an end."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await answer.write(b"x" * 65536)
    return answer
