"""What a zone wants: thresholds, hard rules, agreement, and the words for them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import sequential
from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.zone import ALONE, RULE_FRESH_S, THRESHOLDS_NATS, WORDS
from embereye_addon.messages import Evidence, Kind, Rule, ZoneState
from tests.fuse.samples import claim, heard

SENSITIVITIES = list(THRESHOLDS_NATS)


def test_a_zone_that_heard_nothing_wants_nothing() -> None:
    """Before the first evidence there is no fire and nothing that would hold an alarm."""
    want = fusion.want(fusion.fresh("normal"), 0.0)
    assert (want.state, want.gone, want.explanation.rule) == (ZoneState.NORMAL, True, "none")
    assert want.explanation.text == "no evidence of fire"


@pytest.mark.parametrize("sensitivity", SENSITIVITIES)
def test_evidence_that_adds_up_crosses_one_threshold_after_the_other(sensitivity: str) -> None:
    """The pre-alarm must come first and name its threshold; the alarm follows."""
    beliefs, seen = fusion.fresh(sensitivity), []
    for look in range(40):
        beliefs = fusion.hear(beliefs, claim(llr_nats=2.0), look * 0.5)
        want = fusion.want(beliefs, look * 0.5)
        if want.explanation.rule not in seen:
            seen.append(want.explanation.rule)
            assert want.explanation.sum_nats >= want.explanation.threshold_nats or want.state is ZoneState.NORMAL
    assert seen == ["none", "sequential_test_pre_alarm", "sequential_test_alarm"]
    pre_alarm, alarm = THRESHOLDS_NATS[sensitivity]
    assert (beliefs.pre_alarm_nats, beliefs.alarm_nats) == (pre_alarm, alarm)
    assert f"the alarm threshold is {alarm:.1f}" in fusion.want(beliefs, 19.5).explanation.text


@pytest.mark.parametrize("sensitivity", SENSITIVITIES)
def test_one_camera_that_sees_a_fire_is_not_outvoted(sensitivity: str) -> None:
    """Ten cameras that look elsewhere for an hour must not keep the eleventh from the alarm, at no sensitivity."""
    quiet = tuple(claim(f"cam.q{number}.flame", -1.0) for number in range(10))
    beliefs = heard(fusion.fresh(sensitivity), quiet, start_s=0.0, every_s=1.0, looks=60)
    beliefs = heard(beliefs, (*quiet, claim("cam.fire.flame", 3.0)), start_s=60.0, every_s=0.2, looks=100)
    assert fusion.want(beliefs, 79.8).state is ZoneState.ALARM


@pytest.mark.parametrize("rule", list(Rule))
def test_a_rule_asks_for_its_state_and_says_so_in_words(rule: Rule) -> None:
    """A limit that is named in the settings must act on its own, whatever the sum says."""
    beliefs = fusion.hear(fusion.fresh("normal"), claim("pf.a.x", -1.0, Kind.HEAT, rules=(rule,)), 0.0)
    want = fusion.want(beliefs, 0.0)
    assert (want.state, want.gone, want.explanation.rule) == (ALONE[rule], False, rule.value)
    assert want.explanation.text == f"{WORDS[rule]}: 80.0 % at pf.a.x"


def test_the_strongest_rule_is_the_one_that_is_named() -> None:
    """With both fixed-temperature rules in force the alarm's must be named."""
    rules = (Rule.FIXED_TEMPERATURE_PRE, Rule.FIXED_TEMPERATURE, Rule.RATE_OF_RISE_PRE)
    beliefs = fusion.hear(fusion.fresh("normal"), claim("pf.a.x", 0.0, Kind.HEAT, rules=rules), 0.0)
    assert fusion.want(beliefs, 0.0).explanation.rule == "fixed_temperature"


def test_a_rule_lasts_only_while_its_point_repeats_it() -> None:
    """A device that fell silent is a fault; it must not hold a pre-alarm for ever."""
    beliefs = fusion.hear(fusion.fresh("normal"), claim("pf.a.x", 0.0, Kind.HEAT, rules=(Rule.RATE_OF_RISE_PRE,)), 0.0)
    assert fusion.want(beliefs, RULE_FRESH_S).state is ZoneState.PRE_ALARM
    assert fusion.want(beliefs, RULE_FRESH_S + 0.1).state is ZoneState.NORMAL


