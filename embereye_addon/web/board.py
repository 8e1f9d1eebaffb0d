"""The newest of everything the page shows, bounded by the things in the settings."""

import base64
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from embereye_addon import __version__
from embereye_addon.messages import (
    Belief,
    HotSpots,
    Incident,
    Message,
    PanelState,
    PendingDevice,
    PendingDevices,
    ProcessHealth,
    Reading,
    Sighting,
    SourceHealth,
    ThermalFrame,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.settings.model import Site
from embereye_addon.settings.profiles import rules
from embereye_addon.settings.registration import Registration, parse
from embereye_addon.thermal.cells import read
from embereye_addon.web.trends import Trend

Path = tuple[str, ...]
Watcher = Callable[[Path], None]

HEARD: Final = (
    PanelState,
    Belief,
    Sighting,
    HotSpots,
    ThermalFrame,
    Reading,
    SourceHealth,
    PendingDevices,
    ProcessHealth,
)
"""The types of fact that the board takes."""
_CAMERA_KEYS: Final[dict[type, str]] = {Sighting: "sighting", SourceHealth: "health"}
_DEVICE_KEYS: Final[dict[type, str]] = {HotSpots: "hot_spots", ThermalFrame: "thermal", SourceHealth: "health"}
_EXTERNAL_KEYS: Final[dict[type, str]] = {Reading: "reading", SourceHealth: "health"}
CHANNELS_MAX: Final = 16
"""Inputs shown of one device; a PF device has five."""
PROCESSES_MAX: Final = 64
PANEL_SILENCE_S: Final = 15.0
"""`topology`: the longest silence of panel_state."""


class Board:
    """What is known now. `take` facts; each that changes the picture is told to every watcher by its path."""

    def __init__(self, site: Site, away: Callable[[], bool], now_mono_s: Callable[[], float] = time.monotonic) -> None:
        self.watchers: set[Watcher] = set()
        self.strange = 0
        self._away = away
        self._now_mono_s = now_mono_s
        self._names = _names(site)
        self._zones = {zone.id for zone in site.zones}
        self._cameras = {f"cam.{camera.id}": camera.id for camera in site.cameras}
        self._devices = {f"pf.{device.id}": device.id for device in site.devices}
        self._externals = {f"ext.{each.id}": each.id for each in site.externals}
        self._facts: dict[Path, Any] = {}
        self._trends: dict[tuple[str, str], Trend] = {}
        self._panel_mono_s: float | None = None

    # --- facts in -----------------------------------------------------------------------------------------
    def take(self, fact: Message) -> None:
        """Keep a fact as the newest of its kind; one about nothing in the settings is counted and dropped."""
        path = self._path(fact)
        if path is None:
            self.strange += 1
            return
        value: Any = fact
        if isinstance(fact, PanelState):
            self._panel_mono_s = self._now_mono_s()
        elif isinstance(fact, ThermalFrame):
            value = thermal_view(fact)
        elif isinstance(fact, HotSpots):
            self._trend(path[1], "max_c").add(fact.at, fact.max_c)
        elif isinstance(fact, Reading) and path[0] == "devices":
            self._trend(path[1], fact.channel).add(fact.at, fact.raw)
        self._facts[path] = value
        for watcher in self.watchers:
            watcher(path)

    def _path(self, fact: Message) -> Path | None:
        """Where a fact belongs in the state, if it does."""
        match fact:
            case PanelState():
                return ("panel",)
            case Belief():
                return ("beliefs", fact.zone) if fact.zone in self._zones else None
            case PendingDevices():
                return ("pending",)
            case ProcessHealth():
                return self._process(fact.source)
            case _:
                return self._of_source(fact)

    def _of_source(self, fact: Message) -> Path | None:
        """The place of what a camera or a PF device says, if it is in the settings."""
        camera, device = self._cameras.get(fact.source), self._devices.get(fact.source)
        if camera is not None:
            key = _CAMERA_KEYS.get(type(fact))
            return ("cameras", camera, key) if key else None
        if device is None:
            return self._of_external(fact)
        if isinstance(fact, Reading):
            return self._channel(device, fact.channel)
        key = _DEVICE_KEYS.get(type(fact))
        return ("devices", device, key) if key else None

    def _of_external(self, fact: Message) -> Path | None:
        """The place of what a detector from elsewhere says, and of how it is heard."""
        ident, key = self._externals.get(fact.source), _EXTERNAL_KEYS.get(type(fact))
        return ("externals", ident, key) if ident is not None and key is not None else None

    def _channel(self, device: str, channel: str) -> Path | None:
        """A device's input; no more of them than `CHANNELS_MAX`."""
        path = ("devices", device, "readings", channel)
        known = sum(1 for other in self._facts if other[:3] == path[:3])
        return path if path in self._facts or known < CHANNELS_MAX else None

    def _process(self, source: str) -> Path:
        """A process's place; where there are too many, the one silent for longest goes."""
        path = ("processes", source)
        there = [other for other in self._facts if other[0] == "processes"]
        if path not in self._facts and len(there) >= PROCESSES_MAX:
            del self._facts[min(there, key=lambda other: self._facts[other].at)]
        return path

    def _trend(self, device: str, what: str) -> Trend:
        return self._trends.setdefault((device, what), Trend())

    # --- what is known ------------------------------------------------------------------------------------
    def value(self, path: Path) -> Any:
        """The newest value at a path; None where nothing was said yet."""
        return self._facts.get(path)

    def incidents(self) -> tuple[Incident, ...]:
        """The open incidents, as the panel said last."""
        fact = self._facts.get(("panel",))
        return fact.incidents if isinstance(fact, PanelState) else ()

    def pending(self) -> tuple[PendingDevice, ...]:
        """PF devices that wait for approval."""
        fact = self._facts.get(("pending",))
        return fact.devices if isinstance(fact, PendingDevices) else ()

    def state(self) -> dict[str, Any]:
        """All in one tree, by section: site, panel, pending, beliefs, cameras, devices, externals, processes, beat."""
        tree: dict[str, Any] = {
            "site": self._names["site"],
            "panel": None,
            "pending": None,
            "beliefs": {},
            "cameras": {ident: dict(entry) for ident, entry in self._names["cameras"].items()},
            "devices": {ident: {**entry, "readings": {}} for ident, entry in self._names["devices"].items()},
            "externals": {ident: dict(entry) for ident, entry in self._names["externals"].items()},
            "processes": {},
            "beat": self.beat(),
        }
        for path, value in self._facts.items():
            place = tree
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        return tree

    def trends(self, device: str) -> dict[str, tuple[list[float], list[float]]] | None:
        """A device's last ten minutes by value (`max_c` or an input): UTC seconds and values; None if unknown."""
        if device not in self._devices.values():
            return None
        return {what: trend.points() for (ident, what), trend in self._trends.items() if ident == device}

    def is_device(self, ident: str) -> bool:
        """Whether a PF device is in the settings."""
        return f"pf.{ident}" in self._devices

    def camera(self, ident: str) -> str | None:
        """The source of a camera of the settings."""
        return f"cam.{ident}" if f"cam.{ident}" in self._cameras else None

    @property
    def panel_age_s(self) -> float | None:
        """Seconds since the panel was heard; None while it never was."""
        return None if self._panel_mono_s is None else self._now_mono_s() - self._panel_mono_s

    def beat(self) -> dict[str, Any]:
        """What a page needs to know that it is not stale: this machine's UTC, the panel's silence, the bus."""
        age_s = self.panel_age_s
        return {
            "utc_s": round(utc_s(), 3),
            "panel_age_s": None if age_s is None else round(age_s, 1),
            "bus": not self._away(),
        }

    def health(self) -> tuple[bool, str]:
        """Whether the page can be believed, and in words why not."""
        age_s = self.panel_age_s
        if self._away():
            return False, "the bus between the processes cannot be reached"
        if age_s is None:
            return False, "the panel has not been heard yet"
        if age_s > PANEL_SILENCE_S:
            return False, f"the panel has been silent for {age_s:.0f} s"
        return True, f"the panel was heard {age_s:.0f} s ago"


def _names(site: Site) -> dict[str, Any]:
    """What the settings say of every thing shown; never an address or a password."""
    settled = {zone.id: rules(zone) for zone in site.zones}
    limits = {key: (ruled.fixed_pre_c, ruled.fixed_alarm_c) for key, ruled in settled.items()}
    return {
        "site": {
            "name": site.name,
            "version": __version__,
            "zones": [
                {
                    "id": zone.id,
                    "name": zone.name,
                    "sensitivity": settled[zone.id].sensitivity,
                    "profile": zone.profile,
                    "mode": settled[zone.id].mode,
                }
                for zone in site.zones
            ],
        },
        "cameras": {
            camera.id: {"name": camera.name, "zone": camera.zone, "enabled": camera.enabled} for camera in site.cameras
        },
        "devices": {
            device.id: {
                "name": device.name,
                "zone": device.zone,
                "enabled": device.enabled,
                "pre_c": limits.get(device.zone, (None, None))[0],
                "alarm_c": limits.get(device.zone, (None, None))[1],
                "seen_by": [_tie(parse(line)) for line in device.seen_by],
            }
            for device in site.devices
        },
        "externals": {
            each.id: {"name": each.name, "zone": each.zone, "kind": each.kind, "enabled": each.enabled}
            for each in site.externals
        },
    }


def _tie(seen: Registration) -> dict[str, Any]:
    """A camera that a PF device is tied to, and the four places: x, y, column, row."""
    return {"camera": seen.camera, "pairs": [(one.x, one.y, one.column, one.row) for one in seen.pairs]}


def thermal_view(frame: ThermalFrame) -> dict[str, Any] | None:
    """A thermal frame for browsers: `cells` as base64 of 768 little-endian int16 centi-degrees, -32768 = invalid."""
    cells = read(frame.coding, frame.cells)
    if cells is None:
        return None
    return {
        "at": frame.at,
        "cells": base64.b64encode(cells.astype("<i2").tobytes()).decode("ascii"),
        "ambient_c": frame.ambient_c,
        "supply_v": frame.supply_v,
        "replaced": frame.replaced,
        "outside": frame.outside,
    }


def encode(value: Any) -> bytes:
    """JSON of message types and plain ones; what is not a number becomes null."""
    return msgspec.json.encode(value)
