"""The conversation with a PF device: events, calibration, silence, caps; the real capture replayed."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.commands import Manner
from embereye_addon.sources.pf.events import (
    Back,
    Calibrated,
    Event,
    FrameSeen,
    Identified,
    Late,
    SensorSeen,
    Setup,
    Silent,
    Uncalibrated,
)
from embereye_addon.sources.pf.identity import Identity, Rank
from tests.fakes.alone import Alone
from tests.fakes.pf_client import eeprom, frame, inputs, words_text

ROOM = next(iter(shipped_frames().values()))
OTHER_CHIP = shipped_eeprom("0123456789AB")


def accepted(mono_s: float = 0.0, setup: Setup | None = None) -> Alone:
    """A session of an accepted device."""
    session = Alone("10.0.0.31", mono_s)
    session.adopt(setup or Setup())
    return session


def frames_of(events: list[Event]) -> list[FrameSeen]:
    """The frames among events."""
    return [event for event in events if isinstance(event, FrameSeen)]


def calibrations(events: list[Event]) -> list[tuple[str, bool]]:
    """Chip and whether provisional, of each calibration among events."""
    return [(event.calibration.sensor_id, event.provisional) for event in events if isinstance(event, Calibrated)]


def test_a_strangers_frames_and_inputs_become_nothing() -> None:
    """Anyone who reaches the port can fake a fire."""
    session = Alone("10.0.0.31", 0.0)
    events = session.feed(eeprom(shipped_eeprom()) + frame(ROOM) + inputs(), 1.0, 100.0)
    assert not any(isinstance(event, FrameSeen | SensorSeen) for event in events)
    assert (session.counts.frames, session.counts.inputs, session.counts.eeproms) == (1, 1, 1)
    session.adopt(Setup())
    assert len(frames_of(session.feed(frame(ROOM), 2.0, 101.0))) == 1
    session.release()
    events = session.feed(frame(ROOM) + inputs(), 3.0, 102.0)
    assert not any(isinstance(event, FrameSeen | SensorSeen) for event in events)


def test_a_calibrated_frame_has_temperatures() -> None:
    """A real device's picture has no temperatures, or the time of another one."""
    session = accepted()
    events = session.feed(eeprom(shipped_eeprom()), 1.0, 100.0)
    assert calibrations(events) == [("021C5626618B", False)]
    (seen,) = frames_of(session.feed(frame(ROOM), 2.0, 101.0))
    assert seen.radiometric
    assert seen.conversion is not None
    assert 15 < float(np.median(seen.conversion.to_c)) < 40
    assert (seen.at, seen.mono_s, seen.why) == (101.0, 2.0, "")
    assert session.unit.sensor_id == "021C5626618B"


def test_an_uncalibrated_frame_says_why() -> None:
    """A picture without temperatures appears with none, and nobody knows the reason."""
    session = accepted()
    (before,) = frames_of(session.feed(frame(ROOM), 1.0, 100.0))
    assert not before.radiometric
    assert "not been read yet" in before.why
    session.feed(eeprom(shipped_eeprom()), 2.0, 101.0)
    (grid,) = frames_of(session.feed(frame(ROOM[:768]), 3.0, 102.0))
    assert grid.conversion is None
    assert "without what is needed" in grid.why


def test_inputs() -> None:
    """Smoke and flame inputs are not passed on."""
    (seen,) = accepted().feed(inputs(), 1.0, 100.0)
    assert seen == SensorSeen({"ADC1": 269.0, "ADC2": 1296.0, "ADC3": 1.0, "DIO": 0.0}, 100.0, 1.0)


def test_a_random_dump_never_calibrates() -> None:
    """A simulator's random words become temperatures."""
    session = accepted()
    noise = np.zeros(832, dtype=np.uint16)
    (refused,) = session.feed(eeprom(noise), 1.0, 100.0)
    assert isinstance(refused, Uncalibrated)
    assert refused.reason
    assert session.unit.calibration is None


def test_a_cached_dump_is_provisional_until_confirmed() -> None:
    """After a restart a device is blind until its dump is read, or a stale dump passes for its own."""
    session = Alone("10.0.0.31", 0.0)
    events = session.adopt(Setup(cached=shipped_eeprom()))
    assert calibrations(events) == [("021C5626618B", True)]
    assert session.unit.sensor_id == ""
    assert frames_of(session.feed(frame(ROOM), 1.0, 100.0))[0].radiometric
    assert calibrations(session.feed(eeprom(shipped_eeprom()), 2.0, 101.0)) == [("021C5626618B", False)]
    assert session.feed(eeprom(shipped_eeprom()), 3.0, 102.0) == []


def test_a_spoilt_cache_is_told() -> None:
    """A damaged cache file ends the gateway."""
    (refused,) = Alone("10.0.0.31", 0.0).adopt(Setup(cached=np.zeros(832, dtype=np.uint16)))
    assert isinstance(refused, Uncalibrated)


