"""What is told of a look, and how often."""

import dataclasses

import pytest

from embereye_addon.detect.decode import Detection
from embereye_addon.fuse import video
from embereye_addon.processes.sightings import BOXES_MAX, Told, boxes_of, evidence_of, something
from tests.processes.seen import seen


def test_boxes_tell_what_where_and_since_when() -> None:
    """The page draws them; fractions stay fractions whatever the arithmetic of crops gives."""
    (box,) = boxes_of(seen(10.0))
    assert (box.label, box.track, box.age_s) == ("flame", 4, 3.0)
    assert (box.left, box.top, box.right, box.bottom) == (0.1, 0.2, 0.3, 0.4)
    (edge,) = boxes_of(seen(10.0, box=Detection("flame", 3.0, -1e-9, 0.0, 1.0 + 1e-9, 1.0)))
    assert (edge.left, edge.right) == (0.0, 1.0)
    many = dataclasses.replace(seen(10.0), tracks=seen(10.0).tracks * 40)
    assert len(boxes_of(many)) == BOXES_MAX


def test_evidence_is_what_fusion_makes_of_the_claims() -> None:
    """The figures that decide a cap arrive there."""
    flame, smoke = evidence_of(seen(10.0), (2.0, 2.0))
    assert (flame.point, flame.llr_nats, flame.cap_nats) == ("cam.quiet.flame", 2.0, video.CAP_NATS)
    assert flame.where == "box 0.10,0.20,0.30,0.40"
    assert smoke.llr_nats == video.MIN_LOOK_NATS
    longer, _ = evidence_of(seen(10.0), (60.0, 2.0))
    assert longer.cap_nats == video.YOUNG_CAP_NATS, "the installer asked for a minute"
    nowhere, _ = evidence_of(seen(10.0, box=None), (2.0, 2.0))
    assert (nowhere.llr_nats, nowhere.where) == (0.0, "")


@pytest.mark.parametrize(("telling", "most"), [(True, 6), (False, 2)])
def test_sightings_are_five_a_second_at_most_and_one_when_empty(telling: bool, most: int) -> None:
    """The bus and the panel have eighty cameras to hear."""
    told, count = Told(), 0
    for step in range(16):
        if told.due(step / 15, something=telling):
            told.said_s = step / 15
            count += 1
    assert most - 1 <= count <= most


def test_something_is_a_box_or_a_claim() -> None:
    """Both are worth telling at once."""
    assert something(seen(1.0, -2.0))
    assert something(seen(1.0, 0.5, box=None))
    assert not something(seen(1.0, -2.0, box=None))
