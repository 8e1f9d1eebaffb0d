"""Agreement in place: worth what chance says, once, only of what burns; never of what lies elsewhere or stays still."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.fuse import agreement, zone
from embereye_addon.fuse.agreement import STILL_NATS, Tie, bonus_nats, chance, tie, worded
from embereye_addon.fuse.thermal import STATIC_CAP_NATS
from embereye_addon.fuse.video import STILL_CAP_NATS
from embereye_addon.fuse.zone import Beliefs
from embereye_addon.messages import Evidence, Kind
from embereye_addon.settings.registration import parse

TIE = tie("pf.eye", parse("door: 0,0=0,0 1,0=31,0 1,1=31,23 0,1=0,23"))
BOX = (0.4, 0.4, 0.5, 0.5)
HERE, ELSEWHERE = "cell 14,10", "cell 3,20"


def flame(where: str = "box 0.40,0.40,0.50,0.50", **more: object) -> Evidence:
    """What the camera says."""
    piece = Evidence(
        point="cam.door.flame", kind=Kind.FLAME, llr_nats=2.0, value=90.0, unit="%", where=where, cap_nats=24.0
    )
    return msgspec.structs.replace(piece, **more)


def heat(where: str = HERE, **more: object) -> Evidence:
    """What the PF device says."""
    piece = Evidence(
        point="pf.eye.thermal", kind=Kind.HEAT, llr_nats=2.0, value=80.0, unit="°C", where=where, cap_nats=11.5
    )
    return msgspec.structs.replace(piece, **more)


def heard(*pieces: Evidence, ties: tuple[Tie, ...] = (TIE,), step_s: float = 1.0) -> Beliefs:
    """A zone's beliefs after these."""
    beliefs = zone.fresh("normal")
    for n, piece in enumerate(pieces):
        beliefs = agreement.hear(ties, beliefs, piece, n * step_s)
    return beliefs


def place(beliefs: Beliefs) -> float:
    """What the agreement is worth in the sum."""
    part = beliefs.parts.get("pf.eye.place")
    return 0.0 if part is None else part.nats


def test_the_same_place_is_worth_what_chance_says_whoever_comes_second() -> None:
    """The second witness at the same place counts as if it were anywhere."""
    by_chance = chance(TIE, BOX, (14, 10))
    assert by_chance == pytest.approx(35 / 768, abs=10 / 768)
    assert by_chance is not None
    worth = bonus_nats(by_chance)
    assert 2.0 < worth < 2.6
    for order in ((flame(), heat()), (heat(), flame())):
        assert place(heard(*order)) == pytest.approx(worth, abs=0.001)


def test_it_counts_once_and_not_for_each_look() -> None:
    """Ten looks at one fire make a certainty of one fact."""
    once, often = heard(flame(), heat()), heard(*[piece for _ in range(10) for piece in (flame(), heat())])
    assert place(often) == pytest.approx(place(once), rel=0.01)


def test_elsewhere_in_view_is_worth_nothing_and_costs_nothing() -> None:
    """A radiator confirms a red jacket, or hides a fire."""
    apart = heard(flame(), heat(ELSEWHERE))
    assert "pf.eye.place" not in apart.parts
    assert zone.want(apart, 1.0) == zone.want(heard(flame(), heat(ELSEWHERE), ties=()), 1.0)


def test_two_that_stay_as_they_are_confirm_nothing() -> None:
    """A lamp is bright and hot at the same place: one cause, not two witnesses."""
    assert STILL_NATS == STILL_CAP_NATS == STATIC_CAP_NATS
    assert not place(heard(flame(cap_nats=STILL_CAP_NATS), heat(cap_nats=STATIC_CAP_NATS)))
    assert place(heard(flame(cap_nats=STILL_CAP_NATS), heat()))
    assert place(heard(flame(), heat(cap_nats=STATIC_CAP_NATS)))


@pytest.mark.parametrize(
    "second",
    [
        heat(llr_nats=-0.3),
        heat(where=""),
        heat(where="cell 40,2"),
        heat(where="cell 2,30"),
        heat(point="pf.other.thermal"),
        flame(where="left"),
        flame(point="cam.door.smoke", kind=Kind.SMOKE),
        flame(point="cam.gate.flame"),
        heat(point="pf.eye.adc1", kind=Kind.GAS),
    ],
)
def test_only_a_flame_and_a_hot_spot_that_are_tied_agree(second: Evidence) -> None:
    """A place is taken from something that has none, or from a stranger."""
    first = flame() if second.kind is Kind.HEAT else heat()
    assert not place(heard(first, second))


def test_a_claim_that_fell_silent_is_no_witness() -> None:
    """A flame of a minute ago agrees with a kettle now."""
    assert place(heard(flame(), heat(), step_s=9.0))
    assert not place(heard(flame(), heat(), step_s=11.0))


def test_a_fire_that_fills_the_view_is_everywhere_and_proves_nothing() -> None:
    """A box over the whole picture agrees with every hot spot."""
    assert not place(heard(flame("box 0.00,0.00,1.00,1.00"), heat()))
    assert bonus_nats(1.0) == 0.0


def test_a_small_flame_far_away_is_worth_most_and_no_more_than_the_array_resolves() -> None:
    """A box of one pixel is worth anything."""
    least = chance(TIE, (0.5, 0.5, 0.5, 0.5), (15, 11)) or 0.0
    assert 9 / 768 <= least <= 16 / 768
    assert bonus_nats(least) < 3.7


def test_the_explanation_says_so() -> None:
    """Nobody learns why the sum jumped."""
    beliefs = heard(flame(), heat(), flame(), heat(), flame())
    why = worded(zone.want(beliefs, 4.0).explanation)
    assert why.text.endswith("; flame and heat are at the same place in the picture")
    (share,) = [share for share in why.shares if share.point == "pf.eye.place"]
    assert (share.unit, share.where) == ("% by chance", "the same place as cam.door")
    plain = zone.want(heard(flame()), 1.0).explanation
    assert worded(plain) is plain


def test_the_greatest_of_several_cameras_counts() -> None:
    """Two cameras on one lamp are two bonuses."""
    wide = tie("pf.eye", parse("gate: 0.4,0.4=0,0 0.6,0.4=31,0 0.6,0.6=31,23 0.4,0.6=0,23"))
    both = heard(flame(), flame("box 0.45,0.45,0.55,0.55", point="cam.gate.flame"), heat(), ties=(wide, TIE))
    assert place(both) == pytest.approx(place(heard(flame(), heat())), abs=0.001)


@given(
    left=st.floats(0.0, 0.9),
    top=st.floats(0.0, 0.9),
    width=st.floats(0.0, 1.0),
    height=st.floats(0.0, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_by_chance_alone_it_costs_the_budget_less_than_a_factor_of_two(
    left: float, top: float, width: float, height: float
) -> None:
    """The bonus breaks the budget of false alarms: its expectation over a hot spot anywhere is bounded."""
    box = (left, top, min(1.0, left + width), min(1.0, top + height))
    found = [chance(TIE, box, (column, row)) for row in range(24) for column in range(32)]
    touching = [each for each in found if each is not None]
    assert all(each == pytest.approx(len(touching) / 768) for each in touching)
    expected = np.mean([1.0 if each is None else math.exp(bonus_nats(each)) for each in found])
    assert expected <= 1.0 + agreement.SAME / 2.0
