"""Rendered demo scenes: a stockroom as a fixed camera sees it, quiet, with a fire, or with smoke.

`render` is a pure function of its arguments; the still room and the recorded motion of a seed are made on the first
call (some seconds of CPU) and kept.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo import plume
from embereye_addon.demo.room import FOCAL_PX, HEIGHT, WIDTH, Room, project, room

Field: TypeAlias = NDArray[np.float32]
Picture: TypeAlias = NDArray[np.uint8]

SCENES = ("quiet", "flame", "smoke")
FLAME_GROWS_S = 5.0
FLAME_TALL_M = 2.1
SMOKE_TALL_M = 3.3
WALK_EVERY_S = 26.0
WALK_S = 11.0
# Rows between a recorded plume's base and its bottom edge, as fed by plume.py.
BASE_ROW = 7
LEVELS = 4096.0
WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Box:
    """Where the fire is: label flame or smoke, edges as fractions of the picture from its top left."""

    label: str
    left: float
    top: float
    right: float
    bottom: float


@lru_cache(maxsize=1)
def _film() -> NDArray[np.int16]:
    """Linear light times LEVELS to 8-bit: a soft shoulder, then display gamma."""
    light = np.arange(65536, dtype=np.float64) / LEVELS
    return np.asarray(np.round(255.0 * (1.0 - np.exp(-2.3 * light)) ** (1 / 2.2)), np.int16)


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.int16]:
    """Sensor noise, larger than the picture so that each frame takes another part of it."""
    rng = np.random.default_rng(5)
    shape = (HEIGHT + 256, WIDTH + 256)
    luma = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (3, 3), 0.55) * 3.4
    chroma = cv2.GaussianBlur(rng.standard_normal((*shape, 3)).astype(np.float32), (5, 5), 1.1) * 2.6
    return np.asarray(np.round(luma[..., None] + chroma), np.int16)


@lru_cache(maxsize=1)
def _vignette() -> Field:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    radius = ((columns - WIDTH / 2) ** 2 + (rows - HEIGHT / 2) ** 2) / (WIDTH / 2) ** 2
    return np.asarray((1.0 - 0.22 * radius)[..., None], np.float32)


def _wave(at_s: float, slow_hz: float, seed: int) -> float:
    """A wandering value in -1..1 built of four sines which do not repeat together."""
    phases = np.random.default_rng([seed, 3]).uniform(0.0, 6.28, 4)
    rates = (1.0, 1.63, 2.71, 4.23)
    total = sum(
        np.sin(6.2832 * slow_hz * rate * at_s + phase) / rate for rate, phase in zip(rates, phases, strict=True)
    )
    return float(total) / 2.2


def _place(picture: Field, foot: tuple[float, float], px_per_cell: float, mirror: bool) -> Field:
    """A recorded picture set into the camera's, its base at `foot`; float32 [480, 640]."""
    rows, columns = picture.shape
    across = -px_per_cell if mirror else px_per_cell
    matrix = np.array(
        [
            [across, 0.0, foot[0] - across * columns / 2],
            [0.0, px_per_cell, foot[1] - px_per_cell * (rows - BASE_ROW)],
        ]
    )
    return np.asarray(cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), np.float32)


def _hidden(scene: Room, depth_m: float) -> NDArray[np.bool_]:
    return np.asarray(scene.depth < depth_m - 0.4)


def _growth(since_s: float, grows_s: float) -> float:
    share = min(1.0, max(0.0, since_s / grows_s))
    return share * share * (3.0 - 2.0 * share)


def tall(since_s: float, grows_s: float = FLAME_GROWS_S) -> float:
    """How tall the flame of a scene is, as a share of `FLAME_TALL_M`, without its flicker."""
    return 0.16 + 0.84 * _growth(since_s, grows_s)


# Tongues of one fire: metres to the side, share of the size, mirrored, seconds apart.
TONGUES = ((0.0, 1.0, False, 0.0), (-0.17, 0.72, True, 1.7), (0.2, 0.62, False, 2.9))


