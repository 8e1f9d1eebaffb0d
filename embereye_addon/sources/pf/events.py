"""What a PF device's conversation comes to: the events of its session, and what its settings say. Pure data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.sources.pf.commands import STREAMS, Manner
from embereye_addon.sources.pf.identity import Identity
from embereye_addon.sources.pf.mlx90640 import Calibration, Conversion


@dataclass(frozen=True, slots=True)
class Setup:
    """What the settings say about an accepted device, its last known EEPROM, uint16 [832], and its chip's number."""

    emissivity: float | NDArray[np.float64] = 0.95
    reflected_c: float | NDArray[np.float64] | None = None
    max_frames_hz: float = 16.0
    cached: NDArray[np.uint16] | None = None
    manner: Manner = STREAMS
    chip: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FrameSeen:
    """A thermal frame: its words, and temperatures if it has any; else `why` says in words what is missing.

    `radiometric` is true where `conversion` is not None. `at` is UTC seconds, `mono_s` monotonic, at arrival.
    """

    words: NDArray[np.uint16]
    radiometric: bool
    conversion: Conversion | None
    why: str
    at: float
    mono_s: float


@dataclass(frozen=True, slots=True)
class SensorSeen:
    """The device's inputs by upper-case key, unknown ones too."""

    values: dict[str, float]
    at: float
    mono_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """Temperatures can be computed; `provisional`: from an earlier dump, not yet confirmed by the device."""

    calibration: Calibration
    words: NDArray[np.uint16]
    provisional: bool


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """A dump was refused, for this reason in words; an earlier calibration stays in use."""

    reason: str


@dataclass(frozen=True, slots=True)
class Identified:
    """The best name of this connection is now another one."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Late:
    """Nothing valid for three periods (at least 15 s); the device is being asked to stream again."""

    quiet_s: float


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing valid for three periods (at least 20 s): the device has to be taken for lost."""

    quiet_s: float


@dataclass(frozen=True, slots=True)
class Back:
    """Something valid again after `Late` or `Silent`."""

    quiet_s: float


Event = FrameSeen | SensorSeen | Calibrated | Uncalibrated | Identified | Late | Silent | Back
