"""Which parts of a picture the model looks at, and at what size. Pure.

The whole picture goes in at most 384 px long, where a flame 1 m high and far away is five pixels. So candidates and
tracks are cut from the full picture, with some of their surroundings, enlarged when small and in tiles when large.
"""

from dataclasses import dataclass
from itertools import product

from embereye_addon.detect.decode import Detection
from embereye_addon.detect.tensors import LONGEST_PX, input_size
from embereye_addon.detect.track import overlap

CONTEXT = 0.75
"""Of the box's longer side, left free around it on each side: what surrounds a light tells a flame from a lamp."""
SIDES_PX = (96, 160, 256, 384)
"""Sides of a closer view as the model sees it, all multiples of 16: OpenVINO prepares, and keeps, a network for each
shape it is asked, so there are 16 and not hundreds (750 MiB more memory and half as much time again, measured)."""
LEAST_PX = SIDES_PX[0]
ENLARGE = 3.0
"""Most that a crop is enlarged; beyond it the picture holds nothing more."""
TILE_PX = 352
"""A crop whose longer side has more pixels of the picture than this is cut into 2x2 tiles that overlap by a tenth."""
PLAIN_PX = 96
"""A box whose longer side is this long in the view of the whole picture is seen well enough there."""
MOST_VIEWS = 4
"""Crops and tiles of one look."""
SAME_OVERLAP = 0.3
"""Two boxes of one label from different views with this intersection over union are one thing."""
MOSTLY_INSIDE = 0.6

Box = tuple[float, float, float, float]
"""left, top, right, bottom as fractions of the whole picture."""
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class View:
    """A part of the picture (fractions) and the size in pixels, multiples of 16, at which the model sees it."""

    part: Box
    width: int
    height: int

    @property
    def area_px(self) -> int:
        """What it costs: pixels."""
        return self.width * self.height


def whole(size: tuple[int, int]) -> View:
    """The whole picture of a camera of this size (width, height in px)."""
    return View(WHOLE, *input_size(*size))


def closer(boxes: tuple[Box, ...], size: tuple[int, int], most: int = MOST_VIEWS) -> tuple[View, ...]:
    """The closer views of these boxes, the first box first; boxes that an earlier view shows need none of their own.

    `size` is that of the picture they are cut from. What the whole picture shows well, or no smaller, is left out.
    """
    views: list[View] = []
    for box in boxes:
        if _plain(box, size) or any(_inside(box, view.part) for view in views):
            continue
        part = _with_context(box, size)
        for tile in _tiles(part, size):
            view = _sized(tile, size)
            if len(views) < most and _shows_more(view, size):
                views.append(view)
    return tuple(views)


def _plain(box: Box, size: tuple[int, int]) -> bool:
    width, height = input_size(*size)
    return max((box[2] - box[0]) * width, (box[3] - box[1]) * height) >= PLAIN_PX


def _with_context(box: Box, size: tuple[int, int]) -> Box:
    """The box with its surroundings, at least `LEAST_PX / ENLARGE` pixels of the picture, inside the picture."""
    width, height = size
    longer_px = max((box[2] - box[0]) * width, (box[3] - box[1]) * height)
    margin_px = longer_px * CONTEXT
    least_px = LEAST_PX / ENLARGE
    left, right = _span(box[0] * width, box[2] * width, margin_px, least_px, width)
    top, bottom = _span(box[1] * height, box[3] * height, margin_px, least_px, height)
    return left, top, right, bottom


def _span(low_px: float, high_px: float, margin_px: float, least_px: float, length_px: int) -> tuple[float, float]:
    """One side in fractions: widened, at least so long, moved rather than cut at the picture's edge."""
    middle, half = (low_px + high_px) / 2.0, max((high_px - low_px) / 2.0 + margin_px, least_px / 2.0)
    half = min(half, length_px / 2.0)
    middle = min(max(middle, half), length_px - half)
    return (middle - half) / length_px, (middle + half) / length_px


def _tiles(part: Box, size: tuple[int, int]) -> tuple[Box, ...]:
    """The part itself, or 2x2 overlapping tiles of it when it is large."""
    left, top, right, bottom = part
    if max((right - left) * size[0], (bottom - top) * size[1]) <= TILE_PX:
        return (part,)
    wide, high = (right - left) * 0.55, (bottom - top) * 0.55
    corners = product((top, bottom - high), (left, right - wide))
    return tuple((x, y, x + wide, y + high) for y, x in corners)


def _sized(part: Box, size: tuple[int, int]) -> View:
    """How large the model sees a part: at least as many pixels as the picture has, in sides of `SIDES_PX`.

    Each side takes the next such length; the shorter one then shows more of the picture instead of stretching it.
    """
    width, height = (part[2] - part[0]) * size[0], (part[3] - part[1]) * size[1]
    wanted = min(LONGEST_PX / max(width, height), max(1.0, min(ENLARGE, LEAST_PX / min(width, height))))
    scale = _side(max(width, height) * wanted) / max(width, height)
    wide, high = _side(width * scale), _side(height * scale)
    left, right = _span(part[0] * size[0], part[2] * size[0], 0.0, min(wide / scale, size[0]), size[0])
    top, bottom = _span(part[1] * size[1], part[3] * size[1], 0.0, min(high / scale, size[1]), size[1])
    return View((left, top, right, bottom), wide, high)


def _side(length_px: float) -> int:
    """The next of `SIDES_PX` that is not shorter; the longest for anything beyond it."""
    return next((side for side in SIDES_PX if side >= length_px - 0.5), SIDES_PX[-1])


def _shows_more(view: View, size: tuple[int, int]) -> bool:
    """Whether a thing is larger here, by a quarter or more, than in the view of the whole picture."""
    return view.width / (view.part[2] - view.part[0]) >= 1.25 * input_size(*size)[0]


def _inside(box: Box, part: Box) -> bool:
    return part[0] <= box[0] and part[1] <= box[1] and part[2] >= box[2] and part[3] >= box[3]


def placed(detection: Detection, part: Box) -> Detection:
    """A detection in fractions of a view, in fractions of the whole picture."""
    left, top, right, bottom = part
    wide, high = right - left, bottom - top
    return Detection(
        detection.label,
        detection.logit,
        left + detection.left * wide,
        top + detection.top * high,
        left + detection.right * wide,
        top + detection.bottom * high,
    )


def merged(detections: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """One detection for each thing that several views show: the strongest box stays (non-maximum suppression)."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda one: -one.logit):
        if not any(_same(detection, other) for other in kept):
            kept.append(detection)
    return tuple(kept)


def _same(one: Detection, other: Detection) -> bool:
    if one.label != other.label:
        return False
    if overlap(one, other) >= SAME_OVERLAP:
        return True
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min(_area(one), _area(other))
    return wide > 0.0 and high > 0.0 and wide * high >= MOSTLY_INSIDE * smaller


def _area(box: Detection) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
