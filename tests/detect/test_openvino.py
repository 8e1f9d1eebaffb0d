"""The one door to OpenVINO."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import openvino
import pytest

from embereye_addon.detect.model import WEIGHTS
from embereye_addon.detect.openvino import Network, families
from embereye_addon.detect.processor import Processor
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


def test_an_unknown_device_is_words() -> None:
    """A device that no setting knows is named, with those that it knows."""
    with pytest.raises(ModelError, match=r"cannot be loaded on GPU\.77: choose one of CPU, GPU, NPU, AUTO"):
        Network(XML, "GPU.77")


@pytest.mark.timeout(40)
@pytest.mark.parametrize("device", ["GPU", "NPU"])
def test_a_missing_accelerator_is_a_notice_and_the_cpu_looks(device: str, caplog: pytest.LogCaptureFixture) -> None:
    """A box that lost its graphics driver must not lose its eyes."""
    if device in families(openvino.Core()):
        pytest.skip(f"this machine has a {device}")
    network = Network(XML, device)
    assert network.device == "CPU"
    assert network.notices[0].startswith(f"{device} was asked for and is not there")
    assert network.notices[0] in caplog.text
    assert network.infer(np.zeros((64, 64, 3), np.uint8))[1].shape == (2,)


@pytest.mark.timeout(40)
def test_the_faster_file_is_taken(tmp_path: Path) -> None:
    """int8 where the processor has the instructions for it, else the full model, which is then the faster one."""
    new, old = Processor("x86_64", frozenset({"avx2", "avx512_vnni"})), Processor("x86_64", frozenset({"avx"}))
    for end in ("xml", "bin"):
        for name in ("fire_smoke", "fire_smoke_int8"):
            shutil.copy(XML.with_suffix(f".{end}"), tmp_path / f"{name}.{end}")
    quick, slow = Network(tmp_path / XML.name, "CPU", new), Network(tmp_path / XML.name, "AUTO", old)
    assert (quick.notices, quick.file) == ((), "fire_smoke_int8.xml")
    assert slow.file == "fire_smoke.xml"
    assert "no AVX2" in slow.notices[0]
    (tmp_path / "fire_smoke_int8.xml").unlink()
    assert Network(tmp_path / XML.name, "CPU", new).file == "fire_smoke.xml", "not every model has an int8 file"


@pytest.mark.timeout(40)
def test_both_files_are_one_model() -> None:
    """Whichever file a processor gets, the site is looked at by the same eyes."""
    if not XML.with_name("fire_smoke_int8.xml").is_file():
        pytest.skip("the shipped model has no int8 file")
    modern = Processor("x86_64", frozenset({"avx2", "avx512_vnni"}))
    full, small = Network(XML, "CPU", Processor("x86_64", frozenset({"sse4_1"}))), Network(XML, "CPU", modern)
    for name in ("reference_fire.jpg", "reference_quiet.jpg"):
        shown = cv2.imread(str(WEIGHTS / name), cv2.IMREAD_COLOR)
        assert shown is not None
        picture = np.asarray(cv2.resize(shown, (384, 288)), dtype=np.uint8)
        assert np.allclose(full.infer(picture)[1], small.infer(picture)[1], atol=1.0)


@pytest.mark.timeout(40)
def test_a_device_that_refuses_the_model_is_a_notice(tmp_path: Path) -> None:
    """AUTO is tried only where there is more than a CPU; what then goes wrong there ends on the CPU, in words."""
    network = Network(XML, "CPU")
    (tmp_path / "half.xml").write_text(XML.read_text()[:2000])
    compiled, notices = network._accelerated(tmp_path / "half.xml", "AUTO")
    assert compiled is None
    assert notices[0].startswith("AUTO does not take the model, so it runs on the CPU and takes its time: ")
