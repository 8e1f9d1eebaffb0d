"""Random thermal scenes, fires and others, as a seed draws them: what the heat evidence is calibrated on and judged by.

Ranges are what homes, offices, garages and workshops hold, set down from experience and makers' figures, not measured.
The same seed is the same scene for ever; seeds of the two sets never meet.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from embereye_addon.demo.thermal_scenes import KITCHEN, OFFICE, Broken, Expected, Scene
from embereye_addon.demo.thermal_things import PIXEL_M, Patch, Place, disc, flame, grown, person, walking, warmed
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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn scene and what it is."""

    kind: str
    scene: Scene
    story: Story = field(repr=False)

    @property
    def fire(self) -> bool:
        """Whether it burns."""
        return self.story.where is not None


class Dice:
    """Draws from one seed."""

    def __init__(self, seed: int) -> None:
        """The same seed, the same draws."""
        self._rng = np.random.default_rng(seed)

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
        return Place(self.even(4.0, 20.0), self.even(3.0, 29.0), self.log(near_m, far_m))


def _both(*stories: Patches) -> Patches:
    def patches(at_s: float) -> Iterator[Patch]:
        for story in stories:
            yield from story(at_s)

    return patches


# ---- fires ----


def _flame(dice: Dice) -> Story:
    """A flame of 6 to 80 cm at 1.5 to 7 m that takes 1 second to 3 minutes to grow."""
    place, height_m, over_s = dice.place(1.5, 7.0), dice.log(0.06, 0.8), dice.log(1.0, 180.0)
    wide, phase_s = dice.even(0.3, 0.9), dice.even(0.0, 100.0)
    limits = KITCHEN if dice.odds(0.2) else OFFICE

    def patches(at_s: float) -> Iterator[Patch]:
        yield from flame(place, height_m * grown(at_s, IGNITED_S, over_s), at_s + phase_s, wide)

    by_s = max(60.0, over_s + 30.0)
    where = (place.row - place.px(height_m / 2), place.column)
    return Story(patches, IGNITED_S + by_s + 60.0, where, by_s, limits, large=height_m / place.distance_m >= SMALL_RAD)


def _flame_and_people(dice: Dice) -> Story:
    """A flame that people walk before or behind."""
    story = _flame(dice)
    assert story.where is not None
    distance_m, speed_m_s, pause_s = dice.even(1.8, 5.0), dice.even(0.6, 1.6), dice.even(2.0, 15.0)

    def passing(at_s: float) -> Iterator[Patch]:
        if (place := walking(at_s, distance_m, speed_m_s, pause_s)) is not None:
            yield from person(place, at_s)

    order = (story.patches, passing) if dice.odds(0.5) else (passing, story.patches)
    by_s = None if story.by_s is None else story.by_s + 30.0
    return Story(_both(*order), story.until_s + 30.0, story.where, by_s, story.limits, large=story.large)


def _smoulder(dice: Dice) -> Story:
    """A glow of 280 to 420 °C that spreads by 5 to 12 mm a minute, 1.5 to 4 m away."""
    place, speed_m, heat_c = dice.place(1.5, 4.0), dice.log(0.005, 0.012), dice.even(280.0, 420.0)
    first_m, heats_min = dice.even(0.005, 0.03), dice.even(1.0, 4.0)

    def patches(at_s: float) -> Iterator[Patch]:
        since_min = (at_s - IGNITED_S) / 60.0
        if since_min > 0.0:
            across_m = first_m + 2 * speed_m * since_min
            glow_c = 22.0 + (heat_c - 22.0) * min(1.0, since_min / heats_min)
            yield disc(place.row, place.column, across_m, place.distance_m, (glow_c, 0.9))

    return Story(patches, 720.0, (place.row, place.column), 600.0)


def _machine(dice: Dice) -> Story:
    """A motor, a charger or a bearing, 12 to 50 cm at 1.5 to 4 m, that runs hot by 4 to 10 K/min until it burns out."""
    place, side_m, flat = dice.place(1.5, 4.0), dice.log(0.12, 0.5), dice.even(0.6, 1.4)
    start_c, k_min = dice.even(30.0, 60.0), dice.log(4.0, 10.0)
    end_c, emissivity = dice.even(125.0, 180.0), dice.even(0.85, 0.95)

    def patches(at_s: float) -> Iterator[Patch]:
        hot_c = warmed(max(0.0, at_s - IGNITED_S), start_c, end_c, k_min)
        yield Patch(place.row, place.column, side_m, side_m * flat, place.distance_m, hot_c, emissivity)

    by_s = (115.0 - start_c) / k_min * 60.0
    large = side_m * min(1.0, flat) / place.distance_m >= SMALL_BODY_RAD
    return Story(patches, IGNITED_S + by_s + 60.0, (place.row, place.column), by_s, large=large)


