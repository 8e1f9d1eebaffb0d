"""From looks to what a camera claims over time: a smoothed log-likelihood ratio a label, and the figures behind it.

A look has several views (the whole picture and closer parts), each with a calibrated log-likelihood ratio of its own.
Their mean as ratios (not as logarithms) is again a ratio of likelihoods whatever the views have in common, so looking
at more parts claims no more than it should. Pure.
"""

import math
import statistics
from dataclasses import dataclass

from embereye_addon.detect.decode import LABELS, Detection
from embereye_addon.detect.track import HELD_ON, Spotted, Track, follow

WHOLE_WEIGHT = 0.75
"""The model learned whole pictures; a closer view that is sure still counts in full after the bound on one look."""
SMOOTH_S = 0.5
"""Time constant of the smoothed ratio: the correlation time of flame, which one look is worth."""
STEADY_S = 2.0
"""Time constant of the steady ratio, which says whether a label is plain and not just for a moment."""
LOOK_NATS = 6.0
"""One look's bound before smoothing: a single view may not carry a second on its own."""
RECENT_S = 1.5
"""A track seen so lately stands for its label."""
SETTLED_S = 1.5
"""Figures of size and shape are medians over at least this long and at least `MARKS_LEAST` looks."""
MARKS_LEAST = 5
FIGURES_S = 3.0
ENDS_S = 2.0
"""Growth compares the last so many seconds with the first of the same fire, once `GROWN_S` lie between their starts.

Of the last the lower quartile counts and of the first the upper: a flame that flares up and sinks back has not grown.
"""
GROWN_S = 4.0
ROOTED = 0.6
"""Of its early box, this share must still burn: what moves or comes nearer grows without spreading."""

GAP_S = 3.0
"""After so long without it, what a label shows next has begun anew."""
MARK_EVERY_S = 0.15
"""Looks closer together than this add nothing to a median."""

Llr = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """How large what a label shows was at one look: area and outer box as fractions of the picture.

    For flames `pieces` bright cores were counted, and the greatest has an outline `ragged` times that of a disc.
    """

    mono_s: float
    area: float
    left: float
    top: float
    right: float
    bottom: float
    pieces: int = 1
    ragged: float = 1.0


Marks = tuple[Mark, ...]
Sized = tuple[Mark | None, Mark | None]
"""The marks of flame and of smoke of one look, None where none was seen."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the last seconds: area (share of the picture), pieces, raggedness; growth of the area, at least 1.

    `settled` is false before enough looks; nothing may be concluded from the figures then.
    """

    settled: bool = False
    area: float = 0.0
    pieces: float = 1.0
    ragged: float = 1.0
    growth: float = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a camera claims of one label: smoothed ratios (nats), its best box, motion (grey levels), time held."""

    llr_nats: float
    steady_nats: float = 0.0
    detection: Detection | None = None
    motion: float = 0.0
    held_s: float = 0.0
    figures: Figures = Figures()


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of one camera between looks."""

    tracks: tuple[Track, ...] = ()
    next_number: int = 1
    llr_nats: Llr = (0.0, 0.0)
    steady_nats: Llr = (0.0, 0.0)
    last_s: float = -1.0e9
    marks: tuple[Marks, Marks] = ((), ())


def combined(whole: Llr, parts: tuple[Llr, ...]) -> Llr:
    """The look's ratios (nats): a fixed weight is the whole picture's, the rest is shared by its parts."""
    if not parts:
        return whole
    flame, smoke = (_mean_ratio(whole[label], [part[label] for part in parts]) for label in range(len(LABELS)))
    return flame, smoke


def _mean_ratio(whole_nats: float, parts_nats: list[float]) -> float:
    """ln(w e^whole + (1 - w) mean(e^part)), without overflow."""
    top = max(whole_nats, *parts_nats)
    mean = sum(math.exp(nats - top) for nats in parts_nats) / len(parts_nats)
    return top + math.log(WHOLE_WEIGHT * math.exp(whole_nats - top) + (1.0 - WHOLE_WEIGHT) * mean)


