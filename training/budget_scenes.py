"""Simulated scenes before a PF device as its zone hears them: as they come first, and once they are usual.

A thing that is always there comes again a little different each time; a pan comes on the stove of its kitchen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from embereye_addon.demo.thermal_scenes import Scene
from embereye_addon.demo.thermal_things import Patch, Place
from embereye_addon.demo.thermal_trial import DEVICE_S, frames, judged
from embereye_addon.fuse.habits import SEEN, Episode, Habits
from embereye_addon.fuse.thermal import Heat, Limits, Look
from training.budget_traces import Rows, Trace, row
from training.heat_quiet import QUIET
from training.heat_scenes import Drawn, draw

QUIET_S = 1.0
ROOM_C = 22.0
STRENGTH, MOVED_PX = 0.05, 0.3
"""A thing comes again with so much more or less of its excess over the room, and so far away (both 1 sigma)."""
HOB_M = 0.14
"""From the middle of a stove to that of each of its four hobs, down and across."""


def felt(name: str, drawn: Drawn, limits: Limits, known: Habits | None = None) -> Trace:
    """A scene before a device of a zone with these limits at its real frame interval; it may know habits already."""
    seen = list(frames(drawn.scene, DEVICE_S))
    before = Heat() if known is None else Heat(habits=known)
    rows, heat = _heard(judged(seen, limits, before))
    going = heat.habits.going
    episodes = () if any(each.grave for each in going) else tuple(each.most for each in going)
    usual = None
    if episodes:
        usual, _ = _heard(judged(seen, limits, Heat(habits=Habits(episodes * SEEN))))
    fire_s = drawn.scene.from_s if drawn.fire else np.nan
    return Trace(name, drawn.kind, fire_s, drawn.scene.until_s, rows, usual, episodes)


def _heard(looks: Iterable[tuple[float, Heat, Look]]) -> tuple[Rows, Heat]:
    """The rows of the looks that a gateway sends (all with a hot spot, of the quiet ones one a second); the state."""
    said_s, rows, after = -QUIET_S, [], Heat()
    for at_s, heat, look in looks:
        after = heat
        if look.clusters or look.evidence.rules or at_s - said_s >= QUIET_S:
            said_s = at_s
            rows.append(row(at_s, look.evidence))
    return np.array(rows), after


def seeds(kind: str, every: range) -> list[int]:
    """The seeds of one kind of scene without a fire."""
    place = tuple(QUIET).index(kind)
    return [seed for seed in every if seed % 2 == 0 and seed // 2 % len(QUIET) == place]


def again(drawn: Drawn, number: int) -> Drawn:
    """The same thing another time: a little hotter or cooler, a little beside, with noise of its own."""
    rng = np.random.default_rng((*drawn.scene.name.encode(), number))
    strength, (down_px, along_px) = 1.0 + STRENGTH * rng.standard_normal(), MOVED_PX * rng.standard_normal(2)
    patches = drawn.scene.patches

    def moved(at_s: float) -> Iterator[Patch]:
        for patch in patches(at_s):
            temp_c = ROOM_C + strength * (patch.temp_c - ROOM_C)
            yield replace(patch, row=patch.row + down_px, column=patch.column + along_px, temp_c=temp_c)

    scene: Scene = replace(drawn.scene, name=f"{drawn.scene.name} again {number}", patches=moved)
    return replace(drawn, scene=scene)


@dataclass(slots=True)
class Things:
    """Things that come again before a device of a zone with these limits; what was simulated is remembered."""

    limits: Limits
    kept: dict[tuple[object, ...], Trace] = field(default_factory=dict)

    def fixture(self, seed: int, times: int) -> tuple[Trace, ...]:
        """The same thing so many times."""
        drawn = draw(seed)
        return tuple(self._felt((seed, number), again(drawn, number)) for number in range(times))

    def on_stove(self, found: list[int], stove: Place) -> tuple[Trace, ...]:
        """Each of these scenes on one of the four hobs of a stove, in turn."""
        hob_px = stove.px(HOB_M)
        hobs = [(stove.row + down, stove.column + along) for down in (-hob_px, hob_px) for along in (-hob_px, hob_px)]
        traces = []
        for number, seed in enumerate(found):
            row_px, column_px = hobs[number % len(hobs)]
            place = Place(row_px, column_px, stove.distance_m)
            traces.append(self._felt((seed, row_px, column_px), draw(seed, place)))
        return tuple(traces)

    def _felt(self, key: tuple[object, ...], drawn: Drawn) -> Trace:
        if key not in self.kept:
            self.kept[key] = felt(" ".join(map(str, (drawn.kind, *key))), drawn, self.limits)
        return self.kept[key]


def at_a_habit(drawn: Drawn, habit: Episode) -> Trace:
    """A fire that breaks out where something as strong as this has come and gone often."""
    assert drawn.story.where is not None
    row_px, column_px = drawn.story.where
    here = replace(habit, row=row_px, column=column_px)
    return felt(f"{drawn.scene.name} at a habit", drawn, drawn.scene.limits, Habits((here,) * SEEN))
