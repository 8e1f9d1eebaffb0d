"""What a zone wants, and why: the sequential test and the hard rules together.

Thresholds follow from the false-alarm budget. By Ville's inequality a sum of log-likelihood ratios exceeds ln(N)
with probability at most 1/N a start, so with one independent start every 2 s a zone-year holds 1.6e7 starts
(ln = 16.6) and a zone-month 1.3e6 (ln = 14.1). The forgetting and the per-point caps make quiet evidence return
to the floor, which earns back the difference to the figures below.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from embereye_addon.fuse import modes, sequential
from embereye_addon.fuse.modes import Memory, Mode
from embereye_addon.fuse.sequential import Part
from embereye_addon.messages import Evidence, Explanation, Kind, Rule, ZoneState

THRESHOLDS_NATS = MappingProxyType({"low": (14.0, 20.0), "normal": (11.0, 16.0), "high": (8.0, 12.0)})
"""Sensitivity -> (pre-alarm, alarm)."""
CLEAR_FRACTION = 0.7
"""Below this fraction of the pre-alarm threshold, and without a rule, the evidence counts as gone.

At every sensitivity this is above what one still thing can claim, so a warm radiator never stands against a reset.
"""
AGREE_NATS = 3.0
"""Another kind agrees with a flame or gas input from this part upwards."""
RULE_FRESH_S = 10.0
"""A rule holds while its point repeats it; a point that fell silent upholds it no longer than this."""

ALONE = MappingProxyType(
    {
        Rule.FIXED_TEMPERATURE: ZoneState.ALARM,
        Rule.RATE_OF_RISE: ZoneState.ALARM,
        Rule.FIXED_TEMPERATURE_PRE: ZoneState.PRE_ALARM,
        Rule.RATE_OF_RISE_PRE: ZoneState.PRE_ALARM,
        Rule.FLAME_INPUT: ZoneState.PRE_ALARM,
        Rule.GAS_INPUT: ZoneState.PRE_ALARM,
        Rule.EXTERNAL_INPUT: ZoneState.PRE_ALARM,
    }
)
"""What each hard rule asks for on its own."""
INPUTS = frozenset((Rule.FLAME_INPUT, Rule.GAS_INPUT, Rule.EXTERNAL_INPUT))
"""Rules that ask for an alarm when another kind agrees."""
WORDS = MappingProxyType(
    {
        Rule.FIXED_TEMPERATURE: "fixed temperature limit for alarm exceeded",
        Rule.RATE_OF_RISE: "temperature rises faster than the limit for alarm",
        Rule.FIXED_TEMPERATURE_PRE: "fixed temperature limit for pre-alarm exceeded",
        Rule.RATE_OF_RISE_PRE: "temperature rises faster than the limit for pre-alarm",
        Rule.FLAME_INPUT: "the device's own flame input is on",
        Rule.GAS_INPUT: "the gas or smoke input is above its alarm level",
        Rule.EXTERNAL_INPUT: "a detector mapped in from elsewhere is on",
    }
)
FIRST_SIGNAL = "first_signal"
"""The rule of a pre-alarm that would be an alarm if the zone's mode did not await something more."""
_RANK = MappingProxyType({ZoneState.NORMAL: 0, ZoneState.PRE_ALARM: 1, ZoneState.ALARM: 2})


@dataclass(frozen=True, slots=True)
class Beliefs:
    """A zone's sequential test: each point's part, the two thresholds (nats), the zone's mode and what it remembers."""

    pre_alarm_nats: float
    alarm_nats: float
    parts: dict[str, Part]
    mode: Mode = modes.SINGLE
    memory: Memory = modes.NOTHING
    views: Mapping[str, str] = field(default_factory=lambda: sequential.ONE_VIEW)


@dataclass(frozen=True, slots=True)
class Want:
    """What the evidence asks for now; `gone` when nothing is left that would hold an alarm.

    `hard` says that a hard rule asks for an alarm, whatever the sum does.
    """

    state: ZoneState
    gone: bool
    explanation: Explanation
    hard: bool = False


def fresh(sensitivity: str, mode: Mode = modes.SINGLE, views: Mapping[str, str] = sequential.ONE_VIEW) -> Beliefs:
    """A zone that has heard nothing yet."""
    pre_alarm, alarm = THRESHOLDS_NATS[sensitivity]
    return Beliefs(pre_alarm, alarm, {}, mode, views=views)


def at(beliefs: Beliefs, sensitivity: str) -> Beliefs:
    """The same beliefs, judged at another sensitivity."""
    pre_alarm, alarm = THRESHOLDS_NATS[sensitivity]
    return replace(beliefs, pre_alarm_nats=pre_alarm, alarm_nats=alarm)


def forget(beliefs: Beliefs, points: frozenset[str]) -> Beliefs:
    """The beliefs without what these points have said; what the mode awaits begins anew."""
    if beliefs.parts.keys().isdisjoint(points):
        return beliefs
    heeded = {point: part for point, part in beliefs.parts.items() if point not in points}
    return replace(beliefs, parts=heeded, memory=modes.NOTHING)


def hear(beliefs: Beliefs, evidence: Evidence, now_mono_s: float) -> Beliefs:
    """The beliefs after one piece of evidence."""
    part = sequential.add(beliefs.parts.get(evidence.point), evidence, now_mono_s)
    after = replace(beliefs, parts={**beliefs.parts, evidence.point: part})
    return after if after.mode.plain else replace(after, memory=_remembered(after, evidence, now_mono_s))


