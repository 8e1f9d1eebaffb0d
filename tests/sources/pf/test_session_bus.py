"""A bus gateway: several devices behind one connection, each with its own calibration, silence and siren."""

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.commands import Manner
from embereye_addon.sources.pf.events import Back, Calibrated, Event, FrameSeen, Late, SensorSeen, Setup, Silent
from embereye_addon.sources.pf.identity import Identity, Rank
from embereye_addon.sources.pf.session import Session, Told
from embereye_addon.sources.pf.unit import Unit
from tests.fakes.pf_client import eeprom, frame, inputs

ROOM = next(iter(shipped_frames().values()))
CHIPS = {"north": shipped_eeprom("0000000000AA"), "south": shipped_eeprom("0000000000BB")}


def cycle(*tags: str) -> bytes:
    """What devices of these tags say one after the other."""
    return b"".join(frame(ROOM, tag) + inputs(tag=tag) for tag in tags)


def bus(*, accepted: bool = True, setup: Setup | None = None) -> tuple[Session, Unit, Unit]:
    """A session that has found out that `north` and `south` are behind it, at 1000 s."""
    session = Session("10.0.0.31", 980.0)
    for turn in range(4):
        session.feed(cycle("north"), 980.0 + 5.0 * turn, 0.0)
        session.feed(cycle("south"), 980.6 + 5.0 * turn, 0.0)
    north, south = session.units
    assert (north.tag, south.tag) == ("north", "south")
    for unit in session.units if accepted else ():
        session.adopt(unit, setup or Setup())
    return session, north, south


def of(told: list[Told], unit: Unit) -> list[Event]:
    """The events of one device."""
    return [event for each, event in told if each is unit]


def sent(session: Session, begin_s: float, end_s: float) -> list[bytes]:
    """The commands of a while."""
    ticks = int((end_s - begin_s) * 5)
    return [command for step in range(ticks) for command in session.tick(begin_s + step / 5)[1]]


def play(session: Session, begin_s: float, cycles: int, tags: tuple[str, ...], period_s: float = 5.0) -> list[bytes]:
    """Devices that speak one after the other, for some cycles; the commands that come meanwhile."""
    heard: list[bytes] = []
    for number in range(cycles):
        now_s = begin_s + number * period_s
        for place, tag in enumerate(tags):
            session.feed(frame(ROOM, tag), now_s + 0.6 * place, 0.0)
            session.feed(inputs(tag=tag), now_s + 0.6 * place + 0.3, 0.0)
        heard += sent(session, now_s + 0.6 * len(tags), now_s + period_s)
    return heard


def test_one_connection_becomes_one_device_per_tag() -> None:
    """Two devices behind one bridge are one, and take turns feeding its zone."""
    session = Session("10.0.0.31", 0.0)
    sole = session.units[0]
    session.adopt(sole, Setup())
    told = [each for at in range(9) for each in session.feed(cycle("north", "south"), float(at), 0.0)]
    assert [unit.identity for unit in session.units] == [
        Identity("north", Rank.STEADY_TAG),
        Identity("south", Rank.STEADY_TAG),
    ]
    assert sum(isinstance(event, FrameSeen) for event in of(told, sole)) == 2
    assert sum(isinstance(event, SensorSeen) for event in of(told, sole)) == 2
    assert session.counts.unassigned == 6
    assert [unit.packets for unit in session.units] == [12, 14]
    assert session.counts.packets == 4 + 6 + 12 + 14


def test_each_device_has_its_own_calibration() -> None:
    """One device's pictures are converted with the calibration of the other."""
    session, north, south = bus()
    told = session.feed(eeprom(CHIPS["north"], "north"), 1001.0, 0.0)
    assert [type(event) for event in of(told, north)] == [Calibrated]
    told = session.feed(frame(ROOM, "north") + frame(ROOM, "south"), 1002.0, 0.0)
    pictures = [
        [event.radiometric for event in of(told, unit) if isinstance(event, FrameSeen)] for unit in (north, south)
    ]
    assert pictures == [[True], [False]]
    session.feed(eeprom(CHIPS["south"], "south"), 1003.0, 0.0)
    assert (north.sensor_id, south.sensor_id) == ("0000000000AA", "0000000000BB")


def test_each_device_has_its_own_memory_of_what_is_plausible() -> None:
    """Two devices with different supplies make each other's pictures implausible."""
    session, north, south = bus(setup=Setup(cached=CHIPS["north"]))
    low = ROOM.copy()
    low[810] -= 500
    for turn in range(4):
        session.feed(frame(ROOM, "north") + frame(low, "south"), 1001.0 + 4 * turn, 0.0)
    assert (north.plausibility.implausible, south.plausibility.implausible) == (0, 0)


