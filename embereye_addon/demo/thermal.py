"""A simulated MLX90640: rendered temperatures go in, sensor RAM words come out.

The chain is the physical one, run forwards: black body radiance of the scene, blur and field of view of the lens,
partial fill of a pixel, the formulas of the data sheet solved for the counts, noise, subpages. Nothing downstream can
tell the words from those of a real chip. Radiance is in units of the Stefan-Boltzmann constant (K⁴).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf import vectors
from embereye_addon.sources.pf.eeprom import COLUMNS, PIXELS, ROWS, Calibration, calibrate
from embereye_addon.sources.pf.mlx90640 import (
    CP_FIRST,
    CP_SECOND,
    GAIN,
    KELVIN,
    PTAT,
    SELF_HEATING_K,
    VBE,
    VDD,
    kelvin4,
    object_c,
    pixel_counts,
    read_chip,
)

# Blur of the lens as a standard deviation in pixels: a point lights mostly its own pixel and a little of the next.
BLUR_PX = 0.45

# One count of noise is 0.08 K in the centre and 0.3 K in the corners, as measured; both subpages also move as a whole.
PIXEL_NOISE_COUNTS = 1.0
SUBPAGE_NOISE_COUNTS = 0.5

# Words behind the pixels and their noise: mostly none; one count more of PTAT is 0.1 K of chip temperature.
TAIL_WORDS = np.array((VDD, PTAT, GAIN))
TAIL_NOISE_COUNTS = np.array((0.8, 0.3, 2.0))

# The gain word drifts a little away from the one of the EEPROM; seen: 5755 to 5777 against 5798.
GAIN_DRIFT = 0.995

_HOTTEST_C = 700.0
_COLDEST_C = -60.0


_EEPROM, _FRAMES = vectors.eeprom(), vectors.frames()  # while imported, so that no event loop waits for the disk


def shipped_eeprom(sensor_id: str | None = None) -> NDArray[np.uint16]:
    """[832] calibration words of a real chip, with another 48-bit id (12 hex digits) if one is given."""
    words = _EEPROM.copy()
    if sensor_id is not None:
        words[7:10] = np.frombuffer(bytes.fromhex(sensor_id), dtype=">u2")
    return words


def shipped_frames() -> dict[str, NDArray[np.uint16]]:
    """Real frames of that chip, [834] words each, by name: an empty room, a seated person, a moving arm."""
    return {name: words.copy() for name, words in _FRAMES.items()}


def _lens(length: int, cells: int) -> NDArray[np.float64]:
    """[length, length·cells] weights: the Gaussian blur of the lens, averaged over each pixel's field of view."""
    places = (np.arange(length * cells) + 0.5) / cells
    inside = np.floor(places)[None, :] == np.arange(length)[:, None]
    blur = np.exp(-0.5 * ((places[:, None] - places[None, :]) / BLUR_PX) ** 2)
    weights = inside @ blur
    lens: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return lens


