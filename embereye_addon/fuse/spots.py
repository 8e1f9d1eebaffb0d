"""Hot spots of one frame, and the same ones from frame to frame. Pure; the caller labels the connected pixels."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.fuse.trends import STEP_S, WINDOWS_S, Trend, trends

MIN_PIXELS = 2
"""`alarm-semantics` asks for at least two neighbouring pixels, so that one bad pixel is never a fire."""
MAX_SPOTS = 16
MAX_TRACKS = 32
NEAR_PX = 3.0
"""A hot spot without overlap is the same as one whose centre was this near: 1.4 m/s at 4 m and two frames a second."""
PAST_S = 31.0
LOST_S = 15.0
"""A track outlives its last sighting by this: a flame that somebody walks in front of keeps its history."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Connected hot pixels. `half_px` is the area above half of the contrast; row and column are the centre's.

    `cells` are the places (row · 32 + column) of the hottest pixel and of the next. The lens spreads whatever is real
    over more than one pixel, so what only the hottest one does is a fault of that pixel.
    """

    label: int
    cells: tuple[int, int]
    peak_c: float
    second_c: float
    mean_c: float
    area_px: int
    half_px: int
    row: float
    column: float
    contrast_k: float


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One hot spot over time: its newest look, when it was first and last seen, its samples [n,6] and their trend.

    A sample is the time, the two hottest pixels (°C), the area `half_px`, row and column of the centre; before it was
    hot, the same two pixels and an area of 0. `usual`: so often was as much seen here to come and go (`habits`), or 0.
    """

    id: int
    since_s: float
    seen_s: float
    spot: Spot
    samples: NDArray[np.float64]
    trend: Trend
    usual: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The frames of the last half minute, about one a second, oldest first: what a new hot spot was before."""

    times_s: tuple[float, ...] = ()
    frames: tuple[NDArray[np.float32], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Every track, those of the newest frame first and hottest first; `owner` [24,32] is 1 + its place where it is."""

    live: tuple[Track, ...] = ()
    owner: NDArray[np.uint8] | None = None
    newest: int = 0


NO_PAST, NO_TRACKS = Past(), Tracks()
_UNKNOWN = Trend(0.0, 0.0, 0.0, 0.0)
_OWNERS = 256  # an owner is a byte


def measure(temps: NDArray[np.float32], ground_c: NDArray[np.float32], labels: NDArray[np.int32]) -> tuple[Spot, ...]:
    """The spots of at least two pixels, hottest first, at most 16. `labels` is 0 where nothing is hot."""
    places = np.flatnonzero(labels)
    label, hot_c = labels.ravel()[places], temps.ravel()[places]
    order = np.lexsort((hot_c, label))
    last = np.flatnonzero(np.diff(label[order], append=0))  # of each label in turn, its hottest pixel
    count = np.bincount(label)[1:]
    peak, ground = hot_c[order[last]], ground_c.ravel()[places]
    contrast = peak - ground[order[last]]
    half = np.bincount(label, weights=hot_c - ground >= contrast[label - 1] / 2)[1:]
    total = np.bincount(label, weights=hot_c)[1:]
    row, column = (np.bincount(label, weights=part)[1:] for part in np.divmod(places, temps.shape[1]))
    large = np.flatnonzero(count >= MIN_PIXELS)
    return tuple(
        Spot(
            label=int(one) + 1,
            cells=(int(places[order[last[one]]]), int(places[order[last[one] - 1]])),
            peak_c=float(peak[one]),
            second_c=float(hot_c[order[last[one] - 1]]),
            mean_c=float(total[one] / count[one]),
            area_px=int(count[one]),
            half_px=max(1, int(half[one])),
            row=float(row[one] / count[one]),
            column=float(column[one] / count[one]),
            contrast_k=float(contrast[one]),
        )
        for one in large[np.argsort(-peak[large], kind="stable")[:MAX_SPOTS]]
    )


