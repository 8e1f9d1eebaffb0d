"""What a drawn thermal scene is made of: its story, and the dice that draw it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from embereye_addon.demo.thermal_scenes import OFFICE, Broken
from embereye_addon.demo.thermal_things import PIXEL_M, Patch, Place
from embereye_addon.fuse.thermal import Limits

Patches = Callable[[float], Iterator[Patch]]
IGNITED_S = 60.0
"""Fires begin here: the device has seen its room for a minute."""
SMALL_RAD = 0.1 / 3.0
"""A flame of 10 cm at 3 m; smaller ones need not be found by one device alone."""
SMALL_BODY_RAD = 2 * PIXEL_M
"""A warm body two pixels wide; smaller ones need not fill any pixel, and so read far too low."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens in a scene; `where` is the row and column of the fire; `large`: it must be found."""

    patches: Patches
    until_s: float
    where: tuple[float, float] | None = None
    by_s: float | None = None
    limits: Limits = OFFICE
    from_s: float = IGNITED_S
    large: bool = True
    may_pre: bool = False
    broken: Broken | None = None


class Dice:
    """Draws from one seed."""

    def __init__(self, seed: int, at: Place | None = None) -> None:
        """The same seed, the same draws; every place is `at`, if that is given."""
        self._rng, self._at = np.random.default_rng(seed), at

    def even(self, low: float, high: float) -> float:
        """Any value between the two, each as likely."""
        return float(self._rng.uniform(low, high))

    def log(self, low: float, high: float) -> float:
        """Any value between the two, each ratio as likely."""
        return float(math.exp(self._rng.uniform(math.log(low), math.log(high))))

    def odds(self, share: float) -> bool:
        """True in `share` of the draws."""
        return bool(self._rng.random() < share)

    def one(self, names: tuple[str, ...]) -> str:
        """One of them."""
        return names[int(self._rng.integers(len(names)))]

    def place(self, near_m: float, far_m: float) -> Place:
        """Anywhere in the picture but its rim, between two distances."""
        drawn = Place(self.even(4.0, 20.0), self.even(3.0, 29.0), self.log(near_m, far_m))
        return drawn if self._at is None else self._at


def both(*stories: Patches) -> Patches:
    """The patches of several stories, the later ones before the earlier."""

    def patches(at_s: float) -> Iterator[Patch]:
        for story in stories:
            yield from story(at_s)

    return patches
