"""The wall clock against the monotonic one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.alarm import wall
from embereye_addon.alarm.clock import Now


@pytest.mark.parametrize(("by_s", "way"), [(3600.0, "forward by 3600.0 s"), (-5.0, "back by 5.0 s")])
def test_a_jump_is_told_by_how_much_until_the_clock_is_steady(by_s: float, way: str) -> None:
    """Times that people read are wrong around a jump; the words must say by how much, and go by themselves."""
    clock = wall.begun(Now(100.0, 1e9))
    clock, jumped_s = wall.look(clock, Now(101.0, 1e9 + 1.0))
    assert (jumped_s, clock.words) == (0.0, "")
    clock, jumped_s = wall.look(clock, Now(102.0, 1e9 + 2.0 + by_s))
    assert jumped_s == pytest.approx(by_s)
    assert way in clock.words
    clock, jumped_s = wall.look(clock, Now(102.0 + wall.STEADY_S - 0.5, 1e9 + 1.5 + wall.STEADY_S + by_s))
    assert (jumped_s, way in clock.words) == (0.0, True)
    clock, _ = wall.look(clock, Now(102.0 + wall.STEADY_S, 1e9 + 2.0 + wall.STEADY_S + by_s))
    assert clock.words == ""


def test_a_jump_back_to_the_right_time_is_a_jump_of_its_own() -> None:
    """Somebody sets the clock wrongly and then right: both are told."""
    clock = wall.begun(Now(0.0, 1e9))
    clock, first_s = wall.look(clock, Now(1.0, 1e9 + 61.0))
    clock, second_s = wall.look(clock, Now(2.0, 1e9 + 2.0))
    assert (first_s, second_s) == (60.0, -60.0)


@given(ppm=st.floats(-500.0, 500.0), minutes=st.integers(1, 600))
def test_a_clock_that_is_turned_never_jumps(ppm: float, minutes: int) -> None:
    """A time service that turns the clock for hours is no fault, however much it comes to."""
    clock, at = wall.begun(Now(0.0, 1e9)), 1e9
    for minute in range(1, minutes):
        at += 60.0 * (1.0 + ppm * 1e-6)
        clock, jumped_s = wall.look(clock, Now(60.0 * minute, at))
        assert jumped_s == 0.0


@given(step_s=st.floats(0.4, 1.5), count=st.integers(6, 20))
def test_small_steps_in_a_row_are_told(step_s: float, count: int) -> None:
    """A clock that is stepped again and again by less than the limit has jumped all the same."""
    clock, at, told_s = wall.begun(Now(0.0, 1e9)), 1e9, 0.0
    for second in range(1, count + 1):
        at += 1.0 + step_s
        clock, jumped_s = wall.look(clock, Now(float(second), at))
        told_s += jumped_s
    assert told_s > 0.0