def _remembered(beliefs: Beliefs, evidence: Evidence, now_mono_s: float) -> Memory:
    """What a zone whose mode is not the plain one remembers after this evidence."""
    memory = modes.remember(beliefs.mode, beliefs.memory, beliefs.parts, evidence, now_mono_s)
    rises = Rule.RATE_OF_RISE in evidence.rules
    if not rises and sequential.total(beliefs.parts, now_mono_s, beliefs.views) < beliefs.alarm_nats:
        return memory
    again = modes.rises_again(memory, evidence, now_mono_s)
    again = again or sequential.total(memory.again, now_mono_s, beliefs.views) >= beliefs.alarm_nats
    return modes.signalled(memory, beliefs.parts, now_mono_s, again=again)


def _rules(beliefs: Beliefs, now_mono_s: float) -> list[tuple[ZoneState, Rule, Evidence]]:
    """The rules in force, each with what it asks for."""
    found = []
    for part in beliefs.parts.values():
        if now_mono_s - part.at_mono_s > RULE_FRESH_S:
            continue
        for rule in part.evidence.rules:
            asks = ALONE[rule]
            if rule in INPUTS and _agrees(beliefs, part.evidence.kind, now_mono_s):
                asks = ZoneState.ALARM
            found.append((asks, rule, part.evidence))
    return found


def _agrees(beliefs: Beliefs, kind: Kind, now_mono_s: float) -> bool:
    """Whether any other kind supports a fire."""
    return any(
        part.evidence.kind is not kind
        and (
            sequential.decayed(part, now_mono_s) >= AGREE_NATS
            or (part.evidence.rules and now_mono_s - part.at_mono_s <= RULE_FRESH_S)
        )
        for part in beliefs.parts.values()
    )


def want(beliefs: Beliefs, now_mono_s: float) -> Want:
    """What the zone asks for at `now_mono_s`: the highest of sequential test and hard rules, as its mode allows."""
    nats = sequential.total(beliefs.parts, now_mono_s, beliefs.views)
    asked = _of_sum(beliefs, nats)
    rules = _rules(beliefs, now_mono_s)
    for asks, hard, evidence in rules:
        if _RANK[asks] > _RANK[asked.state]:
            text = f"{WORDS[hard]}: {evidence.value:.1f} {evidence.unit} at {evidence.point}"
            asked = Asked(asks, hard.value, asked.threshold_nats, text)
    immediate = any(asks is ZoneState.ALARM and rule is not Rule.RATE_OF_RISE for asks, rule, _ in rules)
    if not beliefs.mode.plain and not immediate:
        asked = _depending(beliefs, asked, now_mono_s)
    clear_nats = CLEAR_FRACTION * beliefs.pre_alarm_nats
    gone = not rules and nats < clear_nats and asked.state is ZoneState.NORMAL
    text = asked.text
    if asked.state is ZoneState.NORMAL and not gone:
        text = f"the evidence still adds up to {nats:.1f} nats; it counts as gone below {clear_nats:.1f}"
    explanation = Explanation(
        rule=asked.rule,
        text=text[:400],
        sum_nats=round(nats, 3),
        threshold_nats=asked.threshold_nats,
        shares=sequential.shares(beliefs.parts, now_mono_s),
    )
    return Want(asked.state, gone, explanation, any(asks is ZoneState.ALARM for asks, _, _ in rules))


@dataclass(frozen=True, slots=True)
class Asked:
    """A state, the rule or threshold that asks for it, and why in words."""

    state: ZoneState
    rule: str
    threshold_nats: float
    text: str


def _of_sum(beliefs: Beliefs, nats: float) -> Asked:
    """What the sequential test asks for."""
    words = f"the evidence adds up to {nats:.1f} nats"
    if nats >= (threshold := beliefs.alarm_nats):
        text = f"{words}; the alarm threshold is {threshold:.1f}"
        return Asked(ZoneState.ALARM, "sequential_test_alarm", threshold, text)
    threshold = beliefs.pre_alarm_nats
    if nats >= threshold:
        text = f"{words}; the pre-alarm threshold is {threshold:.1f}"
        return Asked(ZoneState.PRE_ALARM, "sequential_test_pre_alarm", threshold, text)
    return Asked(ZoneState.NORMAL, "none", threshold, "no evidence of fire")


def _depending(beliefs: Beliefs, asked: Asked, now_mono_s: float) -> Asked:
    """What is left of it in the zone's mode: a signal that lacks something is a pre-alarm, and so is one that waits."""
    mode, memory = beliefs.mode, beliefs.memory
    waits = mode.name != "single" and modes.waiting(mode, memory, now_mono_s)
    signal = asked.state is ZoneState.ALARM or waits
    lacks = modes.lacking(mode, memory, beliefs.parts, now_mono_s) if signal else ""
    if lacks:
        return replace(asked, state=ZoneState.PRE_ALARM, rule=FIRST_SIGNAL, text=f"{asked.text}; {lacks}")
    if asked.state is ZoneState.PRE_ALARM:
        return replace(asked, text=f"{asked.text}; {modes.needs(mode)}")
    return asked
