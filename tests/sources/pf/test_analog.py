"""Smoke, gas and flame inputs: baseline, change, warm-up, stuck."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.pf.analog import Inputs, Measure, Roles
from embereye_addon.sources.pf.packets import Framer, SensorPacket, parse

PERIOD_S = 4.085


def run(inputs: Inputs, values: list[float], *, start_s: float = 0.0, key: str = "ADC1") -> list[Measure]:
    """One input over time, a value each period, beside a resting digital input."""
    return [inputs.take({key: value, "DIO": 0.0}, start_s + index * PERIOD_S)[0] for index, value in enumerate(values)]


def rest(count: int, level: float = 275.0) -> list[float]:
    """A resting input with the noise of the real one."""
    return list(np.round(np.random.default_rng(7).normal(level, 6.5, count)))


@pytest.mark.parametrize(
    ("keys", "adc1", "adc2"),
    [
        ({"DIO"}, "smoke", "flame"),
        ({"MPY30"}, "smoke", "flame"),
        ({"MPY_IN"}, "flame", "smoke"),
        (set(), "none", "none"),
    ],
)
def test_proposed_roles(keys: set[str], adc1: str, adc2: str) -> None:
    """Flame and smoke are taken for one another on older or newer hardware."""
    roles = Roles()
    assert [roles.of(key, keys) for key in ("ADC1", "ADC2", "ADC3")] == [adc1, adc2, "none"]
    assert {roles.of(key, keys) for key in ("DIO", "MPY30", "MPY_IN")} == {"flame"}
    assert Roles(adc1="gas").of("ADC1", keys) == "gas"
    assert Roles(digital="auto").of("DIO", keys) == "flame"
    assert Roles(digital="none").of("DIO", keys) == "none"
    assert roles.of("BUTTON", keys) == "none"


def test_rest_is_no_change_and_smoke_is() -> None:
    """The noise of a resting input looks like smoke, or smoke like noise."""
    inputs = Inputs(Roles())
    quiet = run(inputs, rest(300))
    assert max(abs(measure.change_sigma) for measure in quiet[50:]) < 5
    assert quiet[0].warming_up
    assert not quiet[-1].warming_up
    smoke = run(inputs, [600.0] * 100, start_s=300 * PERIOD_S)
    assert min(measure.change_sigma for measure in smoke) > 20
    assert smoke[-1].change_pct == pytest.approx(100 * 325 / 4095, abs=0.3)
    assert abs(smoke[-1].baseline - 275) < 5


def test_the_baseline_follows_slow_drift() -> None:
    """A sensor that ages over days ends in a standing alarm."""
    level = np.linspace(275, 375, 4000)
    measures = run(Inputs(Roles()), list(np.round(level + np.random.default_rng(3).normal(0, 6.5, 4000))))
    assert max(measure.change_pct for measure in measures) < 3
    assert measures[-1].baseline > 340


def test_nothing_is_learned_while_frozen() -> None:
    """A long alarm becomes the new normal."""
    inputs = Inputs(Roles(), warm_up_s=0.0)
    run(inputs, rest(100))
    before = inputs.take({"ADC1": 300.0, "DIO": 0.0}, 410.0, frozen=True)[0].baseline
    for index in range(200):
        last = inputs.take({"ADC1": 300.0, "DIO": 0.0}, 411.0 + index, frozen=True)[0]
        assert last.baseline == before


def test_analog_flame_falls() -> None:
    """A flame at an analog input is taken for darkness."""
    inputs = Inputs(Roles())
    run(inputs, rest(100, 1310.0), key="ADC2")
    bright = run(inputs, [900.0], start_s=100 * PERIOD_S, key="ADC2")[0]
    assert bright.role == "flame"
    assert bright.change_sigma > 10


def test_stuck_and_out_of_range() -> None:
    """A broken wire passes for clean air."""
    measures = run(Inputs(Roles()), [275.0] * 60)
    assert not measures[40].stuck
    assert measures[-1].stuck
    assert run(Inputs(Roles()), [0.0])[0].out_of_range
    assert run(Inputs(Roles()), [4095.0])[0].out_of_range


def test_a_long_gap_warms_up_again() -> None:
    """The cold heater after a power cut raises a gas alarm."""
    inputs = Inputs(Roles())
    assert not run(inputs, rest(100))[-1].warming_up
    assert run(inputs, [275.0], start_s=1000.0)[0].warming_up


def test_digital_flame() -> None:
    """A digital flame detector is ignored, or one that is always on is never found out."""
    inputs = Inputs(Roles())
    assert inputs.take({"DIO": 0.0}, 0.0)[0].pct == 0.0
    on = inputs.take({"DIO": 1.0}, 1.0)[0]
    assert (on.pct, on.digital, on.role, on.warming_up) == (100.0, True, "flame", False)
    for at in range(0, 700, 10):
        on = inputs.take({"DIO": 1.0}, 2.0 + at)[0]
    assert not on.stuck
    always = Inputs(Roles())
    for at in range(0, 700, 10):
        on = always.take({"MPY30": 1.0}, float(at))[0]
    assert on.stuck


def test_a_damaged_key_changes_no_role() -> None:
    """One damaged packet makes the smoke input forget all it learned."""
    inputs = Inputs(Roles())
    run(inputs, rest(100))
    measure = inputs.take({"ADC1": 275.0, "BUTTON": 1.0}, 410.0)[0]
    assert measure.role == "smoke"
    assert not measure.warming_up


@given(values=st.lists(st.floats(0, 65535), max_size=150), pause=st.floats(0.01, 50))
def test_any_values(values: list[float], pause: float) -> None:
    """Some order of values ends the gateway or gives figures that are none."""
    inputs = Inputs(Roles())
    for index, value in enumerate(values):
        for measure in inputs.take({"ADC1": value, "ADC2": value, "DIO": value}, index * pause):
            assert np.isfinite([measure.change_sigma, measure.change_pct, measure.baseline, measure.sigma]).all()


def test_the_real_device_at_rest(shared: Path) -> None:
    """The real device, which rests at 32 percent of its flame input, is in alarm for ever."""
    inputs = Inputs(Roles(), warm_up_s=180.0)
    measures: list[Measure] = []
    for index, body in enumerate(Framer().feed((shared / "data/pf/capture_stream.bin").read_bytes())):
        packet = parse(body)
        if isinstance(packet, SensorPacket):
            measures += inputs.take(packet.values, index * 2.0)
    settled = [measure for measure in measures if not measure.warming_up and measure.role != "none"]
    assert {measure.channel for measure in settled} == {"ADC1", "ADC2", "DIO"}
    assert max(abs(measure.change_sigma) for measure in settled) < 6
    assert not any(measure.stuck or measure.out_of_range for measure in settled)


def test_the_direction_of_an_input_can_be_set() -> None:
    """A flame module that rises with light is deaf to fire."""
    for directions, sign in ((None, -1), ({"ADC2": 1}, 1)):
        inputs = Inputs(Roles(adc2="flame"), 0.0, directions)
        measures = [
            inputs.take({"ADC2": value}, number * 4.0)[0] for number, value in enumerate([1300.0] * 30 + [1900.0])
        ]
        assert measures[-1].change_sigma * sign > 50


def test_the_slope_is_told_in_counts_a_minute() -> None:
    """A slow rise is seen only when it is over, or noise looks like one."""
    inputs = Inputs(Roles(adc1="gas"), 0.0)
    measures = [inputs.take({"ADC1": 300.0 + second * 0.5}, float(second))[0] for second in range(100)]
    assert measures[10].slope_per_min == 0.0
    assert abs(measures[-1].slope_per_min - 30.0) < 0.1
    wild = [
        inputs.take({"ADC1": 300.0 + second * 0.5 if second % 40 else 4000.0}, float(second))[0]
        for second in range(100, 160)
    ]
    assert abs(wild[-1].slope_per_min - 30.0) < 5.0, "a few wild values do not turn it"
    again = inputs.take({"ADC1": 300.0}, 1000.0)[0]
    assert again.slope_per_min == 0.0
