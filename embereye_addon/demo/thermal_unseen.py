"""A second library of thermal scenes, written down before any of them was run; no constant was ever set by them.

The first library is what the judgement was made with. This one asks what it does of what it has not seen. Whoever
changes a constant because of a scene in here must write new scenes.
"""

import math
from collections.abc import Iterator

from embereye_addon.demo.thermal_scenes import KITCHEN, Expected, Scene
from embereye_addon.demo.thermal_things import Patch, Place, disc, flame, grown, person, walking, warmed
from embereye_addon.fuse.thermal import Limits

BOILER_ROOM = Limits(pre_c=110.0, alarm_c=200.0, rise_pre_k_min=20.0, rise_alarm_k_min=40.0)
"""Above what a wood stove's front and its pipe show in a room where one burns."""


def _curtain(at_s: float) -> Iterator[Patch]:
    """A curtain at 5 m that catches fire at its hem: 1.2 m of flame within 40 s."""
    yield from flame(Place(17.0, 11.3, 5.0), 1.2 * grown(at_s, 45.0, 40.0), at_s)


def _far_flame(at_s: float) -> Iterator[Patch]:
    """A flame of 15 cm at 6 m that takes a minute and a half to get there."""
    yield from flame(Place(16.4, 19.8, 6.0), 0.15 * grown(at_s, 60.0, 90.0), at_s)


def _corner_flame(at_s: float) -> Iterator[Patch]:
    """A flame of 20 cm at 3 m in the corner of the picture, where the array is dullest."""
    yield from flame(Place(2.6, 2.3, 3.0), 0.2 * grown(at_s, 60.0, 60.0), at_s)


def _bag_in_the_cold(at_s: float) -> Iterator[Patch]:
    """A bag of rubbish at 6 m: half a metre of flame after a minute and a half."""
    yield from flame(Place(15.2, 8.7, 6.0), 0.5 * grown(at_s, 60.0, 90.0), at_s, wide=0.8)


def _sofa(at_s: float) -> Iterator[Patch]:
    """A cigarette between the cushions of a sofa at 4 m: a glow of 350 °C that spreads by 6 mm a minute."""
    since_min = max(0.0, at_s - 60.0) / 60.0
    yield Patch(16.0, 14.0, 0.5, 1.8, 4.0, 23.0)
    if since_min:
        yield disc(15.4, 13.2, 0.01 + 0.012 * since_min, 4.0, (22.0 + 328.0 * min(1.0, since_min / 2.0), 0.9))


def _battery(at_s: float) -> Iterator[Patch]:
    """A scooter's battery (20 x 30 cm, 2 m away) warms by 10 K/min from 22 to 95 °C and then blows its flame out."""
    yield Patch(15.0, 17.4, 0.2, 0.3, 2.0, warmed(max(0.0, at_s - 60.0), 22.0, 95.0, 10.0), 0.93)
    yield from flame(Place(14.2, 17.4, 2.0), 0.4 * grown(at_s, 498.0, 4.0), at_s)


def _cable_tray(at_s: float) -> Iterator[Patch]:
    """An overloaded cable, 3 cm by 60 cm at 3 m, warms by 8 K/min to 230 °C."""
    yield Patch(9.4, 15.0, 0.03, 0.6, 3.0, warmed(max(0.0, at_s - 60.0), 24.0, 230.0, 8.0), 0.93)


def _forgotten_iron(at_s: float) -> Iterator[Patch]:
    """An iron left face down at 2.5 m: its flank 60 °C; the cloth smoulders after a minute, burns after six."""
    yield Patch(14.0, 16.2, 0.12, 0.24, 2.5, 60.0, 0.9)
    spread_m = 0.04 * grown(at_s, 60.0, 300.0)
    if spread_m:
        yield Patch(14.5, 16.2, 0.03, 0.24 + 2 * spread_m, 2.5, 330.0, 0.9)
    yield from flame(Place(14.4, 17.6, 2.5), 0.3 * grown(at_s, 420.0, 40.0), at_s)


