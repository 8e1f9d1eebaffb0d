"""The homography of four pairs: known mappings, there and back, and nothing degenerate."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from embereye_addon.settings.registration import Pair as Placed
from embereye_addon.settings.registration import Registration, parse
from embereye_addon.thermal.registration import Pair, footprints, homography, inverse, project

WHOLE: tuple[Pair, ...] = ((0, 0, 0.05, 0.1), (31, 0, 0.95, 0.1), (31, 23, 0.95, 0.9), (0, 23, 0.05, 0.9))


def at(*places: tuple[float, float]) -> "np.typing.NDArray[np.float64]":
    """Places as the functions take them."""
    return np.array(places, dtype=np.float64)


def test_a_flat_view_is_scaled() -> None:
    """The middle of the thermal picture is not the middle of the picture."""
    matrix = homography(WHOLE)
    assert project(matrix, at((15.5, 11.5), (0, 0), (31, 23))) == pytest.approx(
        at((0.5, 0.5), (0.05, 0.1), (0.95, 0.9))
    )
    assert project(inverse(matrix), at((0.5, 0.5))) == pytest.approx(at((15.5, 11.5)))


def test_perspective_is_that_of_a_floor_seen_aslant() -> None:
    """Known by hand: x = u / (1 + v), y = v / (1 + v), with u and v from 0 to 1 across the grid."""
    pairs = [(u * 31, v * 23, u / (1 + v), v / (1 + v)) for u, v in ((0, 0), (1, 0), (1, 1), (0, 1))]
    matrix = homography(pairs)
    for u, v in ((0.5, 0.5), (0.25, 0.75), (1.0, 0.1)):
        assert project(matrix, at((u * 31, v * 23))) == pytest.approx(at((u / (1 + v), v / (1 + v))))
    beyond = project(matrix, at((0.0, -2.0 * 23)))
    assert np.isnan(beyond).all(), "what lies beyond the horizon is nowhere in the picture"


def test_a_cells_surroundings_lie_around_it() -> None:
    """A hot spot's place is as large as the picture, or beside the spot."""
    places = footprints(homography(WHOLE), 1.5)
    assert places.shape == (768, 4)
    left, top, right, bottom = places[12 * 32 + 16]
    cell_w, cell_h = 0.9 / 31, 0.8 / 23
    assert (right - left, bottom - top) == pytest.approx((3 * cell_w, 3 * cell_h))
    middle = project(homography(WHOLE), at((16, 12)))[0]
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(tuple(middle))


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        WHOLE[:3],
        (*WHOLE, WHOLE[0]),
        (WHOLE[0],) * 4,
        ((0, 0, 0.1, 0.1), (10, 0, 0.2, 0.2), (20, 0, 0.3, 0.3), (30, 0, 0.4, 0.4)),
        ((0, 0, 0.1, 0.1), (31, 0, 0.2, 0.2), (31, 23, 0.3, 0.3), (0, 23, 0.4, 0.4)),
    ],
)
def test_what_determines_nothing_is_refused(pairs: tuple[Pair, ...]) -> None:
    """A matrix of rubbish draws the heat anywhere."""
    with pytest.raises(ValueError, match="pairs"):
        homography(pairs)


CORNER = st.tuples(st.floats(0.0, 0.4), st.floats(0.0, 0.4))


@given(corners=st.tuples(CORNER, CORNER, CORNER, CORNER), columns=st.tuples(CORNER, CORNER, CORNER, CORNER))
@settings(max_examples=150, deadline=None)
def test_whatever_the_settings_take_maps_its_own_pairs_and_comes_back(
    corners: tuple[tuple[float, float], ...], columns: tuple[tuple[float, float], ...]
) -> None:
    """Some four places that are accepted put a cell where it is not, or lose it on the way back."""
    ends = ((0, 0), (1, 0), (1, 1), (0, 1))
    places = [(abs(right - x), abs(down - y)) for (right, down), (x, y) in zip(ends, corners, strict=True)]
    cells_ = [(abs(right - u) * 31, abs(down - v) * 23) for (right, down), (u, v) in zip(ends, columns, strict=True)]
    pairs = tuple(
        Placed(*(round(each, 4) for each in (*place, *cell))) for place, cell in zip(places, cells_, strict=True)
    )
    try:
        found = parse(Registration("cam", pairs).text())
    except ValueError:
        assume(False)
    matrix = homography(found.places)
    cells = at(*((one.column, one.row) for one in found.pairs))
    assert project(matrix, cells) == pytest.approx(at(*((one.x, one.y) for one in found.pairs)), abs=1e-6)
    inside = cells.mean(axis=0, keepdims=True) * 0.6 + cells * 0.4
    there = project(matrix, inside)
    assert np.isfinite(there).all(), "what lies between the four places is in the picture"
    assert project(inverse(matrix), there) == pytest.approx(inside, abs=1e-5)
