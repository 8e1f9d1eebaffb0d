"""A camera's claims: bounded, no claim without a place, and caps by what the thing does."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import sequential, video, zone
from embereye_addon.fuse.video import Claimed
from embereye_addon.messages import Kind

ANY = st.floats(allow_nan=True, allow_infinity=True)
NOTHING = Claimed(-2.0, 2.0)
FIRE = Claimed(
    2.5, 2.0, confidence=0.91, where="left", motion=9.0, held_s=3.0, settled=True, area=0.02, pieces=6.0, ragged=3.2
)
CANDLE = dataclasses.replace(FIRE, pieces=1.0, ragged=1.6)
SMOKE = Claimed(2.5, 2.0, 2.5, confidence=0.8, motion=4.0, held_s=3.0, settled=True, area=0.1)


def flame_cap(flame: Claimed, smoke: Claimed = NOTHING) -> float:
    """The cap of the flame point."""
    return video.evidence("cam.a", flame, smoke)[0].cap_nats


def smoke_cap(smoke: Claimed) -> float:
    """The cap of the smoke point."""
    return video.evidence("cam.a", NOTHING, smoke)[1].cap_nats


def test_a_fire_claims_with_its_value_and_place() -> None:
    """The explanation shows what was seen and where."""
    flame, smoke = video.evidence("cam.a", FIRE, NOTHING)
    assert (flame.point, flame.kind, flame.llr_nats) == ("cam.a.flame", Kind.FLAME, 2.5)
    assert (flame.value, flame.unit, flame.where) == (91.0, "%", "left")
    assert (smoke.point, smoke.kind, smoke.llr_nats, smoke.value) == ("cam.a.smoke", Kind.SMOKE, -1.0, 0.0)


@pytest.mark.parametrize(
    ("change", "cap"),
    [
        ({}, video.CAP_NATS),
        ({"motion": 2.9}, video.STILL_CAP_NATS),
        ({"held_s": 1.9}, video.YOUNG_CAP_NATS),
        ({"pieces": 2.0, "ragged": 2.9}, video.CAP_NATS),
        ({"pieces": 2.0, "ragged": 2.0}, video.CONTAINED_CAP_NATS),
        ({"pieces": 1.0, "ragged": 1.5, "area": 0.12}, video.CAP_NATS),
        ({"pieces": 1.0, "ragged": 1.5, "growth": 3.0}, video.CAP_NATS),
        ({"settled": False}, video.CONTAINED_CAP_NATS),
    ],
)
def test_how_far_a_flame_may_add_up_depends_on_what_it_does(change: dict[str, float], cap: float) -> None:
    """Still things, glimpses, candles and fires differ by what they do, not by how much they look like fire."""
    assert flame_cap(dataclasses.replace(FIRE, **change)) == cap  # type: ignore[arg-type]


def test_smoke_makes_a_contained_flame_a_fire() -> None:
    """A candle gives no smoke that a camera sees; a pan on fire does."""
    assert flame_cap(CANDLE) == video.CONTAINED_CAP_NATS
    plume = dataclasses.replace(SMOKE, steady_nats=3.0)
    assert flame_cap(CANDLE, plume) == video.CAP_NATS
    for faint in (
        dataclasses.replace(plume, steady_nats=2.9),
        dataclasses.replace(plume, held_s=1.0),
        dataclasses.replace(plume, motion=0.5),
        dataclasses.replace(plume, area=0.01),
    ):
        assert flame_cap(CANDLE, faint) == video.CONTAINED_CAP_NATS


def test_the_light_of_a_stove_is_not_its_smoke() -> None:
    """Both points of a camera share the higher cap: what passes for smoke beside a flame must not lift it either."""
    flame, smoke = video.evidence("cam.a", CANDLE, SMOKE)
    assert max(flame.cap_nats, smoke.cap_nats) == video.CONTAINED_CAP_NATS
    glimpse = dataclasses.replace(CANDLE, llr_nats=-0.1)
    assert video.evidence("cam.a", glimpse, SMOKE)[1].cap_nats == video.CAP_NATS


@pytest.mark.parametrize(
    ("change", "cap"),
    [
        ({}, video.CAP_NATS),
        ({"area": 0.01}, video.CONTAINED_CAP_NATS),
        ({"area": 0.01, "growth": 3.0}, video.CAP_NATS),
        ({"steady_nats": 1.5}, video.CONTAINED_CAP_NATS),
        ({"settled": False}, video.CONTAINED_CAP_NATS),
        ({"motion": 0.9}, video.STILL_CAP_NATS),
        ({"held_s": 0.5}, video.YOUNG_CAP_NATS),
    ],
)
def test_how_far_smoke_may_add_up(change: dict[str, float], cap: float) -> None:
    """A wisp from a cigarette raises a pre-alarm at most; smoke that fills the picture raises the alarm."""
    assert smoke_cap(dataclasses.replace(SMOKE, **change)) == cap  # type: ignore[arg-type]


def test_caps_are_where_they_mean_what_they_say() -> None:
    """Young things stay below every pre-alarm; what is kept of contained flames is just short of an alarm."""
    lowest = min(pre_alarm for pre_alarm, _ in zone.THRESHOLDS_NATS.values())
    assert video.STILL_CAP_NATS < video.YOUNG_CAP_NATS < lowest
    assert lowest < sequential.CONTAINED_COUNTS_NATS < video.CONTAINED_CAP_NATS < zone.THRESHOLDS_NATS["normal"][1]
    highest = max(alarm for _, alarm in zone.THRESHOLDS_NATS.values())
    assert highest < video.CAP_NATS + sequential.QUIET_NATS


def test_without_a_box_the_picture_supports_nothing() -> None:
    """A claim that nobody can be shown must not raise an alarm; it may still speak against one."""
    flame, smoke = video.evidence("cam.a", Claimed(9.0, 2.0), Claimed(-0.4, 2.0))
    assert (flame.llr_nats, flame.value, flame.where) == (0.0, 0.0, "")
    assert smoke.llr_nats == -0.4


def test_a_picture_that_needed_no_look_claims_nothing() -> None:
    """Quiet pictures between looks keep the point alive without speaking for or against a fire."""
    flame, smoke = video.nothing("cam.a")
    assert (flame.point, smoke.point) == ("cam.a.flame", "cam.a.smoke")
    assert (flame.llr_nats, smoke.llr_nats, flame.value) == (0.0, 0.0, 0.0)


CLAIMS = st.builds(
    Claimed,
    ANY,
    ANY,
    confidence=st.floats(0.0, 1.0),
    motion=ANY,
    held_s=ANY,
    settled=st.booleans(),
    area=ANY,
    growth=ANY,
)


@given(flame=CLAIMS, smoke=CLAIMS)
@settings(max_examples=100, deadline=None)
def test_whatever_the_model_says_one_look_is_bounded(flame: Claimed, smoke: Claimed) -> None:
    """A model gone wild, even one that says NaN, must not decide by one look."""
    for evidence in video.evidence("cam.a", flame, smoke):
        assert video.MIN_LOOK_NATS <= evidence.llr_nats <= video.MAX_LOOK_NATS
        assert evidence.cap_nats <= video.CAP_NATS


def summed(flame: Claimed, smoke: Claimed) -> float:
    """What 400 s of these looks add up to."""
    parts: dict[str, sequential.Part] = {}
    for look in range(2000):
        for piece in video.evidence("cam.a", flame, smoke):
            parts[piece.point] = sequential.add(parts.get(piece.point), piece, look * 0.2)
    return sequential.total(parts, 400.0)


@pytest.mark.parametrize("sensitivity", list(zone.THRESHOLDS_NATS))
def test_a_poster_of_a_fire_and_smoke_makes_no_pre_alarm_and_holds_none(sensitivity: str) -> None:
    """What looks like fire and smoke but never moves must stay nothing, for hours, and not stand against a reset."""
    still = {"motion": 0.5, "held_s": 400.0}
    pre_alarm, _ = zone.THRESHOLDS_NATS[sensitivity]
    total = summed(dataclasses.replace(FIRE, **still), dataclasses.replace(SMOKE, **still))  # type: ignore[arg-type]
    assert total < zone.CLEAR_FRACTION * pre_alarm


def test_a_candle_tells_nobody_but_at_high_sensitivity() -> None:
    """A flame that is fed evenly, and all that is taken for one, costs nobody's sleep; a fire does at once."""
    total = summed(CANDLE, NOTHING)
    assert total < zone.THRESHOLDS_NATS["normal"][0]
    assert total < zone.CLEAR_FRACTION * zone.THRESHOLDS_NATS["low"][0], "nor does it stand against a reset"
    pre_alarm, alarm = zone.THRESHOLDS_NATS["high"]
    assert pre_alarm <= total < alarm
    assert summed(FIRE, NOTHING) >= zone.THRESHOLDS_NATS["normal"][1]
