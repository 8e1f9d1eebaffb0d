"""Which devices Home Assistant is told of, and how those that went away are taken from it."""

import asyncio
import logging
from collections.abc import Mapping

from embereye_addon.errors import LinkError, StorageError
from embereye_addon.publish.discovery import About, Batch, Bundle, bundle, encode, leftovers, removal, things_of
from embereye_addon.publish.memory import Announced
from embereye_addon.publish.mqtt import Mqtt
from embereye_addon.publish.outbox import Tier
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.publish.views import INDEXED
from embereye_addon.settings import model

log = logging.getLogger(__name__)

REMOVAL_PAUSE_S = 2.0
"""Home Assistant must have taken up the full bundle before its end means anything."""


class Announcer:
    """The wanted bundles, the remembered ones, and the removals between them.

    A removal counts as done only after a birth of Home Assistant has followed it: before that nobody knows whether
    anyone was listening.
    """

    def __init__(self, topics: Topics, site: model.Site, about: About, file: Announced) -> None:
        self._topics, self._site, self._about, self._file = topics, site, about, file
        self._roles = {device.id: _set_roles(device) for device in site.devices}
        self._wanted: dict[str, Bundle] = {}
        self._gone: dict[str, Bundle] = {}

    async def start(self, mqtt: Mqtt) -> None:
        """Read what was announced before, keep what is wanted now, and remember both."""
        before = await asyncio.to_thread(self._file.load)
        self._recall_roles(before.announced)
        self._wanted = self._bundles()
        self._gone = leftovers({**before.gone, **before.announced}, self._wanted)
        await self._save()
        self._keep(mqtt)

    async def heard_roles(self, mqtt: Mqtt, device_id: str, roles: frozenset[str]) -> None:
        """A PF device has shown which inputs it has: announce their entities."""
        known = self._roles.get(device_id)
        if known is None or roles <= known:
            return
        self._roles[device_id] = known | roles
        self._wanted = self._bundles()
        await self._save()
        self._keep(mqtt)

    async def remove(self, mqtt: Mqtt, *, born: bool) -> None:
        """Take away what is not wanted any more; `born` says that Home Assistant has just started and listens."""
        if not self._gone:
            return
        steps = removal(self._gone, self._wanted)
        try:
            await _publish(mqtt, steps.again)
            await asyncio.sleep(REMOVAL_PAUSE_S)
            await _publish(mqtt, steps.away)
        except LinkError:
            return
        log.info("Removed from Home Assistant what is not set up any more: %d devices changed", len(self._gone))
        mqtt.say_again()
        if born:
            self._gone = {}
            await self._save()

    def _bundles(self) -> dict[str, Bundle]:
        return {
            self._topics.discovery(thing.subject, thing.id): bundle(self._topics, thing, self._about)
            for thing in things_of(self._site, self._roles)
        }

    def _keep(self, mqtt: Mqtt) -> None:
        for topic, wanted in self._wanted.items():
            mqtt.keep(topic, encode(wanted), Tier.DISCOVERY)

    def _recall_roles(self, before: Mapping[str, Bundle]) -> None:
        """An input whose role is found out by itself has its entity still: what was known of it is not unlearnt."""
        for device in self._site.devices:
            if "auto" not in (device.adc1_role, device.adc2_role, device.adc3_role):
                continue
            old = before.get(self._topics.discovery(Subject.PF, device.id), {})
            components = old.get("components")
            if isinstance(components, dict):
                self._roles[device.id] |= {role for role in INDEXED if f"{role}_index" in components}

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._file.save, self._wanted, self._gone)
        except StorageError as error:
            log.warning("%s", error)


def _set_roles(device: model.Device) -> frozenset[str]:
    """The input roles an installer has set."""
    return frozenset((device.adc1_role, device.adc2_role, device.adc3_role, device.digital_role)) & set(INDEXED)


async def _publish(mqtt: Mqtt, batch: Batch) -> None:
    for topic, payload in batch:
        await mqtt.publish(topic, payload, retain=True)
