"""What looks like fire or smoke and is neither: haze, misted panes, warm light, lamps."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def haze(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Sometimes an even veil, thicker towards the top: fog, or a misted window in a part of the scene. No smoke."""
    if rng.random() > 0.2:
        return pixels
    high, wide = pixels.shape[:2]
    depth = np.linspace(rng.uniform(0.1, 0.55), rng.uniform(0.0, 0.3), high, dtype=np.float32)
    veil = np.float32(rng.uniform(120, 235)) * rng.uniform(0.94, 1.06, 3).astype(np.float32)
    thick = np.repeat(depth[:, None], wide, axis=1)
    if rng.random() < 0.4:
        left, top = int(rng.uniform(0, 0.7) * wide), int(rng.uniform(0, 0.7) * high)
        pane = np.zeros_like(thick)
        pane[top : top + int(rng.uniform(0.2, 0.7) * high), left : left + int(rng.uniform(0.2, 0.7) * wide)] = 1.0
        thick = thick * cv2.blur(pane, (7, 7))
    thick = thick[..., None]
    return np.clip(pixels * (1 - thick) + veil * thick, 0, 255).astype(np.uint8)


def shine(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Sometimes a wide warm light without a rim, as lamps and stoves throw it on a wall: neither fire nor smoke."""
    if rng.random() > 0.08:
        return pixels
    shape = zip((rng.uniform(0, 1), rng.uniform(0, 1)), rng.uniform(0.08, 0.4, 2), pixels.shape[:2], strict=True)
    down, across = (np.exp(-(((np.arange(n) / n - middle) / reach) ** 2)) for middle, reach, n in shape)
    colour = np.array((rng.uniform(0.1, 0.7), rng.uniform(0.45, 0.85), 1.0), np.float32)
    light = np.outer(down, across)[..., None].astype(np.float32) * colour * np.float32(rng.uniform(20, 130))
    lit = pixels * (1 + light / 255) + light * np.float32(0.5)
    return np.clip(lit, 0, 255).astype(np.uint8)


def add_lights(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Sometimes adds lamp-like glows (white, amber or red discs): bright, warm, and no fire."""
    if rng.random() > 0.15:
        return pixels
    glow = np.zeros(pixels.shape, np.float32)
    colours = ((255, 255, 255), (120, 210, 255), (40, 120, 255), (40, 40, 255), (255, 240, 220))
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.integers(pixels.shape[1])), int(rng.integers(pixels.shape[0])))
        radius = int(rng.integers(2, 14))
        colour = colours[int(rng.integers(len(colours)))]
        halo = np.zeros(pixels.shape, np.float32)
        cv2.circle(halo, centre, radius, colour, -1)
        spread = cv2.GaussianBlur(halo, (0, 0), radius * rng.uniform(0.3, 1.5) + 0.5)
        glow += spread * rng.uniform(0.8, 2.0)
    return np.clip(pixels + glow, 0, 255).astype(np.uint8)
