"""Closer views: where, how large, and back to fractions of the whole picture."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.detect.decode import Detection
from embereye_addon.detect.roi import (
    ENLARGE,
    LEAST_PX,
    MOST_VIEWS,
    SIDES_PX,
    TILE_PX,
    WHOLE,
    closer,
    merged,
    placed,
    whole,
)

SIZE = (640, 480)
UNIT = st.floats(0.0, 1.0)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """A box inside the picture."""
    left, right = sorted((draw(UNIT), draw(UNIT)))
    top, bottom = sorted((draw(UNIT), draw(UNIT)))
    return left, top, right, bottom


@given(st.lists(boxes(), max_size=6), st.sampled_from([(320, 240), SIZE, (1920, 1080), (270, 480), (64, 48)]))
def test_every_view_can_go_into_the_model(
    found: list[tuple[float, float, float, float]], size: tuple[int, int]
) -> None:
    """Sides are of a few lengths, since each shape costs memory; the part lies in the picture; views are few."""
    views = closer(tuple(found), size)
    assert len(views) <= MOST_VIEWS
    for view in views:
        assert {view.width, view.height} <= set(SIDES_PX)
        left, top, right, bottom = view.part
        assert -1e-9 <= left < right <= 1.0 + 1e-9
        assert -1e-9 <= top < bottom <= 1.0 + 1e-9
    assert whole(size).part == WHOLE


def test_a_small_thing_is_enlarged_and_seen_with_its_surroundings() -> None:
    """A flame of 10 px is 6 px in the whole view; closer it is three times as large as the camera sent it."""
    (view,) = closer(((0.5, 0.5, 0.515, 0.52),), SIZE)
    left, top, right, bottom = view.part
    assert left < 0.5 < 0.515 < right
    assert top < 0.5 < 0.52 < bottom
    assert view.width / ((right - left) * SIZE[0]) == pytest.approx(ENLARGE, rel=0.1)


def test_a_thing_at_the_edge_is_seen_whole() -> None:
    """The view is moved into the picture, not cut."""
    (view,) = closer(((0.0, 0.97, 0.02, 1.0),), SIZE)
    assert view.part[0] == pytest.approx(0.0)
    assert view.part[3] == pytest.approx(1.0)
    assert (view.part[2] - view.part[0]) * SIZE[0] >= LEAST_PX / ENLARGE - 1e-6


def test_neighbours_share_a_view_and_what_is_seen_well_needs_none() -> None:
    """Each view costs as much as a tenth of the whole picture."""
    assert len(closer(((0.5, 0.5, 0.52, 0.52), (0.51, 0.5, 0.52, 0.51)), SIZE)) == 1
    assert closer(((0.1, 0.1, 0.6, 0.6),), SIZE) == ()
    assert closer(((0.4, 0.4, 0.5, 0.5),), (320, 240))[0].width >= LEAST_PX
    assert closer((), SIZE) == ()


def test_a_large_part_of_a_large_picture_is_tiled() -> None:
    """A main stream's crop would lose its detail if it were shrunk to one view."""
    views = closer(((0.4, 0.4, 0.62, 0.6),), (1920, 1080))
    assert len(views) == 4
    assert min(view.part[0] for view in views) < 0.4
    assert max(view.part[2] for view in views) > 0.62
    assert all((view.part[2] - view.part[0]) * 1920 > TILE_PX / 2 for view in views)


def test_a_thing_found_in_a_view_has_its_place_in_the_picture() -> None:
    """An operator sees the box where it burns."""
    found = placed(Detection("flame", 3.0, 0.0, 0.5, 1.0, 1.0), (0.5, 0.2, 0.7, 0.6))
    assert (found.left, found.top, found.right, found.bottom) == pytest.approx((0.5, 0.4, 0.7, 0.6))
    assert (found.label, found.logit) == ("flame", 3.0)


def test_views_that_show_one_thing_give_one_box() -> None:
    """The surest box stays; smoke over a flame and another flame stay too."""
    flame = Detection("flame", 5.0, 0.4, 0.4, 0.5, 0.5)
    inside = Detection("flame", 3.0, 0.42, 0.42, 0.44, 0.44)
    overlapping = Detection("flame", 4.0, 0.42, 0.4, 0.52, 0.5)
    smoke = Detection("smoke", 1.0, 0.4, 0.4, 0.5, 0.5)
    other = Detection("flame", 2.0, 0.8, 0.8, 0.9, 0.9)
    assert merged((inside, smoke, overlapping, flame, other)) == (flame, other, smoke)
