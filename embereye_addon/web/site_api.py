"""What the page and others may read: the state, pictures, trends, health and metrics."""

import asyncio

import msgspec
from aiohttp import web

from embereye_addon.observe import metrics
from embereye_addon.web.answers import answer
from embereye_addon.web.board import Board
from embereye_addon.web.ingress import RefusedError
from embereye_addon.web.pictures import Pictures


class SiteApi:
    """Everything that only looks on."""

    def __init__(self, board: Board, pictures: Pictures) -> None:
        self._board = board
        self._pictures = pictures

    async def state(self, _request: web.Request) -> web.Response:
        """The whole state as one JSON tree."""
        return answer(self._board.state())

    async def incidents(self, _request: web.Request) -> web.Response:
        """The open incidents, each with its alarms and points in order; [] when there is none."""
        return answer(self._board.incidents())

    async def trends(self, request: web.Request) -> web.Response:
        """A PF device's last ten minutes."""
        found = self._board.trends(request.match_info["id"])
        if found is None:
            raise RefusedError(404, "There is no such PF device")
        return answer(found)

    async def live_picture(self, request: web.Request) -> web.Response:
        """A camera's newest picture."""
        return await self._picture(request, live=True)

    async def evidence_picture(self, request: web.Request) -> web.Response:
        """The picture of a camera's strongest evidence of late; its newest one, without boxes, where there is none."""
        return await self._picture(request, live=False)

    async def _picture(self, request: web.Request, *, live: bool) -> web.Response:
        source = self._board.camera(request.match_info["id"])
        if source is None:
            raise RefusedError(404, "There is no such camera")
        snapshot = await self._pictures.get(source, live=live)
        boxes = [(box.label, box.confidence, box.left, box.top, box.right, box.bottom) for box in snapshot.boxes]
        headers = {
            "Cache-Control": "no-store",
            "X-Captured-At": f"{snapshot.at:.3f}",
            "X-Boxes": msgspec.json.encode(boxes).decode(),
        }
        return web.Response(body=snapshot.jpeg, content_type="image/jpeg", headers=headers)

    async def health(self, _request: web.Request) -> web.Response:
        """200 only while the panel is heard and the bus is there: what a watchdog should ask."""
        well, why = self._board.health()
        return answer({"ok": well, "why": why}, 200 if well else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        """Prometheus text."""
        text = await asyncio.to_thread(metrics.render)
        return web.Response(body=text, headers={"Content-Type": metrics.CONTENT_TYPE})
