"""Warm things in metres and degrees, as a thermal array sees them: flames, people, kettles. For the scene library.

A thing is a set of patches. Each covers an exact share of the scene's cells, so a small hot thing fills its pixel only
in part, as in life. Angles are taken as small: a pixel is 3.4° everywhere.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal import CELLS
from embereye_addon.sources.pf.eeprom import COLUMNS, ROWS
from embereye_addon.sources.pf.mlx90640 import kelvin4

PIXEL_M = 2.0 * math.tan(math.radians(3.4 / 2))
"""Width of a pixel's footprint per metre of distance: the lens sees 110° in 32 pixels."""
FLAME_C = 850.0
"""The lower, steady part of a small diffusion flame (McCaffrey 1979: 800 to 900 °C)."""
FLAME_PER_M = 1.5
"""Absorption of wood and plastic flames, 0.5 to 5 per metre: a thin flame is nearly clear, 1 - exp(-1.5 · width)."""
FUEL_C = 350.0
"""A burning solid's own surface: paper and wood pyrolyse at 300 to 400 °C."""
SKIN_C, CLOTHES_C = 34.0, 28.5


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle: its centre in pixels, its size in metres at a distance in metres, its temperature, emissivity."""

    row: float
    column: float
    tall_m: float
    wide_m: float
    distance_m: float
    temp_c: float
    emissivity: float = 0.95


def disc(row: float, column: float, across_m: float, distance_m: float, heat: tuple[float, float]) -> Patch:
    """A round patch, as a square of the same area. `heat` is its temperature in °C and its emissivity."""
    side = across_m * math.sqrt(math.pi) / 2
    return Patch(row, column, side, side, distance_m, *heat)


def _share(centre: float, size: float, length: int) -> tuple[slice, NDArray[np.float64]]:
    """Which cells a stretch (pixels) touches, and how much of each it covers, 0..1."""
    low, high = np.clip(((centre - size / 2) * CELLS, (centre + size / 2) * CELLS), 0, length * CELLS)
    first, last = int(low), math.ceil(high)
    cells = np.arange(first, last)
    return slice(first, last), np.minimum(cells + 1, high) - np.maximum(cells, low)


def lay(scene_k4: NDArray[np.float64], patch: Patch) -> None:
    """Lay a patch over the scene [96,128], in place; what it does not emit comes from behind it."""
    per_m = 1.0 / (patch.distance_m * PIXEL_M)
    rows, down = _share(patch.row, patch.tall_m * per_m, ROWS)
    columns, across = _share(patch.column, patch.wide_m * per_m, COLUMNS)
    under = scene_k4[rows, columns]
    under += patch.emissivity * np.outer(down, across) * (kelvin4(patch.temp_c) - under)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: its centre or foot in pixels, and how far away in metres."""

    row: float
    column: float
    distance_m: float

    def px(self, metres: float) -> float:
        """A length there, in pixels."""
        return metres / (self.distance_m * PIXEL_M)


def flame(place: Place, height_m: float, at_s: float, wide: float = 0.5) -> Iterator[Patch]:
    """A flame over burning stuff, foot at `place`; `wide` is its width as a part of its height.

    It puffs at 1.5 / sqrt(width) Hz (Pagni 1990), by a fifth of its height, and leans about.
    """
    if height_m <= 0.0:
        return
    width_m = wide * height_m
    puffs = 1.5 / math.sqrt(width_m)
    tall_m = height_m * (1 + 0.18 * math.sin(math.tau * puffs * at_s) + 0.12 * math.sin(1.37 * puffs * at_s + 1.0))
    lean_px = place.px(0.15 * width_m * math.sin(5.1 * at_s))
    emissivity = 1 - math.exp(-FLAME_PER_M * width_m)
    # A pointed body: two thirds of the width over its height hold the area of a flame's outline.
    body = (tall_m, 0.67 * width_m, place.distance_m, FLAME_C, emissivity)
    yield Patch(place.row - place.px(tall_m / 2), place.column + lean_px, *body)
    yield Patch(place.row, place.column, 0.2 * width_m, width_m, place.distance_m, FUEL_C, 0.9)


def grown(at_s: float, from_s: float, over_s: float) -> float:
    """How far something has come that starts at `from_s` and takes `over_s`, 0..1, steadily."""
    return min(1.0, max(0.0, (at_s - from_s) / over_s))


def warmed(at_s: float, from_c: float, to_c: float, k_min: float) -> float:
    """A temperature that rises steadily from second 0 and stays at the end."""
    return min(to_c, from_c + k_min * at_s / 60.0)


def person(place: Place, at_s: float, *, sitting: bool = False) -> Iterator[Patch]:
    """Somebody at `place` (the middle of the chest), facing the array; head and hands move a little."""
    sway = math.sin(1.7 * at_s) + 0.5 * math.sin(4.3 * at_s)
    legs_m = 0.1 if sitting else 0.45
    yield Patch(place.row + place.px(legs_m), place.column, 1.0 + legs_m, 0.48, place.distance_m, CLOTHES_C)
    head = replace(place, row=place.row - place.px(0.5), column=place.column + place.px(0.01 * sway))
    yield Patch(head.row, head.column, 0.24, 0.17, place.distance_m, SKIN_C, 0.98)
    for side in (-1.0, 1.0):
        hand = place.column + place.px(side * 0.3 + 0.03 * sway)
        yield Patch(place.row + place.px(0.3), hand, 0.1, 0.09, place.distance_m, SKIN_C - 2.0, 0.98)


def walking(at_s: float, distance_m: float, speed_m_s: float, pause_s: float = 5.0) -> Place | None:
    """Where somebody is who walks through the picture again and again, or None while nobody is in it."""
    per_s = speed_m_s / (distance_m * PIXEL_M)
    crossing_s = (COLUMNS + 12.0) / per_s
    into_s = at_s % (crossing_s + pause_s)
    return Place(12.0, -6.0 + into_s * per_s, distance_m) if into_s < crossing_s else None
