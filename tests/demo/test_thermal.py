"""The simulated thermal array: what goes in as temperature must come out as temperature."""

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.thermal import (
    Fire,
    Housing,
    Person,
    Radiator,
    ThermalArray,
    ThermalScene,
    look,
    person_walking,
    radiance_k4,
    radiator_on,
    shipped_eeprom,
)
from embereye_addon.sources.pf.mlx90640 import Conversion, convert, looks_radiometric


def converted(array: ThermalArray, words: NDArray[np.uint16], emissivity: float = 0.95) -> Conversion:
    """The frame as temperatures; it must pass for one of a real sensor."""
    assert looks_radiometric(array.calibration, words)
    result = convert(array.calibration, words, emissivity)
    assert isinstance(result, Conversion), result
    return result


def seen_c(array: ThermalArray, scene: ThermalScene, at_s: float) -> NDArray[np.float32]:
    """What a reader makes of the scene at that second."""
    now_k4, before_k4 = look(scene.radiance_k4(at_s)), look(scene.radiance_k4(at_s - 0.5))
    return converted(array, array.frame(now_k4, before_k4)).to_c


@pytest.mark.parametrize("middle_c", [-30, 0, 23, 33, 65, 120, 250, 480])
def test_temperatures_survive_the_way_to_words_and_back(middle_c: float) -> None:
    """Within half a count of the raw word, which is 0.05 °C in the centre at room temperature."""
    array = ThermalArray(shipped_eeprom(), noise=0)
    wanted = middle_c + np.random.default_rng(1).normal(0, 3, (24, 32))
    got = converted(array, array.words_for(wanted)).to_c
    kelvin_per_count = 1 / np.abs(array.counts(radiance_k4(wanted + 0.5)) - array.counts(radiance_k4(wanted - 0.5)))
    assert (np.abs(got - wanted) <= 0.51 * kelvin_per_count + 0.005).all()
    if middle_c >= 20:
        assert np.abs(got - wanted)[8:16, 10:22].max() < 0.05


@pytest.mark.parametrize(
    "housing",
    [
        Housing(ambient_c=5.0, supply_v=3.1),
        Housing(ambient_c=60.0, supply_v=3.4),
        Housing(emissivity=0.8),
    ],
)
def test_chip_temperature_supply_and_emissivity_survive_too(housing: Housing) -> None:
    """A cold, hot or badly supplied chip must read the same scene."""
    array = ThermalArray(shipped_eeprom(), housing, noise=0)
    wanted = np.full((24, 32), 90.0)
    result = converted(array, array.words_for(wanted), housing.emissivity)
    assert result.ambient_c == pytest.approx(housing.ambient_c, abs=0.1)
    assert result.supply_v == pytest.approx(housing.supply_v, abs=0.001)
    assert np.abs(result.to_c - wanted)[8:16, 10:22].max() < 0.05


def test_calibration_with_broken_pixels_and_compensation_survives() -> None:
    """A simulator may carry any calibration, also one with dead pixels and a compensation pixel in use."""
    eeprom = shipped_eeprom("0011AABBCCDD")
    eeprom[60] = (int(eeprom[60]) & 0xFF00) | 0x10
    eeprom[64 + 40] = 0
    array = ThermalArray(eeprom, noise=0)
    assert array.calibration.sensor_id == "0011AABBCCDD"
    assert array.calibration.tgc == 0.5
    wanted = np.full((24, 32), 60.0)
    result = converted(array, array.words_for(wanted))
    assert result.replaced.sum() == 1
    assert np.abs(result.to_c - wanted)[8:16, 10:22].max() < 0.05


def test_refused_calibration_is_refused_here_too() -> None:
    """A demo with nonsense in its EEPROM must fail at once, not show nonsense."""
    with pytest.raises(ValueError, match="gain"):
        ThermalArray(np.zeros(832, dtype=np.uint16))
    with pytest.raises(ValueError, match="chip is at"):
        ThermalArray(shipped_eeprom(), Housing(ambient_c=200.0))


def test_noise_is_that_of_the_real_device() -> None:
    """0.084 °C in the centre to 0.31 °C in the corners; a quieter simulator would flatter every threshold."""
    array = ThermalArray(shipped_eeprom(), seed=3)
    still_k4 = radiance_k4(np.full((24, 32), 25.0))
    seen = np.stack([converted(array, array.frame(still_k4, still_k4)).to_c for _ in range(200)])
    sigma = seen.std(axis=0)
    assert 0.06 < sigma[10:14, 14:18].mean() < 0.12
    assert 0.16 < sigma[[0, 0, -1, -1], [0, -1, 0, -1]].mean() < 0.4
    assert np.abs(seen.mean(axis=0) - 25.0)[8:16, 10:22].max() < 0.05
    assert sigma.min() > 0


def test_same_seed_same_words() -> None:
    """A demo that cannot be repeated cannot be debugged."""
    still_k4 = radiance_k4(np.full((24, 32), 25.0))
    first, second, other = (ThermalArray(shipped_eeprom(), seed=seed) for seed in (1, 1, 2))
    words = first.frame(still_k4, still_k4)
    assert np.array_equal(words, second.frame(still_k4, still_k4))
    assert not np.array_equal(words, other.frame(still_k4, still_k4))


