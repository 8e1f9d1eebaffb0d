"""Parts per million of calibrated inputs, by figures worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.settings.model import GasCalibration
from embereye_addon.settings.schema import SECTIONS
from embereye_addon.sources.pf.gas import CURVES, MOST_PPM, equivalent_ppm, resistance_kohm


def calibration(**changes: object) -> GasCalibration:
    """An MQ-135 at 5 V with a 10 kΩ load, two thirds of whose voltage reach a 3.3 V converter."""
    given = {
        "device": "boiler",
        "input": "adc1",
        "gas": "co2",
        "r0_kohm": 76.63,
        "load_kohm": 10.0,
        "supply_v": 5.0,
        "divider": 0.66,
        "reference_v": 3.3,
        **changes,
    }
    return GasCalibration(**given)  # type: ignore[arg-type]


def test_the_resistance_by_hand() -> None:
    """A wrong circuit shows absurd figures.

    819 of 4095 is a fifth: 0.66 V at the converter, 1 V before the divider; 10 kΩ (5 / 1 - 1) = 40 kΩ. Without a
    divider the same reading is 0.66 V at the load: 10 kΩ (5 / 0.66 - 1) = 65.7576 kΩ.
    """
    assert resistance_kohm(819.0, calibration()) == pytest.approx(40.0)
    assert resistance_kohm(819.0, calibration(divider=1.0)) == pytest.approx(65.7576, abs=1e-4)
    assert resistance_kohm(819.0, calibration(load_kohm=1.0)) == pytest.approx(4.0)


def test_the_equivalents_by_hand() -> None:
    """A slip in the curve moves every figure.

    Where Rs is R0 the ppm are `a`. Rs = 40 kΩ, R0 = 20 kΩ: 116.602 x 2^-2.769 = 116.602 / 6.8164 = 17.1061.
    Rs = 40 kΩ, R0 = 80 kΩ: 605.18 x 0.5^-3.937 = 605.18 x 15.3163 = 9269.1.
    """
    assert equivalent_ppm(819.0, calibration(r0_kohm=40.0)) == pytest.approx(116.602)
    assert equivalent_ppm(819.0, calibration(r0_kohm=20.0)) == pytest.approx(17.106, rel=1e-4)
    assert equivalent_ppm(819.0, calibration(r0_kohm=80.0, gas="co")) == pytest.approx(9269.1, rel=1e-4)


def test_the_ends_of_the_range_are_no_gas() -> None:
    """A torn cable is shown as very clean, a short as very bad air."""
    for raw in (-5.0, 0.0, 4095.0, 65535.0, math.nan, math.inf):
        assert equivalent_ppm(raw, calibration()) is None
    assert resistance_kohm(4094.0, calibration(divider=0.1)) == 0.1, "more than the supply: the least resistance"


def test_every_gas_of_the_settings_has_a_curve() -> None:
    """A gas that can be chosen and has no curve ends the gateway."""
    key = next(
        key for section in SECTIONS if section.name == "calibrations" for key in section.keys if key.name == "gas"
    )
    assert set(key.kind.form["options"]) == set(CURVES)  # type: ignore[call-overload]


@given(
    raw=st.floats(0.0, 4095.0),
    more=st.floats(0.0, 4095.0),
    gas=st.sampled_from(sorted(CURVES)),
    r0_kohm=st.floats(0.1, 10000),
    load_kohm=st.floats(0.1, 1000),
    supply_v=st.floats(1, 24),
    divider=st.floats(0.01, 1),
    reference_v=st.floats(0.5, 6),
)
def test_more_gas_never_reads_less(raw: float, more: float, **circuit: object) -> None:
    """Within everything the settings allow, the figure is finite, bounded, and rises with the reading."""
    low, high = (equivalent_ppm(each, calibration(**circuit)) for each in sorted((raw, more)))
    for ppm in (low, high):
        assert ppm is None or (math.isfinite(ppm) and 0.0 <= ppm <= MOST_PPM)
    if low is not None and high is not None:
        assert low <= high
