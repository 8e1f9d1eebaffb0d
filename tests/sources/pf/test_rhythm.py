"""When a device sends: its interval, its quiet time, and when it has stopped."""

from embereye_addon.sources.pf.rhythm import (
    CROWDED_BEFORE_S,
    KICK_S,
    LONGEST_PAUSE_S,
    QUIET_BEFORE_S,
    Cycle,
    Rhythm,
    Said,
)

NEVER = float("-inf")
SILENT = Said(NEVER, NEVER, NEVER, on_demand=False)


def streaming(cycles: int = 4, period_s: float = 4.0) -> Cycle:
    """A device whose last frame came at 0 s, and its inputs 0.3 s later."""
    cycle = Cycle()
    for number in range(1 - cycles, 1):
        cycle.frames.beat(number * period_s)
        cycle.inputs.beat(number * period_s + 0.3)
    return cycle


def quiet(cycle: Cycle, *, said: Said = SILENT, before_s: float = QUIET_BEFORE_S) -> list[float]:
    """The first and last tenth of a second of the quiet time after 0 s."""
    found = [step / 10 for step in range(80) if cycle.is_quiet(step / 10, said, before_s)]
    return [found[0], found[-1]] if found else []


def test_the_interval_is_the_median_and_the_shortest_ends_the_quiet_time() -> None:
    """One long cycle with a dump makes a command meet the next frame."""
    rhythm = Rhythm()
    assert (rhythm.interval_s, rhythm.steady_s, rhythm.is_fast) == (None, None, False)
    for at_s in (0.0, 4.0, 8.0, 12.9, 12.91, 17.0):
        rhythm.beat(at_s)
    assert (rhythm.interval_s, rhythm.steady_s) == (4.0, 4.0)
    fast = Rhythm()
    for at_s in (0.0, 0.1, 0.2, 0.3):
        fast.beat(at_s)
    assert fast.is_fast
    assert fast.steady_s is None


def test_the_quiet_time_is_between_the_inputs_and_the_next_frame() -> None:
    """A command destroys bytes of a packet and is lost itself."""
    assert quiet(streaming()) == [0.4, 3.2]
    assert quiet(streaming(), before_s=CROWDED_BEFORE_S) == [0.4, 3.6]
    assert quiet(streaming(1)) == [0.4, 1.9]
    cycle = streaming()
    cycle.frames.beat(4.0)
    assert quiet(cycle)[-1] == 7.2
    assert not cycle.is_quiet(4.5, SILENT, QUIET_BEFORE_S)
    asked = Said(-1.0, -1.0, 11.0, on_demand=False)
    assert quiet(streaming(), said=asked)[0] == 1.0
    assert quiet(streaming(9, 0.1), said=SILENT)[0] == 0.0


def test_a_device_on_demand_is_quiet_but_for_its_answers() -> None:
    """A request is sent into the answer to the one before."""
    assert quiet(streaming(), said=Said(-0.5, NEVER, NEVER, on_demand=True))[0] == 0.4
    assert quiet(streaming(), said=Said(0.5, NEVER, NEVER, on_demand=True))[0] == 3.5


def test_inputs_foretell_where_frames_have_stopped() -> None:
    """A device whose thermal array failed can never be spoken to."""
    cycle = streaming()
    for number in range(1, 6):
        cycle.inputs.beat(4.0 * number + 0.3)
    assert cycle.is_quiet(21.0, SILENT, QUIET_BEFORE_S)
    assert not cycle.is_quiet(23.5, SILENT, QUIET_BEFORE_S)


def test_a_stalled_device_is_started_again_at_growing_pauses() -> None:
    """A device whose frames stopped is never started again, or over and over."""
    cycle = streaming()
    assert not Cycle().stalled(99.0)
    assert not cycle.stalled(KICK_S - 0.1)
    assert cycle.stalled(KICK_S)
    cycle.kicked(KICK_S)
    assert not cycle.stalled(3 * KICK_S - 0.1)
    assert cycle.stalled(3 * KICK_S)
    for _ in range(9):
        cycle.kicked(0.0)
    assert cycle.kick_pause_s == LONGEST_PAUSE_S


def test_a_device_that_stopped_is_over() -> None:
    """A dead device of a line keeps the others from being spoken to."""
    assert Cycle().is_over(0.0)
    assert not streaming().is_over(15.0)
    assert streaming().is_over(15.4)
    assert not streaming(4, 60.0).is_over(179.0)
    assert streaming(4, 60.0).learned_s == 60.0
