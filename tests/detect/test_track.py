"""Things followed from look to look."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.detect.decode import Detection
from embereye_addon.detect.track import FORGET_S, HELD_OFF, HELD_ON, MOTION_WEIGHT, Spotted, Track, follow, overlap

WARM = (40.0, 120.0, 240.0)


def box(left: float = 0.2, label: str = "flame", size: float = 0.2, logit: float = 3.0) -> Detection:
    """A square box."""
    return Detection(label, logit, left, 0.2, left + size, 0.2 + size)


def spot(detection: Detection, motion: float = 1.0, colour: tuple[float, float, float] = WARM) -> Spotted:
    """A box with its figures."""
    return Spotted(detection, motion, colour)


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
    tracks = follow((), (spot(box(0.2), 8.0),), 1, 10.0)
    tracks = follow(tracks, (spot(box(0.25), 0.0),), 2, 10.5)
    (track,) = tracks
    assert (track.number, track.first_mono_s, track.last_mono_s) == (1, 10.0, 10.5)
    assert track.detection == box(0.25)
    assert track.motion == pytest.approx(8.0 * (1 - MOTION_WEIGHT))


def test_another_place_or_another_label_is_another_thing() -> None:
    """Smoke above a flame is not the flame."""
    tracks = follow((), (spot(box(0.1)),), 1, 0.0)
    tracks = follow(tracks, (spot(box(0.1, "smoke")), spot(box(0.7)), spot(box(0.1))), 2, 0.2)
    assert [(track.number, track.detection.label) for track in tracks] == [(2, "smoke"), (3, "flame"), (1, "flame")]


def test_a_thing_that_moved_is_known_by_its_colour() -> None:
    """A lighter in a hand stays one flame; a lamp of another colour beside it does not take its number."""
    tracks = follow((), (spot(box(0.2)),), 1, 0.0)
    (moved, *_) = follow(tracks, (spot(box(0.39)),), 2, 0.2)
    assert moved.number == 1
    (other, *_) = follow(tracks, (spot(box(0.39), colour=(240.0, 240.0, 240.0)),), 2, 0.2)
    assert other.number == 2
    far = Detection("flame", 3.0, 0.2, 0.7, 0.4, 0.9)
    (below, *_) = follow(tracks, (spot(far),), 2, 0.2)
    assert below.number == 2


def test_of_two_that_overlap_the_one_of_the_same_colour_goes_on() -> None:
    """A torch in front of a fire is not the fire."""
    tracks = follow((), (spot(box(0.2)), spot(box(0.22), colour=(250.0, 250.0, 250.0))), 1, 0.0)
    (white, *_) = follow(tracks, (spot(box(0.21), colour=(250.0, 250.0, 250.0)),), 3, 0.2)
    assert white.number == 2


def test_two_boxes_never_share_a_track() -> None:
    """Two flames close together are counted as two."""
    tracks = follow((), (spot(box(0.2)),), 1, 0.0)
    tracks = follow(tracks, (spot(box(0.2)), spot(box(0.21))), 2, 0.1)
    assert sorted(track.number for track in tracks) == [1, 2]


def test_what_is_gone_is_forgotten() -> None:
    """Memory holds only the last seconds, however long the camera runs."""
    tracks = follow((), (spot(box(0.2)),), 1, 0.0)
    assert [track.number for track in follow(tracks, (), 2, FORGET_S)] == [1]
    assert follow(tracks, (), 2, FORGET_S + 0.1) == ()


def run(logits: list[float | None]) -> list[Track]:
    """One thing over looks a fifth of a second apart; None: the look does not find it."""
    tracks: tuple[Track, ...] = ()
    after = []
    for step, logit in enumerate(logits):
        seen = () if logit is None else (spot(box(logit=logit)),)
        tracks = follow(tracks, seen, step + 1, 0.2 * step)
        after.append(tracks[0])
    return after


def test_a_thing_is_held_by_its_score_with_hysteresis() -> None:
    """A single look without a flame does not end it; several do, and then its time begins anew."""
    tracks = run([3.0] * 5 + [None] + [3.0] * 4)
    assert [track.held_s for track in tracks] == [0.0] * 10
    tracks = run([3.0, 3.0, None, None, None, None, None, 3.0, 3.0, 3.0])
    assert tracks[6].held_s is None
    assert tracks[6].score < HELD_OFF
    assert tracks[9].score > HELD_ON
    assert tracks[9].held_s is not None
    assert tracks[9].held_s > 1.0


def test_a_weak_thing_is_not_held() -> None:
    """A box that the model hardly believes in counts for no persistence."""
    assert all(track.held_s is None for track in run([0.5] * 10))


@given(st.lists(st.one_of(st.none(), st.floats(-50.0, 50.0)), min_size=1, max_size=12))
def test_scores_are_bounded_whatever_the_model_says(logits: list[float | None]) -> None:
    """One look with a monstrous logit must not hold a thing for minutes."""
    assert all(-6.0 <= track.score <= 6.0 for track in run([0.0, *logits]) if logits)
