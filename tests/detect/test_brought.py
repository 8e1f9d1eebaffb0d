"""A detector that somebody brought, from picture to nats, with networks small enough to work out by hand."""

import math
from collections.abc import Mapping

import msgspec
import numpy as np
import pytest

from embereye_addon.detect.brought import MOST_NATS, Brought, prepared
from embereye_addon.detect.card import Card
from embereye_addon.errors import ModelError

SAID = {
    "name": "tiny",
    "version": "1",
    "file": "tiny.onnx",
    "head": "yolo",
    "input": {"width": 64, "height": 64},
    "classes": ["person", "fire", "smoke"],
    "fire": "fire",
    "smoke": "smoke",
}


def card(**changes: object) -> Card:
    """A card as it is read from a file."""
    return msgspec.convert({**SAID, **changes}, Card)


def brightest(values: np.ndarray) -> Mapping[str, np.ndarray]:
    """A network with one rule: the bright part of the picture is fire, with its brightness as the score."""
    plane = values[0].mean(axis=0)
    down, across = np.nonzero(plane > 0.9)
    if not len(down):
        return {"out": np.zeros((1, 1, 7), np.float32)}
    left, right, top, bottom = across.min(), across.max() + 1, down.min(), down.max() + 1
    row = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 0.0, 0.95, 0.0)
    return {"out": np.array([[row]], np.float32)}


def test_a_box_comes_back_to_where_it_is_in_the_picture() -> None:
    """The installer sees the box beside the fire: the letterbox's bars were forgotten."""
    picture = np.zeros((120, 240, 3), np.uint8)
    picture[60:90, 120:180] = 255
    looked = Brought(card(), brightest).look(picture)
    (box,) = looked.detections
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.5, 0.5, 0.75, 0.75), abs=0.05)
    assert looked.llr_nats[0] == pytest.approx(math.log(0.95 / 0.05), abs=1e-3)
    assert looked.llr_nats[1] == -MOST_NATS


def test_calibration_and_its_bounds() -> None:
    """An uncalibrated score of 0.9999 outvotes every other point of the zone."""
    line = {"slope": 0.5, "offset": -1.0}
    picture = np.full((64, 64, 3), 255, np.uint8)
    looked = Brought(card(calibration_fire=line), brightest).look(picture)
    assert looked.llr_nats[0] == pytest.approx(0.5 * math.log(0.95 / 0.05) - 1.0, abs=1e-3)
    sure = Brought(card(calibration_fire={"slope": 10.0, "offset": 20.0}), brightest).look(picture)
    assert sure.llr_nats[0] == MOST_NATS


def test_the_picture_as_the_card_asks_for_it() -> None:
    """Red and blue exchanged, or a wrong order of dimensions: the model sees another world."""
    picture = np.zeros((10, 20, 3), np.uint8)
    picture[..., 2] = 200
    asked = {"width": 32, "height": 64, "mean": 100.0, "scale": 50.0, "letterbox": False}
    red_first, _ = prepared(picture, msgspec.convert({**SAID, "input": asked}, Card).input)
    assert red_first.shape == (1, 3, 64, 32)
    assert red_first[0, :, 0, 0] == pytest.approx((2.0, -2.0, -2.0))
    other = {**asked, "layout": "nhwc", "colour": "bgr"}
    blue_first, fit = prepared(picture, msgspec.convert({**SAID, "input": other}, Card).input)
    assert blue_first.shape == (1, 64, 32, 3)
    assert blue_first[0, 0, 0] == pytest.approx((-2.0, -2.0, 2.0))
    assert (fit.across, fit.down, fit.left, fit.top) == (1.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("head", "output"),
    [
        ("yolo_objectness", np.array([[[32, 32, 64, 64, 1.0, 0, 0.95, 0]]])),
        ("ssd", np.array([[[[0, 1, 0.95, 0, 0, 1, 1]]]])),
        ("classifier_softmax", np.log(np.array([[0.04, 0.95, 0.01]]))),
        ("classifier_sigmoid", np.array([[0.0, math.log(19.0), -9.0]])),
    ],
)
def test_every_head_says_the_same(head: str, output: np.ndarray) -> None:
    """One kind of network is read wrongly."""
    brought = Brought(card(head=head), lambda _values: {"out": output.astype(np.float32)})
    looked = brought.look(np.zeros((64, 64, 3), np.uint8))
    assert looked.llr_nats[0] == pytest.approx(math.log(19.0), abs=1e-2)
    assert [(box.label, round(box.right - box.left)) for box in looked.detections] == [("flame", 1)]
    assert brought.name == "tiny 1"


def test_a_network_that_is_not_what_its_card_says_is_refused_at_once() -> None:
    """It would be found out in the night of the fire."""
    with pytest.raises(ModelError, match=r"tiny 1: a YOLO head of 3 classes gives"):
        Brought(card(), lambda _values: {"out": np.zeros((1, 5, 85), np.float32)})
    with pytest.raises(ModelError, match="YOLO head"):
        Brought(card(), lambda _values: {})
    with pytest.raises(ModelError, match="none of its classes"):
        Brought(card(fire="flame"), brightest)


def test_numbers_that_are_none() -> None:
    """NaN from a network is no evidence, for or against."""
    output = np.full((1, 2, 7), np.nan, np.float32)
    looked = Brought(card(), lambda _values: {"out": output}).look(np.zeros((64, 64, 3), np.uint8))
    assert looked.detections == ()
    assert all(math.isfinite(nats) for nats in looked.llr_nats)
