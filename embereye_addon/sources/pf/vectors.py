"""Calibration and frames of a real chip that come with the program: references of the self-test, and the demo's."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embereye_addon.errors import StorageError

FOLDER = Path(__file__).parent / "reference"
QUIET = "empty_room"
"""The name of the frame without anything warm."""


def eeprom(folder: Path = FOLDER) -> NDArray[np.uint16]:
    """The chip's [832] calibration words. `StorageError` when the file is missing or damaged."""
    path = folder / "eeprom.txt"
    try:
        return np.array([int(word, 16) for word in path.read_text(encoding="ascii").split()], dtype=np.uint16)
    except (OSError, ValueError, OverflowError) as err:
        raise StorageError(f"the reference {path} is missing or damaged; install EmberEye again") from err


def frames(folder: Path = FOLDER) -> dict[str, NDArray[np.uint16]]:
    """[834] words each, by name: an empty room, a seated person, a moving arm. `StorageError` as above."""
    path = folder / "frames.txt"
    try:
        named = [line.split("\t") for line in path.read_text(encoding="ascii").splitlines()]
        return {name: np.frombuffer(bytes.fromhex(digits), dtype=">u2").astype(np.uint16) for name, digits in named}
    except (OSError, ValueError) as err:
        raise StorageError(f"the reference {path} is missing or damaged; install EmberEye again") from err
