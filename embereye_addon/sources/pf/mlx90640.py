"""MLX90640 sensor RAM to temperatures: 834 words in, degrees Celsius out.

Formulas: data sheet of the MLX90640, chapters 11.2.2.1 to 11.2.2.9 (the step numbers in the comments are
those of the PF protocol notes). Pure: no I/O, no clock; computed in float64, handed out as float32.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf.eeprom import COLUMNS, PIXELS, ROWS, Calibration, Pattern, calibrate

__all__ = ["Calibration", "Conversion", "calibrate", "convert", "linear_guess", "looks_radiometric"]

FRAME_WORDS = 834

VBE, CP_FIRST, GAIN, PTAT, CP_SECOND, VDD = 768, 776, 778, 800, 808, 810

KELVIN = 273.15

# In open air the surroundings are about this much cooler than the chip, which heats itself.
SELF_HEATING_K = 8.0

# Object temperatures the maker vouches for; beyond them the formula extrapolates (data sheet, chapter 4).
LOWEST_C, HIGHEST_C = -40.0, 300.0
SATURATED = 32767

# Fillers at fixed places of the RAM image of the real device, true of every captured frame.
_FILLED = np.array([770, 772, 774, 787, 791, 801, 803, 805, 807])
_FILLER = 0x7FFF
_EQUAL = np.concatenate([np.arange(792, 800), np.arange(824, 832)])


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """One frame as temperatures.

    to_c: [24,32] float32 °C, NaN where a root had no solution or a bad pixel was not replaced.
    ambient_c: the chip, not the room. replaced: [24,32], true where a bad pixel got its neighbours' value.
    torn_k: how far the two subpages disagree at the worst place (0.2 K at rest, up to 2.7 K on movement).
    outside: [24,32], true where a pixel that works reads beyond what the maker vouches for (`LOWEST_C` to `HIGHEST_C`),
    nothing at all, or is saturated; its value stays what the formula gives. saturated_px: how many are saturated.
    """

    to_c: NDArray[np.float32]
    ambient_c: float
    supply_v: float
    replaced: NDArray[np.bool_]
    torn_k: float
    outside: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((ROWS, COLUMNS), np.bool_))
    saturated_px: int = 0


@dataclass(frozen=True, slots=True)
class Chip:
    """What one frame says about the chip itself: supply, temperature, and the gain factor of this frame."""

    supply_v: float
    ambient_c: float
    gain: float


def _signed(words: NDArray[np.uint16], index: int) -> int:
    """One RAM word as a signed number."""
    word = int(words[index])
    return word - 0x10000 if word & 0x8000 else word


def read_chip(cal: Calibration, words: NDArray[np.uint16], control_register: int) -> Chip | str:
    """Steps 1 to 3: supply, chip temperature, gain; a reason in words where one cannot be computed."""
    gain = _signed(words, GAIN)
    if gain <= 0:
        return "the gain word of the frame is not positive"
    ptat, vbe = _signed(words, PTAT), _signed(words, VBE)
    ptat_ratio = ptat * cal.alpha_ptat + vbe
    if ptat == 0 or ptat_ratio == 0:
        return "the chip temperature words of the frame are zero"
    resolution = 2.0 ** (cal.resolution - ((control_register >> 10) & 3))
    change_v = (resolution * _signed(words, VDD) - cal.vdd25) / cal.kvdd
    supply = 1 + cal.kv_ptat * change_v
    if supply == 0:
        return "the supply words of the frame leave no chip temperature"
    ambient_c = (ptat / ptat_ratio * 2**18 / supply - cal.ptat25) / cal.kt_ptat + 25
    if not -60.0 < ambient_c < 150.0:
        return f"the frame says the chip is at {ambient_c:.0f} °C, so it is damaged"
    return Chip(change_v + 3.3, ambient_c, cal.gain / gain)


def _grid(words: NDArray[np.uint16]) -> NDArray[np.int16]:
    """[24,32] signed pixel words of a frame, whatever the byte order of `words`."""
    return np.ascontiguousarray(words[:PIXELS], dtype=np.uint16).view(np.int16).reshape(ROWS, COLUMNS)


def pixel_counts(cal: Calibration, words: NDArray[np.uint16], chip: Chip, pattern: Pattern) -> NDArray[np.float64]:
    """Steps 3 to 6: pixel counts without offset, supply, chip temperature and compensation pixel; [24,32]."""
    change_k, change_v = chip.ambient_c - 25, chip.supply_v - 3.3
    counts: NDArray[np.float64] = _grid(words) * np.float64(chip.gain)
    counts -= (cal.offset + cal.offset_kta * change_k) * (1 + cal.kv * change_v)
    if pattern.il_counts is not None:
        counts += pattern.il_counts
    if cal.tgc:
        drift = (1 + cal.kta_cp * change_k) * (1 + cal.kv_cp * change_v)
        first = _signed(words, CP_FIRST) * chip.gain - cal.cp_offset[0] * drift
        second = _signed(words, CP_SECOND) * chip.gain - (cal.cp_offset[1] + pattern.cp_extra_counts) * drift
        counts -= cal.tgc * np.array([first, second])[pattern.subpage]
    return counts


_Degrees = TypeVar("_Degrees", float, NDArray[np.float64])


def kelvin4(temperature_c: _Degrees) -> _Degrees:
    """Black body radiance in units of the Stefan-Boltzmann constant: absolute temperature to the fourth."""
    kelvin = temperature_c + KELVIN
    return kelvin * kelvin * kelvin * kelvin


def _fourth_root(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The fourth root, NaN for negative values; two square roots are far cheaper than a power."""
    root: NDArray[np.float64] = np.sqrt(np.sqrt(values))
    return root


