"""Rectangles of the thermal picture with an emissivity of their own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.thermal import Housing, ThermalArray, shipped_eeprom
from embereye_addon.settings.model import Device, Region
from embereye_addon.sources.pf.mlx90640 import Conversion, calibrate, convert
from embereye_addon.sources.pf.regions import surface

METAL, SHINY_C, ROOM_C = np.s_[4:9, 20:27], 140.0, 23.0
PIPE = Region(name="pipe", left=20, top=4, right=26, bottom=8, emissivity=0.3)


def device(*regions: Region, reflected_c: float | None = None) -> Device:
    """A device with these regions."""
    return Device(id="a", name="a", zone="hall", reflected_c=reflected_c, regions=regions)


def metal_in_a_room() -> NDArray[np.uint16]:
    """RAM words of a painted room at 23 °C with bare metal (0.3) at 140 °C in it."""
    picture = np.full((24, 32), ROOM_C)
    picture[METAL] = SHINY_C
    painted, bare = (
        ThermalArray(shipped_eeprom(), Housing(emissivity=of), noise=0.0).words_for(picture) for of in (0.95, 0.3)
    )
    painted[:768].reshape(24, 32)[METAL] = bare[:768].reshape(24, 32)[METAL]
    return painted


def read(words: NDArray[np.uint16], of: Device) -> Conversion:
    """Those words as this device's settings read them."""
    calibration, looks_at = calibrate(shipped_eeprom()), surface(of)
    assert not isinstance(calibration, str)
    found = convert(calibration, words, looks_at.emissivity, looks_at.reflected_c)
    assert isinstance(found, Conversion), found
    return found


def test_bare_metal_reads_its_true_temperature_and_the_rest_stays() -> None:
    """A steam pipe of bare metal hides 60 K of its heat from an emissivity of 0.95."""
    words = metal_in_a_room()
    blind, seeing = read(words, device()).to_c, read(words, device(PIPE)).to_c
    assert blind[METAL].max() < SHINY_C - 50.0
    assert seeing[METAL] == pytest.approx(SHINY_C, abs=0.6)
    rest = np.ones((24, 32), np.bool_)
    rest[METAL] = False
    assert np.array_equal(seeing[rest], blind[rest])
    assert seeing[rest] == pytest.approx(ROOM_C, abs=0.4)


def test_a_region_may_have_surroundings_of_its_own() -> None:
    """Metal that mirrors a furnace is not as hot as the furnace; empty means as the rest of the device."""
    words = metal_in_a_room()
    plain = read(words, device(PIPE, reflected_c=20.0)).to_c
    mirror = Region(name="m", left=20, top=4, right=26, bottom=8, emissivity=0.3, reflected_c=60.0)
    found = read(words, device(mirror, reflected_c=20.0)).to_c
    assert (found[METAL] < plain[METAL] - 10.0).all()
    found[METAL] = plain[METAL]
    assert np.array_equal(found, plain)
    automatic, as_before = read(words, device(mirror)).to_c, read(words, device(PIPE)).to_c
    assert (automatic[METAL] < as_before[METAL] - 10.0).all()
    automatic[METAL] = as_before[METAL]
    assert np.array_equal(automatic, as_before)


def test_a_device_without_regions_costs_what_it_did() -> None:
    """Numbers, not maps, are what most devices have."""
    assert (surface(device()).emissivity, surface(device()).reflected_c) == (0.95, None)
    assert surface(device(PIPE, reflected_c=20.0)).reflected_c == 20.0


def test_both_ends_belong_to_a_region_and_the_later_one_holds() -> None:
    """Column 0, row 0 is the first word, drawn at the top left; a corner cell is a region too."""
    corner = Region(name="corner", left=0, top=0, right=0, bottom=0, emissivity=0.5)
    last = Region(name="last", left=31, top=23, right=31, bottom=23, emissivity=0.6)
    both = Region(name="both", left=0, top=0, right=1, bottom=0, emissivity=0.7)
    emissivity = surface(device(both, corner, last)).emissivity
    assert isinstance(emissivity, np.ndarray)
    assert emissivity.shape == (24, 32)
    assert (emissivity.ravel()[[0, 1, 2, 32, 767]] == [0.5, 0.7, 0.95, 0.95, 0.6]).all()
    assert np.count_nonzero(emissivity != 0.95) == 3
