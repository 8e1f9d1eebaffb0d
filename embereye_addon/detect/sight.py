"""Can this camera see? Black, over-exposed, frozen, defocused, covered, moved: each with its figure, in words. Pure.

Judged every two seconds. A fault begins when its cause has stood for its hold time and ends when it has been away for
CLEAR_S. Sharpness, contrast and view are compared with what was learned of the same camera, for colour and for
infra-red pictures apart; nothing is learned while one of these faults has a cause, and while the light changes none is
judged but a lens that shows nothing at all.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect import view
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import LUMA, SceneLook, tint

Fault: TypeAlias = tuple[str, str]

EVERY_S = 2.0
CLEAR_S = 5.0
HOLD_S = {
    "picture_black": 10.0,
    "picture_over_exposed": 10.0,
    "picture_frozen": 0.0,
    "picture_defocused": 20.0,
    "lens_covered": 10.0,
    "view_moved": 5.0,
}
BLACK_LUMA, BLACK_TILE = 24.0, 45.0
"""Mean luma of a black picture, and of its brightest tile: limited-range black is 16, and a candle is no black."""
WHITE_LUMA, WHITE_SHARE = 225.0, 0.75
FROZEN_S, FROZEN_EXACT_S = 20.0, 60.0
"""Longer than the distance of key frames of nearly all cameras: a key frame codes the sensor's noise anew, so that a
still scene changes then even at a low bit rate. Pictures that are equal bit by bit are frozen after the longer time
whatever is usual; before, and for nearly equal ones, the camera's usual change must be known."""
FROZEN_SHARE = 0.03
"""Change, as a share of the usual one, below which no sensor's noise is left."""
USUAL_LEAST, USUAL_S = 0.05, 60.0
"""A camera that usually changes by less than this (grey levels, the largest of two seconds) shows no noise to miss."""
BLURRED = 0.6
"""Share of the learned sharpness below which the picture is defocused."""
LIGHT = (0.6, 1.7)
"""Luma against the learned one between which sharpness is compared: cameras smooth dark pictures."""
COVERED_CONTRAST, COVERED_CHROMA = 0.25, 5.0
"""Share of the learned contrast, and deviation of the chromas over the tiles, below which the lens is covered."""
PLAIN_CONTRAST = 1.5
"""A view with less contrast than this (grey levels a pixel) has nothing that could be covered or defocused."""
MOVED_SAME, MOVED_OTHER = 0.35, 0.4
"""Moved: less than this share of the view is as it was, and more than this share shows other edges instead."""
ACCEPT_S = 3600.0
"""A view that has stayed moved this long is learned anew: somebody has turned the camera for good."""
MEAN_WEIGHT = 0.4
"""Weight of a picture, every two seconds, in the mean that is measured; it keeps a quarter of the noise's power.

When the light changes the mean begins anew: what was seen before must not be measured in it for further seconds."""
MEAN_NOISE = 1.48 * 0.5 / 1.12
"""From the median of |picture - mean|, which half of the picture may be moving in, to the mean's own noise."""


@dataclass(slots=True)
class Sight:
    """State of one camera, owned by the caller and changed in place."""

    judged_s: float
    picture: NDArray[np.uint8]
    mean: view.Picture
    changed_s: float
    differed_s: float
    peak: float = 0.0
    usual: float = 0.0
    noise_grey: float = 0.0
    means: int = 0
    relearning: bool = False
    views: dict[bool, view.View] = field(default_factory=dict)
    since_s: dict[str, float] = field(default_factory=dict)
    last_s: dict[str, float] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)


