"""The sirens of PF devices: the panel's side, which orders, and the gateway's, which obeys."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from embereye_addon.bus import Bus
from embereye_addon.errors import BusError
from embereye_addon.messages import Done, Sirens
from embereye_addon.settings.model import Site
from embereye_addon.sources.pf.gateway import Gateway

_log = logging.getLogger(__name__)

AGAIN_S = 5.0


@dataclass(slots=True)
class Orders:
    """Tells the gateway on change, and every few seconds, since a restarted gateway knows nothing."""

    bus: Bus
    told: tuple[str, ...] | None = None
    told_s: float = 0.0

    async def give(self, zones: tuple[str, ...]) -> None:
        """Order these zones' sirens, if it is time to; a gateway that is away is asked again."""
        now_s = time.monotonic()
        if zones == self.told and now_s - self.told_s < AGAIN_S:
            return
        try:
            await self.bus.ask(Sirens(zones=zones))
        except BusError as err:
            _log.debug("the sirens cannot be told: %s", err)
            self.told = None
        else:
            self.told, self.told_s = zones, now_s


def obedience(site: Site, gateway: Gateway) -> Callable[[Sirens], Awaitable[Done]]:
    """What answers an order: it tells every device that has a siren what it should do now."""

    async def obey(order: Sirens) -> Done:
        for device in site.devices:
            if device.siren and device.enabled:
                gateway.sound(f"pf.{device.id}", on=device.zone in order.zones)
        return Done(ok=True)

    return obey
