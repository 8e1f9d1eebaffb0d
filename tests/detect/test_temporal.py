"""Looks over time: ratios that claim no more than they should, and figures that tell a candle from a fire."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.detect import temporal
from embereye_addon.detect.decode import Detection
from embereye_addon.detect.temporal import LOOK_NATS, WHOLE_WEIGHT, Figures, Mark, Memory, claims, combined, remember
from embereye_addon.detect.track import Spotted

NATS = st.floats(-60.0, 60.0)


def mark(now_s: float, area: float = 0.01, left: float = 0.4, size: float = 0.1, **figures: float) -> Mark:
    """What one look measured."""
    pieces, ragged = int(figures.get("pieces", 1)), figures.get("ragged", 1.5)
    return Mark(now_s, area, left, 0.4, left + size, 0.4 + size, pieces, ragged)


def spot(logit: float = 4.0, motion: float = 9.0, left: float = 0.4, label: str = "flame") -> Spotted:
    """A box."""
    return Spotted(Detection(label, logit, left, 0.4, left + 0.1, 0.5), motion, (40.0, 120.0, 240.0))


@given(NATS, st.lists(NATS, min_size=1, max_size=5))
def test_views_together_are_a_mean_of_ratios(whole: float, parts: list[float]) -> None:
    """The mean of likelihood ratios is one, so four views are not four witnesses."""
    flame, smoke = combined((whole, 0.0), tuple((part, 0.0) for part in parts))
    assert min(whole, *parts) - 1e-6 <= flame <= max(whole, *parts) + 1e-6
    assert smoke == pytest.approx(0.0, abs=1e-9)
    assert flame >= whole + math.log(WHOLE_WEIGHT) - 1e-6, "parts that see nothing cost the whole picture little"


def test_without_closer_views_the_whole_picture_speaks_alone() -> None:
    """The usual look has one view."""
    assert combined((2.5, -1.0), ()) == (2.5, -1.0)


def test_a_ratio_is_smoothed_over_half_a_second() -> None:
    """One strange look moves little; the first look counts in full."""
    memory = remember(Memory(), (3.0, -3.0), (), (None, None), 10.0)
    assert memory.llr_nats == pytest.approx((3.0, -3.0))
    memory = remember(memory, (-3.0, -3.0), (), (None, None), 10.1)
    assert 1.5 < memory.llr_nats[0] < 3.0
    assert memory.llr_nats[1] == pytest.approx(-3.0)


def test_what_is_plain_for_a_moment_is_not_plain() -> None:
    """A glow that looks like smoke for a second does not make a candle a fire; smoke that stays does."""
    memory = remember(Memory(), (-3.0, -3.0), (), (None, None), 10.0)
    for step in range(5):
        memory = remember(memory, (-3.0, 5.0), (), (None, None), 10.2 + 0.2 * step)
    moment = claims(memory, 11.0)[1]
    assert moment.llr_nats > 3.0
    assert moment.steady_nats < 1.0
    for step in range(15):
        memory = remember(memory, (-3.0, 5.0), (), (None, None), 11.2 + 0.2 * step)
    assert claims(memory, 14.0)[1].steady_nats > 2.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10))
def test_no_look_claims_more_than_its_bound(nats: list[float]) -> None:
    """A model gone wild does not fill the memory."""
    memory = Memory()
    for step, claim in enumerate(nats):
        memory = remember(memory, (claim, -claim), (), (None, None), step * 0.2)
        assert all(abs(value) <= LOOK_NATS + 1e-9 for value in memory.llr_nats)


def test_nothing_seen_claims_no_place() -> None:
    """Without a box there is nothing to show and nothing that lasts."""
    flame, smoke = claims(remember(Memory(), (2.0, 0.0), (), (None, None), 5.0), 5.0)
    assert (flame.detection, flame.held_s, flame.figures) == (None, 0.0, Figures())
    assert flame.llr_nats == pytest.approx(2.0)
    assert smoke.detection is None


def burning(seconds: float, marks: list[Mark] | None = None) -> Memory:
    """A flame that is looked at five times a second."""
    memory = Memory()
    for step in range(int(seconds * 5) + 1):
        now_s = 10.0 + step * 0.2
        sized = mark(now_s) if marks is None else marks[step]
        memory = remember(memory, (4.0, -2.0), (spot(),), (sized, None), now_s)
    return memory


def test_a_flame_is_held_for_as_long_as_it_is_followed() -> None:
    """The installer's minimum persistence is counted in seconds of the same thing."""
    flame, smoke = claims(burning(3.0), 13.0)
    assert flame.held_s == pytest.approx(3.0)
    assert flame.motion == pytest.approx(9.0)
    assert flame.detection is not None
    assert smoke.detection is None
    gone, _ = claims(burning(3.0), 13.0 + temporal.RECENT_S + 0.1)
    assert gone.detection is None


