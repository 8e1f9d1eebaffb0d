"""The detectable-size calculator: worked by hand, and monotone in all that matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.detect.sizes import Measured, View, smallest

ROWS = (Measured(8, 50, 0.0, 0.5), Measured(16, 50, 0.25, 0.9), Measured(32, 50, 0.75, 1.0), Measured(64, 50, 1.0, 1.0))


def test_by_hand() -> None:
    """A 90° lens shows 2·d metres across: at 10 m, 640 px are 20 m."""
    view = View(640, 90.0, 10.0)
    assert view.px_per_m == pytest.approx(32.0)
    found = smallest(view, ROWS)
    assert found.may_m == pytest.approx(24 * 640 / 384 / 32.0)
    assert found.mostly_m == pytest.approx((32 + 32 * 0.6) * 640 / 384 / 32.0)
    assert found.closer_may_m == pytest.approx(8 / 32.0)
    assert found.closer_mostly_m == pytest.approx(16 / 32.0)


def test_what_is_never_seen_is_not_promised() -> None:
    """A figure that nobody measured is shown to the installer."""
    found = smallest(View(640, 90.0, 10.0), (Measured(8, 50, 0.0, 0.2), Measured(64, 50, 0.4, 0.8)))
    assert (found.may_m, found.mostly_m, found.closer_mostly_m) == (None, None, None)
    assert found.closer_may_m is not None
    assert smallest(View(640, 90.0, 10.0), ()).may_m is None


def test_a_dip_in_the_curve_counts() -> None:
    """One lucky small size makes the camera look better than it is."""
    rows = (Measured(8, 50, 0.6, 0.6), Measured(16, 50, 0.4, 0.4), Measured(32, 50, 0.8, 0.8))
    found = smallest(View(384, 90.0, 1.0), rows).may_m
    assert found == pytest.approx((16 + 16 * 0.25) / 192.0)


@given(st.integers(160, 8000), st.floats(5, 170), st.floats(0.5, 200), st.floats(1.05, 3.0))
def test_farther_or_wider_never_helps(width: int, lens: float, distance: float, more: float) -> None:
    """The calculator says that a camera further away sees smaller fires."""
    here = smallest(View(width, lens, distance), ROWS)
    far = smallest(View(width, lens, distance * more), ROWS)
    wide = smallest(View(width, min(175.0, lens * more), distance), ROWS)
    assert here.may_m is not None
    assert far.may_m is not None
    assert wide.may_m is not None
    assert far.may_m > here.may_m <= wide.may_m
