"""Draws icon.png (128x128) and logo.png (250x100) of the repository's root: an eye whose iris is an ember.

Run it as `python docs/pictures/make_icons.py`. Shapes are filled at eight times the size and averaged down.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]
Colour = tuple[int, int, int]

ROOT = Path(__file__).resolve().parents[2]
TIMES = 8

COAL_TOP, COAL_LOW = (58, 44, 40), (22, 16, 15)
LID_IN, LID_OUT = (255, 196, 84), (226, 74, 14)
WHITE_HOT, HOT, GLOW, DEEP = (255, 247, 214), (255, 190, 64), (247, 103, 18), (150, 22, 10)
PUPIL = (38, 14, 10)


class Canvas:
    """RGBA, premultiplied, with (0, 0) in the middle and y upwards; one unit is half the height."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width * TIMES, height * TIMES
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float64)
        half = self.height / 2
        self.x, self.y = (x + 0.5 - self.width / 2) / half, (half - y - 0.5) / half
        self.rgba = np.zeros((self.height, self.width, 4))

    def paint(self, cover: Plane, colour: Plane | Colour) -> None:
        """Lay `colour` (R, G, B 0..255, one or one a pixel) over what is there where `cover` (0..1) says so."""
        alpha = cover[..., None]
        layer = np.concatenate((np.broadcast_to(np.asarray(colour, float), (*cover.shape, 3)) * alpha, 255 * alpha), -1)
        self.rgba = layer + self.rgba * (1 - alpha)

    def save(self, path: Path) -> None:
        """Average down and write a PNG with straight alpha."""
        small = (self.width // TIMES, self.height // TIMES)
        mean = cv2.resize(self.rgba, small, interpolation=cv2.INTER_AREA)
        alpha = mean[..., 3:]
        straight = np.where(alpha > 0, mean[..., :3] * 255 / np.maximum(alpha, 1e-6), 0)
        picture = np.concatenate((straight[..., ::-1], alpha), -1)
        cv2.imwrite(str(path), np.clip(np.rint(picture), 0, 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def blend(where: Plane, stops: tuple[tuple[float, Colour], ...]) -> Plane:
    """A gradient: colours at the places of `stops`, straight between."""
    places = [place for place, _ in stops]
    return np.stack([np.interp(where, places, [colour[i] for _, colour in stops]) for i in range(3)], -1)


def almond(x: Plane, y: Plane, half_width: float, half_height: float) -> Plane:
    """Signed distance to an eye's outline, negative inside: where two circles overlap."""
    radius = (half_width**2 + half_height**2) / (2 * half_height)
    off = radius - half_height
    return np.maximum(np.hypot(x, y + off), np.hypot(x, y - off)) - radius


def curve(points: tuple[tuple[float, float], ...]) -> Plane:
    """Cubic Bézier pieces through every third point, as a polygon."""
    t = np.linspace(0, 1, 60)[:, None]
    ends = np.asarray(points, float)
    pieces = []
    for i in range(0, len(points) - 1, 3):
        a, b, c, d = ends[i : i + 4]
        pieces.append((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
    return np.concatenate(pieces)


FLAME = (
    (0.00, -1.00),
    (-0.46, -1.00), (-0.72, -0.66), (-0.68, -0.24),
    (-0.64, 0.12), (-0.40, 0.22), (-0.42, 0.62),
    (-0.20, 0.50), (-0.12, 0.36), (-0.10, 0.18),
    (0.10, 0.42), (0.14, 0.72), (0.02, 1.08),
    (0.50, 0.80), (0.74, 0.24), (0.70, -0.26),
    (0.68, -0.68), (0.42, -1.00), (0.00, -1.00),
)  # fmt: skip


def flame(canvas: Canvas, at: tuple[float, float], size: float) -> Plane:
    """Cover (0 or 1) of a flame of half-height `size` around `at`."""
    half = canvas.height / 2
    points = curve(FLAME) * size + np.asarray(at)
    pixels = np.stack((points[:, 0] * half + canvas.width / 2, half - points[:, 1] * half), -1)
    mask = np.zeros((canvas.height, canvas.width), np.uint8)
    cv2.fillPoly(mask, [np.rint(pixels * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(np.float64)


def eye(canvas: Canvas, at: tuple[float, float], size: float) -> None:
    """The motif: lids like glowing iron, an iris of embers, a flame for a pupil; `size` is its half-width."""
    x, y = (canvas.x - at[0]) / size, (canvas.y - at[1]) / size
    edge = almond(x, y, 1.0, 0.62)
    lids = blend(np.abs(x), ((0.0, LID_IN), (1.0, LID_OUT)))
    canvas.paint((edge < 0).astype(float), lids)
    inside = (edge < -0.085).astype(float)
    canvas.paint(inside, COAL_LOW)
    far = np.hypot(x, y)
    canvas.paint(inside * np.clip(1 - (far - 0.3) / 0.45, 0, 1) * 0.55, DEEP)
    iris = (far < 0.47).astype(float) * inside
    rays = 0.035 * np.cos(23 * np.arctan2(y, x)) * np.clip((far - 0.14) / 0.2, 0, 1)
    stops = ((0.10, HOT), (0.24, GLOW), (0.36, GLOW), (0.47, DEEP))
    canvas.paint(iris, blend(far + rays, stops))
    canvas.paint(flame(canvas, (at[0], at[1] - 0.01 * size), 0.33 * size), PUPIL)
    core = flame(canvas, (at[0] + 0.015 * size, at[1] - 0.10 * size), 0.17 * size)
    canvas.paint(core, blend(y, ((-0.27, WHITE_HOT), (0.0, HOT), (0.1, GLOW))))
    canvas.paint((np.hypot(x + 0.19, y - 0.22) < 0.055).astype(float), WHITE_HOT)


def sparks(canvas: Canvas, places: tuple[tuple[float, float, float], ...]) -> None:
    """Small embers that fly up: (x, y, radius)."""
    for x, y, radius in places:
        far = np.hypot(canvas.x - x, canvas.y - y) / radius
        canvas.paint((far < 1).astype(float), blend(far, ((0.0, WHITE_HOT), (0.5, HOT), (1.0, GLOW))))


def icon() -> Canvas:
    """The motif on a rounded piece of coal."""
    canvas = Canvas(128, 128)
    corner = np.hypot(np.maximum(np.abs(canvas.x) - 0.56, 0), np.maximum(np.abs(canvas.y) - 0.56, 0)) - 0.42
    coal = blend(canvas.y, ((-1.0, COAL_LOW), (1.0, COAL_TOP)))
    canvas.paint((corner < 0).astype(float), coal)
    eye(canvas, (0.0, -0.12), 0.86)
    sparks(canvas, ((-0.14, 0.57, 0.06), (0.10, 0.72, 0.046), (0.28, 0.53, 0.038), (-0.34, 0.69, 0.034)))
    return canvas


def logo() -> Canvas:
    """The motif and the name, on nothing; its colours stand on light and on dark pages."""
    canvas = Canvas(250, 100)
    eye(canvas, (-1.66, -0.08), 0.78)
    sparks(canvas, ((-1.78, 0.56, 0.05), (-1.58, 0.70, 0.038), (-1.42, 0.53, 0.03)))
    name = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    face = cv2.FontFace("sans")
    cv2.putText(name, "EmberEye", (88 * TIMES, 63 * TIMES), (255, 255, 255), face, 29 * TIMES, 700)
    cover = name[..., 0].astype(np.float64) / 255
    canvas.paint(cover, blend(canvas.x, ((-0.7, (222, 66, 10)), (2.4, (247, 140, 24)))))
    return canvas


if __name__ == "__main__":
    icon().save(ROOT / "icon.png")
    logo().save(ROOT / "logo.png")
