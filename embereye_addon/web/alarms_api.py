"""The alarms of the past: what is kept of each, and its pictures, films and heat."""

import asyncio
from typing import Final

import msgspec
from aiohttp import web

from embereye_addon.evidence import Evidence
from embereye_addon.web.answers import answer
from embereye_addon.web.ingress import RefusedError

MOST: Final = 50
AT_A_TIME: Final = 4
"""Questions that read the disk at once."""
TYPES: Final = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
}
FILE_HEADERS: Final = {"Cache-Control": "private, max-age=86400"}
"""A kept file never changes under its name, but it may be removed."""


class AlarmsApi:
    """Reads what the keeper of evidence has written; names that are in no index are not there."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._reading = asyncio.Semaphore(AT_A_TIME)

    async def listed(self, request: web.Request) -> web.Response:
        """The newest alarms, at most `most` (1 to 50)."""
        text = request.query.get("most", str(MOST))
        most = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
        if not 1 <= most <= MOST:
            raise RefusedError(400, f"'most' is not a number from 1 to {MOST}")
        async with self._reading:
            found = await asyncio.to_thread(self._evidence.listed, most)
        return answer({"alarms": [msgspec.to_builtins(each) for each in found]})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One file of one alarm, also in parts (Range), as players of films ask for it."""
        ident, name = request.match_info["id"], request.match_info["name"]
        async with self._reading:
            path = await asyncio.to_thread(self._evidence.path, ident, name)
        if path is None:
            raise RefusedError(404, "This is not kept, or not any more")
        response = web.FileResponse(path, headers=FILE_HEADERS)
        response.content_type = TYPES[path.suffix]
        return response
