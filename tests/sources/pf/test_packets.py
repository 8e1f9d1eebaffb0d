"""PF framing and parsing: strangers' bytes, real bytes, every header form."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.pf.packets import (
    MAX_PACKET_BYTES,
    EepromPacket,
    FramePacket,
    Framer,
    IdPacket,
    LocPacket,
    Reason,
    Rejected,
    SensorPacket,
    newest_frames,
    parse,
)

WORDS = np.arange(834, dtype=np.uint16) * 77
HEX = WORDS.astype(">u2").tobytes().hex().encode()
TRICKY = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"#", b"!", b"\r\n", b"#frame:", b"#Sensor1:A=1,", b"#EEPROM:", b":", b"0F" * 1600, b"x" * 5000]
        ),
    ),
    max_size=14,
).map(b"".join)


def cut(raw: bytes, sizes: list[int]) -> tuple[list[bytes], Framer]:
    """The bodies of a stream that arrives in pieces of these sizes, and the framer that cut them."""
    framer, bodies, at = Framer(), [], 0
    for size in sizes:
        bodies += framer.feed(raw[at : at + size])
        at += size
    return bodies + framer.feed(raw[at:]), framer


@given(raw=TRICKY, sizes=st.lists(st.integers(0, 6000), max_size=12))
def test_chunking_changes_nothing(raw: bytes, sizes: list[int]) -> None:
    """A packet is lost, or a count is wrong, because TCP cut the stream at an awkward place."""
    whole, one = cut(raw, [])
    pieces, other = cut(raw, sizes)
    assert pieces == whole
    assert (other.strays, other.lost, other.oversize, other.is_open) == (
        one.strays,
        one.lost,
        one.oversize,
        one.is_open,
    )
    assert all(len(body) <= MAX_PACKET_BYTES - 2 for body in whole)


@given(body=st.one_of(st.binary(max_size=300), TRICKY))
def test_no_body_raises(body: bytes) -> None:
    """A stranger's packet ends the gateway."""
    packet = parse(body)
    if isinstance(packet, Rejected):
        assert len(packet.start) <= 80
        assert packet.start.isprintable()


@given(
    header=st.sampled_from(["frame", "Sensor", "EEPROM", "serialno", "DEVICE_ID", "locid"]),
    rest=st.text(alphabet="ADC123:=,. abcF\x00é", max_size=120),
)
def test_almost_valid_bodies_do_not_raise(header: str, rest: str) -> None:
    """A damaged packet of a real device ends the gateway."""
    packet = parse((header + rest).encode("latin-1", "replace"))
    if isinstance(packet, SensorPacket):
        assert all(0 <= value <= 65535 for value in packet.values.values())
        assert len(packet.values) <= 32


def test_a_lost_terminator_costs_one_packet() -> None:
    """A lost `!` takes the packet after it along."""
    framer = Framer()
    assert framer.feed(b"#Sensor1:A=1#Sensor1:A=2!") == [b"Sensor1:A=2"]
    assert framer.lost == 1


def test_bytes_between_packets_are_counted() -> None:
    """Noise on the line goes unseen."""
    framer = Framer()
    assert framer.feed(b"hello\r\n #A:1!\r\n!#B:2!") == [b"A:1", b"B:2"]
    assert framer.strays == 6


def test_a_packet_without_end_is_dropped_and_the_next_one_read() -> None:
    """A peer that never ends a packet fills the memory."""
    framer = Framer()
    for _ in range(100):
        assert framer.feed(b"#" + b"x" * 200 if framer.oversize == 0 and not framer.is_open else b"x" * 200) == []
    assert framer.oversize == 1
    assert not framer.is_open
    assert framer.feed(b"! #A:1!") == [b"A:1"]
    assert framer.strays == 0


def test_the_longest_packet_is_accepted_and_one_byte_more_is_not() -> None:
    """The limit is not where it is said to be."""
    framer = Framer()
    assert framer.feed(b"#" + b"x" * (MAX_PACKET_BYTES - 2) + b"!") == [b"x" * (MAX_PACKET_BYTES - 2)]
    assert framer.feed(b"#" + b"x" * (MAX_PACKET_BYTES - 1) + b"!") == []
    assert framer.oversize == 1