def judge(sight: Sight | None, small: Small, scene_look: SceneLook, now_s: float) -> tuple[Sight, tuple[Fault, ...]]:
    """The faults (code, words) that stand now; the state given is changed and returned."""
    if sight is None or sight.picture.shape != small.y.shape:
        sight = Sight(now_s, small.y, small.y.astype(np.float32), now_s, now_s)
    if scene_look.change > 0.0 or not np.array_equal(sight.picture, small.y):
        sight.differed_s, sight.picture = now_s, small.y
        sight.peak = max(sight.peak, scene_look.change)
        if scene_look.change > FROZEN_SHARE * sight.usual:
            sight.changed_s = now_s
    step_s = now_s - sight.judged_s
    if step_s >= EVERY_S:
        sight.judged_s = now_s
        apart = np.abs(small.y[::4, ::4] - sight.mean[::4, ::4]).ravel()
        sight.noise_grey = MEAN_NOISE * float(np.partition(apart, apart.size // 2)[apart.size // 2])
        sight.means = 0 if scene_look.lighting.relearning and not sight.relearning else sight.means + 1
        sight.relearning = scene_look.lighting.relearning
        cv2.accumulateWeighted(small.y, sight.mean, max(MEAN_WEIGHT, 1.0 / (sight.means + 1)))
        _hold(sight, _causes(sight, scene_look, now_s, step_s), now_s)
    return sight, tuple(sorted(sight.told.items()))


def _hold(sight: Sight, causes: dict[str, str], now_s: float) -> None:
    for code, words in causes.items():
        since_s = sight.since_s.setdefault(code, now_s)
        sight.last_s[code] = now_s
        if now_s - since_s >= HOLD_S[code]:
            sight.told[code] = words
    for code in [code for code in sight.since_s if now_s - sight.last_s[code] >= CLEAR_S]:
        del sight.since_s[code]
        sight.told.pop(code, None)


def _causes(sight: Sight, scene_look: SceneLook, now_s: float, step_s: float) -> dict[str, str]:
    causes = _light(scene_look) or _frozen(sight, now_s, step_s)
    if causes:
        return causes
    now = view.measure(sight.mean, sight.noise_grey)
    colour = scene_look.lighting.colour
    known = sight.views.get(colour)
    if known is not None and known.learned:
        causes = _compared(known.usual, now, scene_look)
    if scene_look.lighting.relearning:
        return causes
    stood_s = now_s - sight.since_s.get("view_moved", now_s)
    if stood_s >= ACCEPT_S:
        sight.views[colour] = view.learned(None, now, step_s)
    elif not causes:
        sight.views[colour] = view.learned(known, now, min(step_s, 2.0 * EVERY_S))
    return causes


def _light(scene_look: SceneLook) -> dict[str, str]:
    luma = scene_look.features[LUMA]
    mean = cv2.mean(luma)[0]
    if mean < BLACK_LUMA and (brightest := float(luma.max())) < BLACK_TILE:
        return {"picture_black": f"the picture is black: brightness {mean:.0f} of 255, nowhere above {brightest:.0f}"}
    white = np.count_nonzero(luma >= WHITE_LUMA) / luma.size
    if white > WHITE_SHARE:
        return {"picture_over_exposed": f"{white:.0%} of the picture is over-exposed"}
    return {}


def _frozen(sight: Sight, now_s: float, step_s: float) -> dict[str, str]:
    still_s = now_s - sight.changed_s if sight.usual >= USUAL_LEAST else 0.0
    equal_s = now_s - sight.differed_s
    if still_s < FROZEN_S:
        sight.usual += min(step_s / USUAL_S, 1.0) * (sight.peak - sight.usual)
        sight.usual = max(sight.usual, min(sight.peak, 0.5)) if sight.usual < USUAL_LEAST else sight.usual
    peak, sight.peak = sight.peak, 0.0
    if still_s < FROZEN_S and equal_s < FROZEN_EXACT_S:
        return {}
    words = f"the picture has not changed for {max(still_s, equal_s):.0f} s"
    return {"picture_frozen": f"{words} (by {peak:.2f} grey levels; usual are {sight.usual:.2f})"}


def _compared(usual: view.Measure, now: view.Measure, scene_look: SceneLook) -> dict[str, str]:
    if usual.contrast < PLAIN_CONTRAST:
        return {}
    kept = now.contrast / usual.contrast
    if kept < COVERED_CONTRAST and tint(scene_look.features) < COVERED_CHROMA:
        return {"lens_covered": f"the lens is covered, or dense smoke is before it: {kept:.0%} of the usual contrast"}
    if scene_look.lighting.relearning:
        return {}
    alike = view.likeness(usual, now)
    if alike is not None and alike.same < MOVED_SAME and alike.other > MOVED_OTHER:
        return {"view_moved": f"the camera was moved or turned: only {alike.same:.0%} of the view is as it was"}
    sharp = now.sharpness / max(usual.sharpness, 1e-3)
    if sharp < BLURRED and LIGHT[0] < (now.luma + 1.0) / (usual.luma + 1.0) < LIGHT[1]:
        return {"picture_defocused": f"the picture is out of focus: {sharp:.0%} of the usual sharpness"}
    return {}
