"""From a calibrated 32x24 thermal frame to hot spots and heat evidence. Pure: state in, state out."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.fuse import background, habits, spots
from embereye_addon.fuse.background import CONTRAST_K, Background
from embereye_addon.fuse.habits import Habits
from embereye_addon.fuse.heat_table import RAISED, USUAL, Table, Weights
from embereye_addon.fuse.spots import MIN_PIXELS, NO_PAST, NO_TRACKS, Past, Track, Tracks
from embereye_addon.fuse.trends import median
from embereye_addon.messages import Cluster, Evidence, Kind, Rule

HYSTERESIS_K = 5.0
"""A rule that holds ends this far below its limit."""
RISE_HYSTERESIS = 0.8
RISE_ABOVE_MEDIAN_K = 15.0
SKIN_C = 38.0
"""Skin is no warmer than this, fever aside. What people and their clothes can be is no evidence, whatever the room."""
MOST_NATS = 5.0
"""No look claims more: e^5 is 150, and not many more scenes without a fire than that were there to fit it."""
QUIET_NATS = -0.3
"""A look without a hot spot: little, as such looks are much alike. No hot spot speaks louder against a fire."""
STILL_RISING_K_MIN = 2.0
"""Half-way from its zone's pre-alarm limit to that of the alarm nothing may go on rising: thermostats act below.

Four times what the background itself may drift."""
FLICKER_K, FLICKER_SHARE = 1.5, 0.05
"""Flames waver by a tenth to a third of their radiance; a hot body by the noise of the array, 0.1 to 0.3 K."""
SIGN_K = 10.0
"""Below this excess a flicker or a growth says nothing: hands and faces flicker too."""
GROWTH_DOUBLINGS_MIN = 0.5
MOVED_PX = 2.0
"""What moved further than this, and than its own size, is carried or driven: fires stay where they are."""
STATIC_CAP_NATS = 5.0
"""A hot thing that does not change (a radiator, a kettle) neither makes nor holds a pre-alarm on its own."""
SIGN_CAP_NATS = 11.5
"""One sign of fire alone makes a pre-alarm at normal sensitivity and an alarm at none."""
GROWING_CAP_NATS = 24.0
ABSOLUTE_ZERO_C = -273.15
"""Stands for "not known": it is never hot, and never learned."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the device's zone, fixed temperatures in °C, rates of rise in K/min; and which rules are in force.

    A rule that is switched off asks for nothing by itself; its limits still say what the zone takes for usual.
    `habits`: what comes and goes by itself again and again is learned, and asks for nothing then.
    """

    pre_c: float = 65.0
    alarm_c: float = 85.0
    rise_pre_k_min: float = 10.0
    rise_alarm_k_min: float = 20.0
    fixed_rule: bool = True
    rise_rule: bool = True
    habits: bool = True


@dataclass(frozen=True, slots=True)
class Heat:
    """What is remembered of one device between frames."""

    ground: Background | None = None
    over_alarm: int = 0
    rules: frozenset[Rule] = frozenset()
    tracks: Tracks = NO_TRACKS
    past: Past = NO_PAST
    habits: Habits = habits.NONE


@dataclass(frozen=True, slots=True)
class Look:
    """One frame's result: scene maximum and median (°C), clusters hottest first, one piece of heat evidence."""

    max_c: float
    median_c: float
    clusters: tuple[Cluster, ...]
    evidence: Evidence


def look(
    heat: Heat,
    to_c: NDArray[np.float32],
    replaced: NDArray[np.bool_],
    point: str,
    limits: Limits,
    now_mono_s: float,
) -> tuple[Heat, Look]:
    """Judge one frame: `to_c` [24, 32] float32 °C (NaN = invalid), `replaced` [24, 32] bool, both of the device.

    A pixel that is invalid or replaced never counts towards a cluster's size; a frame without a valid pixel claims
    nothing, for or against a fire, and teaches nothing.
    """
    valid = np.isfinite(to_c) & ~replaced
    if not valid.any():
        blind = Evidence(point=point, kind=Kind.HEAT, llr_nats=0.0, value=ABSOLUTE_ZERO_C, unit="°C")
        return replace(heat, over_alarm=0, rules=frozenset()), Look(ABSOLUTE_ZERO_C, ABSOLUTE_ZERO_C, (), blind)
    temps = np.where(valid, to_c, np.float32(ABSOLUTE_ZERO_C)).astype(np.float32, copy=False)
    middle_c = median(temps[valid])
    ground = background.begin(temps, valid, middle_c, now_mono_s) if heat.ground is None else heat.ground
    hot = valid & ((temps >= ground.hot_c()) | (temps >= limits.pre_c - HYSTERESIS_K))
    tracks, found = _track(heat, temps, ground, hot, now_mono_s)
    over = heat.over_alarm + 1 if _pair_above(temps, hot, limits.alarm_c) else 0
    known = _habits(heat.habits, found, middle_c, limits, now_mono_s)
    judged = habits.marked(known, found, now_mono_s)
    rules = _rules(heat.rules, temps, (hot, _unusual(hot, tracks, judged)), limits, over)
    rules |= _rise_rules(heat.rules, judged, middle_c, limits)
    learned = background.learn(ground, temps, valid, hot, now_mono_s)
    after = Heat(learned, over, rules, tracks, spots.remember(heat.past, temps, now_mono_s), known)
    hottest = float(temps.max())
    clusters = tuple(cluster(track, mark.usual) for track, mark in zip(found, judged, strict=True))
    return after, Look(hottest, middle_c, clusters, evidence(point, judged, hottest, limits, rules))


