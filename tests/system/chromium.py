"""A headless Chromium: started once, and its tabs spoken to by the DevTools protocol, with real clicks and keys."""

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.fakes.ports import free_port

START_S = 30.0
WAIT_S = 25.0
LOOK_S = 0.1
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
_SEARCH = """
window.all = (selector, root = document) => [...root.querySelectorAll("*")].flatMap((one) => [
  ...(one.matches(selector) ? [one] : []),
  ...(one.shadowRoot ? all(selector, one.shadowRoot) : []),
]);
window.one = (selector, words = "") => all(selector).find((each) => (each.innerText ?? "").includes(words));
window.middle = (element) => {
  element.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
};
"""


def why_no_chromium() -> str | None:
    """The reason why no page can be looked at here; None when it can."""
    return None if shutil.which("chromium") else "no Chromium on this machine (Debian package chromium)"


class Chromium:
    """One browser; `start` waits until it answers, `stop` leaves nothing."""

    def start(self) -> None:
        """Start it with an empty profile."""
        self.port = free_port()
        self._profile = Path(tempfile.mkdtemp(prefix="chromium-"))
        self._process = subprocess.Popen(
            ["chromium", *_FLAGS, f"--remote-debugging-port={self.port}", f"--user-data-dir={self._profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end_s = time.monotonic() + START_S
        while not self._answers():
            assert time.monotonic() < end_s, "Chromium does not start"
            time.sleep(LOOK_S)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/json/version", timeout=5).read())
        return False

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._profile, ignore_errors=True)


class Tab:
    """`async with Tab(chromium) as tab`; `complaints` are errors of the page's scripts.

    In its pages `all(selector)` finds elements in shadow trees too, `one(selector, words)` the first with these words.
    """

    def __init__(self, chromium: Chromium) -> None:
        self._at = f"http://127.0.0.1:{chromium.port}/json"
        self._number = 0
        self._ident = ""
        self.complaints: list[str] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        async with self._session.put(f"{self._at}/new?about:blank") as answer:
            page = await answer.json(content_type=None)
        self._ident = page["id"]
        self._socket = await self._session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
        await self.do("Page.enable")
        await self.do("Runtime.enable")
        await self.do("Page.addScriptToEvaluateOnNewDocument", source=_SEARCH)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        with contextlib.suppress(aiohttp.ClientError):
            await (await self._session.get(f"{self._at}/close/{self._ident}")).read()
        await self._session.close()

    async def speak(self, language: str) -> None:
        """What the browser says that its reader speaks, from the next page on."""
        await self.do("Emulation.setUserAgentOverride", userAgent="EmberEye test", acceptLanguage=language)

    async def size(self, width: int, height: int) -> None:
        """How large the window is."""
        await self.do(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def open(self, url: str) -> None:
        """Begin to load a page."""
        await self.do("Page.navigate", url=url)

    async def script(self, source: str) -> Any:
        """What an expression gives, as JSON, true for an element; None when it fails, for the page may be loading."""
        expression = f"((found) => found instanceof Element || found)({source})"
        told = await self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        return None if "exceptionDetails" in told else told["result"].get("value")

    async def until(self, source: str, limit_s: float = WAIT_S) -> Any:
        """Wait for an expression that is true, and give it."""
        end_s = time.monotonic() + limit_s
        while not (found := await self.script(source)):
            seen = await self.script("document.querySelector('ember-page')?.shadowRoot.textContent.slice(0, 3000)")
            assert time.monotonic() < end_s, f"not within {limit_s:.0f} s: {source}\n{self.complaints}\n{seen}"
            await asyncio.sleep(LOOK_S)
        return found

    async def click(self, selector: str, words: str = "") -> None:
        """Press the mouse in the middle of an element, as soon as it is there and can be pressed."""
        found = f"one({json.dumps(selector)}, {json.dumps(words)})"
        await self.until(f"{found} && !{found}.disabled")
        x, y = await self.script(f"middle({found})")
        for what in ("mousePressed", "mouseReleased"):
            await self.do("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)

    async def write(self, selector: str, text: str) -> None:
        """Replace what stands in an input, by keys."""
        await self.click(selector)
        await self.script(f"one({json.dumps(selector)}).select()")
        await self.do("Input.insertText", text=text)
        for what in ("keyDown", "keyUp"):
            await self.do("Input.dispatchKeyEvent", type=what, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    async def picture(self, file: Path, clip: Mapping[str, float] | None = None) -> None:
        """Keep what is seen."""
        more = {} if clip is None else {"clip": {**clip, "scale": 1}}
        shown = await self.do("Page.captureScreenshot", format="png", **more)
        file.write_bytes(base64.b64decode(shown["data"]))

    async def do(self, method: str, **fields: Any) -> Any:
        """One command of the DevTools protocol; errors of the page that come meanwhile are kept."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": fields})
        async for message in self._socket:
            answer = json.loads(message.data)
            if answer.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(answer["params"]["exceptionDetails"])[:2000])
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
        raise RuntimeError("the browser is gone")
