"""Detections of one camera followed from look to look by where they are and how they look. Pure."""

import math
from dataclasses import dataclass, replace

from embereye_addon.detect.decode import Detection

MIN_OVERLAP = 0.15
"""Intersection over union that makes two boxes one thing; flames flicker and smoke drifts, so it is low."""
NEAR = 1.0
"""Without overlap, centres at most this many box sides apart may be one thing that moved, if the colours agree."""
SAME_COLOUR = 40.0
"""Greatest distance of two mean colours (8 bit B, G, R) of one thing."""
COLOUR_WEIGHT = 0.25
"""How much a colour decides between two boxes that both overlap."""
FORGET_S = 3.0
MOTION_WEIGHT = 0.3
"""A track's motion is an exponential mean over about three looks."""
SCORE_S = 0.5
"""Time constant (s) of a track's score, the exponential mean of its logits; a look without it counts as `MISSED`."""
MISSED = -2.0
SCORE_MOST = 6.0
HELD_ON, HELD_OFF = 1.0, -0.5
"""Hysteresis: a track counts as held from the first score upwards, until its score falls below the second."""

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Spotted:
    """One detection of a look with what was measured of it: motion (grey levels) and mean colour (8 bit B, G, R)."""

    detection: Detection
    motion: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Track:
    """One thing over time: its number, newest detection, first and last look (monotonic s), motion (grey levels).

    `score` is its smoothed logit as of `scored_s`, `held_s` since when it has been held (monotonic s; None: not held).
    """

    number: int
    detection: Detection
    first_mono_s: float
    last_mono_s: float
    motion: float
    colour: Colour
    score: float
    scored_s: float
    held_s: float | None


def overlap(one: Detection, other: Detection) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (_area(one) + _area(other) - both)


def _area(box: Detection) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def follow(
    tracks: tuple[Track, ...], seen: tuple[Spotted, ...], next_number: int, now_mono_s: float
) -> tuple[Track, ...]:
    """The tracks after one look; those seen in it come first, in the order of `seen`."""
    left = [track for track in tracks if now_mono_s - track.last_mono_s <= FORGET_S]
    after = []
    for spotted in seen:
        best = max(left, key=lambda track: _likeness(track, spotted), default=None)
        if best is None or _likeness(best, spotted) <= 0.0:
            after.append(_begun(spotted, next_number, now_mono_s))
            next_number += 1
            continue
        left.remove(best)
        after.append(_seen(best, spotted, now_mono_s))
    return (*after, *(_missed(track, now_mono_s) for track in left))


def _likeness(track: Track, spotted: Spotted) -> float:
    """How well a detection continues a track; 0 or less when it is another thing."""
    old, new = track.detection, spotted.detection
    if old.label != new.label:
        return 0.0
    apart = math.dist(track.colour, spotted.colour)
    same = overlap(old, new)
    if same >= MIN_OVERLAP:
        return 1.0 + same - COLOUR_WEIGHT * min(1.0, apart / SAME_COLOUR)
    if apart > SAME_COLOUR:
        return 0.0
    across = abs(old.left + old.right - new.left - new.right) / max(old.right - old.left, new.right - new.left)
    down = abs(old.top + old.bottom - new.top - new.bottom) / max(old.bottom - old.top, new.bottom - new.top)
    return NEAR - max(across, down) / 2.0


def _begun(spotted: Spotted, number: int, now_mono_s: float) -> Track:
    score = min(SCORE_MOST, spotted.detection.logit)
    held_s = now_mono_s if score >= HELD_ON else None
    return Track(
        number=number,
        detection=spotted.detection,
        first_mono_s=now_mono_s,
        last_mono_s=now_mono_s,
        motion=spotted.motion,
        colour=spotted.colour,
        score=score,
        scored_s=now_mono_s,
        held_s=held_s,
    )


def _seen(track: Track, spotted: Spotted, now_mono_s: float) -> Track:
    scored = _scored(track, spotted.detection.logit, now_mono_s)
    return replace(
        scored,
        detection=spotted.detection,
        last_mono_s=now_mono_s,
        motion=track.motion + MOTION_WEIGHT * (spotted.motion - track.motion),
        colour=spotted.colour,
    )


def _missed(track: Track, now_mono_s: float) -> Track:
    """A look that did not find it: its score falls, so that what comes and goes is not held."""
    return _scored(track, MISSED, now_mono_s)


def _scored(track: Track, logit: float, now_mono_s: float) -> Track:
    """The track with its score after one more look, found or not."""
    weight = 1.0 - math.exp(-max(0.0, now_mono_s - track.scored_s) / SCORE_S)
    score = track.score + weight * (max(-SCORE_MOST, min(SCORE_MOST, logit)) - track.score)
    held_s = track.held_s if score >= HELD_OFF else None
    if held_s is None and score >= HELD_ON:
        held_s = now_mono_s
    return replace(track, score=score, scored_s=now_mono_s, held_s=held_s)
