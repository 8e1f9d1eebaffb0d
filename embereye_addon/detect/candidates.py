"""Places in a picture that the model should look at. Nothing here raises an alarm. Pure.

Recall comes first: a candidate costs a look of the model, a missed one costs a fire. What rests is none, however warm
or bright: `scene` learns lamps, the sun's reflections, screens and hi-vis clothing on a hook, and only tiles that
differ from what it knows are scored. What passes (headlights, people) stays in a tile for too short a time to score
high. A fire that begins on a lamp changes the lamp's tiles, and so is seen.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from embereye_addon.detect import flame, flicker, smoke
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import LUMA, TILE_PX, Flags, Grid, SceneLook

MOST = 4
"""Candidates of one label told for one picture; the strongest ones."""
FLAME_LEAST, SMOKE_LEAST = 0.1, 0.3
"""Score of a tile, averaged over its mean time, that makes it part of a candidate."""
SCORED_S = 0.09
"""Tiles are not scored more often: every second picture at 15 a second. The scores are means over longer times, and the
model looks five times a second; what must see every picture is `scene` and `flicker`."""
FLAME_MEAN_S, SMOKE_MEAN_S = 0.4, 1.5
TOLD = {"flame": 0.12, "smoke": 0.3}
"""Strength from which a candidate is told."""
SMOKE_TILES_LEAST = 3
TRAIL_S = 1.5
BEHIND_FREE, BEHIND_MOST = 0.3, 0.6
"""Share left behind that costs a flame no strength, and the most that it may cost."""
BURNING_SHARE = 0.05
"""Warm and white share of a tile whose hard edges are a flame's, and no sign of a thing in front of the scene."""
PAST_S = 8.0
"""Growth and rise are told against where the thing was, as a mean over this time."""

_CLOSING = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where to look (fractions from the top left), as `flame` or `smoke`, and how strong 0..1."""

    label: str
    left: float
    top: float
    right: float
    bottom: float
    strength: float


@dataclass(slots=True)
class Memory:
    """What `find` keeps of one camera; owned by the caller, changed in place as copying would double the cost.

    Scores are means over fractions of a second, `past_smoke` is one over PAST_S; `found` when they were last scored.
    """

    flicker: flicker.Flicker
    before: smoke.Before
    flame: Grid
    smoke: Grid
    past_smoke: Grid
    trail: Grid
    last_s: float
    found: tuple[Candidate, ...] = ()


def _fresh(scene_look: SceneLook, now_s: float) -> Memory:
    none = np.zeros_like(scene_look.motion)
    first = flicker.fresh(scene_look.features[LUMA], now_s)
    before = smoke.before(scene_look.reference)
    return Memory(first, before, none, none.copy(), none.copy(), none.copy(), now_s)


def find(
    memory: Memory | None, small: Small, scene_look: SceneLook, now_s: float, fps: float
) -> tuple[Memory, tuple[Candidate, ...]]:
    """The candidates of one picture, flames first; `fps` is the rate at which pictures of this camera come in.

    A quiet picture has none and costs nothing. The memory given is changed and returned.
    """
    if memory is None or memory.flame.shape != scene_look.motion.shape:
        memory = _fresh(scene_look, now_s)
    if scene_look.quiet:
        memory.found = ()
        return memory, ()
    flicker.follow(memory.flicker, scene_look.features[LUMA], now_s)
    step_s = min(max(now_s - memory.last_s, 0.0), PAST_S)
    if step_s < SCORED_S:
        return memory, memory.found
    memory.last_s = now_s
    if memory.before.reference is not scene_look.reference:
        memory.before = smoke.before(scene_look.reference)
    flames, smokes = flame.tiles(small, scene_look, memory.flicker, fps), smoke.tiles(scene_look, memory.before)
    _follow(memory.flame, flames.score, step_s / FLAME_MEAN_S)
    _follow(memory.trail, flames.score, step_s / TRAIL_S)
    _follow(memory.smoke, smokes.score, step_s / SMOKE_MEAN_S)
    _follow(memory.past_smoke, smokes.score, step_s / PAST_S)
    size = (small.y.shape[0], small.y.shape[1])
    found = [_flame(memory, place, size) for place in _places(memory.flame, FLAME_LEAST, 1)]
    veiled = _places(memory.smoke, SMOKE_LEAST, SMOKE_TILES_LEAST)
    found += [_smoke(smokes, flames, memory, place, size) for place in veiled]
    memory.found = tuple(one for one in found if one.strength >= TOLD[one.label])
    return memory, memory.found


def _follow(mean: Grid, score: Grid, steps: float) -> None:
    """One more score into a mean over time, in place; `steps` is the time since the last one as a share of it."""
    cv2.accumulateWeighted(score, mean, 1.0 - math.exp(-steps))


@dataclass(frozen=True, slots=True)
class _Place:
    """One connected group of tiles: its bounds (left, top, right, bottom; in tiles), and which tiles within them."""

    bounds: tuple[int, int, int, int]
    tiles: Flags

    def of(self, grid: Grid) -> Grid:
        """The grid's values in the tiles of this place, one-dimensional."""
        left, top, right, bottom = self.bounds
        return grid[top:bottom, left:right][self.tiles]


