"""One sequential test (Wald's SPRT) a zone, over all kinds: a sum of log-likelihood ratios that forgets.

Each point's part halves every `HALF_LIFE_S` of its kind, never falls below `FLOOR_NATS` and never rises above the
cap its evidence states. A look counts in full once per correlation time: one that comes Δt after the last counts
min(1, Δt/τ), so a point that looks more often claims no more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from embereye_addon.messages import Evidence, Kind, Share

HALF_LIFE_S = MappingProxyType({Kind.FLAME: 8.0, Kind.SMOKE: 20.0, Kind.HEAT: 15.0, Kind.GAS: 60.0})
CORRELATION_S = MappingProxyType({Kind.FLAME: 0.5, Kind.SMOKE: 1.0, Kind.HEAT: 1.0, Kind.GAS: 5.0})
FLOOR_NATS = -1.0
"""A quiet point's greatest credit: long quiet delays an alarm by this much and no more."""
ONE_VIEW: Mapping[str, str] = MappingProxyType({})
"""All cameras of a zone look at the same place, so that two of them that see one candle are one witness."""
CONTAINED_NATS, CONTAINED_COUNTS_NATS = 14.5, 9.5
"""What cameras claim of something that does not grow is kept up to the first, and counts for no more than the second.

One look-alike in twelve claims so much (`docs/decision-study.md`), which no budget of pre-alarms allows at normal
sensitivity (11); at high sensitivity (8) it is a pre-alarm. It is kept, so that the first look at growth counts it all.
"""
WITNESS_NATS, WARM_CAP_NATS, PLACE_NATS = 3.0, 5.0, 0.5
"""Beside a claim of other physics what cameras claim counts in full, so that both are sooner than either. Of heat and
gas it takes the first, with a cap above the second, which is of what is only warm; of a flame (a flame input, or heat
at the same place in the picture) the third.
"""
QUIET_NATS = -2.0
"""All quiet points together: cameras that look elsewhere must not outvote the one that sees the fire."""


@dataclass(frozen=True, slots=True)
class Part:
    """One point's part of the sum (nats) as it stood at `at_mono_s`, and the evidence it came from."""

    nats: float
    at_mono_s: float
    evidence: Evidence


def decayed(part: Part, now_mono_s: float) -> float:
    """The part's value (nats) at `now_mono_s`."""
    half_lives = max(0.0, now_mono_s - part.at_mono_s) / HALF_LIFE_S[part.evidence.kind]
    return part.nats * math.exp2(-half_lives)


def add(part: Part | None, evidence: Evidence, now_mono_s: float) -> Part:
    """The point's part after one more look. Adding never lowers what an earlier, higher cap let in; time does."""
    if part is None:
        before, weight = 0.0, 1.0
    else:
        before = decayed(part, now_mono_s)
        weight = min(1.0, max(0.0, now_mono_s - part.at_mono_s) / CORRELATION_S[evidence.kind])
    ceiling = max(before, evidence.cap_nats)
    return Part(min(ceiling, max(FLOOR_NATS, before + weight * evidence.llr_nats)), now_mono_s, evidence)


def source_of(point: str) -> str:
    """The source a point belongs to: `cam.dock-3.flame` -> `cam.dock-3`."""
    return point.rpartition(".")[0]


def _cause(evidence: Evidence, views: Mapping[str, str]) -> tuple[str, Kind | None]:
    """What points may have in common: the cameras of one view see one lamp, a device's gas inputs smell one air."""
    source = source_of(evidence.point)
    return (f"view {views.get(source, '')}", None) if source.startswith("cam.") else (source, evidence.kind)


def total(parts: Mapping[str, Part], now_mono_s: float, views: Mapping[str, str] = ONE_VIEW) -> float:
    """The zone's sum (nats): points that share a cause share the greatest of their caps; quiet ones are floored.

    `views` names what each camera (by its source) looks at; cameras without a name all look at the same.
    """
    claims: dict[tuple[str, Kind | None], tuple[float, float]] = {}
    quiet = 0.0
    for part in parts.values():
        nats = decayed(part, now_mono_s)
        if nats <= 0.0:
            quiet += nats
            continue
        cause = _cause(part.evidence, views)
        claimed, cap = claims.get(cause, (0.0, 0.0))
        claims[cause] = claimed + nats, max(cap, nats, part.evidence.cap_nats)
    felt = [(cause[1], *claim) for cause, claim in claims.items() if cause[1] is not None]
    alone = not any(_witness(*claim) for claim in felt)
    seen = sum(_seen(*claim, alone=alone) for cause, claim in claims.items() if cause[1] is None)
    return sum(min(nats, cap) for _, nats, cap in felt) + seen + max(QUIET_NATS, quiet)


def _witness(kind: Kind, nats: float, cap_nats: float) -> bool:
    """Whether a claim of other physics bears out that of cameras."""
    return nats >= PLACE_NATS if kind is Kind.FLAME else nats >= WITNESS_NATS and cap_nats > WARM_CAP_NATS


def _seen(claimed_nats: float, cap_nats: float, *, alone: bool) -> float:
    """What the cameras of one view count for together; less where they are alone and claim what is contained."""
    contained = alone and cap_nats <= CONTAINED_NATS
    return min(claimed_nats, cap_nats, CONTAINED_COUNTS_NATS if contained else cap_nats)


def shares(parts: Mapping[str, Part], now_mono_s: float) -> tuple[Share, ...]:
    """Each supporting point's part and its share (0..1) of the supporting sum, greatest first; at most 32."""
    live = sorted(((decayed(part, now_mono_s), part.evidence) for part in parts.values()), key=lambda row: -row[0])
    supporting = [(nats, evidence) for nats, evidence in live if nats > 0.05 or evidence.rules][:32]
    positive = sum(max(0.0, nats) for nats, _ in supporting) or 1.0
    return tuple(
        Share(
            point=evidence.point,
            kind=evidence.kind,
            value=evidence.value,
            unit=evidence.unit,
            nats=round(nats, 3),
            share=round(max(0.0, nats) / positive, 3),
            where=evidence.where,
        )
        for nats, evidence in supporting
    )
