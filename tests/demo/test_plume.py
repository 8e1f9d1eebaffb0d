"""The recorded motion of flames and smoke."""

import numpy as np

from embereye_addon.demo import plume


def test_a_flame_is_established_from_its_first_picture_and_never_dies() -> None:
    """A flame which went out in its loop would end the demo's fire without anybody's doing."""
    flame = plume.flame(1)
    burning = flame.frames.astype(np.float32).mean(axis=(1, 2))
    assert float(burning.min()) > 0.25 * float(burning.max()) > 0.0


def test_smoke_begins_with_nothing_and_rises() -> None:
    """Smoke which is there at once is no smouldering start."""
    smoke = plume.smoke(1)
    heights = [np.flatnonzero(smoke.at(at_s).max(axis=1) > 0.1) for at_s in (0.3, 3.0, 9.0)]
    tops = [int(rows[0]) for rows in heights]
    assert tops[0] > tops[1] > tops[2]


def test_it_goes_on_for_ever_without_a_jump() -> None:
    """The loop's seam must not look like motion of its own."""
    flame = plume.flame(1)
    end_s = (len(flame.frames) - 1) / flame.rate
    step = 1.0 / flame.rate
    usual = [float(np.abs(flame.at(k * step) - flame.at((k + 1) * step)).mean()) for k in range(20)]
    seam = float(np.abs(flame.at(end_s - step / 2) - flame.at(end_s + step / 2)).mean())
    assert seam < 2.0 * max(usual)
    assert np.isfinite(flame.at(1e6)).all()


def test_between_two_pictures_it_is_between_them() -> None:
    """Any frame rate gets smooth motion, also one the recording does not divide."""
    flame = plume.flame(1)
    half = flame.at(0.5 / flame.rate)
    mean = (flame.at(0.0) + flame.at(1.0 / flame.rate)) / 2
    assert float(np.abs(half - mean).max()) < 1e-3
