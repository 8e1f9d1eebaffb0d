"""The rate ladder: it goes down under load, comes back, and never swings."""

import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.sources.camera.rates import (
    BUSY_AIM,
    BUSY_DOWN,
    FALL_S,
    QUIET_MOST_S,
    QUIET_S,
    UNFILTERED_COST,
    WORDS,
    Facts,
    Gate,
    Ladder,
    Step,
    cost,
    decide,
    pictures,
    rate,
    too_low,
)

streams = st.builds(
    Facts,
    fps=st.floats(2.0, 30.0),
    gop=st.floats(1.0, 300.0),
    spare=st.sampled_from([0.0, 0.0, 0.5, 0.66]),
    cost_s=st.floats(0.0003, 0.02),
    least_fps=st.floats(0.2, 15.0),
)


class Machine:
    """A decode thread under a load: as busy as the steps make it, with noise, at most wholly."""

    def __init__(self, cameras: dict[str, Facts], noise: float = 0.0, seed: int = 1) -> None:
        self.cameras, self.noise, self.draw = cameras, noise, random.Random(seed)
        self.ladder, self.now_s, self.late_s = Ladder(), 1000.0, 0.0
        self.changes: list[tuple[float, str, Step, Step]] = []

    def wanted(self) -> float:
        """What the steps of now ask of the thread; above 1 it falls behind."""
        return sum(cost(self.ladder.steps.get(source, Step.FULL), facts) for source, facts in self.cameras.items())

    def run(self, seconds: int, also: Callable[[float], float] = lambda _: 0.0) -> None:
        """Let so many seconds pass; `also` is what other work takes."""
        for _ in range(seconds):
            self.now_s += 1.0
            load = (self.wanted() + also(self.now_s)) * (1.0 + self.draw.uniform(-self.noise, self.noise))
            self.late_s = max(0.0, min(5.0, self.late_s + load - 1.0))
            self.ladder, changed = decide(self.ladder, self.cameras, min(1.0, load), self.late_s, self.now_s)
            self.changes += [(self.now_s, source, was, now) for source, (was, now) in changed.items()]

    def turns(self, source: str) -> int:
        """How often a camera changed its direction."""
        ways = [now > was for _, one, was, now in self.changes if one == source]
        return sum(a is not b for a, b in itertools.pairwise(ways))


def many(count: int, cost_s: float = 0.001) -> dict[str, Facts]:
    """So many cameras alike."""
    facts = Facts(15.0, 30.0, cost_s=cost_s)
    return {f"cam.{number:02d}": facts for number in range(count)}


@given(streams)
def test_each_step_costs_no_more_than_the_one_above(facts: Facts) -> None:
    """Going down must save, whatever the stream is."""
    costs = [cost(step, facts) for step in Step]
    assert all(lower <= higher + 1e-9 for higher, lower in itertools.pairwise(costs))
    assert all(0.0 <= rate(step, facts) <= facts.fps + 1e-9 for step in Step)
    assert 1 <= pictures(Step.KEYS, facts) <= pictures(Step.LEAST, facts)


@given(st.lists(streams, min_size=1, max_size=12), st.floats(0.0, 0.04), st.integers(0, 9))
@settings(max_examples=40)
def test_it_never_swings(facts: list[Facts], noise: float, seed: int) -> None:
    """Under a constant load with noise every camera finds its step and stays there."""
    machine = Machine({f"cam.{number}": each for number, each in enumerate(facts)}, noise, seed)
    machine.run(120)
    settled = len(machine.changes)
    machine.run(600)
    assert len(machine.changes) - settled <= 2 * len(facts), machine.changes[settled:]
    assert all(machine.turns(source) <= 3 for source in machine.cameras)


@given(st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=25)
def test_more_load_never_leaves_more_pictures(count: int, more: int) -> None:
    """A machine with more cameras does not decode more of each of them."""

    def each(cameras: int) -> float:
        machine = Machine(many(cameras, cost_s=0.004))
        machine.run(40)
        return (
            sum(rate(machine.ladder.steps.get(one, Step.FULL), machine.cameras[one]) for one in machine.cameras)
            / cameras
        )

    assert each(count + more) <= each(count) + 0.2


def test_the_load_fits_after_a_moment() -> None:
    """120 cameras on a thread that can do 66: soon nothing waits any more, and nobody is below the minimum."""
    machine = Machine(many(120))
    machine.run(15)
    assert machine.wanted() <= BUSY_DOWN
    machine.run(10)
    assert machine.late_s == 0.0
    assert all(rate(step, machine.cameras[one]) >= 2.0 for one, step in machine.ladder.steps.items())


def test_the_loop_filter_goes_first_and_evenly() -> None:
    """A little too much load costs no picture."""
    machine = Machine(many(60))
    machine.run(30)
    assert not machine.ladder.steps, "busy, but nothing waits"
    after, changes = decide(Ladder(strained_s=1.0), machine.cameras, 0.88, 0.2, 5.0)
    assert set(after.steps.values()) == {Step.UNFILTERED}
    machine.ladder = after
    assert 0.0 <= BUSY_AIM - (machine.wanted() - 0.02) < 0.01
    assert 0 < len(changes) < 60, "as many as it takes"


def test_pictures_come_back() -> None:
    """When other work ends, every camera is whole again, and only after some quiet."""
    machine = Machine(many(40))
    machine.run(30, lambda _now_s: 0.6)
    assert machine.ladder.steps
    down_s = machine.ladder.changed_s
    machine.run(120)
    assert not machine.ladder.steps
    assert min(now_s for now_s, _, was, now in machine.changes if now < was) >= down_s + QUIET_S


