"""What a zone wants, and why: the sequential test and the hard rules together.

Thresholds follow from the false-alarm budget. By Ville's inequality a sum of log-likelihood ratios exceeds ln(N)
with probability at most 1/N a start, so with one independent start every 2 s a zone-year holds 1.6e7 starts
(ln = 16.6) and a zone-month 1.3e6 (ln = 14.1). The forgetting and the per-point caps make quiet evidence return
to the floor, which earns back the difference to the figures below.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

from embereye_addon.fuse import sequential
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
    }
)
"""What each hard rule asks for on its own."""
WORDS = MappingProxyType(
    {
        Rule.FIXED_TEMPERATURE: "fixed temperature limit for alarm exceeded",
        Rule.RATE_OF_RISE: "temperature rises faster than the limit for alarm",
        Rule.FIXED_TEMPERATURE_PRE: "fixed temperature limit for pre-alarm exceeded",
        Rule.RATE_OF_RISE_PRE: "temperature rises faster than the limit for pre-alarm",
        Rule.FLAME_INPUT: "the device's own flame input is on",
        Rule.GAS_INPUT: "the gas or smoke input is above its alarm level",
    }
)
_RANK = MappingProxyType({ZoneState.NORMAL: 0, ZoneState.PRE_ALARM: 1, ZoneState.ALARM: 2})


@dataclass(frozen=True, slots=True)
class Beliefs:
    """A zone's sequential test: each point's part, and the two thresholds (nats)."""

    pre_alarm_nats: float
    alarm_nats: float
    parts: dict[str, Part]


@dataclass(frozen=True, slots=True)
class Want:
    """What the evidence asks for now; `gone` when nothing is left that would hold an alarm."""

    state: ZoneState
    gone: bool
    explanation: Explanation


def fresh(sensitivity: str) -> Beliefs:
    """A zone that has heard nothing yet."""
    pre_alarm, alarm = THRESHOLDS_NATS[sensitivity]
    return Beliefs(pre_alarm, alarm, {})


def hear(beliefs: Beliefs, evidence: Evidence, now_mono_s: float) -> Beliefs:
    """The beliefs after one piece of evidence."""
    part = sequential.add(beliefs.parts.get(evidence.point), evidence, now_mono_s)
    return replace(beliefs, parts={**beliefs.parts, evidence.point: part})


def _rules(beliefs: Beliefs, now_mono_s: float) -> list[tuple[ZoneState, Rule, Evidence]]:
    """The rules in force, each with what it asks for."""
    found = []
    for part in beliefs.parts.values():
        if now_mono_s - part.at_mono_s > RULE_FRESH_S:
            continue
        for rule in part.evidence.rules:
            asks = ALONE[rule]
            if rule in (Rule.FLAME_INPUT, Rule.GAS_INPUT) and _agrees(beliefs, part.evidence.kind, now_mono_s):
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
    """What the zone asks for at `now_mono_s`: the highest of the sequential test and the hard rules."""
    nats = sequential.total(beliefs.parts, now_mono_s)
    state, rule, threshold, text = ZoneState.NORMAL, "none", beliefs.pre_alarm_nats, "no evidence of fire"
    if nats >= beliefs.alarm_nats:
        state, rule, threshold = ZoneState.ALARM, "sequential_test_alarm", beliefs.alarm_nats
        text = f"the evidence adds up to {nats:.1f} nats; the alarm threshold is {threshold:.1f}"
    elif nats >= beliefs.pre_alarm_nats:
        state, rule = ZoneState.PRE_ALARM, "sequential_test_pre_alarm"
        text = f"the evidence adds up to {nats:.1f} nats; the pre-alarm threshold is {threshold:.1f}"
    rules = _rules(beliefs, now_mono_s)
    for asks, hard, evidence in rules:
        if _RANK[asks] > _RANK[state]:
            state, rule = asks, hard.value
            text = f"{WORDS[hard]}: {evidence.value:.1f} {evidence.unit} at {evidence.point}"
    clear_nats = CLEAR_FRACTION * beliefs.pre_alarm_nats
    gone = not rules and nats < clear_nats
    if state is ZoneState.NORMAL and not gone:
        text = f"the evidence still adds up to {nats:.1f} nats; it counts as gone below {clear_nats:.1f}"
    explanation = Explanation(
        rule=rule,
        text=text,
        sum_nats=round(nats, 3),
        threshold_nats=threshold,
        shares=sequential.shares(beliefs.parts, now_mono_s),
    )
    return Want(state, gone, explanation)