def test_subpages_take_turns_and_movement_tears() -> None:
    """Half of the pixels are one refresh old, and the other half in the next frame."""
    array = ThermalArray(shipped_eeprom(), noise=0)
    new_k4, old_k4 = radiance_k4(np.full((24, 32), 60.0)), radiance_k4(np.full((24, 32), 25.0))
    chess = np.indices((24, 32)).sum(axis=0) % 2
    first = converted(array, array.frame(new_k4, old_k4))
    second = converted(array, array.frame(new_k4, old_k4))
    assert np.array_equal(first.to_c > 40, chess == 1)
    assert np.array_equal(second.to_c > 40, chess == 0)
    assert first.torn_k > 10


def test_lens_keeps_even_scenes_even_and_loses_no_radiance() -> None:
    """Blur and field of view may spread heat, never make or lose it."""
    assert np.allclose(look(np.full((96, 128), 8e9)), 8e9)
    assert np.allclose(look(np.full((24, 32), 8e9)), 8e9)
    spot = np.zeros((96, 128))
    spot[48, 64] = 16.0
    seen = look(spot)
    assert seen.sum() == pytest.approx(1.0, abs=1e-6)
    assert seen.max() < 0.7


def test_small_flame_reads_far_too_low() -> None:
    """Partial fill: a pixel shows the mean radiance of its footprint, so a tenth of 600 °C is not 600 °C."""
    scene_k4 = radiance_k4(np.full((96, 128), 23.0))
    scene_k4[48, 64] = radiance_k4(np.array(600.0))
    array = ThermalArray(shipped_eeprom(), noise=0)
    seen_k4 = look(scene_k4)
    peak_c = float(converted(array, array.frame(seen_k4, seen_k4)).to_c.max())
    assert 60 < peak_c < 250


def test_fire_grows_from_nothing_to_an_alarm_in_a_quarter_of_a_minute() -> None:
    """The demo's promise: ambient at the start, past 65 °C and well above 85 °C within 15 s, on neighbouring pixels."""
    array = ThermalArray(shipped_eeprom(), seed=2)
    scene = ThermalScene(fire=Fire(start_s=5.0))
    peaks = {after: float(seen_c(array, scene, 5.0 + after).max()) for after in (0, 1, 4, 7, 15, 40)}
    assert peaks[0] < 30
    assert peaks[1] < 35
    assert peaks[4] < 65 < peaks[15]
    assert peaks[7] < peaks[15] < peaks[40]
    assert peaks[15] > 110
    late = seen_c(array, scene, 20.0)
    hot = np.argwhere(late > 65)
    assert len(hot) >= 2
    apart = np.abs(hot - np.argwhere(late == late.max())[0]).max(axis=1)
    assert sorted(apart.tolist())[1] == 1
    assert float(np.median(late)) < 25


def test_fire_that_is_put_out_cools_and_its_smoke_thins() -> None:
    """After the end the picture returns to the room within seconds, the gas input within minutes."""
    array = ThermalArray(shipped_eeprom(), seed=2)
    scene = ThermalScene(fire=Fire(start_s=0.0, end_s=30.0))
    assert seen_c(array, scene, 29.0).max() > 200
    assert seen_c(array, scene, 45.0).max() < 30
    assert scene.smoke(0.0) == scene.smoke(2.0) == 0.0
    assert scene.smoke(30.0) > 0.6
    assert 0.0 < scene.smoke(90.0) < 0.2
    assert ThermalScene().smoke(100.0) == 0.0


@pytest.mark.parametrize(("scene", "limit_c"), [(person_walking(), 40.0), (radiator_on(), 50.0)])
def test_everyday_scenes_stay_below_any_alarm(scene: ThermalScene, limit_c: float) -> None:
    """People and radiators are warm too."""
    array = ThermalArray(shipped_eeprom(), seed=4)
    peaks = [float(seen_c(array, scene, at_s).max()) for at_s in np.arange(0.0, 400.0, 3.7)]
    assert 31.0 < max(peaks) < limit_c


def test_person_crosses_the_picture_and_leaves() -> None:
    """A body is seen moving from left to right, then the room is empty until the next round."""
    array = ThermalArray(shipped_eeprom(), noise=0)
    scene = ThermalScene(warm=(Person(first_s=10.0),))
    assert seen_c(array, scene, 5.0).max() < 26
    assert seen_c(array, scene, 40.0).max() < 26
    columns = [int(seen_c(array, scene, at_s).max(axis=0).argmax()) for at_s in (14.0, 17.0, 20.0)]
    assert columns == sorted(columns)
    assert columns[0] < columns[2] - 10


def test_radiator_warms_up_slowly() -> None:
    """A heater takes minutes, a fire seconds: the rise tells them apart."""
    array = ThermalArray(shipped_eeprom(), noise=0)
    scene = ThermalScene(warm=(Radiator(on_s=0.0),))
    early, late = (float(seen_c(array, scene, at_s)[15:21, 22:30].max()) for at_s in (10.0, 1500.0))
    assert early < 26
    assert 36 < late < 50
    assert seen_c(array, scene, -1.0).max() < 26


def test_scenes_are_functions_of_time() -> None:
    """The same second shows the same picture, and the shared background is never painted on."""
    scene = ThermalScene(warm=(Radiator(), Person()), fire=Fire(start_s=0.0))
    first = scene.radiance_k4(8.0)
    scene.radiance_k4(60.0)
    assert np.array_equal(first, scene.radiance_k4(8.0))
    assert ThermalScene().radiance_k4(8.0).max() < first.max()
