"""A headless Chromium that is logged in to Home Assistant and takes pictures of its pages."""

import asyncio
import json
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.system.chromium import Chromium, Tab
from tests.system.homeassistant_api import Api

SIDE_BAR_PX = 256
"""Home Assistant's side bar is left out of pictures."""
_LOAD_S = 60.0
_SETTLE_S = 3.0
_NOT_THERE = '"unknown_command"'
"""The page asked an integration that this small Home Assistant does not have, such as the recorder."""
_BROKEN = "hui-error-card, hui-warning, ha-alert[alert-type=error]"
_SEARCH = (
    "all('%s').map((one) => one.localName + ': ' +"
    " (one.textContent || one.message || one.shadowRoot?.textContent || '').trim())"
)


class Browser:
    """`async with Browser(api) as browser`; `complaints` are errors of pages, in the console and on cards."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._chromium = Chromium()
        self._cards: list[str] = []

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._chromium.start)
        self._tab = await Tab(self._chromium).__aenter__()
        tokens = {
            "access_token": self._api.token,
            "token_type": "Bearer",
            "expires_in": 1800,
            "hassUrl": self._api.url,
            "clientId": f"{self._api.url}/",
            "expires": 4102444800000,
            "refresh_token": "",
        }
        login = f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))});"
        await self._tab.do("Page.addScriptToEvaluateOnNewDocument", source=login)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tab.__aexit__(kind, error, trace)
        await asyncio.to_thread(self._chromium.stop)

    @property
    def complaints(self) -> list[str]:
        """What was wrong so far."""
        return [*(words for words in self._tab.complaints if _NOT_THERE not in words), *self._cards]

    async def picture(self, path: str, shows: str, file: Path, width: int, height: int) -> None:
        """Open a page of Home Assistant, wait for an element that it shows, let it settle, and keep what is seen."""
        await self._tab.size(width, height)
        await self._tab.open(self._api.url + path)
        await self._tab.until(f"all({json.dumps(shows)}).length", _LOAD_S)
        await asyncio.sleep(_SETTLE_S)
        self._cards += [f"{path}: {words}" for words in await self._tab.script(_SEARCH % _BROKEN) or ()]
        clip = {"x": SIDE_BAR_PX, "y": 0, "width": width - SIDE_BAR_PX, "height": height}
        await self._tab.picture(file, clip)
