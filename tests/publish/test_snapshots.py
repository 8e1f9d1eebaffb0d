"""Pictures: boxes land where they belong, sizes are bounded, rubbish gives nothing."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.messages import Box
from embereye_addon.publish.snapshots import (
    HEAT_SCALE,
    MAX_JPEG_BYTES,
    MAX_SIDE_PX,
    Heat,
    draw_boxes,
    draw_heat,
    heat_map,
)
from embereye_addon.thermal.registration import homography
from tests.publish.samples import box


def jpeg(height: int = 360, width: int = 640, grey: int = 90) -> bytes:
    """A plain picture."""
    return cv2.imencode(".jpg", np.full((height, width, 3), grey, np.uint8))[1].tobytes()


def shown(raw: bytes | None) -> np.ndarray:
    """The picture in a file."""
    assert raw is not None
    return np.asarray(cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR))


def test_a_box_is_drawn_where_it_was_seen() -> None:
    """The picture shows which spot the alarm is about."""
    picture = shown(draw_boxes(jpeg(), (box("flame"),)))
    blue, _green, red = picture[200, round(0.2 * 639)]
    assert int(red) - int(blue) > 120
    assert abs(int(picture[200, 220].mean()) - 90) < 6


@pytest.mark.parametrize(
    "edges", [(0.0, 0.0, 1.0, 1.0), (0.99, 0.0, 1.0, 0.01), (0.0, 0.97, 0.05, 1.0), (0.6, 0.7, 0.2, 0.1)]
)
def test_labels_stay_in_the_picture(edges: tuple[float, float, float, float]) -> None:
    """A box at an edge, or turned inside out, is drawn and labelled without an error."""
    left, top, right, bottom = edges
    odd = Box(label="smoke", confidence=0.5, left=left, top=top, right=right, bottom=bottom)
    picture = shown(draw_boxes(jpeg(120, 160), (odd, box("thing"))))
    assert picture.shape == (120, 160, 3)


def test_a_picture_always_fits() -> None:
    """A large noisy picture comes out within half a megabyte: a larger message would not be taken."""
    noise = np.random.default_rng(1).integers(0, 255, (1000, 1900, 3), np.uint8)
    small = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 5])[1].tobytes()
    assert len(small) <= MAX_JPEG_BYTES
    assert len(draw_boxes(small, (box(),)) or b"") <= MAX_JPEG_BYTES
    assert max(shown(draw_boxes(jpeg(200, 4000), ())).shape) == MAX_SIDE_PX


@pytest.mark.parametrize("raw", [b"", b"\xff\xd8nothing", b"x" * (MAX_JPEG_BYTES + 1), jpeg(1, 1)])
def test_rubbish_gives_no_picture(raw: bytes) -> None:
    """What is not a picture is not published."""
    assert draw_boxes(raw, (box(),)) is None


@given(st.binary(max_size=300))
def test_any_bytes_may_come(raw: bytes) -> None:
    """Bytes of a broken camera never raise."""
    draw_boxes(raw, ())


def test_the_heat_map_marks_its_peak() -> None:
    """The hottest cell is the one with the cross on it, and the picture is a PNG of known size."""
    cells = np.full((24, 32), 2150, np.int16)
    cells[5, 26] = 9000
    raw = heat_map(cells)
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    picture = shown(raw)
    assert picture.shape[1] == 32 * HEAT_SCALE
    assert picture[round(5.5 * HEAT_SCALE), round(26.5 * HEAT_SCALE)].tolist() == [255, 255, 255]
    assert picture[20 * HEAT_SCALE, 4 * HEAT_SCALE].mean() < 60


@pytest.mark.parametrize("fill", [-32768, 0, 32767])
def test_extreme_scenes_are_drawn(fill: int) -> None:
    """A frozen or saturated scene still gives a picture, the peak's words inside it."""
    assert heat_map(np.full((24, 32), fill, np.int16))


def test_another_shape_is_refused() -> None:
    """A frame that is not 24x32 is an error of ours."""
    with pytest.raises(ValueError, match="24, 32"):
        heat_map(np.zeros((32, 24), np.int16))


def test_heat_is_drawn_where_it_lies_in_the_picture_and_nowhere_else() -> None:
    """The heat hides what burns, or lies beside it."""
    cells = np.full((24, 32), 2200, np.int16)
    cells[10:13, 14:18] = 12000
    cells[0, 0] = -32768
    matrix = homography(((0, 0, 0.5, 0.5), (31, 0, 1.0, 0.5), (31, 23, 1.0, 1.0), (0, 23, 0.5, 1.0)))
    picture = np.full((240, 320, 3), 90, np.uint8)
    draw_heat(picture, Heat(cells, matrix))
    changed = (picture != 90).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert changed[int(0.74 * 240), int(0.75 * 320)]
    assert rows.min() > 120
    assert columns.min() > 160
    assert changed.mean() < 0.1
    plain = np.full((240, 320, 3), 90, np.uint8)
    for cold in (np.full((24, 32), 2200, np.int16), np.full((24, 32), -32768, np.int16)):
        draw_heat(plain, Heat(cold, matrix))
    assert (plain == 90).all()


def test_heat_outside_the_picture_is_not_marked_in_it() -> None:
    """A hot spot beside the picture is shown at its edge."""
    cells = np.full((24, 32), 2200, np.int16)
    cells[0:2, 0:2] = 12000
    matrix = homography(((8, 6, 0.0, 0.0), (31, 6, 1.0, 0.0), (31, 23, 1.0, 1.0), (8, 23, 0.0, 1.0)))
    picture = np.full((240, 320, 3), 90, np.uint8)
    draw_heat(picture, Heat(cells, matrix))
    assert (picture == 90).all()
    raw = draw_boxes(jpeg(320, 240), (), (Heat(cells, matrix),))
    assert raw is not None
