"""Weights of evidence for a hot spot, fitted to looks at drawn scenes: additive, piecewise linear, never falling.

A logistic regression whose classes are balanced gives log-likelihood ratios. Each scene weighs the same, however long
it is; non-negative steps between the nodes of each feature keep it monotone; a small ridge keeps it calm where few
scenes speak.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from embereye_addon.fuse import thermal
from embereye_addon.fuse.spots import Track
from training.heat_looks import Looks

NODES = {
    "HEAT": (0.0, 0.25, 0.5, 1.0, 1.5, 3.0),
    "RISE": (0.0, 0.5, 1.0, 2.0, 4.0),
    "GROWTH": (0.0, 0.25, 0.5, 1.0, 2.0),
    "FLICKER": (0.0, 0.5, 1.0, 2.0, 4.0),
}
RIDGE_SCENES = 1.0
EVERY_S = 2.0
NEAR_PX = 3.0
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Hot spots of many looks: their signs [n,4], whether of a fire, which scene (number), and their weight.

    All looks at one scene weigh one together, those without a hot spot too; `scenes` counts the fires and the others.
    """

    signs: Matrix
    fire: NDArray[np.bool_]
    scene: NDArray[np.int64]
    weight: Matrix
    scenes: tuple[int, int]
    raised: NDArray[np.bool_]


def of_zones(every: Iterable[Looks], *, raised: bool) -> list[Looks]:
    """The looks of the zones whose limits are raised, or of those whose are not."""
    return [looks for looks in every if thermal.raised(looks.drawn.scene.limits) is raised]


def _of_fire(looks: Looks, track: Track, at_s: float) -> bool:
    """Whether a hot spot is the fire itself."""
    story, spot = looks.drawn.story, track.spot
    if story.where is None or at_s < story.from_s:
        return False
    away = np.hypot(spot.row - story.where[0], spot.column - story.where[1])
    return bool(away <= NEAR_PX + 0.5 * spot.area_px**0.5)


def _spots(looks: Looks) -> list[list[tuple[float, ...]]]:
    """The signs of the hot spots of each look that counts: of a fire those that are it, of any other scene all."""
    last_s, of_looks = -EVERY_S, []
    for at_s, _, _, found in looks.found():
        if at_s - last_s < EVERY_S - 1e-6 or (looks.drawn.fire and at_s < looks.drawn.story.from_s):
            continue
        last_s, spots = at_s, []
        for track in found:
            if not looks.drawn.fire or _of_fire(looks, track, at_s):
                signs = thermal.signs(track, looks.drawn.scene.limits)
                spots.append((signs.heat, signs.rise, signs.growth, signs.flicker))
        of_looks.append(spots)
    return of_looks


def rows(every: Iterable[Looks]) -> Rows:
    """The rows of all scenes, each at each frame interval for itself."""
    signs, fire, scene, weight, raised, scenes = [], [], [], [], [], [0, 0]
    for number, looks in enumerate(every):
        of_looks = _spots(looks)
        scenes[not looks.drawn.fire] += 1
        for spots in of_looks:
            signs += spots
            fire += [looks.drawn.fire] * len(spots)
            scene += [number] * len(spots)
            raised += [thermal.raised(looks.drawn.scene.limits)] * len(spots)
            weight += [1.0 / (len(of_looks) * max(1, len(spots)))] * len(spots)
    columns = (np.array(signs), np.array(fire), np.array(scene), np.array(weight))
    return Rows(*columns, (scenes[0], scenes[1]), np.array(raised))


def balanced(found: Rows) -> Matrix:
    """The weights with as much for all looks at fires as for all others."""
    half: Matrix = 0.5 * found.weight / np.where(found.fire, *found.scenes)
    return half


def silence(found: Rows) -> float:
    """The log-likelihood ratio (nats) of a look that shows no hot spot."""
    weight = balanced(found)
    return float(np.log((0.5 - weight[found.fire].sum()) / (0.5 - weight[~found.fire].sum())))


def _steps(signs: Matrix) -> Matrix:
    """How far each row has come between each two nodes of each feature, 0..1; a column of ones first."""
    columns = [np.ones(len(signs))]
    for values, nodes in zip(signs.T, NODES.values(), strict=True):
        columns += [np.clip((values - low) / (high - low), 0.0, 1.0) for low, high in pairwise(nodes)]
    return np.column_stack(columns)


Table = tuple[tuple[float, float], ...]
Weights = tuple[float, Table, Table, Table, Table]


def fit(found: Rows, turns: int = 4000) -> Weights:
    """The bias (nats) and each feature's table of (value, nats)."""
    steps, weight = _steps(found.signs), balanced(found)
    truth = found.fire.astype(np.float64)
    ridge = RIDGE_SCENES / sum(found.scenes)
    speed = 1.0 / (0.25 * np.linalg.eigvalsh(steps.T @ (steps * weight[:, None]))[-1] + ridge)
    nats, ahead, momentum = np.zeros(steps.shape[1]), np.zeros(steps.shape[1]), 1.0
    calm = np.full(len(nats), ridge)
    calm[0] = 0.0
    for _ in range(turns):  # Nesterov's projected gradient; the bias alone may be negative
        slope = steps.T @ (weight * (1.0 / (1.0 + np.exp(-steps @ ahead)) - truth)) + calm * ahead
        new = ahead - speed * slope
        new[1:] = np.maximum(new[1:], 0.0)
        momentum, before = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0, momentum
        ahead, nats = new + (before - 1.0) / momentum * (new - nats), new
    tables, first = [], 1
    for nodes in NODES.values():
        worth = np.concatenate(([0.0], np.cumsum(nats[first : first + len(nodes) - 1])))
        tables.append(tuple((node, round(float(one), 2)) for node, one in zip(nodes, worth, strict=True)))
        first += len(nodes) - 1
    heat, rise, growth, flicker = tables
    return round(float(nats[0]), 2), heat, rise, growth, flicker


def module(usual: Weights, raised: Weights, scenes: tuple[tuple[int, int], tuple[int, int]]) -> str:
    """The text of `embereye_addon/fuse/heat_table.py`."""
    (fires, others), (hot_fires, hot_others) = scenes
    lines = [
        '"""What the signs of a hot spot are worth (nats): written by `python -m training.heat`, never by hand.',
        "",
        "Balanced, monotone logistic regressions on simulated scenes, each at two frame intervals; how they do",
        "on scenes they have not seen stands in `docs/thermal-scenarios.md`. A table is (value, nats), linear",
        "between: heat in what the zone allows, rise and flicker in their limits, growth in doublings a minute.",
        '"""',
        "",
        "Table = tuple[tuple[float, float], ...]",
        "Weights = tuple[float, Table, Table, Table, Table]",
        '"""The bias, then heat, rise, growth, flicker."""',
    ]
    names = (
        ("USUAL", usual, fires, others, "the usual limits"),
        ("RAISED", raised, hot_fires, hot_others, "raised limits"),
    )
    for name, weights, burning, quiet, where in names:
        lines += ["", f"{name}: Weights = ("]
        lines += [f"    {part}," for part in weights]
        lines += [")", f'"""Zones with {where}: {burning} runs of fires, {quiet} of other scenes."""']
    return "\n".join(lines) + "\n"
