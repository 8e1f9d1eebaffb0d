"""How much of each camera is decoded under load: a ladder of steps, and when to go down and up it. Pure.

Every camera begins on the top step. Once a second `decide` is told how busy the decoding is and what each camera
costs, and moves as many cameras as it takes. It goes down at once and up slowly; what it takes back is judged by the
same measured cost by which it would be taken away, so that the two cannot call for each other in turn.
"""

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace


class Step(enum.IntEnum):
    """What is decoded of a camera."""

    FULL = 0
    UNFILTERED = 1
    REFERENCES = 2
    HALF = 3
    LEAST = 4
    KEYS = 5


WORDS: dict[Step, str] = {
    Step.FULL: "every picture",
    Step.UNFILTERED: "every picture, the loop filter only on key frames",
    Step.REFERENCES: "only pictures that others need",
    Step.HALF: "the first half of each key-frame interval",
    Step.LEAST: "the fewest pictures the camera's minimum rate allows",
    Step.KEYS: "key frames only",
}
UNFILTERED_COST = 0.8
"""Of a fully filtered picture's cost: 0.51 against 0.65 ms at 640x480, more with what is paid beside decoding."""
BUSY_DOWN = 0.85
"""Share of the decode thread's time above which cameras are slowed, down to BUSY_AIM."""
BUSY_AIM = 0.75
BUSY_UP = 0.65
"""Cameras get pictures back as long as the share after it is expected to be below this."""
LATE_S = 0.1
"""A busy thread that still takes each packet within this time is not overloaded: what other processes take away from
it looks like work of its own.
"""
LATE_DOWN_S = 0.5
"""Packets that wait this long call for slowing whatever the share is."""
STRAIN_S = 3.0
"""How long it must be too much: streams that are opened come with a burst, and a machine may halt for a moment."""
QUIET_S = 10.0
"""So long after any change nothing goes up; doubled by each fall within FALL_S of a rise, up to QUIET_MOST_S."""
QUIET_MOST_S = 320.0
FALL_S = 30.0


@dataclass(frozen=True, slots=True)
class Facts:
    """One camera as it is sent and what it costs: pictures a second, key-frame interval (pictures), share that
    nothing depends on, seconds a filtered picture, its minimum rate, and whether it must not be slowed.
    """

    fps: float
    gop: float = 30.0
    spare: float = 0.0
    cost_s: float = 0.001
    least_fps: float = 2.0
    held: bool = False


@dataclass(frozen=True, slots=True)
class Ladder:
    """The step of each camera (absent: FULL), when one last changed, how long to wait before a rise, and since when it
    is too much (infinite: it is not).
    """

    steps: Mapping[str, Step] = field(default_factory=dict)
    changed_s: float = -1.0e9
    rose_s: float = -1.0e9
    quiet_s: float = QUIET_S
    strained_s: float = math.inf


def pictures(step: Step, facts: Facts) -> int:
    """How many pictures of each key-frame interval are decoded on this step, at least 1."""
    whole = max(1, math.ceil(facts.gop))
    if step is Step.KEYS:
        return 1
    least = min(whole, max(1, math.ceil(facts.least_fps * facts.gop / max(facts.fps, 0.01))))
    if step is Step.LEAST:
        return least
    if step is Step.HALF:
        return max(least, math.ceil(whole / 2))
    return whole


def rate(step: Step, facts: Facts) -> float:
    """Pictures decoded a second on this step."""
    if step <= Step.UNFILTERED:
        return facts.fps
    kept = 1.0 - facts.spare
    if step is Step.REFERENCES:
        return facts.fps * kept
    return facts.fps * min(kept, pictures(step, facts) / max(1.0, facts.gop))


def cost(step: Step, facts: Facts) -> float:
    """Seconds of the decode thread a second on this step."""
    return rate(step, facts) * facts.cost_s * (1.0 if step is Step.FULL else UNFILTERED_COST)


def decide(
    ladder: Ladder, cameras: Mapping[str, Facts], busy: float, late_s: float, now_s: float
) -> tuple[Ladder, dict[str, tuple[Step, Step]]]:
    """The ladder for the next second, and each camera that changes as (was, now).

    `busy` is the share 0..1 of the decode thread's time in the last second, `late_s` the longest wait of a packet.
    Held cameras go to FULL at once, whatever the load. A camera goes below its minimum rate only when every camera
    that may be slowed is at its minimum and it is still too much: that is a fault of its own.
    """
    before = {source: ladder.steps.get(source, Step.FULL) for source in cameras}
    steps = {source: Step.FULL if cameras[source].held else step for source, step in before.items()}
    freed = sum(cost(before[source], cameras[source]) - cost(steps[source], cameras[source]) for source in cameras)
    level = busy - freed  # a camera that was just held adds its load now
    if late_s > LATE_DOWN_S:  # a thread cannot be busier than wholly: how much is wanted must be computed
        level = max(level, sum(cost(steps[source], facts) for source, facts in cameras.items()))
    strained = (level > BUSY_DOWN and late_s > LATE_S) or late_s > LATE_DOWN_S
    since_s = min(ladder.strained_s, now_s) if strained else math.inf
    if now_s - since_s >= STRAIN_S:
        steps = _down(steps, cameras, max(level - BUSY_AIM, 0.1))
    elif not strained and late_s <= LATE_S and now_s - ladder.changed_s >= ladder.quiet_s:
        steps = _up(steps, cameras, BUSY_UP - level)
    changes = {source: (before[source], steps[source]) for source in cameras if before[source] is not steps[source]}
    return replace(_after(ladder, steps, changes, now_s), strained_s=since_s), changes


