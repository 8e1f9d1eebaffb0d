"""What the panel watches beside the evidence: who must speak, its machine's clock and disk, and how late a loss was."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from embereye_addon.alarm import faults as trouble
from embereye_addon.alarm import wall
from embereye_addon.alarm.clock import Now
from embereye_addon.messages import Fault, ProcessHealth
from embereye_addon.observe.disk import Room
from embereye_addon.observe.metrics import DISK_FREE, FAULT_DELAY, FAULTS_STANDING
from embereye_addon.processes.child import Child
from embereye_addon.processes.plan import roles
from embereye_addon.settings.model import Site

_log = logging.getLogger(__name__)

LOSSES = frozenset({"stream_lost", "device_silent", "not_watched", "process_lost", "node_lost"})
"""Faults whose delay is measured: from the last evidence or heartbeat to the fault being shown."""
SUPERVISOR = ".supervisor"
"""What a node's supervisor is called behind the node's name; it speaks for the node."""


def expected(site: Site, node: str, cores: int) -> dict[str, trouble.Expected]:
    """Everything that must speak: every enabled source, every process of this node, its supervisor."""
    text = trouble.CODES["not_watched"]
    sources = [f"cam.{camera.id}" for camera in site.cameras if camera.enabled]
    sources += [f"pf.{device.id}" for device in site.devices if device.enabled]
    sources += [f"ext.{each.id}" for each in site.externals if each.enabled]
    found = {source: trouble.Expected(trouble.SOURCE_SILENCE_S, "not_watched", text) for source in sources}
    for role in roles(site, cores):
        if role.process.name != "panel":
            words = f"The process {role.name} does not answer; it is started again by itself, else read its log"
            found[f"{node}.{role.name}"] = trouble.Expected(trouble.PROCESS_SILENCE_S, "process_lost", words)
    found[f"{node}{SUPERVISOR}"] = _of_node(node)
    return found


def _of_node(node: str) -> trouble.Expected:
    words = (
        f"The machine {node} does not answer, or its supervisor hangs: what ends there is not started again;"
        " look at the machine, its power and network, and restart EmberEye there"
    )
    return trouble.Expected(trouble.PROCESS_SILENCE_S, "node_lost", words)


def with_node(book: trouble.Book, health: ProcessHealth, now_mono_s: float) -> trouble.Book:
    """A supervisor that spoke is missed from then on, for another machine may join at any time."""
    if not health.source.endswith(SUPERVISOR):
        return book
    return trouble.expecting(book, health.source, _of_node(health.node), now_mono_s)


def zones_of(site: Site) -> dict[str, str]:
    """Source id -> zone id, of everything that is enabled."""
    found = {f"cam.{camera.id}": camera.zone for camera in site.cameras if camera.enabled}
    found |= {f"pf.{device.id}": device.zone for device in site.devices if device.enabled}
    found |= {f"ext.{each.id}": each.zone for each in site.externals if each.enabled}
    return found


def watchers_of(site: Site) -> dict[str, frozenset[str]]:
    """Zone id -> the sources that watch it; without zones that nothing watches."""
    zone_of = zones_of(site)
    return {zone: frozenset(key for key in zone_of if zone_of[key] == zone) for zone in set(zone_of.values())}


def measure(
    began: Iterable[Fault], standing: Iterable[tuple[str, str]], signs_s: Mapping[str, float], now: Now
) -> None:
    """Tell the metrics how late each loss was shown, and how many faults stand (code, about)."""
    for fault in began:
        what = {"cam": "camera", "pf": "pf", "ext": "external"}.get(fault.about.partition(".")[0], "process")
        if fault.code in LOSSES and (last_s := signs_s.get(fault.about)) is not None:
            FAULT_DELAY.labels(what).observe(now.mono_s - last_s)
    counts = Counter(code if code in trouble.CODES else "other" for code, _ in standing)
    for code in (*trouble.CODES, "other"):
        FAULTS_STANDING.labels(code).set(counts[code])


@dataclass(slots=True)
class Machine:
    """The clock and the disk below the panel; what is wrong with them is a fault of the panel's process."""

    child: Child
    wall: wall.Wall
    room: Room

    def look_at_clock(self, now: Now) -> float:
        """By how much the clock jumped since the last look (s; 0: it did not); the fault stands until it is steady."""
        self.wall, by_s = wall.look(self.wall, now)
        if by_s:
            _log.warning("%s", self.wall.words)
        self._claim("clock_jump", self.wall.words)
        return by_s

    async def look_at_disk(self) -> None:
        """Ask how much room is left; a disk that hangs holds up nobody."""
        was = self.room.scarce
        await asyncio.to_thread(self.room.look)
        if self.room.free_mib is not None:
            DISK_FREE.set(self.room.free_mib)
        if self.room.scarce and not was:
            _log.warning("%s", self.room.words)
        self._claim("disk_nearly_full", self.room.words)

    def _claim(self, code: str, words: str) -> None:
        if words:
            self.child.faults[code] = words
        else:
            self.child.faults.pop(code, None)


def machine(child: Child, now: Now) -> Machine:
    """The machine that this panel runs on."""
    return Machine(child, wall.begun(now), Room(child.folder.path, child.site.disk.least_free_mib))
