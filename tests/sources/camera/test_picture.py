"""What is made of a decoded frame: planes without a copy, and parts of the picture."""

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.camera.farm import Look
from embereye_addon.sources.camera.picture import crop, picture, planar, planes


def scene(width: int, height: int, pixels: str = "yuv420p") -> av.VideoFrame:
    """A smooth picture with all colours in it."""
    rows, columns = np.mgrid[0:height, 0:width]
    bgr = np.stack([columns * 255 // width, rows * 255 // height, (columns + rows) * 255 // (width + height)], axis=-1)
    return av.VideoFrame.from_ndarray(bgr.astype(np.uint8), format="bgr24").reformat(format=pixels)


def look_of(frame: av.VideoFrame) -> Look:
    """A look at this frame."""
    return Look(frame, 1, 1e9, 1.0)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p"])
def test_planes_are_the_frames_own_memory(pixels: str) -> None:
    """A copy of every picture of every camera would cost more than the looking."""
    frame = scene(100, 76, pixels)
    look = look_of(frame)
    found = look.planes()
    assert (found.y.shape, found.u.shape, found.v.shape) == ((76, 100), (38, 50), (38, 50))
    assert found.y.strides[0] == frame.planes[0].line_size > 100, "rows lie apart"
    assert found.y.ctypes.data == frame.planes[0].buffer_ptr
    assert not found.y.flags.writeable, "the decoder still needs this memory"
    assert found.full_range is (pixels == "yuvj420p")
    packed = frame.to_ndarray()
    assert np.array_equal(packed[:76], found.y)
    assert np.array_equal(packed[76:95].ravel(), found.u.ravel())
    assert np.array_equal(packed[95:].ravel(), found.v.ravel())


def test_planes_outlive_their_frame() -> None:
    """A background keeps a plane longer than the picture it is of."""
    found = planes(scene(64, 48))
    before = found.y.copy()
    others = [scene(64, 48) for _ in range(20)]
    assert np.array_equal(found.y, before)
    assert len(others) == 20


@pytest.mark.parametrize("pixels", ["yuv422p", "yuvj422p", "yuv444p", "nv12", "yuv420p10le", "gray"])
def test_other_pixel_formats_are_converted_once(pixels: str) -> None:
    """Cameras and hardware decoders that give other pixels are looked at all the same, in the same colours."""
    frame = scene(64, 48, pixels)
    look = look_of(frame)
    found = look.planes()
    assert found.y.shape == (48, 64)
    assert found.u.shape == (24, 32)
    assert look.planes().y.ctypes.data == found.y.ctypes.data, "not converted again"
    want = scene(64, 48, "yuvj420p" if pixels.startswith("yuvj") or pixels == "gray" else "yuv420p")
    if pixels != "gray":
        for got, wanted in zip((found.y, found.u, found.v), (p for p in _of(want)), strict=True):
            assert np.abs(got.astype(int) - wanted.astype(int)).mean() < 3.0
        assert found.full_range is (pixels == "yuvj422p")


def _of(frame: av.VideoFrame) -> tuple[np.ndarray, ...]:
    found = planes(frame)
    return found.y, found.u, found.v


def test_a_full_range_picture_stays_one() -> None:
    """Black that is taken for dark grey would hide a covered lens."""
    frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
    wide = frame.reformat(format="yuv422p", dst_color_range=ColorRange.JPEG)
    wide.color_range = ColorRange.JPEG
    found = planes(planar(wide))
    assert found.full_range
    assert found.y.max() <= 1


def test_odd_sizes_have_all_their_pixels() -> None:
    """The last row and column of a picture are not lost."""
    found = planes(scene(75, 49))
    assert (found.y.shape, found.u.shape) == ((49, 75), (25, 38))


@given(
    size=st.tuples(st.integers(2, 99), st.integers(2, 99)),
    box=st.tuples(*[st.floats(-0.5, 1.5)] * 4),
    wanted=st.sampled_from([(0, 0), (32, 48), (7, 5)]),
)
def test_every_box_gives_a_part(
    size: tuple[int, int], box: tuple[float, float, float, float], wanted: tuple[int, int]
) -> None:
    """A box at the edge, beyond it or without a surface must not end the looking."""
    part = crop(scene(*size), box, *wanted)
    assert part.ndim == 3
    assert part.shape[2] == 3
    if wanted != (0, 0):
        assert part.shape[:2] == wanted[::-1]
    assert part.size


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "nv12"])
def test_a_part_looks_as_it_does_in_the_whole(pixels: str) -> None:
    """The colours of a crop and those of the whole picture are the same to the model."""
    frame = scene(640, 480, pixels)
    part = look_of(frame).crop(0.25, 0.5, 0.5, 0.75)
    assert part.shape == (120, 160, 3)
    whole = picture(frame)[240:360, 160:320]
    assert np.abs(part.astype(int) - whole.astype(int)).mean() < 2.0
    small = look_of(frame).crop(0.25, 0.5, 0.5, 0.75, 80, 60)
    assert np.abs(small[5:-5, 5:-5].astype(int) - whole[10:-10:2, 10:-10:2].astype(int)).mean() < 5.0
