"""Fires that a seed draws: flames, smouldering spots, machines, batteries, burning pans."""

from collections.abc import Iterator
from types import MappingProxyType

from embereye_addon.demo.thermal_scenes import KITCHEN, OFFICE
from embereye_addon.demo.thermal_things import Patch, disc, flame, grown, person, walking, warmed
from training.heat_story import IGNITED_S, SMALL_BODY_RAD, SMALL_RAD, Dice, Story, both


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
    return Story(both(*order), story.until_s + 30.0, story.where, by_s, story.limits, large=story.large)


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