def _behind_somebody(at_s: float) -> Iterator[Patch]:
    """Somebody sits at 1.8 m while a basket of paper burns at 4 m, half hidden behind the chair."""
    yield from flame(Place(17.0, 20.6, 4.0), 0.35 * grown(at_s, 60.0, 45.0), at_s)
    yield from person(Place(14.0, 17.0, 1.8), at_s, sitting=True)


def _oil_radiator(at_s: float) -> Iterator[Patch]:
    """An oil-filled radiator, 60 x 45 cm at 2.5 m, warms by 3.5 K/min to 62 °C, where its thermostat keeps it."""
    warm_c = warmed(max(0.0, at_s - 60.0), 21.0, 62.0, 3.5)
    kept_k = 2.0 * math.sin(math.tau * at_s / 240.0) if warm_c >= 62.0 else 0.0
    yield Patch(16.0, 9.0, 0.6, 0.45, 2.5, warm_c + kept_k, 0.93)


def _dark_sill(at_s: float) -> Iterator[Patch]:
    """The sun comes out over a black window sill, 15 x 120 cm at 3 m: 30 K warmer with a time constant of 8 minutes."""
    cloud = 1.0 if at_s % 420.0 < 300.0 else 0.3
    warm_k = 30.0 * cloud * (1 - math.exp(-max(0.0, at_s - 60.0) / 480.0))
    yield Patch(13.0, 24.0, 0.15, 1.2, 3.0, 22.0 + warm_k, 0.95)


def _fan_heater(at_s: float) -> Iterator[Patch]:
    """A fan heater at 2 m: grille of 12 x 16 cm, 40 s on, 60 s off, between 30 and 62 °C."""
    into_s = at_s % 100.0
    risen = 1 - math.exp(-min(into_s, 40.0) / 12.0)
    fallen = math.exp(-max(0.0, into_s - 40.0) / 25.0)
    yield Patch(15.0, 11.5, 0.12, 0.16, 2.0, 26.0 + 36.0 * risen * fallen, 0.85)


def _ironing(at_s: float) -> Iterator[Patch]:
    """Somebody irons at 2 m: the iron's flank at 62 °C goes back and forth, a strip of cloth stays warm at 45 °C."""
    place = Place(13.0, 16.0, 2.0)
    yield from person(place, at_s)
    yield Patch(17.6, 16.0, 0.1, 0.6, 2.0, 40.0 + 3.0 * math.sin(0.3 * at_s), 0.95)
    yield Patch(17.0, 16.0 + place.px(0.25 * math.sin(1.1 * at_s)), 0.11, 0.22, 2.0, 62.0, 0.9)


def _stove_lit(at_s: float) -> Iterator[Patch]:
    """A wood stove at 3 m is lit: its front of 45 x 45 cm warms by 9 K/min to 150 °C; its pane shows some flame."""
    yield Patch(15.0, 15.8, 0.45, 0.45, 3.0, warmed(max(0.0, at_s - 60.0), 22.0, 150.0, 9.0), 0.9)
    if at_s > 90.0:
        yield Patch(14.6, 15.8, 0.2, 0.25, 3.0, 170.0 + 12.0 * math.sin(9.1 * at_s), 0.25)


def _dishwasher(at_s: float) -> Iterator[Patch]:
    """A dishwasher at 2 m is opened at 70 °C: a wet inside that cools, steam above it for half a minute."""
    if at_s >= 60.0:
        since_s = at_s - 60.0
        yield Patch(15.0, 16.0, 0.5, 0.5, 2.0, 24.0 + 40.0 * math.exp(-since_s / 150.0), 0.93)
        if since_s < 30.0:
            yield Patch(10.0 + 0.5 * math.sin(2.7 * at_s), 16.0, 0.4, 0.5, 2.0, 58.0, 0.2 + 0.1 * math.sin(5.3 * at_s))


def _toaster(at_s: float) -> Iterator[Patch]:
    """A toaster at 1.5 m seen from above: two slots of 2 x 13 cm, wires at 600 °C that fill a tenth, for 150 s."""
    yield Patch(14.0, 16.0, 0.18, 0.28, 1.5, 24.0 + 16.0 * grown(at_s, 60.0, 150.0), 0.6)
    if 60.0 <= at_s < 210.0:
        for side in (-1.0, 1.0):
            yield Patch(14.0 + 0.4 * side, 16.0, 0.02, 0.13, 1.5, 22.0 + 580.0 * grown(at_s, 60.0, 15.0), 0.1)


