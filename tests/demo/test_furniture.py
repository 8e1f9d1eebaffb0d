"""The stockroom's furniture."""

import numpy as np
import pytest

from embereye_addon.demo.furniture import CARTON, GLOW, furniture, waste_bin


@pytest.mark.parametrize("seed", range(5))
def test_everything_has_a_size_and_there_is_one_lamp(seed: int) -> None:
    """A box turned inside out would be invisible; a room without its lamp would lack the warm nuisance light."""
    blocks, lamp = furniture(np.random.default_rng(seed))
    assert all(low < high for block in blocks for low, high in zip(block.low, block.high, strict=True))
    assert sum(block.stuff == GLOW for block in blocks) == 1
    assert sum(block.stuff == CARTON for block in blocks) > 5
    assert 0.0 < lamp[2] < 3.0


def test_the_bin_stands_on_the_floor_under_its_rim() -> None:
    """The flame starts at the rim: a bin elsewhere would leave it floating."""
    block = waste_bin((3.0, 4.0, 0.32))
    assert block.low[2] == 0.0
    assert block.high[2] == 0.32
