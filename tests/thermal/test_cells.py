"""Cells: what was packed comes out, whatever it was; what was not packed is none."""

import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embereye_addon.thermal.cells import ALONE, SHAPE, ZLIB, Cells, decode, encode, read

GRIDS = arrays(np.int16, SHAPE, elements=st.integers(-32768, 32767))
COLDEST = np.full(SHAPE, -32768, np.int16)


@given(GRIDS)
def test_any_frame_comes_out_as_it_went_in(cells: Cells) -> None:
    """A temperature that changes on its way would be a lie in the picture."""
    again = read(ALONE, encode(cells))
    assert again is not None
    assert again.dtype == np.int16
    assert np.array_equal(again, cells)


@given(GRIDS, GRIDS)
def test_any_frame_comes_out_after_any_other(before: Cells, cells: Cells) -> None:
    """Differences of any size fold into 16 bits, from the coldest to the hottest and back."""
    for one, other in ((before, cells), (cells, COLDEST), (COLDEST, cells), (COLDEST, ~COLDEST)):
        again = decode(encode(other, one), one)
        assert again is not None
        assert np.array_equal(again, other)


@given(st.binary(max_size=200))
def test_any_bytes_are_none(raw: bytes) -> None:
    """Bytes that are no frame, too short or a bomb, give none and never an error."""
    for packed in (raw, zlib.compress(raw), zlib.compress(bytes(100_000))):
        for coding in (ALONE, ZLIB, "", "lz4"):
            assert read(coding, packed) is None


def test_the_coding_of_the_first_release_is_read() -> None:
    """A node of an older release still shows its picture."""
    cells = np.arange(768, dtype=np.int16).reshape(SHAPE)
    found = read(ZLIB, zlib.compress(cells.astype("<i2").tobytes()))
    assert found is not None
    assert np.array_equal(found, cells)


def test_a_quiet_frame_is_small() -> None:
    """The point of it: about half for a real frame's noise, almost nothing without any."""
    noise = np.random.default_rng(0).normal(2200.0, 10.0, SHAPE)
    cells = np.rint(noise).astype(np.int16)
    assert len(encode(cells)) < 0.6 * cells.nbytes
    assert len(encode(cells, cells)) < 40
