"""Dependency modes: what makes a pre-alarm of a first signal, and what makes the alarm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import modes
from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.modes import Mode
from embereye_addon.fuse.thermal import GROWING_CAP_NATS, SIGN_CAP_NATS, STATIC_CAP_NATS
from embereye_addon.fuse.video import CAP_NATS, CONTAINED_CAP_NATS
from embereye_addon.fuse.zone import FIRST_SIGNAL, Beliefs
from embereye_addon.messages import Evidence, Kind, Rule, ZoneState
from tests.fuse.samples import claim, heard

CONFIRM = Mode("confirm", 60.0)
COINCIDENCE = Mode("coincidence", 60.0)
MIXED = Mode("coincidence", 60.0, different_physics=True)
GROWN = Mode(needs_growth=True)
QUIET = claim(llr_nats=-1.0)
HEAT = claim("pf.a.thermal", 3.0, Kind.HEAT)
WARM = claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=12.0)


def rule(kind: Rule, point: str = "pf.a.thermal", of: Kind = Kind.HEAT) -> Evidence:
    """A point that meets a hard rule and claims nothing else."""
    return claim(point, 0.0, of, rules=(kind,))


def signal(mode: Mode, *pieces: Evidence) -> Beliefs:
    """A zone just after the look that took its sum over the alarm threshold."""
    beliefs, now_s = fusion.fresh("normal", mode), 0.0
    while beliefs.memory.first_s is None:
        now_s += 0.5
        for piece in pieces:
            beliefs = fusion.hear(beliefs, piece, now_s)
    return beliefs


def first_s(beliefs: Beliefs) -> float:
    """When the first signal came."""
    assert beliefs.memory.first_s is not None
    return beliefs.memory.first_s


@pytest.mark.parametrize("mode", [CONFIRM, COINCIDENCE, MIXED])
def test_the_first_signal_is_a_pre_alarm_that_says_what_is_awaited(mode: Mode) -> None:
    """Nobody knows why the sirens are silent while a camera shows a fire."""
    beliefs = signal(mode, claim())
    want = fusion.want(beliefs, first_s(beliefs))
    assert (want.state, want.gone, want.explanation.rule) == (ZoneState.PRE_ALARM, False, FIRST_SIGNAL)
    assert want.explanation.text.endswith("within 60 s is awaited")
    assert want.explanation.sum_nats >= beliefs.alarm_nats


@pytest.mark.parametrize("mode", [CONFIRM, COINCIDENCE, MIXED, GROWN])
def test_every_pre_alarm_says_what_an_alarm_needs(mode: Mode) -> None:
    """An operator must know before the first signal, too, how this zone decides."""
    beliefs = heard(fusion.fresh("normal", mode), (WARM,), start_s=0.0, every_s=0.5, looks=9)
    want = fusion.want(beliefs, 4.0)
    assert want.state is ZoneState.PRE_ALARM
    assert want.explanation.text.endswith(modes.needs(mode))
    assert modes.needs(mode)


def test_the_sum_earned_a_second_time_confirms() -> None:
    """A fire that goes on burning before one camera must become an alarm within seconds."""
    beliefs = signal(CONFIRM, claim())
    began_s = first_s(beliefs)
    beliefs = heard(beliefs, (claim(),), start_s=began_s + 0.5, every_s=0.5, looks=4)
    assert fusion.want(beliefs, began_s + 2.0).state is ZoneState.PRE_ALARM, "the same looks must not count twice"
    beliefs = heard(beliefs, (claim(),), start_s=began_s + 2.5, every_s=0.5, looks=20)
    want = fusion.want(beliefs, began_s + 12.0)
    assert (want.state, want.explanation.rule) == (ZoneState.ALARM, "sequential_test_alarm")


def test_another_point_confirms_too() -> None:
    """What a camera saw and a PF device feels half a minute later is a fire."""
    beliefs = signal(CONFIRM, claim())
    began_s = first_s(beliefs)
    beliefs = heard(beliefs, (QUIET, HEAT), start_s=began_s + 30.0, every_s=1.0, looks=10)
    assert fusion.want(beliefs, began_s + 39.0).state is ZoneState.ALARM


def test_a_flash_is_forgotten_after_its_time() -> None:
    """A reflection that makes one signal is a pre-alarm for `confirm_s`, no alarm, and then nothing."""
    beliefs = signal(CONFIRM, claim())
    began_s = first_s(beliefs)
    beliefs = heard(beliefs, (QUIET,), start_s=began_s + 1.0, every_s=1.0, looks=59)
    want = fusion.want(beliefs, began_s + 59.0)
    assert (want.state, want.gone) == (ZoneState.PRE_ALARM, False)
    assert want.explanation.text == "no evidence of fire; a second signal within 60 s is awaited"
    assert (fusion.want(beliefs, began_s + 61.0).state, fusion.want(beliefs, began_s + 61.0).gone) == ("normal", True)
    again = fusion.hear(beliefs, QUIET, began_s + 61.0)
    assert again.memory.first_s is None


def test_two_cameras_coincide_but_not_for_a_zone_that_wants_different_kinds() -> None:
    """Two cameras that see one lamp are no proof where the installer asked for heat as well."""
    two = (claim("cam.a.flame"), claim("cam.b.flame"))
    for mode, state in ((COINCIDENCE, ZoneState.ALARM), (MIXED, ZoneState.PRE_ALARM)):
        beliefs = heard(fusion.fresh("normal", mode), two, start_s=0.0, every_s=0.5, looks=20)
        assert fusion.want(beliefs, 9.5).state is state


def test_the_two_channels_of_one_camera_are_one_witness() -> None:
    """Flame and smoke in one picture may be one reflection."""
    both = (claim("cam.a.flame"), claim("cam.a.smoke", kind=Kind.SMOKE))
    beliefs = heard(fusion.fresh("normal", COINCIDENCE), both, start_s=0.0, every_s=0.5, looks=20)
    assert fusion.want(beliefs, 9.5).state is ZoneState.PRE_ALARM


@pytest.mark.parametrize(("cap_nats", "state"), [(STATIC_CAP_NATS, "pre_alarm"), (SIGN_CAP_NATS, "alarm")])
def test_what_never_changes_is_no_second_point(cap_nats: float, state: str) -> None:
    """A radiator beside a lamp that a camera takes for a fire must not confirm it."""
    hot = claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=cap_nats)
    beliefs = heard(fusion.fresh("normal", MIXED), (claim(), hot), start_s=0.0, every_s=0.5, looks=40)
    assert fusion.want(beliefs, 19.5).state == state


def test_a_second_point_may_come_a_little_later_but_not_long_after() -> None:
    """Smoke hides the flame that a camera saw; the heat of the same fire comes after it."""
    for later_s, state in ((40.0, ZoneState.ALARM), (70.0, ZoneState.PRE_ALARM)):
        beliefs = signal(MIXED, claim())
        came_s = first_s(beliefs) + later_s
        beliefs = heard(beliefs, (QUIET, HEAT), start_s=came_s, every_s=1.0, looks=12)
        assert fusion.want(beliefs, came_s + 11.0).state is state


@pytest.mark.parametrize("mode", [CONFIRM, COINCIDENCE, MIXED, GROWN])
def test_a_fixed_temperature_waits_for_nobody(mode: Mode) -> None:
    """85 °C in two frames is a fire in every mode."""
    beliefs = fusion.hear(fusion.fresh("normal", mode), rule(Rule.FIXED_TEMPERATURE), 0.0)
    want = fusion.want(beliefs, 0.0)
    assert (want.state, want.hard, want.explanation.rule) == (ZoneState.ALARM, True, "fixed_temperature")


@pytest.mark.parametrize("mode", [CONFIRM, COINCIDENCE, MIXED, GROWN])
def test_an_input_that_another_kind_agrees_with_waits_for_nobody(mode: Mode) -> None:
    """A flame input and gas are two kinds already."""
    beliefs = fusion.hear(fusion.fresh("normal", mode), rule(Rule.FLAME_INPUT, "pf.a.dig", Kind.FLAME), 0.0)
    assert fusion.want(beliefs, 0.0).state is ZoneState.PRE_ALARM
    beliefs = fusion.hear(beliefs, rule(Rule.GAS_INPUT, "pf.a.adc1", Kind.GAS), 0.5)
    assert fusion.want(beliefs, 0.5).state is ZoneState.ALARM


def test_a_rise_is_confirmed_by_a_rise_measured_anew() -> None:
    """The rate of rise looks back half a minute: the same half minute must not confirm itself."""
    rising, beliefs = rule(Rule.RATE_OF_RISE), fusion.fresh("normal", CONFIRM)
    states = {}
    for at_s in range(41):
        beliefs = fusion.hear(beliefs, rising, float(at_s))
        states[at_s] = fusion.want(beliefs, float(at_s)).state
    assert (states[0], states[29], states[30]) == (ZoneState.PRE_ALARM, ZoneState.PRE_ALARM, ZoneState.ALARM)


def test_where_flames_are_usual_only_one_that_grows_is_an_alarm() -> None:
    """A gas hob before camera and thermal array rings every noon; or a fire in a kitchen never does."""
    hob = (claim(cap_nats=CONTAINED_CAP_NATS), claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=SIGN_CAP_NATS))
    beliefs = heard(fusion.fresh("low", GROWN), hob, start_s=0.0, every_s=0.5, looks=60)
    want = fusion.want(beliefs, 29.5)
    assert (want.state, want.explanation.sum_nats >= beliefs.alarm_nats) == (ZoneState.PRE_ALARM, True)
    assert want.explanation.text.endswith("growth is awaited")
    for grown in (claim(cap_nats=CAP_NATS), claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=GROWING_CAP_NATS)):
        burning = heard(beliefs, (*hob, grown), start_s=30.0, every_s=0.5, looks=20)
        assert fusion.want(burning, 39.5).state is ZoneState.ALARM


def test_a_part_above_every_contained_one_stays_grown() -> None:
    """A fire that has grown and is then hidden by its smoke for a look must not be a stove again."""
    beliefs = heard(fusion.fresh("normal", GROWN), (claim(),), start_s=0.0, every_s=0.5, looks=20)
    beliefs = fusion.hear(beliefs, claim(cap_nats=CONTAINED_CAP_NATS), 10.0)
    assert fusion.want(beliefs, 10.0).state is ZoneState.ALARM


def test_a_disabled_point_takes_its_signal_with_it() -> None:
    """A point that errs is disabled, and the next look of another must not be its second signal."""
    beliefs = signal(CONFIRM, claim())
    assert fusion.forget(beliefs, frozenset({"cam.b.flame"})) is beliefs
    after = fusion.forget(beliefs, frozenset({"cam.a.flame"}))
    assert (after.parts, after.memory) == ({}, modes.NOTHING)


def test_another_sensitivity_keeps_what_was_heard() -> None:
    """At nightfall the thresholds change, and no evidence is lost."""
    beliefs = heard(fusion.fresh("low"), (WARM,), start_s=0.0, every_s=0.5, looks=20)
    assert fusion.want(beliefs, 9.5).state is ZoneState.NORMAL
    assert fusion.want(fusion.at(beliefs, "high"), 9.5).state is ZoneState.ALARM


CLAIMS = st.builds(
    claim,
    point=st.sampled_from(["cam.a.flame", "cam.a.smoke", "cam.b.flame", "pf.a.thermal", "pf.a.adc1"]),
    llr_nats=st.floats(-1.0, 3.0),
    kind=st.sampled_from(list(Kind)),
    cap_nats=st.sampled_from([5.0, 14.5, 24.0]),
    rules=st.sampled_from([(), (), (), (), *((rule,) for rule in Rule)]),
)
MODES = st.builds(
    Mode,
    name=st.sampled_from(["single", "confirm", "coincidence"]),
    confirm_s=st.sampled_from([10.0, 60.0]),
    different_physics=st.booleans(),
    needs_growth=st.booleans(),
)


@given(stream=st.lists(st.tuples(CLAIMS, st.sampled_from([0.0, 0.2, 0.5, 1.0, 5.0, 40.0])), max_size=60), mode=MODES)
@settings(max_examples=150, deadline=None)
def test_no_mode_alarms_where_single_would_not(stream: list[tuple[Evidence, float]], mode: Mode) -> None:
    """A mode only ever takes an alarm back to a pre-alarm, never below, and always says why."""
    plain, bound, now_s = fusion.fresh("normal"), fusion.fresh("normal", mode), 0.0
    for piece, gap_s in stream:
        now_s += gap_s
        plain, bound = fusion.hear(plain, piece, now_s), fusion.hear(bound, piece, now_s)
        free, held = fusion.want(plain, now_s), fusion.want(bound, now_s)
        assert held.state is not ZoneState.ALARM or free.state is ZoneState.ALARM
        assert held.state is not ZoneState.NORMAL or free.state is ZoneState.NORMAL
        assert (held.hard, held.explanation.sum_nats) == (free.hard, free.explanation.sum_nats)
        assert (held.explanation.rule == FIRST_SIGNAL) <= ("awaited" in held.explanation.text)
        assert not (held.gone and held.state is not ZoneState.NORMAL)
