"""Detectors of somebody else's: words and numbers, retained copies, silence, absence, rubbish; any payload at all."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.fuse import zone as fusion
from embereye_addon.messages import Evidence, Kind, LinkState, Rule, ZoneState
from embereye_addon.settings.model import External
from embereye_addon.sources.external import (
    PAYLOAD_MAX,
    UNHEARD_S,
    Plan,
    State,
    evidence,
    faults,
    heard,
    known,
    link,
    planned,
    told_available,
)


def plan(*, hard: bool = True, **more: Any) -> Plan:
    """A smoke detector, but for what is said."""
    named: dict[str, Any] = {"id": "a", "name": "A", "zone": "hall", "kind": "smoke", "topic": "t/a", **more}
    return planned(External(**named), hard=hard)


def after(of: Plan, *payloads: bytes, now_s: float = 10.0, retained: bool = False, state: State | None = None) -> State:
    """The state after these, all at once."""
    state = State(0.0) if state is None else state
    for payload in payloads:
        state = heard(of, state, payload, now_s, retained=retained)
    return state


@pytest.mark.parametrize(
    ("more", "payload", "on"),
    [
        ({}, b"ON", True),
        ({}, b"off", False),
        ({"value": "value_json.smoke"}, b'{"smoke": true, "battery": 90}', True),
        ({"value": "value_json.smoke"}, b'{"smoke": false}', False),
        ({"on_words": ("alarm",), "off_words": ("clear",)}, b"Alarm", True),
        ({"threshold": 400.0}, b"400", True),
        ({"threshold": 400.0}, b"399.9", False),
        ({"threshold": 5.0, "below": True}, b"4", True),
        ({"value": "value_json.n", "threshold": 1.0}, b'{"n": 1}', True),
        ({}, b"unavailable", None),
        ({}, b"unknown", None),
        ({"value": "value_json.smoke"}, b'{"smoke": null}', None),
    ],
)
def test_a_payload_is_understood(more: dict[str, Any], payload: bytes, on: bool | None) -> None:
    """Words, JSON and numbers as zigbee2mqtt, Home Assistant and Frigate send them."""
    of = plan(**more)
    state = after(of, payload)
    assert known(of, state, 10.0) is on
    assert (state.received, state.rejected) == (1, 0)
    assert len(evidence(of, state, 10.0)) == (0 if on is None else 1)


def test_a_detector_that_is_on_is_a_pre_alarm_alone_and_an_alarm_with_another_kind() -> None:
    """Worth `pre_alarm`: the hard rule of inputs; nobody's message on a broker is an alarm by itself."""
    of = plan()
    (piece,) = evidence(of, after(of, b"ON"), 10.0)
    assert (piece.point, piece.kind, piece.rules) == ("ext.a.smoke", Kind.SMOKE, (Rule.EXTERNAL_INPUT,))
    beliefs = fusion.fresh("high")
    for second in range(60):
        beliefs = fusion.hear(beliefs, piece, float(second))
    want = fusion.want(beliefs, 60.0)
    assert want.state is ZoneState.PRE_ALARM
    assert want.explanation.rule == "external_input"
    assert want.explanation.shares[0].point == "ext.a.smoke"
    flame = Evidence(point="cam.b.flame", kind=Kind.FLAME, llr_nats=3.5, value=0.9, unit="p")
    agreed = fusion.want(fusion.hear(beliefs, flame, 60.0), 60.0)
    assert agreed.state is ZoneState.ALARM


def test_a_detector_worth_evidence_has_no_rule() -> None:
    """Worth `evidence`, or a zone without its input rule: it adds its weight and nothing more."""
    for of in (plan(worth="evidence", nats=3.0), plan(hard=False, nats=3.0)):
        (piece,) = evidence(of, after(of, b"ON"), 10.0)
        assert (piece.llr_nats, piece.cap_nats, piece.rules) == (3.0, 3.0, ())
        (quiet,) = evidence(of, after(of, b"OFF"), 10.0)
        assert (quiet.llr_nats, quiet.value) == (-0.1, 0.0)


def test_a_retained_copy_is_a_state_but_no_sign_of_life() -> None:
    """Smoke that was there before we started counts; a dead detector's last word does not prove it alive."""
    of = plan(silence_s=3600)
    state = after(of, b"ON", retained=True)
    assert known(of, state, 10.0) is True
    assert state.retained
    assert known(of, state, 3601.0) is None
    assert [code for code, _ in faults(of, state, 3601.0)] == ["external_silent"]
    live = after(of, b"ON", state=state, now_s=100.0)
    assert known(of, live, 3601.0) is True
    again = after(of, b"ON", state=live, now_s=3000.0, retained=True)
    assert again.heard_s == 100.0


def test_silence_and_absence_make_the_state_unknown() -> None:
    """A detector that is gone neither upholds an alarm nor speaks against one."""
    of = plan(silence_s=60)
    state = after(of, b"ON")
    assert link(of, state, 70.0, listening=True) is LinkState.ONLINE
    assert evidence(of, state, 71.0) == ()
    assert link(of, state, 71.0, listening=True) is LinkState.OFFLINE
    assert faults(of, state, 71.0) == (("external_silent", "Nothing has come on t/a for 60 s"),)
    for gone in (b"offline", b'{"state": "offline"}', b"stopped"):
        assert known(of, told_available(state, gone), 11.0) is None
        assert [code for code, _ in faults(of, told_available(state, gone), 11.0)] == ["external_unavailable"]
    back = told_available(told_available(state, b"offline"), b'{"state":"online"}')
    assert known(of, back, 11.0) is True
    assert told_available(back, b"").available is None
    odd = told_available(state, b"\xff")
    assert (odd.available, odd.rejected) == (None, 1)


