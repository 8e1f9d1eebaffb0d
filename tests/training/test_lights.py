"""Haze, warm light and lamps laid over training pictures."""

from collections.abc import Callable

import numpy as np
import pytest

from training import lights


@pytest.mark.parametrize("step", [lights.haze, lights.shine, lights.add_lights])
def test_a_light_leaves_a_picture_of_the_same_shape(step: Callable[..., np.ndarray]) -> None:
    """Every view must still fit its batch, and most pictures stay as they are: not every scene is foggy."""
    rng = np.random.default_rng(3)
    grey = np.full((48, 64, 3), 90, np.uint8)
    seen = [step(grey, rng) for _ in range(200)]
    assert {(each.shape, each.dtype) for each in seen} == {((48, 64, 3), np.dtype(np.uint8))}
    changed = sum(bool((each != grey).any()) for each in seen)
    assert 5 <= changed <= 70


def test_a_shine_is_warm_and_has_no_rim() -> None:
    """A lamp with an edge would be a disc like a lamp's own; a light on a wall fades."""
    grey = np.full((48, 64, 3), 60, np.uint8)
    lit = next(each for seed in range(99) if ((each := lights.shine(grey, np.random.default_rng(seed))) != grey).any())
    assert lit[..., 2].mean() >= lit[..., 1].mean() >= lit[..., 0].mean()
    assert np.abs(np.diff(lit.astype(int), axis=0)).max() < 40
