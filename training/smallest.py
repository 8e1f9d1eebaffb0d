"""How small fire and smoke may be in the picture until the exported model no longer sees them: the card's `smallest`.

Real fires and smoke of `val` are cut out, shrunk and laid softly onto empty scenes of `val`; each size is asked of the
model as the product asks it. What lies on another scene has lost its light and its surroundings, so the figures are a
rule of thumb for choosing a camera's place, no promise.

    venv-train/bin/python -m training.smallest --dataset ../shared/data
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from embereye_addon.detect.model import WEIGHTS, Model
from training.dataset import CLASSES, Picture, load

SCENE_PX = (384, 288)
HEIGHTS_PX = (4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)
LARGE_PX = 64
"""Only what is at least this large in its own picture is shrunk: the rest is small already."""
MARGIN = 0.15
EACH = 80
CLOSER = 3
LABELS = {"fire": "flame", "smoke": "smoke"}


def cut(picture: Picture, kind: int) -> np.ndarray | None:
    """The only box of its kind with a margin, BGR; None where there are several, or where it is small or cut off."""
    boxes = picture.boxes[picture.boxes[:, 0] == kind, 1:]
    if len(boxes) != 1:
        return None
    high, wide = picture.pixels.shape[:2]
    x0, y0, x1, y1 = boxes[0] * (wide, high, wide, high)
    if min(x1 - x0, y1 - y0) < LARGE_PX or x0 < 2 or y0 < 2 or x1 > wide - 2 or y1 > high - 2:
        return None
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    left, top = max(0, round(x0 - across)), max(0, round(y0 - down))
    return picture.pixels[top : round(y1 + down), left : round(x1 + across)]


def edge(length: int) -> np.ndarray:
    """From 0 at both ends to 1 within the margin."""
    steps = np.arange(length)
    return np.clip(np.minimum(steps, steps[::-1]) / (MARGIN * length / 1.3 + 0.5), 0, 1)


def laid(
    scene: np.ndarray, piece: np.ndarray, height_px: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[float]]:
    """The scene with the piece, its box `height_px` high, and the box (left, top, right, bottom) as fractions."""
    scale = height_px * (1 + 2 * MARGIN) / piece.shape[0]
    small = cv2.resize(piece, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    high, wide = min(small.shape[0], scene.shape[0]), min(small.shape[1], scene.shape[1])
    small = small[:high, :wide].astype(np.float32)
    left, top = rng.integers(0, scene.shape[1] - wide + 1), rng.integers(0, scene.shape[0] - high + 1)
    down, across = (
        np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (MARGIN * n / 1.3 + 0.5), 0, 1) for n in (high, wide)
    )
    alpha = (down[:, None] * across[None, :])[..., None]
    out = scene.copy()
    under = out[top : top + high, left : left + wide]
    out[top : top + high, left : left + wide] = (alpha * small + (1 - alpha) * under).astype(np.uint8)
    return out, [
        left / scene.shape[1],
        top / scene.shape[0],
        (left + wide) / scene.shape[1],
        (top + high) / scene.shape[0],
    ]


def seen(model: Model, frame: np.ndarray, box: list[float], label: str) -> bool:
    """Whether the model supports it and shows a box whose middle lies in the piece."""
    looked = model.look(frame)
    middles = [((d.left + d.right) / 2, (d.top + d.bottom) / 2) for d in looked.detections if d.label == label]
    return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in middles)


def closer(frame: np.ndarray, box: list[float]) -> tuple[np.ndarray, list[float]]:
    """The part of the frame around the box, a third as wide and high, at the size of the whole; and the box in it."""
    high, wide = frame.shape[:2]
    part_w, part_h = max(wide / CLOSER, (box[2] - box[0]) * wide), max(high / CLOSER, (box[3] - box[1]) * high)
    left = min(max(0.0, (box[0] + box[2]) / 2 * wide - part_w / 2), wide - part_w)
    top = min(max(0.0, (box[1] + box[3]) / 2 * high - part_h / 2), high - part_h)
    part = frame[int(top) : int(top + part_h), int(left) : int(left + part_w)]
    sides = [(box[0] * wide - left) / part_w, (box[1] * high - top) / part_h]
    sides += [(box[2] * wide - left) / part_w, (box[3] * high - top) / part_h]
    return cv2.resize(part, (wide, high), interpolation=cv2.INTER_LINEAR), sides


def table(model: Model, pictures: Sequence[Picture]) -> dict[str, list[dict[str, float | int]]]:
    """For fire and smoke, by height (px of a 384 px wide picture): how many were asked, and the share seen."""
    rng = np.random.default_rng(5)
    scenes = [cv2.resize(p.pixels, SCENE_PX, interpolation=cv2.INTER_AREA) for p in pictures if p.empty]
    quiet = [scene for scene in scenes if not model.look(scene).detections]
    rows: dict[str, list[dict[str, float | int]]] = {}
    for kind, name in enumerate(CLASSES):
        pieces = [piece for p in pictures if (piece := cut(p, kind)) is not None][:EACH]
        rows[name] = []
        for height_px in HEIGHTS_PX:
            frames = [laid(quiet[rng.integers(len(quiet))], piece, height_px, rng) for piece in pieces]
            found = [seen(model, frame, box, LABELS[name]) for frame, box in frames]
            close = [seen(model, *closer(frame, box), LABELS[name]) for frame, box in frames]
            shares = {"seen": round(float(np.mean(found)), 3), "closer": round(float(np.mean(close)), 3)}
            rows[name].append({"height_px": height_px, "n": len(found), **shares})
    return rows


def write(folder: Path, val: Sequence[Picture]) -> dict[str, list[dict[str, float | int]]]:
    """Measures the model of `folder` and writes the table into its card; returns it."""
    rows = table(Model("CPU", folder), val)
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"smallest": rows}, indent=1) + "\n")
    return rows


def main() -> None:
    """Measure, and write it into the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    for name, each in write(given.weights, load(given.dataset, "val")).items():
        print(
            name,
            ", ".join(f"{row['height_px']} px {row['seen']:.0%} ({row['closer']:.0%})" for row in each),
            f"(n = {each[0]['n']})",
        )


if __name__ == "__main__":
    main()
