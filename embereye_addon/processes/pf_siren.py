"""The sirens of PF devices: the panel's side, which orders, and the gateway's, which obeys."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from embereye_addon.alarm import service
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.panel import Panel
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


def by_hand(panel: Panel, now: Now) -> tuple[str, ...]:
    """The PF devices (`pf.<id>`) that an operator sounds now."""
    return tuple(sorted(source for source, each in panel.sounded.items() if not service.over(each, now)))


def _with_siren(site: Site) -> frozenset[str]:
    return frozenset(f"pf.{device.id}" for device in site.devices if device.siren and device.enabled)


def still_there(panel: Panel, site: Site) -> Panel:
    """The panel after a start: a siren that left the settings is not sounded any more."""
    there = _with_siren(site)
    return replace(panel, sounded={source: each for source, each in panel.sounded.items() if source in there})


def ordered(panel: Panel, order: Sound | EndSound, site: Site, now: Now) -> tuple[Panel, Done]:
    """The panel after one device's siren was sounded or ended by hand; words where that cannot be."""
    if order.target not in _with_siren(site):
        why = f"{order.target or 'this'} is no PF device with a siren that is switched on"
        return panel, Done(ok=False, why=why)
    sounded = {source: each for source, each in panel.sounded.items() if source != order.target}
    if isinstance(order, Sound):
        if panel.isolated is not None:
            return panel, Done(ok=False, why="the outputs are isolated; connect them first")
        sounded[order.target] = service.out(order.for_s or BY_HAND_S, order.by, now)
    return replace(panel, sounded=sounded, revision=panel.revision + 1), Done(ok=True)


def obedience(site: Site, gateway: Gateway) -> Callable[[Sirens], Awaitable[Done]]:
    """What answers an order: it tells every device that has a siren what it should do now."""

    async def obey(order: Sirens) -> Done:
        for device in site.devices:
            if device.siren and device.enabled:
                source = f"pf.{device.id}"
                gateway.sound(source, on=device.zone in order.zones or source in order.devices)
        return Done(ok=True)

    return obey
