"""The size at which a picture goes into the model."""

import hypothesis.strategies as st
from hypothesis import given

from embereye_addon.detect.tensors import CELL_PX, LONGEST_PX, input_size


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_every_size_fits_the_model(width: int, height: int) -> None:
    """Whatever a camera sends, the model gets whole cells of a bounded size, so a look has a bounded cost."""
    for length in input_size(width, height):
        assert length % CELL_PX == 0
        assert 64 <= length <= LONGEST_PX


def test_the_shape_is_kept() -> None:
    """A picture squeezed out of shape would be judged by a model that has never seen such flames."""
    assert input_size(640, 480) == (384, 288)
    assert input_size(1920, 1080) == (384, 224)
    assert input_size(1080, 1920) == (224, 384)
    assert input_size(320, 240) == (320, 240)
    assert input_size(10, 10) == (64, 64)