def _burn(scene: Room, seed: int, since_s: float, grows_s: float) -> Field:
    """Burn coordinate summed over the tongues as the camera sees it, float32 [480, 640], 0..about 2."""
    x, y, z = scene.fire
    motion = plume.flame(seed)
    size = tall(since_s, grows_s)
    size *= 1.0 + 0.06 * _wave(since_s, 0.7, seed)
    total: Field = np.zeros((HEIGHT, WIDTH), np.float32)
    for side_m, share, mirror, apart_s in TONGUES:
        across, down, depth = project((x + side_m * size, y, z))
        cell = FLAME_TALL_M * size * share * FOCAL_PX / depth / motion.frames.shape[1]
        total += _place(motion.at(since_s * (1.0 + 0.25 * (1.0 - share)) + apart_s), (across, down), cell, mirror)
    total[_hidden(scene, project(scene.fire)[2])] = 0.0
    return total


def _emission(burn: Field) -> Field:
    """Linear light of a flame, float32 [480, 640, 3] BGR: dark red at thin edges, over-exposed yellow-white inside."""
    thick = np.minimum(burn, 1.6)
    rise = np.clip(thick / 0.22, 0.0, 1.0)
    power = rise * rise * (0.35 + 2.6 * thick)
    hot = np.clip((thick - 0.05) / 0.9, 0.0, 1.0)
    return np.asarray(
        cv2.merge([power * (0.015 + 0.42 * hot * hot), power * (0.12 + 0.62 * hot), power * 1.25]), np.float32
    )


def _sparks(light: Field, scene: Room, seed: int, since_s: float, grows_s: float) -> None:
    """Embers which fly up out of the fire and fade, drawn into the light."""
    size = _growth(since_s, grows_s)
    for index in range(int(16 * size)):
        life_s = 0.9 + 0.11 * (index % 7)
        turn, age = divmod(since_s + 0.37 * index, life_s)
        rng = np.random.default_rng([seed, index, int(turn)])
        side, speed, sway = rng.uniform(-0.25, 0.25), rng.uniform(0.9, 2.3), rng.uniform(-0.4, 0.4)
        x, y, z = scene.fire
        across, down, _ = project((x + side + sway * age * age, y, z + 0.3 + speed * age))
        left = 1.0 - age / life_s
        glow = (0.15 * left, 1.1 * left, 3.5 * left)
        ahead = (across + 4.0 * sway * age, down - 2.2 * speed)
        start = (round(across * 8), round(down * 8))
        cv2.line(light, start, (round(ahead[0] * 8), round(ahead[1] * 8)), glow, 1, cv2.LINE_AA, 3)


def _density(scene: Room, seed: int, since_s: float, tall_m: float) -> Field:
    """Smoke along the line of sight, float32 [480, 640], 0..about 2; grows from the first wisp."""
    if since_s <= 0.0:
        return np.zeros((HEIGHT, WIDTH), np.float32)
    x, y, z = scene.fire
    motion = plume.smoke(seed)
    total: Field = np.zeros((HEIGHT, WIDTH), np.float32)
    for side_m, share, mirror, pace in (
        (0.0, 1.0, False, 1.35),
        (0.1, 1.25, True, 1.15),
        (-0.12, 0.85, True, 1.6),
    ):
        across, down, depth = project((x + side_m, y, z))
        cell = tall_m * share * FOCAL_PX / depth / motion.frames.shape[1]
        total += _place(motion.at(since_s * pace), (across, down), cell, mirror)
    spread = np.asarray(cv2.blur(cv2.resize(total, (160, 120), interpolation=cv2.INTER_AREA), (21, 21)), np.float32)
    total = np.asarray(cv2.GaussianBlur(total, (0, 0), 1.2), np.float32)
    total = 1.15 * total + 0.5 * np.asarray(cv2.resize(spread, (WIDTH, HEIGHT)), np.float32)
    total[_hidden(scene, project(scene.fire)[2])] = 0.0
    return total


