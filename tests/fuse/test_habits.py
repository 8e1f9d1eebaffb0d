"""What comes and goes by itself at one place again and again; and that no fire hides behind it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.fuse import habits, thermal
from embereye_addon.fuse.habits import CALM_S, FORGET_S, MOST, OPEN_MOST, PLACE_MOST, SEEN, Episode, Habits, Standing
from embereye_addon.fuse.thermal import SIGN_CAP_NATS, STATIC_CAP_NATS, Heat, Limits, Look
from embereye_addon.messages import Rule

GOOD = np.zeros((24, 32), dtype=np.bool_)
WAVERS = np.random.default_rng(3).normal(0.0, 0.1, (400, 24, 32)).astype(np.float32)
HEATER = Episode(at=0.0, row=10.5, column=12.5, peak_c=60.0, rise_k_min=30.0, area_px=4, asks_s=20.0)
USUAL = Limits()
SLOW = Limits(rise_pre_k_min=6.0, rise_alarm_k_min=8.0)
RISES = frozenset((Rule.RATE_OF_RISE, Rule.RATE_OF_RISE_PRE))


def frame(number: int, *boxes: tuple[int, int, float]) -> NDArray[np.float32]:
    """A room of 22 °C with 2x2 spots (row, column, °C)."""
    temps: NDArray[np.float32] = 22.0 + WAVERS[number % len(WAVERS)]
    for row, column, temp_c in boxes:
        temps[row : row + 2, column : column + 2] += temp_c - 22.0
    return temps


def pulse(into_s: float, top_c: float = 60.0) -> float:
    """A heater that warms by 30 K/min for a while and cools in a minute."""
    rises_s = (top_c - 22.0) * 2.0
    return 22.0 + min(into_s / 2.0, top_c - 22.0) if into_s <= rises_s else max(22.0, top_c - (into_s - rises_s))


def session(
    heat: Heat, start_s: float, top_c: float = 60.0, place: tuple[int, int] = (10, 12), limits: Limits = USUAL
) -> tuple[Heat, list[Look]]:
    """A minute of quiet, one pulse, and what is left of six minutes, a frame a second."""
    looks = []
    for second in range(360):
        temp_c = pulse(second - 60.0, top_c) if second >= 60 else 22.0
        now_s = start_s + second
        heat, look = thermal.look(heat, frame(second, (*place, temp_c)), GOOD, "pf.a.thermal", limits, now_s)
        looks.append(look)
    return heat, looks


def asked(looks: list[Look]) -> frozenset[Rule]:
    """Every rule that was in force."""
    return frozenset(rule for look in looks for rule in look.evidence.rules)


def settled(heat: Heat, now_s: float, standing: Standing = Standing.QUIET) -> Heat:
    """The device after the panel's word and some time."""
    return replace(heat, habits=habits.settled(heat.habits, standing, now_s, now_s))


@pytest.fixture(scope="module")
def used() -> Heat:
    """A device before which a heater has pulsed three times, hours apart."""
    heat, now_s = Heat(), 0.0
    for number in range(SEEN):
        now_s = 10_000.0 * number
        heat, looks = session(heat, now_s)
        assert asked(looks) == RISES, "it asks for an alarm each time until it is a habit"
        heat = settled(heat, now_s + 1000.0)
    return heat


def test_a_heater_that_pulses_every_day_rings_no_more(used: Heat) -> None:
    """Who is woken by the same heater every night switches the system off."""
    assert [(one.row, one.column, one.area_px) for one in used.habits.known] == [(10.5, 12.5, 4)] * SEEN
    assert used.habits.going == ()
    heat, looks = session(used, 40_000.0)
    assert asked(looks) == frozenset()
    hottest = max(looks, key=lambda look: look.max_c)
    assert hottest.clusters[0].usual == SEEN
    assert hottest.evidence.where == "cell 13,11; usual, seen 3 times"
    assert {look.evidence.cap_nats for look in looks if look.clusters} == {STATIC_CAP_NATS}
    assert max(look.clusters[0].rise_k_min for look in looks if look.clusters) > 20.0, "its true rise is shown"
    assert len(settled(heat, 41_000.0).habits.known) == SEEN + 1


