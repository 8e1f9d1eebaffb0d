"""Thermal frames: what is a cluster, when the rules hold, and what the background learns."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from embereye_addon.fuse import sequential, thermal, zone
from embereye_addon.fuse.thermal import GROWING_CAP_NATS, MOST_NATS, SIGN_CAP_NATS, STATIC_CAP_NATS, Heat, Limits, Look
from embereye_addon.messages import Rule

GOOD = np.zeros((24, 32), dtype=np.bool_)
Frame = NDArray[np.float32]


def room(*spots: tuple[int, int, float], room_c: float = 22.0) -> Frame:
    """A room at 22 °C with pixels (row, column, °C)."""
    frame = np.full((24, 32), room_c, dtype=np.float32)
    for row, column, temp_c in spots:
        frame[row, column] = temp_c
    return frame


def pair(temp_c: float) -> Frame:
    """A room with two neighbouring pixels at one temperature."""
    return room((10, 10, temp_c), (10, 11, temp_c))


def once(heat: Heat, frame: Frame, now_s: float = 0.0, replaced: NDArray[np.bool_] = GOOD) -> tuple[Heat, Look]:
    """One look at one frame."""
    return thermal.look(heat, frame, replaced, "pf.a.thermal", Limits(), now_s)


def watched(frame_at: Callable[[float], Frame], until_s: float, every_s: float = 0.5) -> Iterator[tuple[float, Look]]:
    """Looks at frames that change with time."""
    heat = Heat()
    for number in range(round(until_s / every_s) + 1):
        heat, look = once(heat, frame_at(number * every_s), number * every_s)
        yield number * every_s, look


def test_an_ordinary_room_is_quiet() -> None:
    """A room with a person in it (8 K warmer) has no hot spot, and speaks softly against a fire."""
    _, look = once(Heat(), room(*((row, 5, 30.0) for row in range(5, 15))))
    assert (look.clusters, look.evidence.rules, look.evidence.llr_nats) == ((), (), -0.3)
    assert (look.max_c, look.median_c, look.evidence.value) == (30.0, 22.0, 30.0)


def test_one_hot_pixel_is_no_cluster() -> None:
    """One pixel gone bad must never be a fire."""
    heat = Heat()
    for number in range(4):
        heat, look = once(heat, room((10, 10, 200.0)), number)
        assert (look.clusters, look.evidence.rules, look.max_c) == ((), (), 200.0)


def test_an_invalid_or_replaced_neighbour_does_not_make_a_pair() -> None:
    """A pixel that was filled in from its neighbours must not confirm them."""
    replaced = GOOD.copy()
    replaced[10, 11] = True
    _, look = once(Heat(), pair(200.0), replaced=replaced)
    assert look.clusters == ()
    _, look = once(Heat(), room((10, 10, 200.0), (10, 11, np.nan)))
    assert (look.clusters, look.max_c) == ((), 200.0)


def test_a_frame_without_a_valid_pixel_claims_nothing() -> None:
    """An array that cannot see must not say that there is no fire, nor break what was learned."""
    before, _ = once(Heat(), pair(90.0))
    after, look = once(before, np.full((24, 32), np.nan, dtype=np.float32), 1.0)
    assert (look.clusters, look.evidence.rules, look.evidence.llr_nats) == ((), (), 0.0)
    assert (after.ground, after.tracks, after.past) == (before.ground, before.tracks, before.past)
    assert (after.over_alarm, after.rules) == (0, frozenset())


def test_pixels_that_begin_to_work_are_no_fire() -> None:
    """Pixels invalid in the first frame must not look hot against absolute zero when they come to life."""
    broken = room()
    broken[0:4] = np.nan
    heat, _ = once(Heat(), broken)
    heat, look = once(heat, room(), 1.0)
    assert look.clusters == ()
    _, look = once(heat, broken, 2.0)
    assert look.clusters == ()


def test_pixels_that_fail_for_a_while_are_no_fire_when_they_return() -> None:
    """Nothing is learned from a pixel that says nothing, or its return would be a fire for hours."""
    broken = room()
    broken[0:4] = np.nan
    heat, _ = once(Heat(), room())
    for minute in range(1, 31):
        heat, _ = once(heat, broken, minute * 60.0)
    _, look = once(heat, room(), 1801.0)
    assert look.clusters == ()


def test_clusters_are_measured_and_come_hottest_first() -> None:
    """What the operator is shown must be where it is and as hot as it is."""
    _, look = once(Heat(), room((2, 3, 40.0), (2, 4, 44.0), (20, 30, 60.0), (21, 31, 50.0), (12, 12, 90.0)))
    first, second = look.clusters
    assert (first.peak_c, first.mean_c, first.area_px) == (60.0, 55.0, 2)
    assert (first.x, first.y) == (31 / 32, 21 / 24)
    assert (second.peak_c, second.contrast_k) == (44.0, 17.0)
    assert look.evidence.where == "cell 31,21"
    assert (look.evidence.value, look.evidence.unit) == (60.0, "°C")


def test_at_most_sixteen_clusters_are_told() -> None:
    """A scene full of hot spots must still fit in a message, the hottest first."""
    spots = [
        (row, column + side, 50.0 + row + column)
        for row in range(0, 24, 4)
        for column in range(0, 32, 8)
        for side in (0, 1)
    ]
    _, look = once(Heat(), room(*spots))
    assert len(look.clusters) == 16
    assert look.clusters[0].peak_c == 50.0 + 20 + 24


def test_a_cluster_at_65_is_a_pre_alarm_with_hysteresis() -> None:
    """65 °C is a pre-alarm at once; it ends only below 60, so that it does not chatter."""
    heat, rules = Heat(), []
    for number, temp_c in enumerate((64.9, 65.0, 62.0, 60.0, 59.9, 62.0)):
        heat, look = once(heat, pair(temp_c), number)
        rules.append(Rule.FIXED_TEMPERATURE_PRE in look.evidence.rules)
    assert rules == [False, True, True, True, False, False]


def test_85_degrees_need_two_frames_in_a_row_and_have_hysteresis() -> None:
    """One frame at 85 °C may be a glint; two in a row are an alarm that ends only below 80."""
    heat, rules = Heat(), []
    for number, temp_c in enumerate((85.0, 84.0, 85.0, 85.0, 81.0, 79.9, 85.0)):
        heat, look = once(heat, pair(temp_c), number)
        rules.append(Rule.FIXED_TEMPERATURE in look.evidence.rules)
    assert rules == [False, False, False, True, True, False, False]


def test_two_hot_pixels_that_do_not_touch_meet_no_rule() -> None:
    """The rule asks for neighbours: two bad pixels far apart are not a fire."""
    heat = Heat()
    for number in range(3):
        heat, look = once(heat, room((3, 3, 120.0), (20, 20, 120.0)), number)
        assert look.evidence.rules == ()


def test_the_zones_own_limits_count() -> None:
    """A kitchen's higher limits must be the ones that act."""
    heat, kitchen = Heat(), Limits(pre_c=110.0, alarm_c=150.0)
    for number in range(3):
        heat, look = thermal.look(heat, pair(100.0), GOOD, "pf.a.thermal", kitchen, number)
        assert look.evidence.rules == ()


