"""From a calibrated 32x24 thermal frame to hot spots and heat evidence. Pure: state in, state out."""

from dataclasses import dataclass, replace

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from embereye_addon.messages import Cluster, Evidence, Kind, Rule

HYSTERESIS_K = 5.0
"""A rule that holds ends this far below its limit."""
CONTRAST_K = 10.0
"""Pixels this far above their learned background are hot; a person is 5 to 9 K above a room."""
MIN_PIXELS = 2
"""`alarm-semantics` asks for at least two neighbouring pixels, so that one bad pixel is never a fire."""
RISE_WINDOW_S = 30.0
RISE_PRE_K_MIN = 10.0
RISE_ALARM_K_MIN = 20.0
RISE_ABOVE_MEDIAN_K = 15.0
BACKGROUND_S = 600.0
"""Time constant of the learned background; pixels that are hot now are learned 20 times slower."""
STATIC_CAP_NATS = 5.0
"""A hot thing that does not grow (a radiator, a kettle) neither makes nor holds a pre-alarm on its own."""
GROWING_CAP_NATS = 24.0
ABSOLUTE_ZERO_C = -273.15
"""Stands for "not known": it is never hot, and never learned."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The fixed-temperature limits of the device's zone, °C."""

    pre_c: float = 65.0
    alarm_c: float = 85.0


@dataclass(frozen=True, slots=True)
class Heat:
    """What is remembered of one device between frames."""

    background_c: NDArray[np.float32] | None = None
    at_mono_s: float = 0.0
    over_alarm: int = 0
    rules: frozenset[Rule] = frozenset()
    history: tuple[tuple[float, float, float], ...] = ()
    """(monotonic s, cluster maximum °C, scene median °C), thinned to about 2 a second over 60 s."""


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
    temps = np.where(valid, to_c, ABSOLUTE_ZERO_C).astype(np.float32)
    median = float(np.median(temps[valid]))
    # The background never starts above the scene: what is hot at the first frame stays visible. Nor does it start
    # at absolute zero where a pixel is invalid: that one would be a fire for hours once it works.
    first = np.where(valid, np.minimum(temps, median + CONTRAST_K / 2), median).astype(np.float32)
    ground = first if heat.background_c is None else heat.background_c
    hot = valid & ((temps >= ground + CONTRAST_K) | (temps >= limits.pre_c - HYSTERESIS_K))
    clusters = _clusters(temps, hot, ground)
    hottest = float(temps.max())
    peak = clusters[0].peak_c if clusters else hottest
    history = _remember(heat.history, now_mono_s, peak, median)
    rise = _rise_k_min(history)
    over = heat.over_alarm + 1 if _pair_above(temps, hot, limits.alarm_c) else 0
    rules = _rules(heat.rules, temps, hot, limits, over) | _rise_rules(heat.rules, rise, peak - median, bool(clusters))
    if clusters:
        clusters = (msgspec.structs.replace(clusters[0], rise_k_min=round(rise, 2)), *clusters[1:])
    after = Heat(_learn(ground, temps, hot, heat, now_mono_s), now_mono_s, over, rules, history)
    return after, Look(hottest, median, clusters, _evidence(point, clusters, peak, rise, rules))


def _clusters(temps: NDArray[np.float32], hot: NDArray[np.bool_], ground: NDArray[np.float32]) -> tuple[Cluster, ...]:
    """Connected hot pixels (8 neighbours) of at least two, hottest first, at most 16."""
    if not hot.any():
        return ()
    count, labels = cv2.connectedComponents(hot.astype(np.uint8), connectivity=8)
    found = []
    for label in range(1, count):
        rows, columns = np.nonzero(labels == label)
        if rows.size < MIN_PIXELS:
            continue
        inside = temps[rows, columns]
        hottest = int(inside.argmax())
        found.append(
            Cluster(
                peak_c=round(float(inside[hottest]), 2),
                mean_c=round(float(inside.mean()), 2),
                area_px=int(rows.size),
                x=float((columns.mean() + 0.5) / 32),
                y=float((rows.mean() + 0.5) / 24),
                contrast_k=round(float(inside[hottest] - ground[rows[hottest], columns[hottest]]), 2),
            )
        )
    return tuple(sorted(found, key=lambda cluster: -cluster.peak_c)[:16])


def _pair_above(temps: NDArray[np.float32], hot: NDArray[np.bool_], limit_c: float) -> bool:
    """Whether two neighbouring (8 neighbours) hot pixels are at or above the limit."""
    above = (hot & (temps >= limit_c)).astype(np.uint8)
    if int(above.sum()) < MIN_PIXELS:
        return False
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(above, connectivity=8)
    return int(stats[1:, cv2.CC_STAT_AREA].max()) >= MIN_PIXELS