def _veil(light: Field, density: Field, strength: float, grey: float) -> Field:
    """Lay smoke over the picture: absorption, and grey light scattered by it, brighter towards the window."""
    through = np.exp(-strength * density)[..., None]
    form = np.asarray(cv2.blur(density, (7, 7)), np.float32)
    relief = np.clip(1.15 + 0.42 * (form - np.roll(form, (9, 9), (0, 1))) - 0.25 * form, 0.45, 1.6)[..., None]
    tint = np.array([1.0, 0.985, 0.96], np.float32) * np.float32(grey)
    return np.asarray(light * through + (1.0 - through) * relief * tint, np.float32)


def _haze(light: Field, since_s: float) -> Field:
    """Smoke which has gathered in the room, thicker under the ceiling; it takes the contrast away."""
    amount = 1.0 - float(np.exp(-max(0.0, since_s - 2.0) / 25.0))
    rows = np.linspace(1.0, 0.25, HEIGHT, dtype=np.float32)[:, None, None]
    through = np.exp(-0.8 * amount * rows)
    return np.asarray(light * through + (1.0 - through) * np.float32(0.22), np.float32)


def _limb(canvas: Picture, joints: list[tuple[float, float]], wide: float, colour: tuple[int, int, int]) -> None:
    points = np.array([[round(x * 16), round(y * 16)] for x, y in joints], np.int32)
    cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, colour, max(1, round(wide)), cv2.LINE_AA, 4)