def _pan_fire(dice: Dice) -> Story:
    """Oil forgotten on a stove: 15 to 40 K/min until it burns; counted from 200 °C on, beyond any frying."""
    place, k_min, across_m = dice.place(1.5, 4.0), dice.even(15.0, 40.0), dice.even(0.2, 0.32)
    burns_s = IGNITED_S + 320.0 / k_min * 60.0
    hot_s = IGNITED_S + 178.0 / k_min * 60.0
    height_m = dice.even(0.2, 0.7)

    def patches(at_s: float) -> Iterator[Patch]:
        heat_c = warmed(max(0.0, at_s - IGNITED_S), 22.0, 342.0, k_min)
        yield disc(place.row, place.column, across_m, place.distance_m, (heat_c, 0.9))
        yield from flame(place, height_m * grown(at_s, burns_s, 10.0), at_s)

    by_s = burns_s - hot_s + 30.0
    return Story(patches, hot_s + by_s + 20.0, (place.row, place.column), by_s, KITCHEN, hot_s)


def _battery(dice: Dice) -> Story:
    """A battery, 10 to 35 cm at 1.5 to 4 m: it warms by 8 to 30 K/min, and at 80 to 110 °C a jet of flame comes out."""
    place, side_m, k_min = dice.place(1.5, 4.0), dice.log(0.1, 0.35), dice.log(8.0, 30.0)
    vents_c, jet_m = dice.even(80.0, 110.0), dice.even(0.15, 0.5)
    vents_s = IGNITED_S + (vents_c - 22.0) / k_min * 60.0

    def patches(at_s: float) -> Iterator[Patch]:
        warm_c = warmed(max(0.0, at_s - IGNITED_S), 22.0, vents_c, k_min)
        yield Patch(place.row, place.column, side_m, side_m, place.distance_m, warm_c, 0.93)
        yield from flame(place, jet_m * grown(at_s, vents_s, 2.0), at_s)

    by_s = vents_s - IGNITED_S + 30.0
    return Story(patches, IGNITED_S + by_s + 30.0, (place.row, place.column), by_s)


# ---- everything else ----


def _empty(dice: Dice) -> Story:
    return Story(lambda _at_s: iter(()), dice.even(200.0, 600.0))


def _people(dice: Dice) -> Story:
    """One or two people who walk about."""
    walks = [
        (dice.even(1.2, 5.0), dice.even(0.4, 1.8), dice.even(1.0, 20.0), dice.even(0.0, 60.0))
        for _ in range(1 + dice.odds(0.5))
    ]

    def patches(at_s: float) -> Iterator[Patch]:
        for distance_m, speed_m_s, pause_s, later_s in walks:
            if (place := walking(at_s + later_s, distance_m, speed_m_s, pause_s)) is not None:
                yield from person(place, at_s + later_s)

    return Story(patches, 240.0)


def _sitter(dice: Dice) -> Story:
    """Somebody comes, sits near the device for minutes and goes."""
    place, came_s = dice.place(0.9, 3.0), dice.even(0.0, 60.0)

    def patches(at_s: float) -> Iterator[Patch]:
        if came_s <= at_s < came_s + 180.0:
            yield from person(place, at_s, sitting=True)

    return Story(patches, 300.0)


def _warm_body(dice: Dice) -> Story:
    """A radiator, a machine, a boiler: 0.1 to 1 m, warms by 0.7 to 8 K/min to 35 to 62 °C and is kept there."""
    place, tall_m, wide_m = dice.place(1.0, 5.0), dice.log(0.1, 1.0), dice.log(0.1, 1.2)
    from_c, to_c, k_min = dice.even(18.0, 40.0), dice.even(42.0, 62.0), dice.log(0.7, 8.0)
    swing_k, swing_s = dice.even(0.0, 4.0), dice.even(60.0, 400.0)

    def patches(at_s: float) -> Iterator[Patch]:
        heat_c = warmed(max(0.0, at_s - 30.0), from_c, to_c, k_min)
        kept_k = swing_k * math.sin(math.tau * at_s / swing_s) if heat_c >= to_c else 0.0
        yield Patch(place.row, place.column, tall_m, wide_m, place.distance_m, heat_c + kept_k, 0.92)

    return Story(patches, 600.0)


