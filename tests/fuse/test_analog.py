"""Gas, smoke and flame inputs: what they claim and when a rule holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import analog, sequential, zone
from embereye_addon.messages import Kind, Rule


@pytest.mark.parametrize(("role", "usable"), [("none", True), ("temperature", True), ("gas", False), ("flame", False)])
def test_an_input_without_a_role_or_out_of_order_claims_nothing(role: str, usable: bool) -> None:
    """A heater that warms up, or a free input, must raise nothing and calm nothing."""
    assert analog.judge("pf.a.adc1", role, 50.0, 50.0, usable=usable) == ()


@pytest.mark.parametrize(
    ("role", "kind", "rule"),
    [
        ("gas", Kind.GAS, Rule.GAS_INPUT),
        ("smoke", Kind.SMOKE, Rule.GAS_INPUT),
        ("flame", Kind.FLAME, Rule.FLAME_INPUT),
    ],
)
def test_an_input_above_its_alarm_level_meets_its_rule(role: str, kind: Kind, rule: Rule) -> None:
    """Twelve sigma and 8 % of the range together are the input's own alarm level."""
    (evidence,) = analog.judge("pf.a.adc1", role, 12.0, 8.0, usable=True)
    assert (evidence.point, evidence.kind, evidence.rules) == ("pf.a.adc1", kind, (rule,))
    assert (evidence.llr_nats, evidence.value, evidence.unit) == (2.0, 12.0, "σ")


@pytest.mark.parametrize(("sigma", "pct"), [(11.9, 50.0), (200.0, 7.9)])
def test_neither_many_sigmas_nor_a_large_change_alone_meet_the_rule(sigma: float, pct: float) -> None:
    """A very quiet input must not be a hair trigger, and a noisy one must not ring by its noise."""
    (evidence,) = analog.judge("pf.a.adc1", "gas", sigma, pct, usable=True)
    assert evidence.rules == ()


def test_the_claim_grows_from_four_sigma_to_its_most() -> None:
    """Ordinary noise speaks softly against a fire; the claim is bounded above."""
    llr = [analog.judge("p.a", "gas", sigma, 0.0, usable=True)[0].llr_nats for sigma in (-3.0, 4.0, 6.0, 12.0, 90.0)]
    assert llr == [-0.1, -0.1, 0.5, 2.0, 2.0]


@given(looks=st.lists(st.tuples(st.floats(-5.0, 500.0), st.floats(0.1, 30.0)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_gas_input_alone_never_adds_up_to_a_pre_alarm(looks: list[tuple[float, float]]) -> None:
    """Perfume for a whole day must not reach a pre-alarm by patience, at no sensitivity."""
    part, now_s = None, 0.0
    for sigma, gap_s in looks:
        now_s += gap_s
        (evidence,) = analog.judge("pf.a.adc1", "gas", sigma, 5.0, usable=True)
        part = sequential.add(part, evidence, now_s)
        assert sequential.total({"pf.a.adc1": part}, now_s) < min(pre for pre, _ in zone.THRESHOLDS_NATS.values())


def test_a_digital_flame_input_is_its_own_alarm_level() -> None:
    """A flame module that switches on meets the rule at once; off speaks softly against a fire."""
    (on,) = analog.judge_digital("pf.a.dig", on=True)
    (off,) = analog.judge_digital("pf.a.dig", on=False)
    assert (on.kind, on.rules, on.llr_nats, on.value, on.unit) == (Kind.FLAME, (Rule.FLAME_INPUT,), 2.0, 1.0, "on/off")
    assert (off.rules, off.llr_nats, off.value) == ((), -0.1, 0.0)


def test_a_rule_that_is_switched_off_leaves_the_claim() -> None:
    """Where a zone's inputs shall not ring alone, they still count towards what others see."""
    (analog_input,) = analog.judge("pf.a.adc1", "gas", 50.0, 50.0, usable=True, hard=False)
    (digital,) = analog.judge_digital("pf.a.dio", on=True, hard=False)
    assert (analog_input.rules, analog_input.llr_nats) == ((), 2.0)
    assert (digital.rules, digital.llr_nats) == ((), 2.0)
