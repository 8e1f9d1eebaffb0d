"""A small site, its messages, and a page's server around them on the memory bus."""

import asyncio
import contextlib
import json
import sys
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.detect.models import Models
from embereye_addon.detect.sizes import at_one_metre
from embereye_addon.messages import (
    Belief,
    Box,
    Fault,
    HotSpots,
    LinkState,
    Message,
    PanelState,
    PendingDevice,
    PendingDevices,
    ProcessHealth,
    Reading,
    Sighting,
    SourceHealth,
    ThermalFrame,
    ZoneState,
    ZoneStatus,
)
from embereye_addon.settings.model import Camera, Device, Site, Web, Zone
from embereye_addon.web import assets
from embereye_addon.web.app import Wiring, build
from embereye_addon.web.board import HEARD, Board
from embereye_addon.web.ingress import Door
from embereye_addon.web.workshop import Workshop

SITE = Site(
    name="Test site",
    web=Web(port=0),
    zones=(Zone(id="dock", name="Dock"),),
    cameras=(Camera(id="north", name="North", url="rtsp://camera.example/1", zone="dock", password="not to be shown"),),
    devices=(Device(id="roof", name="Roof", zone="dock"),),
)
FILES = assets.load()


def panel(state: ZoneState = ZoneState.NORMAL, seq: int = 1) -> PanelState:
    """The panel with its one zone."""
    zone = ZoneStatus(zone="dock", name="Dock", state=state, since=100.0)
    fault = Fault(code="stream_lost", about="cam.north", since=50.0, text="The camera's stream is lost")
    return PanelState(source="panel", seq=seq, revision=seq, state=state, zones=(zone,), faults=(fault,))


def sighting(seq: int = 1, source: str = "cam.north") -> Sighting:
    """One look with one flame."""
    box = Box(label="flame", confidence=0.9, left=0.1, top=0.2, right=0.3, bottom=0.4)
    return Sighting(source=source, seq=seq, at=200.0, node="node1", frame=seq, model="m", looked=seq, boxes=(box,))


def thermal(cells: bytes | None = None) -> ThermalFrame:
    """A frame at 20 °C, or of the given packed cells."""
    packed = zlib.compress(b"\xd0\x07" * 768) if cells is None else cells
    return ThermalFrame(source="pf.roof", at=200.0, cells=packed, ambient_c=25.0, supply_v=3.3)


def reading(channel: str = "ADC1", at: float = 200.0, raw: float = 900.0) -> Reading:
    """One input."""
    return Reading(
        source="pf.roof",
        at=at,
        channel=channel,
        role="smoke",
        raw=raw,
        baseline=890.0,
        change_sigma=0.5,
        warming_up=False,
        stuck=False,
    )


def hot_spots(at: float = 200.0, max_c: float = 24.0) -> HotSpots:
    """One look of a PF device."""
    return HotSpots(source="pf.roof", at=at, node="node1", max_c=max_c, median_c=21.0)


def process(name: str = "node1.panel", at: float = 0.0) -> ProcessHealth:
    """One process."""
    return ProcessHealth(
        source=name, at=at, node="node1", pid=1, rss_mib=30.0, cpu_pct=1.0, loop_lag_ms=0.5, started_at=0.0
    )


def pending(*devices: PendingDevice) -> PendingDevices:
    """Who waits at the gateway; one device unless others are named."""
    waiting = devices or (PendingDevice(identity="AB1234", address="10.0.0.9", first_seen=90.0),)
    return PendingDevices(source="node1.pf_gateway", node="node1", devices=waiting)


def everything() -> tuple[Message, ...]:
    """One message of every kind that the page shows."""
    return (
        panel(),
        Belief(source="panel", zone="dock", sum_nats=1.0, pre_alarm_nats=11.0, alarm_nats=16.0),
        sighting(),
        hot_spots(),
        thermal(),
        reading(),
        SourceHealth(source="cam.north", node="node1", state=LinkState.ONLINE),
        SourceHealth(source="pf.roof", node="node1", state=LinkState.ONLINE),
        pending(),
        process(),
    )


@dataclass(slots=True)
class Served:
    """A page's server as a test sees it: a client, the board behind it, and its end of the bus."""

    client: TestClient[aiohttp.web.Request, aiohttp.web.Application]
    board: Board
    bus: MemoryBus
    hub: Hub


@contextlib.asynccontextmanager
async def served(
    door: Door | None = None,
    site: Site = SITE,
    site_file: Path = Path("/nowhere/site.json"),
    history: Path = Path("/nowhere/history"),
    shop: Workshop | None = None,
    evidence: Path = Path("/nowhere/evidence"),
) -> AsyncIterator[Served]:
    """Serve the real page on a free port of the loopback, hearing a memory bus."""
    hub = Hub()
    bus = MemoryBus(hub)
    board = Board(site, lambda: hub.away)
    for kind in HEARD:
        await bus.hear(kind, board.take)
    wiring = Wiring(
        board=board,
        bus=bus,
        door=door or Door(),
        files=FILES,
        site_file=site_file,
        history=history,
        workshop=shop,
        evidence=evidence,
    )
    app = build(wiring)
    try:
        async with TestClient(TestServer(app)) as client:
            yield Served(client, board, bus, hub)
    finally:
        await bus.close()


def workshop(folder: Path) -> Workshop:
    """A workshop on a data folder, with the real commands."""
    return Workshop(
        command=(sys.executable, "-m", "embereye_addon"),
        folder=folder,
        recordings=folder / "recordings",
        scratch=folder / "scratch",
        models=Models(folder / "models"),
        sizes=at_one_metre,
    )


async def told(page: Served, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """The status and the JSON of a request; a body is sent as JSON."""
    async with page.client.request(method, path, json=body) as answer:
        return answer.status, await answer.json()


async def ended(page: Served) -> dict[str, Any]:
    """The newest job when it has ended."""
    while True:
        _, job = await told(page, "GET", "/api/job")
        if job["state"] != "running":
            return dict(job)
        await asyncio.sleep(0.05)


def settings_file(folder: Path) -> Path:
    """Settings with a zone, a camera with a password, and a broker."""
    file = folder / "site.json"
    camera = {
        "id": "a",
        "name": "A",
        "url": "rtsp://127.0.0.1:9/a",
        "zone": "hall",
        "username": "u",
        "password": "s3cret",
    }
    site = {"zones": [{"id": "hall", "name": "Hall"}], "cameras": [camera], "mqtt": {"host": "b", "password": "hush"}}
    file.write_text(json.dumps(site))
    return file
