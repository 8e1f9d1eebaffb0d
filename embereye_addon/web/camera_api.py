"""A camera that is being added: what its stream sends, and how small a fire it would see."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from embereye_addon.web.answers import answer
from embereye_addon.web.bodies import SETTINGS_MAX, decoded
from embereye_addon.web.desk import Desk
from embereye_addon.web.ingress import RefusedError
from embereye_addon.web.settings_api import Draft, Edited, WrongError

Sizes = Callable[[int, float], Mapping[str, object]]
"""Of a picture's width (px) and a lens (degrees across): by label, the heights (m) seen at one metre's distance."""
LIMIT_S: Final = 45.0
LENS_DEG: Final = (5.0, 170.0)
WIDTH_PX: Final = (160.0, 8192.0)


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings as the page has them, and the place of the camera in their list."""

    settings: Edited
    index: int


class CameraApi:
    """POST /api/camera/test, one at a time; GET /api/sizes?lens=&width=."""

    def __init__(self, desk: Desk, draft: Draft, sizes: Sizes) -> None:
        self._desk = desk
        self._draft = draft
        self._sizes = sizes
        self._one_at_a_time = asyncio.Lock()

    async def test(self, request: web.Request) -> web.Response:
        """What the camera sends, in facts and words, with a picture; 422 with what is wrong in its own fields."""
        asked = await decoded(request, Asked, SETTINGS_MAX)
        try:
            camera = await asyncio.to_thread(self._draft.camera, asked.settings, asked.index)
        except WrongError as err:
            return answer({"ok": False, "why": str(err), "findings": err.findings}, 422)
        if self._one_at_a_time.locked():
            raise RefusedError(409, "Another camera is being tested; try again in half a minute")
        async with self._one_at_a_time:
            said: list[bytes] = []
            try:
                async with asyncio.timeout(LIMIT_S):
                    _, words = await self._desk.run(("camera-test", "--json"), said.append, msgspec.json.encode(camera))
            except TimeoutError:
                raise RefusedError(504, "The test of the camera did not end in time") from None
        if not said:
            raise RefusedError(500, f"The test of the camera failed: {words[-300:]}")
        return answer({"ok": True, "why": "", **msgspec.json.decode(said[-1], type=dict[str, Any])})

    async def sizes(self, request: web.Request) -> web.Response:
        """By label, the heights (m) of what is seen at one metre's distance; they grow in proportion to it."""
        lens = _number(request.query.get("lens", ""), LENS_DEG)
        width = _number(request.query.get("width", ""), WIDTH_PX)
        return answer(self._sizes(round(width), lens))


def _number(text: str, bounds: tuple[float, float]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not bounds[0] <= value <= bounds[1]:
        raise RefusedError(400, f"{text[:20]!r} is no number from {bounds[0]:g} to {bounds[1]:g}")
    return value