def test_of_several_flames_the_one_that_moves_and_lasts_is_judged() -> None:
    """A poster of a fire beside a fire must not make the fire stand still."""
    memory = Memory()
    for step in range(10):
        seen = (spot(5.0, 0.2, 0.1), spot(4.0, 8.0, 0.7))
        memory = remember(memory, (4.0, -2.0), seen, (None, None), 10.0 + step * 0.2)
    flame, _ = claims(memory, 11.8)
    assert flame.detection is not None
    assert flame.detection.left == 0.1
    assert flame.motion == pytest.approx(8.0)


def test_figures_need_some_looks() -> None:
    """Nothing is concluded from a glimpse."""
    assert not claims(burning(0.8), 10.8)[0].figures.settled
    settled = claims(burning(2.0, [mark(10 + n * 0.2, 0.02, pieces=5, ragged=3.0) for n in range(11)]), 12.0)[0].figures
    assert settled == Figures(True, 0.02, 5.0, 3.0, 1.0)


def test_one_strange_look_changes_no_figure() -> None:
    """A candle whose flame breaks up once is still a candle."""
    marks = [mark(10 + n * 0.2, pieces=9 if n == 7 else 1, ragged=5.0 if n == 7 else 1.5) for n in range(16)]
    figures = claims(burning(3.0, marks), 13.0)[0].figures
    assert (figures.pieces, figures.ragged) == (1.0, 1.5)


def growing(left_step: float = 0.0) -> Figures:
    """A flame that becomes five times as large within seven seconds, perhaps moving as well."""
    marks = [
        mark(10 + n * 0.2, 0.01 + 0.04 * n / 35, 0.4 - 0.003 * n + left_step * n, 0.1 + 0.006 * n) for n in range(36)
    ]
    return claims(burning(7.0, marks), 17.0)[0].figures


def test_growth_is_told_where_it_began() -> None:
    """A fire spreads from where it was; a lighter that comes nearer moves away from there."""
    assert 1.5 < growing().growth < 5.0
    assert growing(0.02).growth == 1.0
    steady = claims(burning(7.0), 17.0)[0].figures
    assert steady.growth == pytest.approx(1.0)


def test_a_flame_that_flares_and_sinks_has_not_grown() -> None:
    """A candle in a draught is three times as large at one moment as at another, for as long as it burns."""
    marks = [mark(10 + n * 0.2, 0.02 if n % 6 < 3 else 0.06) for n in range(51)]
    memory = Memory()
    for step, one in enumerate(marks):
        memory = remember(memory, (4.0, -2.0), (spot(),), (one, None), one.mono_s)
        assert claims(memory, 10 + step * 0.2)[0].figures.growth == 1.0


def test_growth_needs_time_and_a_present() -> None:
    """A flame that has just appeared has not grown, and neither has one that is no longer seen."""
    assert claims(burning(2.0), 12.0)[0].figures.growth == 1.0
    old = tuple(mark(10 + n * 0.2) for n in range(20))
    assert temporal.figures(old, 15.5) == Figures()
    flat = (*(Mark(10 + n * 0.2, 0.01, 0.4, 0.4, 0.4, 0.4) for n in range(30)),)
    assert temporal.figures(flat, 15.8).growth == 1.0
    late = (*(mark(10 + n * 0.2) for n in range(6)), *(mark(13.0 + n * 0.2) for n in range(6)))
    assert temporal.figures(late, 15.5).growth == 1.0


def test_memory_is_bounded() -> None:
    """A fire that is watched for hours takes no more memory than one of seconds."""
    memory = Memory()
    for step in range(2000):
        now_s = step * 0.05
        memory = remember(memory, (4.0, 0.0), (spot(),), (mark(now_s), None), now_s)
    assert len(memory.marks[0]) <= (temporal.ENDS_S + temporal.FIGURES_S) / temporal.MARK_EVERY_S + 3


def test_a_fire_that_grew_slowly_has_grown_and_one_that_comes_back_begins_anew() -> None:
    """Growth is told against the fire's own beginning, minutes ago, but not against another fire's."""
    memory = Memory()
    for step in range(301):
        now_s = 10.0 + step * 0.2
        memory = remember(memory, (4.0, -2.0), (spot(),), (mark(now_s, 0.01 + step * 0.0002), None), now_s)
    assert claims(memory, 70.0)[0].figures.growth > 4.0
    now_s = 70.0 + temporal.GAP_S + 1.0
    for _ in range(40):
        now_s += 0.2
        memory = remember(memory, (4.0, -2.0), (spot(),), (mark(now_s, 0.07), None), now_s)
    assert claims(memory, now_s)[0].figures.growth == pytest.approx(1.0)