def _track(
    heat: Heat, temps: NDArray[np.float32], ground: Background, hot: NDArray[np.bool_], now_mono_s: float
) -> tuple[Tracks, tuple[Track, ...]]:
    """Every track after this frame, and those of them that are in it, hottest first."""
    found: tuple[spots.Spot, ...] = ()
    labels = np.zeros(hot.shape, dtype=np.int32)
    if hot.any():
        labels = cv2.connectedComponents(hot.view(np.uint8), connectivity=8)[1].astype(np.int32, copy=False)
        found = spots.measure(temps, ground.middle_c, labels)
    after = spots.follow(heat.tracks, found, labels, heat.past, now_mono_s)
    return after, after.live[: len(found)]


def _habits(known: Habits, found: tuple[Track, ...], middle_c: float, limits: Limits, now_mono_s: float) -> Habits:
    """What is usual here, and what goes on now: all that meets a limit before the alarm's temperature, or nearly so."""
    if not limits.habits:
        return habits.NONE
    rise, warm_c = RISE_HYSTERESIS * limits.rise_pre_k_min, limits.pre_c - HYSTERESIS_K
    asking = [track for track in found if track.spot.second_c >= warm_c or _rises(track, middle_c, rise)]
    return habits.watched(known, found, asking, limits.alarm_c, now_mono_s)


def _unusual(hot: NDArray[np.bool_], tracks: Tracks, judged: tuple[Track, ...]) -> NDArray[np.bool_]:
    """[24,32]: what is hot without being usual."""
    usual = [place for place, track in enumerate(judged, start=1) if track.usual]
    return hot if not usual or tracks.owner is None else hot & ~np.isin(tracks.owner, usual)


def cluster(track: Track, usual: int = 0) -> Cluster:
    """A track as it is told."""
    spot = track.spot
    return Cluster(
        peak_c=round(spot.peak_c, 2),
        mean_c=round(spot.mean_c, 2),
        area_px=spot.area_px,
        x=(spot.column + 0.5) / 32,
        y=(spot.row + 0.5) / 24,
        contrast_k=round(spot.contrast_k, 2),
        rise_k_min=round(track.trend.rise_k_min, 2),
        track=track.id,
        age_s=round(track.seen_s - track.since_s, 1),
        usual=usual,
    )


def _pair_above(temps: NDArray[np.float32], hot: NDArray[np.bool_], limit_c: float) -> bool:
    """Whether two neighbouring (8 neighbours) hot pixels are at or above the limit."""
    above = hot & (temps >= limit_c)
    if np.count_nonzero(above) < MIN_PIXELS:
        return False
    beside = (above[:, 1:] & above[:, :-1]).any() or (above[1:] & above[:-1]).any()
    return bool(beside or (above[1:, 1:] & above[:-1, :-1]).any() or (above[1:, :-1] & above[:-1, 1:]).any())


def _rules(
    held: frozenset[Rule],
    temps: NDArray[np.float32],
    hot_unusual: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    limits: Limits,
    over: int,
) -> frozenset[Rule]:
    """The fixed-temperature rules with hysteresis; alarm needs two consecutive full frames, be it ever so usual."""
    if not limits.fixed_rule:
        return frozenset()
    rules, (hot, unusual) = set(), hot_unusual
    if _pair_above(temps, unusual, limits.pre_c - HYSTERESIS_K * (Rule.FIXED_TEMPERATURE_PRE in held)):
        rules.add(Rule.FIXED_TEMPERATURE_PRE)
    if over >= 2 or (Rule.FIXED_TEMPERATURE in held and _pair_above(temps, hot, limits.alarm_c - HYSTERESIS_K)):
        rules.add(Rule.FIXED_TEMPERATURE)
    return frozenset(rules)


def _rise_rules(held: frozenset[Rule], found: tuple[Track, ...], median_c: float, limits: Limits) -> frozenset[Rule]:
    """The rate-of-rise rules: sustained over 30 s, at least 15 K above the scene's median; a fifth of hysteresis."""
    if not limits.rise_rule:
        return frozenset()
    rises = [track.trend.rise_k_min for track in found if _rises(track, median_c, 0.0)]
    fastest = max(rises, default=0.0)
    limit_of = {Rule.RATE_OF_RISE_PRE: limits.rise_pre_k_min, Rule.RATE_OF_RISE: limits.rise_alarm_k_min}
    return frozenset(
        rule for rule, limit in limit_of.items() if fastest >= limit * (RISE_HYSTERESIS if rule in held else 1.0)
    )