@pytest.mark.parametrize(("top_c", "place"), [(75.0, (10, 12)), (60.0, (10, 18)), (60.0, (16, 12))])
def test_what_is_hotter_or_elsewhere_counts_in_full(used: Heat, top_c: float, place: tuple[int, int]) -> None:
    """The heater's place catches fire, or the curtain beside it: a habit must not hide that."""
    _, looks = session(used, 40_000.0, top_c, place)
    assert asked(looks) >= RISES


def test_what_goes_on_rising_for_longer_than_it_ever_did_counts_in_full(used: Heat) -> None:
    """Something smoulders on the heater: no hotter and no faster yet than the heater is, but it does not stop."""
    heat, ruled_s = used, []
    for second in range(240):
        temps = frame(second, (10, 12, 22.0 + second * 38.0 / 240.0 * 1.02))
        heat, look = thermal.look(heat, temps, GOOD, "pf.a.thermal", SLOW, 40_000.0 + second)
        if look.evidence.rules:
            ruled_s.append(second)
    assert ruled_s
    assert max(heat.habits.known, key=lambda one: one.peak_c).peak_c + 4.0 > 22.0 + ruled_s[0] * 38.0 / 240.0


def test_the_alarms_temperature_is_never_usual() -> None:
    """85 °C is an alarm, whatever was there a thousand times."""
    known = Habits((replace(HEATER, peak_c=300.0, rise_k_min=500.0, area_px=700, asks_s=999.0),) * 30)
    _, looks = session(Heat(habits=known), 0.0, 90.0)
    assert asked(looks) == {Rule.FIXED_TEMPERATURE}
    assert looks[-1].evidence.rules == ()


def test_the_pre_alarms_temperature_is_usual_at_that_place_only() -> None:
    """An oven's door asks for nothing; the pot beside it does."""
    known = Habits((replace(HEATER, peak_c=70.0, rise_k_min=500.0),) * SEEN)
    for boxes, rules in (
        (((10, 12, 70.0),), ()),
        (((10, 12, 70.0), (18, 22, 68.0)), (Rule.FIXED_TEMPERATURE_PRE,)),
        (((10, 12, 76.0),), (Rule.FIXED_TEMPERATURE_PRE,)),
    ):
        heat, _ = thermal.look(Heat(habits=known), frame(0, *boxes), GOOD, "pf.a.thermal", Limits(), 0.0)
        _, look = thermal.look(heat, frame(1, *boxes), GOOD, "pf.a.thermal", Limits(), 1.0)
        assert look.evidence.rules == rules, boxes


def test_a_flicker_at_a_usual_place_is_a_sign_of_fire_as_ever() -> None:
    """A small flame in the heater's place is no hotter than it; it wavers, and that counts."""
    heat, caps = Heat(habits=Habits((replace(HEATER, rise_k_min=500.0),) * SEEN)), set()
    rng = np.random.default_rng(7)
    for number in range(60):
        temps = frame(number, (10, 12, float(rng.uniform(40.0, 60.0))))
        heat, look = thermal.look(heat, temps, GOOD, "pf.a.thermal", Limits(), number)
        caps.add(look.evidence.cap_nats)
    assert SIGN_CAP_NATS in caps


def test_one_fire_that_goes_up_and_down_is_one_episode() -> None:
    """A fire that smoulders on for an hour must not become a habit by itself."""
    heat = Heat()
    for second in range(900):
        temps = frame(second, (10, 12, 45.0 + 14.0 * np.sin(second / 25.0)))
        heat, _ = thermal.look(heat, temps, GOOD, "pf.a.thermal", Limits(), second)
        heat = settled(heat, second)
    assert (heat.habits.known, len(heat.habits.going)) == ((), 1)


def test_an_alarm_is_learned_from_only_once_it_was_reset_and_only_if_a_rise_raised_it() -> None:
    """A fire that was put out is no habit; a heater that rang, and that somebody looked at, is."""
    over, _ = session(Heat(), 0.0)
    for standing in (Standing.HELD, Standing.UNKNOWN):
        waits = settled(over, 1000.0, standing)
        assert (waits.habits.known, len(waits.habits.going)) == ((), 1)
        assert len(settled(waits, 1002.0).habits.known) == 1
    spoilt = settled(over, 300.0, Standing.SPOILT)
    assert settled(spoilt, 1000.0).habits == habits.NONE
    hot, _ = session(Heat(), 0.0, 90.0)
    assert settled(hot, 1000.0).habits == habits.NONE, "what reached the alarm's temperature is never learned"


