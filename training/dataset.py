"""Reads the dataset folder: pictures, boxes, and which classes an empty label can be trusted for."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CLASSES = ("fire", "smoke")
#: Sources where what lies outside the boxes is often fire or smoke too: loose fragments, haze.
FRAGMENTED = frozenset({"kagfire", "xiapinquan", "rendered"})
#: Sources where smoke was boxed with care and small flames under it often were not.
FLAMES_MISSED = frozenset({"liuzifan"})
#: Sources whose labels are believed whatever the model sees: empty scenes, and rendered ones.
TRUSTED = frozenset({"kagneg", "weather", "sethneg", "coco128", "rendered"})
#: What was seen by eye on pictures that say otherwise: columns split, picture, class.
MISLABELLED = Path(__file__).with_name("mislabelled.csv")
LONGEST_PX = 448
#: A fire-free crop's shorter side is at least this long.
CROP_PX = 80
#: Two pictures this close in a 64-bit difference hash are taken for the same scene.
SAME_SCENE_BITS = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture: BGR uint8 pixels and boxes as rows (class, x0, y0, x1, y1) in fractions.

    `crop` marks a part of a picture that no box touches.
    """

    name: str
    source: str
    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    known: tuple[bool, bool]
    crop: bool = False

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


def fire_free(pictures: Sequence[Picture], seed: int = 5) -> list[Picture]:
    """From each picture with boxes, the largest of some random crops that no box comes near; none where none fits.

    Negatives with the look of the positive sources. A class that was not labelled stays unknown, and sources whose
    boxes are loose give none.
    """
    rng = np.random.default_rng(seed)
    found = []
    for picture in pictures:
        trusted = len(picture.boxes) and any(picture.known) and picture.source not in FRAGMENTED
        if trusted and (place := _free_place(picture, rng)) is not None:
            left, top, right, bottom = place
            pixels = np.ascontiguousarray(picture.pixels[top:bottom, left:right])
            empty = np.zeros((0, 5), np.float32)
            found.append(Picture(f"{picture.name}#free", picture.source, pixels, empty, picture.known, crop=True))
    return found


def put_right(pictures: Sequence[Picture], split: str, corrections: Path = MISLABELLED) -> list[Picture]:
    """The pictures of a split; a class that `corrections` names as seen, though no box says so, is unknown there.

    The list was made by eye, without the scores, from all pictures and crops of the held fold and of val that their
    source, one with fire or smoke, gives as free of it. Only what is plain to see is in it.
    """
    with corrections.open(newline="") as lines:
        seen = {(row["picture"], row["class"]) for row in csv.DictReader(lines) if row["split"] == split}
    return [
        replace(p, known=(p.known[0] and (p.name, "fire") not in seen, p.known[1] and (p.name, "smoke") not in seen))
        for p in pictures
    ]


def _free_place(picture: Picture, rng: np.random.Generator) -> tuple[int, int, int, int] | None:
    high, wide = picture.pixels.shape[:2]
    margin = 0.02 + 0.1 * (picture.boxes[:, 3:5] - picture.boxes[:, 1:3])
    near = np.concatenate([picture.boxes[:, 1:3] - margin, picture.boxes[:, 3:5] + margin], axis=1)
    best, most = None, 0.0
    for _ in range(60):
        across, down = rng.uniform(0.25, 1.0, 2)
        left, top = rng.uniform(0, 1 - across), rng.uniform(0, 1 - down)
        apart = (near[:, 2] < left) | (near[:, 0] > left + across) | (near[:, 3] < top) | (near[:, 1] > top + down)
        shape = across * wide / (down * high)
        if apart.all() and min(across * wide, down * high) >= CROP_PX and 0.5 < shape < 2.5 and across * down > most:
            most = across * down
            best = (int(left * wide), int(top * high), int((left + across) * wide), int((top + down) * high))
    return best


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
