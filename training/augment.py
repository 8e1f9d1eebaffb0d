"""Turns a labelled picture into a training view: a crop, a degraded look, and targets that follow the crop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.dataset import FLAMES_MISSED, FRAGMENTED, Picture
from training.lights import add_lights, haze, shine

CELL_PX = 16
#: A box whose visible side is under this many pixels is too small to be asked for.
SMALLEST_PX = 6.0
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targets:
    """What the model should say: per cell [2, H/16, W/16] and per picture [2]; weight 0 means unknown."""

    cells: Floats
    cell_weights: Floats
    picture: Floats
    picture_weights: Floats


@dataclass(frozen=True, slots=True)
class View:
    """Pixels [H, W, 3] BGR uint8 and their targets."""

    pixels: Pixels
    targets: Targets


def coverage(box: Floats, size: tuple[int, int]) -> Floats:
    """Fraction of each 16-px cell covered by a box (x0, y0, x1, y1 in pixels); size is (width, height)."""
    across = _overlap(box[0], box[2], size[0] // CELL_PX)
    down = _overlap(box[1], box[3], size[1] // CELL_PX)
    return np.outer(down, across).astype(np.float32)


def _overlap(start: float, end: float, count: int) -> NDArray[np.float64]:
    edges = np.arange(count + 1) * CELL_PX
    return np.clip(np.minimum(end, edges[1:]) - np.maximum(start, edges[:-1]), 0, None) / CELL_PX


def class_targets(
    boxes: Floats, size: tuple[int, int], known: bool, outside: float
) -> tuple[Floats, Floats, float, float]:
    """Targets of one class: (cells, cell weights, picture label, picture weight).

    boxes are pixel rows (x0, y0, x1, y1) on the view, also those partly or wholly outside it;
    `known` says whether absence can be trusted; `outside` weighs cells outside boxes where boxes exist.
    """
    shape = (size[1] // CELL_PX, size[0] // CELL_PX)
    cells = np.zeros(shape, np.float32)
    covered = np.zeros(shape, np.float32)
    certain = False
    touched = False
    for box in boxes:
        seen = np.array([max(box[0], 0), max(box[1], 0), min(box[2], size[0]), min(box[3], size[1])], np.float32)
        wide, high = seen[2] - seen[0], seen[3] - seen[1]
        if wide <= 0 or high <= 0:
            continue
        touched = True
        share = coverage(seen, size)
        covered = np.maximum(covered, share)
        whole = max((box[2] - box[0]) * (box[3] - box[1]), 1.0)
        big_enough = min(wide, high) >= SMALLEST_PX
        if big_enough and (wide * high / whole >= 0.3 or share.mean() >= 0.08):
            certain = True
            cells[np.unravel_index(share.argmax(), shape)] = 1.0
    cells[covered >= 0.5] = 1.0
    weights = np.where(cells > 0, 1.0, np.where(covered > 0.02, 0.0, outside if known else 0.0))
    label = 1.0 if certain else 0.0
    weight = 1.0 if certain else (outside if known and not touched else 0.0)
    return cells, weights.astype(np.float32), label, weight


def targets(boxes: Floats, size: tuple[int, int], known: tuple[bool, bool], source: str) -> Targets:
    """Targets of both classes for rows (class, x0, y0, x1, y1) in pixels of the view."""
    found = []
    for kind in (0, 1):
        mine = boxes[boxes[:, 0] == kind, 1:]
        found.append(class_targets(mine, size, known[kind], _trust(kind, mine, source)))
    return Targets(
        cells=np.stack([each[0] for each in found]),
        cell_weights=np.stack([each[1] for each in found]),
        picture=np.array([each[2] for each in found], np.float32),
        picture_weights=np.array([each[3] for each in found], np.float32),
    )


def _trust(kind: int, mine: Floats, source: str) -> float:
    """How much to believe that what lies outside the boxes of a class is free of it."""
    if len(mine):
        return 0.15 if source in FRAGMENTED else 0.7
    if source in FRAGMENTED:
        return 0.4
    return 0.4 if kind == 0 and source in FLAMES_MISSED else 1.0


def place(boxes: Floats, shape: tuple[int, ...], matrix: NDArray[np.float64]) -> Floats:
    """Moves fractional boxes of a picture of `shape` through an axis-aligned 2x3 matrix into view pixels."""
    moved = boxes.copy()
    for axis, extent in ((0, shape[1]), (1, shape[0])):
        ends = boxes[:, [1 + axis, 3 + axis]] * extent * matrix[axis, axis] + matrix[axis, 2]
        moved[:, 1 + axis], moved[:, 3 + axis] = ends.min(axis=1), ends.max(axis=1)
    return moved


def letterbox_matrix(shape: tuple[int, ...], size: tuple[int, int]) -> NDArray[np.float64]:
    """The matrix that fits a whole picture into `size` (width, height), aspect kept, centred."""
    scale = min(size[0] / shape[1], size[1] / shape[0])
    return np.array(
        [
            [scale, 0, (size[0] - shape[1] * scale) / 2],
            [0, scale, (size[1] - shape[0] * scale) / 2],
        ]
    )


def letterbox(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture fitted into `size` with black bars, as the model is fed at run time."""
    scale = min(size[0] / pixels.shape[1], size[1] / pixels.shape[0])
    wide, high = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - wide) // 2, (size[1] - high) // 2
    canvas[top : top + high, left : left + wide] = cv2.resize(pixels, (wide, high), interpolation=how)
    return canvas


