"""The still part of a demo picture: a stockroom, ray-cast once per seed as a fixed camera under the ceiling sees it.

Metres; x to the right, y away from the camera, z up. Light is linear; nothing is downloaded and no file is read.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.furniture import CARTON, GLOW, WOOD, Block, Place, furniture, waste_bin

Field: TypeAlias = NDArray[np.float32]
Rng: TypeAlias = np.random.Generator

WIDTH, HEIGHT = 640, 480
FOCAL_PX = 430.0
EYE = np.array([3.1, 0.25, 2.75], np.float32)
LOOK_AT = np.array([3.35, 5.2, 0.75], np.float32)
ROOM = np.array([6.4, 7.4, 3.1], np.float32)
WINDOW = (2.6, 5.2, 1.05, 2.35)
PASSES = 5
# Rays are shot tile by tile: what cannot be met in a tile, or shade it, is left out.
TILE_ROWS, TILE_COLUMNS = 96, 128


@dataclass(frozen=True, slots=True)
class Room:
    """Linear light of one seed, float32 [480, 640, 3] BGR: steady, by day, by a fire of one unit; `depth` in metres."""

    steady: Field
    daylight: Field
    firelight: Field
    depth: Field
    fire: Place


@lru_cache(maxsize=1)
def axes() -> tuple[Field, Field, Field]:
    """The camera's right, up and forward directions."""
    forward = (LOOK_AT - EYE) / np.linalg.norm(LOOK_AT - EYE)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0], np.float32))
    right = right / np.linalg.norm(right)
    return right.astype(np.float32), np.cross(right, forward).astype(np.float32), forward.astype(np.float32)


def project(point: Place) -> Place:
    """Where a place appears: x in px, y in px, depth in metres along the camera's axis."""
    right, up, forward = axes()
    away = np.array(point, np.float32) - EYE
    depth = max(0.1, float(away @ forward))
    return (
        WIDTH / 2 + FOCAL_PX * float(away @ right) / depth,
        HEIGHT / 2 - FOCAL_PX * float(away @ up) / depth,
        depth,
    )


def cloud(rng: Rng, size: int, slope: float) -> Field:
    """Seamless noise [size, size] with a 1/f^slope spectrum, mean 0, deviation 1."""
    fy = np.fft.fftfreq(size)[:, None]
    fx = np.fft.rfftfreq(size)[None, :]
    radius = np.sqrt(fx * fx + fy * fy)
    radius[0, 0] = 1.0
    white = np.fft.rfft2(rng.standard_normal((size, size)))
    white[0, 0] = 0.0
    noise = np.fft.irfft2(white / radius**slope, s=(size, size))
    return np.asarray(noise / noise.std(), np.float32)


@lru_cache(maxsize=1)
def _noises() -> tuple[Field, Field]:
    return cloud(np.random.default_rng([7, 1]), 512, 1.3), cloud(np.random.default_rng([7, 2]), 512, 0.5)


def _slab(origin: Field, inverse: Field, block: Block) -> tuple[Field, Field]:
    """Entry and exit distance of rays [3, n] with an axis-aligned box; a miss has entry > exit."""
    low = np.array(block.low, np.float32)[:, None]
    high = np.array(block.high, np.float32)[:, None]
    one = (low - origin) * inverse
    two = (high - origin) * inverse
    near = np.minimum(one, two)
    far = np.maximum(one, two)
    return np.maximum(np.maximum(near[0], near[1]), near[2]), np.minimum(np.minimum(far[0], far[1]), far[2])


@dataclass(slots=True)
class _Hit:
    """What each ray met first: distance, place [3, n], axis and sign of the surface, which block (-1 the room)."""

    distance: Field
    place: Field
    axis: NDArray[np.int8]
    sign: Field
    block: NDArray[np.int16]


def _cast(rays: Field, blocks: list[Block]) -> _Hit:
    eye = EYE[:, None]
    inverse = (1.0 / np.where(np.abs(rays) < 1e-6, 1e-6, rays)).astype(np.float32)
    far = np.maximum((0.0 - eye) * inverse, (ROOM[:, None] - eye) * inverse)
    axis = far.argmin(axis=0).astype(np.int8)
    distance = far.min(axis=0)
    which = np.full(distance.shape, -1, np.int16)
    for index, block in enumerate(blocks):
        near, out = _slab(eye, inverse, block)
        met = (near < out) & (near > 0.05) & (near < distance)
        distance = np.where(met, near, distance)
        which[met] = index
    place = eye + rays * distance
    for index in np.unique(which[which >= 0]):
        mine = which == index
        block = blocks[int(index)]
        faces = np.minimum(
            np.abs(place[:, mine] - np.array(block.low, np.float32)[:, None]),
            np.abs(place[:, mine] - np.array(block.high, np.float32)[:, None]),
        )
        axis[mine] = faces.argmin(axis=0)
    sign = -np.sign(np.take_along_axis(rays, axis[None].astype(np.int64), axis=0)[0])
    return _Hit(distance, place, axis, sign.astype(np.float32), which)


