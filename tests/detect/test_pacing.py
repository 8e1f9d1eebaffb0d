"""How often the model looks: seldom at what is quiet, often at what is suspicious, never at nothing for ever."""

from embereye_addon.detect.pacing import CALM_S, CANDIDATE_S, CHANGED_S, PATIENCE, QUIET_S, SUSPECT_S, Pace, spare

FPS = 12.5


def looks(pace: Pace, from_s: float, to_s: float, *, quiet: bool = False, candidate: bool = False) -> int:
    """How many of the pictures of this time go to the model."""
    count = int((to_s - from_s) * FPS)
    return sum(pace.due(from_s + step / FPS, quiet=quiet, candidate=candidate, looks_hz=5.0) for step in range(count))


def test_a_quiet_scene_is_still_looked_at() -> None:
    """Nothing depends on the heuristics alone."""
    assert 60.0 / QUIET_S <= looks(Pace(), 0.0, 60.0, quiet=True) <= 60.0 / QUIET_S * 1.2


def test_a_changing_scene_is_looked_at_every_second() -> None:
    """People walking about cost one look a second."""
    assert 55 <= looks(Pace(), 0.0, 60.0) <= 68
    assert CHANGED_S == 1.0


def test_a_candidate_is_looked_at_as_often_as_set_until_it_proved_fruitless() -> None:
    """A lamp that flickers wakes the model for seconds, not for ever; after a calm it may wake it again."""
    pace = Pace()
    assert pace.due(0.0, quiet=False, candidate=True, looks_hz=5.0)
    assert looks(pace, 0.1, 10.0, candidate=True) >= 35
    for _ in range(PATIENCE):
        pace.found(10.0, fire=False, woken=True)
    assert looks(pace, 10.0, 20.0, candidate=True) <= 12
    assert not pace.suspect(20.0)
    later_s = 20.0 + CALM_S + 1.0
    assert looks(pace, later_s, later_s + 4.0, candidate=True) >= 14


def test_a_camera_stays_suspicious_for_a_while_after_a_fire_was_seen() -> None:
    """Flames flicker: one look without them is not their end."""
    pace = Pace()
    pace.found(100.0, fire=True, woken=False)
    assert pace.suspect(100.0 + SUSPECT_S - 0.1)
    assert not pace.suspect(100.0 + SUSPECT_S + 0.1)
    assert looks(pace, 100.0, 104.0, quiet=True) >= 15
    pace.found(104.0, fire=False, woken=False)
    assert pace.fruitless == 0


def test_a_fire_makes_candidates_worth_a_look_again() -> None:
    """Patience lost over a lamp comes back when something burns."""
    pace = Pace(fruitless=PATIENCE)
    pace.due(0.0, quiet=False, candidate=True, looks_hz=5.0)
    assert not Pace(fruitless=PATIENCE, candidate_s=0.0).suspect(0.1)
    pace.found(0.0, fire=True, woken=True)
    assert pace.fruitless == 0
    assert pace.suspect(CANDIDATE_S / 2)


def test_routine_gives_way_to_decoding_but_never_ends() -> None:
    """A busy machine must neither lose pictures for looks at empty rooms, nor stop looking at them."""
    assert spare(0.0) > spare(0.5) > spare(0.9) == spare(1.0) > 0.0
    assert spare(0.0) <= 1.0