def _hot_and_people(dice: Dice) -> Story:
    """People walk back and forth before something that is hot and stays so."""
    hot, people = _warm_body(dice), _people(dice)
    return Story(_both(hot.patches, people.patches), 360.0)


def _sun(dice: Dice) -> Story:
    """Sun and clouds on a floor or a sill: up to 35 K with a time constant of 3 to 15 minutes."""
    place, tall_m, wide_m = dice.place(1.5, 5.0), dice.log(0.15, 1.5), dice.log(0.3, 1.5)
    most_k, slow_s, creep_px_h = dice.even(5.0, 32.0), dice.even(200.0, 900.0), dice.even(-4.0, 4.0)
    cloud_s, shade = dice.even(120.0, 900.0), dice.even(0.2, 1.0)

    def patches(at_s: float) -> Iterator[Patch]:
        bright = 1.0 - (1.0 - shade) * (0.5 - 0.5 * math.cos(math.tau * at_s / cloud_s))
        warm_c = 22.0 + most_k * bright * (1 - math.exp(-at_s / slow_s))
        yield Patch(
            place.row, place.column + creep_px_h * at_s / 3600.0, tall_m, wide_m, place.distance_m, warm_c, 0.95
        )

    return Story(patches, 900.0)


def _kettle(dice: Dice) -> Story:
    """A kettle boils, 0.5 to 1.7 litres at 1.2 to 3 kW, with steam at the end."""
    place, k_min = dice.place(1.0, 4.0), dice.log(12.0, 60.0)
    tall_m, emissivity = dice.even(0.15, 0.25), dice.even(0.3, 0.95)
    boils_s = 30.0 + 78.0 / k_min * 60.0
    off_s = boils_s + dice.even(5.0, 30.0)

    def patches(at_s: float) -> Iterator[Patch]:
        cooled = math.exp(-max(0.0, at_s - off_s) / 1500.0)
        heat_c = 22.0 + (warmed(max(0.0, at_s - 30.0), 22.0, 100.0, k_min) - 22.0) * cooled
        yield Patch(place.row, place.column, tall_m, 0.16, place.distance_m, heat_c, emissivity)
        if boils_s - 20.0 < at_s < off_s:
            up = place.px(0.2) + 0.3 * math.sin(3.1 * at_s)
            steam_m = 0.15 + 0.05 * math.sin(7.3 * at_s)
            yield Patch(place.row - up, place.column, steam_m, 0.12, place.distance_m, 80.0, 0.15)

    return Story(patches, 480.0, limits=KITCHEN, may_pre=True)


def _cooking(dice: Dice) -> Story:
    """A pan warms to 120 to 200 °C, is stirred, gives off steam, cools on the stove."""
    place, k_min, to_c = dice.place(1.2, 4.0), dice.log(10.0, 35.0), dice.even(120.0, 200.0)
    across_m, stirs_hz, off_s = dice.even(0.14, 0.32), dice.even(0.1, 0.5), dice.even(300.0, 420.0)

    def patches(at_s: float) -> Iterator[Patch]:
        heat_c = warmed(max(0.0, at_s - 20.0), 22.0, to_c, k_min)
        heat_c = 22.0 + (heat_c - 22.0) * math.exp(-max(0.0, at_s - off_s) / 300.0)
        yield disc(place.row, place.column, across_m, place.distance_m, (heat_c, 0.85))
        if heat_c > 80.0 and math.sin(math.tau * stirs_hz * at_s) > 0.0:
            yield Patch(place.row, place.column, 0.12, 0.1, place.distance_m, 45.0, 0.7)

    return Story(patches, 540.0, limits=KITCHEN, may_pre=True)