def test_dumps_are_asked_for_until_every_device_has_answered() -> None:
    """The second device of a line is never calibrated."""
    session, _, _ = bus()
    assert play(session, 1000.0, 2, ("north", "south")).count(b"EEPROM1") == 1
    session.feed(eeprom(CHIPS["north"], "north"), 1009.9, 0.0)
    play(session, 1010.0, 1, ("north", "south"))
    assert b"EEPROM1\n" in play(session, 1015.0, 8, ("north", "south"))
    session.feed(eeprom(CHIPS["south"], "south"), 1054.9, 0.0)
    assert play(session, 1055.0, 9, ("north", "south")) == []


def test_no_command_meets_any_device_of_the_line() -> None:
    """A command after one device's inputs destroys the next device's picture."""
    session, _, _ = bus()
    play(session, 1000.0, 4, ("north", "south"))
    for unit in session.units:
        session.sound(unit, on=True)
    session.feed(frame(ROOM, "north"), 1020.0, 0.0)
    session.feed(inputs(tag="north"), 1020.3, 0.0)
    assert sent(session, 1020.4, 1020.6) == []
    session.feed(frame(ROOM, "south"), 1020.6, 0.0)
    session.feed(inputs(tag="south"), 1020.9, 0.0)
    assert sent(session, 1021.1, 1024.0)[:1] == [b"ALARM_ON"]


def test_a_crowded_line_is_spoken_to_all_the_same() -> None:
    """Where so many devices leave no long pause, none is ever calibrated, and no siren sounds."""
    tags = tuple(f"place {number}" for number in range(4))
    session = Session("10.0.0.31", 1000.0)
    heard: list[bytes] = []
    for number in range(60):
        for place, tag in enumerate(tags):
            at = 1000.0 + 4.0 * number + place
            session.feed(frame(ROOM, tag), at + 0.3, 0.0)
            session.feed(inputs(tag=tag), at + 0.5, 0.0)
            heard += [command for step in range(5) for command in session.tick(at + 0.5 + 0.1 * step)[1]]
    assert len(session.units) == 4
    assert b"EEPROM1" in heard


def test_one_silent_device_is_late_and_started_again_while_the_other_goes_on() -> None:
    """A device that lost power behind a bus gateway is shown as watching, or never told to stream again."""
    session, north, south = bus()
    play(session, 1000.0, 3, ("north", "south"))
    for chip, tag in ((CHIPS["north"], "north"), (CHIPS["south"], "south")):
        session.feed(eeprom(chip, tag), 1014.9, 0.0)
    told: list[Told] = []
    heard: list[bytes] = []
    for number in range(10):
        at = 1015.0 + 5.0 * number
        session.feed(cycle("north"), at, 0.0)
        for step in range(24):
            more, commands = session.tick(at + 0.1 + step / 5)
            told, heard = told + more, heard + commands
    assert [type(event) for event in of(told, south)] == [Late, Silent]
    assert not of(told, north)
    assert heard.count(b"PERIOD_ON") == 2
    told = session.feed(cycle("south"), 1070.0, 0.0)
    assert isinstance(of(told, south)[0], Back)


def test_a_line_that_fell_silent_altogether_is_started_again() -> None:
    """Nobody tells the devices to stream after the bus gateway had no power."""
    session, _, _ = bus()
    play(session, 1000.0, 3, ("north", "south"))
    assert b"PERIOD_ON" in sent(session, 1020.0, 1050.0)


def test_the_siren_sounds_as_long_as_any_device_of_the_line_should() -> None:
    """Silencing one zone silences the siren of another that burns."""
    session, north, south = bus()
    for unit, tag in ((north, "north"), (south, "south")):
        session.feed(eeprom(CHIPS[tag], tag), 1000.0, 0.0)
        session.sound(unit, on=False)
    assert play(session, 1000.0, 6, ("north", "south")) == [b"ACK_ON", b"ACK_ON"]
    session.sound(north, on=True)
    session.sound(south, on=True)
    assert play(session, 1030.0, 3, ("north", "south")) == [b"ALARM_ON", b"ALARM_ON"]
    session.sound(north, on=False)
    assert play(session, 1045.0, 3, ("north", "south")) == []
    session.release(south)
    assert play(session, 1060.0, 3, ("north", "south")) == [b"ACK_ON", b"ACK_ON"]
    session.sound(north, on=True)
    session.release(north)
    assert play(session, 1075.0, 3, ("north", "south")) == []


def test_devices_of_one_line_are_spoken_to_in_one_manner() -> None:
    """A device that should stream does not, because another one of the line is asked for every frame."""
    session, north, south = bus()
    session.adopt(north, Setup(manner=Manner(None, 60.0)))
    assert session.commands.manner == Manner(None, 0.0)
    session.adopt(south, Setup(manner=Manner(b"\n", 30.0)))
    assert session.commands.manner == Manner(b"\n", 30.0)


