"""The scene cache: what a camera usually sees, and in which tiles the newest picture differs from that. Pure.

Everything happens on a grid of tiles of 8x8 reduced luma pixels with four features each: mean luma, contrast (mean
step between neighbouring pixels), and the two mean chromas. Two backgrounds are kept of them. The fast one follows
within seconds; what differs from it moves. The slow one is a reference with a time constant of half an hour, compared
once a second and corrected for the picture's overall gain: smoke that comes over minutes differs from it. A tile that
differs is only taken into the reference after it has been told as `slow` for SEEN_S: nothing is absorbed unseen.

A lamp that is switched, an exposure step or the change to infra-red makes most tiles differ at once. For RELEARN_S
nothing is quiet then, so everything goes on to be looked at; afterwards the reference is replaced, unless contrast was
lost without light, which is what dense smoke does. Colour and infra-red keep a reference each.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.reduce import Small, halved

Grid: TypeAlias = NDArray[np.float32]
Flags: TypeAlias = NDArray[np.bool_]

TILE_PX = 8
"""Side of a tile in pixels of the reduced luma plane."""
LUMA, CONTRAST, BLUE, RED, CHANGE = range(5)
FAST_S, LONGEST_STEP_S = 4.0, 1.0
"""However rarely pictures come (key frames only), the fast background is a mean of four at least."""
REFERENCE_S = 1800.0
SLOW_STEP_S = 1.0
SEEN_S = 30.0
"""A tile that differs from the reference is told this long before the reference may follow it."""
ABSORB_S = 20.0
YOUNG_S, YOUNG_HASTE = 120.0, 4.0
"""At first the reference follows faster, by this factor: whoever stood in the first pictures has left a hole in it."""
WARM_S = 4.0
"""From the first picture on; nothing is quiet before."""
RELEARN_S = 10.0
NOISE_S = 30.0
USUAL_S = 120.0
"""Time a tile must have been told as `fast`, all in all, before two thirds of its change count as usual."""
USUAL_SLOW, RESTLESS = 0.5, 8.0
"""Share of a tile's usual change that its slow difference may have, and where its contrast means nothing any more."""
FORGET_S = 14_400.0
BLACK = 12.0
"""Luma from which light is counted: limited-range black is 16, less the noise."""
LIGHTING_GREY = 6.0
LIGHTING_SHARE = 0.6
"""A change of this share of the tiles in one picture is a change of light (or of everything)."""
FAST_LEAST, FAST_MOST = 2.5, 8.0
"""Bounds of the change (grey levels) that wakes a tile, whatever its own noise: a flickering flame must not become
its own noise."""
SLOW_LUMA, SLOW_LUMA_SHARE, SLOW_CHROMA = 3.5, 0.06, 4.0
VEIL_RATIO = 0.85
"""Contrast kept, relative to luma, below which a tile is veiled."""
VEIL_LIGHT = 0.75
"""The same for the median of a whole picture after a sudden change: below it, it was not only light that changed."""
TEXTURED = 1.6
"""Contrast (grey levels a pixel) from which its loss means something; sensor noise gives about 1."""
GREY_SPREAD = 1.5
"""A picture whose chromas deviate less than this over the tiles has no colour: infra-red, or a grey camera."""

PLAIN_SPREAD = 8.0
"""Deviation of luma over the tiles below which a picture shows nothing."""


@dataclass(frozen=True, slots=True)
class Lighting:
    """The whole picture against the reference: gain of luma, contrast kept for that luma; share of tiles changed."""

    gain: float
    veil: float
    share: float
    colour: bool
    relearning: bool


@dataclass(frozen=True, slots=True)
class SceneLook:
    """One picture against what is known of its scene; the arrays are [rows, columns] tiles and are not changed later.

    `motion` is the mean change since the last picture (grey levels), `fast` and `slow` the tiles that differ from the
    fast background and the reference; `features` and `reference` are float32 [4, rows, columns]. `luma` is the picture
    at the size of the chroma planes, uint8, and `change` its mean change since the last one (grey levels).
    """

    quiet: bool
    motion: Grid
    fast: Flags
    slow: Flags
    lighting: Lighting
    features: Grid
    reference: Grid
    luma: NDArray[np.uint8]
    change: float

    @property
    def changed(self) -> Flags:
        """The tiles that differ from either background."""
        return np.asarray(self.fast | self.slow)


@dataclass(slots=True)
class Scene:
    """What is remembered of one camera, changed in place by `look`: copying 60 kB a picture would double its cost."""

    luma: NDArray[np.uint8]
    fast: Grid
    reference: Grid
    noise: Grid
    peak: Grid
    usual: Grid
    limit: Grid
    slow: Flags
    slow_since_s: NDArray[np.float64]
    first_s: float
    last_s: float
    stepped_s: float
    colour: bool
    other: Grid | None = None
    relearn_until_s: float = -1.0
    gain: float = 1.0
    veil: float = 1.0
    stale: bool = False


