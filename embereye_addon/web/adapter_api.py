"""Another system that is told of alarms: a test, as the page has its settings."""

import asyncio
import logging
import time
from collections import deque
from typing import Any, Final

import msgspec
from aiohttp import web

from embereye_addon.web.answers import CALLER, answer
from embereye_addon.web.bodies import SETTINGS_MAX, decoded
from embereye_addon.web.desk import Desk
from embereye_addon.web.ingress import RefusedError
from embereye_addon.web.settings_api import Draft, Edited, WrongError

_log = logging.getLogger(__name__)

LIMIT_S: Final = 120.0
TESTS_MOST: Final = 6
"""So many tests in any minute: somebody who leans on the button must not flood another system."""
MINUTE_S: Final = 60.0


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings as the page has them, and the place of the adapter in their list."""

    settings: Edited
    index: int


class Rate:
    """When the tests of the last minute began (monotonic s)."""

    def __init__(self) -> None:
        self._begun_s: deque[float] = deque()

    def begin(self, now_s: float) -> None:
        """Count one more; `RefusedError` 429 when there were too many of late."""
        while self._begun_s and now_s - self._begun_s[0] >= MINUTE_S:
            self._begun_s.popleft()
        if len(self._begun_s) >= TESTS_MOST:
            wait_s = MINUTE_S - (now_s - self._begun_s[0])
            raise RefusedError(429, f"Too many tests; try again in {wait_s:.0f} s")
        self._begun_s.append(now_s)


class AdapterApi:
    """POST /api/adapter/test, one at a time and `TESTS_MOST` a minute."""

    def __init__(self, desk: Desk, draft: Draft) -> None:
        self._desk = desk
        self._draft = draft
        self._one_at_a_time = asyncio.Lock()
        self._rate = Rate()

    async def test(self, request: web.Request) -> web.Response:
        """What the other system answered to a test, by each of its cameras; 422 with what is wrong in its fields."""
        asked = await decoded(request, Asked, SETTINGS_MAX)
        try:
            adapter = await asyncio.to_thread(self._draft.adapter, asked.settings, asked.index)
        except WrongError as err:
            return answer({"ok": False, "why": str(err), "findings": err.findings}, 422)
        if self._one_at_a_time.locked():
            raise RefusedError(409, "Another test is being sent; wait for its end")
        self._rate.begin(time.monotonic())
        async with self._one_at_a_time:
            _log.info("%s sends a test to another system (%s)", request[CALLER].by, adapter.kind)
            said: list[bytes] = []
            try:
                async with asyncio.timeout(LIMIT_S):
                    _, words = await self._desk.run(("adapters", "--json"), said.append, msgspec.json.encode(adapter))
            except TimeoutError:
                raise RefusedError(504, "The test did not end in time") from None
        if not said:
            raise RefusedError(500, f"The test failed: {words[-300:]}")
        rows = msgspec.json.decode(said[-1], type=list[dict[str, Any]])
        return answer({"ok": True, "why": "", "rows": rows, "timeout_s": adapter.timeout_s})