def _between(ends: Field, blocks: list[Block]) -> list[Block]:
    """The blocks which reach into the space spanned by the places [3, n]; a lamp's shade lets light through."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    return [
        block
        for block in blocks
        if block.stuff != GLOW and bool((np.array(block.high) > low).all() and (np.array(block.low) < high).all())
    ]


def _in_view(rows: Field, columns: Field, blocks: list[Block]) -> list[Block]:
    """The blocks which the rays through these places of the picture may meet."""
    seen = []
    for block in blocks:
        (x0, y0, z0), (x1, y1, z1) = block.low, block.high
        corners = np.array([project((x, y, z)) for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)])
        (left, top, _), (right, bottom, _) = corners.min(axis=0) - 1.0, corners.max(axis=0) + 1.0
        if left < columns.max() and right > columns.min() and top < rows.max() and bottom > rows.min():
            seen.append(block)
    return seen


def _shade(hit: _Hit, light: Place, blocks: list[Block], power: float) -> Field:
    """Light from a point, inverse square with Lambert's cosine, 0 in the shadow of a block; float32 [n]."""
    way = np.array(light, np.float32)[:, None] - hit.place
    square = (way * way).sum(axis=0)
    cosine = np.take_along_axis(way, hit.axis[None].astype(np.int64), axis=0)[0] * hit.sign
    start = hit.place + 0.01 * way
    inverse = (1.0 / np.where(np.abs(way) < 1e-6, 1e-6, way)).astype(np.float32)
    shadow = cosine <= 0.0
    ends = np.concatenate([hit.place, np.array(light, np.float32)[:, None]], axis=1)
    for block in _between(ends, blocks):
        near, out = _slab(start, inverse, block)
        shadow |= (near < out) & (out > 0.0) & (near < 0.97)
    lit = np.where(shadow, 0.0, cosine) / (square * np.sqrt(square) + 0.02)
    return np.asarray(power * lit, np.float32)


def _sun(hit: _Hit, blocks: list[Block], toward: Field) -> Field:
    """Sunshine which comes in through the window's panes; float32 [n]."""
    run = hit.place[0] / toward[0]
    wall_y = hit.place[1] - run * toward[1]
    wall_z = hit.place[2] - run * toward[2]
    left, right, low, high = WINDOW
    across, up = (wall_y - left) / (right - left), (wall_z - low) / (high - low)
    inside = (across > 0) & (across < 1) & (up > 0) & (up < 1)
    inside &= (np.abs((across * 3) % 1 - 0.5) < 0.46) & (np.abs((up * 2) % 1 - 0.5) < 0.47)
    direction = -toward
    cosine = np.choose(hit.axis, list(direction)) * hit.sign
    start = hit.place + 0.01 * direction[:, None]
    inverse = np.broadcast_to((1.0 / direction)[:, None], start.shape).astype(np.float32)
    shadow = (cosine <= 0) | ~inside
    for block in blocks if not shadow.all() else ():
        near, out = _slab(start, inverse, block)
        shadow |= (near < out) & (out > 0.0)
    return np.where(shadow, 0.0, cosine).astype(np.float32)


def _plan(place: Field, axis: NDArray[np.int8]) -> tuple[Field, Field]:
    """Two coordinates in the surface's own plane, metres."""
    first = np.where(axis == 0, place[1], place[0])
    second = np.where(axis == 2, place[1], place[2])
    return first, second


def _sample(noise: Field, first: Field, second: Field, cells_per_m: float) -> Field:
    size = noise.shape[0]
    row, column = ((along * cells_per_m).astype(np.int64) % size for along in (first, second))
    return np.asarray(noise[row, column], np.float32)


