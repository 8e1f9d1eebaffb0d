"""A camera's looks: bounded claims, no claim without a place, still things capped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import sequential, video, zone
from embereye_addon.messages import Kind

ANY = st.floats(allow_nan=True, allow_infinity=True)
BOX = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 255.0), st.just("here"))


def test_a_moving_flame_and_a_still_one_differ_only_in_their_cap() -> None:
    """A poster of a fire claims what a fire claims, but may not add up to an alarm."""
    moving, _ = video.evidence("cam.a", (2.5, -1.0), {"flame": (0.91, 3.0, "left")})
    still, _ = video.evidence("cam.a", (2.5, -1.0), {"flame": (0.91, 2.9, "left")})
    assert (moving.llr_nats, moving.value, moving.unit, moving.where) == (2.5, 91.0, "%", "left")
    assert (moving.cap_nats, still.cap_nats) == (video.CAP_NATS, video.STILL_CAP_NATS)
    assert still.llr_nats == moving.llr_nats


def test_smoke_counts_as_moving_sooner_than_flame() -> None:
    """Smoke drifts gently; a flame flickers."""
    flame, smoke = video.evidence("cam.a", (2.0, 2.0), {"flame": (0.9, 1.5, ""), "smoke": (0.9, 1.5, "")})
    assert (flame.point, flame.kind, flame.cap_nats) == ("cam.a.flame", Kind.FLAME, video.STILL_CAP_NATS)
    assert (smoke.point, smoke.kind, smoke.cap_nats) == ("cam.a.smoke", Kind.SMOKE, video.CAP_NATS)


def test_without_a_box_the_picture_supports_nothing() -> None:
    """A claim that nobody can be shown must not raise an alarm; it may still speak against one."""
    flame, smoke = video.evidence("cam.a", (9.0, -0.4), {})
    assert (flame.llr_nats, flame.value, flame.where) == (0.0, 0.0, "")
    assert smoke.llr_nats == -0.4


@given(flame=ANY, smoke=ANY, boxes=st.dictionaries(st.sampled_from(["flame", "smoke"]), BOX))
@settings(max_examples=100, deadline=None)
def test_whatever_the_model_says_one_look_is_bounded(
    flame: float, smoke: float, boxes: dict[str, tuple[float, float, str]]
) -> None:
    """A model gone wild, even one that says NaN, must not decide by one look."""
    for evidence in video.evidence("cam.a", (flame, smoke), boxes):
        assert video.MIN_LOOK_NATS <= evidence.llr_nats <= video.MAX_LOOK_NATS


@pytest.mark.parametrize("sensitivity", list(zone.THRESHOLDS_NATS))
def test_a_poster_of_a_fire_and_smoke_makes_no_pre_alarm_and_holds_none(sensitivity: str) -> None:
    """What looks like fire and smoke but never moves must stay nothing, for hours, and not stand against a reset."""
    parts: dict[str, sequential.Part] = {}
    for look in range(2000):
        for piece in video.evidence("cam.a", (9.0, 9.0), {"flame": (1.0, 0.5, ""), "smoke": (1.0, 0.5, "")}):
            parts[piece.point] = sequential.add(parts.get(piece.point), piece, look * 0.2)
    pre_alarm, _ = zone.THRESHOLDS_NATS[sensitivity]
    assert sequential.total(parts, 400.0) < zone.CLEAR_FRACTION * pre_alarm


def test_one_camera_alone_can_reach_every_alarm_threshold() -> None:
    """A fire that only one camera sees must be able to become an alarm, at every sensitivity, against all quiet."""
    highest = max(alarm for _, alarm in zone.THRESHOLDS_NATS.values())
    assert highest < video.CAP_NATS + sequential.QUIET_NATS
