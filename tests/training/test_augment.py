"""Views and their targets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training import augment
from training.dataset import Picture

SIZE = (224, 192)


def boxes(*rows: tuple[float, ...]) -> augment.Floats:
    """Rows of class, x0, y0, x1, y1."""
    return np.array(rows, np.float32).reshape(-1, 5)


def test_a_crop_without_the_fire_is_a_negative() -> None:
    """A crop that lost its fire must not keep the label, or walls and sky become fire."""
    goal = augment.targets(boxes((0, 400, 400, 500, 500)), SIZE, (True, False), "web")
    assert goal.picture[0] == 0
    assert goal.picture_weights[0] > 0
    assert goal.cells[0].sum() == 0


def test_an_unlabelled_class_weighs_nothing() -> None:
    """Unknown smoke stays out of the loss, in the picture and in every cell."""
    goal = augment.targets(boxes((0, 32, 32, 96, 96)), SIZE, (True, False), "web")
    assert goal.picture.tolist() == [1, 0]
    assert goal.picture_weights.tolist() == [1, 0]
    assert goal.cell_weights[1].sum() == 0
    assert goal.cells[0].sum() == 16


def test_a_sliver_of_a_fire_is_neither_asked_for_nor_against() -> None:
    """The last pixels of a box may show nothing burning."""
    goal = augment.targets(boxes((0, 220, 0, 420, 40)), SIZE, (True, True), "web")
    assert goal.picture_weights[0] == 0
    assert goal.picture_weights[1] == 1


def test_a_small_flame_keeps_one_cell() -> None:
    """A candle smaller than a cell would otherwise never be learned."""
    goal = augment.targets(boxes((0, 50, 50, 58, 60)), SIZE, (True, True), "web")
    assert goal.cells[0].sum() == 1
    assert goal.picture[0] == 1


def test_loose_boxes_say_little_about_what_lies_outside() -> None:
    """Sources that box only fragments of a fire must not teach the rest as no fire."""
    rows = boxes((0, 32, 32, 96, 96))
    loose = augment.targets(rows, SIZE, (True, True), "kagfire").cell_weights[0].min()
    tight = augment.targets(rows, SIZE, (True, True), "web").cell_weights[0, -1, -1]
    assert loose < tight


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(40, 300), st.integers(40, 300))
def test_every_view_has_the_size_and_targets_in_range(seed: int, wide: int, high: int) -> None:
    """Whatever the picture's shape, a batch can be stacked from its views."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (high, wide, 3), dtype=np.uint8)
    fire = Picture("a", "web", pixels, boxes((0, 0.2, 0.2, 0.6, 0.7)), (True, False))
    empty = Picture("b", "web", pixels[::-1].copy(), boxes(), (True, True))
    seen = augment.view(fire, [empty], SIZE, rng)
    assert seen.pixels.shape == (192, 224, 3)
    assert seen.pixels.dtype == np.uint8
    assert seen.targets.cells.shape == (2, 12, 14)
    assert set(np.unique(seen.targets.cells)) <= {0.0, 1.0}
    assert ((seen.targets.cell_weights >= 0) & (seen.targets.cell_weights <= 1)).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_a_pasted_flame_is_where_its_label_is(seed: int) -> None:
    """A small flame in an empty scene, in every look of it, lies in the cells that are asked for."""
    rng = np.random.default_rng(seed)
    pixels = np.full((200, 200, 3), 20, np.uint8)
    down, across = np.mgrid[0:200, 0:200]
    pixels[(down - 100) ** 2 + (across - 100) ** 2 < 30**2] = (60, 180, 250)
    fire = Picture("a", "web", pixels, boxes((0, 0.3, 0.3, 0.7, 0.7)), (True, False))
    empty = Picture("b", "web", np.full((150, 200, 3), 60, np.uint8), boxes(), (True, True))
    seen = augment.flame_view(fire, [empty], SIZE, rng)
    assert seen is not None
    assert seen.pixels.shape == (192, 224, 3)
    assert seen.targets.picture.tolist()[1] == 0.0
    assert seen.targets.picture_weights.tolist()[1] == 1.0
    assert seen.targets.cells[0].sum() >= seen.targets.picture[0]


def test_a_box_without_a_flame_gives_no_flame() -> None:
    """A dull patch pasted as fire would teach that anything is fire."""
    dull = Picture("a", "web", np.full((200, 200, 3), 90, np.uint8), boxes((0, 0.3, 0.3, 0.7, 0.7)), (True, False))
    assert augment.flame_view(dull, [dull], SIZE, np.random.default_rng(0)) is None


def test_mirrored_boxes_follow_the_pixels() -> None:
    """A flipped picture with unflipped boxes teaches the wrong half."""
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[20:60, 10:40] = 255
    rows = boxes((0, 0.1, 0.2, 0.4, 0.6))
    matrix = np.array([[-2.0, 0, 200], [0, 2.0, 0]])
    moved = augment.place(rows, pixels.shape, matrix)[0, 1:]
    seen = augment.warp(pixels, matrix, (200, 200))[..., 0] > 128
    down, across = np.nonzero(seen)
    assert np.allclose(moved, [across.min(), down.min(), across.max(), down.max()], atol=2.5)


def test_letterbox_keeps_the_aspect() -> None:
    """A wide frame gets bars, not a stretch."""
    shown = augment.letterbox(np.full((90, 160, 3), 200, np.uint8), (384, 288))
    assert shown.shape == (288, 384, 3)
    assert shown[0].max() == 0
    assert (shown[144] == 200).all()
