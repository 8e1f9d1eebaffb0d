"""Which tiles look like smoke."""

import numpy as np

from embereye_addon.detect import smoke
from embereye_addon.detect.scene import Scene, look
from tests.fakes import room_view

REGION = room_view.blob(200, 90, 50, 45)
INSIDE = REGION.reshape(30, 8, 40, 8).mean(axis=(1, 3)) > 0.5


def _after(planes: room_view.Shown, seconds: float = 2.0) -> smoke.SmokeTiles:
    scene: Scene | None = None
    tiles = None
    for number in range(int(8 * (8.0 + seconds))):
        shown = room_view.still() if number < 64 else planes
        scene, seen = look(scene, room_view.picture(shown, number), number / 8.0)
        tiles = smoke.tiles(seen, smoke.before(seen.reference))
    assert tiles is not None
    return tiles


def test_a_veil_scores_where_it_hangs() -> None:
    """Smoke takes contrast and colour; the tiles behind it must score, and the others not."""
    tiles = _after(room_view.veiled(0.5 * REGION))
    assert tiles.score[INSIDE].mean() > 0.4
    assert tiles.score[~INSIDE & (REGION.reshape(30, 8, 40, 8).max(axis=(1, 3)) == 0.0)].max() < 0.2
    assert tiles.lost[INSIDE].max() > 0.3


def test_a_dark_thing_scores_less_than_smoke() -> None:
    """People in dark clothes take contrast too; they hide what is behind them and have hard edges."""
    hard = (REGION > 0.5).astype(np.float32)
    thing = _after(room_view.painted(room_view.still(), hard, (25.0, 128.0, 128.0)))
    veil = _after(room_view.veiled(0.5 * REGION))
    assert thing.score[INSIDE].mean() < 0.4 * veil.score[INSIDE].mean()
    assert thing.hard[INSIDE].mean() > 0.5
    assert veil.hard[INSIDE].mean() < 0.1


def test_what_is_strongly_coloured_is_no_smoke() -> None:
    """A green curtain is no smoke, however plain."""
    tiles = _after(room_view.painted(room_view.still(), REGION * 0.9, (120.0, 90.0, 90.0)))
    assert tiles.score[INSIDE].mean() < 0.15
