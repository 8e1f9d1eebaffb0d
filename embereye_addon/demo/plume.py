"""Moving flames and smoke: a small two-dimensional fluid solver, run once per seed and played as a loop.

Semi-Lagrangian advection (cv2.remap), buoyancy, vorticity confinement and a pressure projection in Fourier space
(Stam, "Stable Fluids", 1999). A flame carries a burn coordinate which falls from 1 at the fuel to 0 at the tip, so its
edges are sharp as a flame's are; smoke carries a density which thins slowly.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float32]
Rng: TypeAlias = np.random.Generator


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is simulated. Lengths in cells, speeds in cells/s; `top` is the share of rows cut off above the picture."""

    height: int
    width: int
    rate: int
    loop: int
    first: int
    lift: float
    swirl: float
    fade: float
    source: float
    gusts: float
    swell: float
    blur: float
    top: float


FLAME = Recipe(192, 112, 40, 160, 60, 1500.0, 5.0, 1.55, 0.24, 900.0, 5.0, 0.0, 0.18)
SMOKE = Recipe(160, 160, 20, 140, 240, 52.0, 2.0, 0.05, 0.075, 160.0, 0.55, 0.55, 0.16)
STORED_EVERY = 2


@dataclass(frozen=True, slots=True)
class Plume:
    """Recorded motion: `frames` float16 [n, rows, columns] 0..1, base at the bottom centre; loops from `loop_from`."""

    frames: NDArray[np.float16]
    rate: float
    loop_from: int

    def at(self, at_s: float) -> Field:
        """Picture `at_s` seconds after the start, float32 [rows, columns]; it grows, then repeats."""
        place = max(0.0, at_s) * self.rate
        last = len(self.frames) - 1
        if place >= last:
            place = self.loop_from + (place - self.loop_from) % (last - self.loop_from)
        index = int(place)
        share = np.float32(place - index)
        one: Field = np.asarray(self.frames[index], np.float32)
        if share < 0.01:
            return one
        two = np.asarray(self.frames[min(index + 1, last)], np.float32)
        return np.asarray(one + (two - one) * share, np.float32)


