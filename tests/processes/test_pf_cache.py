"""What the PF gateway keeps on disk."""

from pathlib import Path

import numpy as np
import pytest

from embereye_addon.demo.thermal import shipped_eeprom
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.pf_cache import cache

CHIP, OTHER = "021C5626618B", "0123456789AB"


def test_a_dump_outlives_a_restart(tmp_path: Path) -> None:
    """The calibration is asked for once a device's life, not once a start; half a file is none."""
    kept = cache(Folder(tmp_path))
    words = shipped_eeprom()
    assert kept.load("pf.a") is None
    kept.save("pf.a", words)
    again = cache(Folder(tmp_path)).load("pf.a")
    assert again is not None
    assert again.dtype == np.uint16
    assert np.array_equal(again, words)
    assert (tmp_path / "eeprom" / f"{CHIP}.bin").exists()
    (tmp_path / "eeprom" / f"{CHIP}.bin").write_bytes(b"half")
    assert kept.load("pf.a") is None


def test_a_dump_follows_its_chip_and_the_first_chip_is_remembered(tmp_path: Path) -> None:
    """A chip moved to another device must neither take the old one's calibration nor pass unseen."""
    kept = cache(Folder(tmp_path))
    assert kept.load_chip("pf.a") == ""
    kept.save("pf.a", shipped_eeprom())
    kept.save("pf.a", shipped_eeprom(OTHER))
    found = kept.load("pf.a")
    assert found is not None
    assert np.array_equal(found, shipped_eeprom(OTHER))
    assert kept.load_chip("pf.a") == CHIP
    (tmp_path / "eeprom" / "pf.a.chips").write_text("../../x y")
    assert (kept.load_chip("pf.a"), kept.load("pf.a")) == ("", None)


def test_the_start_command_is_remembered(tmp_path: Path) -> None:
    """The ladder of forms is walked once in a device's life, not at every restart."""
    kept = cache(Folder(tmp_path))
    assert kept.load_form("pf.a") == b""
    kept.save_form("pf.a", b"PERIOD_ON\r\n")
    assert cache(Folder(tmp_path)).load_form("pf.a") == b"PERIOD_ON\r\n"


def test_a_bad_disk_is_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A disk that refuses stops nothing."""
    (tmp_path / "file").write_text("in the way")
    cache(Folder(tmp_path / "file")).save("pf.a", shipped_eeprom())
    assert "the EEPROM of pf.a cannot be kept" in caplog.text
