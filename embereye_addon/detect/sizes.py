"""How small a flame or smoke a camera can see at a distance, from its lens and what the model was measured to see.

A thing s metres high, d metres away, is s · W / (2 · d · tan(a/2)) px high in a picture W px wide through a lens of a
degrees (pinhole camera; a fisheye sees less towards its edge).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from embereye_addon.errors import ModelError

CARD = Path(__file__).parent / "weights" / "card.json"
CARD_LIMIT = 1 << 20
LOOKED_PX = 384
"""The width of a whole picture as the model is given it."""
MAY, MOSTLY = 0.5, 0.9


class Measured(msgspec.Struct, frozen=True):
    """One line of the card: of `n` things `height_px` high, the shares seen in a whole picture and in a closer look."""

    height_px: float
    n: int
    seen: float
    closer: float


@dataclass(frozen=True, slots=True)
class View:
    """A camera's picture (px), its lens (degrees across), and how far away the thing is (m)."""

    width_px: int
    lens_deg: float
    distance_m: float

    @property
    def px_per_m(self) -> float:
        """Pixels a metre at that distance."""
        return self.width_px / (2.0 * self.distance_m * math.tan(math.radians(self.lens_deg) / 2.0))


@dataclass(frozen=True, slots=True)
class Smallest:
    """Heights (m): seen in every second case and in nine of ten, in whole pictures, and in closer looks.

    None where even the largest that was measured is seen less often.
    """

    may_m: float | None
    mostly_m: float | None
    closer_may_m: float | None
    closer_mostly_m: float | None


def smallest(view: View, rows: Sequence[Measured]) -> Smallest:
    """The smallest things of one label that this camera shows well enough."""
    whole = [(row.height_px * view.width_px / LOOKED_PX, row.seen) for row in rows]
    closer = [(row.height_px, row.closer) for row in rows]  # cut from the full picture, so its own pixels count
    heights = (_height(whole, MAY), _height(whole, MOSTLY), _height(closer, MAY), _height(closer, MOSTLY))
    return Smallest(*(None if px is None else px / view.px_per_m for px in heights))


def _height(curve: Sequence[tuple[float, float]], share: float) -> float | None:
    """The height (px) from which on at least `share` are seen, between the measured ones along a straight line."""
    before: tuple[float, float] | None = None
    found: float | None = None
    for height_px, seen in sorted(curve):
        if seen < share:
            found = None
        elif found is None:
            found = height_px
            if before is not None:
                found = before[0] + (height_px - before[0]) * (share - before[1]) / (seen - before[1])
        before = (height_px, seen)
    return found


class Card(msgspec.Struct, frozen=True):
    """What `training.smallest` wrote into the shipped model's card."""

    smallest: dict[str, tuple[Measured, ...]]


def measured(card: Path = CARD) -> dict[str, tuple[Measured, ...]]:
    """The shipped model's figures by label; `ModelError` when its card holds none."""
    try:
        with card.open("rb") as file:
            return msgspec.json.decode(file.read(CARD_LIMIT), type=Card).smallest
    except (OSError, msgspec.DecodeError) as err:
        raise ModelError(f"the model card {card} holds no sizes: {err}") from None


def at_one_metre(width_px: int, lens_deg: float) -> dict[str, Smallest]:
    """By label, what a camera sees at one metre's distance; at d metres it is d times as high. `ModelError`."""
    return {label: smallest(View(width_px, lens_deg, 1.0), rows) for label, rows in measured().items()}
