"""Rectangles of the thermal picture whose surface is another one: bare metal, glass. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.settings.model import Device
from embereye_addon.sources.pf.eeprom import COLUMNS, ROWS


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What a device looks at, as `mlx90640.convert` takes it: one number for the whole picture, or [24,32].

    reflected_c is None, or NaN at a pixel, where the chip's own temperature tells it.
    """

    emissivity: float | NDArray[np.float64] = 0.95
    reflected_c: float | NDArray[np.float64] | None = None


def surface(device: Device) -> Surface:
    """The surface of a device of the settings; where regions overlap, the later one holds."""
    if not device.regions:
        return Surface(device.emissivity, device.reflected_c)
    emissivity = np.full((ROWS, COLUMNS), device.emissivity)
    reflected_c = np.full((ROWS, COLUMNS), np.nan if device.reflected_c is None else device.reflected_c)
    for region in device.regions:
        inside = np.s_[region.top : region.bottom + 1, region.left : region.right + 1]
        emissivity[inside] = region.emissivity
        if region.reflected_c is not None:
            reflected_c[inside] = region.reflected_c
    own = all(region.reflected_c is None for region in device.regions)
    return Surface(emissivity, device.reflected_c if own else reflected_c)
