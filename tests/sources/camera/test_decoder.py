"""Whole pictures only: losses, damage, B-frames, sizes and hardware that is not there."""

import logging
import random
from collections.abc import Callable

import av
import numpy as np
import pytest

from embereye_addon.sources.camera.decoder import BARREN_KEYS, Decoder, Picture
from embereye_addon.sources.camera.rtsp import Opened
from tests.sources.camera.clips import Coded, coded

Mangle = Callable[[int, bytes], bytes | None]


def fed(clip: Coded, mangle: Mangle = lambda _index, octets: octets, **kwargs: object) -> tuple[Decoder, list[Picture]]:
    """A decoder after all packets, some of them changed or lost, and what it gave out."""
    decoder = Decoder(clip.opened(), str(kwargs.get("choice", "software")), "cam.a")
    found: list[Picture] = []
    for index, (octets, _, _) in enumerate(clip.packets):
        payload = mangle(index, octets)
        if payload is not None:
            found += decoder.decode(clip.arrived(index, payload))
    return decoder, found


def luma(frame: av.VideoFrame) -> np.ndarray:
    """The picture's grey."""
    return frame.to_ndarray()[: frame.height].astype(int)


def true_pictures(clip: Coded) -> dict[int | None, np.ndarray]:
    """What the camera saw, by presentation time."""
    return {picture.frame.pts: luma(picture.frame) for picture in fed(clip)[1]}


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_whole_stream_gives_every_picture(codec: str, b_frames: int) -> None:
    """Nothing is left out of a stream without losses, and each picture has the arrival of its own packet."""
    clip = coded(codec, b_frames)
    decoder, found = fed(clip)
    assert decoder.damaged == decoder.losses == 0
    assert len(clip.packets) - 4 <= len(found) <= len(clip.packets)
    sent = {pts: 100.0 + index / 15 for index, (_, _, pts) in enumerate(clip.packets)}
    assert all(picture.mono_s == sent[picture.frame.pts or 0] for picture in found)
    assert all(picture.filtered for picture in found)


