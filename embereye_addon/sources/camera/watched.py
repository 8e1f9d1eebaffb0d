"""What is kept of one stream between its packets: its decoder, its counters, and how much of it is decoded."""

import threading
from collections import deque
from dataclasses import dataclass, field

from embereye_addon.messages import LinkState
from embereye_addon.sources.camera.decoder import Decoder, Picture
from embereye_addon.sources.camera.probe import Probe
from embereye_addon.sources.camera.rates import UNFILTERED_COST, Facts, Gate, Step, too_low
from embereye_addon.sources.camera.ring import Ring
from embereye_addon.sources.camera.rtsp import Arrived, Opened, Stream
from embereye_addon.sources.camera.smear import Smear

LATE_MOST_S = 2.0
"""What has waited this long is given up for the next key frame; of a slowed camera few packets are many seconds."""
TICK_S = 1.0
"""How often the rates are thought over."""
SLOW_S = 10.0
"""Over how long a camera's rate is compared with its minimum."""
TICKS = round(SLOW_S / TICK_S) + 1
COST_S = 0.001
"""What a picture costs until it is measured."""
LEAST_FPS = 2.0


@dataclass(slots=True)
class Watched:
    """What the farm keeps of one stream. Counters are only ever added to.

    Every packet received is decoded, `dropped` (too far behind), `shed` (left out by the rate ladder), `rejected`
    (damaged, or after a loss), or waits.
    """

    stream: Stream
    least_fps: float = LEAST_FPS
    things: "deque[Opened | Arrived]" = field(default_factory=deque)
    waiting: int = 0
    skip_to_key: bool = True
    gate: Gate = field(default_factory=Gate)
    probe: Probe = field(default_factory=Probe)
    decoder: Decoder | None = None
    smear: Smear = field(default_factory=Smear)
    newest: Picture | None = None
    received: int = 0
    decoded: int = 0
    dropped: int = 0
    shed: int = 0
    rejected: int = 0
    number: int = 0
    size: tuple[int, int] = (0, 0)
    held_until_s: float = -1.0e9
    busy_s: float = 0.0
    cost_s: float = COST_S
    rates: "deque[tuple[float, int, float, int]]" = field(default_factory=lambda: deque(maxlen=TICKS))
    slow: str = ""
    failing: bool = False
    ring: Ring | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def step(self) -> Step:
        """How much of it is decoded."""
        return self.gate.step


def is_late(watched: Watched, now_s: float) -> bool:
    """Whether the oldest packet that waits has waited too long."""
    with watched.lock:
        oldest = next((thing for thing in watched.things if isinstance(thing, Arrived)), None)
    return oldest is not None and now_s - oldest.mono_s > LATE_MOST_S


def give_up(watched: Watched) -> None:
    """Drop every packet that waits: a newer key frame is here."""
    with watched.lock:
        kept = [thing for thing in watched.things if isinstance(thing, Opened)]
        watched.dropped += len(watched.things) - len(kept)
        watched.things.clear()
        watched.things.extend(kept)
        watched.waiting = len(kept)


def facts_of(watched: Watched, now_s: float) -> Facts:
    """What the ladder must know of one camera, its cost from the last tick that decoded something."""
    _, decoded, busy_s, _ = watched.rates[-1] if watched.rates else (0.0, 0, 0.0, 0)
    many = watched.decoded - decoded
    if many > 0:
        one_s = (watched.busy_s - busy_s) / many / (1.0 if watched.step is Step.FULL else UNFILTERED_COST)
        watched.cost_s += 0.2 * (one_s - watched.cost_s)
    watched.rates.append((now_s, watched.decoded, watched.busy_s, watched.received))
    seen = watched.probe.facts
    held = watched.held_until_s > now_s
    if seen is None:
        return Facts(0.0, least_fps=watched.least_fps, cost_s=watched.cost_s, held=held)
    return Facts(seen.fps, seen.gop, seen.spare, watched.cost_s, watched.least_fps, held)


def slow_of(watched: Watched, facts: Facts, now_s: float) -> str:
    """Words when fewer pictures than the minimum were decoded over the last SLOW_S of a stream that is up."""
    began_s, decoded, _, received = watched.rates[0]
    seconds = now_s - began_s
    if watched.stream.link.state is not LinkState.ONLINE:
        watched.rates.clear()
        return ""
    if seconds < SLOW_S * 0.9:
        return watched.slow
    sent = Facts((watched.received - received) / seconds, least_fps=facts.least_fps)
    return too_low(sent, (watched.decoded - decoded) / seconds, watched.step)
