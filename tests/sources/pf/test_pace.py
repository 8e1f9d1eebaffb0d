"""Frames faster than they can be judged: everything is read, the newest is judged, nobody starves."""

import asyncio
from typing import Any

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.connection import Connection
from embereye_addon.sources.pf.events import FrameSeen
from embereye_addon.sources.pf.pace import TURN_FRAMES, Pace
from tests.fakes.pf_client import PfClient, eeprom, frame
from tests.sources.pf.gateways import Hearer, device, running, until

ROOM = next(iter(shipped_frames().values()))


async def test_a_turn_judges_so_many_and_the_rest_waits_its_turn() -> None:
    """One device's flood must not keep the loop from reading the others."""
    judged: list[Connection] = []
    pace = Pace(judged.append)
    behind = [pace.behind]
    pace.judged(TURN_FRAMES)
    behind.append(pace.behind)
    await asyncio.sleep(0)
    behind.append(pace.behind)
    waiting: list[Any] = [object() for _ in range(TURN_FRAMES + 2)]
    for connection in (*waiting, waiting[0]):
        pace.hold(connection)
    behind.append(pace.behind)
    assert pace.waiting == TURN_FRAMES + 2
    await asyncio.sleep(0)
    assert judged == waiting[:TURN_FRAMES]
    behind.append(pace.behind)
    await asyncio.sleep(0)
    assert judged == waiting
    behind.append(pace.behind)
    assert behind == [False, True, False, True, True, False]
    pace.hold(waiting[0])
    pace.stop()
    await asyncio.sleep(0)
    assert pace.waiting == 0
    assert judged == waiting
    pace.stop()


async def test_devices_that_speak_at_once_are_all_judged() -> None:
    """More devices in one moment than are judged in one turn: all are judged, one frame each, none is lost."""
    hearer = Hearer()
    names = [f"d{number}" for number in range(TURN_FRAMES + 6)]
    async with running(hearer, *(device(name) for name in names)) as gateway:
        clients = [PfClient(gateway.port) for _ in names]
        for name, client in zip(names, clients, strict=True):
            await client.__aenter__()
            await client.send(f"#serialno:{name}!\r\n".encode() + eeprom(shipped_eeprom()))
        await until(lambda: all("Calibrated" in hearer.kinds(f"pf.{name}") for name in names))
        for client in clients:
            await client.send(frame(ROOM))
        await until(lambda: sum(isinstance(event, FrameSeen) for _, event in hearer.told) == len(names))
        assert all(hearer.kinds(f"pf.{name}").count("FrameSeen") == 1 for name in names)
        assert gateway.failures == 0
        for client in clients:
            await client.__aexit__(None, None, None)
