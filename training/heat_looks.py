"""Looks at drawn scenes, simulated once and kept: what each hot spot was and did, so that any weights can be judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal_trial import DEVICE_S, POINT, watch
from embereye_addon.fuse import thermal
from embereye_addon.fuse.spots import Spot, Track
from embereye_addon.fuse.trends import Trend
from embereye_addon.messages import Rule
from training.heat_scenes import Drawn, draw

PART = 60
"""Seeds in a file; both sets begin at a multiple of it."""
PERIODS_S = (0.5, DEVICE_S)
_RULES = tuple(Rule)
_NO_SAMPLES = np.zeros((0, 6))


@dataclass(frozen=True, slots=True)
class Looks:
    """All looks at one scene at one frame interval.

    `looks` [n,4]: time (s), hottest (°C), the rules as bits, how many hot spots; `tracks` [m,12]: those spots in turn.
    """

    drawn: Drawn
    period_s: float
    looks: NDArray[np.float64]
    tracks: NDArray[np.float64]

    def found(self) -> Iterator[tuple[float, float, frozenset[Rule], tuple[Track, ...]]]:
        """Time, hottest, rules and hot spots of each look."""
        first = 0
        for at_s, hottest_c, bits, count in self.looks:
            rules = frozenset(rule for place, rule in enumerate(_RULES) if int(bits) >> place & 1)
            yield (
                float(at_s),
                float(hottest_c),
                rules,
                tuple(_track(row) for row in self.tracks[first : first + int(count)]),
            )
            first += int(count)

    def judged(self) -> Iterator[tuple[float, thermal.Look]]:
        """Each look as the product tells it now, whatever the weights were when the scene was simulated."""
        limits = self.drawn.scene.limits
        for at_s, hottest_c, rules, found in self.found():
            evidence = thermal.evidence(POINT, found, hottest_c, limits, rules)
            clusters = tuple(thermal.cluster(track) for track in found[:1])
            yield at_s, thermal.Look(hottest_c, 0.0, clusters, evidence)


def _row(track: Track) -> tuple[float, ...]:
    spot, trend = track.spot, track.trend
    place = (spot.peak_c, spot.second_c, spot.contrast_k, spot.area_px, spot.row, spot.column)
    return (*place, trend.rise_k_min, trend.doublings_min, trend.flicker_k, trend.moved_px, track.id, track.since_s)


def _track(row: NDArray[np.float64]) -> Track:
    peak, second, contrast, area, row_px, column, rise, doublings, flicker, moved, number, since = map(float, row)
    spot = Spot(1, (0, 0), peak, second, peak, int(area), 1, row_px, column, contrast)
    return Track(int(number), since, since, spot, _NO_SAMPLES, Trend(rise, doublings, flicker, moved))


def simulate(seeds: range, kept: Path) -> None:
    """Look at every scene of `seeds` at both frame intervals and keep what was seen, one file for each part."""
    for first in range(seeds.start, seeds.stop, PART):
        path = kept / f"{first}.npz"
        if not path.exists():
            _simulate(range(first, min(first + PART, seeds.stop)), path)


def _simulate(seeds: range, path: Path) -> None:
    arrays = {}
    for seed in seeds:
        drawn = draw(seed)
        for place, period_s in enumerate(PERIODS_S):
            looks, tracks = [], []
            for at_s, heat, look in watch(drawn.scene, period_s):
                found = heat.tracks.live[: len(look.clusters)]
                bits = sum((rule in heat.rules) << at for at, rule in enumerate(_RULES))
                looks.append((at_s, look.max_c, bits, len(found)))
                tracks.extend(_row(track) for track in found)
            arrays[f"{seed}.{place}.looks"] = np.array(looks)
            arrays[f"{seed}.{place}.tracks"] = np.array(tracks).reshape(-1, 12)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def load(seeds: range, kept: Path) -> Iterator[Looks]:
    """The kept looks of `seeds`, scene by scene, each at both frame intervals."""
    for seed in seeds:
        drawn = draw(seed)
        with np.load(kept / f"{seed // PART * PART}.npz") as arrays:
            for place, period_s in enumerate(PERIODS_S):
                yield Looks(drawn, period_s, arrays[f"{seed}.{place}.looks"], arrays[f"{seed}.{place}.tracks"])