def test_the_fixed_rule_can_be_switched_off() -> None:
    """Where hot things are usual and no limit fits, heat alone must ask for nothing."""
    heat, off = Heat(), Limits(fixed_rule=False)
    for number in range(3):
        heat, look = thermal.look(heat, pair(120.0), GOOD, "pf.a.thermal", off, number)
        assert (look.evidence.rules, look.clusters[0].peak_c) == ((), 120.0)


def test_the_rise_rule_can_be_switched_off() -> None:
    """The rise is still evidence, and the fixed rule still holds."""
    heat, off, claimed = Heat(), Limits(rise_rule=False), 0.0
    for number in range(90):
        heat, look = thermal.look(heat, pair(38.0 + 25.0 * number / 120), GOOD, "pf.a.thermal", off, number * 0.5)
        assert look.evidence.rules == ()
        claimed = max(claimed, look.evidence.cap_nats)
    assert claimed == GROWING_CAP_NATS


@pytest.mark.parametrize(
    ("k_min", "rules", "most_nats"),
    [
        (5.0, set(), STATIC_CAP_NATS),
        (13.0, {Rule.RATE_OF_RISE_PRE}, SIGN_CAP_NATS),
        (30.0, {Rule.RATE_OF_RISE_PRE, Rule.RATE_OF_RISE}, GROWING_CAP_NATS),
    ],
)
def test_a_sustained_rise_meets_its_rule_after_thirty_seconds(k_min: float, rules: set[Rule], most_nats: float) -> None:
    """A fire that grows must be seen by its growth, long before the fixed limit; not before 30 s have been seen."""
    seen, rise, cap = set[Rule](), 0.0, 0.0
    for now_s, look in watched(lambda now_s: pair(38.0 + k_min * now_s / 60.0), 45.0):
        if now_s < 28.0:
            assert look.evidence.rules == ()
        seen |= set(look.evidence.rules)
        rise, cap = look.clusters[0].rise_k_min, look.evidence.cap_nats
    assert seen == rules
    assert rise == pytest.approx(k_min, abs=0.5)
    assert cap == most_nats


