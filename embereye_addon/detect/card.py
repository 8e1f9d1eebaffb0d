"""The card of a detector that somebody brought: what its network wants, gives, and means."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from embereye_addon.errors import ModelError

CARD = "card.json"
CARD_LIMIT = 64 * 1024
Name = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
Class = Annotated[str, Meta(min_length=1, max_length=40)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a picture must be handed over: (pixel - mean) / scale, in this order of colours and dimensions."""

    width: Annotated[int, Meta(ge=32, le=2048)]
    height: Annotated[int, Meta(ge=32, le=2048)]
    colour: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    mean: float = 0.0
    scale: Annotated[float, Meta(gt=0.0)] = 255.0
    letterbox: bool = True


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calibration of one label: nats = slope · logit(score) + offset, a log-likelihood ratio."""

    slope: Annotated[float, Meta(gt=0.0, le=10.0)] = 1.0
    offset: Annotated[float, Meta(ge=-20.0, le=20.0)] = 0.0


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `card.json` beside the network says of it."""

    name: Name
    version: Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_.-]+$")]
    file: Annotated[str, Meta(max_length=80, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(xml|onnx)$")]
    head: Literal["yolo", "yolo_objectness", "ssd", "classifier_softmax", "classifier_sigmoid"]
    runtime: Literal["openvino", "onnxruntime"] = "openvino"
    input: Input
    classes: Annotated[tuple[Class, ...], Meta(min_length=1, max_length=1000)]
    fire: str = ""
    smoke: str = ""
    threshold: Annotated[float, Meta(ge=0.01, le=0.99)] = 0.25
    calibration_fire: Line = Line()
    calibration_smoke: Line = Line()
    licence: Annotated[str, Meta(max_length=80)] = ""

    def places(self) -> tuple[int | None, int | None, int]:
        """Which class is flame and which smoke, of how many; `ModelError` when the card names one that it does not
        list, or none.
        """
        found: dict[str, int | None] = {}
        for label, name in (("fire", self.fire), ("smoke", self.smoke)):
            if name and name not in self.classes:
                raise ModelError(f"the card's {label} is {name!r}, which is none of its classes")
            found[label] = self.classes.index(name) if name else None
        if found["fire"] is None and found["smoke"] is None:
            raise ModelError("the card says neither which class is fire nor which is smoke")
        return found["fire"], found["smoke"], len(self.classes)


def read_card(folder: Path) -> Card:
    """The card of a folder; `ModelError` in words."""
    try:
        with (folder / CARD).open("rb") as file:
            raw = file.read(CARD_LIMIT + 1)
    except OSError as err:
        raise ModelError(f"{folder / CARD} cannot be read: {err.strerror}") from None
    if len(raw) > CARD_LIMIT:
        raise ModelError(f"{folder / CARD} is larger than {CARD_LIMIT // 1024} KiB")
    try:
        return msgspec.json.decode(raw, type=Card)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise ModelError(f"{folder / CARD} cannot be used: {err}") from None
