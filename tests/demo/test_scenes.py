"""The rendered scenes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.demo import scenes


def test_a_scene_is_the_same_each_time() -> None:
    """Training, tests and the demo must see the same pictures for the same seed."""
    first = scenes.render("flame", 26.0)
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, scenes.render("flame", 26.0))


def test_before_the_start_nothing_burns() -> None:
    """A fire must not show before it is started, or the measured delay would be wrong."""
    quiet = scenes.render("quiet", 3.0)
    for name in ("flame", "smoke"):
        assert np.array_equal(scenes.render(name, 3.0, start_s=3.0), quiet)
        assert scenes.boxes(name, 3.0, start_s=3.0) == ()


def test_a_quiet_room_has_noise_and_no_boxes() -> None:
    """Noise-free pictures would make the motion gate look better than it is on a real camera."""
    one, two = (scenes.render("quiet", at_s).astype(np.int16) for at_s in (1.0, 1.1))
    assert 1.0 < float(np.abs(one - two).mean()) < 6.0
    assert scenes.boxes("quiet", 1.0) == ()


def test_nobody_is_in_an_empty_room() -> None:
    """What an unchanged scene costs is not measured where somebody walks through."""
    first_s = scenes.empty_from_s(3)
    empty, later = (scenes.render("quiet", at_s, 3) for at_s in (first_s + 0.1, first_s + 14.9))
    walked = scenes.render("quiet", first_s - 5.0, 3)
    changed = [float((cv2.absdiff(empty, one) > 40).mean()) for one in (later, walked)]
    assert changed[0] < 0.001 < changed[1]


def test_a_flame_grows_is_hot_and_flickers() -> None:
    """A classifier trained on photos looks for an over-exposed core with orange edges which changes all the time."""
    (small,) = scenes.boxes("flame", 21.0)
    (large,) = scenes.boxes("flame", 27.0)
    assert large.label == "flame"
    assert (large.bottom - large.top) > 2.0 * (small.bottom - small.top) > 0.0
    picture = scenes.render("flame", 27.0)
    part = picture[
        int(large.top * 480) : int(large.bottom * 480), int(large.left * 640) : int(large.right * 640)
    ].astype(np.int16)
    white = (part.min(axis=2) > 200).mean()
    orange = ((part[..., 2] > 180) & (part[..., 2] - part[..., 0] > 70)).mean()
    assert white > 0.05
    assert orange > 0.1
    tall = [box.bottom - box.top for k in range(12) for box in scenes.boxes("flame", 27.0 + k * 0.15)]
    assert max(tall) - min(tall) > 0.03


def test_a_fire_lights_the_room() -> None:
    """The floor in front of the fire turns warm, as it does on a real camera."""
    (box,) = scenes.boxes("flame", 30.0)
    rows = slice(int(box.bottom * 480) + 20, int(box.bottom * 480) + 60)
    columns = slice(int(box.left * 640), int(box.right * 640))
    before, after = (
        scenes.render(name, 30.0)[rows, columns].astype(np.float32).mean(axis=(0, 1)) for name in ("quiet", "flame")
    )
    assert (after[2] - after[0]) > (before[2] - before[0]) + 20.0


def test_smoke_spreads_and_takes_the_contrast_away() -> None:
    """Smoke is found by what it hides: edges behind it must fade."""
    early, late = (scenes.boxes("smoke", at_s)[0] for at_s in (21.5, 30.0))
    assert (late.right - late.left) * (late.bottom - late.top) > 2 * (early.right - early.left) * (
        early.bottom - early.top
    )
    rows = slice(int(late.top * 480), int(late.bottom * 480))
    columns = slice(int(late.left * 640), int(late.right * 640))
    edges = [
        float(cv2.Laplacian(cv2.GaussianBlur(scenes.render(name, 40.0)[rows, columns], (0, 0), 2.0), cv2.CV_32F).var())
        for name in ("quiet", "smoke")
    ]
    assert edges[1] < 0.8 * edges[0]


def test_somebody_walks_by_but_not_past_a_fire() -> None:
    """A walker is the commonest false start of a motion gate, so the quiet scene has one; nobody strolls past fire."""
    empty = scenes.render("quiet", 1.0).astype(np.int16)
    walked = scenes.render("quiet", 13.0).astype(np.int16)
    assert int((np.abs(walked - empty).max(axis=2) > 40).sum()) > 1500
    alone = scenes.render("smoke", 13.0, start_s=14.0).astype(np.int16)
    assert int((np.abs(alone - empty).max(axis=2) > 40).sum()) < 300


def test_an_unknown_scene_is_refused_with_the_choices() -> None:
    """A typing mistake gives the list of what there is."""
    with pytest.raises(ValueError, match="quiet, flame, smoke"):
        scenes.render("fog", 1.0)
    assert scenes.boxes("fog", 30.0) == ()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(scenes.SCENES), st.floats(-5.0, 500.0), st.floats(0.0, 30.0))
def test_boxes_lie_in_the_picture(name: str, at_s: float, start_s: float) -> None:
    """A box outside the picture would break training and the scoring of the demo."""
    for box in scenes.boxes(name, at_s, start_s=start_s):
        assert box.label == name
        assert 0.0 <= box.left < box.right <= 1.0
        assert 0.0 <= box.top < box.bottom <= 1.0
