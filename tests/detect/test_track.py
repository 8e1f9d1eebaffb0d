"""Things followed from look to look."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.detect.decode import Detection
from embereye_addon.detect.track import FORGET_S, MOTION_WEIGHT, follow, overlap


def box(left: float = 0.2, label: str = "flame", size: float = 0.2) -> Detection:
    """A square box."""
    return Detection(label, 1.0, left, 0.2, left + size, 0.2 + size)


BOXES = st.builds(box, st.floats(0, 0.8), st.sampled_from(["flame", "smoke"]), st.floats(0.01, 0.2))


@given(BOXES, BOXES)
def test_overlap_is_a_fraction_and_the_same_both_ways(one: Detection, other: Detection) -> None:
    """Intersection over union."""
    assert 0.0 <= overlap(one, other) <= 1.0 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, one) == pytest.approx(1.0)


def test_boxes_apart_do_not_overlap() -> None:
    """Side by side is not on top of each other."""
    assert overlap(box(0.0), box(0.2)) == 0.0
    assert overlap(box(0.0), Detection("flame", 1.0, 0.0, 0.7, 0.2, 0.9)) == 0.0


def test_a_thing_keeps_its_number_and_its_motion_is_smooth() -> None:
    """The age of a flame is told from when it was first seen."""
    tracks = follow((), ((box(0.2), 8.0),), 1, 10.0)
    tracks = follow(tracks, ((box(0.25), 0.0),), 2, 10.5)
    (track,) = tracks
    assert (track.number, track.first_mono_s, track.last_mono_s) == (1, 10.0, 10.5)
    assert track.detection == box(0.25)
    assert track.motion == pytest.approx(8.0 * (1 - MOTION_WEIGHT))


def test_another_place_or_another_label_is_another_thing() -> None:
    """Smoke above a flame is not the flame."""
    tracks = follow((), ((box(0.1), 1.0),), 1, 0.0)
    tracks = follow(tracks, ((box(0.1, "smoke"), 1.0), (box(0.7), 1.0), (box(0.1), 1.0)), 2, 0.2)
    assert [(track.number, track.detection.label) for track in tracks] == [(2, "smoke"), (3, "flame"), (1, "flame")]


def test_two_boxes_never_share_a_track() -> None:
    """Two flames close together are counted as two."""
    tracks = follow((), ((box(0.2), 1.0),), 1, 0.0)
    tracks = follow(tracks, ((box(0.2), 1.0), (box(0.21), 1.0)), 2, 0.1)
    assert sorted(track.number for track in tracks) == [1, 2]


def test_what_is_gone_is_forgotten() -> None:
    """Memory holds only the last seconds, however long the camera runs."""
    tracks = follow((), ((box(0.2), 1.0),), 1, 0.0)
    assert follow(tracks, (), 2, FORGET_S) == tracks
    assert follow(tracks, (), 2, FORGET_S + 0.1) == ()
