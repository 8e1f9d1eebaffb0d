"""Reads the dataset folder: pictures, boxes, and which classes an empty label can be trusted for."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CLASSES = ("fire", "smoke")
#: Sources where what lies outside the boxes is often fire or smoke too: loose fragments, haze.
FRAGMENTED = frozenset({"kagfire", "xiapinquan", "rendered"})
LONGEST_PX = 448
#: Two pictures this close in a 64-bit difference hash are taken for the same scene.
SAME_SCENE_BITS = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture: BGR uint8 pixels and boxes as rows (class, x0, y0, x1, y1) in fractions."""

    name: str
    source: str
    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    known: tuple[bool, bool]

    def has(self, kind: int) -> bool:
        """Whether a box of this class (0 fire, 1 smoke) is in the picture."""
        return bool((self.boxes[:, 0] == kind).any())

    def truth(self, kind: int) -> float | None:
        """1.0, 0.0, or None where the class was not labelled and no box of it is there."""
        if self.has(kind):
            return 1.0
        return 0.0 if self.known[kind] else None

    @property
    def empty(self) -> bool:
        """True where both classes are known to be absent."""
        return self.truth(0) == 0.0 and self.truth(1) == 0.0


def read_boxes(text: str) -> NDArray[np.float32]:
    """Parses YOLO lines `class cx cy w h` (fractions); lines that are not five numbers are skipped."""
    rows: list[list[float]] = []
    for line in text.splitlines():
        try:
            kind, cx, cy, w, h = (float(word) for word in line.split())
        except ValueError:
            continue
        if kind in (0.0, 1.0):
            rows.append([kind, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
    boxes = np.array(rows, np.float32).reshape(-1, 5)
    boxes[:, 1:] = boxes[:, 1:].clip(0.0, 1.0)
    return boxes


def shrink(pixels: NDArray[np.uint8], longest_px: int = LONGEST_PX) -> NDArray[np.uint8]:
    """Makes the longest side at most `longest_px`, keeping the aspect."""
    scale = longest_px / max(pixels.shape[:2])
    if scale >= 1.0:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def load(folder: Path, split: str, limit: int | None = None) -> list[Picture]:
    """Reads every picture of a split ("train" or "val") named in `folder`/manifest.csv into memory.

    A picture that cannot be decoded raises ValueError: a broken dataset must not train quietly.
    """
    with (folder / "manifest.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == split]
    return [_picture(folder / split, row) for row in rows[:limit]]


def _picture(folder: Path, row: dict[str, str]) -> Picture:
    pixels = cv2.imread(str(folder / "images" / row["image"]), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"cannot decode {row['image']}")
    label = folder / "labels" / (Path(row["image"]).stem + ".txt")
    return Picture(
        name=row["image"],
        source=row["source"],
        pixels=shrink(np.asarray(pixels, np.uint8)),
        boxes=read_boxes(label.read_text() if label.exists() else ""),
        known=(row["fire_labelled"] == "1", row["smoke_labelled"] == "1"),
    )


def scene_hash(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """64 bits of a difference hash, packed in 8 bytes; near-copies differ in few bits."""
    small = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), (9, 8), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1])


def scenes(pictures: Sequence[Picture]) -> NDArray[np.int64]:
    """A scene number for each picture: chains of near-copies share one (the lowest index among them)."""
    hashes = np.stack([scene_hash(picture.pixels) for picture in pictures])
    scene = np.arange(len(pictures))
    for index in range(1, len(pictures)):
        apart = np.bitwise_count(hashes[:index] ^ hashes[index]).sum(axis=1)
        for other in np.flatnonzero(apart <= SAME_SCENE_BITS):
            low, high = sorted((scene[other], scene[index]))
            scene[scene == high] = low
    return scene


def fold(pictures: Sequence[Picture], seed: int = 7) -> tuple[list[Picture], list[Picture]]:
    """Splits into (to fit, held out): about 12 % of scenes with fire or smoke and 20 % of empty ones are held.

    The held pictures choose the epoch and calibrate; near-copies of one scene stay on one side.
    """
    rng = np.random.default_rng(seed)
    draw = rng.random(len(pictures))
    scene = scenes(pictures)
    fit: list[Picture] = []
    held: list[Picture] = []
    for picture, first in zip(pictures, scene, strict=True):
        share = 0.20 if pictures[first].empty else 0.12
        (held if draw[first] < share else fit).append(picture)
    return fit, held