def test_an_unfinished_packet_can_be_abandoned() -> None:
    """A half packet of long ago is joined with today's bytes."""
    framer = Framer()
    framer.abandon()
    framer.feed(b"#half")
    framer.abandon()
    assert (framer.abandoned, framer.is_open) == (1, False)
    assert framer.feed(b"#A:1!") == [b"A:1"]


def blank_separated(count: int) -> bytes:
    """The first words as the minimal simulator writes them."""
    return b"".join(HEX[4 * index : 4 * index + 4] + b" " for index in range(count))


@pytest.mark.parametrize(
    ("body", "tag", "location", "count"),
    [
        (b"frame1234:" + HEX.upper(), "1234", "", 834),
        (b"frame:" + HEX, "", "", 834),
        (b"frame:Room 1:" + HEX, "", "Room 1", 834),
        (b"framedemo_room:" + HEX[:3072], "demo_room", "", 768),
        (b"frame7:" + blank_separated(768), "7", "", 768),
        (b"frame7:" + blank_separated(834), "7", "", 834),
        (b"frame7:" + blank_separated(768)[:-1], "7", "", 768),
    ],
)
def test_frame_forms(body: bytes, tag: str, location: str, count: int) -> None:
    """A simulator's or the real device's frame is not understood."""
    packet = parse(body)
    assert isinstance(packet, FramePacket)
    assert (packet.tag, packet.location) == (tag, location)
    assert packet.words.dtype == np.uint16
    assert np.array_equal(packet.words, WORDS[:count])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"EEPROM1", Reason.NO_COLON),
        (b"Alarm:1", Reason.UNKNOWN_TYPE),
        (b"serialno1:2", Reason.UNKNOWN_TYPE),
        (b"frame1:" + HEX[:-1], Reason.FRAME_LENGTH),
        (b"frame1:" + HEX[:-4], Reason.FRAME_LENGTH),
        (b"frame1:" + HEX[:-8] + b"00GG0000", Reason.NOT_HEX),
        (b"frame1:" + HEX[:-8] + b"00\r\n0000", Reason.NOT_HEX),
        (b"frame1:" + blank_separated(767), Reason.FRAME_LENGTH),
        (b"frame1:" + blank_separated(767) + b"00000", Reason.FRAME_LENGTH),
        (b"frame1:there:" + HEX, Reason.FRAME_LENGTH),
        (b"frame" + b"x" * 65 + b":" + HEX, Reason.BAD_TEXT),
        (b"frame:" + b"x" * 65 + b":" + HEX, Reason.BAD_TEXT),
        (b"frame\x01:" + HEX, Reason.BAD_TEXT),
        (b"EEPROM\xff:" + HEX[:3328], Reason.BAD_TEXT),
        (b"EEPROM1:" + HEX, Reason.EEPROM_LENGTH),
        (b"Sensor1:", Reason.NO_VALUES),
        (b"Sensor1:A=x,B=,=1,C=-1,D=1e3,E=nan,F=70000,G=0x10", Reason.NO_VALUES),
        (b"Sensor1:A=1\r\n", Reason.BAD_BYTES),
        (b"Sensor" + b"x" * 65 + b":A=1", Reason.BAD_TEXT),
        (b"Sensor\n:A=1", Reason.BAD_TEXT),
        (b"Sensor:" + b"x" * 65 + b":A=1", Reason.BAD_TEXT),
        (b"Sensor1:" + b"A=1," * 300, Reason.TOO_LONG),
        (b"serialno: ", Reason.BAD_TEXT),
        (b"DEVICE_ID:" + b"7" * 65, Reason.BAD_TEXT),
        (b"locid:", Reason.BAD_TEXT),
    ],
)
def test_what_is_rejected(body: bytes, reason: Reason) -> None:
    """A damaged packet becomes a picture or a reading, or is counted under the wrong reason."""
    packet = parse(body)
    assert isinstance(packet, Rejected)
    assert packet.reason is reason


