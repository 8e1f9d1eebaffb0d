"""The wire: what strangers send, what comes back, and where it goes."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.bus import wire
from embereye_addon.messages import AlarmChanged, Reset, Sighting
from embereye_addon.topology import CHANNELS, REQUESTS
from tests.bus.samples import alarm, sighting


def test_a_message_comes_back_as_it_was_sent() -> None:
    """A fact must not change on its way between two processes."""
    assert wire.decode(AlarmChanged, wire.encode(alarm(3))) == alarm(3)


@given(st.binary(max_size=400))
def test_any_bytes_are_none_or_a_message(payload: bytes) -> None:
    """A stranger's bytes must not stop a process."""
    for kind in [row.type for row in CHANNELS] + [row.type for row in REQUESTS]:
        message = wire.decode(kind, payload)
        assert message is None or isinstance(message, kind)


@given(st.data())
def test_a_damaged_message_is_none_or_a_message(data: st.DataObject) -> None:
    """A flipped or missing byte must not stop a process."""
    payload = bytearray(wire.encode(alarm(1)))
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(payload[: data.draw(st.integers(0, len(payload)))])
    message = wire.decode(AlarmChanged, cut)
    assert message is None or isinstance(message, AlarmChanged)


def test_another_type_is_not_taken_for_this_one() -> None:
    """An alarm on the wrong channel must not be read as a sighting."""
    assert wire.decode(Sighting, wire.encode(alarm(1))) is None


def test_limits_are_checked_at_the_door() -> None:
    """A source id that could break a subject or a topic must not come in."""
    assert wire.decode(Sighting, wire.encode(sighting(source="cam/../#"))) is None


def test_deep_nesting_is_none() -> None:
    """A bomb of nested lists must not exhaust the stack."""
    assert wire.decode(Sighting, b"\x91" * 500_000) is None


def test_too_long_a_payload_is_none() -> None:
    """What is longer than the server's limit is not even read."""
    assert wire.decode(bytes, msgspec.msgpack.encode(b"x" * wire.MAX_PAYLOAD_BYTES)) is None
    assert wire.decode(bytes, msgspec.msgpack.encode(b"x")) == b"x"


def test_subjects() -> None:
    """Two processes of different releases meet on these subjects."""
    assert wire.fact_subject(sighting()) == "ee.sighting.cam.dock-3"
    assert wire.hear_subject(Sighting) == "ee.sighting.>"
    assert wire.ask_subject(Reset, "") == "ee.ask.reset"
    assert wire.ask_subject(Reset, "cam.dock-3") == "ee.ask.reset.cam.dock-3"


@given(st.text(max_size=80))
def test_any_name_gives_a_subject(name: str) -> None:
    """An odd camera name must not make the server hang up."""
    subject = wire.tokens(name)
    assert all(subject.split("."))
    assert set(subject) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_identity_tells_one_change_from_the_next() -> None:
    """A second sending must be swallowed, the next change of the same incident must not."""
    assert wire.identity(alarm(1)) == "2026-dock-1:alarm:1"
    assert wire.identity(alarm(1)) != wire.identity(alarm(2))
    assert wire.identity(sighting(7)) == "cam.dock-3:7"


def test_unanswered_names_who_was_asked_for_what() -> None:
    """The operator must read why the reset did nothing."""
    reset = Reset(by="me", way="ui")
    assert wire.unanswered(reset, "", "none is running") == "'reset' was not answered by the panel: none is running"
    assert "panel for node-2" in wire.unanswered(reset, "node-2", "x")