def _after(ladder: Ladder, steps: dict[str, Step], changes: dict[str, tuple[Step, Step]], now_s: float) -> Ladder:
    fell = any(now > was for was, now in changes.values())
    rose = any(now < was for was, now in changes.values()) and not fell
    quiet_s = ladder.quiet_s
    if fell and now_s - ladder.rose_s < FALL_S:
        quiet_s = min(quiet_s * 2.0, QUIET_MOST_S)
    elif not any(steps.values()) and now_s - ladder.changed_s > QUIET_MOST_S:
        quiet_s = QUIET_S
    return Ladder(
        {source: step for source, step in steps.items() if step is not Step.FULL},
        now_s if changes else ladder.changed_s,
        now_s if rose else ladder.rose_s,
        quiet_s,
    )


def _usable(facts: Facts, below_least: bool) -> list[Step]:
    """The steps that differ in cost for this camera, the dearest first; below its minimum rate only when asked."""
    found = [Step.FULL]
    for step in (Step.UNFILTERED, Step.REFERENCES, Step.HALF, Step.LEAST, Step.KEYS):
        short = rate(step, facts) < facts.least_fps * 0.999 and step > Step.UNFILTERED
        if cost(step, facts) < cost(found[-1], facts) * 0.98 and (below_least or not short):
            found.append(step)
    return found


def _down(steps: dict[str, Step], cameras: Mapping[str, Facts], too_much: float) -> dict[str, Step]:
    """Slow cameras evenly, the least slowed first, until so much of the thread's time is expected to be free."""
    steps, left = dict(steps), too_much
    for below_least in (False, True):
        may = {source: _usable(facts, below_least) for source, facts in cameras.items() if not facts.held}
        for step in Step:
            for source in _in_turn(may):
                lower = next((one for one in may[source] if one > steps[source]), None)
                if left <= 0.0 or lower is not step:
                    continue
                left -= cost(steps[source], cameras[source]) - cost(lower, cameras[source])
                steps[source] = lower
        if left <= 0.0:
            break
    return steps


def _up(steps: dict[str, Step], cameras: Mapping[str, Facts], free: float) -> dict[str, Step]:
    """Give pictures back, to the most slowed first, as far as the free time is expected to last."""
    steps = dict(steps)
    for step in sorted(Step, reverse=True):
        for source in _in_turn(steps):
            if steps[source] is not step or step is Step.FULL:
                continue
            higher = max(one for one in _usable(cameras[source], below_least=True) if one < step)
            more = cost(higher, cameras[source]) - cost(step, cameras[source])
            if more > free:
                return steps
            free -= more
            steps[source] = higher
    return steps


def _in_turn(sources: Iterable[str]) -> list[str]:
    return sorted(sources)


@dataclass(slots=True)
class Gate:
    """Says of each packet of one camera whether it is decoded; pictures come back at a key frame only."""

    step: Step = Step.FULL
    most: int = 1
    _since_key: int = 0
    _short: bool = False

    def takes(self, key: bool, is_reference: bool) -> bool:
        """Whether to decode this packet; to be asked of every packet in order."""
        if key:
            self._since_key, self._short = 1, False
            return True
        self._since_key += 1
        if self.step >= Step.REFERENCES and not is_reference:
            return False
        if self._short or (self.step >= Step.HALF and self._since_key > self.most):
            self._short = True
            return False
        return True


def too_low(facts: Facts, decoded_fps: float, step: Step) -> str:
    """Words for a camera of which fewer pictures a second are decoded than its minimum; empty when it has them."""
    if decoded_fps >= facts.least_fps * 0.9:
        return ""
    seen = f"{decoded_fps:.1f} pictures a second are looked at, the minimum is {facts.least_fps:g}"
    if step is Step.FULL or facts.fps < facts.least_fps:
        return f"{seen}: the camera sends {facts.fps:.1f} a second"
    return f"{seen}: the machine is too busy ({WORDS[step]})"
