"""Recorded clips by their own clock."""

from pathlib import Path

import av
import numpy as np
import pytest

from embereye_addon.errors import ProtocolError
from embereye_addon.sources.camera.clip import clip


def write(path: Path, pictures: int = 10, fps: int = 5) -> Path:
    """A short grey clip."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(pictures):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 + 8 * index, np.uint8), format="bgr24")
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
