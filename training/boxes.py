"""Figures of the boxes that the product draws: average precision against the labels, and false boxes per picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.decode import LABELS, detections
from embereye_addon.detect.model import BOX_LOGIT
from training.dataset import CLASSES, Picture

Boxes = NDArray[np.float64]
OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Drawn:
    """The boxes of one class on one picture: (left, top, right, bottom) in fractions, and their logits."""

    boxes: Boxes
    logits: Boxes


def drawn(cells: NDArray[np.float32], nats: Sequence[float]) -> tuple[Drawn, Drawn]:
    """Fire and smoke boxes from cell logits [2, rows, columns], exactly as `Model.look` draws them.

    `nats` are the picture's log-likelihood ratios: a class that the whole picture speaks against has no boxes.
    """
    found = detections(cells, BOX_LOGIT)
    answer = []
    for label, support in zip(LABELS, nats, strict=True):
        mine = [box for box in found if box.label == label and support > 0.0]
        corners = [[box.left, box.top, box.right, box.bottom] for box in mine]
        answer.append(Drawn(np.array(corners, float).reshape(-1, 4), np.array([box.logit for box in mine], float)))
    return answer[0], answer[1]


def overlaps(one: Boxes, others: Boxes) -> Boxes:
    """Intersection over union of each of `one` [N, 4] with each of `others` [M, 4]: [N, M]."""
    low = np.maximum(one[:, None, :2], others[None, :, :2])
    high = np.minimum(one[:, None, 2:], others[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(rows[:, 2:] - rows[:, :2], 0, None).prod(axis=1) for rows in (one, others)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-12)


@dataclass(frozen=True, slots=True)
class Matched:
    """One picture: logits of its boxes, which of them found a label of their own, and how many labels there are."""

    logits: Boxes
    right: NDArray[np.bool_]
    labels: int


def match(shown: Drawn, truth: Boxes) -> Matched:
    """Strongest box first; each takes the label it overlaps most, if by at least half and not taken yet."""
    order = np.argsort(-shown.logits, kind="stable")
    right = np.zeros(len(order), bool)
    if len(truth):
        shares = overlaps(shown.boxes[order], truth)
        free = np.ones(len(truth), bool)
        for row, share in enumerate(shares):
            best = int(np.argmax(np.where(free, share, -1.0)))
            if free[best] and share[best] >= OVERLAP:
                right[row], free[best] = True, False
    return Matched(shown.logits[order], right, len(truth))


def average_precision(pictures: Sequence[Matched]) -> float:
    """Area under precision over recall, precision made monotone (PASCAL VOC 2010); nan without labels."""
    labels = sum(each.labels for each in pictures)
    if labels == 0:
        return float("nan")
    logits = np.concatenate([each.logits for each in pictures])
    right = np.concatenate([each.right for each in pictures])[np.argsort(-logits, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    monotone = np.maximum.accumulate(precision[::-1])[::-1]
    return float(monotone[right].sum() / labels)


def figures(pictures: Sequence[Picture], shown: Sequence[tuple[Drawn, Drawn]], rounds: int = 300) -> dict[str, object]:
    """Per class: AP50 with a bootstrap 95 % interval over pictures, by source, and false boxes per picture by source.

    A picture whose class is unknown is left out; one known to be free of it counts with whatever is drawn on it.
    """
    answer: dict[str, object] = {}
    for kind, name in enumerate(CLASSES):
        known = [i for i, p in enumerate(pictures) if p.truth(kind) is not None]
        matched = [match(shown[i][kind], pictures[i].boxes[pictures[i].boxes[:, 0] == kind, 1:]) for i in known]
        sources = np.array([pictures[i].source for i in known])
        rng = np.random.default_rng(4)
        again = [
            average_precision([matched[i] for i in rng.integers(len(matched), size=len(matched))])
            for _ in range(rounds)
        ]
        answer[name] = {
            "ap50": round(average_precision(matched), 4),
            "ci95": [round(float(np.quantile(again, edge)), 4) for edge in (0.025, 0.975)],
            "ap50_by_source": _by_source(matched, sources),
            "false_boxes_per_empty_picture": _false_boxes(matched, sources),
        }
    return answer


def _by_source(matched: Sequence[Matched], sources: NDArray[np.str_]) -> dict[str, dict[str, float]]:
    """AP50 of each source that has labels, its pictures alone."""
    rows = {}
    for source in sorted(set(sources.tolist())):
        mine = [each for each, where in zip(matched, sources, strict=True) if where == source]
        labels = sum(each.labels for each in mine)
        if labels:
            rows[source] = {"labels": labels, "ap50": round(average_precision(mine), 4)}
    return rows


def _false_boxes(matched: Sequence[Matched], sources: NDArray[np.str_]) -> dict[str, dict[str, float]]:
    """Boxes drawn per picture where nothing is, and the share of such pictures with any box, by source."""
    rows = {}
    for source in [*sorted(set(sources.tolist())), "all"]:
        mine = [
            len(each.logits)
            for each, where in zip(matched, sources, strict=True)
            if each.labels == 0 and source in (where, "all")
        ]
        if mine:
            rows[source] = {
                "pictures": len(mine),
                "boxes_per_picture": round(float(np.mean(mine)), 4),
                "pictures_with_a_box": round(float((np.array(mine) > 0).mean()), 4),
            }
    return rows