def _places(score: Grid, least: float, tiles_least: int) -> list[_Place]:
    """The groups of tiles above the least score, at most MOST: those with the most score."""
    above = np.asarray(score > least)
    if not above.any():
        return []
    closed = cv2.morphologyEx(above.view(np.uint8), cv2.MORPH_CLOSE, _CLOSING)
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(closed, connectivity=8)
    sums = np.bincount(labels.ravel(), weights=score.ravel(), minlength=count)
    places = []
    for index in sorted(range(1, count), key=lambda index: -float(sums[index]))[:MOST]:
        left, top, width, height, area = stats[index].tolist()
        if area >= tiles_least:
            inside = labels[top : top + height, left : left + width] == index
            places.append(_Place((left, top, left + width, top + height), np.asarray(inside)))
    return places


def _growth_and_rise(memory: Memory, place: _Place) -> tuple[float, float]:
    """Share of the place's smoke that was not there before, 0..1, and tiles by which its centre lies above where it
    was; below is negative.
    """
    now, before = place.of(memory.smoke), place.of(memory.past_smoke)
    here, there = float(now.sum()), float(before.sum())
    growth = max(0.0, 1.0 - there / max(here, 1e-6))
    if there < 0.1 or here < 0.1:
        return growth, 0.0
    rows = np.nonzero(place.tiles)[0].astype(np.float32)
    return growth, float(rows @ before) / there - float(rows @ now) / here


def _left_behind(trail: Grid, place: _Place) -> float:
    """Share of the score of the last seconds around the place that lies outside of it, 0..1: things that pass leave
    most of it behind, a flame stands on it.
    """
    left, top, right, bottom = place.bounds
    across, down = right - left, bottom - top
    around = np.s_[max(0, top - down) : bottom + down, max(0, left - across) : right + across]
    total = float(trail[around].sum())
    return max(0.0, 1.0 - float(place.of(trail).sum()) / total) if total > 0.05 else 0.0


def _box(place: _Place, size: tuple[int, int]) -> tuple[float, float, float, float]:
    left, top, right, bottom = place.bounds
    height, width = size
    return (
        left * TILE_PX / width,
        top * TILE_PX / height,
        min(1.0, right * TILE_PX / width),
        min(1.0, bottom * TILE_PX / height),
    )


def _flame(memory: Memory, place: _Place, size: tuple[int, int]) -> Candidate:
    best, behind = float(place.of(memory.flame).max()), _left_behind(memory.trail, place)
    strength = best * (1.0 - min(max(behind - BEHIND_FREE, 0.0), BEHIND_MOST))
    return Candidate("flame", *_box(place, size), min(1.0, strength))


def _smoke(
    smokes: smoke.SmokeTiles, flames: flame.FlameTiles, memory: Memory, place: _Place, size: tuple[int, int]
) -> Candidate:
    left, top, right, bottom = place.bounds
    around = np.s_[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1]
    burning = flames.warm[around] + flames.white[around] > BURNING_SHARE
    things = np.count_nonzero(smokes.hard[around] & ~burning) / burning.size
    growth, rise = _growth_and_rise(memory, place)
    strength = float(place.of(memory.smoke).mean()) * (0.8 + 0.2 * growth) + 0.1 * min(max(rise, 0.0), 1.0)
    return Candidate("smoke", *_box(place, size), min(1.0, strength * max(0.2, 1.0 - 2.0 * things)))
