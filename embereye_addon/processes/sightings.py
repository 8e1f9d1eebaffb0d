"""From a detector's looks to sightings: boxes, evidence, and how often they are told. Pure but for what it is given."""

from dataclasses import dataclass

from embereye_addon.detect.shard import Seen
from embereye_addon.detect.temporal import Claim
from embereye_addon.fuse.video import Claimed, evidence
from embereye_addon.messages import Box, Evidence

SEEN_EVERY_S = 0.2
"""While something is seen, at most five sightings a second."""
EMPTY_EVERY_S = 1.0
SLACK = 0.9
"""Pictures come in steps of their own; waiting for the whole period would miss every second one."""
BOXES_MAX = 32


@dataclass(slots=True)
class Told:
    """When a camera's last sighting was told (monotonic s)."""

    said_s: float = -1.0e9

    def due(self, now_s: float, *, something: bool) -> bool:
        """Whether a sighting may be told now."""
        return now_s - self.said_s >= (SEEN_EVERY_S if something else EMPTY_EVERY_S) * SLACK


def something(seen: Seen) -> bool:
    """Whether a look shows or claims anything."""
    return bool(seen.tracks) or max(seen.llr_nats) > 0.0


def boxes_of(seen: Seen) -> tuple[Box, ...]:
    """The boxes of a look, each with its track and age."""
    return tuple(
        Box(
            label=track.detection.label,
            confidence=track.detection.confidence,
            left=_fraction(track.detection.left),
            top=_fraction(track.detection.top),
            right=_fraction(track.detection.right),
            bottom=_fraction(track.detection.bottom),
            track=track.number,
            age_s=round(seen.received_mono_s - track.first_mono_s, 2),
        )
        for track in seen.tracks[:BOXES_MAX]
    )


def evidence_of(seen: Seen, persist_s: tuple[float, float]) -> tuple[Evidence, Evidence]:
    """Evidence of flame and smoke from one look; `persist_s` is how long (flame, smoke) must last."""
    flame, smoke = (claimed(claim, s) for claim, s in zip(seen.claims, persist_s, strict=True))
    return evidence(seen.source, flame, smoke)


def claimed(claim: Claim, persist_s: float) -> Claimed:
    """What a look claims of one label; `persist_s` is how long that must last."""
    box, figures = claim.detection, claim.figures
    if box is None:
        return Claimed(claim.llr_nats, persist_s, claim.steady_nats)
    return Claimed(
        llr_nats=claim.llr_nats,
        persist_s=persist_s,
        steady_nats=claim.steady_nats,
        confidence=box.confidence,
        where=f"box {box.left:.2f},{box.top:.2f},{box.right:.2f},{box.bottom:.2f}",
        motion=claim.motion,
        held_s=claim.held_s,
        settled=figures.settled,
        area=figures.area,
        pieces=figures.pieces,
        ragged=figures.ragged,
        growth=figures.growth,
    )


def _fraction(value: float) -> float:
    return min(1.0, max(0.0, value))