@lru_cache(maxsize=8)
def _lenses(cells: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vertical and horizontal lens for `cells` scene cells a pixel, ready to be multiplied from both sides."""
    return _lens(ROWS, cells), np.ascontiguousarray(_lens(COLUMNS, cells).T)


def look(scene_k4: NDArray[np.float64]) -> NDArray[np.float64]:
    """Through the lens: [24n, 32n] radiance of the scene to the mean radiance of each pixel's footprint, [24,32]."""
    down, across = _lenses(scene_k4.shape[0] // ROWS)
    seen: NDArray[np.float64] = down @ scene_k4 @ across
    return seen


def radiance_k4(temperature_c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Black body radiance of each element, K⁴."""
    square = np.square(temperature_c + KELVIN)
    return np.square(square)


@dataclass(frozen=True, slots=True)
class Housing:
    """The state of the chip: its temperature, its supply, and the emissivity its readers will assume."""

    ambient_c: float = 32.0
    supply_v: float = 3.278
    emissivity: float = 0.95


class ThermalArray:
    """One simulated chip. Not thread-safe: it draws its noise from one generator and alternates its subpages."""

    def __init__(
        self, eeprom: NDArray[np.uint16], housing: Housing | None = None, seed: int = 0, noise: float = 1.0
    ) -> None:
        """`eeprom` must be a calibration `calibrate` accepts, else ValueError; `noise` scales the measured noise."""
        calibration = calibrate(eeprom)
        if isinstance(calibration, str):
            raise ValueError(calibration)  # a mistake of the demo's author, never of a user
        self.calibration = calibration
        self._pattern = calibration.pattern(calibration.control_register)
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        self._newest = 0
        self.settle(housing or Housing())

    def settle(self, housing: Housing) -> None:
        """The chip has this temperature and supply from now on; ValueError where no chip works."""
        calibration = self.calibration
        self._words = _blank(calibration, housing)
        chip = read_chip(calibration, self._words, calibration.control_register)
        if isinstance(chip, str):
            raise ValueError(chip)
        self._kelvin4, self._per_alpha = _curve(calibration, chip.ambient_c, housing.emissivity)
        sensitivity = (1 + calibration.ks_ta * (chip.ambient_c - 25)) * housing.emissivity / chip.gain
        self._scale = np.nan_to_num(self._pattern.alpha * sensitivity)
        self._dark = pixel_counts(calibration, self._words, chip, self._pattern) / chip.gain

    def counts(self, pixels_k4: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raw pixel values, unrounded, for the mean radiance of each footprint; [24,32] both."""
        per_alpha = np.interp(pixels_k4, self._kelvin4, self._per_alpha)
        counts: NDArray[np.float64] = per_alpha * self._scale - self._dark
        return counts

    def frame(self, now_k4: NDArray[np.float64], before_k4: NDArray[np.float64]) -> NDArray[np.uint16]:
        """[834] RAM words. `before_k4` is what the other subpage saw, one refresh earlier; they take turns."""
        self._newest ^= 1
        newest = self._pattern.subpage == self._newest
        counts = self.counts(np.where(newest, now_k4, before_k4))
        if self._noise:
            drift = self._rng.standard_normal(2) * SUBPAGE_NOISE_COUNTS
            noise = self._rng.standard_normal((ROWS, COLUMNS)) * PIXEL_NOISE_COUNTS + drift[self._pattern.subpage]
            counts += noise * self._noise
        words = self._words.copy()
        if self._noise:
            tail = np.rint(self._rng.standard_normal(3) * TAIL_NOISE_COUNTS * self._noise).astype(np.int64)
            words[TAIL_WORDS] = (words[TAIL_WORDS].astype(np.int64) + tail).astype(np.uint16)
        words[:PIXELS] = np.clip(np.rint(counts), -32768, 32767).astype(np.int16).view(np.uint16).ravel()
        return words

    def words_for(self, object_temperature_c: NDArray[np.float64]) -> NDArray[np.uint16]:
        """[834] RAM words of a still picture given as object temperatures [24,32], past the lens."""
        pixels_k4 = radiance_k4(object_temperature_c)
        return self.frame(pixels_k4, pixels_k4)


def _word(value: float) -> int:
    """A rounded signed number as a RAM word."""
    return round(value) & 0xFFFF


def _blank(calibration: Calibration, housing: Housing) -> NDArray[np.uint16]:
    """RAM words with black pixels and the tail of a real frame, set to the state of the chip."""
    words = shipped_frames()[vectors.QUIET]
    words[:PIXELS] = 0
    change_v = housing.supply_v - 3.3
    resolution = 2.0 ** (calibration.resolution - ((calibration.control_register >> 10) & 3))
    words[VDD] = _word((change_v * calibration.kvdd + calibration.vdd25) / resolution)
    vbe = int(words[VBE])
    ptat_ratio = (housing.ambient_c - 25) * calibration.kt_ptat + calibration.ptat25
    ptat_ratio *= 1 + calibration.kv_ptat * change_v
    words[PTAT] = _word(ptat_ratio * vbe / (2**18 - ptat_ratio * calibration.alpha_ptat))
    words[GAIN] = _word(calibration.gain * GAIN_DRIFT)
    drift = (1 + calibration.kta_cp * (housing.ambient_c - 25)) * (1 + calibration.kv_cp * change_v)
    for place, offset in zip((CP_FIRST, CP_SECOND), calibration.cp_offset, strict=True):
        words[place] = _word(offset * drift * GAIN_DRIFT)
    return words


def _curve(
    calibration: Calibration, ambient_c: float, emissivity: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two rising columns, radiance in K⁴ and counts per sensitivity: the reader's formula, tabulated to be inverted.

    It ends where the formula stops rising, or at 700 °C; real chips saturate before.
    """
    reflected_k4 = kelvin4(ambient_c - SELF_HEATING_K)
    surroundings_k4 = reflected_k4 - (reflected_k4 - kelvin4(ambient_c)) / emissivity
    per_alpha = radiance_k4(np.linspace(_COLDEST_C, _HOTTEST_C, 4000)) - surroundings_k4
    with np.errstate(all="ignore"):
        temperature_c = object_c(calibration, per_alpha, surroundings_k4)
    rising = np.isfinite(temperature_c) & (temperature_c < _HOTTEST_C)
    rising[1:] &= np.diff(temperature_c) > 0
    return radiance_k4(temperature_c[rising]), per_alpha[rising]


# ---- scenes: what the lens looks at, as pure functions of time ----

CELLS = 4  # scene cells per pixel and direction
_CELL_ROW = (np.arange(ROWS * CELLS) + 0.5) / CELLS
_CELL_COLUMN = (np.arange(COLUMNS * CELLS) + 0.5) / CELLS

FLAME_C, EMBER_C, PLUME_C = 720.0, 560.0, 110.0
FLAME_EMISSIVITY, PLUME_EMISSIVITY = 0.3, 0.25  # thin hot gas radiates little between 8 and 14 µm


@lru_cache(maxsize=8)
def _room_k4(room_c: float) -> NDArray[np.float64]:
    """An empty room: cooler floor, a colder window at the top right, some texture. Read-only."""
    rows, columns = _CELL_ROW[:, None], _CELL_COLUMN[None, :]
    to_c = room_c + 1.6 * (0.5 - rows / ROWS) + 0.25 * np.sin(0.9 * columns) * np.cos(0.7 * rows)
    window = (rows > 2) & (rows < 9) & (columns > 23) & (columns < 29)
    radiance = radiance_k4(np.where(window, room_c - 2.5, to_c))
    radiance.flags.writeable = False
    return radiance


def _blend(
    scene_k4: NDArray[np.float64], ellipse: tuple[float, float, float, float], heat: tuple[float, float]
) -> None:
    """Lay an ellipse (row, column, half height, half width, in pixels) over the scene, in place.

    `heat` is its temperature in °C and its emissivity. Smaller than a cell it keeps its area, as partial fill.
    """
    row, column, tall, wide = ellipse
    smallest = 1.5 / CELLS
    soft_tall, soft_wide = max(tall, smallest), max(wide, smallest)
    top, bottom = np.searchsorted(_CELL_ROW, (row - soft_tall - 1, row + soft_tall + 1))
    left, right = np.searchsorted(_CELL_COLUMN, (column - soft_wide - 1, column + soft_wide + 1))
    if top == bottom or left == right:
        return
    away_row = (_CELL_ROW[top:bottom, None] - row) / soft_tall
    away_column = (_CELL_COLUMN[None, left:right] - column) / soft_wide
    edge = (1 - np.hypot(away_row, away_column)) * min(soft_tall, soft_wide) * CELLS + 0.5
    share = heat[1] * tall * wide / (soft_tall * soft_wide)
    patch = scene_k4[top:bottom, left:right]
    patch += np.clip(edge, 0, 1) * share * (kelvin4(heat[0]) - patch)


@dataclass(frozen=True, slots=True)
class Radiator:
    """A heater on the wall, warming up from `on_s` with a time constant of 5 minutes."""

    row: float = 18.0
    column: float = 25.5
    hot_c: float = 46.0
    on_s: float = -3600.0

    def paint(self, scene_k4: NDArray[np.float64], at_s: float) -> None:
        """Lay its ribs over the scene at that moment."""
        if at_s > self.on_s:
            warm = 1 - np.exp(-(at_s - self.on_s) / 300.0)
            for rib in range(5):
                place = (self.row, self.column + 1.4 * (rib - 2), 2.6, 0.6)
                _blend(scene_k4, place, (22.0 + (self.hot_c - 22.0) * float(warm), 0.9))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who walks through the picture from left to right again and again, starting at `first_s`."""

    first_s: float = 0.0
    crossing_s: float = 14.0
    every_s: float = 45.0

    def paint(self, scene_k4: NDArray[np.float64], at_s: float) -> None:
        """Lay clothes, head and hands over the scene at that moment."""
        into_s = (at_s - self.first_s) % self.every_s
        if at_s < self.first_s or into_s > self.crossing_s:
            return
        column = -5.0 + (COLUMNS + 10.0) * into_s / self.crossing_s
        sway = 0.3 * np.sin(2 * np.pi * 1.8 * into_s)
        _blend(scene_k4, (14.0, column, 6.0, 2.0), (28.5, 0.95))
        _blend(scene_k4, (6.5 + 0.3 * sway, column, 1.6, 1.2), (33.5, 0.97))
        for side in (-1.0, 1.0):
            _blend(scene_k4, (15.5, column + side * (2.0 + sway), 0.6, 0.4), (31.5, 0.97))


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire that starts at `start_s` small as an ember and grows with the square of time; out from `end_s` on.

    The base is at (row, column) in pixels; `full_s` is when the flame has grown to its largest width.
    """

    start_s: float
    end_s: float | None = None
    row: float = 16.0
    column: float = 11.3
    full_s: float = 150.0
    widest_px: float = 2.2

    def _size_px(self, at_s: float) -> float:
        """Half the width of the flame, 0 while there is none; area grows as t², so width as t."""
        burning_s = (at_s if self.end_s is None else min(at_s, self.end_s)) - self.start_s
        if burning_s <= 0:
            return 0.0
        size = self.widest_px * min(1.0, burning_s / self.full_s)
        return size if self.end_s is None or at_s <= self.end_s else size * float(np.exp((self.end_s - at_s) / 2.0))

    def paint(self, scene_k4: NDArray[np.float64], at_s: float) -> None:
        """Lay plume, flame and embers over the scene at that moment."""
        size = self._size_px(at_s)
        if size < 0.01:
            return
        waver = 1 + 0.18 * np.sin(7.9 * at_s) + 0.12 * np.sin(17.3 * at_s + 1.0)
        tall = 1.7 * size * float(waver)
        lean = 0.25 * size * float(np.sin(5.1 * at_s))
        reach = 2.5 * size + 1.0
        _blend(scene_k4, (self.row - tall - reach, self.column + lean, reach, 0.8 * size), (PLUME_C, PLUME_EMISSIVITY))
        _blend(scene_k4, (self.row - tall, self.column + lean, tall, size), (FLAME_C, FLAME_EMISSIVITY))
        _blend(scene_k4, (self.row, self.column, 0.3 * size, 0.8 * size), (EMBER_C, 0.9))

    def smoke(self, at_s: float) -> float:
        """Smoke at the gas input, 0 to 1: it comes seconds after the flame and stays for half a minute after it."""
        burning_s = (at_s if self.end_s is None else min(at_s, self.end_s)) - self.start_s - 3.0
        if burning_s <= 0:
            return 0.0
        gone_s = 0.0 if self.end_s is None else max(0.0, at_s - self.end_s)
        return float((1 - np.exp(-burning_s / 18.0)) * np.exp(-gone_s / 30.0))


@dataclass(frozen=True, slots=True)
class ThermalScene:
    """What a PF device looks at: a room, what is warm in it, and perhaps a fire. Nothing in it has a memory."""

    room_c: float = 23.0
    warm: tuple[Radiator | Person, ...] = ()
    fire: Fire | None = None

    def radiance_k4(self, at_s: float) -> NDArray[np.float64]:
        """[96,128] radiance of the scene at that second."""
        scene_k4 = _room_k4(self.room_c).copy()
        for thing in self.warm:
            thing.paint(scene_k4, at_s)
        if self.fire is not None:
            self.fire.paint(scene_k4, at_s)
        return scene_k4

    def smoke(self, at_s: float) -> float:
        """Smoke at the gas input at that second, 0 to 1."""
        return 0.0 if self.fire is None else self.fire.smoke(at_s)


def person_walking() -> ThermalScene:
    """No fire: an empty room somebody walks through; stays below 40 °C."""
    return ThermalScene(warm=(Person(),))


def radiator_on() -> ThermalScene:
    """No fire: a heater that is switched on at second 0, and somebody walking past it; stays below 50 °C."""
    return ThermalScene(warm=(Radiator(on_s=0.0), Person()))
