"""Messages that the tests of the bus send."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.errors import NoRespondersError

from embereye_addon.bus.nats import NatsBus
from embereye_addon.messages import AlarmChanged, Explanation, Sighting, ZoneState

Join = Callable[[], Awaitable[NatsBus]]


def sighting(number: int = 0, source: str = "cam.dock-3") -> Sighting:
    """One camera's empty look."""
    return Sighting(source=source, seq=number, node="node-1", frame=number, model="m", looked=1)


def alarm(number: int, incident: str = "2026-dock-1") -> AlarmChanged:
    """One alarm of a zone; the number tells one change from the next."""
    return AlarmChanged(
        source="panel",
        seq=number,
        id=incident,
        zone="dock",
        name="Dock",
        was=ZoneState.NORMAL,
        now=ZoneState.ALARM,
        cause="sum",
        by="panel",
        explanation=Explanation(rule="sum", text="flame on dock-3", sum_nats=9.0, threshold_nats=6.0),
    )


async def settled(client: Client) -> None:
    """The server has taken all that this client sent; the library's `flush` overtakes what still waits."""
    with contextlib.suppress(NoRespondersError):
        await client.request("nobody", timeout=25)


async def until(true: Callable[[], bool], within_s: float = 25.0) -> None:
    """Wait until it is true; an assertion fails when it does not become so."""
    for _ in range(int(within_s / 0.01)):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true in time")
