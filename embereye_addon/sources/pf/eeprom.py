"""The calibration memory of an MLX90640: 832 words in, precomputed arrays out.

Layout and formulas: data sheet of the MLX90640, chapters 10.6 and 11.1. Words are named by their index,
which is the address minus 0x2400. Pure: no I/O, no clock.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS = 24
COLUMNS = 32
PIXELS = ROWS * COLUMNS
EEPROM_WORDS = 832

# The maker allows 4 bad pixels; more are tolerated and reported. Beyond this share the words are noise:
# random words mark every second pixel as an outlier.
MOST_BAD_PIXELS = 64

_ROW = np.arange(ROWS)[:, None]
_COLUMN = np.arange(COLUMNS)[None, :]
_CHESS = np.broadcast_to((_ROW + _COLUMN) % 2, (ROWS, COLUMNS)).astype(np.intp)
_INTERLEAVED = np.broadcast_to(_ROW % 2, (ROWS, COLUMNS)).astype(np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What depends on the order in which the pixels are read, chess or interleaved.

    subpage: [24,32], 0 or 1. sign: the same as 1 or -1.
    alpha: [24,32] sensitivity at 25 °C, compensation pixel taken off, NaN where broken.
    il_counts: [24,32] correction when the reading order is not the one of the calibration, else None.
    cp_extra_counts: what the same case adds to the offset of the second compensation pixel.
    neighbours: [bad pixels, 4] flat indices of good pixels of the same subpage, -1 where there is none.
    """

    subpage: NDArray[np.intp]
    sign: NDArray[np.float32]
    alpha: NDArray[np.float64]
    il_counts: NDArray[np.float64] | None
    cp_extra_counts: float
    neighbours: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """One sensor chip's calibration, ready for `mlx90640.convert`; arrays are [24,32], row 0 is word 0.

    sensor_id is words 7 to 9 as 12 hex digits; control_register the power-up value, word 12. The remaining
    names follow the data sheet: offsets and gain in counts, alpha in counts per K⁴, k... per kelvin or volt.
    """

    sensor_id: str
    control_register: int
    broken: NDArray[np.bool_]
    outlier: NDArray[np.bool_]
    gain: int
    kvdd: int
    vdd25: int
    kv_ptat: float
    kt_ptat: float
    ptat25: int
    alpha_ptat: float
    resolution: int
    tgc: float
    ks_ta: float
    ks_to: NDArray[np.float64]
    corners_c: NDArray[np.float64]
    corner_gain: NDArray[np.float64]
    cp_offset: tuple[float, float]
    kta_cp: float
    kv_cp: float
    offset: NDArray[np.float64]
    offset_kta: NDArray[np.float64]
    kv: NDArray[np.float64]
    chess: Pattern
    interleaved: Pattern

    def pattern(self, control_register: int) -> Pattern:
        """The reading order a control register asks for: bit 12 set is chess."""
        return self.chess if control_register & 0x1000 else self.interleaved

    @property
    def bad(self) -> NDArray[np.bool_]:
        """[24,32], true where the maker marked the pixel broken or an outlier."""
        return self.broken | self.outlier


@dataclass(frozen=True, slots=True)
class _Ranges:
    """Sensitivity slopes over the object temperature; four ranges, coldest first."""

    ks_to: NDArray[np.float64]
    corners_c: NDArray[np.float64]
    gain: NDArray[np.float64]


def _signed(value: int, bits: int) -> int:
    """Two's complement of the lowest `bits` bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _signed_array(values: NDArray[np.int64], shift: int, bits: int) -> NDArray[np.int64]:
    """Two's complement of a bit field in every element."""
    field = (values >> shift) & ((1 << bits) - 1)
    return np.where(field >> (bits - 1), field - (1 << bits), field)


def _nibbles(words: NDArray[np.int64]) -> NDArray[np.int64]:
    """Four signed nibbles a word, lowest first."""
    return np.stack([_signed_array(words, shift, 4) for shift in (0, 4, 8, 12)], axis=1).ravel()


def _by_parity(even_even: float, odd_even: float, even_odd: float, odd_odd: float) -> NDArray[np.float64]:
    """[24,32] from four values, named by the parity of (row, column), counted from 0."""
    return np.tile(np.array([[even_even, even_odd], [odd_even, odd_odd]], dtype=np.float64), (12, 16))