def _walls(hit: _Hit, paint: NDArray[np.float32], coarse: Field, fine: Field) -> None:
    """Colours of the room itself: concrete slabs, two-tone walls, a door, a ceiling; into paint [3, n]."""
    own = hit.block < 0
    first, second = _plan(hit.place, hit.axis)
    stain = 1.0 + 0.07 * _sample(coarse, first, second, 45.0) + 0.04 * _sample(fine, first, second, 200.0)
    floor = own & (hit.axis == 2) & (hit.place[2] < 0.1)
    joint = (np.abs(hit.place[0] % 1.6 - 0.8) > 0.793) | (np.abs(hit.place[1] % 1.6 - 0.8) > 0.793)
    line = (np.abs(hit.place[0] - 5.35) < 0.05) & (hit.place[1] > 1.5)
    wall = own & (hit.axis != 2)
    door = wall & (hit.axis == 1) & (np.abs(hit.place[0] - 3.5) < 0.46) & (hit.place[2] < 2.08)
    frame = wall & (hit.axis == 1) & (np.abs(hit.place[0] - 3.5) < 0.53) & (hit.place[2] < 2.15) & ~door
    for where, colour in (
        (own, (0.62, 0.64, 0.64)),
        (floor, (0.27, 0.285, 0.29)),
        (wall, (0.50, 0.56, 0.57)),
        (wall & (hit.place[2] < 1.1), (0.30, 0.33, 0.28)),
        (frame, (0.2, 0.22, 0.22)),
        (door, (0.33, 0.25, 0.17)),
        (floor & line, (0.12, 0.50, 0.58)),
        (floor & joint, (0.15, 0.155, 0.16)),
    ):
        paint[:, where] = np.array(colour, np.float32)[:, None]
    paint *= np.where(own, stain, 1.0).clip(0.6, 1.4)


def _surfaces(hit: _Hit, blocks: list[Block]) -> Field:
    """Reflectance (B, G, R) of everything the rays met, float32 [3, n]."""
    paint = np.zeros((3, hit.distance.size), np.float32)
    coarse, fine = _noises()
    _walls(hit, paint, coarse, fine)
    for index in np.unique(hit.block[hit.block >= 0]):
        mine = hit.block == index
        block = blocks[int(index)]
        place, axis = hit.place[:, mine], hit.axis[mine]
        first, second = _plan(place, axis)
        grain = {WOOD: (12.0, 300.0), CARTON: (60.0, 60.0)}.get(block.stuff, (150.0, 150.0))
        tone = 1.0 + 0.06 * _sample(fine, first * grain[0] / 100.0, second * grain[1] / 100.0, 100.0)
        colour = np.array(block.colour, np.float32)[:, None] * tone
        if block.stuff == CARTON:
            low, high = np.array(block.low, np.float32), np.array(block.high, np.float32)
            share = (place - low[:, None]) / (high - low)[:, None]
            tape = np.abs(np.where(axis == 0, share[1], share[0]) - 0.5) < 0.07
            label = (
                (axis != 2)
                & (np.abs(share[2] - 0.35) < 0.14)
                & (np.abs(np.where(axis == 0, share[1], share[0]) - 0.75) < 0.15)
            )
            edge = np.abs(share - 0.5).max(axis=0) > 0.497
            colour = np.where(tape, colour * 1.22, colour)
            colour = np.where(label & (round(block.low[1] * 100.0) % 2 == 0), np.float32(0.62), colour)
            colour = np.where(edge, colour * 0.8, colour)
        paint[:, mine] = colour
    return paint


def _corners(place: Field) -> Field:
    """Darkening where walls, floor and ceiling meet; float32 [n]."""
    gap = np.minimum(place, ROOM[:, None] - place)
    gap.sort(axis=0)
    return np.asarray(1.0 - 0.45 * np.exp(-gap[1] / 0.35), np.float32)


@dataclass(frozen=True, slots=True)
class _Lamps:
    """Where one pass takes its light from: a spot on each tube, on the window, of the sun, the lamp and the fire."""

    tubes: tuple[Place, ...]
    pane: Place
    sun: Field
    lamp: Place
    fire: Place


def _lights(rng: Rng, lamp: Place, fire: Place) -> _Lamps:
    """Jittered spots: their mean over the passes gives soft shadows."""
    tubes = tuple((rng.uniform(2.6, 3.8), y_m + rng.uniform(-0.5, 0.5), 3.0) for y_m in (2.2, 5.2))
    pane = (0.06, rng.uniform(*WINDOW[:2]), rng.uniform(*WINDOW[2:]))
    sun = np.array([0.74, 0.12, -0.62], np.float32) + rng.uniform(-0.012, 0.012, 3).astype(np.float32)
    across, up = rng.uniform(-0.15, 0.15, 2)
    return _Lamps(tubes, pane, sun.astype(np.float32), lamp, (fire[0] + across, fire[1] - 0.15, fire[2] + 0.45 + up))


