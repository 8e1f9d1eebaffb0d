"""What a fixed camera sees, as reduced pictures: the demo's stockroom with what a test lays over it."""

from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.scenes import render
from embereye_addon.detect.reduce import Small

HEIGHT, WIDTH = 240, 320
Field: TypeAlias = NDArray[np.float32]
Shown: TypeAlias = tuple[Field, Field, Field]
"""y [240, 320], u and v [120, 160], grey and chroma levels."""


def small(bgr: NDArray[np.uint8]) -> Small:
    """A BGR picture [480, 640, 3] as the reduced planes a decoder would give."""
    reduced = cv2.resize(bgr, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    i420 = np.asarray(cv2.cvtColor(reduced, cv2.COLOR_BGR2YUV_I420), np.uint8)
    quarter = HEIGHT // 4
    u, v = i420[HEIGHT : HEIGHT + quarter], i420[HEIGHT + quarter :]
    return Small(i420[:HEIGHT].copy(), u.reshape(HEIGHT // 2, -1).copy(), v.reshape(HEIGHT // 2, -1).copy())


@lru_cache(maxsize=1)
def still() -> Shown:
    """The quiet room without noise of its own: y [240, 320], u and v [120, 160], float32."""
    planes = [small(render("quiet", 1.0 + 0.1 * k)) for k in range(8)]
    y, u, v = (np.mean([getattr(plane, name) for plane in planes], axis=0) for name in "yuv")
    return y.astype(np.float32), u.astype(np.float32), v.astype(np.float32)


@lru_cache(maxsize=1)
def _grain() -> Field:
    return np.random.default_rng(3).normal(0.0, 2.0, (HEIGHT + 160, WIDTH + 160)).astype(np.float32)


def noise(number: int) -> Field:
    """Sensor noise of picture `number`, 2 grey levels of the reduced picture."""
    down, across = np.random.default_rng(number).integers(0, 160, 2)
    return _grain()[down : down + HEIGHT, across : across + WIDTH]


def blob(x: float, y: float, wide: float, tall: float) -> Field:
    """A soft-edged ellipse, 0..1, centre and half axes in reduced pixels."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = np.sqrt(((columns - x) / wide) ** 2 + ((rows - y) / tall) ** 2)
    return np.asarray(np.clip(1.6 - away, 0.0, 1.0), np.float32)


def veiled(amount: Field, grey: float = 150.0, light: Field | float = 1.0) -> Shown:
    """The room with `light`, behind smoke of opacity `amount` [240, 320]."""
    y, u, v = still()
    half = np.asarray(cv2.resize(amount, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA), np.float32)
    lit = 16.0 + (y - 16.0) * light
    return (
        np.asarray(lit * (1.0 - amount) + amount * grey, np.float32),
        np.asarray(u * (1.0 - half) + half * 128.0, np.float32),
        np.asarray(v * (1.0 - half) + half * 128.0, np.float32),
    )


def picture(planes: Shown, number: int, grain: float = 1.0) -> Small:
    """Planes with the noise of picture `number`, as a camera gives them."""
    y, u, v = planes
    rounded = (np.clip(plane + 0.5, 0.0, 255.0).astype(np.uint8) for plane in (y + grain * noise(number), u, v))
    return Small(*rounded)


def painted(planes: Shown, cover: Field, yuv: tuple[float, float, float]) -> Shown:
    """The planes with a thing of one colour where `cover` [240, 320] is 1."""
    half = np.asarray(cv2.resize(cover, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA), np.float32)
    y, u, v = (
        np.asarray(plane * (1.0 - mask) + mask * level, np.float32)
        for plane, mask, level in zip(planes, (cover, half, half), yuv, strict=True)
    )
    return y, u, v


def infra_red() -> Shown:
    """The room at night as the camera's own lamp shows it: no colour, another light."""
    y, u, v = still()
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    lamp = 1.1 - 0.6 * np.sqrt(((columns - 160) / 200) ** 2 + ((rows - 120) / 150) ** 2)
    return np.asarray(20.0 + 0.7 * (y - 16.0) * lamp, np.float32), u * 0 + 128.0, v * 0 + 128.0