def _oven(dice: Dice) -> Story:
    """An oven's door is opened once or twice at 160 to 230 °C."""
    place, inside_c = dice.place(1.5, 4.0), dice.even(160.0, 230.0)
    opened = [dice.even(40.0, 100.0), dice.even(160.0, 220.0)]
    held_s, glass_c = dice.even(5.0, 40.0), dice.even(30.0, 60.0)

    def patches(at_s: float) -> Iterator[Patch]:
        yield Patch(place.row, place.column, 0.45, 0.55, place.distance_m, glass_c, 0.9)
        for first_s in opened:
            if first_s <= at_s < first_s + held_s:
                tall_m = 0.35 * grown(at_s, first_s, 1.5)
                cooled_c = inside_c - 1.5 * (at_s - first_s)
                yield Patch(place.row, place.column, tall_m, 0.45, place.distance_m, cooled_c, 0.9)

    return Story(patches, 300.0, limits=KITCHEN, may_pre=True)


def _cup(dice: Dice) -> Story:
    """Somebody brings a cup, a plate or a pot of 50 to 85 °C and sets it down."""
    place, hot_c, side_m = dice.place(0.8, 3.0), dice.even(50.0, 85.0), dice.log(0.07, 0.22)
    came_s, way_px, slow_s = dice.even(10.0, 60.0), dice.even(-12.0, 12.0), dice.even(600.0, 2400.0)

    def patches(at_s: float) -> Iterator[Patch]:
        if at_s >= came_s:
            column = place.column + way_px * (1 - grown(at_s, came_s, 4.0))
            heat_c = 22.0 + (hot_c - 22.0) * math.exp(-(at_s - came_s) / slow_s)
            yield Patch(place.row, column, side_m, side_m, place.distance_m, heat_c, 0.93)

    return Story(patches, 300.0, may_pre=hot_c > 60.0)


def _little_flame(dice: Dice) -> Story:
    """A candle, a lighter, a cigarette: 1 to 4 cm of flame at 0.8 to 3 m, perhaps several."""
    place, height_m, lit_s = dice.place(0.8, 3.0), dice.even(0.01, 0.04), dice.even(0.0, 40.0)
    apart_px = [dice.even(-3.0, 3.0) * number for number in range(1 + 2 * dice.odds(0.25))]

    def patches(at_s: float) -> Iterator[Patch]:
        if at_s >= lit_s:
            for each, apart in enumerate(apart_px):
                here = Place(place.row, place.column + apart, place.distance_m)
                yield from flame(here, height_m, at_s + 7.0 * each, wide=0.3)
                yield disc(here.row, here.column, 0.03, here.distance_m, (58.0, 0.95))

    return Story(patches, 240.0, may_pre=True)


def _held_tool(dice: Dice) -> Story:
    """A hair dryer, an iron, a heat gun, a soldering iron in a moving hand, with the person who holds it."""
    place, hot_c, side_m = dice.place(0.9, 2.5), dice.log(60.0, 300.0), dice.log(0.01, 0.06)
    if hot_c * side_m > 8.0:
        side_m = 8.0 / hot_c
    reach_m, swings_s, warm_s = dice.even(0.03, 0.3), dice.even(1.0, 9.0), dice.even(3.0, 40.0)
    on_s, off_s = 20.0, dice.even(100.0, 220.0)

    def patches(at_s: float) -> Iterator[Patch]:
        yield from person(place, at_s)
        if on_s <= at_s < off_s:
            swing = place.px(reach_m) * math.sin(math.tau * at_s / swings_s)
            nods = 0.5 * place.px(reach_m) * math.sin(math.tau * at_s / (1.7 * swings_s))
            heat_c = 22.0 + (hot_c - 22.0) * (1 - math.exp(-(at_s - on_s) / warm_s))
            yield disc(place.row + nods, place.column + place.px(0.35) + swing, side_m, place.distance_m, (heat_c, 0.9))

    return Story(patches, 260.0, may_pre=True)


