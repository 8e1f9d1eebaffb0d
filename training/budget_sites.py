"""What the budget study assumes of places: what happens in them without a fire, how often, and who sees it.

Every figure here that is no trace is an assumption; `docs/decision-study.md` prints them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal_scenes import KITCHEN as RAISED
from embereye_addon.demo.thermal_things import Place as Spot
from embereye_addon.fuse.habits import Episode
from embereye_addon.fuse.thermal import Limits
from training.budget_scenes import Things
from training.budget_traces import Rows, Trace

CAMERAS = ("cam.a", "cam.b")
DEVICE = "pf.a"
DAY_S = 86400.0
YEAR_DAYS = 365
LONG_S = (10.0, 600.0)
"""How long a look-alike stays in view: any ratio as likely."""
BOTH = 0.5
"""Of the look-alikes of one camera, so many are seen by the other camera too, at the same level."""
THINGS = 10
"""So many things that look more or less like flame or smoke come and go before a camera, the same ones all year."""
FLAME, SMOKE = 0.0, 1.0
YOUNG_S, FREE_NATS = 2.0, 24.0
TIMES, PANS = 8, 24
"""So many different times of a thing that is always there, and pans on a stove, are simulated; each comes often."""
STOVE = (Spot(8.0, 8.0, 1.2), Spot(16.0, 24.0, 4.0))
"""A stove stands anywhere between these."""

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Place:
    """Events a day: scenes of heat by kind, small flames and wisps that everybody sees, look-alikes of each camera.

    `fixtures`: of these kinds there are so many in a zone, the same ones all year; `stove`: of these kinds all are on
    the zone's stove; of the others each is another, anywhere, and so never usual. `limits` are those of its devices.
    """

    name: str
    heat: Mapping[str, float]
    shown: Mapping[str, float]
    alike: float = 5.0
    fixtures: Mapping[str, int] = field(default_factory=dict)
    stove: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)


OFFICE = Place(
    "office",
    MappingProxyType(
        {
            "people": 20.0,
            "somebody sits": 6.0,
            "radiator or machine": 2.0,
            "people before it": 4.0,
            "sun and clouds": 2.0,
            "cup or pot": 6.0,
            "heater that pulses": 1.0,
            "hot tool in a hand": 1 / 30,
            "noisy pixel": 1 / 365,
        }
    ),
    MappingProxyType({"candle_bowl": 1 / 28, "lighter_face": 1 / 28, "cigarette_person": 1 / 28}),
    fixtures=MappingProxyType({"radiator or machine": 2, "sun and clouds": 1, "heater that pulses": 1}),
)
KITCHEN = Place(
    "kitchen",
    MappingProxyType(
        {
            "people": 20.0,
            "kettle (kitchen)": 6.0,
            "cooking (kitchen)": 3.0,
            "oven opened (kitchen)": 1.0,
            "cup or pot": 6.0,
            "noisy pixel": 1 / 365,
        }
    ),
    MappingProxyType({"candle_bowl": 1 / 14, "lighter_face": 1 / 7, "cigarette_person": 1 / 28}),
    fixtures=MappingProxyType({"kettle (kitchen)": 1, "oven opened (kitchen)": 1}),
    stove=frozenset(("cooking (kitchen)",)),
    limits=RAISED,
)
PLACES = (OFFICE, KITCHEN)
FLAMES_HEAT = "candle, cigarette"
"""What the PF device sees of a small flame or wisp that the cameras see: a scene of this kind, lit at the same time."""


@dataclass(frozen=True, slots=True)
class Level:
    """Single pictures without a fire that a model was not trained on: log-likelihood ratios as a histogram (nats)."""

    edges: NDArray[np.float64]
    counts: NDArray[np.float64]

    def draw(self, rng: Rng) -> float:
        """One picture's ratio, anywhere in its bin."""
        place = int(rng.choice(len(self.counts), p=self.counts / self.counts.sum()))
        return float(rng.uniform(self.edges[place], self.edges[place + 1]))


@dataclass(frozen=True, slots=True)
class Pool:
    """All that can happen: scenes of heat by kind and their seeds, things that come again, clips by name, clips without
    a fire, levels of flame and smoke.

    `caps` (nats) are those measured of looks at what a camera wrongly takes for flame or smoke; of a share `free` of
    such things the cap is that of what grows instead, though none was measured.
    """

    scenes: Mapping[str, tuple[Trace, ...]]
    clips: Mapping[str, Trace]
    calm: tuple[Trace, ...]
    levels: tuple[Level, Level]
    caps: tuple[Rows, Rows] = field(repr=False)
    free: float = 0.0
    seeds: Mapping[str, list[int]] = field(default_factory=dict)
    things: Things | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that happens: when (s), who sees it, and the rows of evidence (time from its own begin).

    `what` names its sort; `key` is the same for events that are the same. What is always there or on a stove consists
    of `episodes`; once these are usual, the rows are `usual`.
    """

    at_s: float
    source: str
    rows: Rows
    until_s: float
    what: str
    key: str
    usual: Rows | None = None
    episodes: tuple[Episode, ...] = ()

    def at(self, at_s: float) -> "Event":
        """The same at another time."""
        return replace(self, at_s=at_s)

    def once_usual(self) -> "Event":
        """The same where it is usual."""
        return self if self.usual is None else replace(self, rows=self.usual, key=f"{self.key} usual")


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone: what can happen there, as groups of events that happen together, and how often a day each of them does.

    What never speaks for a fire is left out: it could only lower a sum.
    """

    number: int
    happenings: tuple[tuple[float, tuple[tuple[Event, ...], ...]], ...]


