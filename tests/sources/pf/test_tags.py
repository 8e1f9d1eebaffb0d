"""One device or several: what the tags of a connection tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.sources.pf.tags import MOST_DEVICES, Tags

NAMES = st.sampled_from(["north", "south", "1234", "12345678", "AB-12345", "attic"])


def given_frames(*tags: str) -> list[str | None]:
    """Whose each frame is, one tag after the other."""
    known = Tags()
    return [known.whose("frame", tag) for tag in tags]


def test_tags_that_take_turns_are_devices() -> None:
    """Two devices behind one bridge are one, whose pictures jump."""
    assert given_frames("north", "south", "north", "south", "north", "south", "north") == [
        *["", "", None, None, None],
        *["south", "north"],
    ]


def test_a_third_device_joins_the_two() -> None:
    """A device that is put on the line later is never found."""
    known = Tags()
    for _ in range(3):
        for tag in ("north", "south"):
            known.whose("frame", tag)
    assert known.devices == ("north", "south")
    found = [known.whose("frame", tag) for _ in range(3) for tag in ("attic", "north")]
    assert found == [None, "north", None, "north", "attic", "north"]
    assert known.whose("EEPROM", "attic") == "attic"
    assert known.whose("EEPROM", "cellar") is None
    assert known.whose("Sensor", "") is None


def test_another_tag_beside_a_known_device_is_nobodys() -> None:
    """While it is open whose it is, a picture is converted with the calibration of another array."""
    known = Tags()
    assert [known.whose("frame", "north") for _ in range(4)] == [""] * 4
    assert known.whose("frame", "south") is None
    assert known.whose("EEPROM", "south") is None
    assert known.whose("EEPROM", "north") == ""
    assert known.whose("frame", "north") == ""
    assert known.whose("Sensor", "hall") == ""
    assert known.whose("EEPROM", "hall") == ""


def test_a_dump_is_nobodys_while_two_begin_to_take_turns() -> None:
    """The first dump of two serves both."""
    known = Tags()
    for tag in ("north", "south", "north"):
        known.whose("frame", tag)
    assert known.whose("EEPROM", "north") is None


def test_a_renamed_device_is_followed_and_told() -> None:
    """A device whose tag was changed is never heard again, or keeps what another one may not have."""
    known = Tags()
    for _ in range(5):
        known.whose("frame", "north")
    assert known.renamed == 0
    assert [known.whose("frame", "south") for _ in range(4)] == [None, None, "", ""]
    assert (known.renamed, known.devices) == (1, ())


def test_one_damaged_tag_after_the_other_makes_no_device() -> None:
    """A noisy line makes devices, or the one that is there is not heard."""
    assert given_frames("1234", "12?4", "1234", "1x34", "1234", "12+4", "1234") == ["", "", None, None, "", None, ""]
    steady = ["1234"] * 3
    assert given_frames(*steady, "12?4", "1234", "!?", "1234", "12", "1234") == [*[""] * 3, None, "", None, "", "", ""]


def test_frames_and_inputs_with_tags_of_their_own_are_one_device() -> None:
    """A simulator that names its frames and its inputs differently becomes two devices."""
    known = Tags()
    for _ in range(9):
        assert known.whose("frame", "1234") == ""
        assert known.whose("Sensor", "room_1") == ""
        assert known.whose("EEPROM", "room_2") == ""


def test_small_numbers_are_counters_even_where_they_come_back() -> None:
    """A simulator that counts from 1 again after each start becomes as many devices."""
    assert given_frames(*[str(number) for _ in range(9) for number in range(1, 9)]) == [""] * 72


def test_there_is_an_end_to_the_devices() -> None:
    """A stranger fills the list of those who wait with one connection."""
    known = Tags()
    for _ in range(4):
        for number in range(MOST_DEVICES + 4):
            known.whose("frame", f"device {number}")
    assert len(known.devices) == MOST_DEVICES
    assert known.whose("frame", f"device {MOST_DEVICES + 1}") is None


@given(
    start=st.integers(0, 100_000),
    step=st.integers(1, 9),
    prefix=st.sampled_from(["", "f", "frame_"]),
    place=st.sampled_from(["", "room_1", "12345678"]),
    both=st.booleans(),
)
def test_a_counter_never_makes_devices(start: int, step: int, prefix: str, place: str, both: bool) -> None:
    """Every frame of a simulator appears as a new device."""
    known = Tags()
    for number in range(start, start + 60 * step, step):
        tag = f"{prefix}{number}"
        assert known.whose("frame", tag) == ""
        assert known.whose("Sensor", tag if both else place) == ""
        assert known.whose("EEPROM", place) == ""
    assert (known.devices, known.renamed) == ((), 0)


@given(st.lists(st.tuples(st.sampled_from(["frame", "Sensor", "EEPROM"]), NAMES), max_size=60))
def test_a_packet_is_its_own_devices_or_nobodys(packets: list[tuple[str, str]]) -> None:
    """A packet is given to another device of the line, or devices that were found are lost again."""
    known = Tags()
    before: tuple[str, ...] = ()
    for packet_type, tag in packets:
        whose = known.whose(packet_type, tag)
        assert whose in (None, tag if known.devices else "")
        assert (whose is not None) == (tag in known.devices) or not known.devices
        assert known.devices[: len(before)] == before
        before = known.devices


@pytest.mark.parametrize("count", [2, 3, 8])
def test_any_order_of_devices_is_told_apart_within_six_rounds(count: int) -> None:
    """Devices of a long line are never found."""
    known = Tags()
    names = [f"device {number}" for number in range(count)]
    for turn in range(6):
        for name in names[turn % count :] + names[: turn % count]:
            known.whose("frame", name)
    assert sorted(known.devices) == names
