"""Parts per million of a gas input that an installer calibrated. Pure.

One resistive sensor answers to many gases at once, so the figure is an equivalent: so much of the named gas alone would
read the same. It is for people to look at; no decision is taken from it.
"""

import math
from types import MappingProxyType
from typing import Final

from embereye_addon.settings.model import GasCalibration

FULL_SCALE: Final = 4095.0
CURVES: Final = MappingProxyType(
    {
        "co2": (116.602, -2.769),
        "co": (605.18, -3.937),
        "nh3": (102.2, -2.473),
        "alcohol": (77.255, -3.18),
        "acetone": (34.668, -3.369),
        "toluene": (44.947, -3.445),
    }
)
"""ppm = a (Rs/R0)^b of an MQ-135 in clean air at 20 °C, as the PF devices' makers use it."""
LEAST_KOHM: Final = 0.1
MOST_PPM: Final = 10_000.0
"""1 % of the air: far above what the sensor is made for, so that a figure beyond it says only "very much"."""


def resistance_kohm(raw: float, calibration: GasCalibration) -> float | None:
    """The sensor's resistance from counts of its input: RL (Vc / Vout - 1), 0.1 kΩ at the least.

    Vout is the voltage at the load resistor, before the divider. None at either end of the range: no gas reads so.
    """
    if not 1.0 <= raw < FULL_SCALE:
        return None
    out_v = raw / FULL_SCALE * calibration.reference_v / calibration.divider
    return max(LEAST_KOHM, calibration.load_kohm * (calibration.supply_v / out_v - 1.0))


def equivalent_ppm(raw: float, calibration: GasCalibration) -> float | None:
    """The ppm of the calibration's gas that alone would read so, 0 to 10000; None where the input cannot be read."""
    sensor_kohm = resistance_kohm(raw, calibration)
    if sensor_kohm is None:
        return None
    factor, power = CURVES[calibration.gas]
    return min(MOST_PPM, factor * math.pow(sensor_kohm / calibration.r0_kohm, power))