def zone(number: int, place: Place, pool: Pool, rng: Rng) -> Zone:
    """A zone of this sort, drawn from all that can happen."""
    found: list[tuple[float, tuple[tuple[Event, ...], ...]]] = []
    stove = Spot(*(rng.uniform(low, high) for low, high in zip(*map(_of, STOVE), strict=True)))
    for kind, per_day in place.heat.items():
        if kind in place.fixtures or kind in place.stove:
            traces = _again(kind, place, pool, stove, rng)
            found.append((per_day, tuple((comes_again(trace),) for trace in traces)))
        else:
            found.append((per_day, tuple((_seen(DEVICE, trace, kind),) for trace in pool.scenes[kind])))
    for name, per_day in place.shown.items():
        shown = [_seen(camera, pool.clips[name], name) for camera in CAMERAS]
        felt = [_seen(DEVICE, trace, name) for trace in pool.scenes[FLAMES_HEAT]]
        found.append((per_day, tuple((*shown, each) for each in felt)))
    for first in (0, 1):
        things = tuple(_alike(f"{number} {first} {thing}", first, pool, rng) for thing in range(THINGS))
        found.append((place.alike, things))
    return Zone(number, tuple(found))


def _of(spot: Spot) -> tuple[float, float, float]:
    return spot.row, spot.column, spot.distance_m


def _again(kind: str, place: Place, pool: Pool, stove: Spot, rng: Rng) -> tuple[Trace, ...]:
    """What comes again in one zone: so many fixtures, each so many times; or so many pans on its stove."""
    assert pool.things is not None
    seeds = pool.seeds[kind]
    if kind in place.stove:
        return pool.things.on_stove([seeds[int(each)] for each in rng.integers(len(seeds), size=PANS)], stove)
    picked = [seeds[int(each)] for each in rng.integers(len(seeds), size=place.fixtures[kind])]
    return tuple(trace for seed in picked for trace in pool.things.fixture(seed, TIMES))


def year(place: Zone, rng: Rng) -> list[Event]:
    """A zone-year of quiet, as events in the order of time."""
    events: list[Event] = []
    for per_day, groups in place.happenings:
        for at_s in rng.uniform(0.0, YEAR_DAYS * DAY_S, rng.poisson(per_day * YEAR_DAYS)).tolist():
            group = groups[int(rng.integers(len(groups)))]
            events += [event.at(at_s) for event in group if len(event.rows) or event.episodes]
    return sorted(events, key=lambda event: event.at_s)


def supporting(rows: Rows) -> Rows:
    """The rows from the first that speaks for a fire to the last."""
    speaks = np.flatnonzero((rows[:, 2] > 0.0) | (rows[:, 4] > 0.0))
    return rows[speaks[0] : speaks[-1] + 1] if len(speaks) else rows[:0]


def _event(source: str, rows: Rows, what: str, key: str) -> Event:
    kept = supporting(rows)
    return Event(0.0, source, kept, float(kept[-1, 0]) if len(kept) else 0.0, what, key)


def _seen(source: str, trace: Trace, what: str) -> Event:
    return _event(source, trace.rows, what, f"{source} {trace.name}")


def comes_again(trace: Trace) -> Event:
    """Something that may become usual before the zone's device."""
    event = _seen(DEVICE, trace, trace.sort)
    if trace.usual is None:
        return event
    return replace(event, usual=supporting(trace.usual), episodes=trace.episodes)


def _alike(name: str, first: int, pool: Pool, rng: Rng) -> tuple[Event, ...]:
    """Something that looks more or less like flame or smoke, before one camera or both."""
    levels = tuple(level.draw(rng) for level in pool.levels)
    long_s = float(np.exp(rng.uniform(*np.log(LONG_S))))
    cameras = (CAMERAS[first], CAMERAS[1 - first])[: 1 + (rng.random() < BOTH)]
    free = rng.random() < pool.free
    found = []
    for camera in cameras:
        calm = pool.calm[int(rng.integers(len(pool.calm)))]
        rows = alike_rows(calm, levels, long_s, pool, rng)
        if free:
            rows[rows[:, 0] >= YOUNG_S, 3] = FREE_NATS
        found.append(_event(camera, rows, "look-alike", f"{camera} thing {name}"))
    return tuple(found)


def alike_rows(calm: Trace, levels: tuple[float, ...], long_s: float, pool: Pool, rng: Rng) -> Rows:
    """A look-alike: wavers as a clip without a fire does, around the level of a picture without a fire.

    Its caps are those of things that a camera has wrongly taken for flame or smoke.
    """
    turns = int(np.ceil(long_s / calm.until_s))
    each = [calm.rows + np.array([turn * calm.until_s, 0.0, 0.0, 0.0, 0.0]) for turn in range(turns)]
    rows = np.concatenate(each)
    for point, level in enumerate(levels):
        mine = rows[:, 1] == point
        if not mine.any():
            continue
        wavers = rows[mine, 2] - np.median(rows[mine, 2])
        rows[mine, 2] = np.clip(level + wavers, -1.0, 3.0)
        caps = pool.caps[point]
        start = int(rng.integers(len(caps)))
        rows[mine, 3] = caps[(start + np.arange(int(mine.sum()))) % len(caps)]
    return rows[rows[:, 0] <= max(long_s, float(rows[0, 0]))]
