"""A gateway on a free port, with somebody who hears what it tells."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray

from embereye_addon.settings.model import Device, Pf
from embereye_addon.sources.pf.gateway import Gateway
from embereye_addon.sources.pf.place import Cache, GatewayEvent


class Hearer:
    """Collects what a gateway tells, and keeps its dumps."""

    def __init__(self) -> None:
        self.told: list[tuple[str, GatewayEvent]] = []
        self.dumps: dict[str, NDArray[np.uint16]] = {}

    def __call__(self, source: str, event: GatewayEvent) -> None:
        self.told.append((source, event))

    def kinds(self, source: str) -> list[str]:
        """The names of the events of one device."""
        return [type(event).__name__ for told, event in self.told if told == source]


class Clock:
    """Monotonic seconds that a test can move on."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def device(name: str, identity: str = "", *, enabled: bool = True) -> Device:
    """One device of the settings."""
    return Device(id=name, name=name.title(), zone="hall", identity=identity, enabled=enabled)


@asynccontextmanager
async def running(
    hearer: Callable[[str, GatewayEvent], None],
    *devices: Device,
    pf: Pf | None = None,
    cache: Cache | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Gateway]:
    """A gateway on a free port."""
    kept = cache or Cache(lambda _: None, lambda _source, _words: None)
    gateway = Gateway(pf or Pf(host="127.0.0.1", port=0), devices, hearer, kept, clock)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


async def until(true: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(25):
        while not true():
            await asyncio.sleep(0.01)