def _glare(hit: _Hit, blocks: list[Block], steady: Field, day: Field) -> None:
    """What shines by itself: the lamp's shade and the window's panes."""
    glow = np.isin(hit.block, [k for k, block in enumerate(blocks) if block.stuff == GLOW])
    steady[:, glow] = _bgr(0.5, 1.5, 2.4) * (0.7 + 1.5 * (hit.place[2, glow] - 1.03))
    left, far, low, high = WINDOW
    across, rise = (hit.place[1] - left) / (far - left), (hit.place[2] - low) / (high - low)
    glass = (hit.block < 0) & (hit.axis == 0) & (hit.place[0] < 1.0)
    glass &= (np.abs(across - 0.5) < 0.5) & (np.abs(rise - 0.5) < 0.5)
    bar = (np.abs((across * 3) % 1 - 0.5) > 0.46) | (np.abs((rise * 2) % 1 - 0.5) > 0.47)
    day[:, glass] = np.where(bar[glass], 0.25, _bgr(2.4, 2.2, 2.0) * (0.6 + 0.7 * rise[glass]))


def _bgr(blue: float, green: float, red: float) -> Field:
    return np.array([[blue], [green], [red]], np.float32)


def _shoot(rows: Field, columns: Field, blocks: list[Block], lamps: _Lamps) -> Field:
    """Rays through places of the picture [n]: steady, day and fire light and depth, float32 [10, n]."""
    right, up, forward = axes()
    x = (columns - WIDTH / 2) / FOCAL_PX
    y = (rows - HEIGHT / 2) / FOCAL_PX
    seen = _in_view(rows, columns, blocks)
    hit = _cast((forward[:, None] + right[:, None] * x - up[:, None] * y).astype(np.float32), seen)
    paint = _surfaces(hit, seen)
    corner = _corners(hit.place)
    tubes = sum((_shade(hit, tube, blocks, 1.25) for tube in lamps.tubes), np.zeros_like(corner))
    warm = _shade(hit, lamps.lamp, blocks, 0.16) * np.where(hit.place[2] > 0.7, 1.0, 0.5).astype(np.float32)
    sky = _shade(hit, lamps.pane, blocks, 1.9)
    sun = _sun(hit, blocks, lamps.sun)
    steady = paint * (_bgr(0.95, 1.0, 0.92) * (tubes + 0.13 * corner) + _bgr(0.35, 0.7, 1.0) * warm)
    day = paint * (_bgr(1.0, 0.9, 0.78) * sky + _bgr(0.75, 0.95, 1.0) * 1.6 * sun + 0.04 * corner)
    _glare(hit, seen, steady, day)
    burn = paint * _bgr(0.10, 0.42, 1.0) * _shade(hit, lamps.fire, blocks, 1.0)
    return np.concatenate([steady, day, burn, hit.distance[None]]).astype(np.float32)


@lru_cache(maxsize=3)
def room(seed: int) -> Room:
    """The room of a seed; some seconds of CPU the first time."""
    rng = np.random.default_rng([seed, 11])
    blocks, lamp = furniture(rng)
    x, y, z = 2.6 + rng.uniform(-0.2, 1.4), 4.6 + rng.uniform(-0.3, 0.6), 0.32
    blocks.append(waste_bin((x, y, z)))
    total: Field = np.zeros((10, HEIGHT, WIDTH), np.float32)
    rows, columns = np.mgrid[0:TILE_ROWS, 0:TILE_COLUMNS].astype(np.float32).reshape(2, -1)
    for _ in range(PASSES):
        down, across = rng.uniform(0.0, 1.0, 2).astype(np.float32)
        lamps = _lights(rng, lamp, (x, y, z))
        for top, left in product(range(0, HEIGHT, TILE_ROWS), range(0, WIDTH, TILE_COLUMNS)):
            layers = _shoot(rows + top + down, columns + left + across, blocks, lamps)
            tile = layers.reshape(10, TILE_ROWS, TILE_COLUMNS)
            total[:, top : top + TILE_ROWS, left : left + TILE_COLUMNS] += tile
    total /= PASSES
    steady, day, burn = (np.ascontiguousarray(total[k : k + 3].transpose(1, 2, 0)) for k in (0, 3, 6))
    return Room(steady, day, np.asarray(cv2.GaussianBlur(burn, (0, 0), 0.8), np.float32), total[9], (x, y, z))
