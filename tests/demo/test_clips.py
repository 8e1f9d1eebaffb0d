"""Clips: encoding, loading, keeping."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.demo import clips
from embereye_addon.demo.scenes import Picture

SMALL = clips.Take("quiet", 0.0, 0.8, 0.0, 1, 1e9, 5.0)


def pictures(count: int, size: tuple[int, int] = (96, 64)) -> Iterator[Picture]:
    """A bright bar which wanders over grey noise."""
    rng = np.random.default_rng(1)
    for index in range(count):
        picture = rng.integers(90, 110, (size[1], size[0], 3)).astype(np.uint8)
        picture[:, (3 * index) % size[0] : (3 * index) % size[0] + 8] = 240
        yield picture


def decoded(clip: clips.EncodedClip) -> list[Picture]:
    """What a decoder makes of the clip's bytes."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, VideoCodecContext)
    frames = [frame for packet in clip.packets for frame in context.decode(av.Packet(packet.payload))]
    return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in [*frames, *context.decode(None)]]


def movie(path: Path, b_frames: int, count: int = 30) -> Path:
    """An mp4 as a camera or a phone writes it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.gop_size = 10
        stream.codec_context.options = {"sc_threshold": "0"}
        stream.codec_context.time_base = Fraction(1, 10)
        for index, picture in enumerate(pictures(count)):
            frame = VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_clip_is_what_a_camera_sends() -> None:
    """Key frames every two seconds with their parameter sets, no B frames: anything else tests another decoder path."""
    clip = clips.encode(pictures(50), 10.0, loop_from_s=3.0)
    assert [index for index, packet in enumerate(clip.packets) if packet.keyframe] == [0, 20, 40]
    assert clip.loop_from == 20
    assert (clip.codec, clip.width, clip.height, clip.fps, clip.duration_s) == ("h264", 96, 64, 10.0, 5.0)
    assert clip.sps[0] & 31 == 7
    assert clip.pps[0] & 31 == 8
    for packet in clip.packets:
        kinds = {unit[0] & 31 for unit in clips.units(packet.payload)}
        assert {7, 8, 5} <= kinds if packet.keyframe else 1 in kinds
    seen = decoded(clip)
    assert len(seen) == 50
    assert float(np.abs(seen[30].astype(int) - list(pictures(31))[30]).mean()) < 12.0


def test_the_bit_rate_is_about_the_asked_one() -> None:
    """Bit rate sets the cost of decoding, so the demo's load must be known."""
    rng = np.random.default_rng(2)
    noisy = (rng.integers(0, 255, (128, 160, 3)).astype(np.uint8) for _ in range(60))
    clip = clips.encode(noisy, 10.0, bit_rate=200_000)
    assert 0.5 < sum(len(packet.payload) for packet in clip.packets) * 8 / clip.duration_s / 200_000 < 2.0


def test_no_picture_is_no_clip() -> None:
    """An empty source is named, not served as a camera without pictures."""
    with pytest.raises(clips.ClipError, match="no picture"):
        clips.encode(iter(()), 10.0)


def test_a_plain_file_is_served_as_it_is(tmp_path: Path) -> None:
    """A recording without B frames keeps its own bytes, so a test sees what the camera sent."""
    clip = clips.load_clip(movie(tmp_path / "plain.mp4", 0))
    assert (clip.width, clip.height, clip.fps, len(clip.packets)) == (96, 64, 10.0, 30)
    assert [index for index, packet in enumerate(clip.packets) if packet.keyframe] == [0, 10, 20]
    assert len(decoded(clip)) == 30


def test_b_frames_are_coded_away(tmp_path: Path) -> None:
    """B frames over RTSP would go out in the wrong order."""
    clip = clips.load_clip(movie(tmp_path / "b.mp4", 2))
    assert len(clip.packets) == 30
    assert [packet.pts_s for packet in clip.packets] == sorted(packet.pts_s for packet in clip.packets)
    assert len(decoded(clip)) == 30


@pytest.mark.parametrize(("fps", "count"), [(5.0, 15), (20.0, 59)])
def test_a_file_can_be_given_another_rate_and_size(tmp_path: Path, fps: float, count: int) -> None:
    """Load tests need the same scene at other rates without changing its speed."""
    clip = clips.load_clip(movie(tmp_path / "any.mp4", 0), fps=fps, size=(64, 48))
    assert (clip.width, clip.height, clip.fps) == (64, 48, fps)
    assert abs(len(clip.packets) - count) <= 1


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    """A wrong file gives a sentence with its name, not a traceback of the decoder."""
    wrong = tmp_path / "holiday.mp4"
    wrong.write_bytes(b"not a video")
    with pytest.raises(clips.ClipError, match=r"holiday\.mp4"):
        clips.load_clip(wrong)
    with pytest.raises(clips.ClipError, match=r"missing\.mp4"):
        clips.load_clip(tmp_path / "missing.mp4")


def test_another_codec_is_coded_again(tmp_path: Path) -> None:
    """A file in another codec is still usable as a camera."""
    path = tmp_path / "old.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        for picture in pictures(5):
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    assert clips.load_clip(path).codec == "h264"


def test_a_take_is_rendered_once(tmp_path: Path) -> None:
    """The demo's second start must not cost the CPU of the first, and a damaged file must not stop it."""
    first = clips.take_clip(SMALL, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    before = kept.stat().st_mtime_ns
    assert clips.take_clip(SMALL, tmp_path / "cache") == first
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(b"\x93broken")
    assert len(clips.take_clip(SMALL, tmp_path / "cache").packets) == 4
    assert kept.stat().st_size > 1000


def test_a_cache_which_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """A read-only disk must not keep the demo from starting."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    assert len(clips.take_clip(SMALL, blocked / "cache").packets) == 4
    assert len(clips.take_clip(SMALL).packets) == 4


def test_the_demo_has_a_clip_for_every_scene() -> None:
    """The fire grows from its first second and its loop begins when it is grown."""
    takes = clips.demo_takes()
    assert set(takes) == {"quiet", "flame", "smoke"}
    assert takes["flame"].start_s == takes["flame"].from_s
    assert takes["flame"].loop_s >= 5.0


@given(st.binary(max_size=200))
def test_any_bytes_split_into_units(noise: bytes) -> None:
    """A damaged file must not crash the server which sends it."""
    assert all(clips.units(noise))
