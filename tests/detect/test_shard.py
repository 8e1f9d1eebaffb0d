"""Which pictures are worth a look, and what comes out of it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.scenes import render
from embereye_addon.detect.model import Model
from embereye_addon.detect.shard import SUSPECT_S, Seen, Shard, _motion

SIZE = (128, 96)
Bgr = NDArray[np.uint8]


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model on the CPU."""
    return Model("CPU")


class Camera:
    """Offers pictures to a shard at times of its own."""

    def __init__(self, model: Model, looks_hz: float = 5.0) -> None:
        self.seen: list[Seen] = []
        self.asked: list[tuple[int, int]] = []
        self.shard = Shard(model, looks_hz, self.seen.append)
        self.number = 0

    def offer(self, now_s: float, picture: Bgr, source: str = "cam.a") -> bool:
        def bgr(width: int, height: int) -> Bgr:
            self.asked.append((width, height))
            return picture

        self.number += 1
        height, width = picture.shape[:2]
        return self.shard.offer(source, self.number, (1e9 + now_s, now_s), (width, height), bgr)


def grey(level: int) -> Bgr:
    """A wall."""
    return np.full((SIZE[1], SIZE[0], 3), level, np.uint8)


def test_a_changing_scene_is_looked_at_as_often_as_was_set(model: Model) -> None:
    """Pictures between two looks cost nothing, not even their scaling."""
    camera = Camera(model, 5.0)
    looks = [camera.offer(0.04 * step, grey(60 + 20 * (step % 2))) for step in range(26)]
    assert 5 <= sum(looks) <= 6
    assert len(camera.asked) == sum(looks)
    assert camera.asked[0] == SIZE


def test_a_quiet_scene_is_looked_at_every_second(model: Model) -> None:
    """Slow smoke changes little, so looking never stops."""
    camera = Camera(model)
    looks = [camera.offer(0.1 * step, grey(60)) for step in range(41)]
    assert 4 <= sum(looks) <= 5
    assert camera.shard.looks("cam.a") == sum(looks)
    assert [seen.number for seen in camera.seen] == [step + 1 for step, looked in enumerate(looks) if looked]


def test_cameras_do_not_share_their_memory(model: Model) -> None:
    """Each camera has its own period, and a forgotten one begins anew."""
    camera = Camera(model)
    assert camera.offer(0.0, grey(60), "cam.a")
    assert camera.offer(0.01, grey(200), "cam.b")
    assert not camera.offer(0.02, grey(200), "cam.a")
    camera.shard.forget("cam.a")
    camera.shard.forget("cam.c")
    assert camera.shard.looks("cam.a") == 0
    assert camera.offer(0.03, grey(60), "cam.a")


@pytest.mark.timeout(40)
@pytest.mark.parametrize("looks_hz", [1.0, 12.0])
def test_a_suspect_camera_is_looked_at_often(model: Model, looks_hz: float) -> None:
    """While something burns, looks come at least five times a second, and never more slowly than was set."""
    camera = Camera(model, looks_hz)
    burning = render("flame", 8.0, 1, 0.0)
    assert camera.offer(0.0, burning)
    first = camera.seen[0]
    assert max(first.llr_nats) > 0.0
    assert first.tracks, "the place of the fire is told"
    assert first.took_ms > 0.0
    more = [camera.offer(0.02 * step, burning) for step in range(1, 51)]
    assert sum(more) >= (9 if looks_hz > 5.0 else 4)
    numbers = {track.number for seen in camera.seen for track in seen.tracks}
    assert first.tracks[0].number in {track.number for track in camera.seen[-1].tracks}, "one flame, one number"
    assert len(numbers) <= 3 * len(first.tracks)
    assert not camera.offer(1.0 + SUSPECT_S + 0.05, burning) or SUSPECT_S > 1.0


def test_motion_is_measured_inside_the_box() -> None:
    """A flame flickers where it is; a lamp does not, whatever moves elsewhere."""
    change = np.zeros((72, 96), np.float32)
    change[36:, 48:] = 20.0
    assert _motion(change, 0.5, 0.5, 1.0, 1.0) == pytest.approx(20.0)
    assert _motion(change, 0.0, 0.0, 0.4, 0.4) == 0.0
    assert _motion(change, 0.999, 0.999, 0.999, 0.999) == pytest.approx(20.0), "never smaller than a pixel"
    assert _motion(change, 1.0, 1.0, 1.0, 1.0) == 0.0
    assert _motion(None, 0.0, 0.0, 1.0, 1.0) == 0.0
