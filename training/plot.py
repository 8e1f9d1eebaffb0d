"""A reliability plot as a small PNG: what the model promised against what was seen."""

from pathlib import Path

import cv2
import numpy as np

from training.dataset import CLASSES

SIDE_PX, RIM_PX = 240, 44
COLOURS = {"fire": (40, 70, 225), "smoke": (140, 110, 60)}
INK, FAINT = (60, 60, 60), (215, 215, 215)


def reliability(found: dict[str, dict], path: Path) -> None:
    """One panel per class of `measure.reliability` rows: a dot per bin, its area by the count of pictures."""
    panels = [_panel(name, found[name]) for name in CLASSES]
    cv2.imwrite(str(path), np.hstack(panels), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _panel(name: str, found: dict) -> np.ndarray:
    canvas = np.full((SIDE_PX + 2 * RIM_PX, SIDE_PX + 2 * RIM_PX, 3), 255, np.uint8)

    def spot(x: float, y: float) -> tuple[int, int]:
        return round(RIM_PX + x * SIDE_PX), round(RIM_PX + (1 - y) * SIDE_PX)

    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        cv2.line(canvas, spot(tick, 0), spot(tick, 1), FAINT, 1)
        cv2.line(canvas, spot(0, tick), spot(1, tick), FAINT, 1)
        _write(canvas, f"{tick:g}", (spot(tick, 0)[0] - 8, spot(0, 0)[1] + 16))
        _write(canvas, f"{tick:g}", (spot(0, 0)[0] - 34, spot(0, tick)[1] + 4))
    cv2.line(canvas, spot(0, 0), spot(1, 1), INK, 1, cv2.LINE_AA)
    total = sum(row["count"] for row in found["bins"])
    dots = [spot(row["promised"], row["seen"]) for row in found["bins"]]
    cv2.polylines(canvas, [np.array(dots, np.int32)], False, COLOURS[name], 1, cv2.LINE_AA)
    for dot, row in zip(dots, found["bins"], strict=True):
        radius = 3 + round(9 * (row["count"] / total) ** 0.5)
        cv2.circle(canvas, dot, radius, COLOURS[name], -1, cv2.LINE_AA)
    _write(canvas, f"{name}: {total} pictures, mean gap {found['gap']:.3f}", (RIM_PX, RIM_PX - 14))
    _write(canvas, "promised", (spot(0.4, 0)[0], spot(0, 0)[1] + 34))
    _write(canvas, "seen", (4, RIM_PX - 14))
    return canvas


def _write(canvas: np.ndarray, words: str, place: tuple[int, int]) -> None:
    cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
