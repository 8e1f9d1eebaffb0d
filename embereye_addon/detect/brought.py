"""A detector that somebody brought: its card, its input, its head, and the check that it can be used at all."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect import heads
from embereye_addon.detect.card import Card, Input, Line
from embereye_addon.detect.decode import Detection
from embereye_addon.detect.heads import Candidates, Classes
from embereye_addon.detect.model import Looked, told_apart
from embereye_addon.errors import ModelError

MOST_NATS = 6.0
"""A stranger's calibration vouches for no more than odds of about 400 : 1 a look."""
Infer = Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.float32]]]
"""One prepared picture in, every output by its name; `ModelError` on failure."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the picture lies within the network's input: shares of its width and height, and the offsets."""

    across: float
    down: float
    left: float
    top: float

    def back(self, box: Detection) -> Detection:
        """A box of the input as a box of the picture."""
        left, right = ((side - self.left) / self.across for side in (box.left, box.right))
        top, bottom = ((side - self.top) / self.down for side in (box.top, box.bottom))
        sides = (min(1.0, max(0.0, side)) for side in (left, top, right, bottom))
        return Detection(box.label, box.logit, *sides)


def prepared(bgr: NDArray[np.uint8], wanted: Input) -> tuple[NDArray[np.float32], Fit]:
    """The picture as the network wants it, and where it lies in there; grey bars fill a letterbox."""
    height, width = bgr.shape[:2]
    scale = min(wanted.width / width, wanted.height / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if not wanted.letterbox:
        size = (wanted.width, wanted.height)
    left, top = (wanted.width - size[0]) // 2, (wanted.height - size[1]) // 2
    canvas = np.full((wanted.height, wanted.width, 3), 114, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    values = (canvas[..., ::-1] if wanted.colour == "rgb" else canvas).astype(np.float32)
    values = (values - np.float32(wanted.mean)) / np.float32(wanted.scale)
    ordered = values.transpose(2, 0, 1) if wanted.layout == "nchw" else values
    fit = Fit(size[0] / wanted.width, size[1] / wanted.height, left / wanted.width, top / wanted.height)
    return np.ascontiguousarray(ordered[np.newaxis]), fit


class Brought:
    """Somebody's detector behind the same `look` as our own. Any picture size will do."""

    def __init__(self, card: Card, infer: Infer) -> None:
        """`ModelError` when the card contradicts itself or the network does not answer as the card says."""
        self.card = card
        self._classes = Classes(*card.places())
        self._infer = infer
        self.look(np.full((card.input.height, card.input.width, 3), 114, np.uint8))

    @property
    def name(self) -> str:
        """Name and version, as it stands in every sighting."""
        return f"{self.card.name} {self.card.version}"

    def look(self, bgr: NDArray[np.uint8]) -> Looked:
        """Look at one picture [height, width, 3] uint8 BGR; `ModelError` when the answer cannot be used."""
        began = time.monotonic()
        values, fit = prepared(bgr, self.card.input)
        outputs = self._infer(values)
        candidates = self._read(next(iter(outputs.values()), np.empty(0, np.float32)))
        if isinstance(candidates, str):
            raise ModelError(f"{self.name}: {candidates}")
        found, scores = heads.best(candidates, self.card.threshold)
        fire, smoke = (
            _nats(score, line)
            for score, line in zip(scores, (self.card.calibration_fire, self.card.calibration_smoke), strict=True)
        )
        boxes = tuple(box for box in map(fit.back, found) if box.right > box.left and box.bottom > box.top)
        return Looked(boxes, (fire, smoke), (time.monotonic() - began) * 1000.0)

    def self_test(self) -> str:
        """Known fire and no-fire pictures; an empty text when they are told apart."""
        return told_apart(self.look) if self.card.fire else ""

    def _read(self, output: NDArray[np.float32]) -> Candidates | str:
        size = (self.card.input.width, self.card.input.height)
        match self.card.head:
            case "yolo":
                return heads.yolo(output, self._classes, size, objectness=False)
            case "yolo_objectness":
                return heads.yolo(output, self._classes, size, objectness=True)
            case "ssd":
                return heads.ssd(output, self._classes)
            case "classifier_softmax":
                return heads.classifier(output, self._classes, softmax=True)
            case "classifier_sigmoid":
                return heads.classifier(output, self._classes, softmax=False)


def _nats(score: float, line: Line) -> float:
    """The calibrated log-likelihood ratio of a score, bounded."""
    nats = line.slope * heads.logit(score) + line.offset
    return max(-MOST_NATS, min(MOST_NATS, nats)) if math.isfinite(nats) else 0.0
