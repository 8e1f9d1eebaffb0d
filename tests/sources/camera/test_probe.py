"""What a camera sends, and what the installer is told to change there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.camera.nal import is_reference
from embereye_addon.sources.camera.probe import FIRST_S, SKIP_S, Probe, StreamFacts, advice, described
from tests.sources.camera.clips import coded

GOOD = StreamFacts("h264", 640, 480, 15.0, 512.0, 30.0, 0, 0.0)


def probed(
    fps: float, gop: int, kbit_s: float = 512.0, seconds: float = 30.0, size: tuple[int, int] = (640, 480)
) -> Probe:
    """A probe that watched a steady stream."""
    probe = Probe()
    probe.opened("h264", *size)
    for index in range(int(seconds * fps)):
        probe.take(int(kbit_s * 125 / fps), index % gop == 0, True, index, 50.0 + index / fps)
    return probe


@pytest.mark.parametrize(("fps", "gop"), [(15.0, 30), (25.0, 50), (10.0, 10), (6.0, 60), (1.0, 4)])
def test_a_steady_stream_is_measured(fps: float, gop: int) -> None:
    """Rate, bit rate and key-frame interval as they are."""
    facts = probed(fps, gop, seconds=60.0).facts
    assert facts is not None
    assert facts.fps == pytest.approx(fps, rel=0.1)
    assert facts.gop == pytest.approx(gop, rel=0.15)
    assert facts.kbit_s == pytest.approx(512.0, rel=0.15)
    assert facts.gop_s == pytest.approx(gop / fps, rel=0.2)
    assert facts.b_frames == 0


def test_nothing_is_said_before_enough_came() -> None:
    """The burst at the opening would make a fast camera of a slow one."""
    assert probed(15.0, 30, seconds=SKIP_S + FIRST_S * 0.7).facts is None
    assert Probe().facts is None


def test_the_burst_at_the_opening_is_left_out() -> None:
    """What FFmpeg had read while it looked at the stream comes at once."""
    probe = Probe()
    probe.opened("h264", 640, 480)
    for index in range(40):
        probe.take(3000, index % 30 == 0, True, index, 50.0)
    for index in range(200):
        probe.take(3000, index % 30 == 0, True, 40 + index, 50.0 + index / 15)
    assert probe.facts is not None
    assert probe.facts.fps == pytest.approx(15.0, rel=0.05)


def test_a_long_interval_is_known_though_no_window_holds_two_key_frames() -> None:
    """A camera with a key frame every 20 s is what the advice is most needed for."""
    facts = probed(15.0, 300, seconds=60.0).facts
    assert facts is not None
    assert facts.gop_s >= 9.0
    assert any("key frame only every" in text for text in advice(facts))


def test_a_reconnect_and_another_size_are_measured_anew() -> None:
    """Facts of the stream before would advise against what was already changed."""
    probe = probed(15.0, 30)
    probe.resized(1280, 720)
    assert (probe.facts, probe.width) == (None, 1280)
    probe = probed(15.0, 30)
    probe.opened("hevc", 640, 480)
    assert probe.facts is None
    probe.resized(320, 240)
    assert probe.codec == "hevc"


@pytest.mark.parametrize(("b_frames", "codec"), [(0, "h264"), (2, "h264"), (2, "hevc")])
def test_b_frames_are_counted(b_frames: int, codec: str) -> None:
    """They are the only thing that the time stamps tell."""
    clip = coded(codec, b_frames)
    probe = Probe()
    probe.opened(codec, 160, 96)
    for turn in range(8):
        for index, (octets, key, pts) in enumerate(clip.packets):
            needed = is_reference(codec, octets)
            probe.take(len(octets), key, needed, pts + turn * 40, 50.0 + (index + turn * 40) / 15)
    assert probe.facts is not None
    assert probe.facts.b_frames == b_frames
    assert (probe.facts.spare > 0.2) is bool(b_frames)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 200_000), st.booleans(), st.none() | st.integers(-(2**62), 2**62), st.floats(0.0, 3.0)
        ),
        max_size=60,
    )
)
def test_no_stream_breaks_the_probe(rows: list[tuple[int, bool, int | None, float]]) -> None:
    """Variable rates, clocks that jump, no key frame for ever."""
    probe, now_s = Probe(), 5.0
    probe.opened("h264", 640, 480)
    for size, key, pts, step_s in rows:
        now_s += step_s
        probe.take(size, key, True, pts, now_s)
    if probe.facts is not None:
        assert probe.facts.fps >= 0.0
        assert probe.facts.gop >= 0.0
        assert all(advice(probe.facts))
        assert described(probe.facts)


def changed(**fields: object) -> StreamFacts:
    """The good stream with something changed."""
    return StreamFacts(**{name: fields.get(name, getattr(GOOD, name)) for name in GOOD.__slots__})  # type: ignore[arg-type]


def test_a_good_stream_needs_no_advice() -> None:
    """Advice that is always there is read by nobody."""
    assert advice(GOOD) == ()
    assert described(GOOD) == "H.264 640x480, 15 pictures a second, 512 kbit/s, a key frame every 2.0 s"
    assert advice(changed(width=640, height=360)) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"width": 1920, "height": 1080}, "1920x1080 costs about 7 times a 640x480 substream"),
        ({"width": 2560, "height": 1440}, "2560x1440 costs about 12 times a 640x480 substream"),
        ({"width": 800, "height": 600}, "800x600 costs about 1.6 times"),
        ({"width": 176, "height": 144, "kbit_s": 60.0}, "176x144 is small"),
        ({"fps": 6.0, "gop": 12.0}, "6 pictures a second are too few to see flicker"),
        ({"fps": 0.5, "gop": 1.0}, "0.5 pictures a second are too few"),
        ({"fps": 30.0}, "30 pictures a second cost more than they show"),
        ({"gop": 150.0}, "key frame only every 10 s"),
        ({"kbit_s": 3000.0}, "3000 kbit/s is much for 640x480"),
        ({"b_frames": 2}, "B-frames delay every look by 2 pictures"),
        ({"b_frames": 1}, "B-frames delay every look by 1 picture:"),
        ({"codec": "hevc"}, "H.265 costs about 1.8 times"),
        ({"codec": "mpeg4"}, "mpeg4 was not tried"),
    ],
)
def test_what_costs_or_hides_is_said_in_plain_words(fields: dict[str, object], words: str) -> None:
    """The installer changes a camera's setting only when told which and why."""
    (told,) = advice(changed(**fields))
    assert told.startswith(words)
