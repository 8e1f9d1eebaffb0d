"""Regions as pixels: what is private never gets further, what is excluded never counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.detect.masks import GREY, WHOLE, Masks, counts, for_model, masks, plane, private
from embereye_addon.settings.regions import parse

RIGHT = parse("privacy right: 0.5,0 1,0 1,1 0.5,1")
LEFT = parse("include left: 0,0 0.5,0 0.5,1 0,1")
CORNER = parse("exclude corner: 0,0 0.25,0 0.25,0.25 0,0.25")
NONE = Masks()


def white(width: int = 64, height: int = 48) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A white picture."""
    return np.full((height, width, 3), 255, np.uint8)


def test_regions_are_sorted_by_what_they_do() -> None:
    """An exclude region taken for a private one would black out a picture."""
    of = masks((RIGHT, LEFT, CORNER))
    assert of == Masks(include=(LEFT,), exclude=(CORNER,), private=(RIGHT,))
    assert of.blind
    assert not masks(()).blind


def test_private_pixels_are_grey_and_all_others_are_kept() -> None:
    """A neighbour's window is in no picture that leaves; the rest of the evidence is."""
    before = white()
    seen = private(before, masks((RIGHT, CORNER)))
    assert (seen[:, 32:] == GREY).all(), "not one private pixel"
    assert (seen[:, :29] == 255).all(), "an excluded part is shown to people"
    assert (before == 255).all(), "the picture given is not changed"
    assert private(before, NONE) is before


def test_the_model_sees_neither_what_is_private_nor_what_is_excluded() -> None:
    """A stove that is left out must not speak for the whole picture."""
    seen = for_model(white(), masks((RIGHT, CORNER)))
    assert (seen[:, 32:] == GREY).all()
    assert (seen[:11, :15] == GREY).all()
    assert (seen[16:, :28] == 255).all()
    assert for_model(white(), NONE).shape == (48, 64, 3)


def test_with_an_include_region_the_model_sees_only_that() -> None:
    """The installer drew where it may burn; the road beside it is none of the model's business."""
    seen = for_model(white(), masks((LEFT,)))
    assert (seen[:, 34:] == GREY).all()
    assert (seen[:, :31] == 255).all()


@pytest.mark.parametrize("part", [(0.25, 0.0, 0.75, 1.0), (0.4, 0.25, 0.9, 0.75)])
def test_a_crop_is_painted_where_its_part_of_the_picture_is_private(part: tuple[float, float, float, float]) -> None:
    """A closer look must not see what the whole look may not."""
    seen = private(white(100, 100), masks((RIGHT,)), part)
    border = round(100 * (0.5 - part[0]) / (part[2] - part[0]))
    assert (seen[:, border:] == GREY).all()
    assert (seen[:, : border - 4] == 255).all()


def test_planes_are_painted_for_the_scene_cache() -> None:
    """What is remembered between pictures holds no private pixel either."""
    pixels = np.full((24, 32), 200, np.uint8)
    assert (plane(pixels, masks((RIGHT,)))[:, 16:] == GREY).all()
    assert plane(pixels, masks((CORNER,))) is pixels


def test_what_counts_is_told_by_the_centre() -> None:
    """A flame half inside a mask belongs to where its middle is."""
    of = masks((LEFT, CORNER))
    assert counts((0.1, 0.4, 0.3, 0.6), of)
    assert not counts((0.6, 0.4, 0.9, 0.6), of), "outside of all include regions"
    assert not counts((0.0, 0.0, 0.2, 0.2), of), "excluded"
    assert not counts((0.6, 0.4, 0.9, 0.6), masks((RIGHT,))), "private"
    assert counts((0.6, 0.4, 0.9, 0.6), NONE)


@given(st.integers(1, 200), st.integers(1, 200))
def test_no_size_of_picture_shows_a_private_pixel(width: int, height: int) -> None:
    """Whatever a camera sends: everything but an edge of three pixels around the region is right."""
    seen = private(white(width, height), masks((RIGHT,)), WHOLE)
    assert (seen[:, -(-width // 2) :] == GREY).all()
    assert (seen[:, : max(0, width // 2 - 3)] == 255).all()
