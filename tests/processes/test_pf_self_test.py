"""The self-test of thermal judging: recorded frames of a real array, and what damages them."""

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.processes import pf_self_test
from embereye_addon.sources.pf import vectors
from tests.fakes.cameras import until
from tests.processes.world import child_of, site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the references."""
    return Path(shutil.copytree(vectors.FOLDER, tmp_path / "reference"))


def test_the_shipped_references_are_judged_rightly() -> None:
    """An empty room is told as a fire, or a hot body is not: every device of the site would be so."""
    assert pf_self_test.told_apart() == ""


def test_a_hot_room_is_no_empty_room(folder: Path) -> None:
    """A judging that calls everything a fire must fail as surely as one that calls nothing so."""
    name, digits = (folder / "frames.txt").read_text().splitlines()[0].split("\t")
    words = [int(digits[at : at + 4], 16) for at in range(0, len(digits), 4)]
    words[10:20] = [(word + 3000) & 0xFFFF for word in words[10:20]]
    (folder / "frames.txt").write_text(f"{name}\t{''.join(f'{word:04X}' for word in words)}\n")
    assert "told as a fire by fixed_temperature" in pf_self_test.told_apart(folder)


def test_a_cold_body_meets_no_rule(folder: Path) -> None:
    """Words that fell so far that the painted body stays cold: a judging that misses it fails."""
    name, digits = (folder / "frames.txt").read_text().splitlines()[0].split("\t")
    words = [int(digits[at : at + 4], 16) for at in range(0, len(digits), 4)]
    words[11 * 32 : 14 * 32] = [(word - 2400) & 0xFFFF for word in words[11 * 32 : 14 * 32]]
    (folder / "frames.txt").write_text(f"{name}\t{''.join(f'{word:04X}' for word in words)}\n")
    assert "does not meet the rule" in pf_self_test.told_apart(folder)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("frames.txt", "other\t0000", "damaged"),
        ("eeprom.txt", "0000 " * 832, "damaged"),
        ("frames.txt", "empty_room\t" + "0000" * 834, "cannot be turned into temperatures"),
    ],
)
def test_references_that_cannot_be_used_fail(folder: Path, name: str, text: str, words: str) -> None:
    """A damaged installation is told as such and never passes."""
    (folder / name).write_text(text)
    assert words in pf_self_test.told_apart(folder)


@pytest.mark.parametrize("damage", ["not hexadecimal", None])
async def test_a_failed_self_test_is_a_fault_until_it_passes(
    tmp_path: Path, folder: Path, damage: str | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault stands while the files are damaged or gone, and ends when they are back, without a restart."""
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(pf_self_test, "AGAIN_S", 0.05)
    for name in ("frames.txt", "eeprom.txt"):
        (folder / name).unlink()
        if damage:
            (folder / name).write_text(damage)
    child = child_of(Hub(), tmp_path, "pf_gateway", site())
    watching = asyncio.create_task(pf_self_test.watch(child, folder))
    try:
        await until(lambda: "install EmberEye again" in child.faults.get("thermal_self_test", ""))
        shutil.copytree(vectors.FOLDER, folder, dirs_exist_ok=True)
        await until(lambda: not child.faults)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
