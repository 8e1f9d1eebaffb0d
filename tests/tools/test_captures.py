"""Captures: lines with and without marks, escapes, times, and bytes with their segments."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.errors import ProtocolError, StorageError
from embereye_addon.tools.captures import MAX_LINE_BYTES, Clock, Segment, lines, opened, packets, segmented, spoken


def test_lines_of_every_kind_are_read() -> None:
    """A capture, a line of a terminal, or what a person typed: each keeps its number and its bytes."""
    file = io.BytesIO(b"1:02:03\tD>H\t#a:1!\r\n\nx H>D PERIOD_ON\\x0d\\x0A\n#b:\\x9f!#c:2!\n\tD>H\t#d:3!")
    found = list(lines(file))
    assert [(line.number, line.time, line.from_host) for line in found] == [
        (1, "1:02:03", False),
        (2, "", False),
        (3, "x", True),
        (4, "", False),
        (5, "", False),
    ]
    assert found[2].raw == b"PERIOD_ON\r\n"
    assert [list(packets(line)) for line in found] == [
        [(b"a:1", True)],
        [],
        [],
        [(b"b:\x9f", True), (b"c:2", True)],
        [(b"d:3", True)],
    ]


def test_a_packet_without_an_end_is_told() -> None:
    """A lost terminator must not join two packets."""
    (line,) = lines(io.BytesIO(b"#frame1:00#Sensor:A=1!"))
    assert list(packets(line)) == [(b"frame1:00", False), (b"Sensor:A=1", True)]


def test_an_endless_line_is_cut_and_counted_once() -> None:
    """A file that is no capture must not fill the memory, and the lines after it keep their numbers."""
    found = list(lines(io.BytesIO(b"#" + b"A" * (3 * MAX_LINE_BYTES) + b"!\n#b:1!\n")))
    assert [line.number for line in found] == [1, 2]
    assert len(found[0].raw) == MAX_LINE_BYTES
    assert next(iter(packets(found[0])))[1] is False
    exact = b"A" * MAX_LINE_BYTES
    assert [line.number for line in lines(io.BytesIO(exact))] == [1]


@given(st.binary(max_size=400))
def test_any_bytes_are_lines(raw: bytes) -> None:
    """A stranger's file never stops the tool, and lines are counted as an editor does."""
    found = list(lines(io.BytesIO(raw)))
    assert len(found) == raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    for line in found:
        list(packets(line))


def test_times_never_run_backwards() -> None:
    """A capture over midnight, or with lines out of order, is replayed without a day's pause."""
    clock = Clock()
    assert clock.read("23:59:58.5") == 0.0
    assert clock.read("23:59:59.5") == 1.0
    assert clock.read("00:00:00.5") == pytest.approx(2.0)
    assert clock.read("00:00:00.4") == pytest.approx(2.0)
    assert clock.read("00:00:03.5") == pytest.approx(5.0)
    assert clock.read("yesterday") is None
    assert clock.read("") is None
    seconds = Clock()
    assert (seconds.read("100.25"), seconds.read("101")) == (0.0, 0.75)


def test_what_the_device_said_is_kept_with_its_time(tmp_path: Path) -> None:
    """Commands of the host are no part of a replay, corrupt bytes are."""
    file = tmp_path / "capture.txt"
    file.write_text("10:00:00\tH>D\tPERIOD_ON\n10:00:02\tD>H\t#a:\\x9f!\n#b:1!\n\n10:00:03\tD>H\t#c:1!\\x0d\\x0a\n")
    assert spoken(file) == [Segment(0.0, b"#a:\x9f!\r\n"), Segment(0.0, b"#b:1!\r\n"), Segment(1.0, b"#c:1!\r\n")]
    file.write_text("10:00:00\tH>D\tPERIOD_ON\n")
    with pytest.raises(ProtocolError, match="holds no packet"):
        spoken(file)


def test_a_stream_is_cut_as_its_table_says(tmp_path: Path) -> None:
    """The true segmentation, commands left out."""
    stream, table = tmp_path / "a.bin", tmp_path / "a.csv"
    stream.write_bytes(b"#a:1!\r\n#b:2!\r\n")
    table.write_text("time,dir,offset,nbytes,command\n1:00:00,H>D,,9,EEPROM1\n1:00:01,D>H,0,3,\n1:00:02.5,D>H,3,11,\n")
    assert segmented(stream, table) == [Segment(0.0, b"#a:"), Segment(1.5, b"1!\r\n#b:2!\r\n")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no bytes"),
        ("a,b\n1,2\n", "names no bytes"),
        ("time,dir,offset,nbytes\n1:00:00,D>H,0,99\n", "line 2: the bytes 0 to 99 lie beyond the stream, which has 5"),
        ("time,dir,offset,nbytes\nnoon,D>H,0,1\n", "line 2: time, offset and nbytes"),
        ("time,dir,offset,nbytes\n1:00:00,D>H\n", "time, offset and nbytes"),
        ("time,dir,offset,nbytes\n1:00:00,D>H,-1,2\n", "time, offset and nbytes"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """Two files that do not belong together are a mistake, not noise sent to a gateway."""
    stream, table = tmp_path / "a.bin", tmp_path / "a.csv"
    stream.write_bytes(b"#a:1!")
    table.write_text(text)
    with pytest.raises(ProtocolError, match=words):
        segmented(stream, table)


def test_a_file_that_cannot_be_read_is_words(tmp_path: Path) -> None:
    """The commonest mistake is a path."""
    with pytest.raises(StorageError, match="There is no file"), opened(tmp_path / "none"):
        pass
    with pytest.raises(StorageError, match="cannot be read: Is a directory"), opened(tmp_path):
        pass


def test_the_real_capture_has_every_packet(shared: Path) -> None:
    """Text and bytes of one capture are the same packets at the same times."""
    folder = shared / "data" / "pf"
    text = spoken(folder / "capture.txt")
    pieces = segmented(folder / "capture_stream.bin", folder / "capture_segments.csv")
    stream = (folder / "capture_stream.bin").read_bytes()
    assert b"".join(piece.raw for piece in pieces) == stream
    assert b"".join(segment.raw for segment in text) == stream
    assert abs(text[-1].at_s - pieces[-1].at_s) < 1.0
