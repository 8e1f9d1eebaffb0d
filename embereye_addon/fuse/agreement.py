"""Two that see the same fire see it at the same place: what that is worth, where a device is tied to a camera. Pure.

A camera's flame and a PF device's hot spot add in full as they are: they are of different physics. That they also lie
at the same place in the picture is a fact of its own. By chance it has the probability p that a hot spot, which may
stand in any of the 768 cells, touches the flame's box: the share of the cells that do. Of one fire it has the
probability `SAME` (some fires hide their heat, and pairs are placed by hand). The ratio SAME / p counts half and 1
counts half: such a mixture keeps, like the ratio itself, an expectation of 1 by chance when a pair that lies apart is
charged its part, at most ln 2. It is not charged: a second fire, or a device that was knocked, must not hide the
first. So the bonus is ln((1 + SAME / p) / 2): about 3.5 nats for a small flame, 0.8 for a fire over a quarter of the
view, 0 for one that fills it.

Two claims that both stay as they are do not agree: a lamp is bright and hot, and so is the place where the sun comes
in; these are one cause, not two witnesses. The bonus is there once, never for each look.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.fuse import zone
from embereye_addon.fuse.sequential import Part
from embereye_addon.fuse.zone import Beliefs
from embereye_addon.messages import SAME_PLACE, Evidence, Explanation, Kind
from embereye_addon.settings.registration import COLUMNS, ROWS, Registration
from embereye_addon.thermal.registration import footprints, homography

SAME = 0.9
"""How often the hot spot of a fire touches its flame's box; all of 470 looks at simulated ones did."""
HALF_CELLS = 1.5
"""A hot spot is told to the cell, and four places are set by hand to about one cell more."""
STILL_NATS = 5.0
"""A claim with no higher cap is of something that stays as it is, as `video` and `thermal` state their caps."""
FRESH_S = 10.0
"""The other one's newest claim holds so long: a PF device that is asked may look every few seconds."""
WORDS = "flame and heat are at the same place in the picture"

_BOX = re.compile(r"^box ([01]\.\d+),([01]\.\d+),([01]\.\d+),([01]\.\d+)$")
_CELL = re.compile(r"^cell (\d{1,2}),(\d{1,2})(?:;|$)")


@dataclass(frozen=True, slots=True)
class Tie:
    """A PF device whose picture lies in a camera's: their sources, and where each cell's surroundings lie [768, 4]."""

    camera: str
    device: str
    places: NDArray[np.float64]


def tie(device: str, registration: Registration) -> Tie:
    """A tie as it is set; `ValueError` where its pairs do not determine it."""
    return Tie(f"cam.{registration.camera}", device, footprints(homography(registration.places), HALF_CELLS))


def chance(each: Tie, box: tuple[float, float, float, float], cell: tuple[int, int]) -> float | None:
    """The share of cells (0..1] that touch a box; None when this cell does not, or is none."""
    column, row = cell
    if column >= COLUMNS or row >= ROWS:
        return None
    left, top, right, bottom = box
    places = each.places
    touch = (places[:, 0] <= right) & (places[:, 2] >= left) & (places[:, 1] <= bottom) & (places[:, 3] >= top)
    return float(touch.mean()) if touch[row * COLUMNS + column] else None


def bonus_nats(by_chance: float) -> float:
    """What it is worth that two claims agree in place, when by chance they would with this probability."""
    return max(0.0, math.log((1.0 + SAME / by_chance) / 2.0))


def hear(ties: Iterable[Tie], beliefs: Beliefs, evidence: Evidence, now_mono_s: float) -> Beliefs:
    """A zone's beliefs after one piece of evidence, and after what it agrees with."""
    after = zone.hear(beliefs, evidence, now_mono_s)
    place = agreed(ties, after.parts, evidence, now_mono_s)
    return after if place is None else zone.hear(after, place, now_mono_s)


def agreed(ties: Iterable[Tie], parts: Mapping[str, Part], heard: Evidence, now_mono_s: float) -> Evidence | None:
    """What follows from this claim and the other one's newest, if they are of one place: the greatest bonus."""
    if heard.kind not in (Kind.FLAME, Kind.HEAT):
        return None
    found = [piece for each in ties if (piece := _of_tie(each, parts, heard, now_mono_s)) is not None]
    return max(found, key=lambda piece: piece.llr_nats, default=None)


def _of_tie(each: Tie, parts: Mapping[str, Part], heard: Evidence, now_mono_s: float) -> Evidence | None:
    """The evidence of one tie, if this claim is of one of its two points."""
    flame_point, heat_point = f"{each.camera}.flame", f"{each.device}.thermal"
    if heard.point not in (flame_point, heat_point):
        return None
    flame, heat = parts.get(flame_point), parts.get(heat_point)
    if flame is None or heat is None or not (_claims(flame, now_mono_s) and _claims(heat, now_mono_s)):
        return None
    if max(flame.evidence.cap_nats, heat.evidence.cap_nats) <= STILL_NATS:
        return None
    box, cell = _BOX.match(flame.evidence.where), _CELL.match(heat.evidence.where)
    if box is None or cell is None:
        return None
    left, top, right, bottom = (float(side) for side in box.groups())
    by_chance = chance(each, (left, top, right, bottom), (int(cell[1]), int(cell[2])))
    nats = 0.0 if by_chance is None else round(bonus_nats(by_chance), 3)
    if by_chance is None or not nats:
        return None
    return Evidence(
        point=f"{each.device}.{SAME_PLACE}",
        kind=Kind.FLAME,
        llr_nats=nats,
        value=round(100.0 * by_chance, 1),
        unit="% by chance",
        where=f"the same place as {each.camera}"[:80],
        cap_nats=nats,
    )


def _claims(part: Part, now_mono_s: float) -> bool:
    """Whether a point says now that there is a fire."""
    return now_mono_s - part.at_mono_s <= FRESH_S and part.nats > 0.0 and part.evidence.llr_nats > 0.0


def worded(why: Explanation) -> Explanation:
    """The explanation, saying so where an agreement in place is a part of it."""
    if not any(share.point.endswith(f".{SAME_PLACE}") for share in why.shares):
        return why
    return Explanation(
        rule=why.rule,
        text=f"{why.text}; {WORDS}"[:400],
        sum_nats=why.sum_nats,
        threshold_nats=why.threshold_nats,
        shares=why.shares,
    )