def object_c(
    cal: Calibration, per_alpha: NDArray[np.float64], surroundings_k4: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Steps 9 and 10: object temperature in °C from counts per sensitivity (kelvin to the fourth).

    The sensitivity of the pixel cancels out of both steps, so the curve is the same for all of them.
    NaN where a root is negative. Same shape as `per_alpha`.
    """
    slope = float(cal.ks_to[1])
    bent = (1 - KELVIN * slope) + slope * _fourth_root(per_alpha + surroundings_k4)
    first_c = _fourth_root(per_alpha / bent + surroundings_k4) - KELVIN
    extremes = (np.fmin.reduce(first_c, axis=None), np.fmax.reduce(first_c, axis=None))  # NaN left out
    span = np.searchsorted(cal.corners_c[1:], extremes, side="right")
    if span[0] == span[1]:
        index: NDArray[np.intp] | int = int(span[0])
    else:
        index = np.searchsorted(cal.corners_c[1:], first_c, side="right")
    gain = cal.corner_gain[index] * (1 + cal.ks_to[index] * (first_c - cal.corners_c[index]))
    return _fourth_root(per_alpha / gain + surroundings_k4) - KELVIN


def _rescue(
    to_c: NDArray[np.float64],
    per_alpha: NDArray[np.float64],
    surroundings_k4: NDArray[np.float64] | float,
) -> None:
    """Pixels without a solution, in place: NaN, but where too much radiance is the cause, heat without its fine slope.

    The slope of the hottest range turns the formula round far above the maker's range: what burns must not vanish.
    """
    lost = ~np.isfinite(to_c)
    plain_c = _fourth_root(per_alpha + surroundings_k4) - KELVIN
    to_c[lost] = np.where(plain_c[lost] > HIGHEST_C, plain_c[lost], np.nan)


def _replace(to_c: NDArray[np.float64], pattern: Pattern, bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give bad pixels the median of their usable neighbours, in place; true where there was one."""
    around = np.where(pattern.neighbours >= 0, to_c.ravel()[pattern.neighbours], np.nan)
    around.sort(axis=1)  # NaN sorts last
    known = np.isfinite(around).sum(axis=1)
    rows = np.arange(known.size)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    to_c[bad] = (around[rows, low] + around[rows, np.minimum(high, around.shape[1] - 1)]) / 2
    replaced: NDArray[np.bool_] = bad & np.isfinite(to_c)
    return replaced


def _mean_of(length: int, steps: tuple[int, ...]) -> NDArray[np.float32]:
    """[length, length] matrix that replaces each place by the mean of those `steps` away, edges repeated."""
    mean = np.zeros((length, length), dtype=np.float32)
    for step in steps:
        np.add.at(mean, (np.arange(length), np.clip(np.arange(length) + step, 0, length - 1)), 1 / len(steps))
    return mean


def _transposed(mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same for columns."""
    return np.ascontiguousarray(mean.T)


_BESIDE_ROW, _BESIDE_COLUMN = _mean_of(ROWS, (-1, 1)), _transposed(_mean_of(COLUMNS, (-1, 1)))
_BOX_ROW, _BOX_COLUMN = _mean_of(ROWS, (-2, -1, 0, 1, 2)), _transposed(_mean_of(COLUMNS, (-2, -1, 0, 1, 2)))


def _torn_k(to_c: NDArray[np.float32], pattern: Pattern) -> float:
    """Largest 5 x 5 mean of (pixel - mean of its 4 neighbours), signed by subpage, in K; no pixel may be unknown."""
    apart = to_c - np.float32(0.5) * (_BESIDE_ROW @ to_c + to_c @ _BESIDE_COLUMN)
    apart *= pattern.sign
    torn = _BOX_ROW @ apart @ _BOX_COLUMN
    return float(max(torn.max(), -torn.min()))


def _without_gaps(to_c: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unknown pixels as the mean of the known ones, 0 where none is."""
    known = np.isfinite(to_c)
    return np.where(known, to_c, to_c[known].mean() if known.any() else np.float32(0.0))


def _reflected_k4(reflected_c: float | NDArray[np.float64] | None, ambient_c: float) -> float | NDArray[np.float64]:
    """Radiance of the surroundings, K⁴; of those of the chip minus 8 K where nothing is said (None or NaN)."""
    from_chip_k4 = kelvin4(ambient_c - SELF_HEATING_K)
    if reflected_c is None:
        return from_chip_k4
    if isinstance(reflected_c, np.ndarray):
        return np.where(np.isnan(reflected_c), from_chip_k4, kelvin4(reflected_c))
    return kelvin4(reflected_c)


def _saturated(grid: NDArray[np.int16], outside: NDArray[np.bool_], bad: NDArray[np.bool_]) -> int:
    """How many working pixels are at an end of their scale; they are marked in `outside`, in place."""
    if grid.min() > -SATURATED and grid.max() < SATURATED:
        return 0
    saturated = ((grid >= SATURATED) | (grid <= -SATURATED)) & ~bad
    outside |= saturated
    return int(np.count_nonzero(saturated))


def _bad_emissivity(emissivity: float | NDArray[np.float64]) -> bool:
    """True unless the emissivity is one number or a [24,32] array, all above 0 and at most 1."""
    if isinstance(emissivity, np.ndarray):
        shaped = emissivity.shape == (ROWS, COLUMNS)
        return not (shaped and bool((emissivity > 0).all() and (emissivity <= 1).all()))
    return not 0 < emissivity <= 1


def convert(
    cal: Calibration,
    words: NDArray[np.uint16],
    emissivity: float | NDArray[np.float64] = 0.95,
    reflected_c: float | NDArray[np.float64] | None = None,
    control_register: int | None = None,
    *,
    replace_bad: bool = True,
) -> Conversion | str:
    """Convert [834] RAM words to object temperatures, or say in words why not. Never raises on any contents.

    emissivity: one number or [24,32]. reflected_c: of the surroundings, one number or [24,32] with NaN for the default,
    the chip minus 8 K. Row 0, column 0 is word 0, the top left of the picture as the array draws it.
    control_register: default the one of the EEPROM; the last two words of the frame are not it.
    """
    if words.shape != (FRAME_WORDS,):
        return f"the frame has {words.size} words instead of {FRAME_WORDS}"
    if _bad_emissivity(emissivity):
        return "the emissivity is not above 0 and at most 1"
    if isinstance(reflected_c, np.ndarray) and reflected_c.shape != (ROWS, COLUMNS):
        return "the reflected temperature is not one number nor one for each pixel"
    register = cal.control_register if control_register is None else control_register
    chip = read_chip(cal, words, register)
    if isinstance(chip, str):
        return chip
    sensitivity = 1 + cal.ks_ta * (chip.ambient_c - 25)
    if sensitivity <= 0:
        return "the calibration leaves no sensitivity at this chip temperature"
    pattern = cal.pattern(register)
    reflected_k4 = _reflected_k4(reflected_c, chip.ambient_c)
    surroundings_k4 = reflected_k4 - (reflected_k4 - kelvin4(chip.ambient_c)) / emissivity  # step 8
    with np.errstate(all="ignore"):
        per_alpha = pixel_counts(cal, words, chip, pattern) / (pattern.alpha * (sensitivity * emissivity))
        to_c = object_c(cal, per_alpha, surroundings_k4)
        bad = cal.bad
        inside = (to_c >= LOWEST_C) & (to_c <= HIGHEST_C)
        if not inside.all():
            _rescue(to_c, per_alpha, surroundings_k4)
        to_c[bad] = np.nan
        outside = ~(inside | bad)
        saturated_px = _saturated(_grid(words), outside, bad)
        replaced = _replace(to_c, pattern, bad) if replace_bad and bad.any() else np.zeros_like(bad)
    shown_c = to_c.astype(np.float32)
    torn_k = _torn_k(shown_c if inside.all() and not bad.any() else _without_gaps(shown_c), pattern)
    return Conversion(shown_c, chip.ambient_c, chip.supply_v, replaced, torn_k, outside, saturated_px)


def looks_radiometric(cal: Calibration, words: NDArray[np.uint16], control_register: int | None = None) -> bool:
    """True for a frame with a real RAM tail: fillers in place; gain, supply and chip temperature in range."""
    if words.shape != (FRAME_WORDS,):
        return False
    if not bool((words[_FILLED] == _FILLER).all() and (words[_EQUAL] == words[_EQUAL[0]]).all()):
        return False
    chip = read_chip(cal, words, cal.control_register if control_register is None else control_register)
    if isinstance(chip, str):
        return False
    return 0.7 <= 1 / chip.gain <= 1.4 and 2.8 <= chip.supply_v <= 3.8 and -40 <= chip.ambient_c <= 110


def linear_guess(words: NDArray[np.uint16]) -> NDArray[np.float32]:
    """[24,32] float32, raw / 100 + 27, from at least 768 words: a picture of an uncalibrated device.

    It is no temperature (a true 105 °C reads 40), and must never raise an alarm.
    """
    guess: NDArray[np.float32] = (_grid(words) / 100.0 + 27.0).astype(np.float32)
    return guess
