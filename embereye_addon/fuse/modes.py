"""Dependency modes of a zone: what an alarm needs beside the sum of the evidence, and what is awaited. Pure.

A *signal* is the sum reaching the alarm threshold, or a rise at the alarm rate. In the mode `single` it is the alarm.
In the others the first one is a pre-alarm that stands for `confirm_s`, and the alarm comes only while the sum (or the
rule) still asks for it as well: no mode ever alarms where `single` would not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from embereye_addon.fuse import sequential
from embereye_addon.fuse.sequential import Part
from embereye_addon.messages import Evidence, Kind, Rule

SUPPORT_NATS = 6.0
"""From this part a point counts as a second one: more than anything that stays as it is may claim (5)."""
GROWS_CAP_NATS = 20.0
"""Evidence states such a cap only of what grows, spreads or has several signs of fire."""
RULE_AGAIN_S = 30.0
"""A rise is measured over this time: a rise so long after the first signal is a second one."""


@dataclass(frozen=True, slots=True)
class Mode:
    """What a zone's alarm depends on: `single`, `confirm` or `coincidence`, within `confirm_s`.

    `different_physics`: the two points of a coincidence are not two cameras, nor two thermal arrays. `needs_growth`:
    flames and hot things are usual here, and the sum is an alarm only where one of them grows.
    """

    name: str = "single"
    confirm_s: float = 60.0
    different_physics: bool = False
    needs_growth: bool = False

    @property
    def plain(self) -> bool:
        """Whether the sum alone decides."""
        return self.name == "single" and not self.needs_growth


SINGLE = Mode()


@dataclass(frozen=True, slots=True)
class Memory:
    """When the first signal came (monotonic s), each point's part since then, and whether a second one has come.

    `supported_s` says when each witness last supported a fire.
    """

    first_s: float | None = None
    again: Mapping[str, Part] = field(default_factory=dict)
    second: bool = False
    supported_s: Mapping[str, float] = field(default_factory=dict)


NOTHING = Memory()


def physics(point: str, kind: Kind) -> str:
    """How a point sees: `picture`, `heat`, `air` or `flame` (an input of a device)."""
    if point.startswith("cam."):
        return "picture"
    return "air" if kind in (Kind.GAS, Kind.SMOKE) else kind.value


def _witness(evidence: Evidence) -> str:
    """Who speaks: a camera with both its channels is one, and so is a device in each of its ways of seeing."""
    return f"{sequential.source_of(evidence.point)} {physics(evidence.point, evidence.kind)}"


def waiting(mode: Mode, memory: Memory, now_mono_s: float) -> bool:
    """Whether a first signal stands."""
    return memory.first_s is not None and now_mono_s - memory.first_s <= mode.confirm_s


def remember(mode: Mode, memory: Memory, parts: Mapping[str, Part], evidence: Evidence, now_mono_s: float) -> Memory:
    """The memory after a look that `parts` already holds; signals are noted by `signalled`."""
    supported = {who: at_s for who, at_s in memory.supported_s.items() if now_mono_s - at_s <= mode.confirm_s}
    if parts[evidence.point].nats >= SUPPORT_NATS or evidence.rules:
        supported[_witness(evidence)] = now_mono_s
    if not waiting(mode, memory, now_mono_s):
        return Memory(supported_s=supported)
    again = {**memory.again, evidence.point: sequential.add(memory.again.get(evidence.point), evidence, now_mono_s)}
    return replace(memory, again=again, supported_s=supported)


def signalled(memory: Memory, parts: Mapping[str, Part], now_mono_s: float, *, again: bool) -> Memory:
    """The memory after a signal: the first one begins the sum anew, so that the second is earned by new evidence.

    `again` says whether what came since the first one is a signal of its own.
    """
    if memory.first_s is None:
        anew = {point: Part(0.0, now_mono_s, part.evidence) for point, part in parts.items()}
        return replace(memory, first_s=now_mono_s, again=anew)
    return replace(memory, second=True) if again else memory


def rises_again(memory: Memory, evidence: Evidence, now_mono_s: float) -> bool:
    """Whether a rise at the alarm rate was measured wholly after the first signal."""
    since_s = 0.0 if memory.first_s is None else now_mono_s - memory.first_s
    return Rule.RATE_OF_RISE in evidence.rules and since_s >= RULE_AGAIN_S


def lacking(mode: Mode, memory: Memory, parts: Mapping[str, Part], now_mono_s: float) -> str:
    """What a signal still needs to be an alarm, in words; '' when nothing is awaited."""
    match mode.name:
        case "confirm" if not (memory.second and waiting(mode, memory, now_mono_s)):
            return f"a second signal within {mode.confirm_s:.0f} s is awaited"
        case "coincidence" if not _coincide(mode, memory, now_mono_s):
            other = "a point of another kind" if mode.different_physics else "a second point"
            return f"{other} within {mode.confirm_s:.0f} s is awaited"
        case _:
            lacks = mode.needs_growth and not _grows(parts, now_mono_s)
            return "flames are usual here: growth is awaited" if lacks else ""


def _coincide(mode: Mode, memory: Memory, now_mono_s: float) -> bool:
    """Whether two witnesses, of different physics if wished, supported a fire in time."""
    fresh = {who for who, at_s in memory.supported_s.items() if now_mono_s - at_s <= mode.confirm_s}
    return len({who.partition(" ")[2] for who in fresh} if mode.different_physics else fresh) >= 2


def _grows(parts: Mapping[str, Part], now_mono_s: float) -> bool:
    """Whether a point that supports a fire says that it grows, or claims more than a contained one could."""
    claims = [(sequential.decayed(part, now_mono_s), part.evidence) for part in parts.values()]
    return any(
        nats > sequential.CONTAINED_NATS or (nats >= SUPPORT_NATS and evidence.cap_nats >= GROWS_CAP_NATS)
        for nats, evidence in claims
    )


def needs(mode: Mode) -> str:
    """What an alarm in this mode takes, to be said with every pre-alarm; '' where the sum alone decides."""
    match mode.name:
        case "confirm":
            words = f"an alarm here needs a second signal within {mode.confirm_s:.0f} s of the first"
        case "coincidence":
            other = "two points of different kinds" if mode.different_physics else "two points"
            words = f"an alarm here needs {other} within {mode.confirm_s:.0f} s"
        case _:
            words = "an alarm here needs a fire that grows" if mode.needs_growth else ""
    return words
