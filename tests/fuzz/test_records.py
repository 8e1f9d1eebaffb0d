"""The format of fuzz inputs and its mutations."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.records import MOST_RECORDS, Reader, Record, cross, mutate, pack, unpack

RECORDS = st.lists(st.builds(Record, st.integers(0, 255), st.binary(max_size=255)), max_size=MOST_RECORDS)


@given(RECORDS)
def test_records_are_read_as_they_were_written(records: list[Record]) -> None:
    """A seed means something else than it says."""
    assert unpack(pack(records)) == records


@given(st.binary(max_size=400), st.binary(max_size=400), st.integers(0, 2**32))
def test_any_bytes_can_be_mutated(one: bytes, other: bytes, seed: int) -> None:
    """The fuzzer ends by itself, or finds nothing twice."""
    for raw in (mutate(one, seed, 9, lambda body: body + b"x" * 300), cross(one, other, seed)):
        assert len(unpack(raw)) <= MOST_RECORDS
        assert pack(unpack(raw)) == raw
    assert mutate(one, seed, 9, bytes) == mutate(one, seed, 9, bytes)


def test_a_reader_never_ends() -> None:
    """A record cut short is no input."""
    reader = Reader(b"\x01\x02\x03")
    assert (reader.word(), reader.left, reader.among("abc"), reader.byte(), reader.rest()) == (0x102, 1, "a", 0, b"")