def _walker(tall_px: float, gait: float, seed: int) -> tuple[Field, Field]:
    """Somebody walking to the right: linear BGR, float32 [n, n, 3], and cover 0..1 [n, n]; feet at the bottom."""
    rng = np.random.default_rng([seed, 21])
    coat = tuple(int(v) for v in rng.integers(25, 120, 3))
    side = 3 * int(tall_px * 1.1)
    unit = 3 * tall_px / 1.78
    canvas = np.zeros((side, side, 3), np.uint8)
    cover = np.zeros((side, side, 3), np.uint8)
    mid, floor = side / 2, side - 3.0
    swing = 0.32 * np.sin(gait)
    hip, neck = (mid, floor - 0.9 * unit), (mid + 0.03 * unit, floor - 1.45 * unit)
    for sign, shade in ((-1.0, 0.75), (1.0, 1.0)):
        lean = sign * swing
        lift = 0.08 * max(0.0, np.cos(gait) * sign)
        knee = (mid + 0.5 * unit * np.sin(lean) + 0.05 * unit, floor - (0.46 + lift) * unit)
        foot = (mid + 0.85 * unit * np.sin(lean), floor - (0.04 + lift) * unit)
        elbow = (neck[0] - 0.26 * unit * np.sin(lean), floor - 1.14 * unit)
        hand = (neck[0] - 0.55 * unit * np.sin(lean) + 0.06 * unit, floor - 0.88 * unit)
        jeans = (int(70 * shade), int(48 * shade), int(40 * shade))
        for target, leg, sleeve in (
            (canvas, jeans, tuple(int(c * shade) for c in coat)),
            (cover, (255, 255, 255), (255, 255, 255)),
        ):
            _limb(target, [hip, knee, foot, (foot[0] + 0.12 * unit, foot[1] + 0.03 * unit)], 0.15 * unit, leg)
            _limb(
                target,
                [(neck[0], neck[1] + 0.06 * unit), elbow, hand],
                0.10 * unit,
                (sleeve[0], sleeve[1], sleeve[2]),
            )
    for target, cloth, skin, hair in (
        (canvas, coat, (90, 115, 160), (22, 28, 38)),
        (cover, WHITE, WHITE, WHITE),
    ):
        _limb(target, [hip, neck], 0.27 * unit, (cloth[0], cloth[1], cloth[2]))
        head = (round(neck[0] + 0.04 * unit), round(floor - 1.64 * unit))
        cv2.ellipse(
            target,
            (head[0] - round(0.02 * unit), head[1] - round(0.03 * unit)),
            (round(0.1 * unit), round(0.13 * unit)),
            0,
            0,
            360,
            hair,
            -1,
            cv2.LINE_AA,
        )
        cv2.ellipse(target, head, (round(0.07 * unit), round(0.105 * unit)), 0, 0, 360, skin, -1, cv2.LINE_AA)
    small = (side // 3, side // 3)
    seen = cv2.resize(canvas, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    mask = cv2.resize(cover, small, interpolation=cv2.INTER_AREA)[..., 0].astype(np.float32) / 255.0
    form = 1.15 - 0.55 * np.roll(cv2.blur(mask, (9, 9)), 4, 1)
    return np.asarray(seen**2.2 * 1.5 * form[..., None], np.float32), mask


def _first_walk_s(seed: int) -> float:
    return 4.0 + (seed * 3.7) % 9.0


def empty_from_s(seed: int) -> float:
    """When the quiet scene's first walker has left; nobody comes for the next 15 s."""
    return _first_walk_s(seed) + WALK_S


def _walks(name: str, at_s: float, seed: int, start_s: float) -> float | None:
    """How far somebody is on the way across the room, 0..1, or None; nobody strolls past a fire."""
    first = _first_walk_s(seed)
    turn, into = divmod(at_s - first, WALK_EVERY_S)
    if turn < 0 or into > WALK_S:
        return None
    if name != "quiet" and first + turn * WALK_EVERY_S + WALK_S > start_s:
        return None
    return into / WALK_S


def _walk(light: Field, scene: Room, way: float, seed: int) -> None:
    """Draw the walker and a soft shadow into the light, behind what stands nearer to the camera."""
    place = (-0.3 + 6.6 * way, 3.4 + 0.8 * np.sin(2.2 * way), 0.0)
    across, down, depth = project(place)
    tall = 1.78 * FOCAL_PX / depth * 0.97
    colours, cover = _walker(tall, way * 6.6 * 4.4, seed)
    size = cover.shape[0]
    shadow = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(
        shadow,
        (round(across + 6), round(down)),
        (round(tall * 0.22), round(tall * 0.05)),
        0,
        0,
        360,
        0.45,
        -1,
    )
    light *= 1.0 - cv2.GaussianBlur(shadow, (0, 0), 4.0)[..., None]
    left, top = round(across - size / 2), round(down - size + 1)
    x0, x1, y0, y1 = max(0, left), min(WIDTH, left + size), max(0, top), min(HEIGHT, top + size)
    if x1 <= x0 or y1 <= y0:
        return
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    alpha = np.where(scene.depth[y0:y1, x0:x1] < depth - 0.3, 0.0, cover[part]).astype(np.float32)[..., None]
    patch = light[y0:y1, x0:x1]
    patch += alpha * (colours[part] - patch)


def _lit(scene: Room, name: str, at_s: float, seed: int, start_s: float) -> Field:
    """The room without fire, linear light: tubes which hum a little, clouds which pass, sometimes a walker."""
    day = 0.85 + 0.13 * _wave(at_s, 0.013, seed + 40)
    hum = 1.0 + 0.006 * _wave(at_s, 0.9, seed + 41)
    light = np.asarray(cv2.addWeighted(scene.steady, hum, scene.daylight, day, 0.0), np.float32)
    way = _walks(name, at_s, seed, start_s)
    if way is not None:
        _walk(light, scene, way, seed)
    return light


def _with_flame(light: Field, scene: Room, seed: int, since_s: float, grows_s: float) -> Field:
    grown = _growth(since_s, grows_s)
    burn = _burn(scene, seed, since_s, grows_s)
    flicker = 1.0 + 0.16 * _wave(since_s, 2.1, seed + 9)
    strength = (0.1 + 0.9 * grown * grown) * flicker
    light = np.asarray(cv2.addWeighted(light, 1.0 - 0.32 * grown, scene.firelight, 3.2 * strength, 0.0), np.float32)
    light = _veil(light, _density(scene, seed, since_s, SMOKE_TALL_M), 0.5 * grown, 0.16)
    emitted = _emission(burn) * np.float32(0.9 + 0.2 * flicker)
    light *= (1.0 - 0.55 * np.minimum(1.0, burn * 2.0))[..., None]
    _sparks(emitted, scene, seed, since_s, grows_s)
    small = cv2.resize(emitted, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    bloom = cv2.addWeighted(cv2.blur(small, (5, 5)), 0.10, cv2.blur(cv2.blur(small, (31, 31)), (21, 21)), 0.10, 0.0)
    return np.asarray(light + emitted + cv2.resize(bloom, (WIDTH, HEIGHT)), np.float32)


def _develop(light: Field, at_s: float, seed: int) -> Picture:
    """Linear light to an 8-bit picture: lens, film curve and sensor noise."""
    level = cv2.multiply(light, np.broadcast_to(_vignette(), light.shape).copy(), scale=LEVELS)
    picture = _film()[np.clip(level, 0.0, 65535.0).astype(np.uint16)]
    rng = np.random.default_rng([seed, round(at_s * 1000.0) % (1 << 31)])
    down, across = rng.integers(0, 256, 2)
    noise = _grain()[down : down + HEIGHT, across : across + WIDTH]
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def render(name: str, at_s: float, seed: int = 1, start_s: float = 20.0, grows_s: float = FLAME_GROWS_S) -> Picture:
    """The scene `name` at `at_s` seconds, uint8 [480, 640, 3] BGR; flame and smoke begin at `start_s`.

    A flame is fully grown after `grows_s`.

    ValueError for a name not in SCENES.
    """
    if name not in SCENES:
        msg = f"no demo scene is called {name!r}: choose one of {', '.join(SCENES)}"
        raise ValueError(msg)
    scene = room(seed)
    light = _lit(scene, name, at_s, seed, start_s)
    since_s = at_s - start_s
    if since_s > 0.0 and name == "flame":
        light = _with_flame(light, scene, seed, since_s, grows_s)
    elif since_s > 0.0 and name == "smoke":
        light = _haze(_veil(light, _density(scene, seed, since_s, SMOKE_TALL_M), 2.4, 0.30), since_s)
    return _develop(light, at_s, seed)


def _around(label: str, seen: Field, least: float) -> tuple[Box, ...]:
    """The box around where `seen` passes `least`, without the outermost 2 % of it; nothing when it is tiny."""
    mask = seen > least
    count = int(mask.sum())
    if count < 24:
        return ()
    rows = np.cumsum(mask.sum(axis=1))
    columns = np.cumsum(mask.sum(axis=0))
    top, bottom = np.searchsorted(rows, (0.02 * count, 0.995 * count))
    left, right = np.searchsorted(columns, (0.02 * count, 0.98 * count))
    return (
        Box(
            label,
            float(left) / WIDTH,
            float(top) / HEIGHT,
            float(right + 1) / WIDTH,
            float(bottom + 1) / HEIGHT,
        ),
    )


def boxes(name: str, at_s: float, seed: int = 1, start_s: float = 20.0) -> tuple[Box, ...]:
    """Truth for `render` with the same arguments: one box around the flame or the smoke once there is one to see."""
    since_s = at_s - start_s
    if since_s <= 0.0 or name not in SCENES or name == "quiet":
        return ()
    scene = room(seed)
    if name == "flame":
        return _around("flame", _burn(scene, seed, since_s, FLAME_GROWS_S), 0.12)
    return _around("smoke", _density(scene, seed, since_s, SMOKE_TALL_M), 0.22)
