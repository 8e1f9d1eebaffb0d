"""The calibration memory: what is taken from it, and what is refused."""

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.thermal import shipped_eeprom
from embereye_addon.sources.pf.eeprom import Calibration, calibrate

Words = NDArray[np.uint16]


def calibration() -> Calibration:
    """The shipped calibration."""
    made = calibrate(shipped_eeprom())
    assert isinstance(made, Calibration)
    return made


def eeprom_with(changes: dict[int, int]) -> Words:
    """The shipped calibration with some words replaced, by index."""
    words = shipped_eeprom()
    for index, word in changes.items():
        words[index] = word
    return words


def test_calibration_tells_the_sensor_and_its_register() -> None:
    """Hardware that was swapped is recognised by this id."""
    cal = calibration()
    assert cal.sensor_id == "021C5626618B"
    assert cal.control_register == 0x1901
    assert not cal.broken.any()
    assert not cal.outlier.any()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({48: 0}, "gain"),
        ({48: 0x8000}, "gain"),
        ({51: 0x0042}, "supply"),
        ({50: 0x0400}, "chip temperature"),
        ({33: 0}, "sensitivity"),
    ],
)
def test_implausible_calibrations_are_refused_in_words(changes: dict[int, int], reason: str) -> None:
    """A damaged dump must never calibrate anything, and the installer must learn why."""
    result = calibrate(eeprom_with(changes))
    assert isinstance(result, str)
    assert reason in result


def test_calibration_of_wrong_length_or_zeros_is_refused() -> None:
    """Simulators send zeros; a cut dump is short."""
    assert isinstance(calibrate(np.zeros(832, dtype=np.uint16)), str)
    assert isinstance(calibrate(shipped_eeprom()[:831]), str)


def test_random_words_never_calibrate() -> None:
    """Simulators answer EEPROM1 with random words; taking them would turn noise into alarms."""
    rng = np.random.default_rng(5)
    for _ in range(300):
        assert isinstance(calibrate(rng.integers(0, 0x10000, 832, dtype=np.uint16)), str)


def test_parameters_are_those_of_the_reference_decoder() -> None:
    """The single-valued parameters of the shipped chip, as decoded by the maker's driver."""
    cal = calibration()
    assert (cal.kvdd, cal.vdd25, cal.gain, cal.ptat25, cal.resolution) == (-3040, -12480, 5798, 12194, 2)
    assert (cal.kv_ptat, cal.kt_ptat, cal.alpha_ptat) == (0.002685546875, 42.375, 9.0)
    assert (cal.tgc, cal.ks_ta, cal.kta_cp, cal.kv_cp) == (0.0, -0.00244140625, 0.00390625, 0.375)
    assert cal.ks_to.tolist() == [0.0, -0.0001983642578125, -0.0009002685546875, -0.001495361328125]
    assert cal.corners_c.tolist() == [-40, 0, 100, 200]
    assert list(cal.cp_offset) == [-66, -62]
    assert cal.offset[[0, 0, 1, 11, 23], [0, 1, 0, 15, 31]].tolist() == [-45, -50, -53, -72, -95]
    assert cal.chess.alpha[11, 15] == pytest.approx(1.248117769137025e-07)
    assert cal.offset_kta[12, 16] / cal.offset[12, 16] == pytest.approx(0.0067138671875)
    assert (cal.kv[12, 16], cal.kv[0, 1], cal.kv.min(), cal.kv.max()) == (0.5, 0.375, 0.375, 0.5)


def test_more_bad_pixels_than_the_maker_allows_are_tolerated_up_to_a_limit() -> None:
    """A worn sensor keeps working and is reported; words that mark half of the pixels are no calibration."""
    few = calibrate(eeprom_with({64 + place: 0 for place in range(10)}))
    assert isinstance(few, Calibration)
    assert few.bad.sum() == 10
    assert isinstance(calibrate(eeprom_with({64 + place: 0 for place in range(100)})), str)


def test_reading_order_follows_the_register() -> None:
    """Bit 12 of the control register is chess; the correction applies only where the order differs."""
    cal = calibration()
    assert cal.pattern(0x1901) is cal.chess
    assert cal.pattern(0x0901) is cal.interleaved
    assert cal.chess.il_counts is None
    assert cal.interleaved.il_counts is not None
    assert cal.chess.subpage[0, 1] == 1
    assert cal.interleaved.subpage[0, 1] == 0