def remember(memory: Memory, llr_nats: Llr, seen: tuple[Spotted, ...], sized: Sized, now_s: float) -> Memory:
    """The memory after one look."""
    step_s = max(0.0, now_s - memory.last_s)
    tracks = follow(memory.tracks, seen, memory.next_number, now_s)
    flames, smokes = (_kept(marks, mark, now_s) for marks, mark in zip(memory.marks, sized, strict=True))
    return Memory(
        tracks=tracks,
        next_number=memory.next_number + len(seen),
        llr_nats=_smoothed(memory.llr_nats, llr_nats, step_s / SMOOTH_S),
        steady_nats=_smoothed(memory.steady_nats, llr_nats, step_s / STEADY_S),
        last_s=now_s,
        marks=(flames, smokes),
    )


def _smoothed(before: Llr, look: Llr, steps: float) -> Llr:
    """Exponential means after a look that came `steps` time constants after the last one; the look is bounded first."""
    weight = 1.0 - math.exp(-steps)
    flame, smoke = (
        old + weight * (max(-LOOK_NATS, min(LOOK_NATS, new)) - old) for old, new in zip(before, look, strict=True)
    )
    return flame, smoke


def _kept(marks: Marks, mark: Mark | None, now_s: float) -> Marks:
    """The marks of the first and of the last seconds, oldest first, with the newest one."""
    if marks and now_s - marks[-1].mono_s > GAP_S:
        marks = ()
    if mark is None or (marks and mark.mono_s - marks[-1].mono_s < MARK_EVERY_S):
        return marks
    kept = (old for old in marks if old.mono_s - marks[0].mono_s <= ENDS_S or now_s - old.mono_s <= FIGURES_S)
    return (*kept, mark)


def claims(memory: Memory, now_s: float) -> tuple[Claim, Claim]:
    """What is claimed of flame and of smoke."""
    flame, smoke = (_claim(memory, index, now_s) for index in range(len(LABELS)))
    return flame, smoke


def _claim(memory: Memory, index: int, now_s: float) -> Claim:
    """Of several things of one label the best is shown, and the one that lasts and moves most is judged."""
    label, llr_nats, steady_nats = LABELS[index], memory.llr_nats[index], memory.steady_nats[index]
    live = [
        track for track in memory.tracks if track.detection.label == label and now_s - track.last_mono_s <= RECENT_S
    ]
    if not live:
        return Claim(llr_nats, steady_nats)
    best = max(live, key=lambda track: track.score)
    motion = max((track.motion for track in live if track.score >= HELD_ON), default=best.motion)
    held_s = max((now_s - track.held_s for track in live if track.held_s is not None), default=0.0)
    return Claim(llr_nats, steady_nats, best.detection, motion, held_s, figures(memory.marks[index], now_s))


def figures(marks: Marks, now_s: float) -> Figures:
    """The figures of one label's marks."""
    recent = [mark for mark in marks if now_s - mark.mono_s <= FIGURES_S]
    if len(recent) < MARKS_LEAST or recent[-1].mono_s - recent[0].mono_s < SETTLED_S:
        return Figures()
    return Figures(
        settled=True,
        area=statistics.median(mark.area for mark in recent),
        pieces=statistics.median(mark.pieces for mark in recent),
        ragged=statistics.median(mark.ragged for mark in recent),
        growth=_growth(marks, now_s),
    )


def _growth(marks: Marks, now_s: float) -> float:
    """How many times larger it is than at first, if it still is where it was at first; at least 1."""
    early = [mark for mark in marks if mark.mono_s - marks[0].mono_s <= ENDS_S]
    late = [mark for mark in marks if now_s - mark.mono_s <= ENDS_S]
    if min(len(early), len(late)) < MARKS_LEAST or late[0].mono_s - early[0].mono_s < GROWN_S:
        return 1.0
    before = statistics.quantiles((mark.area for mark in early), n=4)[2]
    after = statistics.quantiles((mark.area for mark in late), n=4)[0]
    rooted = statistics.median(_covered(mark, late) for mark in early)
    return max(1.0, after / max(before, 1e-6)) if rooted >= ROOTED else 1.0


def _covered(early: Mark, late: list[Mark]) -> float:
    """The share of an early box that the boxes of the last seconds cover, by their median edges."""
    left, top, right, bottom = (
        statistics.median(values)
        for values in zip(*((mark.left, mark.top, mark.right, mark.bottom) for mark in late), strict=True)
    )
    wide = min(right, early.right) - max(left, early.left)
    high = min(bottom, early.bottom) - max(top, early.top)
    area = (early.right - early.left) * (early.bottom - early.top)
    return max(0.0, wide) * max(0.0, high) / area if area > 0.0 else 0.0
