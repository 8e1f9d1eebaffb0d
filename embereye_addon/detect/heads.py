"""From the outputs of other people's detectors to boxes and picture scores. Pure; each head is a function.

Scores are probabilities (0..1) as the network gives them, already through its sigmoid or softmax, or logits where
`logits` says so. Boxes come in pixels of the network's input and leave as fractions of that input.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.decode import LABELS, MAX_DETECTIONS, Detection

Array = NDArray[np.float32]
OVERLAP = 0.5
"""Two boxes of one label that share more than this of their union are one thing."""
ROWS_MAX = 200_000
"""More candidates than any detector of a camera picture has; the rest of a senseless output is not read."""
EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes [n, 4] (left, top, right, bottom as fractions) and their scores [n, 2] for flame and smoke."""

    boxes: Array
    scores: Array


@dataclass(frozen=True, slots=True)
class Classes:
    """Where flame and smoke stand among a network's classes; None where it does not know one. `count` is of all."""

    flame: int | None
    smoke: int | None
    count: int


def probability(values: Array) -> Array:
    """The logistic function, safe for any number."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))), dtype=np.float32)


def logit(share: float) -> float:
    """Its inverse; certainty is cut at 1 in 10,000."""
    bounded = min(1.0 - EDGE, max(EDGE, share))
    return float(np.log(bounded / (1.0 - bounded)))


def _of_classes(scores: Array, classes: Classes) -> Array:
    """[n, 2] of [n, classes]; a class that the network does not know scores 0."""
    chosen = np.zeros((len(scores), 2), dtype=np.float32)
    for place, index in enumerate((classes.flame, classes.smoke)):
        if index is not None:
            chosen[:, place] = scores[:, index]
    return chosen


def _corners(centred: Array, size: tuple[int, int]) -> Array:
    """Centre, width and height in pixels of (width, height) become left, top, right, bottom as fractions."""
    half = centred[:, 2:4] / 2.0
    corners = np.concatenate((centred[:, :2] - half, centred[:, :2] + half), axis=1)
    return np.asarray(corners / np.array([*size, *size], dtype=np.float32), dtype=np.float32)


def yolo(output: Array, classes: Classes, size: tuple[int, int], *, objectness: bool) -> Candidates | str:
    """A YOLO-style head: [1, n, 4 + classes] or its transpose, with a score for "any object" where `objectness`.

    Words instead where the shape does not fit.
    """
    columns = 4 + objectness + classes.count
    if output.ndim != 3 or output.shape[0] != 1 or columns not in output.shape[1:]:
        return (
            f"a YOLO head of {classes.count} classes gives [1, n, {columns}] or [1, {columns}, n], not {output.shape}"
        )
    rows = output[0] if output.shape[2] == columns else output[0].T
    rows = rows[:ROWS_MAX]
    scores = rows[:, 5:] * rows[:, 4:5] if objectness else rows[:, 4:]
    return Candidates(_corners(rows[:, :4], size), _of_classes(scores, classes))


def ssd(output: Array, classes: Classes) -> Candidates | str:
    """An SSD's detection output: [1, 1, n, 7] rows of picture, class, score, left, top, right, bottom (fractions)."""
    if output.ndim != 4 or output.shape[:2] != (1, 1) or output.shape[3] != 7:
        return f"an SSD head gives [1, 1, n, 7], not {output.shape}"
    rows = output[0, 0][:ROWS_MAX]
    rows = rows[rows[:, 0] >= 0]  # a row of picture -1 ends the list
    scores = np.zeros((len(rows), 2), dtype=np.float32)
    for place, index in enumerate((classes.flame, classes.smoke)):
        if index is not None:
            scores[:, place] = np.where(rows[:, 1] == index, rows[:, 2], 0.0)
    return Candidates(np.asarray(rows[:, 3:7], dtype=np.float32), scores)


def classifier(output: Array, classes: Classes, *, softmax: bool) -> Candidates | str:
    """A classifier of whole pictures: [1, classes] logits. Its one box is the whole picture."""
    if output.shape != (1, classes.count):
        return f"a classifier of {classes.count} classes gives [1, {classes.count}], not {output.shape}"
    logits = output.astype(np.float64)
    shares = np.exp(logits - logits.max()) if softmax else probability(output)
    scores = np.asarray(shares / shares.sum() if softmax else shares, dtype=np.float32)
    return Candidates(np.array([[0.0, 0.0, 1.0, 1.0]], dtype=np.float32), _of_classes(scores, classes))


def best(candidates: Candidates, threshold: float) -> tuple[tuple[Detection, ...], tuple[float, float]]:
    """The boxes of at least `threshold`, one for each thing, and the highest score of each label (0..1).

    Boxes without area, or with a number that is none, are left out.
    """
    boxes = np.clip(candidates.boxes, 0.0, 1.0)
    good = np.isfinite(candidates.boxes).all(axis=1) & np.isfinite(candidates.scores).all(axis=1)
    good &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    boxes, scores = boxes[good], np.clip(candidates.scores[good], 0.0, 1.0)
    found: list[Detection] = []
    for place, label in enumerate(LABELS):
        found += _apart(label, boxes, scores[:, place], threshold)
    highest = scores.max(axis=0, initial=0.0)
    return tuple(sorted(found, key=lambda box: -box.logit)), (float(highest[0]), float(highest[1]))


def _apart(label: str, boxes: Array, scores: Array, threshold: float) -> list[Detection]:
    """Boxes of one label, strongest first, without those that a stronger one covers."""
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= max(threshold, EDGE)][: 50 * MAX_DETECTIONS]
    kept: list[int] = []
    for index in order:
        if len(kept) == MAX_DETECTIONS:
            break
        if all(_shared(boxes[index], boxes[other]) <= OVERLAP for other in kept):
            kept.append(int(index))
    return [Detection(label, logit(float(scores[index])), *(float(side) for side in boxes[index])) for index in kept]


def _shared(one: Array, other: Array) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(both / (areas - both))
