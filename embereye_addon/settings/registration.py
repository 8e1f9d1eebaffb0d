"""Where a PF device's picture lies in a camera's: four pairs of places, written as one line of text. Pure."""

import math
import re
from dataclasses import dataclass
from typing import Final

from embereye_addon.settings.mistakes import CodedError

PAIRS: Final = 4
COLUMNS: Final = 32
ROWS: Final = 24
HEIGHT_MIN: Final = 0.05
"""Least height of a triangle of three of the places, as a fraction of the picture: with less they are as good as in a
line, and a slip by a cell turns the picture."""
TEXT_MAX: Final = 160
EXAMPLE: Final = "hall-door: 0.10,0.20=3,4 0.80,0.22=28,4 0.78,0.90=28,20 0.12,0.88=3,20"

_FORM: Final = re.compile(r"^(?P<camera>[a-z0-9][a-z0-9_-]{0,39}) *: *(?P<pairs>.*)$")
_PAIR: Final = re.compile(r"^(\d*\.?\d+),(\d*\.?\d+)=(\d*\.?\d+),(\d*\.?\d+)$", re.ASCII)

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pair:
    """One place: `x`, `y` as fractions of the camera's picture from the top left, `column`, `row` of the 32x24 grid.

    Whole numbers are the middles of cells; column 0, row 0 is the cell at the top left.
    """

    x: float
    y: float
    column: float
    row: float


@dataclass(frozen=True, slots=True)
class Registration:
    """The camera that sees what a PF device sees, and four places in both pictures, going round once."""

    camera: str
    pairs: tuple[Pair, ...]

    @property
    def places(self) -> tuple[tuple[float, float, float, float], ...]:
        """Column, row, x and y of each pair, as `thermal.registration` takes them."""
        return tuple((one.column, one.row, one.x, one.y) for one in self.pairs)

    def text(self) -> str:
        """The line that `parse` reads."""
        return f"{self.camera}: " + " ".join(f"{one.x:g},{one.y:g}={one.column:g},{one.row:g}" for one in self.pairs)


def parse(line: str) -> Registration:
    """The registration of a line such as `EXAMPLE`; `CodedError` with words the installer can act on."""
    form = _FORM.match(line.strip())
    if len(line) > TEXT_MAX or form is None:
        raise CodedError("pairs_form", example=EXAMPLE)
    words = form["pairs"].split()
    if len(words) != PAIRS:
        raise CodedError("pairs_n", n=len(words), most=PAIRS)
    pairs = tuple(_pair(word) for word in words)
    _check("camera", tuple((one.x, one.y) for one in pairs))
    _check("thermal", tuple((one.column / (COLUMNS - 1), one.row / (ROWS - 1)) for one in pairs))
    return Registration(form["camera"], pairs)


def _pair(word: str) -> Pair:
    found = _PAIR.match(word[:64])
    if found is None:
        raise CodedError("pair_form", pair=word[:32])
    x, y, column, row = (round(float(part), 4) for part in found.groups())
    if not (x <= 1.0 and y <= 1.0):
        raise CodedError("pair_fractions", pair=word[:32])
    if not (column <= COLUMNS - 1 and row <= ROWS - 1):
        raise CodedError("pair_cells", pair=word[:32], columns=COLUMNS - 1, rows=ROWS - 1)
    return Pair(x, y, column, row)


def _check(where: str, places: tuple[Place, ...]) -> None:
    """`CodedError` unless four places are the corners of a convex shape, in order, no three (nearly) in a line."""
    threes = [(places[n], places[(n + 1) % PAIRS], places[(n + 2) % PAIRS]) for n in range(PAIRS)]
    for n, three in enumerate(threes):
        if _height(*three) < HEIGHT_MIN:
            numbers = sorted((n + k) % PAIRS + 1 for k in range(3))
            raise CodedError(f"pairs_line_{where}", one=numbers[0], two=numbers[1], three=numbers[2])
    if len({_turn(*three) > 0.0 for three in threes}) > 1:
        raise CodedError(f"pairs_round_{where}")


def _turn(a: Place, b: Place, c: Place) -> float:
    """Twice the signed area of a triangle."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _height(a: Place, b: Place, c: Place) -> float:
    """The least height of a triangle; 0 where all are in one place."""
    longest = max(math.dist(a, b), math.dist(b, c), math.dist(c, a))
    return abs(_turn(a, b, c)) / longest if longest else 0.0