def test_a_load_that_comes_and_goes_is_waited_out() -> None:
    """A job every minute must not make the cameras change twice a minute for ever."""
    machine = Machine(many(40))
    machine.run(3600, lambda now_s: 0.5 if now_s % 25.0 < 5.0 else 0.0)
    late = [row for row in machine.changes if row[0] > 1000.0 + 1800.0]
    assert len(late) <= 40 * 2 * (1800 / QUIET_MOST_S + 2)
    assert machine.ladder.quiet_s > QUIET_S
    machine.run(2000)
    assert not machine.ladder.steps
    assert machine.ladder.quiet_s == QUIET_S


def test_a_held_camera_is_never_slowed() -> None:
    """The camera that may see a fire keeps every picture while the others give way."""
    cameras = many(120)
    cameras["cam.07"] = Facts(15.0, 30.0, cost_s=0.001, held=True)
    machine = Machine(cameras)
    machine.run(30)
    assert "cam.07" not in machine.ladder.steps
    assert not [row for row in machine.changes if row[1] == "cam.07"]
    machine.cameras["cam.08"] = Facts(15.0, 30.0, cost_s=0.001, held=True)
    machine.run(1)
    assert "cam.08" not in machine.ladder.steps


def test_below_the_minimum_only_when_nothing_else_is_left() -> None:
    """Key frames alone are the last resort."""
    machine = Machine(many(600))
    machine.run(30)
    steps = [machine.ladder.steps.get(one, Step.FULL) for one in machine.cameras]
    assert Step.KEYS in steps
    assert min(steps) >= Step.LEAST
    machine = Machine(many(300))
    machine.run(30)
    assert Step.KEYS not in machine.ladder.steps.values()


def test_a_stream_that_is_not_known_yet_is_left_alone() -> None:
    """Before the first seconds are over nothing can be said of a camera."""
    ladder, changes = decide(Ladder(strained_s=0.0), {"cam.a": Facts(0.0)}, 1.0, 9.0, 5.0)
    assert changes == {}
    assert not ladder.steps


def test_a_burst_slows_nobody() -> None:
    """Streams that are opened send what they have at once, and a machine may halt for a moment."""
    machine = Machine(many(40))
    machine.run(60, lambda now_s: 1.2 if now_s % 20.0 < 0.5 else 0.0)
    assert machine.changes == []


def test_a_fall_after_a_rise_makes_the_next_rise_wait_longer() -> None:
    """What did not fit a moment ago is tried again later and later."""
    cameras = many(50)
    ladder = Ladder({"cam.00": Step.UNFILTERED}, rose_s=100.0, quiet_s=QUIET_S, strained_s=100.0)
    after, _ = decide(ladder, cameras, 0.99, 0.2, 100.0 + FALL_S / 2)
    assert after.quiet_s == 2 * QUIET_S
    after, _ = decide(ladder, cameras, 0.99, 0.2, 100.0 + FALL_S * 2)
    assert after.quiet_s == QUIET_S


# --- the gate ---------------------------------------------------------------------------------------------
def passed(gate: Gate, gops: int = 3, gop: int = 10, spare: int = 0) -> list[int]:
    """Places within the key-frame intervals that are decoded; every `spare`th picture is needed by none."""
    return [at for _ in range(gops) for at in range(gop) if gate.takes(at == 0, not (spare and at and at % spare == 0))]


def test_a_full_gate_takes_everything() -> None:
    """Without load nothing is left out."""
    assert passed(Gate()) == [*range(10)] * 3
    assert passed(Gate(Step.UNFILTERED), spare=2) == [*range(10)] * 3


def test_a_slowed_gate_takes_the_beginning() -> None:
    """What is decoded must have everything before it since the key frame."""
    assert passed(Gate(Step.HALF, 5)) == [0, 1, 2, 3, 4] * 3
    assert passed(Gate(Step.KEYS, 1)) == [0] * 3
    assert passed(Gate(Step.REFERENCES, 10), spare=2) == [0, 1, 3, 5, 7, 9] * 3


def test_pictures_come_back_at_a_key_frame() -> None:
    """In the middle of an interval the pictures before are missing: it would be grey."""
    gate = Gate(Step.HALF, 3)
    taken = []
    for at in range(20):
        if at == 6:
            gate.step, gate.most = Step.FULL, 10
        taken.append(gate.takes(at % 10 == 0, True))
    assert taken == [True] * 3 + [False] * 7 + [True] * 10


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(Step), st.integers(1, 20)), max_size=60))
def test_nothing_is_taken_after_a_needed_one_was_left_out(rows: list[tuple[bool, bool, Step, int]]) -> None:
    """Whatever steps come when: a picture whose reference was left out is left out."""
    gate, broken = Gate(), False
    for key, needed, step, most in rows:
        gate.step, gate.most = step, most
        taken = gate.takes(key, needed)
        broken = broken and not key
        assert not (taken and broken)
        broken = broken or (needed and not taken)


def test_a_rate_below_the_minimum_is_said_with_figures() -> None:
    """The installer must know whether the camera or the machine is too slow."""
    facts = Facts(15.0, least_fps=2.0)
    assert too_low(facts, 2.0, Step.LEAST) == ""
    words = too_low(facts, 0.5, Step.KEYS)
    assert (
        words == f"0.5 pictures a second are looked at, the minimum is 2: the machine is too busy ({WORDS[Step.KEYS]})"
    )
    assert too_low(Facts(1.0, least_fps=2.0), 1.0, Step.FULL).endswith("the camera sends 1.0 a second")


def test_the_filters_share_is_what_was_measured() -> None:
    """0.51 of 0.65 ms, and up to a tenth more beside decoding."""
    assert UNFILTERED_COST + 0.05 >= 0.51 / 0.65
    assert pytest.approx(0.8) == UNFILTERED_COST