def _pulsing(dice: Dice) -> Story:
    """A fan heater, a compressor, a copier's fuser: warms and cools again and again between room and 40 to 62 °C."""
    place, top_c, side_m = dice.place(1.2, 4.0), dice.even(40.0, 62.0), dice.log(0.1, 0.4)
    on_s, off_s = dice.even(10.0, 120.0), dice.even(20.0, 200.0)
    warm_s, cool_s = dice.even(8.0, 60.0), dice.even(15.0, 120.0)

    def patches(at_s: float) -> Iterator[Patch]:
        into_s = at_s % (on_s + off_s)
        risen = 1 - math.exp(-min(into_s, on_s) / warm_s)
        fallen = math.exp(-max(0.0, into_s - on_s) / cool_s)
        heat_c = 24.0 + (top_c - 24.0) * risen * fallen
        yield Patch(place.row, place.column, side_m, side_m, place.distance_m, heat_c, 0.9)

    return Story(patches, 480.0, may_pre=True)


def _car(dice: Dice) -> Story:
    """A car, a van or a fork lift drives by, or in, and stays with a bonnet of 40 to 60 °C that soaks through."""
    distance_m, speed_m_s, bonnet_c = dice.even(2.5, 7.0), dice.even(0.7, 3.0), dice.even(38.0, 60.0)
    row, stays, soak_k = dice.even(11.0, 18.0), dice.odds(0.5), dice.even(0.0, 6.0)
    exhaust_c, brakes = dice.even(60.0, 180.0), dice.odds(0.3)

    def patches(at_s: float) -> Iterator[Patch]:
        place = Place(row, -12.0 + max(0.0, at_s - 30.0) * speed_m_s / (distance_m * 0.0594), distance_m)
        if stays:
            place = Place(row, min(place.column, 15.0), distance_m)
        if -40.0 < place.column < 70.0:
            soaked_c = bonnet_c + soak_k * (1 - math.exp(-at_s / 180.0))
            yield Patch(row, place.column, 0.7, 3.6, distance_m, 21.0)
            yield Patch(row - place.px(0.3), place.column + place.px(1.2), 0.25, 1.1, distance_m, soaked_c, 0.9)
            yield disc(row + place.px(0.3), place.column - place.px(1.8), 0.06, distance_m, (exhaust_c, 0.8))
            if brakes:
                yield disc(row + place.px(0.3), place.column + place.px(1.1), 0.28, distance_m, (70.0, 0.5))

    return Story(patches, 300.0, may_pre=True)


def _noisy(dice: Dice) -> Story:
    """One pixel noisy beyond its nature, in a room or on something warm."""
    row, column = int(dice.even(2.0, 22.0)), int(dice.even(2.0, 30.0))
    patches = _warm_body(dice).patches if dice.odds(0.5) else _empty(dice).patches
    return Story(patches, 300.0, broken=Broken(row, column, dice.log(20.0, 400.0)))


FIRES = MappingProxyType(
    {
        "flame": _flame,
        "flame and people": _flame_and_people,
        "smouldering": _smoulder,
        "machine runs hot": _machine,
        "pan fire (kitchen)": _pan_fire,
        "battery": _battery,
    }
)
QUIET = MappingProxyType(
    {
        "empty room": _empty,
        "people": _people,
        "somebody sits": _sitter,
        "radiator or machine": _warm_body,
        "people before it": _hot_and_people,
        "sun and clouds": _sun,
        "kettle (kitchen)": _kettle,
        "cooking (kitchen)": _cooking,
        "oven opened (kitchen)": _oven,
        "cup or pot": _cup,
        "candle, cigarette": _little_flame,
        "hot tool in a hand": _held_tool,
        "heater that pulses": _pulsing,
        "vehicle": _car,
        "noisy pixel": _noisy,
    }
)


def draw(seed: int) -> Drawn:
    """The scene of a seed: every second one a fire, each kind in turn, so that a run of seeds holds all alike."""
    half, fire = divmod(seed, 2)
    kinds = FIRES if fire else QUIET
    kind = tuple(kinds)[half % len(kinds)]
    dice = Dice(seed)
    story = kinds[kind](dice)
    room_c, drift_k_h = (dice.even(16.0, 30.0), dice.even(-4.0, 4.0))
    if dice.odds(0.15):
        room_c = dice.even(-5.0, 40.0)
    expected = Expected.ALARM if fire else Expected.AT_MOST_PRE if story.may_pre else Expected.NOTHING
    scene = Scene(
        f"{kind} {seed}",
        expected,
        story.patches,
        story.until_s,
        story.from_s,
        story.by_s,
        story.limits,
        room_c=lambda at_s: room_c + drift_k_h * at_s / 3600.0,
        broken=story.broken,
    )
    return Drawn(kind, scene, story)
