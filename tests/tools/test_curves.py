"""Curves for the page."""

from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.tools.curves import POINTS_MAX, Curve, Pace


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(-50, 50)), min_size=1, max_size=3000))
def test_a_curve_is_short_and_keeps_its_peak(steps: list[tuple[float, float]]) -> None:
    """A night of traffic must fit into a plot, and the one peak in it must not be thinned away."""
    curve, now_s = Curve(), 0.0
    for step_s, nats in steps:
        now_s += step_s
        curve.add(now_s, nats)
    told = curve.told()
    assert len(told) < 2 * POINTS_MAX
    assert max(nats for _, nats in told) == round(max(nats for _, nats in steps), 2)
    assert [at_s for at_s, _ in told] == sorted(at_s for at_s, _ in told)


def test_the_pace_says_it_now_and_then() -> None:
    """Thousands of lines a second would slow the recording down."""
    said: list[float] = []
    pace = Pace(said.append)
    for step in range(1000):
        pace.at(float(step))
    assert said[0] == 0.0
    assert len(said) < 100