def _crop_matrix(picture: Picture, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    high, wide = picture.pixels.shape[:2]
    side = rng.uniform(0.4, 1.0)
    stretch = float(np.exp(rng.uniform(-0.25, 0.25)))
    region_w = min(wide * side * stretch, wide * 1.0)
    region_h = min(region_w * size[1] / size[0] / stretch**2, high * 1.0)
    left, top = rng.uniform(0, wide - region_w), rng.uniform(0, high - region_h)
    if len(picture.boxes) and rng.random() < 0.6:
        _, x0, y0, x1, y1 = picture.boxes[rng.integers(len(picture.boxes))]
        left = np.clip(rng.uniform(x0, x1) * wide - region_w * rng.uniform(0.2, 0.8), 0, wide - region_w)
        top = np.clip(rng.uniform(y0, y1) * high - region_h * rng.uniform(0.2, 0.8), 0, high - region_h)
    sx, sy = size[0] / region_w, size[1] / region_h
    return np.array([[sx, 0, -left * sx], [0, sy, -top * sy]])


def _whole_matrix(picture: Picture, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    matrix = letterbox_matrix(picture.pixels.shape, size)
    if rng.random() < 0.5:
        high, wide = picture.pixels.shape[:2]
        return np.array([[size[0] / wide, 0, 0.0], [0, size[1] / high, 0.0]])
    return matrix


def _small_matrix(picture: Picture, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    high, wide = picture.pixels.shape[:2]
    share = rng.uniform(0.25, 0.75)
    scale = share * min(size[0] / wide, size[1] / high)
    left = rng.uniform(-0.1 * size[0], size[0] * 1.1 - wide * scale)
    top = rng.uniform(-0.1 * size[1], size[1] * 1.1 - high * scale)
    return np.array([[scale, 0, left], [0, scale, top]])


def _mirror(matrix: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    turned = matrix.copy()
    turned[0] *= -1
    turned[0, 2] += width
    return turned


def warp(pixels: Pixels, matrix: NDArray[np.float64], size: tuple[int, int]) -> Pixels:
    """Pixels moved through the matrix onto a black canvas of `size`; shrinks by area first to avoid aliasing."""
    shrink = min(abs(matrix[0, 0]), abs(matrix[1, 1]))
    if shrink < 0.6:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=abs(matrix[0, 0]), fy=abs(matrix[1, 1]), interpolation=cv2.INTER_AREA),
            np.uint8,
        )
        matrix = np.array([[np.sign(matrix[0, 0]), 0, matrix[0, 2]], [0, 1.0, matrix[1, 2]]])
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


def view(picture: Picture, backgrounds: Sequence[Picture], size: tuple[int, int], rng: np.random.Generator) -> View:
    """One random training view of `size` (width, height); `backgrounds` are pictures known to be empty."""
    way = rng.random()
    small = way >= 0.78
    maker = _crop_matrix if way < 0.38 else (_small_matrix if small else _whole_matrix)
    matrix = maker(picture, size, rng)
    if rng.random() < 0.5:
        matrix = _mirror(matrix, size[0])
    pixels = warp(picture.pixels, matrix, size)
    boxes = place(picture.boxes, picture.pixels.shape, matrix)
    known, source = picture.known, picture.source
    if small:
        pixels = _onto(picture, pixels, matrix, backgrounds[rng.integers(len(backgrounds))], rng)
    goal = targets(boxes, size, known, source)
    return View(pixels=look_of_a_camera(pixels, rng), targets=goal)


def flame_view(
    picture: Picture, backgrounds: Sequence[Picture], size: tuple[int, int], rng: np.random.Generator
) -> View | None:
    """A flame of the picture, small, burning in an empty scene; None where the picture has no box that would do.

    A flame gives light, so it is added to the scene as light is; what is dark beside it in its own picture stays away.
    """
    cut = _flame(picture, rng)
    if cut is None:
        return None
    behind = backgrounds[rng.integers(len(backgrounds))]
    maker = _crop_matrix if rng.random() < 0.5 else _whole_matrix
    ground = warp(behind.pixels, maker(behind, size, rng), size).astype(np.float32)
    long_px = float(np.exp(rng.uniform(np.log(10), np.log(130))))
    scale = long_px / max(cut.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    wide, high = max(6, round(cut.shape[1] * scale)), max(6, round(cut.shape[0] * scale))
    flame = _bright(np.asarray(cv2.resize(cut, (wide, high), interpolation=how), np.uint8), rng)
    left, top = int(rng.integers(max(1, size[0] - wide))), int(rng.integers(max(1, size[1] - high)))
    wide, high = min(wide, size[0] - left), min(high, size[1] - top)
    flame = flame[:high, :wide]
    under = ground[top : top + high, left : left + wide]
    light = flame.max(axis=2, keepdims=True) / np.float32(255)
    ground[top : top + high, left : left + wide] = np.maximum(under * (1 - light), 0) + flame * light
    boxes = np.array([[0, left, top, left + wide, top + high]], np.float32)
    goal = targets(boxes, size, (True, True), "pasted")
    return View(pixels=look_of_a_camera(_glow(ground, boxes[0, 1:], rng), rng), targets=goal)


def _flame(picture: Picture, rng: np.random.Generator) -> Pixels | None:
    """Pixels of one box of fire whose middle is much brighter than its rim, so that it can be cut out."""
    rows = picture.boxes[picture.boxes[:, 0] == 0]
    if len(rows) == 0:
        return None
    high, wide = picture.pixels.shape[:2]
    _, x0, y0, x1, y1 = rows[rng.integers(len(rows))]
    cut = picture.pixels[int(y0 * high) : int(np.ceil(y1 * high)), int(x0 * wide) : int(np.ceil(x1 * wide))]
    if min(cut.shape[:2]) < 14:
        return None
    level = cut.max(axis=2).astype(np.float32)
    rim = np.concatenate([level[0], level[:, 0], level[:, -1]])
    return cut if np.quantile(level, 0.8) > np.median(rim) + 60 and np.quantile(level, 0.9) > 170 else None


def _bright(flame: Pixels, rng: np.random.Generator) -> Floats:
    """A flame without its dark surroundings, feathered, now and then as poor or infra-red cameras show it."""
    level = flame.max(axis=2, keepdims=True).astype(np.float32)
    floor = float(np.quantile(level, 0.25))
    mask = np.clip((level - floor) / max(255.0 - floor, 1.0) * 1.8, 0, 1)
    ends = [np.minimum(1, np.minimum(np.arange(n) + 1, n - np.arange(n)) / max(0.12 * n, 1)) for n in flame.shape[:2]]
    out = flame.astype(np.float32) * mask * np.outer(*ends)[..., None].astype(np.float32)
    way = rng.random()
    if way < 0.25:  # blown out: a white core
        out = np.clip(out * rng.uniform(1.5, 3.0), 0, 255)
    elif way < 0.35:  # purple, as sensors without an infra-red filter show it
        out = np.clip(out[..., [2, 1, 2]] * np.array([rng.uniform(0.6, 1.1), 0.7, 1.0], np.float32), 0, 255)
    elif way < 0.5:
        out = np.repeat(out.max(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(out, np.float32)


def _glow(ground: Floats, box: Floats, rng: np.random.Generator) -> Pixels:
    """The light of a flame on what is around it."""
    radius = float(max(box[2] - box[0], box[3] - box[1]))
    across = np.exp(-(((np.arange(ground.shape[1]) - (box[0] + box[2]) / 2) / (1.5 * radius)) ** 2))
    down = np.exp(-(((np.arange(ground.shape[0]) - (box[1] + box[3]) / 2) / (1.5 * radius)) ** 2))
    warm = np.array([0.5, 0.8, 1.0], np.float32) * np.float32(rng.uniform(0, 0.7))
    lit = ground * (1 + np.outer(down, across)[..., None].astype(np.float32) * warm)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _onto(
    picture: Picture, pixels: Pixels, matrix: NDArray[np.float64], behind: Picture, rng: np.random.Generator
) -> Pixels:
    """The shrunken picture laid on another scene, with a hard or a soft edge."""
    size = (pixels.shape[1], pixels.shape[0])
    ground = warp(behind.pixels, _crop_matrix(behind, size, rng), size)
    mask = warp(np.full(picture.pixels.shape, 255, np.uint8), matrix, size)
    soft = cv2.blur(mask, (9, 9)).astype(np.float32) / 255 if rng.random() < 0.5 else mask / np.float32(255)
    soft = np.minimum(soft, mask / np.float32(255))
    return (pixels * soft + ground * (1 - soft)).astype(np.uint8)


def look_of_a_camera(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Lamps, haze and what cameras do; one picture in five stays as it is."""
    if rng.random() < 0.2:
        return pixels
    return degrade(haze(shine(add_lights(pixels, rng), rng), rng), rng)


def _soften(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.4 + 2.6 * rng.random() ** 2), np.uint8)
    scale = rng.uniform(0.4, 0.9)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _expose(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    gamma, gain = float(np.exp(rng.uniform(-0.6, 0.6))), rng.uniform(0.65, 1.4)
    curve = np.clip((np.arange(256) / 255.0) ** gamma * gain * 255 + rng.uniform(-20, 20), 0, 255)
    return np.asarray(cv2.LUT(pixels, curve.astype(np.uint8)), np.uint8)


def _tint(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    cast = rng.uniform(0.8, 1.2, 3)
    if rng.random() < 0.1:  # a sensor without an infra-red filter: everything towards magenta
        cast *= (1.1, rng.uniform(0.55, 0.85), 1.1)
    grey = pixels.mean(axis=2, keepdims=True)
    mixed = grey + (pixels - grey) * rng.uniform(0.4, 1.4)
    return np.clip(mixed * cast, 0, 255).astype(np.uint8)


def _grey(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    weights = rng.dirichlet((2.0, 4.0, 6.0))
    return np.repeat((pixels @ weights).astype(np.uint8)[..., None], 3, axis=2)


def _noise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    wave = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(rng.uniform(2, 14))
    return np.clip(pixels + wave, 0, 255).astype(np.uint8)


def _compress(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _blocks(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Hard-edged blocks of 5 to 16 px, as a video stream decoded without its loop filter shows them."""
    scale = float(rng.uniform(0.5, 1.6))
    other = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    _, packed = cv2.imencode(".jpg", other, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(6, 30))])
    back = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(back, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _over_expose(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Bright places burn out to white, or to magenta where the sensor sees infra-red."""
    level = pixels.max(axis=2, keepdims=True).astype(np.float32)
    burnt = np.clip((level - rng.uniform(140, 220)) / 40, 0, 1)
    target = np.array((255, rng.uniform(120, 255), 255), np.float32) if rng.random() < 0.3 else np.float32(255)
    return np.clip(pixels * (1 - burnt) + target * burnt, 0, 255).astype(np.uint8)


def _night(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A dark scene in which only lights are left."""
    curve = (np.arange(256) / 255.0) ** rng.uniform(1.4, 2.6) * rng.uniform(0.7, 1.1) * 255
    return np.asarray(cv2.LUT(pixels, np.clip(curve, 0, 255).astype(np.uint8)), np.uint8)


STEPS: tuple[tuple[float, Callable[[Pixels, np.random.Generator], Pixels]], ...] = (
    (0.25, _soften),
    (0.08, _night),
    (0.40, _expose),
    (0.18, _over_expose),
    (0.35, _tint),
    (0.18, _grey),
    (0.25, _noise),
    (0.35, _compress),
    (0.12, _blocks),
)


def degrade(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """What cameras do to a scene, each with its chance: blur, exposure, colour cast, grey, noise, compression."""
    for chance, step in STEPS:
        if rng.random() < chance:
            pixels = step(pixels, rng)
    return pixels
