"""A headless Chromium that is logged in to Home Assistant and takes pictures of its pages."""

import asyncio
import base64
import json
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.fakes.ports import free_port
from tests.system.homeassistant_api import Api

SIDE_BAR_PX = 256
"""Home Assistant's side bar is left out of pictures."""
_START_S = 30.0
_LOAD_S = 60.0
_SETTLE_S = 3.0
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
_NOT_THERE = '"unknown_command"'
"""The page asked an integration that this small Home Assistant does not have, such as the recorder."""
_BROKEN = "hui-error-card, hui-warning, ha-alert[alert-type=error]"
_SEARCH = """(() => {
  const found = [];
  const look = (root) => {
    for (const one of root.querySelectorAll("*")) {
      const words = one.textContent || one.message || one.shadowRoot?.textContent || "";
      if (one.matches("%s")) found.push(one.localName + ": " + words.trim());
      if (one.shadowRoot) look(one.shadowRoot);
    }
  };
  look(document);
  return found;
})()"""


def why_no_browser() -> str | None:
    """The reason why no page can be looked at here; None when it can."""
    return None if shutil.which("chromium") else "no Chromium on this machine (Debian package chromium)"


class Browser:
    """`async with Browser(api) as browser`; `complaints` are errors of pages, in the console and on cards."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._profile = Path(tempfile.mkdtemp(prefix="chromium-"))
        self._number = 0
        self.complaints: list[str] = []

    async def __aenter__(self) -> Self:
        port = free_port()
        self._process = await asyncio.create_subprocess_exec(
            "chromium",
            *_FLAGS,
            f"--remote-debugging-port={port}",
            f"--user-data-dir={self._profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._session = aiohttp.ClientSession()
        async with asyncio.timeout(_START_S):
            while (target := await self._page(port)) is None:
                await asyncio.sleep(0.2)
        self._socket = await self._session.ws_connect(target, max_msg_size=0)
        await self._do("Page.enable")
        await self._do("Runtime.enable")
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
        await self._do("Page.addScriptToEvaluateOnNewDocument", source=login)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._session.close()
        self._process.terminate()
        await self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def picture(self, path: str, shows: str, file: Path, width: int, height: int) -> None:
        """Open a page of Home Assistant, wait for an element that it shows, let it settle, and keep what is seen."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._do("Emulation.setDeviceMetricsOverride", **size)
        await self._do("Page.navigate", url=self._api.url + path)
        async with asyncio.timeout(_LOAD_S):
            while not await self._elements(shows):
                await asyncio.sleep(0.5)
        await asyncio.sleep(_SETTLE_S)
        self.complaints += [f"{path}: {words}" for words in await self._elements(_BROKEN)]
        clip = {"x": SIDE_BAR_PX, "y": 0, "width": width - SIDE_BAR_PX, "height": height, "scale": 1}
        shown = await self._do("Page.captureScreenshot", format="png", clip=clip)
        file.write_bytes(base64.b64decode(shown["data"]))

    async def _elements(self, selector: str) -> list[str]:
        """Name and words of every element that fits, in shadow trees too."""
        found = await self._do("Runtime.evaluate", expression=_SEARCH % selector, returnByValue=True)
        return [str(one) for one in found["result"].get("value", [])]

    async def _page(self, port: int) -> str | None:
        """Where the first tab is spoken to; None while there is none."""
        try:
            async with self._session.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = [row for row in await answer.json() if row["type"] == "page"]
        except aiohttp.ClientError:
            return None
        return str(pages[0]["webSocketDebuggerUrl"]) if pages else None

    async def _do(self, method: str, **fields: Any) -> Any:
        """One command of the DevTools protocol; errors of the page that come meanwhile are kept."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": fields})
        async for message in self._socket:
            answer = json.loads(message.data)
            if answer.get("method") == "Runtime.exceptionThrown":
                words = json.dumps(answer["params"]["exceptionDetails"])
                self.complaints += [] if _NOT_THERE in words else [words[:2000]]
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
        raise RuntimeError("the browser is gone")
