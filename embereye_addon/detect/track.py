"""Detections of one camera followed from look to look by their overlap. Pure."""

from dataclasses import dataclass, replace

from embereye_addon.detect.decode import Detection

MIN_OVERLAP = 0.15
"""Intersection over union that makes two boxes one thing; flames flicker and smoke drifts, so it is low."""
FORGET_S = 3.0
MOTION_WEIGHT = 0.3
"""A track's motion is an exponential mean over about three looks."""


@dataclass(frozen=True, slots=True)
class Track:
    """One thing over time: its number, newest detection, first and last look (monotonic s), motion (grey levels)."""

    number: int
    detection: Detection
    first_mono_s: float
    last_mono_s: float
    motion: float


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
    tracks: tuple[Track, ...], seen: tuple[tuple[Detection, float], ...], next_number: int, now_mono_s: float
) -> tuple[Track, ...]:
    """The tracks after one look. `seen` pairs each detection with the motion inside its box (grey levels)."""
    left = [track for track in tracks if now_mono_s - track.last_mono_s <= FORGET_S]
    after = []
    for detection, motion in seen:
        same = [track for track in left if track.detection.label == detection.label]
        best = max(same, key=lambda track: overlap(track.detection, detection), default=None)
        if best is None or overlap(best.detection, detection) < MIN_OVERLAP:
            after.append(Track(next_number, detection, now_mono_s, now_mono_s, motion))
            next_number += 1
            continue
        left.remove(best)
        smooth = best.motion + MOTION_WEIGHT * (motion - best.motion)
        after.append(replace(best, detection=detection, last_mono_s=now_mono_s, motion=smooth))
    return (*after, *left)
