"""What the PF gateway keeps on disk: EEPROM dumps by their chip, each device's chips, and what starts it."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embereye_addon.processes.folder import Folder
from embereye_addon.sources.pf.eeprom import chip_number
from embereye_addon.sources.pf.place import Cache

_log = logging.getLogger(__name__)

EEPROM_BYTES = 832 * 2
READ_MAX = 4096


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(READ_MAX)
    except OSError:
        return b""


def _chips(path: Path) -> tuple[str, str]:
    """The first and the last chip of a device; empty texts where none is known."""
    found = _read(path).decode("ascii", "replace").split()
    return (found[0], found[1]) if len(found) == 2 and all(each.isalnum() for each in found) else ("", "")


def cache(folder: Folder) -> Cache:
    """The cache in `eeprom/`; a disk that refuses costs a second of asking after a restart."""
    place = folder.path / "eeprom"

    def write(name: str, content: bytes, what: str) -> None:
        try:
            place.mkdir(parents=True, exist_ok=True)
            aside = place / f".{name}.new"
            aside.write_bytes(content)
            aside.replace(place / name)
        except OSError as err:
            _log.warning("%s cannot be kept: %s", what, err.strerror)

    def load(source: str) -> NDArray[np.uint16] | None:
        _first, last = _chips(place / f"{source}.chips")
        raw = _read(place / f"{last}.bin") if last else b""
        return np.frombuffer(raw, dtype="<u2").astype(np.uint16) if len(raw) == EEPROM_BYTES else None

    def save(source: str, words: NDArray[np.uint16]) -> None:
        chip = chip_number(words)
        first, last = _chips(place / f"{source}.chips")
        write(f"{chip}.bin", words.astype("<u2").tobytes(), f"the EEPROM of {source}")
        if chip != last:
            write(f"{source}.chips", f"{first or chip} {chip}\n".encode(), f"the chip of {source}")

    return Cache(
        load,
        save,
        load_chip=lambda source: _chips(place / f"{source}.chips")[0],
        load_form=lambda source: _read(place / f"{source}.start")[:64],
        save_form=lambda source, form: write(f"{source}.start", form, f"the start command of {source}"),
    )
