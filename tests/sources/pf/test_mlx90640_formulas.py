"""The conversion against the formulas of the data sheet, written down a second time: one pixel, plain numbers."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.mlx90640 import Calibration, Conversion, calibrate, convert

Words = list[int]


def signed(value: int, bits: int) -> int:
    """Two's complement of the lowest bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >= 1 << (bits - 1) else value


@dataclass
class Pixel:
    """One pixel of one frame; `register` is the control register in force, `tr_c` None for the chip minus 8 K."""

    ee: Words
    frame: Words
    register: int
    emissivity: float
    tr_c: float | None
    row: int
    column: int

    def r(self, word: int) -> int:
        """A RAM word, signed."""
        return signed(self.frame[word], 16)

    def nibble(self, first: int, place: int) -> int:
        """The signed nibble number `place` of a run of words."""
        return signed(self.ee[first + place // 4] >> (4 * (place % 4)), 4)

    def change_v(self) -> float:
        """Step 1: the supply, less 3.3 V."""
        kvdd, vdd25 = 32 * signed(self.ee[51] >> 8, 8), 32 * ((self.ee[51] & 255) - 256) - 8192
        steps = ((self.ee[56] >> 12) & 3) - ((self.register >> 10) & 3)
        return (2.0**steps * self.r(810) - vdd25) / kvdd

    def ta_c(self) -> float:
        """Step 2: the chip."""
        kv, kt = signed(self.ee[50] >> 10, 6) / 4096, signed(self.ee[50], 10) / 8
        art = self.r(800) / (self.r(800) * ((self.ee[16] >> 12) / 4 + 8) + self.r(768)) * 2**18
        return (art / (1 + kv * self.change_v()) - signed(self.ee[49], 16)) / kt + 25

    def chess(self) -> bool:
        """The reading order of this frame."""
        return bool(self.register & 0x1000)

    def subpage(self) -> int:
        """Which half this pixel belongs to."""
        return (self.row + self.column) % 2 if self.chess() else self.row % 2

    def other_order(self) -> bool:
        """Whether it is read in another order than it was calibrated in."""
        return self.chess() != (not self.ee[10] & 0x0800)

    def drift(self, kta: float, kv: float) -> float:
        """The change of an offset with chip temperature and supply."""
        return (1 + kta * (self.ta_c() - 25)) * (1 + kv * self.change_v())

    def gain(self) -> float:
        """Step 3."""
        return signed(self.ee[48], 16) / self.r(778)

    def offset(self) -> float:
        """Step 4: the offset at 25 °C and 3.3 V."""
        scale, remnant = self.ee[16], signed(self.word() >> 10, 6)
        rows = self.nibble(18, self.row) * 2.0 ** ((scale >> 8) & 15)
        columns = self.nibble(24, self.column) * 2.0 ** ((scale >> 4) & 15)
        return signed(self.ee[17], 16) + rows + columns + remnant * 2.0 ** (scale & 15)

    def word(self) -> int:
        """The pixel's own EEPROM word."""
        return self.ee[64 + 32 * self.row + self.column]

    def slopes(self) -> tuple[float, float]:
        """Step 4: Kta and Kv of this pixel."""
        scales = self.ee[56]
        average = self.ee[54 + self.column % 2] >> (0 if self.row % 2 else 8)
        kta = signed(average, 8) + signed(self.word() >> 1, 3) * 2.0 ** (scales & 15)
        nibble = {(0, 0): 12, (1, 0): 8, (0, 1): 4, (1, 1): 0}[self.row % 2, self.column % 2]
        return kta / 2.0 ** (((scales >> 4) & 15) + 8), signed(self.ee[52] >> nibble, 4) / 2.0 ** ((scales >> 8) & 15)

    def interleave(self) -> float:
        """Step 5."""
        if not self.other_order():
            return 0.0
        index, odd = 32 * self.row + self.column, self.row % 2
        q = (index + 2) // 4 - (index + 3) // 4 + (index + 1) // 4 - index // 4
        c3, c2 = signed(self.ee[53] >> 11, 5) / 8, signed(self.ee[53] >> 6, 5) / 2
        return c3 * (2 * odd - 1) - c2 * q * (1 - 2 * odd)

    def tgc(self) -> float:
        """How much the compensation pixel counts."""
        return signed(self.ee[60], 8) / 32

    def compensation(self) -> float:
        """Step 6: the compensation pixel of this half."""
        offset = float(signed(self.ee[58], 10))
        if self.subpage():
            offset += signed(self.ee[58] >> 10, 6)
            offset += signed(self.ee[53], 6) / 16 if self.other_order() else 0.0
        scales = self.ee[56]
        kta = signed(self.ee[59], 8) / 2.0 ** (((scales >> 4) & 15) + 8)
        kv = signed(self.ee[59] >> 8, 8) / 2.0 ** ((scales >> 8) & 15)
        return self.r(808 if self.subpage() else 776) * self.gain() - offset * self.drift(kta, kv)

    def alpha(self) -> float:
        """Step 7, with the compensation pixel of this half."""
        scale = self.ee[32]
        rows = self.nibble(34, self.row) * 2.0 ** ((scale >> 8) & 15)
        columns = self.nibble(40, self.column) * 2.0 ** ((scale >> 4) & 15)
        own = self.ee[33] + rows + columns + signed(self.word() >> 4, 6) * 2.0 ** (scale & 15)
        cp = signed(self.ee[57], 10) / 2.0 ** ((scale >> 12) + 27)
        cp *= 1 + signed(self.ee[57] >> 10, 6) / 128 if self.subpage() else 1
        slope = 1 + signed(self.ee[60] >> 8, 8) / 8192 * (self.ta_c() - 25)
        return (own / 2.0 ** ((scale >> 12) + 30) - self.tgc() * cp) * slope

    def to_c(self) -> float:
        """Steps 6 to 10."""
        kta, kv = self.slopes()
        counts = self.r(32 * self.row + self.column) * self.gain() - self.offset() * self.drift(kta, kv)
        v = (counts + self.interleave() - self.tgc() * self.compensation()) / self.emissivity
        ta = self.ta_c() + 273.15
        tr = (ta - 8.0 if self.tr_c is None else self.tr_c + 273.15) ** 4
        tar, alpha = tr - (tr - ta**4) / self.emissivity, self.alpha()
        ks = [signed(self.ee[61 + place // 2] >> (8 * (place % 2)), 8) for place in range(4)]
        ks_to = [one / 2.0 ** ((self.ee[63] & 15) + 8) for one in ks]
        step = 10 * ((self.ee[63] >> 12) & 3)
        ct3 = ((self.ee[63] >> 4) & 15) * step
        ct4 = ct3 + ((self.ee[63] >> 8) & 15) * step
        sx = ks_to[1] * root4(alpha**3 * v + alpha**4 * tar)
        t0 = root4(v / (alpha * (1 - 273.15 * ks_to[1]) + sx) + tar) - 273.15
        a3 = 1 + ks_to[1] * ct3
        spans = [(-40, 1 / (1 + 40 * ks_to[0])), (0, 1.0), (ct3, a3), (ct4, a3 * (1 + ks_to[2] * (ct4 - ct3)))]
        place = sum(t0 >= limit for limit in (0, ct3, ct4))
        corner, a = spans[place]
        return root4(v / (alpha * a * (1 + ks_to[place] * (t0 - corner))) + tar) - 273.15


def root4(value: float) -> float:
    """The fourth root, NaN for what has none."""
    return math.sqrt(math.sqrt(value)) if value >= 0 else math.nan


def changed(words: NDArray[np.uint16], changes: dict[int, int]) -> NDArray[np.uint16]:
    """The words with some replaced."""
    made = words.copy()
    for place, word in changes.items():
        made[place] = word & 0xFFFF
    return made


@st.composite
def chips(draw: st.DrawFn) -> tuple[NDArray[np.uint16], NDArray[np.uint16], int]:
    """EEPROM, frame and control register of a chip of any resolution, order and compensation, with bad pixels."""
    ee, frame = shipped_eeprom(), shipped_frames()[draw(st.sampled_from(sorted(shipped_frames())))]
    resolution, calibrated = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    register = 0x0001 | draw(st.sampled_from([0x1000, 0])) | resolution << 10 | draw(st.integers(0, 7)) << 7
    changes = {
        10: draw(st.sampled_from([int(ee[10]) & ~0x0800, int(ee[10]) | 0x0800])),
        53: draw(st.integers(0, 0xFFFF)),
        56: int(ee[56]) & ~0x3000 | calibrated << 12,
        57: draw(st.integers(-6, 6)) << 10 | draw(st.integers(0, 40)),
        58: draw(st.integers(0, 0xFFFF)),
        59: draw(st.integers(0, 0xFFFF)),
        60: int(ee[60]) & 0xFF00 | draw(st.integers(-8, 8)) & 0xFF,
    }
    for pixel in draw(st.lists(st.integers(0, 767), max_size=4)):
        changes[64 + pixel] = draw(st.sampled_from([0, int(ee[64 + pixel]) | 1]))
    vdd = 2.0 ** (resolution - calibrated) * signed(int(frame[810]), 16)
    hot = draw(st.dictionaries(st.integers(0, 767), st.integers(-200, 32767), max_size=5))
    tail = {776: draw(st.integers(-200, 200)), 808: draw(st.integers(-200, 200)), 810: max(-32768, round(vdd))}
    return changed(ee, changes), changed(frame, hot | tail), register


@settings(max_examples=60, deadline=None)
@given(chips(), st.floats(0.1, 1.0), st.none() | st.floats(-20.0, 80.0), st.lists(st.integers(0, 767), min_size=6))
def test_any_chip_is_read_as_its_maker_says(
    chip: tuple[NDArray[np.uint16], NDArray[np.uint16], int], emissivity: float, tr_c: float | None, pixels: Words
) -> None:
    """A rare resolution, reading order, compensation or bad pixel makes a whole site's temperatures wrong."""
    ee, frame, register = chip
    cal = calibrate(ee)
    if not isinstance(cal, Calibration):
        return
    found = convert(cal, frame, emissivity, tr_c, register, replace_bad=False)
    assert isinstance(found, Conversion)
    words, ram = [int(word) for word in ee], [int(word) for word in frame]
    first = Pixel(words, ram, register, emissivity, tr_c, 0, 0)
    assert found.supply_v == pytest.approx(first.change_v() + 3.3)
    assert found.ambient_c == pytest.approx(first.ta_c())
    hot = np.flatnonzero(frame[:768] != shipped_frames()["empty_room"][:768])[:4].tolist()
    for index in (*pixels[:12], *hot):
        row, column = divmod(index, 32)
        if words[64 + index] == 0 or words[64 + index] & 1:
            assert np.isnan(found.to_c[row, column])
            continue
        expected = Pixel(words, ram, register, emissivity, tr_c, row, column).to_c()
        if math.isnan(expected) and found.to_c[row, column] > 300.0:
            continue  # too much radiance for the formula: heat all the same
        assert float(found.to_c[row, column]) == pytest.approx(expected, abs=0.002, rel=1e-5, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(chips())
def test_bad_pixels_never_reach_beyond_their_neighbours(
    chip: tuple[NDArray[np.uint16], NDArray[np.uint16], int],
) -> None:
    """A dead pixel shows something that none of its neighbours does: a hot spot of nothing, or a fire painted over."""
    ee, frame, register = chip
    cal = calibrate(ee)
    if not isinstance(cal, Calibration):
        return
    found, plain = (
        convert(cal, frame, 0.95, None, register),
        convert(cal, frame, 0.95, None, register, replace_bad=False),
    )
    assert isinstance(found, Conversion)
    assert isinstance(plain, Conversion)
    good = ~cal.bad
    assert np.array_equal(found.to_c[good], plain.to_c[good], equal_nan=True)
    assert not (found.outside & cal.bad).any()
    around = np.pad(np.where(good, found.to_c, np.nan), 1, constant_values=np.nan)
    for row, column in np.argwhere(found.replaced):
        near = around[row : row + 3, column : column + 3]
        assert np.nanmin(near) <= found.to_c[row, column] <= np.nanmax(near)
