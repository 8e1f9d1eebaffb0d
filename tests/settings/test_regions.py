"""Regions as an installer writes them: one line each, and every slip of the pen is told in words."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.settings.regions import EXAMPLE, POINTS_MAX, REGION_KINDS, TEXT_MAX, Region, parse

SQUARE = "0.1,0.1 0.4,0.1 0.4,0.4 0.1,0.4"


def test_the_example_is_a_region() -> None:
    """What every error message tells people to write must itself be right."""
    assert parse(EXAMPLE) == Region("oven", "exclude", ((0.1, 0.55), (0.35, 0.55), (0.35, 0.95), (0.1, 0.95)))


@pytest.mark.parametrize("kind", REGION_KINDS)
def test_spaces_do_not_matter(kind: str) -> None:
    """People copy and paste."""
    region = parse(f"  {kind}  the  big   window :  0,0 1,0  .5,1.0 ")
    assert region == Region("the big window", kind, ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0)))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "write kind, name, a colon"),
        ("exclude 0.1,0.1 0.4,0.1 0.4,0.4", "write kind, name, a colon"),
        (f"privacy : {SQUARE}", "write kind, name, a colon"),
        (f"exclude x: {'0.1,0.1 ' * TEXT_MAX}", "write kind, name, a colon"),
        (f"mask oven: {SQUARE}", "mask is no kind of region; the kinds are include, exclude, privacy"),
        (f"exclude {'n' * 33}: {SQUARE}", "more than 32 characters"),
        ("exclude oven:", "oven has 0 corners; it needs 3 to 32"),
        ("exclude oven: 0.1,0.1 0.4,0.1", "oven has 2 corners"),
        ("exclude oven: " + "0,0 " * (POINTS_MAX + 1), "oven has 33 corners"),
        ("exclude oven: 0.1,0.1 0.4,0.1 0.4,1.2", "0.4,1.2 is no corner"),
        ("exclude oven: 0.1,0.1 0.4,0.1 0.4", "0.4 is no corner"),
        ("exclude oven: 0.1,0.1 0.4,0.1 nan,0.2", "nan,0.2 is no corner"),
        ("exclude oven: 64,48 320,48 320,240", "64,48 is no corner; write x,y as fractions of the picture from 0 to 1"),
        ("exclude oven: 0.1,0.1 0.4,0.4 0.4,0.1 0.1,0.4", "the edges from corners 1 and 3 cross; go round once"),
        ("exclude oven: 0.1,0.1 0.2,0.2 0.3,0.3", "oven covers nothing"),
        ("exclude oven: 0.1,0.1 0.1,0.1 0.1,0.1", "oven covers nothing"),
    ],
)
def test_a_wrong_region_is_told_in_words(line: str, words: str) -> None:
    """A mask that is not where it was meant to be hides a fire or shows a neighbour."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse(line)


FRACTIONS = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@given(
    left=FRACTIONS,
    top=FRACTIONS,
    wide=st.integers(11, 999),
    high=st.integers(11, 999),
    kind=st.sampled_from(REGION_KINDS),
)
def test_what_is_written_is_read_again(left: float, top: float, wide: int, high: int, kind: str) -> None:
    """Saving the settings must not move a mask."""
    right, bottom = min(1.0, left + wide / 1000), min(1.0, top + high / 1000)
    if right - left < 0.011 or bottom - top < 0.011:
        return
    corners = tuple((round(x, 6), round(y, 6)) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)))
    region = Region("gate 7", kind, corners)
    assert parse(region.text()) == region


@given(st.text(max_size=80))
def test_any_text_is_a_region_or_an_error_in_words(line: str) -> None:
    """Whatever is typed, the settings page answers."""
    with contextlib.suppress(ValueError):
        assert parse(line).kind in REGION_KINDS