def test_a_step_that_stays_is_no_rise() -> None:
    """A pan put on the stove jumps and stays; that is not growth."""
    for _, look in watched(lambda now_s: pair(23.0 if now_s < 40.0 else 58.0), 100.0):
        assert look.evidence.rules == ()
        assert look.evidence.cap_nats == STATIC_CAP_NATS or look.clusters == ()


def test_a_rise_close_to_the_room_is_not_yet_a_fire() -> None:
    """Less than 15 K above the scene's median meets no rate-of-rise rule, however steep."""
    for _, look in watched(lambda now_s: pair(22.0 + min(14.5, 25.0 * now_s / 60.0)), 34.0):
        assert look.evidence.rules == ()


def test_a_rise_ends_a_fifth_below_its_limit() -> None:
    """A rise that wavers about its limit must not chatter."""
    held, heat = frozenset({Rule.RATE_OF_RISE_PRE}), Heat()
    for number in range(81):
        heat, look = once(heat, pair(38.0 + 9.0 * number / 120.0), number * 0.5)
        assert look.evidence.rules == ()
    after, _ = once(dataclasses.replace(heat, rules=held), pair(38.0 + 9.0 * 81 / 120.0), 40.5)
    assert after.rules == held


def test_frames_that_come_too_rarely_give_no_rise() -> None:
    """With a gap in the stream no growth may be invented from a few frames."""
    for now_s, look in watched(lambda now_s: pair(38.0 + now_s), 60.0, every_s=7.0):
        assert Rule.RATE_OF_RISE not in look.evidence.rules or now_s >= 56.0
    heat = Heat()
    for now_s in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 29.5, 30.0):
        heat, look = once(heat, pair(38.0 + now_s), now_s)
        assert look.clusters[0].rise_k_min == 0.0


def test_a_rise_is_seen_by_a_slow_device() -> None:
    """A device that sends every four seconds must find a rise too."""
    *_, (_, look) = watched(lambda now_s: pair(38.0 + 30.0 * now_s / 60.0), 61.0, every_s=4.085)
    assert Rule.RATE_OF_RISE in look.evidence.rules


def test_what_is_remembered_is_bounded() -> None:
    """A device at 10 Hz for a day must not fill the memory."""
    heat = Heat()
    for number in range(1500):
        heat, _ = once(heat, pair(60.0), number * 0.1)
    assert len(heat.past.frames) == len(heat.past.times_s) <= 33
    assert [len(track.samples) <= 70 for track in heat.tracks.live] == [True]