def test_devices_on_demand_answer_each_once_and_are_not_told_to_stop() -> None:
    """The answers of many devices to one request look like a device that streams unasked."""
    session, _, _ = bus(setup=Setup(manner=Manner(None, 5.0)))
    heard = play(session, 1000.0, 8, ("north", "south"))
    assert heard[0] == b"PERIOD_OFF"  # they streamed before
    assert b"PERIOD_OFF" not in heard[1:]
    assert heard.count(b"REQUEST1") >= 6


def test_what_has_no_tag_names_no_device_of_the_line() -> None:
    """The serial number of the bus gateway is taken for a device's."""
    session, north, south = bus()
    told = session.feed(b"#serialno:GATE7!#locid:cellar!" + inputs(tag="") + frame(ROOM, "77"), 1001.0, 0.0)
    assert session.feed(eeprom(CHIPS["north"], "attic"), 1001.5, 0.0) == []
    assert told == []
    assert session.counts.unassigned == 6 + 5
    assert (len(north.names), len(south.names)) == (1, 1)
    session.feed(inputs("ADC1=5,serial=PF9", "north"), 1002.0, 0.0)
    assert north.identity == Identity("PF9", Rank.DECLARED)


def test_a_serial_number_as_tag_ranks_as_one() -> None:
    """Newer devices behind a bus gateway are believed less than alone."""
    session = Session("10.0.0.31", 0.0)
    for turn in range(4):
        session.feed(cycle("PF00012345") + cycle("PF00012346"), float(turn), 0.0)
    assert {unit.identity.rank for unit in session.units} == {Rank.SERIAL_TAG}


def test_a_damaged_frame_is_counted_with_its_device() -> None:
    """One device with a bad line spoils the health of the other."""
    session, north, south = bus()
    session.feed(b"#framenorth:12!#framewhoever:12!#what:1!", 1001.0, 0.0)
    assert (north.rejected, south.rejected) == (1, 0)
    assert session.counts.rejected == 3


def test_a_long_chunk_costs_no_device_its_newest_picture() -> None:
    """Where the network stalled, only the last device of the line has a picture."""
    session, north, south = bus()
    told = session.feed(cycle(*["north", "south"] * 5) + frame(ROOM, "77") * 5, 1001.0, 0.0, hold=True)
    assert [north.skipped_frames, south.skipped_frames] == [4, 4]
    assert not any(isinstance(event, FrameSeen) for _, event in told)
    assert session.holds
    told = session.held_frames(1001.1)
    assert [sum(isinstance(event, FrameSeen) for event in of(told, unit)) for unit in (north, south)] == [1, 1]
    assert session.counts.packets == sum(unit.packets for unit in session.units) + session.counts.unassigned + 4


def test_a_device_that_joins_later_is_found_and_calibrated() -> None:
    """A third device on the line stays unknown, or uncalibrated, until the gateway is started again."""
    session, _, _ = bus()
    for chip, tag in ((CHIPS["north"], "north"), (CHIPS["south"], "south")):
        session.feed(eeprom(chip, tag), 1000.0, 0.0)
    assert play(session, 1000.0, 3, ("north", "south")) == []
    heard = play(session, 1015.0, 8, ("north", "south", "attic"))
    assert [unit.tag for unit in session.units] == ["north", "south", "attic"]
    assert b"EEPROM1" in heard


def test_a_device_with_another_tag_has_no_calibration_of_the_one_before() -> None:
    """A device that takes the place of another one is converted with that one's calibration."""
    session = Session("10.0.0.31", 0.0)
    (unit,) = session.units
    session.adopt(unit, Setup())
    session.feed(eeprom(CHIPS["north"], "north") + cycle(*["north"] * 4), 1.0, 0.0)
    assert unit.sensor_id == "0000000000AA"
    session.feed(cycle(*["south"] * 3), 2.0, 0.0)
    assert unit.sensor_id == ""
    session.feed(eeprom(CHIPS["south"], "south"), 3.0, 0.0)
    assert unit.sensor_id == "0000000000BB"


def both(words: NDArray[np.uint16]) -> bytes:
    """The same picture of both devices."""
    return frame(words, "north") + frame(words, "south")


def test_each_device_has_its_own_pace() -> None:
    """A fast device takes the slow one's turns."""
    session, north, south = bus(setup=Setup(max_frames_hz=2.0))
    told = [each for step in range(6) for each in session.feed(both(ROOM), 1001.0 + step / 100, 0.0)]
    assert [len(of(told, unit)) for unit in (north, south)] == [3, 3]
