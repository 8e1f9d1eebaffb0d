"""Outgoing connections, for devices behind a serial bridge that listens: dialled again for ever, with a back-off."""

import asyncio
import random
from collections.abc import Callable

from embereye_addon.sources.pf.connection import Connection
from embereye_addon.sources.pf.place import Place

ANSWER_S = 10.0


def split_address(address: str) -> tuple[str, int]:
    """Host and port of a checked `host:port`; an IPv6 host stands in brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def in_words(err: OSError) -> str:
    """Why nobody was reached."""
    if isinstance(err, TimeoutError):
        return f"no answer in {ANSWER_S:.0f} s"
    if isinstance(err, ConnectionRefusedError):
        return "nothing listens at this address and port"
    return f"the address cannot be reached ({err.strerror or type(err).__name__})"


async def keep_dialling(
    place: Place,
    make: Callable[[], Connection],
    lost: Callable[[str], float],
) -> None:
    """Dial the device of `place` until cancelled. `lost` hears why nobody was reached and gives the wait in seconds."""
    host, port = split_address(place.device.dial)
    loop = asyncio.get_running_loop()
    while True:
        try:
            async with asyncio.timeout(ANSWER_S):
                _, connection = await loop.create_connection(make, host, port)
            await connection.ended.wait()
            delay_s = place.delay_s
        except OSError as err:
            delay_s = lost(f"{place.device.dial}: {in_words(err)}")
        await asyncio.sleep(delay_s * (0.5 + 0.5 * random.random()))