def _covered(tracks: Tracks, labels: NDArray[np.int32]) -> dict[int, list[int]]:
    """The places of the tracks that each label covers, the one it covers most of first."""
    covered: dict[int, list[int]] = {}
    if tracks.owner is None:
        return covered
    both = np.flatnonzero((labels > 0) & (tracks.owner > 0))
    pairs = labels.ravel()[both] * _OWNERS + tracks.owner.ravel()[both]
    pixels = np.bincount(pairs)
    seen = np.flatnonzero(pixels)
    for pair in seen[np.argsort(-pixels[seen], kind="stable")].tolist():
        covered.setdefault(pair // _OWNERS, []).append(pair % _OWNERS - 1)
    return covered


def _match(tracks: Tracks, spot: Spot, covered: dict[int, list[int]], free: set[int]) -> int | None:
    """The place of the track that this spot continues: the one it covers most of, else the nearest one."""
    for place in covered.get(spot.label, ()):
        if place in free:
            return place
    near = [
        (away, place)
        for place in free
        if (away := math.hypot(tracks.live[place].spot.row - spot.row, tracks.live[place].spot.column - spot.column))
        <= NEAR_PX
    ]
    return min(near)[1] if near else None


def _sample(spot: Spot, now_mono_s: float) -> NDArray[np.float64]:
    return np.array([(now_mono_s, spot.peak_c, spot.second_c, spot.half_px, spot.row, spot.column)])


def _new(number: int, spot: Spot, past: Past, now_mono_s: float) -> Track:
    """A track that begins; its pixels' own past tells a thing that came to be here from one that warmed up here."""
    before = [
        (at_s, *frame.ravel()[list(spot.cells)], 0.0, spot.row, spot.column)
        for at_s, frame in zip(past.times_s, past.frames, strict=True)
        if now_mono_s > at_s
    ]
    samples = np.array([*before, *_sample(spot, now_mono_s)], dtype=np.float64)
    return Track(number, now_mono_s, now_mono_s, spot, samples, _UNKNOWN)


def _seen(track: Track, spot: Spot, now_mono_s: float) -> Track:
    """The track with one more look; its trend is unknown after every new sample, one a second."""
    if now_mono_s - track.samples[-1, 0] < 0.9 * STEP_S:
        return replace(track, seen_s=now_mono_s, spot=spot)
    first = int(np.searchsorted(track.samples[:, 0], now_mono_s - WINDOWS_S[-1] - 1.0))
    samples = np.concatenate((track.samples[first:], _sample(spot, now_mono_s)))
    return replace(track, seen_s=now_mono_s, spot=spot, samples=samples, trend=_UNKNOWN)


def _judged(seen: list[Track]) -> list[Track]:
    """The same tracks; those whose trend is unknown have it again."""
    new = [place for place, track in enumerate(seen) if track.trend is _UNKNOWN]
    for place, trend in zip(new, trends([seen[place].samples for place in new]), strict=True):
        seen[place] = replace(seen[place], trend=trend)
    return seen


def remember(past: Past, temps: NDArray[np.float32], now_mono_s: float) -> Past:
    """The past with one more frame, which must never be written to again."""
    if past.times_s and now_mono_s - past.times_s[-1] < 0.9 * STEP_S:
        return past
    first = next((n for n, at_s in enumerate(past.times_s) if at_s >= now_mono_s - PAST_S), len(past.times_s))
    return Past((*past.times_s[first:], now_mono_s), (*past.frames[first:], temps))


def follow(tracks: Tracks, spots: tuple[Spot, ...], labels: NDArray[np.int32], past: Past, now_mono_s: float) -> Tracks:
    """The tracks after one frame: the first `len(spots)` of them are those of `spots`, in the same order."""
    if not spots and not tracks.live:
        return tracks
    free = {place for place, track in enumerate(tracks.live) if now_mono_s - track.seen_s <= LOST_S}
    newest, seen = tracks.newest, []
    owners = np.zeros(int(labels.max()) + 1, dtype=np.uint8)
    covered = _covered(tracks, labels)
    for number, spot in enumerate(spots, start=1):
        owners[spot.label] = number
        place = _match(tracks, spot, covered, free)
        if place is None:
            newest += 1
            seen.append(_new(newest, spot, past, now_mono_s))
        else:
            free.remove(place)
            seen.append(_seen(tracks.live[place], spot, now_mono_s))
    lost = [tracks.live[place] for place in sorted(free)]
    return Tracks(tuple(_judged(seen) + lost)[:MAX_TRACKS], owners[labels], newest)
