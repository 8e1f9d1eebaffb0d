"""What is no fire, as a seed draws it: people, sun, radiators, kitchens, tools, vehicles, noise."""

import math
from collections.abc import Iterator
from types import MappingProxyType

from embereye_addon.demo.thermal_scenes import KITCHEN, Broken
from embereye_addon.demo.thermal_things import Patch, Place, disc, flame, grown, person, walking, warmed
from training.heat_story import Dice, Story, both


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
    return Story(both(hot.patches, people.patches), 360.0)


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