def test_a_pixel_that_warms_up_in_its_place_is_known_before_it_is_hot() -> None:
    """The first seconds of a growing fire count: half a minute of waiting after it became visible is too long."""
    for now_s, look in watched(lambda now_s: pair(22.0 + 25.0 * now_s / 60.0), 60.0):
        if look.clusters and look.clusters[0].age_s > 15.0:
            assert Rule.RATE_OF_RISE in look.evidence.rules
            break
        assert now_s < 59.0


def test_a_rise_of_one_pixel_alone_is_a_fault_of_it() -> None:
    """A pixel that drifts away on a warm radiator must not be a fire."""
    for _, look in watched(lambda now_s: room((10, 10, 45.0 + now_s / 2), (10, 11, 44.0), (11, 10, 44.0)), 60.0):
        assert look.evidence.rules == ()
        assert look.evidence.cap_nats == STATIC_CAP_NATS


def test_the_zones_own_rates_of_rise_count() -> None:
    """A kettle in a kitchen warms by 25 K a minute, which is its right."""
    heat, kitchen = Heat(), Limits(120.0, 240.0, rise_pre_k_min=20.0, rise_alarm_k_min=60.0)
    for number in range(90):
        heat, look = thermal.look(heat, pair(38.0 + 25.0 * number / 120), GOOD, "pf.a.thermal", kitchen, number * 0.5)
        assert Rule.RATE_OF_RISE not in look.evidence.rules
        assert look.evidence.cap_nats == (SIGN_CAP_NATS if look.evidence.rules else STATIC_CAP_NATS)
    assert heat.rules == {Rule.RATE_OF_RISE_PRE}


def test_a_slow_rise_far_beyond_the_limits_is_a_fire() -> None:
    """A motor that burns out creeps up by 3 K a minute; half-way past its zone's limits that is enough."""
    *_, (_, look) = watched(lambda now_s: room((10, 10, 70.0 + now_s / 20), (10, 11, 60.0 + now_s / 20)), 130.0)
    assert look.evidence.cap_nats == GROWING_CAP_NATS
    assert look.evidence.llr_nats > 2.0


def flickering(now_s: float, moved: float = 0.0) -> Frame:
    """A flame over a few pixels, the next hottest of which waver by 5 K; `moved` pixels from its place."""
    wave = 5.0 * np.sin(7.3 * now_s)
    column = 10 + round(moved)
    return room((10, column, 62.0 + 2 * wave), (10, column + 1, 55.0 + wave), (11, column, 54.0 - wave))


def test_a_flicker_alone_is_a_pre_alarm_at_most() -> None:
    """A small flame that burns steadily shows itself by its flicker; a torch or a candle must not call the brigade."""
    *_, (_, look) = watched(flickering, 40.0)
    assert look.evidence.cap_nats == SIGN_CAP_NATS
    assert look.evidence.llr_nats > 0.0


def test_what_flickers_and_moves_on_is_carried() -> None:
    """Somebody with a hot thing in his hand walks by; a fire stays where it is."""
    *_, (_, look) = watched(lambda now_s: flickering(now_s, now_s / 4), 40.0)
    assert look.evidence.cap_nats == STATIC_CAP_NATS


def test_a_flicker_that_spreads_is_a_fire() -> None:
    """Two signs together are an alarm, though neither is one alone."""

    def spreading(now_s: float) -> Frame:
        frame = flickering(now_s)
        frame[10:14, 10 : 12 + int(now_s / 3)] = 55.0 + 5.0 * np.sin(7.3 * now_s)
        return frame

    *_, (_, look) = watched(spreading, 45.0)
    assert look.evidence.cap_nats == GROWING_CAP_NATS