LOSSES: dict[str, Mangle] = {
    "a picture": lambda index, octets: None if index == 13 else octets,
    "a key frame": lambda index, octets: None if index == 10 else octets,
    "half a picture": lambda index, octets: octets[: len(octets) // 2] if index == 13 else octets,
    "half a key frame": lambda index, octets: octets[: len(octets) // 2] if index == 10 else octets,
    "many": lambda index, octets: None if index in (3, 13, 14, 22, 30) else octets,
}


@pytest.mark.parametrize("lost", LOSSES)
@pytest.mark.parametrize("b_frames", [0, 2])
def test_no_damaged_picture_is_given_out(lost: str, b_frames: int) -> None:
    """A grey or smeared picture looks like smoke: after a loss nothing is given before the next key frame."""
    clip = coded("h264", b_frames)
    decoder, found = fed(clip, LOSSES[lost])
    true = true_pictures(clip)
    wrong = [one.frame.pts for one in found if np.abs(luma(one.frame) - true[one.frame.pts]).max() > 0]
    assert wrong == []
    if not (b_frames and lost == "a picture"):  # it was one that no other needs
        assert decoder.damaged > 0
        assert decoder.losses >= 1
    assert len(found) >= 6, "it goes on at the next key frame"


@pytest.mark.parametrize("lost", ["a picture", "a key frame", "many"])
def test_no_damaged_picture_of_h265_is_given_out(lost: str) -> None:
    """The same for H.265, where the decoder tells of missing references."""
    clip = coded("hevc")
    decoder, found = fed(clip, LOSSES[lost])
    true = true_pictures(clip)
    assert [one.frame.pts for one in found if np.abs(luma(one.frame) - true[one.frame.pts]).max() > 0] == []
    assert decoder.damaged > 0
    assert len(found) >= 5


def test_a_cut_off_picture_of_h265_is_not_told() -> None:
    """Why `rtsp.NEEDS_TCP` is there: should a decoder tell one day, H.265 may be read over UDP again."""
    clip = coded("hevc")
    decoder, found = fed(clip, lambda index, octets: octets[: len(octets) // 2] if index in (12, 13, 14) else octets)
    true = true_pictures(clip)
    wrong = [one.frame.pts for one in found if np.abs(luma(one.frame) - true[one.frame.pts]).max() > 0]
    assert wrong
    assert decoder.losses == 0


def test_noise_never_ends_the_decoding() -> None:
    """Bytes of no meaning are counted, and the next good key frame is a picture again."""
    draw = random.Random(5)
    clip = coded("h264")
    decoder, found = fed(clip, lambda index, octets: draw.randbytes(len(octets)) if 11 <= index < 30 else octets)
    assert decoder.damaged >= 15
    assert {one.frame.pts for one in found} >= {*range(10), *range(30, 40)}


def test_without_a_key_frame_there_is_no_picture() -> None:
    """A decoder that begins in the middle shows grey."""
    decoder, found = fed(coded("h264"), lambda index, octets: None if index == 0 else octets)
    assert {one.frame.pts for one in found} == set(range(10, 40))
    assert decoder.damaged == 9


def test_the_loop_filter_is_left_out_from_a_key_frame_on() -> None:
    """Changed in between, the pictures of a key-frame interval would drift apart from what the camera meant."""
    clip = coded("h264")
    decoder = Decoder(clip.opened(), "software", "cam.a")
    filtered: list[bool] = []
    for index in range(40):
        decoder.unfiltered = 5 <= index < 25
        filtered += [one.filtered for one in decoder.decode(clip.arrived(index))]
    assert filtered[:10] == [True] * 10
    assert filtered[10] is True, "key frames keep it"
    assert not any(filtered[11:20])
    assert not any(filtered[21:30])
    assert filtered[30:] == [True] * 10
    assert len(filtered) == 40


@pytest.mark.parametrize("choice", ["vaapi", "qsv", "auto"])
def test_hardware_that_is_not_there_is_software_in_words(choice: str, caplog: pytest.LogCaptureFixture) -> None:
    """A setting that this machine cannot follow must not make it blind."""
    decoder, found = fed(coded("h264"), choice=choice)
    if decoder.unit.hardware:
        pytest.skip(f"this machine decodes on {decoder.unit.hardware}")
    assert len(found) == 40
    assert decoder.why
    if choice != "auto":
        assert choice.upper() in decoder.why
        assert sum("decoded in software" in record.message for record in caplog.records) == 1


def test_a_camera_that_breaks_the_rules_is_forgiven(caplog: pytest.LogCaptureFixture) -> None:
    """Where every key-frame interval is refused for a slight fault, pictures that look whole are better than none."""
    caplog.set_level(logging.WARNING)
    clip = coded("h264", 0, 2, 2 * (BARREN_KEYS + 3))

    def key_spoiled(index: int, octets: bytes) -> bytes:
        return octets[: len(octets) // 3] if index < 2 * BARREN_KEYS and index % 2 == 0 else octets

    decoder, found = fed(clip, key_spoiled)
    assert not decoder._strict
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert len(found) >= 4


def test_what_is_no_video_is_refused() -> None:
    """Sound in the place of pictures is a fault in words, not a decoder."""
    with pytest.raises(ValueError, match="no video"):
        Decoder(Opened("aac", None, 0, 0), "software", "cam.a")


def test_packets_without_times_are_decoded() -> None:
    """Some servers send none."""
    clip = coded("h264")
    decoder = Decoder(clip.opened(), "software", "cam.a")
    count = 0
    for index in range(20):
        arrived = clip.arrived(index)
        arrived.packet.pts = arrived.packet.dts = None
        count += len(decoder.decode(arrived))
    assert count == 20


def test_times_that_jump_lose_nothing() -> None:
    """A camera that sets its clock gives packets of the past or of the far future."""
    clip = coded("h264")
    decoder, count = Decoder(clip.opened(), "software", "cam.a"), 0
    for index in range(40):
        arrived = clip.arrived(index)
        arrived.packet.pts = arrived.packet.dts = index + (0, 10**9, -500, 7)[index // 10]
        count += len(decoder.decode(arrived))
    assert count == 40
    assert decoder.damaged == 0
