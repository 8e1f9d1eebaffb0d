"""Which name of a connection is believed."""

import pytest

from embereye_addon.sources.pf.identity import Identity, Names, Rank


def best(names: Names) -> Identity:
    """The most believed name."""
    return names.all()[0]


def test_the_address_is_the_last_resort() -> None:
    """A device without a name cannot be accepted at all."""
    assert best(Names("10.0.0.31")) == Identity("10.0.0.31", Rank.ADDRESS)


def test_a_frame_counter_makes_no_device() -> None:
    """Every frame of a simulator appears as a new device."""
    names = Names("10.0.0.31")
    for count in range(1, 2000):
        names.tag("frame", str(count))
        assert best(names).rank is Rank.ADDRESS


def test_a_steady_tag_counts_after_three_packets() -> None:
    """The factory tag of the real device is never taken for a name, or a small counter is."""
    names = Names("10.0.0.31")
    for _ in range(3):
        assert best(names).rank is Rank.ADDRESS
        names.tag("frame", "1234")
    assert best(names) == Identity("1234", Rank.STEADY_TAG)
    small = Names("10.0.0.31")
    for _ in range(9):
        small.tag("frame", "7")
    assert best(small).rank is Rank.ADDRESS


def test_the_tag_of_the_inputs_wins_over_the_counter_of_the_frames() -> None:
    """A simulator that puts its place into the header of its inputs stays nameless."""
    names = Names("10.0.0.31")
    for count in range(1000, 1004):
        names.tag("frame", str(count))
        names.tag("Sensor", "Room_1")
    assert best(names) == Identity("Room_1", Rank.STEADY_TAG)


@pytest.mark.parametrize(
    ("tag", "is_serial"), [("12345678", True), ("EH00123", True), ("EH-0012", True), ("Room1", False)]
)
def test_serials_in_headers(tag: str, is_serial: bool) -> None:
    """The serial number newer hardware writes in its headers is not seen, or a place is taken for one."""
    names = Names("10.0.0.31")
    names.tag("frame", tag)
    assert best(names).rank is Rank.ADDRESS
    names.tag("Sensor", tag)
    assert (best(names).rank is Rank.SERIAL_TAG) == is_serial
    names.tag("EEPROM", "another")
    assert best(names).rank is Rank.ADDRESS


def test_precedence() -> None:
    """A weaker name hides a stronger one."""
    names = Names("10.0.0.31")
    for _ in range(3):
        names.tag("Sensor", "Hall_north")
    names.locate("Hall 2")
    names.locate("")
    assert best(names) == Identity("Hall 2", Rank.PLACE)
    names.declare("1829602101142")
    names.declare("")
    assert [identity.rank for identity in names.all()] == [Rank.DECLARED, Rank.PLACE, Rank.STEADY_TAG, Rank.ADDRESS]