def test_skin_is_no_evidence_in_a_cold_room() -> None:
    """A face 24 K above a cold store is a hot spot, but says nothing for a fire."""
    _, look = once(Heat(), room((5, 5, 34.0), (5, 6, 34.0), room_c=10.0))
    assert look.clusters[0].contrast_k == 19.0
    assert look.evidence.llr_nats <= 0.0


def test_the_spot_that_says_most_speaks_for_the_device() -> None:
    """A stove that is hotter must not hide the fire that grows beside it."""

    def stove_and_fire(now_s: float) -> Frame:
        return room((3, 3, 64.0), (3, 4, 64.0), (20, 20, 40.0 + now_s / 3), (20, 21, 40.0 + now_s / 3))

    *_, (_, look) = watched(stove_and_fire, 45.0)
    assert look.evidence.where == "cell 21,20"
    assert look.clusters[0].peak_c == 64.0


def test_a_warm_floor_is_learned_and_a_fire_is_not() -> None:
    """The sun on a floor must be forgotten within the hour; what is hot must stay visible for the same time."""
    heat, _ = once(Heat(), room())
    for minute in range(1, 61):
        warm = room(room_c=22.0 + min(9.0, 0.4 * minute))
        warm[5:7, 5:7] = 50.0
        heat, look = once(heat, warm, minute * 60.0)
        assert 4 in [cluster.area_px for cluster in look.clusters]
    assert heat.ground is not None
    assert heat.ground.middle_c[20, 20] == pytest.approx(31.0, abs=0.5)
    assert heat.ground.middle_c[5, 5] < 40.0


def test_what_is_hot_in_the_very_first_frame_is_seen() -> None:
    """A restart in the middle of a fire must not learn the fire as its background."""
    _, look = once(Heat(), pair(50.0))
    assert look.clusters[0].contrast_k == 23.0


def test_one_device_alone_can_reach_every_alarm_threshold() -> None:
    """A fire that only one thermal array sees growing must be able to become an alarm, against all quiet."""
    highest = max(alarm for _, alarm in zone.THRESHOLDS_NATS.values())
    assert highest < GROWING_CAP_NATS + sequential.QUIET_NATS


@pytest.mark.parametrize("sensitivity", list(zone.THRESHOLDS_NATS))
def test_a_hot_pan_adds_up_to_nothing(sensitivity: str) -> None:
    """A pan of 58 °C for ten minutes neither makes a pre-alarm nor stands against a reset."""
    part = None
    for now_s, look in watched(lambda _now_s: pair(58.0), 600.0, every_s=1.0):
        part = sequential.add(part, look.evidence, now_s)
        assert look.evidence.rules == ()
    assert part is not None
    assert part.nats <= STATIC_CAP_NATS
    assert part.nats < zone.CLEAR_FRACTION * zone.THRESHOLDS_NATS[sensitivity][0]


@given(
    cells=st.lists(st.one_of(st.floats(-273.0, 3000.0, width=32), st.just(float("nan"))), min_size=24, max_size=24),
    gaps=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=4),
    dead=st.integers(0, 31),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_frame_gives_a_bounded_claim(cells: list[float], gaps: list[float], dead: int) -> None:
    """No frame, however strange, may raise an error or make a claim beyond its bounds."""
    frame = np.tile(np.array(cells, dtype=np.float32)[:, None], (1, 32))
    replaced = GOOD.copy()
    replaced[:, dead] = True
    heat, now_s = Heat(), 0.0
    for gap_s in gaps:
        now_s += gap_s
        heat, look = thermal.look(heat, frame, replaced, "pf.a.thermal", Limits(), now_s)
        assert -0.3 <= look.evidence.llr_nats <= MOST_NATS
        assert np.isfinite((look.max_c, look.median_c, look.evidence.value)).all()
        for cluster in look.clusters:
            assert 0.0 <= cluster.x <= 1.0
            assert 0.0 <= cluster.y <= 1.0
            assert cluster.area_px >= 2
        assert heat.ground is None or np.isfinite(heat.ground.hot_c()).all()