def _rises(track: Track, median_c: float, limit_k_min: float) -> bool:
    """Whether a hot spot that is far enough above the scene rises so fast."""
    return track.spot.peak_c - median_c >= RISE_ABOVE_MEDIAN_K and track.trend.rise_k_min >= limit_k_min


@dataclass(frozen=True, slots=True)
class Signs:
    """What may tell a fire in one hot spot; never below 0.

    How much hotter than its background and than people it is, as a multiple of what its zone allows before a pre-alarm;
    its rise and its flicker, as multiples of the limits from which they are signs of fire; its growth in doublings a
    minute.
    """

    heat: float
    rise: float
    growth: float
    flicker: float

    @property
    def shown(self) -> int:
        """How many of rise, growth and flicker are signs of fire."""
        return (self.rise >= 1.0) + (self.growth >= GROWTH_DOUBLINGS_MIN) + (self.flicker >= 1.0)


def _beyond(track: Track, limits: Limits) -> bool:
    """Whether a hot spot is where nothing may go on rising: half-way from the pre-alarm's limit to the alarm's."""
    return track.spot.peak_c >= (limits.pre_c + limits.alarm_c) / 2


def signs(track: Track, limits: Limits) -> Signs:
    """What one hot spot shows. What moves about or is hardly warmer than a hand neither grows nor flickers."""
    spot, trend = track.spot, track.trend
    excess_k = max(0.0, min(spot.contrast_k - CONTRAST_K, spot.peak_c - SKIN_C))
    if not excess_k:
        return Signs(0.0, 0.0, 0.0, 0.0)
    needed = min(STILL_RISING_K_MIN, limits.rise_pre_k_min) if _beyond(track, limits) else limits.rise_pre_k_min
    heat, rise = excess_k / max(SIGN_K, limits.pre_c - SKIN_C), max(0.0, trend.rise_k_min / needed)
    if excess_k < SIGN_K or trend.moved_px > max(MOVED_PX, spot.area_px**0.5):
        return Signs(heat, rise, 0.0, 0.0)
    wavers = max(FLICKER_K, FLICKER_SHARE * (spot.contrast_k - spot.peak_c + spot.second_c))
    return Signs(heat, rise, max(0.0, trend.doublings_min), trend.flicker_k / wavers)


def _between(table: Table, value: float) -> float:
    """The table's nats at a value: linear between its rows, level beyond the last."""
    before, under = table[0]
    for at, nats in table[1:]:
        if value < at:
            return under + (nats - under) * (value - before) / (at - before)
        before, under = at, nats
    return under


def raised(limits: Limits) -> bool:
    """Whether a zone says by its limits that hot things are usual in it."""
    return limits.pre_c > Limits().pre_c or limits.rise_pre_k_min > Limits().rise_pre_k_min


def weigh(seen: Signs, weights: Weights) -> float:
    """The log-likelihood ratio (nats) of what a hot spot shows."""
    bias, heat, rise, growth, flicker = weights
    return (
        bias
        + _between(heat, seen.heat)
        + _between(rise, seen.rise)
        + _between(growth, seen.growth)
        + _between(flicker, seen.flicker)
    )


def _claim(track: Track, limits: Limits) -> tuple[float, float]:
    """What one hot spot says for a fire: the cap it may reach and its log-likelihood ratio (nats).

    The ratio is of one look; looks at one thing are alike, so the caps bound what they may add up to. Each sign of fire
    lifts the cap; two signs, or one half-way beyond the zone's limits, or a rise at the alarm rate, lift it altogether.
    """
    seen = signs(track, limits)
    nats = min(MOST_NATS, max(QUIET_NATS, weigh(seen, RAISED if raised(limits) else USUAL)))
    if not seen.shown:
        return STATIC_CAP_NATS, nats
    count = seen.shown + _beyond(track, limits) + (track.trend.rise_k_min >= limits.rise_alarm_k_min)
    return (GROWING_CAP_NATS if count >= 2 else SIGN_CAP_NATS), nats


def evidence(
    point: str, found: tuple[Track, ...], hottest_c: float, limits: Limits, rules: frozenset[Rule]
) -> Evidence:
    """Heat evidence of the hot spot that says most for a fire; a little against one where there is none."""
    if not found:
        return Evidence(point=point, kind=Kind.HEAT, llr_nats=QUIET_NATS, value=round(hottest_c, 2), unit="°C")
    claims = [(*_claim(track, limits), -place) for place, track in enumerate(found)]
    cap, nats, place = max(claims)
    spot, seen = found[-place].spot, found[-place].usual
    if Rule.FIXED_TEMPERATURE in rules:
        cap = GROWING_CAP_NATS
    return Evidence(
        point=point,
        kind=Kind.HEAT,
        llr_nats=round(nats, 3),
        value=round(spot.peak_c, 2),
        unit="°C",
        where=f"cell {int(spot.column + 0.5)},{int(spot.row + 0.5)}" + (f"; usual, seen {seen} times" if seen else ""),
        cap_nats=cap,
        rules=tuple(sorted(rules)),
    )