def test_a_topic_on_which_nothing_comes_is_a_fault() -> None:
    """A mistyped topic must not look like a quiet detector for a day."""
    of = plan()
    assert faults(of, State(0.0), UNHEARD_S) == ()
    assert link(of, State(0.0), 1.0, listening=True) is LinkState.CONNECTING
    (fault,) = faults(of, State(0.0), UNHEARD_S + 1.0)
    assert fault == ("external_unknown", "The topic t/a has said nothing since the start")
    (fault,) = faults(of, after(of, b"unknown"), UNHEARD_S + 1.0)
    assert fault[1] == "The topic t/a says that its state is not known"


@pytest.mark.parametrize(
    ("more", "payload", "why"),
    [
        ({}, b"burning", "'burning' is none of the words for on or off"),
        ({"value": "value_json.smoke"}, b"ON", "it is not JSON"),
        ({"threshold": 1.0}, b"many", "'many' is no number"),
        ({"threshold": 1.0}, b"nan", "'nan' is no number"),
        ({"threshold": 1.0}, b"1e300", "'1e300' is no number"),
        ({}, b"x" * (PAYLOAD_MAX + 1), "the message has more than 16 KiB"),
        ({}, b"y" * 100, "…' is none of the words"),
    ],
)
def test_what_cannot_be_read_is_counted_and_told(more: dict[str, Any], payload: bytes, why: str) -> None:
    """Rubbish changes no state; the fault says what is wrong with it, and ends with the next good message."""
    of = plan(**more)
    good = b"1" if "threshold" in more else b'{"smoke": "on"}' if "value" in more else b"ON"
    state = after(of, good, payload)
    assert (state.rejected, state.on) == (1, True)
    ((code, words),) = faults(of, state, 10.0)
    assert code == "external_unreadable"
    assert why in words
    assert link(of, state, 10.0, listening=True) is LinkState.DEGRADED
    assert faults(of, after(of, good, state=state), 10.0) == ()


def test_hysteresis_keeps_a_wavering_number_on() -> None:
    """A value at its threshold must not flap."""
    of = plan(threshold=100.0, hysteresis=10.0)
    state = after(of, b"95")
    assert state.on is False
    state = after(of, b"100", b"91", state=state)
    assert state.on is True
    assert after(of, b"89.9", state=state).on is False
    below = plan(threshold=5.0, hysteresis=1.0, below=True)
    assert after(below, b"4", b"5.9").on is True
    assert after(below, b"4", b"6.1").on is False


def test_hold_ends_what_nobody_ends() -> None:
    """A radio detector that only ever says ON is off again after its time."""
    of = plan(hold_s=30)
    state = after(of, b"ON")
    assert known(of, state, 40.0) is True
    assert known(of, state, 40.1) is False


def test_only_meant_messages_count() -> None:
    """One topic of a whole NVR: the event of another camera is no sign of anything."""
    meant = ("value_json.after.camera=garage", "value_json.after.label=fire")
    of = plan(value="value_json.type", on_words=("new", "update"), off_words=("end",), only=meant)
    state = after(of, b'{"type": "new", "after": {"camera": "yard", "label": "fire"}}')
    assert (state.skipped, state.on, state.heard_s) == (1, None, None)
    state = after(of, b'{"type": "new", "after": {"camera": "garage", "label": "fire"}}', state=state)
    assert state.on is True
    assert after(of, b'{"type": "end", "after": {"camera": "garage", "label": "fire"}}', state=state).on is False
    assert after(of, b"", state=state) is state


@given(
    st.lists(st.tuples(st.sampled_from(("heard", "available")), st.binary(max_size=60), st.booleans()), max_size=20),
    st.sampled_from(({}, {"threshold": 3.0}, {"value": "value_json.a"}, {"only": ("value_json.a=1",), "hold_s": 5})),
)
def test_no_payload_raises(messages: list[tuple[str, bytes, bool]], more: dict[str, Any]) -> None:
    """Whatever anybody publishes: no exception, at most one piece of evidence, within its cap, words within bounds."""
    of = plan(**more)
    state = State(0.0)
    for second, (which, payload, retained) in enumerate(messages):
        if which == "heard":
            state = heard(of, state, payload, float(second), retained=retained)
        else:
            state = told_available(state, payload)
        for piece in evidence(of, state, float(second)):
            assert piece.llr_nats <= of.settings.nats == piece.cap_nats
        link(of, state, float(second), listening=True)
        assert all(len(words) <= 400 for _code, words in faults(of, state, float(second)))
        assert len(state.value) <= 40


def test_lasting_is_told_in_hours_and_minutes() -> None:
    """25 hours are not 90000 s to a reader."""
    for silence_s, words in ((90000, "25 hours"), (600, "10 minutes")):
        of = plan(silence_s=silence_s)
        assert words in faults(of, after(of, b"ON"), 1e6)[0][1]
