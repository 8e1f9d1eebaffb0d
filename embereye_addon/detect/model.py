"""The detection model with its card and its self-test."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.decode import LABELS, Detection, detections
from embereye_addon.detect.openvino import Network
from embereye_addon.detect.tensors import input_size
from embereye_addon.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
CARD_LIMIT = 1 << 20
BOX_LOGIT = 2.0
"""A cell that holds the thing with 88 % or more belongs to its box, if the picture as a whole agrees."""


class Histogram(msgspec.Struct, frozen=True):
    """How many held-out pictures without (negative) and with (positive) the thing fell into each score bin."""

    positive: tuple[int, ...]
    negative: tuple[int, ...]

    @property
    def prior_logit(self) -> float:
        """The logit of the share of positives among the pictures the calibration saw.

        A calibrated logit is the log of the posterior odds; less this it is the log-likelihood ratio (Bayes).
        """
        return math.log(sum(self.positive) / sum(self.negative))


class Card(msgspec.Struct, frozen=True):
    """What the program needs of `card.json`; people read MODEL_CARD.md."""

    name: str
    version: str
    score_histogram: dict[str, Histogram]


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture's result: boxes, and for fire and smoke the log-likelihood ratio (nats) of the whole picture."""

    detections: tuple[Detection, ...]
    llr_nats: tuple[float, float]
    took_ms: float


class Looker(Protocol):
    """A model that can be asked: the shipped one, or one that was brought."""

    @property
    def name(self) -> str:
        """Name and version, as it stands in every sighting."""

    def look(self, bgr: NDArray[np.uint8]) -> Looked:
        """Look at one picture [height, width, 3] uint8 BGR whose sides are multiples of 16; `ModelError` on failure."""

    def self_test(self) -> str:
        """Known fire and no-fire pictures; an empty text when they are told apart, else what went wrong."""


class Model:
    """A loaded model. `ModelError` in words when it cannot be loaded."""

    def __init__(self, device: str, folder: Path = WEIGHTS) -> None:
        self._network = Network(folder / "fire_smoke.xml", device)
        self._folder = folder
        try:
            raw = (folder / "card.json").read_bytes()[:CARD_LIMIT]
            self.card = msgspec.json.decode(raw, type=Card)
            self._prior_logit = tuple(self.card.score_histogram[label].prior_logit for label in ("fire", "smoke"))
        except (OSError, msgspec.DecodeError, KeyError, ValueError, ZeroDivisionError) as err:
            raise ModelError(f"the model card in {folder} cannot be used") from err

    @property
    def notices(self) -> tuple[str, ...]:
        """What an installer should know of how the model runs here (a missing accelerator, an old processor)."""
        return self._network.notices

    @property
    def runs(self) -> str:
        """The file and the device, for people: "fire_smoke_int8.xml on CPU"."""
        return f"{self._network.file} on {self._network.device}"

    @property
    def name(self) -> str:
        """Name and version, as it stands in every sighting."""
        return f"{self.card.name} {self.card.version}"

    def look(self, bgr: NDArray[np.uint8]) -> Looked:
        """Look at one picture [height, width, 3] uint8 BGR whose sides are multiples of 16; `ModelError` on failure."""
        began = time.monotonic()
        cells, whole = self._network.infer(bgr)
        if not (np.isfinite(whole).all() and np.isfinite(cells).all()):
            raise ModelError(f"the model gives no numbers for a picture of {bgr.shape}")
        fire, smoke = (float(logit) - prior for logit, prior in zip(whole, self._prior_logit, strict=True))
        supported = {label for label, nats in zip(LABELS, (fire, smoke), strict=True) if nats > 0.0}
        boxes = tuple(box for box in detections(cells, BOX_LOGIT) if box.label in supported)
        return Looked(boxes, (fire, smoke), (time.monotonic() - began) * 1000.0)

    def self_test(self) -> str:
        """Known fire and no-fire pictures through the very same path; an empty text when both are told apart."""
        return told_apart(self.look, self._folder)


def told_apart(look: Callable[[NDArray[np.uint8]], Looked], folder: Path = WEIGHTS) -> str:
    """Whether `look` tells the reference pictures of a folder apart: an empty text, or what went wrong."""
    for name, expected in (("reference_fire.jpg", True), ("reference_quiet.jpg", False)):
        raw = np.fromfile(folder / name, dtype=np.uint8) if (folder / name).is_file() else None
        picture = None if raw is None else cv2.imdecode(raw, cv2.IMREAD_COLOR)
        if picture is None:
            return f"the reference picture {name} is missing"
        width, height = input_size(picture.shape[1], picture.shape[0])
        looked = look(np.asarray(cv2.resize(picture, (width, height)), dtype=np.uint8))
        if (looked.llr_nats[0] > 1.0) is not expected:
            return f"{name}: fire is told with {looked.llr_nats[0]:.1f} nats, which is the wrong side"
    return ""
