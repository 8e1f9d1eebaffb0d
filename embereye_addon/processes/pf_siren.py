"""The sirens of PF devices: the panel's side, which orders, and the gateway's, which obeys."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from embereye_addon.bus import Bus
from embereye_addon.errors import BusError
from embereye_addon.messages import Done, EndSound, Sirens, Sound
from embereye_addon.settings.model import Site
from embereye_addon.sources.pf.gateway import Gateway

_log = logging.getLogger(__name__)

AGAIN_S = 5.0
BY_HAND_S = 60.0
"""How long a siren sounds that was sounded by hand without a time."""


@dataclass(slots=True)
class Orders:
    """Tells the gateway on change, and every few seconds, since a restarted gateway knows nothing."""

    bus: Bus
    told: Sirens | None = None
    told_s: float = 0.0

    async def give(self, zones: tuple[str, ...], devices: tuple[str, ...] = ()) -> None:
        """Order these zones' and devices' sirens, if it is time to; a gateway that is away is asked again."""
        now_s, order = time.monotonic(), Sirens(zones=zones, devices=devices)
        if order == self.told and now_s - self.told_s < AGAIN_S:
            return
        try:
            await self.bus.ask(order)
        except BusError as err:
            _log.debug("the sirens cannot be told: %s", err)
            self.told = None
        else:
            self.told, self.told_s = order, now_s


@dataclass(slots=True)
class ByHand:
    """The PF devices (`pf.<id>`) that an operator sounds, each until its monotonic time."""

    until_s: dict[str, float] = field(default_factory=dict)

    def now(self, now_mono_s: float) -> tuple[str, ...]:
        """Those that sound now."""
        self.until_s = {source: until_s for source, until_s in self.until_s.items() if until_s > now_mono_s}
        return tuple(sorted(self.until_s))

    def obey(self, order: Sound | EndSound, site: Site, isolated: bool) -> Done:
        """Start or end one device's siren; words where that cannot be."""
        if order.target not in {f"pf.{device.id}" for device in site.devices if device.siren and device.enabled}:
            return Done(ok=False, why=f"{order.target or 'this'} is no PF device with a siren that is switched on")
        if isinstance(order, EndSound):
            self.until_s.pop(order.target, None)
        elif isolated:
            return Done(ok=False, why="the outputs are isolated; connect them first")
        else:
            self.until_s[order.target] = time.monotonic() + (order.for_s or BY_HAND_S)
        return Done(ok=True)


def obedience(site: Site, gateway: Gateway) -> Callable[[Sirens], Awaitable[Done]]:
    """What answers an order: it tells every device that has a siren what it should do now."""

    async def obey(order: Sirens) -> Done:
        for device in site.devices:
            if device.siren and device.enabled:
                source = f"pf.{device.id}"
                gateway.sound(source, on=device.zone in order.zones or source in order.devices)
        return Done(ok=True)

    return obey