def _rules(
    held: frozenset[Rule], temps: NDArray[np.float32], hot: NDArray[np.bool_], limits: Limits, over: int
) -> frozenset[Rule]:
    """The fixed-temperature rules with hysteresis; alarm needs two consecutive full frames."""
    rules = set()
    if _pair_above(temps, hot, limits.pre_c - HYSTERESIS_K * (Rule.FIXED_TEMPERATURE_PRE in held)):
        rules.add(Rule.FIXED_TEMPERATURE_PRE)
    if over >= 2 or (Rule.FIXED_TEMPERATURE in held and _pair_above(temps, hot, limits.alarm_c - HYSTERESIS_K)):
        rules.add(Rule.FIXED_TEMPERATURE)
    return frozenset(rules)


def _rise_rules(held: frozenset[Rule], rise_k_min: float, above_k: float, clustered: bool) -> frozenset[Rule]:
    """The rate-of-rise rules: sustained over 30 s, at least 15 K above the scene's median; a fifth of hysteresis."""
    if not clustered or above_k < RISE_ABOVE_MEDIAN_K:
        return frozenset()
    rules = set()
    for rule, limit in ((Rule.RATE_OF_RISE_PRE, RISE_PRE_K_MIN), (Rule.RATE_OF_RISE, RISE_ALARM_K_MIN)):
        if rise_k_min >= limit * (0.8 if rule in held else 1.0):
            rules.add(rule)
    return frozenset(rules)


def _remember(
    history: tuple[tuple[float, float, float], ...], now: float, peak: float, median: float
) -> tuple[tuple[float, float, float], ...]:
    """History with this look, at most 2 a second, the last 60 s."""
    if history and now - history[-1][0] < 0.5:
        return history
    return (*(row for row in history if now - row[0] <= 60.0), (now, peak, median))


def _rise_k_min(history: tuple[tuple[float, float, float], ...]) -> float:
    """The slower of the rises (K/min, least squares) over the two halves of the last 30 s; 0 until there are 30 s.

    The slower half is what "sustained" means: a step that came and stayed has one flat half.
    """
    newest = history[-1][0]
    recent = np.array([(row[0], row[1]) for row in history if newest - row[0] <= RISE_WINDOW_S + 1.0])
    if len(recent) < 6 or newest - recent[0, 0] < RISE_WINDOW_S * 0.95:
        return 0.0
    middle = newest - RISE_WINDOW_S / 2
    halves = (recent[recent[:, 0] <= middle], recent[recent[:, 0] > middle])
    if min(len(half) for half in halves) < 3:
        return 0.0
    return 60.0 * min(float(np.polyfit(half[:, 0] - newest, half[:, 1], 1)[0]) for half in halves)


def _learn(
    ground: NDArray[np.float32], temps: NDArray[np.float32], hot: NDArray[np.bool_], heat: Heat, now: float
) -> NDArray[np.float32]:
    """The background a little nearer to this frame; hot pixels 20 times slower."""
    if heat.background_c is None:
        return ground
    step = min(1.0, max(0.0, now - heat.at_mono_s) / BACKGROUND_S)
    rate = np.where(hot, step / 20.0, step).astype(np.float32)
    rate[temps == np.float32(ABSOLUTE_ZERO_C)] = 0.0
    return (ground + rate * (temps - ground)).astype(np.float32)


def _evidence(
    point: str, clusters: tuple[Cluster, ...], peak_c: float, rise_k_min: float, rules: frozenset[Rule]
) -> Evidence:
    """Heat evidence: nothing below 10 K of contrast, up to 3 nats at 50 K; growth lifts the cap.

    The curve is a model, not a fit: contrasts under 10 K are people and sun, those over 50 K with a rise are not
    found in rooms that do not burn.
    """
    if not clusters:
        return Evidence(point=point, kind=Kind.HEAT, llr_nats=-0.3, value=round(peak_c, 2), unit="°C")
    top = clusters[0]
    llr = min(3.0, max(0.0, (top.contrast_k - CONTRAST_K) / 40.0 * 3.0))
    growing = rise_k_min >= RISE_PRE_K_MIN or Rule.FIXED_TEMPERATURE in rules
    return Evidence(
        point=point,
        kind=Kind.HEAT,
        llr_nats=round(llr, 3),
        value=top.peak_c,
        unit="°C",
        where=f"cell {int(top.x * 32)},{int(top.y * 24)}",
        cap_nats=GROWING_CAP_NATS if growing else STATIC_CAP_NATS,
        rules=tuple(sorted(rules)),
    )