class _Fluid:
    """Velocity and one carried substance on a grid; row 0 is the top."""

    def __init__(self, recipe: Recipe, rng: Rng) -> None:
        shape = (recipe.height, recipe.width)
        self.recipe = recipe
        self.rng = rng
        self.across: Field = np.zeros(shape, np.float32)
        self.down: Field = np.zeros(shape, np.float32)
        self.mass: Field = np.zeros(shape, np.float32)
        rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        self.rows: Field = rows
        self.columns: Field = columns
        ky = np.fft.fftfreq(shape[0])[:, None]
        kx = np.fft.rfftfreq(shape[1])[None, :]
        square = kx * kx + ky * ky
        square[0, 0] = 1.0
        self.wave: tuple[Field, Field, Field] = (
            kx.astype(np.float32),
            ky.astype(np.float32),
            (1.0 / square).astype(np.float32),
        )
        edge = np.minimum(rows / (0.10 * shape[0]), np.minimum(columns, shape[1] - 1 - columns) / (0.06 * shape[1]))
        self.open: Field = np.clip(edge, 0.0, 1.0).astype(np.float32)
        self.phase = rng.uniform(0.0, 6.28, 12)

    def _carry(self, field: Field, step_s: float, how: int) -> Field:
        moved = cv2.remap(
            field,
            self.columns - step_s * self.across,
            self.rows - step_s * self.down,
            how,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return np.asarray(moved, np.float32)

    def _confine(self, step_s: float) -> None:
        """Give back the small whirls which the advection smears away (Fedkiw 2001)."""
        curl = cv2.Sobel(self.down, cv2.CV_32F, 1, 0) - cv2.Sobel(self.across, cv2.CV_32F, 0, 1)
        size = np.abs(curl)
        gx = cv2.Sobel(size, cv2.CV_32F, 1, 0)
        gy = cv2.Sobel(size, cv2.CV_32F, 0, 1)
        norm = cv2.magnitude(gx, gy) + 1e-3
        gain = np.float32(step_s * self.recipe.swirl / 8.0)
        self.across += gain * gy / norm * curl
        self.down -= gain * gx / norm * curl

    def _project(self) -> None:
        kx, ky, inverse = self.wave
        fx = np.fft.rfft2(self.across)
        fy = np.fft.rfft2(self.down)
        # Burning gas expands: what remains of the divergence is swell x mass (i 2 pi k . u = wanted).
        wanted = np.fft.rfft2(self.mass * np.float32(self.recipe.swell / 6.2832)) * np.complex64(-1j)
        along = (kx * fx + ky * fy - wanted) * inverse
        shape = self.across.shape
        self.across = np.fft.irfft2(fx - kx * along, s=shape).astype(np.float32, copy=False)
        self.down = np.fft.irfft2(fy - ky * along, s=shape).astype(np.float32, copy=False)

    def _feed(self, now_s: float) -> None:
        """Put burning or smouldering stuff in at the base: a few wandering, pulsing spots."""
        recipe = self.recipe
        base = recipe.height - 7.0
        low = recipe.height - 20
        middle = recipe.width / 2.0
        spread = recipe.source * recipe.width
        for spot in range(4):
            turn = float(self.phase[spot])
            x = middle + spread * (0.45 * (spot - 1.5) + 0.35 * np.sin(now_s * (1.1 + 0.4 * spot) + turn))
            pulse = 0.75 + 0.25 * np.sin(now_s * (9.0 + 4.0 * spot) + 2.0 * turn)
            wide = spread * (0.42 + 0.12 * np.sin(now_s * 2.3 + 3.0 * turn))
            blob = np.exp(-(((self.columns[low:] - x) / wide) ** 2) - ((self.rows[low:] - base) / 5.0) ** 2)
            np.maximum(self.mass[low:], (pulse * 1.25 * blob).clip(0.0, 1.0), out=self.mass[low:])

    def step(self, now_s: float) -> None:
        """One time step of the recipe's rate."""
        recipe = self.recipe
        step_s = 1.0 / recipe.rate
        self._feed(now_s)
        gust = cv2.resize(
            self.rng.standard_normal((recipe.height // 12, recipe.width // 12)).astype(np.float32),
            (recipe.width, recipe.height),
            interpolation=cv2.INTER_CUBIC,
        )
        self.across += np.float32(step_s * recipe.gusts) * gust * np.minimum(1.0, self.mass * 4.0)
        self.down -= np.float32(step_s * recipe.lift) * self.mass
        self._confine(step_s)
        self._project()
        across = self._carry(self.across, step_s, cv2.INTER_LINEAR)
        down = self._carry(self.down, step_s, cv2.INTER_LINEAR)
        mass = self._carry(self.mass, step_s, cv2.INTER_CUBIC)
        self.across, self.down = across * self.open * 0.995, down * self.open * 0.995
        if recipe.blur > 0.0:
            mass = np.asarray(cv2.GaussianBlur(mass, (5, 5), recipe.blur), np.float32)
        self.mass = np.clip(mass - np.float32(step_s * recipe.fade), 0.0, 1.0) * self.open


def _record(recipe: Recipe, seed: int, keep_start: bool) -> Plume:
    """Run the recipe; without `keep_start` only established motion is kept. The loop's end blends into its start."""
    fluid = _Fluid(recipe, np.random.default_rng([seed, recipe.height, recipe.width]))
    cut = int(recipe.top * recipe.height)
    blend = recipe.loop // STORED_EVERY // 8
    begin = 0 if keep_start else recipe.first - blend * STORED_EVERY
    # What drifts out of the picture's top fades before it would be cut off.
    fading = np.clip(np.arange(recipe.height - cut, dtype=np.float32) / (0.14 * recipe.height), 0.0, 1.0)[:, None]
    kept: list[NDArray[np.float16]] = []
    for index in range(recipe.first + recipe.loop):
        fluid.step(index / recipe.rate)
        if index % STORED_EVERY == 0 and index >= begin:
            kept.append((fluid.mass[cut:] * fading).astype(np.float16))
    frames = np.stack(kept)
    loop_from = (recipe.first - begin) // STORED_EVERY
    for step in range(blend):
        share = np.float16((step + 1) / blend)
        old = frames[step - blend]
        frames[step - blend] = old + (frames[loop_from - blend + step + 1] - old) * share
    return Plume(frames, recipe.rate / STORED_EVERY, loop_from)


@lru_cache(maxsize=4)
def flame(seed: int) -> Plume:
    """An established flame of about half the width of its picture; float burn coordinate, 0 where nothing burns."""
    return _record(FLAME, seed, keep_start=False)


@lru_cache(maxsize=4)
def smoke(seed: int) -> Plume:
    """A column of smoke from its first wisp to a standing, rolling plume; density 0..1."""
    return _record(SMOKE, seed, keep_start=True)
