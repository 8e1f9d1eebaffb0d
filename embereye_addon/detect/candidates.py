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

MOST = 6
"""Candidates of one label told for one picture; the strongest ones."""
FLAME_LEAST, SMOKE_LEAST = 0.1, 0.3
"""Score of a tile, averaged over its mean time, that makes it part of a candidate."""
FLAME_MEAN_S, SMOKE_MEAN_S = 0.4, 1.5
FLAME_TOLD, SMOKE_TOLD = 0.12, 0.3
"""Strength from which a candidate is told."""
SMOKE_TILES_LEAST = 3
TRAIL_S = 1.5
PAST_S = 8.0
"""Growth and rise are told against where the thing was, as a mean over this time."""


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
    found = [_flame(flames, memory, place, size) for place in _places(memory.flame > FLAME_LEAST, 1)]
    veiled = _places(memory.smoke > SMOKE_LEAST, SMOKE_TILES_LEAST)
    found += [_smoke(smokes, flames, memory, place, size) for place in veiled]
    return memory, _strongest(found)


def _follow(mean: Grid, past: Grid, score: Grid, step_s: float, mean_s: float) -> None:
    mean += np.float32(1.0 - np.exp(-step_s / mean_s)) * (score - mean)
    past += np.float32(1.0 - np.exp(-step_s / PAST_S)) * (score - past)


@dataclass(frozen=True, slots=True)
class _Place:
    """One connected group of tiles: its bounds (left, top, right, bottom; in tiles) and which tiles it is made of."""

    bounds: tuple[int, int, int, int]
    tiles: Flags


def _places(above: Flags, least: int) -> list[_Place]:
    if not above.any():
        return []
    closed = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(closed, connectivity=8)
    order = sorted(range(1, count), key=lambda index: -int(stats[index, cv2.CC_STAT_AREA]))
    places = []
    for index in order[: 2 * MOST]:
        left, top, width, height, area = (int(value) for value in stats[index])
        if area >= least:
            places.append(_Place((left, top, left + width, top + height), np.asarray(labels == index)))
    return places


def _growth(mean: Grid, past: Grid, place: _Place) -> float:
    """Share of the place's score that was not there before, 0..1."""
    now = float(mean[place.tiles].sum())
    return max(0.0, 1.0 - float(past[place.tiles].sum()) / max(now, 1e-6))


def _rise(mean: Grid, past: Grid, place: _Place) -> float:
    """Tiles by which the score's centre lies above where it was; below is negative."""
    rows = np.nonzero(place.tiles)[0].astype(np.float32)
    now, before = mean[place.tiles], past[place.tiles]
    if float(before.sum()) < 0.1 or float(now.sum()) < 0.1:
        return 0.0
    return float((rows * before).sum() / before.sum() - (rows * now).sum() / now.sum())


def _left_behind(trail: Grid, place: _Place) -> float:
    """Share of the score of the last seconds around the place that lies outside of it, 0..1: things that pass leave
    most of it behind, a flame stands on it.
    """
    left, top, right, bottom = place.bounds
    across, down = right - left, bottom - top
    around = np.s_[max(0, top - down) : bottom + down, max(0, left - across) : right + across]
    total = float(trail[around].sum())
    return max(0.0, 1.0 - float(trail[place.tiles].sum()) / total) if total > 0.05 else 0.0


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
    inside = place.tiles
    growth = _growth(memory.flame, memory.past_flame, place)
    best = float(memory.flame[inside].max())
    swing = None if flames.flicker is None else float(np.sqrt(memory.flicker.energy[inside].max()))
    turns = None if flames.flicker is None else float(memory.flicker.reversals_hz[inside].max())
    figures = (
        ("warm share", float(flames.warm[inside].mean())),
        ("white share", float(flames.white[inside].mean())),
        ("flicker, grey levels", swing),
        ("reversals a second", turns),
        ("growth", growth),
        ("left behind", behind := _left_behind(memory.trail, place)),
        ("edge disorder", flame.disorder(flames.mask, place.bounds)),
    )
    return Candidate("flame", *_box(place, size), min(1.0, best * (1.0 - min(max(behind - 0.3, 0.0), 0.6))), figures)


def _smoke(
    smokes: smoke.SmokeTiles, flames: flame.FlameTiles, memory: Memory, place: _Place, size: tuple[int, int]
) -> Candidate:
    inside = place.tiles
    growth, rise = _growth(memory.smoke, memory.past_smoke, place), _rise(memory.smoke, memory.past_smoke, place)
    around = np.asarray(cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)), dtype=np.bool_)
    things = float(np.where(flames.warm + flames.white > 0.05, 0.0, smokes.hard)[around].mean())
    figures = (
        ("hard edges", things),
        ("contrast lost", float(smokes.lost[inside].mean())),
        ("colour faded, levels", float(smokes.faded[inside].mean())),
        ("luma shift, grey levels", float(smokes.shift[inside].mean())),
        ("growth", growth),
        ("rise, tiles", rise),
    )
    strength = float(memory.smoke[inside].mean()) * (0.8 + 0.2 * growth) + 0.1 * min(max(rise, 0.0), 1.0)
    return Candidate("smoke", *_box(place, size), min(1.0, strength * max(0.2, 1.0 - 2.0 * things)), figures)


def _strongest(found: list[Candidate]) -> tuple[Candidate, ...]:
    kept: list[Candidate] = []
    for label, least in (("flame", FLAME_TOLD), ("smoke", SMOKE_TOLD)):
        same = [one for one in found if one.label == label and one.strength >= least]
        kept += sorted(same, key=lambda one: -one.strength)[:MOST]
    return tuple(kept)
