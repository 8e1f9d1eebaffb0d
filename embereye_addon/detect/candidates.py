"""Places in a picture that the model should look at, and why. Nothing here raises an alarm. Pure.

Recall comes first: a candidate costs a look of the model, a missed one costs a fire. What rests is none, however warm
or bright: `scene` learns lamps, the sun's reflections, screens and hi-vis clothing on a hook, and only tiles that
differ from what it knows are scored. What passes (headlights, people) stays in a tile for too short a time to score
high. A fire that begins on a lamp changes the lamp's tiles, and so is seen.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from embereye_addon.detect import flame, flicker, smoke
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import LUMA, TILE_PX, Flags, Grid, SceneLook

Figures: TypeAlias = tuple[tuple[str, float | None], ...]

MOST = 4
"""Candidates of one label told for one picture; the strongest ones."""
FLAME_LEAST, SMOKE_LEAST = 0.1, 0.3
"""Score of a tile, averaged over its mean time, that makes it part of a candidate."""
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
    """Where to look (fractions from the top left), as `flame` or `smoke`, how strong 0..1, and from which figures.

    A figure that cannot be measured is None: flicker below 4 pictures a second.
    """

    label: str
    left: float
    top: float
    right: float
    bottom: float
    strength: float
    figures: Figures


@dataclass(slots=True)
class Memory:
    """What `find` keeps of one camera; owned by the caller, changed in place as copying would double the cost.

    Scores are means over fractions of a second, `past` the same over PAST_S: [flame, smoke].
    """

    flicker: flicker.Flicker
    flame: Grid
    smoke: Grid
    past_flame: Grid
    past_smoke: Grid
    trail: Grid
    last_s: float


def _fresh(scene_look: SceneLook, now_s: float) -> Memory:
    none = np.zeros_like(scene_look.motion)
    first = flicker.fresh(scene_look.features[LUMA], now_s)
    return Memory(first, none, none.copy(), none.copy(), none.copy(), none.copy(), now_s)


def find(
    memory: Memory | None, small: Small, scene_look: SceneLook, now_s: float, fps: float
) -> tuple[Memory, tuple[Candidate, ...]]:
    """The candidates of one picture, flames first; `fps` is the rate at which pictures of this camera come in.

    A quiet picture has none and costs nothing. The memory given is changed and returned.
    """
    if memory is None or memory.flame.shape != scene_look.motion.shape:
        memory = _fresh(scene_look, now_s)
    if scene_look.quiet:
        return memory, ()
    step_s = min(max(now_s - memory.last_s, 0.0), PAST_S)
    memory.last_s = now_s
    flicker.follow(memory.flicker, scene_look.features[LUMA], now_s)
    flames = flame.tiles(small, scene_look, memory.flicker, fps)
    smokes = smoke.tiles(scene_look)
    _follow(memory.flame, memory.past_flame, flames.score, step_s, FLAME_MEAN_S)
    _follow(memory.smoke, memory.past_smoke, smokes.score, step_s, SMOKE_MEAN_S)
    size = (small.y.shape[0], small.y.shape[1])
    memory.trail += np.float32(1.0 - np.exp(-step_s / TRAIL_S)) * (flames.score - memory.trail)
    found = [_flame(flames, memory, place, size) for place in _places(memory.flame, FLAME_LEAST, 1)]
    veiled = _places(memory.smoke, SMOKE_LEAST, SMOKE_TILES_LEAST)
    found += [_smoke(smokes, flames, memory, place, size) for place in veiled]
    return memory, tuple(one for one in found if one.strength >= TOLD[one.label])


def _follow(mean: Grid, past: Grid, score: Grid, step_s: float, mean_s: float) -> None:
    mean += np.float32(1.0 - np.exp(-step_s / mean_s)) * (score - mean)
    past += np.float32(1.0 - np.exp(-step_s / PAST_S)) * (score - past)


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
    closed = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_CLOSE, _CLOSING)
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(closed, connectivity=8)
    sums = np.bincount(labels.ravel(), weights=score.ravel(), minlength=count)
    places = []
    for index in sorted(range(1, count), key=lambda index: -float(sums[index]))[:MOST]:
        left, top, width, height, area = stats[index].tolist()
        if area >= tiles_least:
            inside = labels[top : top + height, left : left + width] == index
            places.append(_Place((left, top, left + width, top + height), np.asarray(inside)))
    return places


def _growth(mean: Grid, past: Grid, place: _Place) -> float:
    """Share of the place's score that was not there before, 0..1."""
    now = float(place.of(mean).sum())
    return max(0.0, 1.0 - float(place.of(past).sum()) / max(now, 1e-6))


def _rise(mean: Grid, past: Grid, place: _Place) -> float:
    """Tiles by which the score's centre lies above where it was; below is negative."""
    rows = np.nonzero(place.tiles)[0]
    now, before = place.of(mean), place.of(past)
    here, there = float(now.sum()), float(before.sum())
    if there < 0.1 or here < 0.1:
        return 0.0
    return float(rows @ before) / there - float(rows @ now) / here


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


def _flame(flames: flame.FlameTiles, memory: Memory, place: _Place, size: tuple[int, int]) -> Candidate:
    best, behind = float(place.of(memory.flame).max()), _left_behind(memory.trail, place)
    swing = None if flames.flicker is None else float(place.of(memory.flicker.energy).max()) ** 0.5
    turns = None if flames.flicker is None else float(place.of(memory.flicker.reversals_hz).max())
    figures = (
        ("warm share", float(place.of(flames.warm).mean())),
        ("white share", float(place.of(flames.white).mean())),
        ("flicker, grey levels", swing),
        ("reversals a second", turns),
        ("growth", _growth(memory.flame, memory.past_flame, place)),
        ("left behind", behind),
        ("edge disorder", flame.disorder(flames.mask, place.bounds)),
    )
    strength = best * (1.0 - min(max(behind - BEHIND_FREE, 0.0), BEHIND_MOST))
    return Candidate("flame", *_box(place, size), min(1.0, strength), figures)


def _smoke(
    smokes: smoke.SmokeTiles, flames: flame.FlameTiles, memory: Memory, place: _Place, size: tuple[int, int]
) -> Candidate:
    growth, rise = _growth(memory.smoke, memory.past_smoke, place), _rise(memory.smoke, memory.past_smoke, place)
    left, top, right, bottom = place.bounds
    around = np.s_[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1]
    burning = (flames.warm[around] + flames.white[around]) > BURNING_SHARE
    things = float((smokes.hard[around] * ~burning).mean())
    figures = (
        ("hard edges", things),
        ("contrast lost", float(place.of(smokes.lost).mean())),
        ("colour faded, levels", float(place.of(smokes.faded).mean())),
        ("luma shift, grey levels", float(place.of(smokes.shift).mean())),
        ("growth", growth),
        ("rise, tiles", rise),
    )
    strength = float(place.of(memory.smoke).mean()) * (0.8 + 0.2 * growth) + 0.1 * min(max(rise, 0.0), 1.0)
    return Candidate("smoke", *_box(place, size), min(1.0, strength * max(0.2, 1.0 - 2.0 * things)), figures)
