"""The stockroom as the camera sees it."""

import numpy as np

from embereye_addon.demo import room as rooms


def test_what_the_camera_looks_at_is_in_the_middle() -> None:
    """The flame is drawn where its place in the room appears: a wrong projection would put it on the wall."""
    x, y, depth = rooms.project((3.35, 5.2, 0.75))
    assert abs(x - 320) < 1
    assert abs(y - 240) < 1
    assert 5.0 < depth < 6.0


def test_noise_tiles_and_has_the_asked_deviation() -> None:
    """A seam in the noise would show as a line on the floor."""
    noise = rooms.cloud(np.random.default_rng(3), 64, 1.0)
    assert noise.shape == (64, 64)
    assert abs(float(noise.std()) - 1.0) < 1e-3
    assert float(np.abs(noise[0] - noise[-1]).mean()) < 2.0 * float(np.abs(noise[0] - noise[1]).mean())


def test_the_room_is_lit_deep_and_finite() -> None:
    """A NaN or a black room would make every demo clip useless."""
    room = rooms.room(1)
    for light in (room.steady, room.daylight, room.firelight):
        assert light.shape == (480, 640, 3)
        assert light.dtype == np.float32
        assert np.isfinite(light).all()
        assert float(light.min()) >= 0.0
    assert 0.02 < float(np.median(room.steady)) < 1.0
    assert 1.0 < float(room.depth.min()) < float(room.depth.max()) < 9.0
    burn = room.firelight.mean(axis=(0, 1))
    assert burn[2] > burn[1] > burn[0]
