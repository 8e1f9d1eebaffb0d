"""The 24x32 centi-degrees of a thermal frame as few bytes, and back: lossless for any int16 values. Pure.

Neighbours are alike, in the picture and in time, so what is compressed are differences (modulo 2**16: nothing can
overflow), small ones of either sign as small numbers (zigzag), all low bytes before all high ones, deflated. On 97 real
frames that gave 752 bytes of 1536 in 37 µs for a frame alone, and 636 in 32 µs after the frame before it. Zstandard
needed 758 and 621 in 18 and 15 µs, LZ4 818 and 830 in 11 and 8 µs: at the two frames a second that are shown the time
does not count, the ratio is the same, and zlib is a part of Python on every machine. The rest is the sensor's noise.
"""

import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

SHAPE: Final = (24, 32)
RAW_BYTES: Final = SHAPE[0] * SHAPE[1] * 2
ALONE: Final = "zlib-xy"
"""Coding of a frame by itself: differences to the pixels above and to the left."""
ZLIB: Final = "zlib"
"""Coding of releases up to 0.1: the bare little-endian values."""
_LEVEL: Final = 1

Cells = NDArray[np.int16]
"""[24, 32] int16 centi-degrees, -32768 where there is no value."""


def encode(cells: Cells, before: Cells | None = None) -> bytes:
    """`cells` alone (`ALONE`), or as what differs from the frame `before`. Any int16 values of shape [24, 32]."""
    grid = cells.astype("<i2").view("<u2")
    step = np.subtract(grid, before.astype("<i2").view("<u2")) if before is not None else _beside(grid)
    folded = ((step << 1) ^ (-(step >> 15)).astype("<u2")).astype("<u2")
    planes = folded.reshape(-1).view(np.uint8).reshape(-1, 2).T.tobytes()
    return zlib.compress(planes, _LEVEL)


def _beside(grid: NDArray[np.uint16]) -> NDArray[np.uint16]:
    down = grid.copy()
    down[1:] -= grid[:-1]
    across = down.copy()
    across[:, 1:] -= down[:, :-1]
    return across


def decode(packed: bytes, before: Cells | None = None) -> Cells | None:
    """The frame again; None where the bytes are something else. Never raises, never unpacks more than one frame."""
    planes = _inflate(packed)
    if planes is None:
        return None
    folded = np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(2, -1).T).view("<u2").reshape(SHAPE)
    step = ((folded >> 1) ^ (-(folded & 1)).astype("<u2")).astype("<u2")
    if before is not None:
        grid = step + before.astype("<i2").view("<u2")
    else:
        grid = np.cumsum(np.cumsum(step, axis=1, dtype=np.uint16), axis=0, dtype=np.uint16)
    cells: Cells = grid.astype("<u2").view("<i2").astype(np.int16)
    return cells


def read(coding: str, packed: bytes) -> Cells | None:
    """The cells of a `ThermalFrame` of any release; None where they cannot be read. Never raises."""
    if coding == ALONE:
        return decode(packed)
    raw = _inflate(packed) if coding == ZLIB else None
    return None if raw is None else np.frombuffer(raw, "<i2").reshape(SHAPE).astype(np.int16)


def _inflate(packed: bytes) -> bytes | None:
    """Exactly one frame's bytes, or None."""
    try:
        raw = zlib.decompressobj().decompress(packed, RAW_BYTES + 1)
    except zlib.error:
        return None
    return raw if len(raw) == RAW_BYTES else None