def test_eeprom_dump() -> None:
    """The calibration of a device cannot be read."""
    packet = parse(b"EEPROM1234:" + HEX[:3328])
    assert isinstance(packet, EepromPacket)
    assert packet.tag == "1234"
    assert np.array_equal(packet.words, WORDS[:832])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b"Sensor1234:ADC1=269,ADC2=1296,ADC3:=1,DIO=0",
            SensorPacket("1234", "", {"ADC1": 269, "ADC2": 1296, "ADC3": 1, "DIO": 0}),
        ),
        (b"Sensor:ADC1=1,ADC3:=2", SensorPacket("", "", {"ADC1": 1, "ADC3": 2})),
        (b"Sensor:ADC3:=2,ADC1=1", SensorPacket("", "", {"ADC1": 1, "ADC3": 2})),
        (b"Sensor:hall 2:ADC1=1", SensorPacket("", "hall 2", {"ADC1": 1})),
        (b"Sensorroom_1: adc1 = 1.5 ,MPY30=x", SensorPacket("room_1", "", {"ADC1": 1.5}, bad_keys=1)),
        (b"Sensor1:serial=18A,ADC1=4", SensorPacket("1", "", {"ADC1": 4}, identity="18A")),
        (b"Sensor1:device_id=77", SensorPacket("1", "", {}, identity="77")),
    ],
)
def test_input_forms(body: bytes, expected: SensorPacket) -> None:
    """A smoke or flame input of some hardware is not read, or one bad key spoils the others."""
    assert parse(body) == expected


def test_at_most_32_inputs() -> None:
    """A stranger invents keys without end."""
    packet = parse(b"Sensor1:" + b",".join(b"K%d=1" % index for index in range(40)) + b",K0=5")
    assert isinstance(packet, SensorPacket)
    assert (len(packet.values), packet.bad_keys, packet.values["K0"]) == (32, 8, 5)


def test_names() -> None:
    """A device's serial number or place is not read."""
    assert parse(b"serialno: AB12 ") == IdPacket("AB12")
    assert parse(b"DEVICE_ID:1829602101142") == IdPacket("1829602101142")
    assert parse(b"locid:Boiler room") == LocPacket("Boiler room")


@pytest.mark.parametrize("size", [11, 1300, 4096, 10**7])
def test_the_real_stream_in_any_chunking(shared: Path, size: int) -> None:
    """Packets of the real device are lost, or its four damaged frames become pictures."""
    raw = (shared / "data/pf/capture_stream.bin").read_bytes()
    bodies, framer = cut(raw, [size] * (len(raw) // size))
    kinds = Counter(type(parse(body)).__name__ for body in bodies)
    assert kinds == {"FramePacket": 188, "SensorPacket": 192, "EepromPacket": 15, "Rejected": 4}
    assert (framer.strays, framer.lost, framer.oversize) == (0, 0, 0)


def test_a_terminal_log_fed_as_a_stream(shared: Path) -> None:
    """Text that only resembles the stream is taken for pictures."""
    raw = (shared / "data/pf/raw_capture.txt").read_bytes()
    bodies, framer = cut(raw, [1024] * (len(raw) // 1024))
    kinds = Counter(type(parse(body)).__name__ for body in bodies)
    assert kinds == {"SensorPacket": 192, "Rejected": 207}
    assert framer.oversize == 0


def test_only_old_frames_are_left_out() -> None:
    """Under load the newest picture is judged; inputs, names and damage are never passed over."""
    frames = [b"frame1:" + bytes([48 + number]) * 3336 for number in range(4)]
    bodies = [frames[0], b"Sensor1:ADC1=1", frames[1], b"frame1:12", frames[2], frames[3]]
    assert newest_frames(bodies, 1)[0] == [b"Sensor1:ADC1=1", b"frame1:12", frames[3]]
    assert newest_frames(bodies, 3)[0] == bodies[1:]
    assert newest_frames(bodies, 9) == (bodies, [])
