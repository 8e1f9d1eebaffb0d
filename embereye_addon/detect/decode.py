"""From the model's cell logits to detections. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LABELS = ("flame", "smoke")
MAX_DETECTIONS = 8
"""Of each label; more is a picture full of noise."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One box in fractions from the top left, its label, and the calibrated logit of its strongest cell."""

    label: str
    logit: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def confidence(self) -> float:
        """The calibrated probability, 0..1."""
        return float(1.0 / (1.0 + np.exp(-self.logit)))


def detections(cells: NDArray[np.float32], threshold_logit: float) -> tuple[Detection, ...]:
    """Connected cells (8 neighbours) at or above the threshold, strongest first. `cells` [2, rows, columns]."""
    found: list[Detection] = []
    for label, plane in zip(LABELS, cells, strict=True):
        found.extend(_boxes(label, plane, threshold_logit))
    return tuple(sorted(found, key=lambda detection: -detection.logit))


def _boxes(label: str, plane: NDArray[np.float32], threshold_logit: float) -> list[Detection]:
    above = (plane >= threshold_logit).astype(np.uint8)
    if not above.any():
        return []
    rows, columns = plane.shape
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(above, connectivity=8)
    boxes = []
    for index in range(1, count):
        left, top, width, height = (int(value) for value in stats[index, :4])
        logit = float(plane[labels == index].max())
        boxes.append(
            Detection(label, logit, left / columns, top / rows, (left + width) / columns, (top + height) / rows)
        )
    return sorted(boxes, key=lambda box: -box.logit)[:MAX_DETECTIONS]
