"""The last seconds of a camera: bounded, whole from a key frame on, and cheap."""

from typing import cast

import av
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.camera.ring import KEEP_S, MOST_BYTES, RECORDING_BYTES, RECORDINGS_MOST, Ring
from embereye_addon.sources.camera.rtsp import Arrived, Opened

OPENED = Opened("h264", None, 640, 480)


def arrived(number: int, size: int, *, key: bool, fps: float = 10.0) -> Arrived:
    """A packet of that size."""
    packet = cast("av.Packet[av.VideoStream]", av.Packet(number.to_bytes(4, "big") + bytes(size - 4)))
    return Arrived(packet, key, 1e9 + number / fps, number / fps)


def filled(count: int, size: int = 1000, every: int = 10, fps: float = 10.0) -> Ring:
    """A ring after so many packets."""
    ring = Ring()
    ring.add(OPENED)
    for number in range(count):
        ring.add(arrived(number, size, key=number % every == 0, fps=fps))
    return ring


def numbers(ring: Ring, begin: float = 0.0) -> list[int]:
    """What a recording that begins now holds."""
    recording = ring.take(begin, 0.0)
    assert recording is not None
    ring.release(recording)
    return [int.from_bytes(piece.payload[:4], "big") for piece in recording.pieces]


def test_the_last_seconds_are_there_from_a_key_frame_on() -> None:
    """Ten seconds before the alarm must be there, and nothing that cannot be decoded."""
    found = numbers(filled(305))
    assert found == list(range(180, 305))
    assert found[-1] / 10 - found[0] / 10 >= KEEP_S
    assert numbers(filled(305), 1e9 + 25.7) == list(range(250, 305)), "from the key frame before the beginning"


@given(sizes=st.lists(st.tuples(st.integers(4, 300_000), st.booleans()), max_size=60))
def test_the_ring_is_bounded_whatever_comes(sizes: list[tuple[int, bool]]) -> None:
    """A camera that sends one key frame a minute, or enormous ones, takes no more memory."""
    ring = Ring()
    ring.add(OPENED)
    for number, (size, key) in enumerate(sizes):
        ring.add(arrived(number, size, key=key))
        assert ring.size <= MOST_BYTES
    recording = ring.take(0.0, 0.0)
    assert recording is not None
    assert not recording.pieces or recording.pieces[0].key
    assert sum(len(piece.payload) for piece in recording.pieces) == ring.size


def test_a_group_that_does_not_fit_is_kept_from_its_beginning() -> None:
    """What follows a gap cannot be decoded; the next key frame begins anew."""
    ring = filled(100, size=20_000, every=1000)
    found = numbers(ring)
    assert found == list(range(39))
    ring.add(arrived(100, 1000, key=True))
    assert numbers(ring)[-1] == 100


def test_a_recording_grows_until_its_end() -> None:
    """What comes after the alarm is added; then it stops, also when it gets too large."""
    ring = filled(50)
    recording = ring.take(0.0, 7.0)
    assert recording is not None
    for number in range(50, 100):
        ring.add(arrived(number, 1000, key=number % 10 == 0))
    assert recording.ended
    assert recording.pieces[-1].mono_s == 7.0
    big = ring.take(0.0, 1e9)
    assert big is not None
    for number in range(100, 400):
        ring.add(arrived(number, 20_000, key=number % 10 == 0))
    assert big.ended
    assert sum(len(piece.payload) for piece in big.pieces) <= RECORDING_BYTES
    assert ring.take(0.0, 1.0) is None, f"at most {RECORDINGS_MOST} at once"
    ring.release(big)
    assert ring.take(0.0, 1.0) is not None


def test_a_recording_that_begins_in_a_gap_waits_for_a_key_frame() -> None:
    """Nothing that cannot be decoded is recorded."""
    ring = filled(100, size=20_000, every=1000)
    recording = ring.take(0.0, 1e9)
    assert recording is not None
    for number in range(100, 110):
        ring.add(arrived(number, 1000, key=number == 105))
    assert [int.from_bytes(piece.payload[:4], "big") for piece in recording.pieces[39:]] == list(range(105, 110))


def test_a_stream_that_is_opened_anew_begins_anew() -> None:
    """Other parameters may hold; what was recorded ends there."""
    ring = Ring()
    assert ring.take(0.0, 1.0) is None
    ring.add(arrived(0, 100, key=False))
    assert ring.size == 0
    ring = filled(30)
    recording = ring.take(0.0, 1e9)
    assert recording is not None
    ring.add(OPENED)
    ring.add(arrived(31, 1000, key=True))
    assert recording.ended
    assert len(recording.pieces) == 30
    assert numbers(ring) == [31]
