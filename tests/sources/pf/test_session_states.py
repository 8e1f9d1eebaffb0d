"""The session as a state machine: any order of packets, damage, pauses, acceptance and settings; nothing but damage."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from embereye_addon.demo.thermal import shipped_eeprom
from embereye_addon.sources.pf.commands import Manner
from embereye_addon.sources.pf.events import Setup
from tests.fakes.alone import Alone
from tests.fakes.pf_client import eeprom, inputs
from tests.fuzz import wire
from tests.fuzz.ledger import Ledger
from tests.fuzz.records import Record

PACKETS = st.builds(Record, st.integers(0, wire.KINDS - 1), st.binary(max_size=12))
SIZES = st.lists(st.integers(1, 4000), min_size=1, max_size=4)
CACHES = (None, *wire.dumps())
SPOILT_FRAME = b"#frame1234:0!\r\n"


def starts(session: Alone, begin_s: int, end_s: int, *, spoilt_every_s: int = 0) -> list[float]:
    """When the device is told to stream within this time, in which nothing comes, or spoilt frames and nothing else."""
    times = []
    for step in range(begin_s * 5, end_s * 5):
        if spoilt_every_s and step % (5 * spoilt_every_s) == 0:
            session.feed(SPOILT_FRAME, step / 5, 0.0)
        times += [step / 5 for command in session.tick(step / 5)[1] if command.startswith(b"PERIOD_ON")]
    return times


def test_a_device_whose_frames_all_come_damaged_is_started_only_once_they_stop() -> None:
    """A start goes into the frames of a device that streams, or it never comes once that device has really stopped."""
    session = Alone("10.0.0.31", 0.0)
    session.feed(eeprom(shipped_eeprom()) + inputs(), 0.0, 0.0)
    assert starts(session, 0, 60, spoilt_every_s=4) == []
    assert session.unit.late
    assert starts(session, 60, 76) == [71.2]
    assert starts(session, 76, 120, spoilt_every_s=4) == []
    assert starts(session, 120, 136) == [131.2]


class Conversation(RuleBasedStateMachine):
    """One connection; the ledger beside the session asserts after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()

    @rule(packet=PACKETS, sizes=SIZES)
    def speak(self, packet: Record, sizes: list[int]) -> None:
        """The device sends something."""
        self.ledger.send(wire.build(packet).raw, sizes)

    @rule(layout=st.integers(0, 3), pause_s=st.floats(0.3, 6.0))
    def stream(self, layout: int, pause_s: float) -> None:
        """The device sends a frame, and its inputs a while later."""
        self.ledger.send(wire.build(Record(wire.FRAME, bytes((0, layout, 1)))).raw, [1300, 701])
        self.wait(pause_s)
        self.ledger.send(wire.build(Record(wire.INPUTS, b"\x00\x01\x00\x01\x01\x0d\x00")).raw, [47])

    @rule(tags=st.lists(st.sampled_from([1, 3, 4]), min_size=2, max_size=6), pause_s=st.floats(0.0, 2.0))
    def share(self, tags: list[int], pause_s: float) -> None:
        """Several devices speak one after the other, as behind a bus gateway; each with a dump now and then."""
        for number, tag in enumerate(tags):
            self.ledger.send(wire.build(Record(wire.FRAME, bytes((number % 3, 0, tag)))).raw, [1300, 701])
            self.ledger.send(wire.build(Record(wire.INPUTS, bytes((0, tag, 0, 1, 1, 13, 0)))).raw, [47])
            if number % 3 == 2:
                self.ledger.send(wire.build(Record(wire.DUMP, bytes((tag - 1, 0, tag)))).raw, [5000])
            self.wait(pause_s)

    @rule(which=st.integers(0, 5))
    def dump(self, which: int) -> None:
        """The device answers with one of the dumps."""
        self.ledger.send(wire.build(Record(wire.DUMP, bytes((which, 0, 1)))).raw, [5000])

    @rule(time_s=st.floats(0.0, 40.0))
    def wait(self, time_s: float) -> None:
        """Time passes, with ticks."""
        for _ in range(int(time_s * 5)):
            self.ledger.now_s += 0.2
            self.ledger.tick()

    @rule(
        cache=st.integers(0, len(CACHES) - 1),
        rate_hz=st.sampled_from([16.0, 0.5]),
        end=st.sampled_from([None, b"", b"\n"]),
        request_s=st.sampled_from([0.0, 5.0]),
    )
    def adopt(self, cache: int, rate_hz: float, end: bytes | None, request_s: float) -> None:
        """An installer accepts the device, or changes its settings."""
        self.ledger.adopt(Setup(max_frames_hz=rate_hz, cached=CACHES[cache], manner=Manner(end, request_s)))

    @rule()
    def release(self) -> None:
        """It is accepted no longer."""
        self.ledger.release()

    @rule(on=st.booleans())
    def siren(self, on: bool) -> None:
        """An alarm begins, or is silenced."""
        self.ledger.siren(on=on)

    @invariant()
    def everything_adds_up(self) -> None:
        """No byte, packet or frame is lost without being counted."""
        self.ledger.balance()


def test_any_conversation_adds_up() -> None:
    """A device's bytes end the gateway, are miscounted, or become temperatures of another chip."""
    rules = settings(
        max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Conversation, settings=rules)
