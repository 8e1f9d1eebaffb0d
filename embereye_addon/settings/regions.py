"""Regions of a camera's picture: a named polygon in fractions, written as one line of text. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from embereye_addon.settings.mistakes import CodedError

REGION_KINDS: Final = ("include", "exclude", "privacy")
CAMERA_REGIONS_MAX: Final = 8
POINTS_MIN: Final = 3
POINTS_MAX: Final = 32
AREA_MIN: Final = 1e-4
"""Smallest area as a fraction of the picture: a tenth of a percent of both sides together is a slip of the pen."""
NAME_MAX: Final = 32
TEXT_MAX: Final = 640
EXAMPLE: Final = "exclude oven: 0.10,0.55 0.35,0.55 0.35,0.95 0.10,0.95"

_FORM: Final = re.compile(r"^(?P<kind>[a-z]+) +(?P<name>[^:]*[^:\s]) *: *(?P<points>.*)$")
_NUMBER: Final = re.compile(r"^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?|\.\d{1,6})$")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region:
    """One polygon: its name, kind (include, exclude, privacy) and corners as fractions (x, y) from the top left."""

    name: str
    kind: str
    points: tuple[Point, ...]

    def text(self) -> str:
        """The line that `parse` reads."""
        return f"{self.kind} {self.name}: " + " ".join(f"{x:g},{y:g}" for x, y in self.points)


def parse(line: str) -> Region:
    """The region of a line such as `EXAMPLE`; `CodedError` with words the installer can act on."""
    form = _FORM.match(line.strip())
    if len(line) > TEXT_MAX or form is None:
        raise CodedError("region_form", example=EXAMPLE)
    kind, name = form["kind"], " ".join(form["name"].split())
    if kind not in REGION_KINDS:
        raise CodedError("region_kind", wrong=kind, kinds=", ".join(REGION_KINDS))
    if len(name) > NAME_MAX:
        raise CodedError("region_name", most=NAME_MAX)
    points = tuple(_point(pair) for pair in form["points"].split())
    if not POINTS_MIN <= len(points) <= POINTS_MAX:
        raise CodedError("region_corners", name=name, n=len(points), least=POINTS_MIN, most=POINTS_MAX)
    if crossing := _crossing(points):
        raise CodedError("region_crossing", name=name, first=crossing[0] + 1, second=crossing[1] + 1)
    if _area(points) < AREA_MIN:
        raise CodedError("region_nothing", name=name)
    return Region(name, kind, points)


def _point(pair: str) -> Point:
    x, comma, y = pair.partition(",")
    if not (comma and _NUMBER.match(x) and _NUMBER.match(y)):
        raise CodedError("region_corner", corner=pair[:24])
    return float(x), float(y)


def _area(points: tuple[Point, ...]) -> float:
    """Area by the shoelace formula, as a fraction of the picture."""
    ahead = (*points[1:], points[0])
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in zip(points, ahead, strict=True))) / 2.0


def _crossing(points: tuple[Point, ...]) -> tuple[int, int] | None:
    """The first two edges that are not neighbours and cross, by the index of the corner each begins at."""
    count = len(points)
    for one in range(count):
        for other in range(one + 2, count):
            if (other + 1) % count == one:
                continue
            if _cross(points[one], points[one + 1], points[other], points[(other + 1) % count]):
                return one, other
    return None


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments a-b and c-d cross within both."""
    return _side(a, b, c) * _side(a, b, d) < 0.0 and _side(c, d, a) * _side(c, d, b) < 0.0


def _side(a: Point, b: Point, c: Point) -> float:
    """Which side of the line a-b the point c is on (sign of the cross product)."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
