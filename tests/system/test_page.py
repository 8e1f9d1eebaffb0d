"""The page in a real browser, before a running EmberEye: what people do there, by clicks and keys."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.demo.clips import Take, take_clip
from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.web import assets
from tests.fakes.ports import free_port
from tests.system.chromium import Chromium, Tab, why_no_chromium
from tests.system.product import Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

LONG_S = 40.0
TILES = "all('section.card').map((one) => one.ariaLabel)"
STATES = "all('ember-zone-card').map((one) => one.shadowRoot.querySelector('header .chip').innerText.trim())"


class House:
    """One camera and two PF devices, of which EmberEye knows one, in a loop of their own; and EmberEye."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        pf_port, self.web_port = free_port(), free_port()
        self.known = PfDevice("127.0.0.1", pf_port, serial="ceiling", period_s=0.25)
        self._stranger = PfDevice("127.0.0.1", pf_port, serial="stranger", period_s=0.5)
        self._camera = RtspServer()
        self._camera.add("desk", take_clip(Take("quiet", 2.0, 2.0, fps=5.0)))
        self._run(self._camera.start())
        both = (self.known, self._stranger)
        self._dialling = [asyncio.run_coroutine_threadsafe(one.run(), self.loop) for one in both]
        site = {
            "name": "Page test",
            "web": {"port": self.web_port},
            "pf": {"host": "127.0.0.1", "port": pf_port},
            "detection": {"shards": 1},
            "zones": [{"id": "hall", "name": "Hall"}],
            "cameras": [{"id": "desk", "name": "Desk", "url": self._camera.url("desk"), "zone": "hall"}],
            "devices": [
                {"id": "ceiling", "name": "Ceiling", "zone": "hall", "identity": "ceiling", "adc1_role": "none"}
            ],
        }
        self.product = Product(folder, site)
        self.product.start()

    def _run(self, work: Awaitable[None]) -> None:
        async def whole() -> None:
            await work

        asyncio.run_coroutine_threadsafe(whole(), self.loop).result(30)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.web_port}/"

    @property
    def settings(self) -> Any:
        """The settings file as it is."""
        return json.loads(self.product.site_file.read_text())

    def end(self) -> None:
        """Leave nothing running."""
        asyncio.run(self.product.stop())
        for one in self._dialling:
            one.cancel()
            with suppress(Exception):
                one.exception(10)
        self._run(self._camera.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running EmberEye for all of these."""
    if reason := why_no_chromium():
        pytest.skip(reason)
    there = House(tmp_path_factory.mktemp("page"))
    yield there
    there.end()


@pytest.fixture(scope="module")
def chromium(house: House) -> Iterator[Chromium]:
    """One browser for all of these."""
    browser = Chromium()
    browser.start()
    yield browser
    browser.stop()


Opened = Callable[..., Any]


@pytest.fixture
def opened(house: House, chromium: Chromium) -> Opened:
    """`async with opened("#settings", "de") as tab`: the page as a reader of a language has it."""

    @asynccontextmanager
    async def page(view: str = "", language: str = "en") -> AsyncIterator[Tab]:
        async with Tab(chromium) as tab:
            await tab.speak(language)
            await tab.size(1200, 1000)
            for _ in range(int(LONG_S)):  # EmberEye may still be starting
                await tab.open(house.url + view)
                with suppress(AssertionError):
                    await tab.until("customElements.get('ember-page') && one('h1')", 2.0)
                    break
            yield tab
            assert tab.complaints == []

    return page


async def test_the_page_shows_the_zone_and_the_cameras_picture(opened: Opened) -> None:
    """Whoever opens the page sees the state of each zone and what the cameras see, without touching anything."""
    async with opened() as tab:
        assert await tab.until(f"{STATES}.includes('Normal') && {STATES}", LONG_S) == ["Normal"]
        await tab.until(TILES + ".includes('Desk')")
        await tab.until("one('.chip.online')", LONG_S)
        assert await tab.until("one('.picture img')?.naturalWidth", LONG_S) == 640
        assert "Ceiling" in await tab.script(TILES)
        assert "Page test" in await tab.script("document.title")


async def test_every_reader_is_spoken_to_in_their_language(opened: Opened) -> None:
    """The page speaks the browser's language, and English to those whose language it does not know."""
    for language, spoken, settings, state in (
        ("de-AT", "de", "Einstellungen", "Normal"),
        ("fr", "fr", "Réglages", "Veille"),
        ("es-MX", "es", "Ajustes", "Reposo"),
        ("pl", "en", "Settings", "Normal"),
    ):
        async with opened("", language) as tab:
            assert settings in await tab.until("one('nav a') && all('nav a').map((each) => each.innerText)")
            assert await tab.script("document.documentElement.lang") == spoken
            assert await tab.until(f"{STATES}[0]", LONG_S) == state


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_wrong_setting_is_refused_in_words(house: House, opened: Opened, language: str) -> None:
    """What contradicts something else is said at its field in the reader's language; it cannot be applied."""
    before = house.product.site_file.read_bytes()
    texts = json.loads(assets.load()[f"i18n/{language}.json"].body)
    forms = json.loads(assets.load()["forms/de.json"].body)
    key = "fixed_alarm_c" if language == "en" else forms["zones.fixed_alarm_c"][0]
    words = texts["mistake_not_below"].format(alarm_key=key, high=85, low=90)
    async with opened("#settings", language) as tab:
        await tab.click("ul.entries button.head", "Hall")
        await tab.click("summary", texts["more_settings"])
        field = "all('ember-setting').find((each) => each.field?.key === 'fixed_pre_c')"
        await tab.until(f"{field}.shadowRoot.querySelector('input').id = 'fixed_pre'")
        await tab.write("#fixed_pre", "90")
        assert await tab.until("one('.mistake') && all('.mistake').map((each) => each.innerText)") == [words]
        apply = "all('.bar button.go').map((each) => each.disabled)"
        assert await tab.script(apply) == [True]
        await tab.write("#fixed_pre", "70")
        await tab.until("!one('.mistake')")
        assert await tab.script(apply) == [False]
        await tab.click(".bar button:last-child")
        await tab.until("one('.bar button.go').disabled")
    assert house.product.site_file.read_bytes() == before


async def test_an_alarm_is_shown_acknowledged_and_reset(house: House, opened: Opened) -> None:
    """The alarm stands on the page by itself, can be acknowledged, stays until it burns no more, and is reset."""
    async with opened() as tab:
        await tab.until(f"{STATES}[0] === 'Normal'", LONG_S)
        house.loop.call_soon_threadsafe(house.known.stage_fire)
        await tab.until("one('ember-banner')?.getAttribute('look') === 'alarm'", LONG_S)
        assert await tab.until(f"{STATES}[0]") == "FIRE ALARM"
        assert "Hall" in await tab.script("one('.banner').innerText")
        assert "FIRE" in await tab.script("document.title")
        await tab.click(".actions button.first", "Acknowledge")
        await tab.until("one('.since .chip', 'Acknowledged')")
        house.loop.call_soon_threadsafe(house.known.end_fire)
        for _ in range(int(LONG_S)):
            if await tab.script(f"{STATES}[0] === 'Normal'"):
                break
            await tab.click(".body .actions button", "Reset")
            await asyncio.sleep(1.0)
        await tab.until(f"{STATES}[0] === 'Normal'")
        assert await tab.script("one('ember-banner').getAttribute('look')") != "alarm"


async def test_a_waiting_pf_device_is_approved(house: House, opened: Opened) -> None:
    """A device that nobody knows is taken in by its form, and stands in the settings and on the page then."""
    async with opened() as tab:
        await tab.until("one('.who', 'stranger')", LONG_S)
        await tab.write("input[name=id]", "new-one")
        await tab.write("input[name=name]", "New one")
        await tab.click("form button")
        await tab.until("one('.answer')")
        assert {row["id"]: row["zone"] for row in house.settings["devices"]} == {"ceiling": "hall", "new-one": "hall"}
        await tab.until(TILES + ".includes('New one')", LONG_S)