def test_another_dump_must_come_twice() -> None:
    """One damaged dump replaces a good calibration, or a swapped chip is never noticed."""
    session = accepted()
    session.feed(eeprom(shipped_eeprom()), 1.0, 100.0)
    assert session.feed(eeprom(OTHER_CHIP), 2.0, 101.0) == []
    assert session.feed(eeprom(shipped_eeprom()), 3.0, 102.0) == []
    assert session.feed(eeprom(OTHER_CHIP), 4.0, 103.0) == []
    assert session.unit.sensor_id == "021C5626618B"
    assert calibrations(session.feed(eeprom(OTHER_CHIP), 5.0, 104.0)) == [("0123456789AB", False)]


def test_a_dump_that_differs_from_the_cache_must_come_twice_too() -> None:
    """One damaged dump after a reconnect replaces the calibration kept on disk."""
    session = Alone("10.0.0.31", 0.0)
    session.feed(inputs() + eeprom(OTHER_CHIP), 1.0, 100.0)
    assert calibrations(session.adopt(Setup(cached=shipped_eeprom()))) == [("021C5626618B", True)]
    assert session.tick(1.5)[1] == [b"EEPROM1"]
    assert calibrations(session.feed(eeprom(OTHER_CHIP), 2.0, 101.0)) == [("0123456789AB", False)]


def test_a_dump_read_before_acceptance_is_told_on_acceptance() -> None:
    """A device accepted late never shows as calibrated."""
    session = Alone("10.0.0.31", 0.0)
    session.feed(eeprom(shipped_eeprom()), 1.0, 100.0)
    assert calibrations(session.adopt(Setup())) == [("021C5626618B", False)]
    assert calibrations(session.adopt(Setup(cached=shipped_eeprom()))) == [("021C5626618B", False)]


def test_a_cached_dump_does_not_follow_the_connection_to_another_device() -> None:
    """A connection first taken for another device keeps that one's calibration: all its temperatures are wrong."""
    for released in (True, False):
        session = accepted(setup=Setup(cached=OTHER_CHIP))
        assert frames_of(session.feed(frame(ROOM), 1.0, 100.0))[0].radiometric
        if released:
            session.release()
        assert session.adopt(Setup()) == []
        (seen,) = frames_of(session.feed(frame(ROOM), 5.0, 104.0))
        assert (seen.radiometric, session.unit.calibration) == (False, None)
        assert calibrations(session.feed(eeprom(shipped_eeprom()), 6.0, 105.0)) == [("021C5626618B", False)]
        session.release()
        assert calibrations(session.adopt(Setup())) == [("021C5626618B", False)]


def test_names_are_told_when_they_change() -> None:
    """A device is listed under its address although it said its name."""
    session = accepted()
    assert session.unit.identity == Identity("10.0.0.31", Rank.ADDRESS)
    (told,) = session.feed(b"#locid:Hall 2!", 1.0, 100.0)
    assert told == Identified(Identity("Hall 2", Rank.PLACE))
    assert session.feed(b"#locid:Hall 2!", 2.0, 101.0) == []
    assert session.feed(b"#serialno:AB1234!", 3.0, 102.0) == [Identified(Identity("AB1234", Rank.DECLARED))]


def test_newer_hardware_is_asked_for_its_number() -> None:
    """Newer devices with one factory tag cannot be told apart."""
    session = accepted()
    session.feed(eeprom(shipped_eeprom()) + inputs("ADC1=1,MPY_IN=0"), 1.0, 100.0)
    assert session.tick(1.5) == ([], [b"DEVICE_ID"])


def test_silence_is_told_in_two_steps_and_the_device_is_started_again() -> None:
    """A device that fell silent is shown as watching, or never asked to stream again."""
    session = accepted()
    session.feed(inputs(), 1.0, 100.0)
    session.feed(inputs(), 2.0, 101.0)
    assert session.tick(15.9)[0] == []
    events, sent = session.tick(17.5)
    assert events == [Late(15.5)]
    assert sent == [b"PERIOD_ON"]
    assert session.tick(18.0) == ([], [])
    assert session.tick(22.5)[0] == [Silent(20.5)]
    assert session.tick(23.0)[0] == []
    assert session.feed(inputs(), 30.0, 130.0)[0] == Back(28.0)


def test_a_mute_connection_is_late_and_silent_too() -> None:
    """A device that connects and never speaks raises no fault."""
    session = accepted()
    kinds = [type(event) for step in range(125) for event in session.tick(step / 5)[0]]
    assert kinds == [Late, Silent]


