"""Which heat lies over which camera's picture: devices that are tied to it, and saw it at about the same time."""

from collections.abc import Mapping
from typing import Protocol

from embereye_addon.messages import ThermalFrame
from embereye_addon.publish.snapshots import Heat
from embereye_addon.settings import model
from embereye_addon.settings.registration import parse
from embereye_addon.thermal.cells import read
from embereye_addon.thermal.registration import Matrix, homography

APART_S = 15.0
"""A frame further from the picture in time shows another moment."""


class Seen(Protocol):
    """What is known of a PF device, as far as it is needed here."""

    @property
    def frame(self) -> ThermalFrame | None:
        """Its newest frame."""


class HeatOver:
    """The heat over pictures; nothing where `mqtt.heat_in_pictures` is off."""

    def __init__(self, site: model.Site, devices: Mapping[str, Seen]) -> None:
        self._devices = devices
        self._tied: dict[str, list[tuple[str, Matrix]]] = {}
        for device in site.devices if site.mqtt.heat_in_pictures else ():
            for seen in map(parse, device.seen_by):
                self._tied.setdefault(seen.camera, []).append((f"pf.{device.id}", homography(seen.places)))

    def of(self, camera: str, at: float) -> tuple[Heat, ...]:
        """What lies over a camera's picture that was captured then (UTC seconds)."""
        found = []
        for source, matrix in self._tied.get(camera, ()):
            view = self._devices.get(source)
            frame = None if view is None else view.frame
            if frame is not None and abs(frame.at - at) <= APART_S:
                cells = read(frame.coding, frame.cells)
                if cells is not None:
                    found.append(Heat(cells, matrix))
        return tuple(found)