def _van_parks(at_s: float) -> Iterator[Patch]:
    """A van drives into a garage, stops 4 m away and its bonnet soaks through from 45 to 62 °C in ten minutes."""
    column = 15.0 - 22.0 * (1 - grown(at_s, 30.0, 6.0))
    if at_s >= 30.0:
        soaked_c = 45.0 + 17.0 * (1 - math.exp(-max(0.0, at_s - 36.0) / 200.0))
        yield Patch(15.0, column, 1.6, 1.9, 4.0, 20.0)
        yield Patch(15.5, column, 0.35, 1.3, 4.0, soaked_c, 0.9)
        yield Patch(17.0, column, 0.25, 0.9, 4.0, 52.0, 0.7)


def _meeting(at_s: float) -> Iterator[Patch]:
    """Three people round a table with a pot of coffee and a warm projector, and one who comes and goes."""
    for column, distance_m in ((9.0, 2.4), (16.0, 3.0), (23.0, 2.2)):
        yield from person(Place(14.0, column, distance_m), at_s + column, sitting=True)
    yield Patch(17.0, 14.0, 0.18, 0.12, 2.4, 22.0 + 36.0 * math.exp(-at_s / 2400.0), 0.93)
    yield Patch(15.0, 19.5, 0.06, 0.08, 2.4, 55.0 + math.sin(0.8 * at_s), 0.85)
    if (place := walking(at_s, 3.5, 1.1, 12.0)) is not None:
        yield from person(place, at_s)


_N, _M, _P, _A = Expected.NOTHING, Expected.AT_MOST_PRE, Expected.PRE_ALARM, Expected.ALARM

UNSEEN = (
    Scene("curtain at 5 m", _A, _curtain, 150.0, 45.0, 50.0),
    Scene("15 cm flame at 6 m", _A, _far_flame, 300.0, 60.0, 150.0),
    Scene("20 cm flame at 3 m in the corner", _A, _corner_flame, 200.0, 60.0, 75.0),
    Scene(
        "rubbish bag at 6 m, -5 °C", _A, _bag_in_the_cold, 220.0, 60.0, 75.0, room_c=lambda s: -5.0 + 0.2 * s / 3600.0
    ),
    Scene("sofa smouldering at 4 m", _A, _sofa, 1200.0, 60.0, 900.0),
    Scene(
        "battery of a scooter at 2 m",
        _A,
        _battery,
        600.0,
        60.0,
        445.0,
        open_slow="two full frames after the jet of flame at 438 s end at 447 s",
    ),
    Scene("glowing cable, 8 K/min to 230 °C", _P, _cable_tray, 1800.0, 60.0, 1500.0),
    Scene("forgotten iron at 2.5 m", _A, _forgotten_iron, 540.0, 60.0, 380.0),
    Scene("basket behind somebody sitting", _A, _behind_somebody, 200.0, 60.0, 60.0),
    Scene("oil-filled radiator, 3.5 K/min to 62 °C", _N, _oil_radiator, 1500.0),
    Scene("sun and clouds on a black sill", _N, _dark_sill, 1500.0, period_s=1.0),
    Scene("fan heater at 2 m", _M, _fan_heater, 500.0),
    Scene("ironing at 2 m", _M, _ironing, 300.0),
    Scene("wood stove lit (boiler room)", _M, _stove_lit, 1200.0, limits=BOILER_ROOM),
    Scene("dishwasher opened at 70 °C (kitchen)", _M, _dishwasher, 300.0, limits=KITCHEN),
    Scene(
        "toaster at 1.5 m (kitchen)",
        _M,
        _toaster,
        300.0,
        limits=KITCHEN,
        open_fast="its wires glow within 15 s, and half a minute later the rise rule counts 60 K/min",
    ),
    Scene("van parks and soaks through (garage, 8 °C)", _M, _van_parks, 700.0, room_c=lambda _s: 8.0),
    Scene("meeting with coffee and a projector", _N, _meeting, 400.0),
)
