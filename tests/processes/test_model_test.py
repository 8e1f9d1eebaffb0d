"""The self-test of the model that looks: a damaged one is a fault, and mended files end it."""

import asyncio
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.detect.model import WEIGHTS, Model
from embereye_addon.errors import ModelError
from embereye_addon.messages import CheckModel, Done
from embereye_addon.processes.child import Child
from embereye_addon.processes.model_test import ModelTest, stamp
from tests.processes.world import child_of, site


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """A detector's surroundings."""
    return child_of(Hub(), tmp_path, "detector-0", site())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped model whose weights have no meaning any more, as on a failing disk."""
    copy = Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))
    (copy / "fire_smoke_int8.xml").unlink(missing_ok=True)
    weights = np.fromfile(copy / "fire_smoke.bin", np.float16)
    weights[(np.abs(weights) > 1e-3) & (np.abs(weights) < 100.0)] *= -1.0
    weights.tofile(copy / "fire_smoke.bin")
    return copy


async def test_a_damaged_weights_file_is_a_fault_until_it_is_mended(
    child: Child, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A model that tells no fire any more looks on for months and nobody knows; mended, it must be taken up at once."""
    caplog.set_level(logging.CRITICAL)
    test = ModelTest(child, Model("CPU", folder), lambda: Model("CPU", folder), (folder,))
    assert not await test.look()
    assert "which is the wrong side" in child.faults["model_self_test"]
    assert [code for code, _ in test.claims()] == ["model_self_test"], "its cameras must claim it too"
    (folder / "note.txt").write_text("somebody looks into it")
    assert not await test.look()
    shutil.copy(WEIGHTS / "fire_smoke.bin", folder)
    with pytest.raises(ModelError, match="mended"):
        await test.look()


async def test_a_missing_model_is_taken_up_when_it_is_there(child: Child, folder: Path) -> None:
    """A weights file that was lost and put back must not wait for somebody to restart the program."""
    (folder / "fire_smoke.bin").unlink()
    child.faults["model_missing"] = "the file is not there"
    test = ModelTest(child, None, lambda: Model("CPU", folder), (folder,))
    assert not await test.look()
    assert test.claims() == (("model_missing", "the file is not there"),)
    shutil.copy(WEIGHTS / "fire_smoke.bin", folder)
    with pytest.raises(ModelError, match="mended"):
        await test.look()


async def test_a_model_that_is_well_has_no_fault(child: Child) -> None:
    """The shipped model passes on this machine, and an older failure ends with the first test that passes."""
    child.faults["model_self_test"] = "it failed before"
    test = ModelTest(child, Model("CPU"), lambda: Model("CPU"), (WEIGHTS,))
    assert await test.look()
    assert child.faults == {}
    assert test.claims() == ()


def test_a_folder_that_is_not_there_has_no_stamp(tmp_path: Path) -> None:
    """A node without models of its own has no folder of models."""
    assert stamp((tmp_path / "none",)) == ()


async def test_a_check_that_is_asked_for_says_what_it_found(child: Child, folder: Path) -> None:
    """Somebody presses Self test and is told that all is well while the model is blind; or no fault comes of it."""
    none = ModelTest(child, None, lambda: Model("CPU", folder), (folder,))
    assert (await none.on_check(CheckModel())).why == "no model is loaded"
    well = ModelTest(child, Model("CPU"), lambda: Model("CPU"), ())
    assert await well.on_check(CheckModel()) == Done(ok=True)
    blind = ModelTest(child, Model("CPU"), lambda: Model("CPU"), ())
    watching = asyncio.create_task(blind.watch())
    await asyncio.sleep(0.5)
    assert "model_self_test" not in child.faults
    blind._model = Model("CPU", folder)
    assert "wrong side" in (await blind.on_check(CheckModel())).why
    async with asyncio.timeout(8.0):
        while "model_self_test" not in child.faults:
            await asyncio.sleep(0.05)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