def test_slow_devices_are_late_after_three_of_their_periods() -> None:
    """A device that reports once a minute is always at fault."""
    session = accepted()
    for minute in range(4):
        session.feed(inputs(), minute * 60.0, minute * 60.0)
    assert session.tick(180.0 + 179.0)[0] == []
    assert [type(event) for event in session.tick(180.0 + 181.0)[0]] == [Late, Silent]


def test_more_frames_than_allowed_are_counted_and_the_newest_wins() -> None:
    """A fast device starves the others, or the picture shown is an old one."""
    session = accepted(setup=Setup(max_frames_hz=2.0))
    burst = [np.roll(ROOM[:768], shift) for shift in range(6)]
    seen = [each for words in burst for each in frames_of(session.feed(frame(words), 10.0, 0.0))]
    assert len(seen) == 3
    assert session.unit.skipped_frames == 2
    assert frames_of(session.tick(10.1)[0]) == []
    (newest,) = frames_of(session.tick(11.0)[0])
    assert np.array_equal(newest.words, burst[5])
    assert frames_of(session.tick(12.0)[0]) == []


def test_a_held_frame_is_judged_later_and_the_newest_wins() -> None:
    """While the gateway is behind nothing old is judged, and what is given up is counted without being read."""
    session = accepted()
    session.feed(eeprom(shipped_eeprom()), 1.0, 100.0)
    assert frames_of(session.feed(frame(ROOM), 2.0, 101.0, hold=True)) == []
    assert bool(session.line.holds)
    events = session.feed(frame(ROOM)[:-4] + b"!" + frame(ROOM) + inputs() + frame(ROOM), 2.5, 101.5, hold=True)
    assert [type(event) for event in events] == [SensorSeen]
    assert session.unit.skipped_frames == 3
    assert session.counts.rejected == 0
    (seen,) = frames_of(session.held_frame(2.6))
    assert (seen.mono_s, seen.at) == (2.5, 101.5)
    assert session.held_frame(2.7) == []


def test_frames_that_waited_in_the_system_are_not_read() -> None:
    """A long chunk is a backlog: its old frames cost nothing but their count."""
    session = accepted(setup=Setup(max_frames_hz=64.0))
    session.feed(eeprom(shipped_eeprom()), 1.0, 100.0)
    seen = frames_of(session.feed(frame(ROOM) * 9, 2.0, 101.0))
    assert session.counts.frames == 9
    assert session.counts.packets == 10
    assert 1 <= len(seen) <= 3
    assert session.unit.skipped_frames + len(seen) + session.line.holds == 9


def test_damaged_frames_are_counted_and_the_device_stays() -> None:
    """One damaged frame takes the device offline, or becomes a picture."""
    session = accepted()
    session.feed(inputs(), 1.0, 100.0)
    assert session.feed(b"#frame1234:" + words_text(ROOM)[:-3] + b"!\r\n", 2.0, 101.0) == []
    assert session.feed(b"#what:1!", 3.0, 102.0) == []
    assert (session.counts.rejected, session.line.rejected_in_row) == (2, 2)
    assert session.counts.reasons == {"frame_length": 1, "unknown_type": 1}
    assert session.line.last_rejected == "what:1"
    session.feed(inputs(), 4.0, 103.0)
    assert session.line.rejected_in_row == 0


def test_an_implausible_frame_is_dropped() -> None:
    """A frame with one damaged word becomes temperatures."""
    session = accepted(setup=Setup(cached=shipped_eeprom()))
    session.feed(frame(ROOM), 1.0, 100.0)
    spoilt = ROOM.copy()
    spoilt[810] += 2000
    assert frames_of(session.feed(frame(spoilt), 2.0, 101.0)) == []
    assert session.unit.plausibility.implausible == 1
    assert session.unit.last_frame_s == 1.0


def test_an_unfinished_packet_is_abandoned_after_ten_seconds() -> None:
    """Half a packet of long ago is joined with today's bytes."""
    session = accepted()
    session.feed(b"#Sensor1:ADC1=5", 1.0, 100.0)
    session.feed(b"0", 8.0, 107.0)
    session.tick(10.9)
    assert session.framer.is_open
    assert session.tick(11.1)[1] == [b"PERIOD_ON"]
    assert session.framer.abandoned == 1


def test_hopeless_connections() -> None:
    """A port scanner or a flood keeps a connection for ever."""
    mute = Alone("10.0.0.31", 0.0)
    mute.feed(b"GET / HTTP/1.0\r\n", 1.0, 100.0)
    assert mute.line.hopeless(179.0) == ""
    assert "three minutes" in mute.line.hopeless(181.0)
    endless = accepted()
    endless.feed(inputs(), 0.0, 100.0)
    for second in range(3):
        assert endless.line.hopeless(float(second)) == ""
        endless.feed(b"#" + b"x" * 9000, float(second), 100.0)
    assert "without an end" in endless.line.hopeless(3.0)
    assert endless.line.hopeless(100.0) == ""


