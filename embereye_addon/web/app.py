"""The page's server: routes, who is let in, security headers, and a port that may be taken."""

import contextlib
import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from embereye_addon.bus import Bus
from embereye_addon.errors import LinkError
from embereye_addon.evidence import Evidence
from embereye_addon.web import assets
from embereye_addon.web.alarms_api import AlarmsApi
from embereye_addon.web.answers import CALLER, Answerer, in_words
from embereye_addon.web.board import Board
from embereye_addon.web.devices_api import DevicesApi
from embereye_addon.web.history_api import HistoryApi
from embereye_addon.web.ingress import COOKIE, Asked, Door, RefusedError, admit, cookie_value, from_own_page
from embereye_addon.web.live import Live
from embereye_addon.web.panel_api import PanelApi
from embereye_addon.web.pictures import Pictures
from embereye_addon.web.settings_api import Draft, SettingsApi
from embereye_addon.web.site_api import SiteApi
from embereye_addon.web.workshop import Workshop, open_workshop

BODY_MAX: Final = 16 * 1024
STOP_S: Final = 1.0
LIVE: Final = "/api/live"
COOKIE_AGE_S: Final = 90 * 24 * 3600
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",  # ingress shows the page in a frame of the same origin
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the page needs: board, bus, door, its files by path, the settings file, the devices' past heat, what is
    kept of alarms, and what long work needs (None: there is none).
    """

    board: Board
    bus: Bus
    door: Door
    files: dict[str, assets.Asset]
    site_file: Path
    history: Path
    evidence: Path
    workshop: Workshop | None = None


def build(wiring: Wiring) -> web.Application:
    """The application, ready to be served."""
    live = Live(wiring.board)
    app = web.Application(middlewares=[in_words, _gate(wiring.door)], client_max_size=BODY_MAX)
    app.router.add_get(LIVE, live.view)
    _look_on(app, wiring)
    _change(app, wiring)
    index = wiring.files.get(assets.INDEX)
    policy = POLICY.format(hashes=assets.script_hashes(index.body) if index else "")

    async def secure(_request: web.Request, response: web.StreamResponse) -> None:
        for name, value in HEADERS.items():
            response.headers[name] = value
        response.headers["Content-Security-Policy"] = policy

    async def stop(_app: web.Application) -> None:
        await live.close()

    app.on_response_prepare.append(secure)
    app.on_shutdown.append(stop)
    return app


def _look_on(app: web.Application, wiring: Wiring) -> None:
    """The page, its files, and everything that only shows."""
    files = _Files(wiring.files)
    site = SiteApi(wiring.board, Pictures(wiring.bus))
    history = HistoryApi(wiring.board.is_device, wiring.history)
    alarms = AlarmsApi(Evidence(wiring.evidence))
    app.router.add_get("/", files.page)
    app.router.add_get("/static/{path:.+}", files.file)
    app.router.add_get("/api/state", site.state)
    app.router.add_get("/api/incidents", site.incidents)
    app.router.add_get("/api/camera/{id}.jpg", site.live_picture)
    app.router.add_get("/api/camera/{id}/evidence.jpg", site.evidence_picture)
    app.router.add_get("/api/device/{id}/trends", site.trends)
    app.router.add_get("/api/device/{id}/history", history.history)
    app.router.add_get("/api/alarms", alarms.listed)
    app.router.add_get("/api/alarms/{id}/{name}", alarms.file)
    app.router.add_get("/health", site.health)
    app.router.add_get("/metrics", site.metrics)


def _change(app: web.Application, wiring: Wiring) -> None:
    """Orders, and what an installer does."""
    draft = Draft(wiring.site_file)
    settings = SettingsApi(draft, inside=wiring.door.inside)
    app.router.add_post("/api/panel/{command}", PanelApi(wiring.bus).command)
    app.router.add_post("/api/devices/approve", DevicesApi(wiring.board, wiring.site_file).approve)
    app.router.add_get("/api/settings", settings.shown)
    app.router.add_post("/api/settings", settings.apply)
    app.router.add_post("/api/settings/check", settings.check)
    app.router.add_post("/api/settings/restore", settings.restore)
    if wiring.workshop is not None:
        open_workshop(app, wiring.workshop, draft, Evidence(wiring.evidence))


def _gate(door: Door) -> Middleware:
    """Lets in whom `ingress.admit` lets in, and only our own page may change something."""

    @web.middleware
    async def gate(request: web.Request, handler: Answerer) -> web.StreamResponse:
        asked = Asked(
            peer=request.remote or "",
            path=request.path,
            headers=request.headers,
            cookie=request.cookies.get(COOKIE, ""),
            query_token=request.query.get("token", ""),
        )
        caller = admit(door, asked)
        if (request.method != "GET" or request.path == LIVE) and not from_own_page(caller, request.headers):
            raise RefusedError(403, "This came from another page and is refused")
        request[CALLER] = caller
        response = await handler(request)
        if caller.set_cookie and not response.prepared:
            value = cookie_value(door.token)
            response.set_cookie(COOKIE, value, max_age=COOKIE_AGE_S, httponly=True, samesite="Strict")
        return response

    return gate


class _Files:
    """The page and its files, from memory."""

    def __init__(self, files: dict[str, assets.Asset]) -> None:
        self._files = files

    async def page(self, request: web.Request) -> web.Response:
        return self._give(request, assets.INDEX)

    async def file(self, request: web.Request) -> web.Response:
        return self._give(request, request.match_info["path"])

    def _give(self, request: web.Request, path: str) -> web.Response:
        asset = self._files.get(path)
        if asset is None:
            raise RefusedError(404, "There is no such file")
        headers = {"ETag": f'"{asset.tag}"', "Cache-Control": "no-cache"}
        if asset.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=asset.body, content_type=asset.type, charset="utf-8", headers=headers)


@contextlib.asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the block runs; gives the port (0 picks a free one). `LinkError` in words when it cannot be had."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as err:
            taken = err.errno == errno.EADDRINUSE
            why = "another program uses it" if taken else err.strerror or type(err).__name__
            raise LinkError(f"the page's port {port} on {host} cannot be opened: {why}; see web.port") from err
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
