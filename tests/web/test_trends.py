"""The last ten minutes."""

from embereye_addon.web.trends import POINTS, STEP_S, Trend


def test_the_greatest_of_each_step_is_kept() -> None:
    """A short peak of heat must stay visible in the plot."""
    trend = Trend()
    for at, value in ((100.0, 20.0), (101.0, 80.0), (101.9, 21.0), (102.0, 22.0)):
        trend.add(at, value)
    assert trend.points() == ([100.0, 102.0], [80.0, 22.0])


def test_it_holds_ten_minutes_and_no_more() -> None:
    """A page that is up for a month must not eat the memory."""
    trend = Trend()
    for step in range(2 * POINTS):
        trend.add(step * STEP_S, float(step))
    at, values = trend.points()
    assert len(at) == len(values) == POINTS
    assert values[-1] == 2 * POINTS - 1
