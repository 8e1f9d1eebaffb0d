"""Which tiles look like flame."""

import numpy as np
import pytest

from embereye_addon.detect import flame, flicker
from embereye_addon.detect.scene import LUMA, Scene, look
from tests.fakes import room_view

FLAME = (220.0, 90.0, 165.0)


def _watch(levels: list[float], colour: bool = True, fps: float = 12.5) -> flame.FlameTiles:
    """The tiles after a thing whose opacity takes these levels stood before the room."""
    y, u, v = room_view.still()
    room = (y, u, v) if colour else (y * 0.6, u * 0 + 128.0, v * 0 + 128.0)
    thing = FLAME if colour else (245.0, 128.0, 128.0)
    scene: Scene | None = None
    state, tiles = None, None
    for number, level in enumerate([0.0] * int(6 * fps) + levels):
        spot = room_view.blob(204, 100, 6, 9) * level
        small = room_view.picture(room_view.painted(room, spot, thing), number)
        scene, seen = look(scene, small, number / fps)
        state = flicker.fresh(seen.features[LUMA], 0.0) if state is None else state
        flicker.follow(state, seen.features[LUMA], number / fps)
        tiles = flame.tiles(small, seen, state, fps)
    assert tiles is not None
    return tiles


def _flickering(count: int) -> list[float]:
    rng = np.random.default_rng(2)
    return [float(level) for level in rng.uniform(0.4, 1.0, count)]


@pytest.mark.parametrize("colour", [True, False])
def test_a_flame_scores_where_it_burns_by_day_and_in_infra_red(colour: bool) -> None:
    """At night the picture has no colour: a white flickering flame must be found there too."""
    tiles = _watch([*_flickering(20), 1.0], colour)
    assert tiles.score[9:15, 22:29].max() > 0.3
    outside = tiles.score.copy()
    outside[9:15, 22:29] = 0.0
    assert outside.max() < 0.1
    assert tiles.flicker is not None


def test_a_lamp_that_was_switched_on_scores_little() -> None:
    """A warm lamp is as bright and as red as a flame, and rests."""
    assert _watch([1.0] * 25).score.max() < 0.25


def test_without_flicker_to_measure_change_counts() -> None:
    """At 2 pictures a second a flame must still be found, by being new."""
    tiles = _watch([1.0, 0.7, 1.0], fps=2.0)
    assert tiles.flicker is None
    assert tiles.score.max() > 0.3
