"""Whether a thermal frame can be believed: no checksum exists, so what cannot be true is dropped. Pure."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf.mlx90640 import Calibration, Conversion, convert, looks_radiometric

GAIN_WORD = 778
SUPPLY_JUMP_V = 0.1
AMBIENT_JUMP_K = 5.0
GAIN_JUMP = 0.05
SPIKE_K = 20.0
BELIEVE_AFTER = 3  # jumps in a row are no longer damage of single words

_ODD = np.add.outer(np.arange(24), np.arange(32)).ravel() % 2 == 1
_EVEN = ~_ODD


@dataclass(frozen=True, slots=True)
class Judged:
    """One frame's verdict: temperatures if there are any, why not, and whether it must not be used at all."""

    conversion: Conversion | None
    why: str = ""
    dropped: bool = False


class Plausibility:
    """Compares the frames of one connection with one another."""

    def __init__(self) -> None:
        self.implausible = 0
        self.why = ""  # the last frame was dropped, in words
        self.masked_px = 0
        self.frozen_frames = 0  # in a row, bit for bit the same
        self.dead_half_frames = 0  # in a row, one subpage bit for bit the same and the other not
        self._jumps = 0
        self._radiometric = False
        self._good: Conversion | None = None
        self._good_gain = 0.0
        self._words: NDArray[np.uint16] | None = None

    def forget(self) -> None:
        """Start anew: another calibration, or a long silence."""
        self._radiometric, self._good, self._jumps = False, None, 0

    def judge(
        self,
        cal: Calibration | None,
        words: NDArray[np.uint16],
        emissivity: float | NDArray[np.float64],
        reflected_c: float | NDArray[np.float64] | None,
    ) -> Judged:
        """Convert words [834] or [768] where they can be believed."""
        self._compare(words)
        if cal is None:
            return Judged(None, "the calibration of this device has not been read yet")
        if not looks_radiometric(cal, words):
            return self._not_radiometric()
        conversion = convert(cal, words, emissivity, reflected_c)
        if isinstance(conversion, str):
            return self._drop(conversion)
        gain = float(words[GAIN_WORD])
        jump = self._jump(conversion, gain)
        if jump and self._jumps < BELIEVE_AFTER - 1:
            self._jumps += 1
            return self._drop(jump)
        shown = conversion if jump else self._mask(conversion)
        self._jumps, self._radiometric = 0, True
        self._good, self._good_gain = conversion, gain
        return Judged(shown)

    def _drop(self, why: str) -> Judged:
        self.implausible += 1
        self.why = why
        return Judged(None, why, dropped=True)

    def _not_radiometric(self) -> Judged:
        if self._radiometric:
            return self._drop("the frame lacks the measurements that belong to the pixels")
        return Judged(None, "the device sends pixels without what is needed to turn them into temperatures")

    def _compare(self, words: NDArray[np.uint16]) -> None:
        """Count frames in a row that repeat the one before, wholly or in one subpage."""
        pixels, before = words[:768], self._words
        self._words = pixels
        if before is None:
            return
        same = pixels == before
        even, odd = bool((same | _ODD).all()), bool((same | _EVEN).all())
        self.frozen_frames = self.frozen_frames + 1 if even and odd else 0
        self.dead_half_frames = self.dead_half_frames + 1 if even != odd else 0

    def _jump(self, now: Conversion, gain: float) -> str:
        """What changed more between two frames than hardware can, in words."""
        before = self._good
        if before is None:
            return ""
        if abs(now.supply_v - before.supply_v) > SUPPLY_JUMP_V:
            return f"the supply jumped from {before.supply_v:.3f} V to {now.supply_v:.3f} V"
        if abs(now.ambient_c - before.ambient_c) > AMBIENT_JUMP_K:
            return f"the chip temperature jumped from {before.ambient_c:.1f} °C to {now.ambient_c:.1f} °C"
        if abs(gain - self._good_gain) > GAIN_JUMP * self._good_gain:
            return f"the gain jumped from {self._good_gain:.0f} to {gain:.0f}"
        return ""

    def _mask(self, now: Conversion) -> Conversion:
        """A lone pixel far above its own last value and all its neighbours is left out until it shows again."""
        if self._good is None:
            return now
        risen = now.to_c - self._good.to_c > SPIKE_K
        if not risen.any():
            return now
        spikes = risen & (now.to_c - _neighbours_max(now.to_c) > SPIKE_K)
        if not spikes.any():
            return now
        self.masked_px += int(spikes.sum())
        return replace(now, to_c=np.where(spikes, np.float32(np.nan), now.to_c))


def _neighbours_max(to_c: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest of the 8 neighbours, NaN left out; [24,32] to [24,32], -inf where none is known."""
    around = np.pad(to_c, 1, constant_values=np.nan)
    highest = np.full(to_c.shape, -np.inf, dtype=np.float32)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                highest = np.fmax(highest, around[row : row + 24, column : column + 32])
    return highest
