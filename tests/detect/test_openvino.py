"""The one door to OpenVINO."""

from pathlib import Path

import numpy as np
import pytest

from embereye_addon.detect.model import WEIGHTS
from embereye_addon.detect.openvino import Network
from embereye_addon.errors import ModelError

XML = WEIGHTS / "fire_smoke.xml"


@pytest.fixture(scope="module")
def network() -> Network:
    """The shipped network on the CPU."""
    return Network(XML, "CPU")


@pytest.mark.timeout(40)
def test_every_size_has_its_cells(network: Network) -> None:
    """Fully convolutional: any multiple of 16 goes in, and what came out stays what it was."""
    first, whole = network.infer(np.zeros((288, 384, 3), np.uint8))
    kept = first.copy()
    cells, _ = network.infer(np.full((64, 96, 3), 255, np.uint8))
    assert first.shape == (2, 18, 24)
    assert whole.shape == (2,)
    assert cells.shape == (2, 4, 6)
    assert first.dtype == whole.dtype == np.float32
    assert np.array_equal(first, kept), "the next picture must not write into the last one's answer"


def test_a_picture_of_the_wrong_shape_is_words(network: Network) -> None:
    """A mistake of ours is an error of the model, and the next picture works."""
    for wrong in (np.zeros((64, 64, 4), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((0, 0, 3), np.uint8)):
        with pytest.raises(ModelError, match="failed on a picture of"):
            network.infer(wrong)
    assert network.infer(np.zeros((64, 64, 3), np.uint8))[1].shape == (2,)


def test_a_missing_model_is_words(tmp_path: Path) -> None:
    """The fault says what is missing and from where."""
    with pytest.raises(ModelError, match=r"the model none\.xml is missing from"):
        Network(tmp_path / "none.xml", "CPU")


def test_a_damaged_model_is_words(tmp_path: Path) -> None:
    """Half a download is no model."""
    (tmp_path / "half.xml").write_text(XML.read_text()[:2000])
    with pytest.raises(ModelError, match=r"half\.xml cannot be loaded on CPU: .+"):
        Network(tmp_path / "half.xml", "CPU")


def test_an_absent_device_is_words() -> None:
    """A graphics processor that is not there is named."""
    with pytest.raises(ModelError, match=r"cannot be loaded on GPU\.77"):
        Network(XML, "GPU.77")
