"""One look: the whole picture always, closer views while there is time, masked parts never."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.scenes import render
from embereye_addon.detect.look import Eyes, Result
from embereye_addon.detect.masks import Masks, masks
from embereye_addon.detect.model import Model
from embereye_addon.detect.roi import Box
from embereye_addon.detect.waiting import DEADLINE_S
from embereye_addon.settings.regions import parse
from tests.fakes.pictures import decoded

Bgr = NDArray[np.uint8]
SPOT = (0.50, 0.50, 0.53, 0.53)
EVERYWHERE = "0,0 1,0 1,1 0,1"


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model on the CPU."""
    return Model("CPU")


def burning() -> Bgr:
    """A rendered room with a flame that is grown."""
    return np.asarray(render("flame", 8.0, 1, 0.0), np.uint8)


def look(
    model: Model, bgr: Bgr, of: Masks | None = None, boxes: tuple[Box, ...] = (), deadline_s: float = math.inf
) -> Result:
    """A look with all the time in the world, unless a deadline is given."""
    eyes = Eyes(model, lambda: 0.0, deadline_s)
    return eyes.look(decoded(bgr), decoded(bgr), of or Masks(), boxes, None)


def test_a_fire_is_seen_with_its_place_size_and_colour(model: Model) -> None:
    """What a zone's decision and an operator's eyes need."""
    result = look(model, burning())
    assert result.llr_nats[0] > 0.0
    flame = next(one for one in result.spotted if one.detection.label == "flame")
    assert 0.0 <= flame.detection.left < flame.detection.right <= 1.0
    assert all(0.0 <= level <= 255.0 for level in flame.colour)
    assert flame.motion == 0.0, "nothing is known of motion at the first look"
    mark, _ = result.sized
    assert mark is not None
    assert 0.0 < mark.area < 1.0
    assert mark.left < mark.right


def test_motion_is_measured_where_the_box_is(model: Model) -> None:
    """A flame flickers; a lamp does not, whatever moves elsewhere."""
    bgr = burning()
    first = look(model, bgr)
    box = next(one.detection for one in first.spotted if one.detection.label == "flame")
    rows, columns = first.grey.shape
    before = first.grey.copy()
    top, bottom = int(box.top * rows), max(int(box.bottom * rows), int(box.top * rows) + 1)
    before[top:bottom, int(box.left * columns) : int(box.right * columns) + 1] ^= 0x10
    result = Eyes(model, lambda: 0.0).look(decoded(bgr), decoded(bgr), Masks(), (), before)
    moved = next(one for one in result.spotted if one.detection == box)
    assert moved.motion == pytest.approx(16.0)


def test_closer_views_are_taken_while_there_is_time(model: Model) -> None:
    """A suspicious picture is looked at closely; on a slow machine only the whole is, and the rest is counted."""
    bgr = np.full((480, 640, 3), 90, np.uint8)
    boxes = (SPOT, (0.1, 0.1, 0.12, 0.12))
    assert (look(model, bgr, boxes=boxes).views, look(model, bgr, boxes=boxes).shed) == (3, 0)
    hurried = look(model, bgr, boxes=boxes, deadline_s=0.0)
    assert (hurried.views, hurried.shed) == (1, 2)
    late = Eyes(model, lambda: 10.0, DEADLINE_S).look(decoded(bgr), decoded(bgr), Masks(), boxes, None)
    assert (late.views, late.shed) == (1, 2)


def test_a_larger_picture_of_the_same_view_is_used_for_the_closer_look(model: Model) -> None:
    """A main stream shows in 60 px what the substream shows in 20."""
    small, large = np.full((240, 320, 3), 90, np.uint8), np.full((1080, 1440, 3), 90, np.uint8)
    eyes = Eyes(model, lambda: 0.0, math.inf)
    own = eyes.look(decoded(small), decoded(small), Masks(), ((0.4, 0.4, 0.6, 0.6),), None)
    main = eyes.look(decoded(small), decoded(large), Masks(), ((0.4, 0.4, 0.6, 0.6),), None)
    assert own.views == 1, "it shows no more than the whole picture does"
    assert main.views > 1


def test_a_masked_fire_is_not_seen(model: Model) -> None:
    """A stove that is left out raises nothing, and nothing of it is in the picture that is kept for motion."""
    for kind in ("exclude", "privacy"):
        result = look(model, burning(), masks((parse(f"{kind} all: {EVERYWHERE}"),)), (SPOT,))
        assert result.spotted == ()
        assert result.sized == (None, None)
        assert np.ptp(result.grey) <= 1


def test_a_fire_outside_of_the_include_region_counts_for_nothing(model: Model) -> None:
    """A bonfire on the neighbour's ground."""
    seen = look(model, burning())
    box = next(one.detection for one in seen.spotted if one.detection.label == "flame")
    left = (box.left + box.right) / 2 < 0.5
    other = "0.7,0 1,0 1,1 0.7,1" if left else "0,0 0.3,0 0.3,1 0,1"
    result = look(model, burning(), masks((parse(f"include yard: {other}"),)))
    assert not [one for one in result.spotted if one.detection.label == "flame"]


def test_a_flame_without_a_bright_core_is_sized_by_its_box(model: Model) -> None:
    """A dim or hidden flame has a size too."""
    dim = np.asarray(cv2.convertScaleAbs(burning(), alpha=0.45), np.uint8)
    result = look(model, dim)
    for one in result.spotted:
        mark = result.sized[0 if one.detection.label == "flame" else 1]
        assert mark is not None
        assert mark.area > 0.0
