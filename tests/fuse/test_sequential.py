"""The sum of evidence: it forgets, it is bounded, and looking more often claims no more."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import sequential
from embereye_addon.fuse.sequential import CORRELATION_S, FLOOR_NATS, HALF_LIFE_S, QUIET_NATS, Part
from embereye_addon.messages import Kind, Rule
from tests.fuse.samples import claim

NATS = st.floats(-3.0, 3.0)
CAPS = st.sampled_from([5.0, 7.5, 24.0])
GAPS = st.floats(0.0, 30.0)


def looked(llr_nats: float, kind: Kind, every_s: float, until_s: float) -> Part:
    """A point that claims the same at every look until `until_s`."""
    evidence = claim(llr_nats=llr_nats, kind=kind, cap_nats=50.0)
    part = sequential.add(None, evidence, 0.0)
    for look in range(1, round(until_s / every_s) + 1):
        part = sequential.add(part, evidence, look * every_s)
    return part


@pytest.mark.parametrize("kind", list(Kind))
def test_a_claim_halves_every_half_life(kind: Kind) -> None:
    """Evidence that is not repeated must fade, each kind at its own speed."""
    part = sequential.add(None, claim(llr_nats=2.0, kind=kind), 100.0)
    assert sequential.decayed(part, 100.0) == 2.0
    assert sequential.decayed(part, 100.0 + HALF_LIFE_S[kind]) == pytest.approx(1.0)
    assert sequential.decayed(part, 100.0 + 3 * HALF_LIFE_S[kind]) == pytest.approx(0.25)
    assert sequential.decayed(part, 99.0) == 2.0


@given(kind=st.sampled_from(list(Kind)), llr=NATS, looks=st.integers(1, 60), often=st.integers(2, 20))
@settings(max_examples=60, deadline=None)
def test_a_point_that_looks_more_often_claims_no_more(kind: Kind, llr: float, looks: int, often: int) -> None:
    """A camera with ten times the frame rate must not raise the alarm on the same scene by its rate."""
    every_s = CORRELATION_S[kind]
    seldom = looked(llr, kind, every_s, looks * every_s)
    frequent = looked(llr, kind, every_s / often, looks * every_s)
    assert abs(frequent.nats) <= abs(seldom.nats) + 1e-9


def test_two_looks_at_the_same_moment_count_once() -> None:
    """A message that arrives twice must not count twice."""
    part = sequential.add(None, claim(), 5.0)
    assert sequential.add(part, claim(), 5.0).nats == part.nats
    assert sequential.add(part, claim(), 4.0).nats == part.nats


@given(claims=st.lists(st.tuples(NATS, CAPS, GAPS), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_point_stays_between_its_floor_and_its_cap(claims: list[tuple[float, float, float]]) -> None:
    """A stuck score must never add up to certainty, and long quiet must not build up unlimited credit."""
    part, now_s, highest = None, 0.0, 0.0
    for llr, cap, gap_s in claims:
        now_s, highest = now_s + gap_s, max(highest, cap)
        part = sequential.add(part, claim(llr_nats=llr, cap_nats=cap), now_s)
        assert FLOOR_NATS <= part.nats <= highest


def test_a_lower_cap_lets_what_was_earned_fade_and_adds_nothing() -> None:
    """A flame that stops moving must not be forgotten at once, nor be held up by a still picture."""
    part = sequential.add(None, claim(llr_nats=20.0), 0.0)
    after = sequential.add(part, claim(cap_nats=5.0), 1.0)
    assert after.nats == sequential.decayed(part, 1.0)
    assert 5.0 < after.nats < 20.0


@given(parts=st.lists(st.tuples(NATS, CAPS, st.sampled_from(list(Kind)), GAPS), max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_sum_is_bounded_by_the_caps_and_the_floor(parts: list[tuple[float, float, Kind, float]]) -> None:
    """However many points speak, the sum is at most their caps and at least the floor of all quiet ones."""
    held = {
        f"pf.d{number}.x": sequential.add(None, claim(f"pf.d{number}.x", llr * 10, kind, cap), 30.0 - gap_s)
        for number, (llr, cap, kind, gap_s) in enumerate(parts)
    }
    nats = sequential.total(held, 30.0)
    assert QUIET_NATS <= nats <= sum(cap for _, cap, _, _ in parts)


def total_of(*claims: tuple[str, Kind, float, float]) -> float:
    """The sum of (point, kind, nats, cap) that were all heard now."""
    parts = {point: Part(nats, 0.0, claim(point, nats, kind, cap)) for point, kind, nats, cap in claims}
    return sequential.total(parts, 0.0)


def test_a_cameras_flame_and_smoke_share_one_cap() -> None:
    """A poster of a fire with smoke on it must not count as two things."""
    flame, smoke = ("cam.a.flame", Kind.FLAME, 5.0, 5.0), ("cam.a.smoke", Kind.SMOKE, 5.0, 5.0)
    assert total_of(flame, smoke) == 5.0
    assert total_of(flame, ("cam.a.smoke", Kind.SMOKE, 20.0, 24.0)) == 24.0


def test_two_cameras_on_one_candle_share_one_cap_unless_they_look_elsewhere() -> None:
    """A candle between two cameras rings; or two fires at the ends of a yard count as one."""
    one, other = ("cam.a.flame", Kind.FLAME, 14.5, 14.5), ("cam.b.flame", Kind.FLAME, 14.5, 14.5)
    assert total_of(one, other) == 9.5
    parts = {point: Part(nats, 0.0, claim(point, nats, kind, cap)) for point, kind, nats, cap in (one, other)}
    assert sequential.total(parts, 0.0, {"cam.b": "gate"}) == 19.0
    assert sequential.total(parts, 0.0, {"cam.a": "gate", "cam.b": "gate"}) == 9.5


def test_what_is_kept_of_a_contained_flame_counts_once_it_grows() -> None:
    """A fire that begins small loses no second, though until then it raised nothing."""
    contained, grown = ("cam.a.flame", Kind.FLAME, 14.5, 14.5), ("cam.a.flame", Kind.FLAME, 14.5, 24.0)
    assert (total_of(contained), total_of(grown)) == (9.5, 14.5)
    assert total_of(("cam.a.flame", Kind.FLAME, 14.6, 14.5)) == 14.6, "what has grown counts while it is remembered"


def test_a_contained_flame_counts_in_full_beside_a_sign_of_fire() -> None:
    """A fire that camera and PF device see must be an alarm sooner; a candle beside a cup of tea must be none."""
    contained = ("cam.a.flame", Kind.FLAME, 14.5, 14.5)
    assert total_of(contained, ("pf.d.thermal", Kind.HEAT, 5.0, 5.0)) == 14.5, "what is only warm is no witness"
    assert total_of(contained, ("pf.d.thermal", Kind.HEAT, 2.0, 11.5)) == 11.5, "nor is what is hardly there"
    assert total_of(contained, ("pf.d.thermal", Kind.HEAT, 3.0, 11.5)) == 17.5
    assert total_of(contained, ("pf.d.adc1", Kind.GAS, 6.0, 7.5)) == 20.5
    assert total_of(contained, ("pf.d.same_place", Kind.FLAME, 2.0, 2.0)) == 16.5, "heat in the picture of the flame"
    assert total_of(("pf.d.thermal", Kind.HEAT, 11.5, 11.5)) == 11.5


def test_two_gas_inputs_of_one_device_share_one_cap_but_heat_adds() -> None:
    """Two gas inputs smell the same cooking; heat and gas are different physics and add in full."""
    one, other = ("pf.d.adc1", Kind.GAS, 6.0, 7.5), ("pf.d.adc2", Kind.GAS, 6.0, 7.5)
    heat = ("pf.d.thermal", Kind.HEAT, 20.0, 24.0)
    assert total_of(one, other) == 7.5
    assert total_of(one, heat) == 26.0


def test_what_an_earlier_cap_let_in_still_counts() -> None:
    """A fire that stops flickering for one look must not fall out of the sum at once."""
    assert total_of(("cam.a.flame", Kind.FLAME, 18.0, 5.0)) == 18.0


@given(quiet=st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_quiet_points_do_not_outvote_the_one_that_sees(quiet: int) -> None:
    """Forty cameras that look elsewhere take no more than the floor from the one that sees the fire."""
    seen = ("cam.a.flame", Kind.FLAME, 20.0, 24.0)
    rest = [(f"cam.q{number}.flame", Kind.FLAME, -1.0, 24.0) for number in range(quiet)]
    assert total_of(seen, *rest) >= 20.0 + QUIET_NATS


def test_everything_is_forgotten_in_time() -> None:
    """An hour after the last look nothing may stand against a reset."""
    parts = {kind.value: Part(24.0, 0.0, claim(f"pf.{kind}.x", 3.0, kind)) for kind in Kind}
    assert sequential.total(parts, 3600.0) < 1e-9


def test_shares_name_the_supporting_points_greatest_first_and_add_up() -> None:
    """An operator must read what the alarm is made of; quiet points are not part of it."""
    parts = {
        "a": Part(3.0, 0.0, claim("cam.a.flame", kind=Kind.FLAME)),
        "b": Part(9.0, 0.0, claim("pf.b.thermal", kind=Kind.HEAT)),
        "c": Part(-1.0, 0.0, claim("cam.c.flame", -1.0)),
        "d": Part(-0.5, 0.0, claim("pf.d.adc1", -0.1, Kind.GAS, rules=(Rule.GAS_INPUT,))),
        "e": Part(0.04, 0.0, claim("cam.e.flame")),
    }
    found = sequential.shares(parts, 0.0)
    assert [(share.point, share.share) for share in found] == [
        ("pf.b.thermal", 0.75),
        ("cam.a.flame", 0.25),
        ("pf.d.adc1", 0.0),
    ]
    assert math.isclose(sum(share.share for share in found), 1.0, abs_tol=0.01)


def test_shares_are_at_most_thirty_two() -> None:
    """A zone with many points must still fit in a message."""
    parts = {str(n): Part(1.0 + n, 0.0, claim(f"cam.n{n}.flame")) for n in range(40)}
    found = sequential.shares(parts, 0.0)
    assert len(found) == 32
    assert found[0].point == "cam.n39.flame"


def test_without_evidence_there_are_no_shares() -> None:
    """A zone that has heard nothing explains nothing, and divides by nothing."""
    assert sequential.shares({}, 0.0) == ()
    assert sequential.total({}, 0.0) == 0.0


def test_a_point_belongs_to_the_source_before_its_last_dot() -> None:
    """Ids with dots in them must keep their source whole."""
    assert sequential.source_of("cam.dock-3.flame") == "cam.dock-3"
    assert sequential.source_of("pf.10.0.0.31.thermal") == "pf.10.0.0.31"