def _grid_sum(
    words: NDArray[np.int64], first: int, average: int, scale: int, remnant: NDArray[np.int64]
) -> NDArray[np.float64]:
    """average + row·2^s + column·2^s + remnant·2^s; `scale` has the exponents as nibbles, row highest."""
    rows = _nibbles(words[first : first + 6])[:, None] << ((scale >> 8) & 15)
    columns = _nibbles(words[first + 6 : first + 14])[None, :] << ((scale >> 4) & 15)
    total = average + rows + columns + (remnant << (scale & 15))
    return np.asarray(total, dtype=np.float64)


def _pixel_fields(words: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Remnants of offset, sensitivity and Kta out of the 768 pixel words."""
    grid = words[64:EEPROM_WORDS].reshape(ROWS, COLUMNS)
    return _signed_array(grid, 10, 6), _signed_array(grid, 4, 6), _signed_array(grid, 1, 3)


def _kta(words: NDArray[np.int64], remnant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Change of the offset with the chip temperature, 1/K."""
    first, second, scales = int(words[54]), int(words[55]), int(words[56])
    average = _by_parity(_signed(first >> 8, 8), _signed(first, 8), _signed(second >> 8, 8), _signed(second, 8))
    per_k: NDArray[np.float64] = (average + (remnant << (scales & 15))) / 2.0 ** (((scales >> 4) & 15) + 8)
    return per_k


def _kv(words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Change of the offset with the supply, 1/V."""
    word = int(words[52])
    nibbles = [_signed(word >> shift, 4) for shift in (12, 8, 4, 0)]
    return _by_parity(*nibbles) / 2.0 ** ((int(words[56]) >> 8) & 15)


def _ranges(words: NDArray[np.int64]) -> _Ranges:
    """The four object temperature ranges."""
    low, high, corners = int(words[61]), int(words[62]), int(words[63])
    fields = (_signed(low, 8), _signed(low >> 8, 8), _signed(high, 8), _signed(high >> 8, 8))
    slopes = np.array(fields, dtype=np.float64) / 2.0 ** ((corners & 15) + 8)
    step = 10 * ((corners >> 12) & 3)
    third = ((corners >> 4) & 15) * step
    fourth = third + ((corners >> 8) & 15) * step
    coldest = 1 + 40 * slopes[0]  # never 0: the slope is a whole number over a power of two
    gain_third = 1 + slopes[1] * third
    gain = np.array([1 / coldest, 1.0, gain_third, gain_third * (1 + slopes[2] * (fourth - third))])
    return _Ranges(slopes, np.array([-40.0, 0.0, third, fourth]), gain)


def _neighbours(bad: NDArray[np.bool_], steps: tuple[tuple[int, int], ...]) -> NDArray[np.intp]:
    """Flat indices of the good pixels `steps` away from every bad one, -1 where outside or bad too."""
    rows, columns = np.nonzero(bad)
    found = np.full((rows.size, len(steps)), -1, dtype=np.intp)
    for place, (down, right) in enumerate(steps):
        row, column = rows + down, columns + right
        inside = (row >= 0) & (row < ROWS) & (column >= 0) & (column < COLUMNS)
        usable = inside.copy()
        usable[inside] = ~bad[row[inside], column[inside]]
        found[usable, place] = row[usable] * COLUMNS + column[usable]
    return found


def _il_counts(words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Correction of a frame read in the other order than at calibration (data sheet 11.2.2.5.3)."""
    word = int(words[53])
    c2, c3 = _signed(word >> 6, 5) / 2, _signed(word >> 11, 5) / 8
    index = np.arange(PIXELS).reshape(ROWS, COLUMNS)
    odd_row = 2 * (_ROW % 2) - 1
    steps = (index + 2) // 4 - (index + 3) // 4 + (index + 1) // 4 - index // 4
    counts: NDArray[np.float64] = c3 * odd_row + c2 * steps * odd_row
    return counts


_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_SIDEWAYS = ((0, -1), (0, 1))


def _pattern(words: NDArray[np.int64], alpha: NDArray[np.float64], bad: NDArray[np.bool_], *, chess: bool) -> Pattern:
    """The part of the calibration that depends on the reading order."""
    subpage = _CHESS if chess else _INTERLEAVED
    cp_word = int(words[57])
    cp_first = _signed(cp_word, 10) / 2.0 ** ((int(words[32]) >> 12) + 27)
    cp_alpha = np.array([cp_first, cp_first * (1 + _signed(cp_word >> 10, 6) / 128)])
    tgc = _signed(int(words[60]), 8) / 32
    calibrated_in_chess = not int(words[10]) & 0x0800
    differs = chess != calibrated_in_chess
    return Pattern(
        subpage=subpage,
        sign=(1 - 2 * subpage).astype(np.float32),
        alpha=alpha - tgc * cp_alpha[subpage],
        il_counts=_il_counts(words) if differs else None,
        cp_extra_counts=_signed(int(words[53]), 6) / 16 if differs else 0.0,
        neighbours=_neighbours(bad, _DIAGONAL if chess else _SIDEWAYS),
    )


def _refusal(words: NDArray[np.int64], bad_pixels: int) -> str | None:
    """Why these words cannot be a calibration, judged by the single words alone."""
    if _signed(int(words[48]), 16) <= 0:
        return "the gain in the calibration is not positive"
    if _signed(int(words[51]) >> 8, 8) == 0:
        return "the supply voltage slope in the calibration is zero"
    if _signed(int(words[50]), 10) == 0:
        return "the chip temperature slope in the calibration is zero"
    if bad_pixels > MOST_BAD_PIXELS:
        return f"the calibration marks {bad_pixels} of {PIXELS} pixels as bad, so it is no calibration"
    return None


def calibrate(words: NDArray[np.uint16]) -> Calibration | str:
    """Decode [832] EEPROM words, or say in words why they are refused. Never raises on any contents."""
    if words.shape != (EEPROM_WORDS,):
        return f"the calibration has {words.size} words instead of {EEPROM_WORDS}"
    memory = words.astype(np.int64)
    pixel_words = memory[64:].reshape(ROWS, COLUMNS)
    broken = pixel_words == 0
    outlier = (pixel_words & 1).astype(np.bool_)
    refusal = _refusal(memory, int((broken | outlier).sum()))
    if refusal is not None:
        return refusal
    scale = int(memory[32])
    alpha = _grid_sum(memory, 34, int(memory[33]), scale, _pixel_fields(memory)[1])
    alpha /= 2.0 ** ((scale >> 12) + 30)
    alpha[broken] = np.nan
    chess = _pattern(memory, alpha, broken | outlier, chess=True)
    interleaved = _pattern(memory, alpha, broken | outlier, chess=False)
    if bool((alpha <= 0).any() or (chess.alpha <= 0).any() or (interleaved.alpha <= 0).any()):
        return "the calibration gives a pixel no sensitivity"
    return _assemble(memory, (chess, interleaved), (broken, outlier))


def chip_number(words: NDArray[np.uint16] | NDArray[np.int64]) -> str:
    """The chip's own number, words 7 to 9 of a dump of [832], as 12 hex digits."""
    return "".join(f"{int(word):04X}" for word in words[7:10])


def _assemble(
    words: NDArray[np.int64],
    patterns: tuple[Pattern, Pattern],
    marks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> Calibration:
    """Put the decoded parts together with the single-valued parameters."""
    ranges = _ranges(words)
    offset_remnant, _, kta_remnant = _pixel_fields(words)
    offset = _grid_sum(words, 18, _signed(int(words[17]), 16), int(words[16]), offset_remnant)
    ptat, supply, cp_offsets, cp_slopes, tails = (int(words[at]) for at in (50, 51, 58, 59, 60))
    scales = int(words[56])
    cp_first = _signed(cp_offsets, 10)
    return Calibration(
        sensor_id=chip_number(words),
        control_register=int(words[12]),
        broken=marks[0],
        outlier=marks[1],
        gain=_signed(int(words[48]), 16),
        kvdd=32 * _signed(supply >> 8, 8),
        vdd25=32 * ((supply & 255) - 256) - 8192,
        kv_ptat=_signed(ptat >> 10, 6) / 4096,
        kt_ptat=_signed(ptat, 10) / 8,
        ptat25=_signed(int(words[49]), 16),
        alpha_ptat=(int(words[16]) >> 12) / 4 + 8,
        resolution=(scales >> 12) & 3,
        tgc=_signed(tails, 8) / 32,
        ks_ta=_signed(tails >> 8, 8) / 8192,
        ks_to=ranges.ks_to,
        corners_c=ranges.corners_c,
        corner_gain=ranges.gain,
        cp_offset=(cp_first, cp_first + _signed(cp_offsets >> 10, 6)),
        kta_cp=_signed(cp_slopes, 8) / 2.0 ** (((scales >> 4) & 15) + 8),
        kv_cp=_signed(cp_slopes >> 8, 8) / 2.0 ** ((scales >> 8) & 15),
        offset=offset,
        offset_kta=offset * _kta(words, kta_remnant),
        kv=_kv(words),
        chess=patterns[0],
        interleaved=patterns[1],
    )