@pytest.mark.parametrize(
    ("other", "agrees"),
    [
        (claim("pf.a.adc1", 3.0, Kind.GAS), True),
        (claim("pf.a.adc1", 2.9, Kind.GAS), False),
        (claim("pf.a.adc1", -0.1, Kind.GAS, rules=(Rule.GAS_INPUT,)), True),
        (claim("cam.a.flame", 5.0, Kind.FLAME), False),
    ],
)
def test_a_flame_input_needs_another_kind_to_agree(other: Evidence, agrees: bool) -> None:
    """A flame input alone is a pre-alarm; with heat, smoke or gas beside it, an alarm."""
    beliefs = fusion.hear(fusion.fresh("normal"), claim("pf.a.dig", 0.0, rules=(Rule.FLAME_INPUT,)), 0.0)
    beliefs = fusion.hear(beliefs, other, 0.0)
    assert fusion.want(beliefs, 0.0).state is (ZoneState.ALARM if agrees else ZoneState.PRE_ALARM)


def test_an_old_rule_of_another_kind_does_not_agree() -> None:
    """Gas that was above its level a minute ago must not make an alarm of a flame input now."""
    beliefs = fusion.hear(fusion.fresh("normal"), claim("pf.a.adc1", 0.0, Kind.GAS, rules=(Rule.GAS_INPUT,)), 0.0)
    beliefs = fusion.hear(beliefs, claim("pf.a.dig", 0.0, rules=(Rule.FLAME_INPUT,)), 60.0)
    assert fusion.want(beliefs, 60.0).state is ZoneState.PRE_ALARM


def test_between_the_thresholds_the_words_say_what_still_speaks_for_a_fire() -> None:
    """An operator whose reset is refused must not be told that there is no evidence."""
    beliefs = fusion.hear(fusion.fresh("normal"), claim(llr_nats=9.0), 0.0)
    want = fusion.want(beliefs, 0.0)
    assert (want.state, want.gone) == (ZoneState.NORMAL, False)
    assert want.explanation.text == "the evidence still adds up to 9.0 nats; it counts as gone below 7.7"


@pytest.mark.parametrize("sensitivity", SENSITIVITIES)
def test_a_warm_radiator_never_stands_against_a_reset(sensitivity: str) -> None:
    """What is hot but does not grow must neither make a pre-alarm nor hold one."""
    still = claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=5.0)
    want = fusion.want(heard(fusion.fresh(sensitivity), (still,), start_s=0.0, every_s=1.0, looks=300), 299.0)
    assert (want.state, want.gone) == (ZoneState.NORMAL, True)


CLAIMS = st.builds(
    claim,
    point=st.sampled_from(["cam.a.flame", "cam.a.smoke", "cam.b.flame", "pf.a.thermal", "pf.a.adc1", "pf.a.adc2"]),
    llr_nats=st.floats(-3.0, 3.0),
    kind=st.sampled_from(list(Kind)),
    cap_nats=st.sampled_from([5.0, 7.5, 24.0]),
    rules=st.sampled_from([(), (), (), *((rule,) for rule in Rule)]),
)
STREAM = st.lists(st.tuples(CLAIMS, st.floats(0.0, 20.0)), max_size=40)


@given(stream=STREAM, sensitivity=st.sampled_from(SENSITIVITIES))
@settings(max_examples=80, deadline=None)
def test_whatever_is_heard_the_want_is_consistent_and_in_time_forgotten(
    stream: list[tuple[Evidence, float]], sensitivity: str
) -> None:
    """A zone that wants something never says the evidence is gone; an hour of silence leaves nothing."""
    beliefs, now_s = fusion.fresh(sensitivity), 0.0
    for piece, gap_s in stream:
        now_s += gap_s
        beliefs = fusion.hear(beliefs, piece, now_s)
        want = fusion.want(beliefs, now_s)
        assert not (want.gone and want.state is not ZoneState.NORMAL)
        assert want.explanation.sum_nats == round(sequential.total(beliefs.parts, now_s), 3)
        assert len(want.explanation.text) <= 400
    later = fusion.want(beliefs, now_s + 3600.0)
    assert (later.state, later.gone) == (ZoneState.NORMAL, True)


@given(stream=STREAM)
@settings(max_examples=40, deadline=None)
def test_a_zone_more_sensitive_is_never_later(stream: list[tuple[Evidence, float]]) -> None:
    """`high` must want at least what `normal` wants, and that at least what `low` wants."""
    rank = [ZoneState.NORMAL, ZoneState.PRE_ALARM, ZoneState.ALARM].index
    zones, now_s = {name: fusion.fresh(name) for name in ("low", "normal", "high")}, 0.0
    for piece, gap_s in stream:
        now_s += gap_s
        zones = {name: fusion.hear(beliefs, piece, now_s) for name, beliefs in zones.items()}
        wants = [rank(fusion.want(beliefs, now_s).state) for beliefs in zones.values()]
        assert wants == sorted(wants)
