"""The scene cache: what wakes it, what does not, and what it may learn."""

import numpy as np
import pytest

from embereye_addon.detect import scene as cache
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import Scene, SceneLook, look
from tests.fakes import room_view

REGION = room_view.blob(200, 90, 50, 45)
INSIDE = REGION.reshape(30, 8, 40, 8).mean(axis=(1, 3)) > 0.5
NOTHING = np.zeros_like(REGION)


def _see(scene: Scene | None, planes: room_view.Shown, number: int, now_s: float) -> tuple[Scene, SceneLook]:
    return look(scene, room_view.picture(planes, number), now_s)


def _quiet_scene(until_s: float = 20.0, hz: float = 4.0) -> tuple[Scene, SceneLook, int]:
    scene, seen, number = None, None, 0
    for number in range(int(until_s * hz)):
        scene, seen = _see(scene, room_view.still(), number, number / hz)
    assert scene is not None
    assert seen is not None
    return scene, seen, number


def test_an_unchanged_scene_is_quiet_but_not_at_once() -> None:
    """A camera that never rests costs a look for every picture; one that rests before it knows its scene is blind."""
    scene, seen = _see(None, room_view.still(), 0, 0.0)
    assert not seen.quiet
    rests = 0
    for number in range(1, 200):
        scene, seen = _see(scene, room_view.still(), number, number / 10.0)
        rests += seen.quiet
    assert seen.quiet
    assert rests > 140
    assert seen.motion.shape == (30, 40)
    assert 0.1 < seen.change < 3.0


@pytest.mark.parametrize("ramp_s", [10.0, 30.0, 120.0, 300.0])
def test_slow_smoke_is_told_however_slowly_it_comes(ramp_s: float) -> None:
    """Smoke that grows over minutes must not become the background unseen, while daylight drifts beside it."""
    scene: Scene | None = None
    first_s, told_s, most, begin_s, step_s = None, 0.0, 0.0, 125.0, 1.0
    window = np.linspace(1.0, 0.3, room_view.WIDTH, dtype=np.float32)[None, :]
    for number in range(int((begin_s + ramp_s + 20.0) / step_s)):
        now_s = number * step_s
        amount = 0.3 * min(1.0, max(0.0, (now_s - begin_s) / ramp_s))
        light = 1.0 + 0.08 * np.sin(2.0 * np.pi * now_s / 900.0) * window
        scene, seen = _see(scene, room_view.veiled(amount * REGION, light=light), number, now_s)
        share = float((seen.slow & INSIDE).sum() / INSIDE.sum())
        most = max(most, share)
        if now_s > begin_s and share > 0.05:
            first_s = now_s - begin_s if first_s is None else first_s
            told_s += step_s
        assert seen.quiet is False or share == 0.0
    assert first_s is not None
    assert first_s < 0.75 * ramp_s + 6.0
    assert told_s >= 20.0
    assert most > 0.25


def test_daylight_that_drifts_wakes_nothing() -> None:
    """A window with passing clouds must not keep the model busy: a swing of 8 % in a quarter of an hour."""
    scene: Scene | None = None
    window = np.linspace(1.0, 0.3, room_view.WIDTH, dtype=np.float32)[None, :]
    awake = 0
    for number in range(1200):
        now_s = number * 1.0
        light = 1.0 + 0.08 * np.sin(2.0 * np.pi * now_s / 900.0) * window
        scene, seen = _see(scene, room_view.veiled(NOTHING, light=light), number, now_s)
        awake += now_s > 30.0 and not seen.quiet
    assert awake <= 12


def test_a_lamp_that_is_switched_is_looked_at_and_then_learned() -> None:
    """Blindness after a change of light would hide the fire that caused it; endless looking would cost the others."""
    scene, seen, number = _quiet_scene()
    dark = room_view.veiled(NOTHING, light=0.5)
    looks = []
    for k in range(1, 200):
        scene, seen = _see(scene, dark, number + k, 20.0 + k / 4.0)
        looks.append(seen.quiet)
    assert not any(looks[:38])
    assert all(looks[-40:])
    assert seen.lighting.share == 0.0


def test_dense_smoke_over_everything_is_not_taken_for_light() -> None:
    """A room that fills within seconds changes every tile, as a lamp does; it must stay told after the relearning."""
    scene, seen, number = _quiet_scene(130.0, 1.0)
    full = np.full_like(REGION, 0.7)
    for k in range(1, 100):
        scene, seen = _see(scene, room_view.veiled(full), number + k, 130.0 + k / 4.0)
        assert not seen.quiet
    assert seen.slow.mean() > 0.5
    assert seen.lighting.veil < 0.75


def test_day_and_night_have_a_scene_each() -> None:
    """At dusk and dawn a camera must look for a while, and then rest again without having forgotten the other light."""
    scene, seen, number = _quiet_scene()
    assert seen.lighting.colour
    for k in range(1, 160):
        scene, seen = _see(scene, room_view.infra_red(), number + k, 20.0 + k / 4.0)
    assert not seen.lighting.colour
    assert seen.quiet
    back_s = None
    for k in range(160, 260):
        scene, seen = _see(scene, room_view.still(), number + k, 20.0 + k / 4.0)
        if seen.quiet and back_s is None:
            back_s = (k - 160) / 4.0
    assert seen.lighting.colour
    assert back_s is not None
    assert back_s >= cache.RELEARN_S - 1.0


def test_a_clock_in_the_picture_is_learned_but_more_than_it_is_told() -> None:
    """A camera's own clock changes every second for ever; a fire in that corner changes more."""
    clock = room_view.blob(20, 12, 5, 5)
    scene, seen, number = _quiet_scene(2.0, 1.0)
    for number in range(2, 900):
        digit = room_view.painted(room_view.still(), clock, (60.0 + 60.0 * (number % 2), 128.0, 128.0))
        scene, seen = _see(scene, digit, number, number * 1.0)
    assert not seen.fast.any()
    bright = room_view.painted(room_view.still(), clock * 1.0, (235.0, 100.0, 150.0))
    scene, seen = _see(scene, bright, number + 1, number + 1.0)
    assert seen.fast.any()


def test_a_distant_flame_of_four_pixels_wakes_its_tile() -> None:
    """A flame far away is a few pixels, and still has to be looked at."""
    scene, seen, number = _quiet_scene()
    spot = np.zeros_like(REGION)
    spot[100:104, 200:203] = 1.0
    scene, seen = _see(scene, room_view.painted(room_view.still(), spot, (230.0, 90.0, 170.0)), number + 1, 20.1)
    assert seen.fast[12, 25]
    assert not seen.quiet


def test_another_size_begins_anew_and_odd_sizes_are_covered() -> None:
    """A stream that changes its resolution goes on to be watched, to the last row and column."""
    scene, _seen, _number = _quiet_scene(2.0)
    rng = np.random.default_rng(1)
    odd = Small(*(rng.integers(0, 255, shape, dtype=np.uint8) for shape in ((178, 134), (89, 67), (89, 67))))
    scene, seen = look(scene, odd, 3.0)
    assert seen.motion.shape == (23, 17)
    assert not seen.quiet
    assert scene.first_s == 3.0