def test_what_stays_hot_has_not_gone() -> None:
    """A machine that runs hot and stays so has ended nothing."""
    heat = Heat()
    for second in range(400):
        temps = frame(second, (10, 12, min(60.0, 22.0 + second / 2.0)))
        heat, _ = thermal.look(heat, temps, GOOD, "pf.a.thermal", Limits(), second)
    assert (settled(heat, 400.0).habits.known, len(settled(heat, 400.0 + CALM_S).habits.going)) == ((), 1)


def test_what_is_bright_from_its_first_look_is_grave_at_once() -> None:
    """A thing that comes at 100 °C and goes is no habit."""
    heat, _ = thermal.look(Heat(), frame(0, (10, 12, 100.0)), GOOD, "pf.a.thermal", Limits(), 0.0)
    assert [each.grave for each in heat.habits.going] == [True]


@pytest.mark.parametrize(
    ("now", "usual"),
    [
        (HEATER, True),
        (replace(HEATER, row=12.4), True),
        (replace(HEATER, row=12.6), False),
        (replace(HEATER, peak_c=64.9), True),
        (replace(HEATER, peak_c=65.1), False),
        (replace(HEATER, rise_k_min=47.9), True),
        (replace(HEATER, rise_k_min=48.1), False),
        (replace(HEATER, area_px=10), True),
        (replace(HEATER, area_px=11), False),
        (replace(HEATER, asks_s=44.9), True),
        (replace(HEATER, asks_s=45.1), False),
    ],
)
def test_how_much_is_usual(now: Episode, usual: bool) -> None:
    """Each bound holds by itself: place, heat, rise, size and time."""
    assert bool(habits.times_seen((HEATER,) * SEEN, now)) is usual
    assert habits.times_seen((HEATER,) * (SEEN - 1), now) == 0


def test_habits_are_forgotten_after_four_weeks(used: Heat) -> None:
    """A heater that was given away must not cover its place for ever."""
    last_s = max(one.at for one in used.habits.known)
    assert len(settled(used, last_s + FORGET_S).habits.known) == 1
    assert settled(used, last_s + FORGET_S + 1.0).habits.known == ()


def test_switched_off_nothing_is_learned_and_all_is_forgotten(used: Heat) -> None:
    """Off and on again is how an installer who turns a device makes it forget."""
    heat, looks = session(used, 40_000.0, limits=Limits(habits=False))
    assert asked(looks) == RISES
    assert heat.habits == habits.NONE


def test_what_is_remembered_is_bounded() -> None:
    """A year of pulses must not fill memory, nor may one place crowd out all others."""
    known: tuple[Episode, ...] = ()
    for number in range(PLACE_MOST + 5):
        known = habits.remembered(known, replace(HEATER, at=4000.0 * number))
    assert [one.at for one in known] == [4000.0 * number for number in range(5, PLACE_MOST + 5)]
    for number in range(400):
        known = habits.remembered(known, replace(HEATER, row=5.0 * (number % 100), column=5.0 * (number // 100)))
    assert len(known) == MOST
    heat = Heat()
    for number in range(OPEN_MOST + 4):
        boxes = (2 + 4 * (number % 5), 2 + 6 * (number // 5), 70.0)
        heat, _ = thermal.look(heat, frame(number, boxes), GOOD, "pf.a.thermal", Limits(), 2.0 * number)
    assert len(heat.habits.going) == OPEN_MOST


def test_what_comes_again_within_an_hour_is_one_episode() -> None:
    """A kettle that is boiled three times for a party is seen once; it counts as what it showed at most."""
    known = habits.remembered((), HEATER)
    known = habits.remembered(known, replace(HEATER, at=1800.0, peak_c=66.0, row=11.0))
    known = habits.remembered(known, replace(HEATER, at=3500.0, rise_k_min=50.0, area_px=9, asks_s=30.0))
    assert known == (replace(HEATER, peak_c=66.0, row=11.0, rise_k_min=50.0, area_px=9, asks_s=30.0),)
    assert len(habits.remembered(known, replace(HEATER, at=3600.0))) == 2


def test_people_are_told_each_place_once() -> None:
    """Whoever wonders why a heater asks for nothing must be able to read it."""
    there = replace(HEATER, row=3.0, at=5.0)
    known = Habits(
        (HEATER, there, replace(HEATER, at=7.0), there, there, replace(HEATER, row=20.0), replace(HEATER, at=9.0))
    )
    assert habits.places(known) == ((replace(HEATER, at=9.0), 3), (there, 3))
