"""A film of an alarm: plays in a browser, a few pictures a second, and without the private parts."""

import io
from typing import cast

import av
import numpy as np
import pytest

from embereye_addon.demo.clips import EncodedClip, encode
from embereye_addon.sources.camera import film as films
from embereye_addon.sources.camera.film import LONGEST_PX, MOST_BYTES, Bgr, film
from embereye_addon.sources.camera.ring import Recording, Ring
from embereye_addon.sources.camera.rtsp import Arrived, Opened
from tests.fakes.cameras import grey_clip

AT = 1_700_000_000.0


def recorded(clip: EncodedClip, seconds: float) -> Recording:
    """A clip as a camera sends it, again and again."""
    ring = Ring()
    ring.add(Opened(clip.codec, None, clip.width, clip.height))
    recording = ring.take(0.0, 1e9)
    assert recording is not None
    number = 0
    while number / clip.fps < seconds:
        packet = clip.packets[number % len(clip.packets)]
        sent = cast("av.Packet[av.VideoStream]", av.Packet(packet.payload))
        ring.add(Arrived(sent, packet.keyframe, AT + number / clip.fps, number / clip.fps))
        number += 1
    return recording


def decoded(mp4: bytes) -> tuple[str, list[tuple[float, Bgr]]]:
    """The codec, and each picture with its second."""
    with av.open(io.BytesIO(mp4), "r") as place:
        video = place.streams.video[0]
        pictures = [
            (float(frame.time or 0.0), np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            for frame in place.decode(video)
        ]
        return video.codec_context.name, pictures


def as_it_is(bgr: Bgr) -> Bgr:
    """Nothing is private."""
    return bgr


def test_a_film_shows_its_time_at_a_low_rate() -> None:
    """Four pictures a second, at the pace at which they were taken, from beginning to end."""
    mp4, first, last = film(recorded(grey_clip(60), 6.0), AT + 1.0, AT + 5.0, as_it_is)
    codec, pictures = decoded(mp4)
    assert codec == "h264"
    assert len(mp4) <= MOST_BYTES
    assert AT + 1.0 <= first < AT + 1.1
    assert AT + 4.7 < last <= AT + 5.0
    assert 15 <= len(pictures) <= 17
    assert pictures[-1][0] == pytest.approx(last - first, abs=0.01)
    assert abs(float(pictures[3][1].mean()) - 63) < 8


def test_what_is_private_is_painted_over_before_it_is_encoded() -> None:
    """No picture leaves the detector with its private part, and none is larger than needed."""

    def half(bgr: Bgr) -> Bgr:
        painted = bgr.copy()
        painted[:, : bgr.shape[1] // 2] = 0
        return painted

    bright = encode((np.full((720, 1280, 3), 200, np.uint8) for _ in range(4)), 4.0)
    mp4, _, _ = film(recorded(bright, 1.0), AT, AT + 1.0, half)
    _, pictures = decoded(mp4)
    for _, bgr in pictures:
        assert max(bgr.shape[:2]) <= LONGEST_PX
        assert float(bgr[:, : bgr.shape[1] // 2 - 8].mean()) < 6
        assert float(bgr[:, bgr.shape[1] // 2 + 8 :].mean()) > 20


def test_damage_costs_only_its_pictures() -> None:
    """Packets lost or spoiled on the way do not lose the film."""
    recording = recorded(grey_clip(60), 6.0)
    damaged = [
        piece if number % 7 else type(piece)(b"\x00\x00\x01" + bytes(50), piece.key, piece.at, piece.mono_s)
        for number, piece in enumerate(recording.pieces)
    ]
    recording.pieces[:] = damaged
    mp4, _, _ = film(recording, AT, AT + 6.0, as_it_is)
    assert len(decoded(mp4)[1]) > 3


def test_without_pictures_there_is_no_film() -> None:
    """An empty film is worse than none."""
    recording = recorded(grey_clip(60), 1.0)
    assert film(recording, AT + 50.0, AT + 60.0, as_it_is)[0] == b""
    recording.pieces[:] = [type(piece)(b"rubbish", piece.key, piece.at, piece.mono_s) for piece in recording.pieces]
    assert film(recording, AT, AT + 1.0, as_it_is)[0] == b""


def test_a_film_is_never_larger_than_a_message() -> None:
    """Noise cannot be compressed: the rate keeps it small."""
    rng = np.random.default_rng(1)
    noise = [(AT + number / 4, rng.integers(0, 255, (240, 320, 3)).astype(np.uint8)) for number in range(80)]
    sizes = [len(films.encoded(noise, rate)) for rate in films.BIT_RATES]
    assert sizes[0] > 1.4 * sizes[1]
    assert sizes[1] < MOST_BYTES


def test_a_change_of_size_ends_what_is_shown() -> None:
    """A camera that changes its size in an alarm loses the rest of the film, not all of it."""
    pictures = [(AT + number / 4, np.full((48, 64, 3), 90, np.uint8)) for number in range(4)]
    pictures.append((AT + 1.0, np.full((96, 128, 3), 90, np.uint8)))
    assert len(decoded(films.encoded(pictures, 100_000))[1]) == 4