def _padded(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grown at the right and bottom, by repeating the edge, to whole tiles."""
    rows, columns = plane.shape
    down, across = -rows % 4, -columns % 4
    if not (down or across):
        return plane
    return np.asarray(cv2.copyMakeBorder(plane, 0, down, 0, across, cv2.BORDER_REPLICATE), dtype=np.uint8)


def _tiled(luma: NDArray[np.uint8], before: NDArray[np.uint8], small: Small) -> Grid:
    """The four features and the change from the luma `before`, as means over 4x4 pixels; float32 [5, rows, columns].

    All planes in one array are shrunk in two calls, the last time in float, so that slow changes show.
    """
    rows, columns = luma.shape
    planes = np.empty((5, rows, columns), np.uint8)
    steps, across = planes[CONTRAST], planes[CHANGE, :-1, :-1]
    steps[-1], steps[:, -1] = 0, 0
    cv2.absdiff(luma[1:, 1:], luma[1:, :-1], dst=across)
    cv2.absdiff(luma[1:, 1:], luma[:-1, 1:], dst=steps[:-1, :-1])
    cv2.max(steps[:-1, :-1], across, dst=steps[:-1, :-1])
    planes[LUMA], planes[BLUE], planes[RED] = luma, _padded(small.u), _padded(small.v)
    cv2.absdiff(luma, before, dst=planes[CHANGE])
    quarter = halved(planes.reshape(5 * rows, columns)).astype(np.float32)
    tiles = cv2.resize(quarter, (columns // 4, 5 * rows // 4), interpolation=cv2.INTER_AREA)
    return np.asarray(tiles, dtype=np.float32).reshape(5, rows // 4, columns // 4)


def spread(grid: Grid) -> float:
    """Standard deviation over the tiles; numpy's takes ten times as long for so few."""
    return float(cv2.meanStdDev(grid)[1][0, 0])


def tint(features: Grid) -> float:
    """How much both chromas deviate over the tiles."""
    return spread(features[BLUE]) + spread(features[RED])


def _coloured(features: Grid, was: bool) -> bool:
    return tint(features) > GREY_SPREAD * (0.8 if was else 1.2)


def _new(luma: NDArray[np.uint8], features: Grid, now_s: float) -> Scene:
    rows, columns = features.shape[1:]
    return Scene(
        luma=luma,
        fast=features.copy(),
        reference=features.copy(),
        noise=np.full((rows, columns), 0.8, np.float32),
        peak=np.zeros((rows, columns), np.float32),
        limit=np.full((rows, columns), 3.0, np.float32),
        usual=np.zeros((rows, columns), np.float32),
        slow=np.zeros((rows, columns), np.bool_),
        slow_since_s=np.zeros((rows, columns), np.float64),
        first_s=now_s,
        last_s=now_s,
        stepped_s=now_s,
        colour=_coloured(features, was=True),
    )


def _middle(values: Grid) -> float:
    """The upper median, 1 of nothing; np.median costs four times as much."""
    flat = values.ravel()
    return float(np.partition(flat, flat.size // 2)[flat.size // 2]) if flat.size else 1.0


def _veiled(scene: Scene) -> tuple[float, float, Grid]:
    """The picture's gain in luma, its veil (contrast kept for that luma), and the veil of each tile; 1 is unchanged.

    Contrast is taken over 3x3 tiles: codecs blur single tiles of leaves and grass between key frames.
    """
    luma = np.maximum(scene.fast[LUMA] - BLACK, 4.0) / np.maximum(scene.reference[LUMA] - BLACK, 4.0)
    before = np.asarray(cv2.blur(scene.reference[CONTRAST], (3, 3)), dtype=np.float32)
    contrast = (np.asarray(cv2.blur(scene.fast[CONTRAST], (3, 3)), dtype=np.float32) + 0.3) / (before + 0.3)
    textured = before > TEXTURED
    tiles = np.where(textured, contrast / np.maximum(luma, 0.25), 1.0).astype(np.float32)
    return _middle(luma), _middle(tiles[textured]), tiles


def _together(slow: Flags) -> Flags:
    """Only tiles that differ with at least two of their neighbours: a single one is a window pane or a leaf."""
    around = cv2.boxFilter(slow.astype(np.uint8), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(slow & (around >= 3))


def _slow_step(scene: Scene, now_s: float) -> None:
    """Once a second: which tiles differ from the reference, and what the reference may learn."""
    step_s, scene.stepped_s = now_s - scene.stepped_s, now_s
    if _mode_changed(scene):
        scene.relearn_until_s = now_s + RELEARN_S
    if now_s - scene.first_s < WARM_S:
        scene.reference = scene.fast.copy()
        return
    scene.gain, scene.veil, veils = _veiled(scene)
    easier = np.float32(1.0) - np.float32(0.3) * scene.slow
    luma = BLACK + (scene.reference[LUMA] - BLACK) * scene.gain
    loose = USUAL_SLOW * scene.usual
    apart = np.abs(scene.fast[LUMA] - luma) > easier * (SLOW_LUMA + SLOW_LUMA_SHARE * luma) + loose
    tinted = np.abs(scene.fast[BLUE:] - scene.reference[BLUE:]).max(axis=0) > easier * SLOW_CHROMA + loose
    veiled = (veils < 1.0 - easier * (1.0 - VEIL_RATIO)) & (scene.usual < RESTLESS)
    slow = _together(np.asarray(apart | tinted | veiled))
    scene.slow_since_s = np.where(slow & scene.slow, scene.slow_since_s, now_s)
    scene.slow, scene.stale = slow, bool(slow.any())
    if 0.0 < scene.relearn_until_s <= now_s:
        _relearn(scene)
        return
    haste = YOUNG_HASTE if now_s - scene.first_s < YOUNG_S else 1.0
    told = slow & (now_s - scene.slow_since_s >= SEEN_S / haste)
    rate = np.where(told, haste * step_s / ABSORB_S, np.where(slow, 0.0, step_s / REFERENCE_S)).astype(np.float32)
    scene.reference = scene.reference + np.minimum(rate, 1.0) * (scene.fast - scene.reference)


def _mode_changed(scene: Scene) -> bool:
    """Colour came or went: each has its own reference, and the other one is taken up where it was left.

    A picture of nothing (black, or a covered lens) has no colour either, and is neither.
    """
    colour = _coloured(scene.fast, scene.colour)
    if colour == scene.colour or spread(scene.fast[LUMA]) < PLAIN_SPREAD:
        return False
    kept = scene.other if scene.other is not None else scene.fast.copy()
    scene.colour, scene.other, scene.reference = colour, scene.reference, kept
    return True


def _relearn(scene: Scene) -> None:
    """The end of a change of light: a new reference, unless it was no light that took the contrast away."""
    scene.relearn_until_s = -1.0
    if scene.veil >= VEIL_LIGHT and float(scene.slow.mean()) > 0.25:
        scene.reference = scene.fast.copy()
        scene.slow, scene.stale = np.zeros_like(scene.slow), False


def _learn_usual(scene: Scene, stir: Grid, fast: Flags, step_s: float) -> None:
    """A tile that is told again and again slowly counts its changes as usual: a clock in the picture, a TV, a tree."""
    scene.usual += np.where(fast, np.float32(step_s / USUAL_S), np.float32(0.0)) * (stir - scene.usual)


def _learn_noise(scene: Scene, step_s: float) -> None:
    """Once a second, from the largest change of each tile in it: key frames count as what they are, noise."""
    scene.noise += np.float32(min(1.0, step_s / NOISE_S)) * (np.minimum(scene.peak, 4.0) - scene.noise)
    scene.peak = np.zeros_like(scene.peak)
    scene.usual *= np.float32(max(0.0, 1.0 - step_s / FORGET_S))
    own = np.minimum(np.maximum(1.2 + 2.0 * scene.noise, FAST_LEAST), FAST_MOST)
    scene.limit = np.asarray(own + 2.0 * scene.usual, dtype=np.float32)


def look(scene: Scene | None, small: Small, now_s: float) -> tuple[Scene, SceneLook]:
    """The picture against the scene; the scene given is changed and returned. A picture of another size begins anew."""
    luma = _padded(halved(small.y))
    known = scene is not None and scene.luma.shape == luma.shape
    tiles = _tiled(luma, scene.luma if scene is not None and known else luma, small)
    features, motion = tiles[:CHANGE], tiles[CHANGE]
    if scene is None or not known:
        scene = _new(luma, features, now_s)
    step_s = min(max(now_s - scene.last_s, 0.0), LONGEST_STEP_S)
    apart = np.abs(features - scene.fast)
    stir = np.maximum(motion, np.maximum.reduce(apart) - np.float32(1.5))
    fast = np.asarray(stir > scene.limit)
    moving, share = bool(fast.any()), 0.0
    if moving:
        share = float(np.count_nonzero(apart[LUMA] > LIGHTING_GREY)) / fast.size
        if share > LIGHTING_SHARE:
            scene.relearn_until_s = now_s + RELEARN_S
        elif now_s >= scene.relearn_until_s:
            _learn_usual(scene, stir, fast, step_s)
    np.maximum(scene.peak, motion, out=scene.peak)
    cv2.accumulateWeighted(features, scene.fast, step_s / FAST_S)
    scene.luma, scene.last_s = luma, now_s
    if now_s - scene.stepped_s >= SLOW_STEP_S:
        _learn_noise(scene, now_s - scene.stepped_s)
        _slow_step(scene, now_s)
    relearning = now_s < scene.relearn_until_s or now_s - scene.first_s < WARM_S
    lighting = Lighting(scene.gain, scene.veil, share, scene.colour, relearning)
    quiet = not (relearning or moving or scene.stale)
    change = cv2.mean(motion)[0]
    return scene, SceneLook(quiet, motion, fast, scene.slow, lighting, features, scene.reference, luma, change)
