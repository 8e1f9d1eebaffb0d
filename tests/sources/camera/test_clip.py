"""Recorded clips by their own clock."""

import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from embereye_addon.errors import ProtocolError
from embereye_addon.sources.camera.clip import clip


def write(path: Path, pictures: int = 10, fps: int = 5, width: int = 64) -> Path:
    """A short clip that gets brighter, and is brightest at its top left."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
        for index in range(pictures):
            picture = np.full((48, width, 3), 40 + 8 * index, np.uint8)
            picture[:12, :16] = 250
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


def test_pictures_come_in_order_by_the_clips_clock(tmp_path: Path) -> None:
    """Times in a replay are seconds in the clip, however fast it is read."""
    looks = list(clip(write(tmp_path / "a.mp4")))
    assert [round(look.received_mono_s, 3) for look in looks] == [round(0.2 * index, 3) for index in range(10)]
    assert [look.number for look in looks] == list(range(10))
    assert all(look.size == (64, 48) and look.at == look.received_mono_s for look in looks)


def test_what_is_no_video_is_told_in_words(tmp_path: Path) -> None:
    """Somebody replays the wrong file."""
    text = tmp_path / "notes.mp4"
    text.write_text("no video")
    with pytest.raises(ProtocolError, match=r"notes\.mp4 cannot be read as video"):
        list(clip(text))
    with pytest.raises(ProtocolError, match=r"gone\.mp4 cannot be read as video"):
        list(clip(tmp_path / "gone.mp4"))
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(ProtocolError, match=r"sound\.wav holds no video"):
        list(clip(sound))


def test_times_go_on_where_they_jump_back(tmp_path: Path) -> None:
    """Two recordings put behind one another, of another size too, are played to the end."""
    one, two = write(tmp_path / "a.ts"), write(tmp_path / "b.ts", width=128)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    looks = list(clip(both))
    times = [look.at for look in looks]
    assert len(looks) == 20
    assert all(later > before for before, later in pairwise(times))
    assert times[-1] - times[0] == pytest.approx(2 * 1.8, abs=0.2)
    assert {look.size for look in looks} == {(64, 48), (128, 48)}


@pytest.mark.parametrize(
    ("matrix", "turns"),
    [((0, 1, 0, -1, 0, 0), -1), ((0, -1, 0, 1, 0, 0), 1), ((-1, 0, 0, 0, -1, 0), 2), ((1, 0, 0, 0, 1, 0), 0)],
)
def test_a_phone_that_was_held_on_its_side(tmp_path: Path, matrix: tuple[int, ...], turns: int) -> None:
    """Flames that burn sideways are no flames to the model: the picture is turned as a player turns it."""
    path = write(tmp_path / "phone.mp4")
    octets = bytearray(path.read_bytes())
    at = octets.find(b"tkhd") + 4 + 20 + 20  # ISO 14496-12, 8.3.2: the matrix of a version 0 track header
    octets[at : at + 36] = struct.pack(">9i", *(each << 16 for each in matrix), 0, 0, 1 << 30)
    octets[at + 8 : at + 12] = bytes(4)
    (tmp_path / "turned.mp4").write_bytes(octets)
    upright, turned = (next(iter(clip(tmp_path / name))).planes().y for name in ("phone.mp4", "turned.mp4"))
    assert np.array_equal(np.rot90(upright, turns), turned)
