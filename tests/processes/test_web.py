"""The web process."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import msgspec
import pytest

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.processes import web
from embereye_addon.processes.child import Child
from embereye_addon.processes.folder import Folder
from embereye_addon.settings.model import Site, Web
from embereye_addon.web.app import Wiring
from embereye_addon.web.board import Board
from embereye_addon.web.ingress import Door
from tests.fakes.ports import free_port
from tests.web.samples import FILES, SITE, panel


def child(path: Path, hub: Hub, port: int) -> Child:
    """A web process's surroundings on a memory bus."""
    site: Site = msgspec.structs.replace(SITE, web=Web(port=port))
    return Child("web", "node1", Folder(path), site, MemoryBus(hub))


async def asked(port: int, path: str) -> int:
    """The status of a request, once the server answers."""
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            try:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.status
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.02)
    raise AssertionError("the page did not answer")


async def ended(task: asyncio.Task[None]) -> None:
    """Stop it as a SIGTERM does."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_shows_what_the_panel_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process must hear the bus and answer on its port, and stop when told to."""
    monkeypatch.delenv("SUPERVISOR_TOKEN", raising=False)
    hub, port = Hub(), free_port()
    one = child(tmp_path, hub, port)
    running = asyncio.create_task(web.main(one))
    assert await asked(port, "/health") == 503
    await one.bus.say(panel())
    for _ in range(100):
        if await asked(port, "/health") == 200:
            break
        await asyncio.sleep(0.02)
    assert await asked(port, "/health") == 200
    await ended(running)
    await one.bus.close()


async def test_a_taken_port_is_a_fault_until_it_is_free(tmp_path: Path) -> None:
    """A second program on the port must show as a fault, and the page must come by itself when the port is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        one = child(tmp_path, Hub(), port)
        wiring = Wiring(
            history=tmp_path,
            evidence=tmp_path,
            board=Board(one.site, lambda: False),
            bus=one.bus,
            door=Door(),
            files=FILES,
            site_file=tmp_path / "site.json",
        )
        running = asyncio.create_task(web.serve(one, wiring, "127.0.0.1", again_s=0.05))
        while web.PORT_TAKEN not in one.faults:
            await asyncio.sleep(0.01)
        assert str(port) in one.faults[web.PORT_TAKEN]
        await asyncio.sleep(0.1)
    assert await asked(port, "/") == 200
    assert one.faults == {}
    await ended(running)
    await one.bus.close()
