"""Faults: silence is one, what is claimed is one, and each ends by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.alarm import faults
from embereye_addon.alarm.faults import CODES, PROCESS_SILENCE_S, Book, Expected
from embereye_addon.messages import Fault

CAMERA = Expected(12.0, "not_watched", "No process watches the dock's camera")


def opened() -> Book:
    """A book that expects one camera."""
    return faults.opened({"cam.a": CAMERA}, 100.0)


def test_silence_becomes_a_fault_in_time_and_ends_with_the_first_word() -> None:
    """A camera nobody watches must be shown within its limit, and the fault must go when somebody does."""
    book, began, ended = faults.check(opened(), 112.0, 1.0)
    assert (began, ended, book.standing) == ((), (), {})
    book, began, ended = faults.check(book, 112.1, 2.0)
    assert began == (Fault(code="not_watched", about="cam.a", since=2.0, text=CAMERA.text),)
    book, began, ended = faults.check(book, 140.0, 3.0)
    assert (began, ended) == ((), ())
    assert [fault.since for fault in book.standing.values()] == [2.0]
    book, began, ended = faults.check(faults.heard(book, "cam.a", (), 141.0), 141.0, 4.0)
    assert began == ()
    assert [fault.code for fault in ended] == ["not_watched"]
    assert book.standing == {}


def test_what_a_source_claims_is_a_fault_until_it_claims_to_be_well() -> None:
    """A camera's own trouble must be shown with its words, or with the code's where it sends none."""
    book = faults.heard(opened(), "cam.a", (("stream_lost", "no route"), ("no_picture", "")), 101.0)
    book, began, _ = faults.check(book, 101.0, 1.0)
    assert [(fault.code, fault.text) for fault in began] == [
        ("stream_lost", "no route"),
        ("no_picture", CODES["no_picture"]),
    ]
    book = faults.heard(book, "cam.a", (("stream_lost", "no route"),), 102.0)
    book, began, ended = faults.check(book, 102.0, 2.0)
    assert (began, [fault.code for fault in ended]) == ((), ["no_picture"])
    _, _, ended = faults.check(faults.heard(book, "cam.a", (), 103.0), 103.0, 3.0)
    assert [fault.code for fault in ended] == ["stream_lost"]


def test_a_code_nobody_knows_is_shown_as_it_came() -> None:
    """A newer camera process must still be able to say what is wrong."""
    _, began, _ = faults.check(faults.heard(opened(), "cam.a", (("lens_wet", ""),), 101.0), 101.0, 1.0)
    assert [(fault.code, fault.text) for fault in began] == [("lens_wet", "lens_wet")]


def test_what_fell_silent_has_only_its_silence_to_its_name() -> None:
    """What a dead process last said of itself is old and must not be shown as if it were so."""
    book = faults.heard(opened(), "cam.a", (("stream_lost", "no route"),), 101.0)
    book, _, _ = faults.check(book, 101.0, 1.0)
    book, began, ended = faults.check(book, 113.1, 2.0)
    assert ([fault.code for fault in began], [fault.code for fault in ended]) == (["not_watched"], ["stream_lost"])


def test_one_that_was_not_expected_may_speak_and_is_not_missed() -> None:
    """A process of another node is heard; its silence is its own node's affair."""
    book = faults.heard(opened(), "node-2.web", (("disk_full", "full"),), 100.0)
    book, began, _ = faults.check(book, 100.0 + PROCESS_SILENCE_S, 1.0)
    assert [(fault.code, fault.about) for fault in began] == [("disk_full", "node-2.web")]
    book, began, ended = faults.check(book, 100.1 + PROCESS_SILENCE_S, 2.0)
    assert (began, [fault.code for fault in ended]) == ((), ["disk_full"])


@pytest.mark.parametrize("code", list(CODES))
def test_every_code_fits_a_message_and_has_words(code: str) -> None:
    """A code is stable and short; its words are a sentence without a full stop."""
    assert len(code) <= 48
    assert code == code.lower()
    assert CODES[code]
    assert not CODES[code].endswith(".")


ABOUT = st.sampled_from(["cam.a", "pf.b", "node.web"])
SAYS = st.lists(st.tuples(st.sampled_from(["stream_lost", "disk_full"]), st.sampled_from(["", "words"])), max_size=2)


@given(words=st.lists(st.tuples(ABOUT, SAYS, st.floats(0.0, 15.0)), max_size=25))
@settings(max_examples=80, deadline=None)
def test_every_fault_that_began_stands_until_it_is_told_as_ended(
    words: list[tuple[str, list[tuple[str, str]], float]],
) -> None:
    """In any order of words and silences, began minus ended is what stands, and `since` never moves."""
    book, now_s = faults.opened({"cam.a": CAMERA, "pf.b": Expected(12.0, "not_watched", "b")}, 0.0), 0.0
    standing: dict[tuple[str, str], Fault] = {}
    for about, says, gap_s in words:
        now_s += gap_s
        book = faults.heard(book, about, tuple(says), now_s)
        book, began, ended = faults.check(book, now_s, now_s)
        for fault in ended:
            assert standing.pop((fault.code, fault.about)) == fault
        for fault in began:
            assert (fault.code, fault.about) not in standing
            standing[fault.code, fault.about] = fault
        assert book.standing == standing


def test_who_is_expected_later_is_missed_from_then_on() -> None:
    """A machine that joins is missed when it falls silent; saying so twice gives it no second grace."""
    lost = Expected(10.0, "node_lost", "the machine does not answer")
    book = faults.expecting(opened(), "node2.supervisor", lost, 100.0)
    book = faults.expecting(book, "node2.supervisor", Expected(99.0, "x", "y"), 109.0)
    _, began, _ = faults.check(book, 110.1, 1.0)
    assert [(fault.code, fault.about) for fault in began] == [("node_lost", "node2.supervisor")]


def test_a_zone_is_blind_when_every_source_of_it_is() -> None:
    """One lost camera of two is a fault; both are an area that nobody watches."""
    zones = {"hall": frozenset({"cam.a", "pf.b"}), "yard": frozenset[str]()}
    book = faults.opened({}, 0.0, zones)
    book = faults.heard(book, "cam.a", (("picture_black", ""),), 1.0)
    book = faults.heard(book, "pf.b", (("bad_frames", ""),), 1.0)
    book, began, _ = faults.check(book, 1.0, 1.0)
    assert "zone_blind" not in {fault.code for fault in began}
    book, began, _ = faults.check(faults.heard(book, "pf.b", (("device_silent", ""),), 2.0), 2.0, 2.0)
    assert ("zone_blind", "zone.hall") in {(fault.code, fault.about) for fault in began}