@given(
    chunks=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [frame(ROOM), frame(ROOM[:768], "7"), inputs(), eeprom(shipped_eeprom()), eeprom(OTHER_CHIP)]
            ),
            st.just(inputs("serial=A1,MQ_IN=1")),
        ),
        max_size=12,
    ),
    pause=st.floats(0, 30),
)
def test_no_conversation_raises(chunks: list[bytes], pause: float) -> None:
    """Some order of packets ends the gateway, or a command is sent within a second of another."""
    session, sent = accepted(setup=Setup(cached=OTHER_CHIP)), []
    for step, chunk in enumerate(chunks):
        session.feed(chunk, step * pause, 0.0)
        for part in range(4):
            at = (step + part / 4) * pause
            sent += [at for _ in session.tick(at)[1]]
    assert all(later - sooner >= 1.0 for sooner, later in pairwise(sent))


def seconds(text: str) -> float:
    """A time of day in the capture, in seconds."""
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_the_real_capture(shared: Path) -> None:
    """The real device loses frames, is offline without cause or online without a sign of life, or reads wrong."""
    folder = shared / "data" / "pf"
    raw = (folder / "capture_stream.bin").read_bytes()
    with (folder / "capture_segments.csv").open() as opened:
        segments = [row for row in csv.DictReader(opened) if row["dir"] == "D>H"]
    words = np.array([int(word, 16) for word in (folder / "eeprom.hex").read_text().split()], dtype=np.uint16)
    session = Alone("10.0.0.31", seconds(segments[0]["time"]))
    session.adopt(Setup(cached=words))
    told: list[tuple[float, Event]] = []
    now = seconds(segments[0]["time"])
    for row in segments:
        at = seconds(row["time"])
        while now < at:
            told += [(now, event) for event in session.tick(now)[0]]
            now += 0.2
        chunk = raw[int(row["offset"]) : int(row["offset"]) + int(row["nbytes"])]
        told += [(at, event) for event in session.feed(chunk, at, at)]
    assert (session.counts.frames, session.counts.inputs, session.counts.eeproms) == (188, 192, 15)
    assert (session.counts.rejected, session.framer.strays, session.unit.plausibility.implausible) == (4, 0, 0)
    quiet = [(at, type(event)) for at, event in told if isinstance(event, Late | Silent | Back)]
    assert [kind for _, kind in quiet] == [Late, Silent, Back]
    pause = seconds("13:00:12.192")
    assert quiet[0][0] - pause == pytest.approx(15, abs=0.5)
    assert quiet[1][0] - pause == pytest.approx(20, abs=0.5)
    assert quiet[2][0] == pytest.approx(seconds("13:05:49.949"))
    assert session.unit.identity == Identity("1234", Rank.STEADY_TAG)
    assert [event.provisional for _, event in told if isinstance(event, Calibrated)] == [False]
    check_temperatures([event for _, event in told if isinstance(event, FrameSeen)], folder)


def check_temperatures(seen: list[FrameSeen], folder: Path) -> None:
    """All frames have temperatures, and those with golden ones agree within 0.01 °C."""
    assert len(seen) == 188
    assert all(each.radiometric for each in seen)
    by_time = {round(each.at, 3): each.conversion for each in seen}
    compared, masked = 0, 0
    with np.load(folder / "golden_temps.npz") as golden, (folder / "capture_index.csv").open() as opened:
        ends = {row["frame_no"]: row["time_last_segment"] for row in csv.DictReader(opened) if row["type"] == "frame"}
        for to_c, number in zip(golden["to"], golden["frame_no"], strict=True):
            if number < 0:
                continue
            conversion = by_time[round(seconds(ends[str(number)]), 3)]
            assert conversion is not None
            apart = np.abs(conversion.to_c - to_c)
            masked += int(np.isnan(apart).sum())
            assert np.nanmax(apart) <= 0.01
            compared += 1
    assert compared >= 90
    assert masked == 0


def test_another_chip_than_the_one_that_belongs_here_must_come_twice() -> None:
    """One damaged dump raises a fault about a swapped chip, although the kept dump was lost."""
    session = accepted(setup=Setup(chip="021C5626618B"))
    assert session.feed(eeprom(OTHER_CHIP), 1.0, 100.0) == []
    assert calibrations(session.feed(eeprom(OTHER_CHIP), 2.0, 101.0)) == [("0123456789AB", False)]


def test_a_device_on_demand_is_asked_for_frames() -> None:
    """A device that sends only when asked is never asked, or called late between two requests."""
    session = accepted(setup=Setup(manner=Manner(request_every_s=60.0)))
    assert session.tick(1.0)[1] == [b"REQUEST1"]
    session.feed(frame(ROOM) + inputs(), 2.0, 100.0)
    assert session.tick(60.0)[0] == []
