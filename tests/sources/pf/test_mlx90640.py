"""Words to temperatures, against three independent decoders and against nonsense."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from embereye_addon.demo.thermal import ThermalArray, shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.mlx90640 import (
    CP_SECOND,
    GAIN,
    PTAT,
    VBE,
    VDD,
    Calibration,
    Conversion,
    calibrate,
    convert,
    linear_guess,
    looks_radiometric,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "pf" / "temperatures.txt"

Words = NDArray[np.uint16]


def calibration(words: Words | None = None) -> Calibration:
    """The shipped calibration, or the one in these words."""
    made = calibrate(shipped_eeprom() if words is None else words)
    assert isinstance(made, Calibration)
    return made


def converted(result: Conversion | str) -> Conversion:
    """The conversion, which must not be a refusal."""
    assert isinstance(result, Conversion), result
    return result


def room() -> Words:
    """A real frame of an empty room."""
    return shipped_frames()["empty_room"]


def frame_with(**words: int) -> Words:
    """That frame with some RAM words replaced, by name."""
    places = {"gain": GAIN, "ptat": PTAT, "vbe": VBE, "vdd": VDD, "cp": CP_SECOND}
    frame = room()
    for name, word in words.items():
        frame[places[name]] = word & 0xFFFF
    return frame


def eeprom_with(changes: dict[int, int]) -> Words:
    """The shipped calibration with some words replaced, by index."""
    words = shipped_eeprom()
    for index, word in changes.items():
        words[index] = word
    return words


def text_golden() -> list[tuple[str, dict[str, float], NDArray[np.float64]]]:
    """Name, chip values and [24,32] temperatures of each frame in the golden file."""
    found = []
    lines = GOLDEN.read_text().splitlines()
    for first in range(0, len(lines), 25):
        _, name, *pairs = lines[first].split()
        chip = {key: float(number) for key, number in (pair.split("=") for pair in pairs)}
        rows = [[float(number) for number in line.split()] for line in lines[first + 1 : first + 25]]
        found.append((name, chip, np.array(rows)))
    return found


def test_shipped_frames_read_as_the_makers_driver_reads_them() -> None:
    """If this breaks, every temperature the user sees is wrong."""
    cal = calibration()
    golden = text_golden()
    assert {name for name, _, _ in golden} == set(shipped_frames())
    for name, chip, to_c in golden:
        result = converted(convert(cal, shipped_frames()[name]))
        assert np.abs(result.to_c - to_c).max() < 0.01
        assert result.supply_v == pytest.approx(chip["supply_v"], abs=1e-5)
        assert result.ambient_c == pytest.approx(chip["ambient_c"], abs=1e-4)
        assert result.to_c.dtype == np.float32
        assert not result.replaced.any()


def test_movement_shows_as_tearing() -> None:
    """A moving arm must be told from a fire by the disagreement of the subpages."""
    cal, frames = calibration(), shipped_frames()
    assert converted(convert(cal, frames["empty_room"])).torn_k < 0.7
    assert converted(convert(cal, frames["moving_arm"])).torn_k > 1.5


def _capture_words(shared: Path, line: int, frame_no: int) -> Words:
    """The words of a frame of the capture, or of the extra frames where frame_no is negative."""
    folder = shared / "data" / "pf"
    if frame_no < 0:
        packet = (folder / "extra_frames.txt").read_text().split()[-frame_no - 1]
    else:
        packet = (folder / "capture.txt").read_text().split("\n")[line - 1].split("\t")[2]
    return np.frombuffer(bytes.fromhex(packet.split(":")[1].rstrip("!")), dtype=">u2").astype(np.uint16)


def test_whole_capture_reads_as_the_makers_driver_reads_it(shared: Path) -> None:
    """97 real frames, three settings of emissivity and reflection, within a hundredth of a degree."""
    cal = calibration()
    with np.load(shared / "data" / "pf" / "golden_temps.npz") as golden:
        for place in range(len(golden["line"])):
            words = _capture_words(shared, int(golden["line"][place]), int(golden["frame_no"][place]))
            assert looks_radiometric(cal, words)
            normal = converted(convert(cal, words))
            assert np.abs(normal.to_c - golden["to"][place]).max() <= 0.01
            assert normal.supply_v == pytest.approx(float(golden["vdd"][place]), abs=1e-6)
            assert normal.ambient_c == pytest.approx(float(golden["ta"][place]), abs=1e-4)
            black = converted(convert(cal, words, 1.0))
            assert np.abs(black.to_c - golden["to_em100"][place]).max() <= 0.01
            cool = converted(convert(cal, words, 0.98, 25.0))
            assert np.abs(cool.to_c - golden["to_em098_tr25"][place]).max() <= 0.01


def test_synthetic_chips_read_right(shared: Path) -> None:
    """All resolutions, both read orders, compensation pixels, bad pixels, -38 to 535 °C."""
    with np.load(shared / "data" / "pf" / "golden_synth.npz") as golden:
        for place, name in enumerate(golden["name"]):
            cal = calibration(golden["ee"][place])
            reflected = float(golden["tr"][place])
            call = (
                cal,
                golden["words"][place],
                float(golden["em"][place]),
                None if np.isnan(reflected) else reflected,
                int(golden["ctrl"][place]),
            )
            plain = converted(convert(*call, replace_bad=False))
            closest = [np.nanmax(np.abs(plain.to_c - golden[key][place]), initial=0) for key in ("to", "to_exact")]
            assert min(closest) <= 0.02, name
            assert np.array_equal(np.isnan(plain.to_c), cal.bad), name
            whole = converted(convert(*call))
            near = 0.02 if not cal.tgc else 0.3  # with compensation the golden driver is off by up to 0.28
            assert np.abs(whole.to_c - golden["to_bpc"][place]).max() <= near, name
            assert np.array_equal(whole.replaced, cal.bad), name
            assert whole.supply_v == pytest.approx(float(golden["vdd"][place]), abs=1e-6)
            assert whole.ambient_c == pytest.approx(float(golden["ta"][place]), abs=1e-4)


def test_bad_pixels_take_the_median_of_their_diagonal_neighbours() -> None:
    """A dead pixel must show its surroundings: four neighbours inside, two at an edge, one in a corner."""
    marks = {64: 0, 64 + 32 * 10 + 10: 0, 64 + 32 * 23 + 5: 0}
    cal = calibration(eeprom_with(marks))
    result = converted(convert(cal, room()))
    intact = converted(convert(calibration(), room())).to_c
    assert result.replaced.sum() == 3
    assert result.to_c[0, 0] == intact[1, 1]
    assert result.to_c[23, 5] == pytest.approx((intact[22, 4] + intact[22, 6]) / 2, abs=1e-4)
    four = np.sort([intact[9, 9], intact[9, 11], intact[11, 9], intact[11, 11]])
    assert result.to_c[10, 10] == pytest.approx((four[1] + four[2]) / 2, abs=1e-4)


def test_bad_pixels_do_not_borrow_from_each_other() -> None:
    """Two dead neighbours: each takes its good ones only; one with none stays unknown."""
    cal = calibration(eeprom_with({64: 0, 64 + 33: 0}))
    result = converted(convert(cal, room()))
    assert np.isnan(result.to_c[0, 0])
    assert not result.replaced[0, 0]
    assert result.replaced[1, 1]
    assert np.isfinite(result.to_c[1, 1])
    assert np.isfinite(result.torn_k)


def test_interleaved_bad_pixels_take_their_sideways_neighbours() -> None:
    """With rows read in turn only the neighbours in the same row were measured at the same time."""
    cal = calibration(eeprom_with({64 + 32 * 10 + 10: 0}))
    result = converted(convert(cal, room(), control_register=0x0901))
    beside = (result.to_c[10, 9] + result.to_c[10, 11]) / 2
    assert result.to_c[10, 10] == pytest.approx(beside, abs=1e-4)


def test_outlier_marks_are_counted_and_unreplaced_pixels_unknown() -> None:
    """Bad pixels must be visible to the health report."""
    words = shipped_eeprom()
    words[64 + 5] |= 1
    cal = calibration(words)
    assert cal.outlier.sum() == 1
    assert np.isnan(converted(convert(cal, room(), replace_bad=False)).to_c[0, 5])


def test_emissivity_may_differ_by_pixel() -> None:
    """A region with its own emissivity gets its own temperatures, the rest stays."""
    cal = calibration()
    emissivity = np.full((24, 32), 0.95)
    emissivity[:12] = 0.5
    mixed = converted(convert(cal, room(), emissivity)).to_c
    assert np.array_equal(mixed[12:], converted(convert(cal, room())).to_c[12:])
    assert np.array_equal(mixed[:12], converted(convert(cal, room(), 0.5)).to_c[:12])


def test_words_in_network_order_read_the_same() -> None:
    """A parser may hand over big-endian words."""
    swapped: Words = room().astype(">u2")
    cal = calibration()
    assert np.array_equal(converted(convert(cal, swapped)).to_c, converted(convert(cal, room())).to_c)
    assert np.array_equal(linear_guess(swapped), linear_guess(room()))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (frame_with(gain=0), "gain"),
        (frame_with(gain=-5), "gain"),
        (frame_with(ptat=0), "zero"),
        (frame_with(vbe=0, ptat=0), "zero"),
        (frame_with(ptat=20000), "damaged"),
        (np.zeros(834, dtype=np.uint16), "gain"),
        (np.zeros(768, dtype=np.uint16), "768"),
    ],
)
def test_unreadable_frames_are_refused_in_words(frame: Words, reason: str) -> None:
    """A frame without gain or chip temperature says why it is dropped, and divides by nothing."""
    result = convert(calibration(), frame)
    assert isinstance(result, str)
    assert reason in result
    assert not looks_radiometric(calibration(), frame)


@pytest.mark.parametrize("emissivity", [0.0, -1.0, 1.5, float("nan"), np.zeros((24, 32)), np.ones((32, 24))])
def test_impossible_emissivity_is_refused(emissivity: float | NDArray[np.float64]) -> None:
    """A setting of 0 must not become infinite temperatures."""
    assert isinstance(convert(calibration(), room(), emissivity), str)


def test_supply_that_leaves_no_chip_temperature_is_refused() -> None:
    """1 + KvPTAT·ΔV = 0 needs a supply far outside of anything, but a frame may claim it."""
    cal = calibration(eeprom_with({50: 0x8153, 51: 0xFF00}))  # KvPTAT -1/128, KVdd -32: ΔV 128 is reachable
    vdd = round(128 * cal.kvdd + cal.vdd25)
    assert convert(cal, frame_with(vdd=vdd)) == "the supply words of the frame leave no chip temperature"


def test_chip_too_warm_for_its_calibration_is_refused() -> None:
    """A damaged KsTa that turns the sensitivity negative must not turn hot into cold."""
    cal = calibration(eeprom_with({60: 0x8000}))
    frame = frame_with(ptat=2650)
    warm = converted(convert(calibration(), frame))
    assert warm.ambient_c > 100
    assert convert(cal, frame) == "the calibration leaves no sensitivity at this chip temperature"


def test_pixels_without_a_solution_are_unknown_and_the_rest_stays() -> None:
    """One impossible pixel is NaN; it must not poison its neighbours nor the picture."""
    frame = room()
    frame[32 * 12 + 16] = 0x8000
    result = converted(convert(calibration(), frame))
    assert np.isnan(result.to_c[12, 16])
    assert np.isnan(result.to_c).sum() == 1
    assert not result.replaced.any()
    frame[:768] = 0x8000
    dark = converted(convert(calibration(), frame))
    assert np.isnan(dark.to_c).all()
    assert dark.torn_k == 0


def test_readings_beyond_the_makers_range_are_marked_and_not_clipped() -> None:
    """A fire of 500 °C is told as 500 °C with a mark, not as 300; so is what is too cold, and what shows nothing."""
    picture = np.full((24, 32), 23.0)
    picture[5, 5], picture[6, 6], picture[7, 7] = 500.0, 299.0, -45.0
    words = ThermalArray(shipped_eeprom(), noise=0.0).words_for(picture)
    words[32 * 20 + 20] = 0x8001
    result = converted(convert(calibration(), words))
    assert result.to_c[5, 5] == pytest.approx(500.0, abs=1.0)
    assert np.argwhere(result.outside).tolist() == [[5, 5], [7, 7], [20, 20]]
    assert np.isnan(result.to_c[20, 20])
    assert result.saturated_px == 1
    assert not converted(convert(calibration(), room())).outside.any()


def test_saturated_pixels_are_marked_and_stay_hot() -> None:
    """A pixel at the end of its scale looks into a fire: it is marked, and hot above everything else."""
    words = room()
    words[32 * 12 + 15 : 32 * 12 + 18] = 0x7FFF
    result = converted(convert(calibration(), words))
    assert result.saturated_px == 3
    assert result.outside.sum() == 3
    assert (result.to_c[12, 15:18] > 580.0).all()
    marked = calibration(eeprom_with({64 + 32 * 12 + 16: 0}))
    assert converted(convert(marked, words)).saturated_px == 2


def test_heat_beyond_the_end_of_the_formula_stays_heat() -> None:
    """The slope of the hottest range may turn the formula round: the hottest pixel of a fire must not vanish."""
    steep = calibration(eeprom_with({62: 0x8080}))  # KsTo3 and KsTo4 at their most negative
    words = room()
    words[32 * 12 + 15] = 0x7FFF
    words[32 * 2 + 2] = 0x8000
    result = converted(convert(steep, words))
    assert result.to_c[12, 15] > 500.0
    assert np.isnan(result.to_c[2, 2])
    assert result.outside[12, 15]


def test_a_map_of_reflections_must_fit() -> None:
    """A map of another size is refused in words, not spread over the picture."""
    assert convert(calibration(), room(), 0.9, np.zeros((32, 24))) == (
        "the reflected temperature is not one number nor one for each pixel"
    )


@pytest.mark.parametrize("place", [770, 807, 795, 831])
def test_wrong_fillers_are_not_radiometric(place: int) -> None:
    """Simulators fill the tail at random: their frames must not pass for temperatures."""
    frame = room()
    assert looks_radiometric(calibration(), frame)
    frame[place] ^= 0x0100
    assert not looks_radiometric(calibration(), frame)


@pytest.mark.parametrize("words", [{"gain": 3000}, {"gain": 9000}, {"vdd": -20000}, {"ptat": 2650}])
def test_values_out_of_range_are_not_radiometric(words: dict[str, int]) -> None:
    """Gain, supply and chip temperature out of range betray a frame that is not from this sensor."""
    assert not looks_radiometric(calibration(), frame_with(**words))


def test_control_register_may_be_overridden() -> None:
    """A device set to another resolution is read right when the setting says so."""
    cal = calibration()
    frame = room()
    frame[VDD] = ((int(frame[VDD]) - 0x10000) * 2) & 0xFFFF
    assert not looks_radiometric(cal, frame)
    assert looks_radiometric(cal, frame, 0x1D01)
    assert converted(convert(cal, frame, control_register=0x1D01)).supply_v == pytest.approx(3.278, abs=0.001)


def test_linear_guess_is_what_simulators_mean() -> None:
    """Signed hundredths of a degree around 27 °C."""
    words = np.zeros(768, dtype=np.uint16)
    words[1], words[32] = 100, 0xFF9C
    guess = linear_guess(words)
    assert guess.shape == (24, 32)
    assert guess.dtype == np.float32
    assert guess[0, 0] == 27
    assert guess[0, 1] == 28
    assert guess[1, 0] == 26


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=1664, max_size=1664), st.binary(min_size=1668, max_size=1668), st.integers(0, 0xFFFF))
def test_any_words_give_a_value_or_a_reason(eeprom: bytes, frame: bytes, register: int) -> None:
    """Nothing a stranger sends may raise or warn."""
    words = np.frombuffer(frame, dtype=np.uint16)
    mixed = shipped_eeprom()
    mixed[16:64] = np.frombuffer(eeprom, dtype=np.uint16)[16:64]
    for memory in (np.frombuffer(eeprom, dtype=np.uint16), mixed, shipped_eeprom()):
        cal = calibrate(memory)
        if isinstance(cal, Calibration):
            assert isinstance(convert(cal, words, control_register=register), Conversion | str)
            assert isinstance(convert(cal, room(), control_register=register), Conversion | str)
            assert looks_radiometric(cal, words) in (True, False)
