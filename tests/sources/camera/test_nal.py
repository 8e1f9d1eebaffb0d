"""What coded pictures say of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.camera.nal import Continuity, is_reference, starts
from tests.sources.camera.clips import coded


def lost(continuity: Continuity, codec: str, rows: list[tuple[bytes, bool, int]]) -> list[int]:
    """Which packets are found to come after a gap."""
    return [index for index, (octets, key, _) in enumerate(rows) if continuity.lost(codec, octets, key)]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_whole_stream_has_no_gap(b_frames: int) -> None:
    """A camera without losses must not be blind for whole key-frame intervals."""
    assert lost(Continuity(), "h264", list(coded("h264", b_frames).packets)) == []


def test_frame_numbers_that_wrap_are_no_gap() -> None:
    """The number has 4 to 16 bits: a long key-frame interval wraps it."""
    assert lost(Continuity(), "h264", list(coded("h264", 0, 60, 60).packets)) == []


@pytest.mark.parametrize("missing", [1, 5, 9, 10, 14])
def test_every_lost_picture_is_a_gap(missing: int) -> None:
    """FFmpeg hides the loss of a whole picture, and what follows is looked at with the damage in it."""
    rows = list(coded("h264").packets)
    del rows[missing]
    found = lost(Continuity(), "h264", rows)
    assert found[:1] == ([] if missing == 9 else [missing]), "what is lost right before a key frame harms nothing"


def test_a_lost_picture_that_none_needs_is_no_gap() -> None:
    """B-frames that nothing is predicted from may be missing."""
    rows = [row for row in coded("h264", 2).packets if is_reference("h264", row[0])]
    assert len(rows) < len(coded("h264", 2).packets)
    assert lost(Continuity(), "h264", rows) == []


def test_pictures_that_none_needs_are_told() -> None:
    """What may be left out first under load."""
    for codec in ("h264", "hevc"):
        plain, ordered = coded(codec), coded(codec, 2)
        assert all(is_reference(codec, octets) for octets, _, _ in plain.packets)
        share = sum(not is_reference(codec, octets) for octets, _, _ in ordered.packets) / len(ordered.packets)
        assert 0.2 < share < 0.8
        assert all(is_reference(codec, octets) for octets, key, _ in ordered.packets if key)
    assert is_reference("mjpeg", b"\xff\xd8\xff\xe0")


def test_of_h265_no_gap_is_told() -> None:
    """Its decoder tells itself when a reference is missing."""
    assert lost(Continuity(), "hevc", list(coded("hevc").packets)[::2]) == []


@given(st.lists(st.tuples(st.binary(max_size=80), st.booleans()), max_size=8), st.sampled_from(["h264", "hevc", "av1"]))
def test_no_bytes_end_the_reading(packets: list[tuple[bytes, bool]], codec: str) -> None:
    """What a broken camera sends must not end the thread that reads it."""
    continuity = Continuity()
    for octets, key in packets:
        framed = b"\x00\x00\x01" + octets
        assert all(0 < at < len(framed) for at in starts(framed))
        is_reference(codec, framed)
        continuity.lost(codec, b"\x00\x00\x01\x67" + octets, key)
        continuity.lost(codec, framed, key)


def test_parameter_sets_of_every_kind_are_read() -> None:
    """High 4:4:4, picture order count of kind 1, and scaling lists: gaps are found or left alone, nothing breaks."""
    for profile in (66, 100, 244):
        for tail in (b"\xff" * 20, b"\x00" * 20, b"\xa6\x4d\x93" * 7, b"\x88\x84\x21" * 7):
            continuity = Continuity()
            continuity.lost("h264", b"\x00\x00\x01\x67" + bytes((profile, 0, 30)) + tail, key=True)
            for octets, key, _ in coded("h264").packets[:3]:
                continuity.lost("h264", octets, key)
