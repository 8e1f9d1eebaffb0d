"""The library of thermal scenes: what a PF device may look at, and what must come of it, and by when.

What is expected is written down before a run, from what a fire officer would say of the scene; times are seconds after
`from_s`, when the thing begins. `docs/thermal-scenarios.md` holds what really comes of each.
"""

import enum
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from embereye_addon.demo.thermal_things import Patch, Place, disc, flame, grown, person, walking, warmed
from embereye_addon.fuse.thermal import Limits


class Expected(enum.StrEnum):
    """What must come of a scene."""

    NOTHING = "none"
    AT_MOST_PRE = "at most pre-alarm"
    PRE_ALARM = "at least pre-alarm"
    ALARM = "alarm"


OFFICE = Limits()
KITCHEN = Limits(pre_c=120.0, alarm_c=240.0, rise_pre_k_min=20.0, rise_alarm_k_min=60.0)
"""Above what cooking shows: frying at 190 °C, ovens to 230 °C, kettles of 30 K/min; oil burns by itself from 330 °C."""


def _always(value: float) -> Callable[[float], float]:
    return lambda _at_s: value


_ROOM, _EVEN = _always(22.0), _always(0.0)


@dataclass(frozen=True, slots=True)
class Broken:
    """A pixel (row, column) that is broken by its EEPROM (`noise_counts` 0) or noisy beyond its nature."""

    row: int
    column: int
    noise_counts: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One story: what lies over the room at each second, and what must come of it.

    Where that does not come, `open_fast` says why, and `open_slow` why not at the real device's frame interval.
    """

    name: str
    expected: Expected
    patches: Callable[[float], Iterator[Patch]]
    until_s: float
    from_s: float = 0.0
    by_s: float | None = None
    limits: Limits = OFFICE
    room_c: Callable[[float], float] = _ROOM
    tilt_k: Callable[[float], float] = _EVEN
    broken: Broken | None = None
    period_s: float = 0.5
    open_fast: str = ""
    open_slow: str = ""


def _nothing(_at_s: float) -> Iterator[Patch]:
    yield from ()


def _walker(at_s: float) -> Iterator[Patch]:
    if (place := walking(at_s, 3.0, 1.2)) is not None:
        yield from person(place, at_s)


def _two_people(at_s: float) -> Iterator[Patch]:
    for distance_m, speed_m_s, later_s in ((4.0, 0.9, 0.0), (2.2, 1.3, 4.0)):
        if (place := walking(at_s + later_s, distance_m, speed_m_s)) is not None:
            yield from person(place, at_s)


def _sitting(distance_m: float) -> Callable[[float], Iterator[Patch]]:
    return lambda at_s: person(Place(14.0, 15.3, distance_m), at_s, sitting=True)


def _radiator(at_s: float) -> Iterator[Patch]:
    yield Patch(17.0, 22.0, 0.6, 1.2, 3.0, warmed(at_s, 22.0, 60.0, 5.0), 0.92)


def _sun(at_s: float) -> Iterator[Patch]:
    """A window's patch of sun, 1 m wide, creeps 0.6 m an hour over a floor which it warms by up to 18 K."""
    for strip in range(12):
        entered_s = (strip - 6) * 600.0  # strips of 10 cm; half of them lie in the sun from the start
        since_s = at_s - entered_s
        warm_k = 18.0 * (1 - math.exp(-max(0.0, since_s) / 600.0))
        yield Patch(19.0, 12.0 + strip * 0.42, 1.5, 0.1, 4.0, 22.0 + warm_k)


def _kettle(at_s: float) -> Iterator[Patch]:
    """1.2 litres at 2 kW (24 K/min) in a painted steel kettle; it boils and switches itself off."""
    boiling_s = 60.0 + 78.0 / 24.0 * 60.0
    off_s = boiling_s + 20.0
    cooled = math.exp(-max(0.0, at_s - off_s) / 1800.0)
    temp_c = 22.0 + (warmed(max(0.0, at_s - 60.0), 22.0, 100.0, 24.0) - 22.0) * cooled
    yield Patch(14.0, 16.0, 0.2, 0.16, 2.0, temp_c, 0.9)
    if boiling_s - 20.0 < at_s < off_s:
        yield Patch(12.0 + 0.2 * math.sin(3 * at_s), 16.3, 0.15 + 0.04 * math.sin(7 * at_s), 0.1, 2.0, 80.0, 0.15)


def _oven(at_s: float) -> Iterator[Patch]:
    yield Patch(14.0, 16.0, 0.5, 0.55, 2.5, 45.0)
    if 60.0 <= at_s < 90.0:
        yield Patch(14.0, 16.0, 0.35 * grown(at_s, 60.0, 1.5), 0.45, 2.5, 220.0, 0.9)


def _frying(at_s: float) -> Iterator[Patch]:
    yield disc(14.0, 16.0, 0.28, 2.5, (warmed(at_s, 22.0, 190.0, 30.0), 0.9))


def _car(at_s: float) -> Iterator[Patch]:
    """A car driven hard, from left to right at 2 m/s, 4 m away: bonnet 55 °C, grille 85 °C behind bars."""
    place = Place(15.0, -10.0 + (at_s - 30.0) * 2.0 / (4.0 * 0.0594), 4.0)
    if -20.0 < place.column < 60.0:
        yield Patch(15.0, place.column, 0.6, 3.8, 4.0, 24.0)
        yield Patch(13.5, place.column + place.px(1.3), 0.25, 1.1, 4.0, 55.0, 0.9)
        yield Patch(15.5, place.column + place.px(1.95), 0.3, 0.1, 4.0, 85.0, 0.6)
        yield disc(17.0, place.column - place.px(1.9), 0.06, 4.0, (180.0, 0.8))


def _coffee(at_s: float) -> Iterator[Patch]:
    if at_s >= 20.0:
        walk = 8.0 * (1 - grown(at_s, 20.0, 4.0))
        cooled_c = 22.0 + 46.0 * math.exp(-(at_s - 20.0) / 1500.0)
        yield Patch(15.0, 14.2 + walk, 0.09, 0.08, 1.5, cooled_c, 0.93)


def _cigarette(at_s: float) -> Iterator[Patch]:
    """A smoker at 2 m: the coal glows at 600 °C in the hand and at 850 °C at each draw, every 20 s."""
    place = Place(14.0, 16.0, 2.0)
    yield from person(place, at_s)
    draws = at_s % 20.0 < 3.0
    row, column = (9.8, 16.6) if draws else (17.0 + 0.4 * math.sin(0.9 * at_s), 18.7 + 0.5 * math.sin(0.7 * at_s))
    yield disc(row, column, 0.008, 2.0, (850.0 if draws else 600.0, 0.9))


def _candle(at_s: float) -> Iterator[Patch]:
    """A flame of 3 cm that is 8 mm wide, on 4 cm of molten wax."""
    yield from flame(Place(14.0, 16.2, 2.0), 0.03, at_s, wide=0.3)
    yield disc(14.2, 16.2, 0.04, 2.0, (62.0, 0.95))


def _hair_dryer(at_s: float) -> Iterator[Patch]:
    """Somebody dries his hair at 1.2 m for three minutes; the nozzle swings through the picture."""
    place = Place(15.0, 16.0, 1.2)
    yield from person(place, at_s)
    if 20.0 <= at_s < 200.0:
        warm = 1 - math.exp(-(at_s - 20.0) / 15.0)
        swing = place.px(0.12 * math.sin(1.3 * at_s)) + 2.0
        yield Patch(9.0, 16.0, 0.08, 0.15, 1.2, 34.0 + 14.0 * warm)
        yield disc(8.0 + 0.5 * math.sin(2.1 * at_s), 16.0 + swing, 0.045, 1.2, (22.0 + 85.0 * warm, 0.9))


def _soldering(at_s: float) -> Iterator[Patch]:
    """A tip of 3 x 15 mm at 350 °C at 1 m, moved about by a hand."""
    yield disc(15.0, 18.0 + 0.2 * math.sin(0.8 * at_s), 0.1, 1.0, (33.0, 0.98))
    row, column = 14.0 + 0.3 * math.sin(2.3 * at_s), 15.5 + 0.4 * math.sin(1.1 * at_s)
    yield Patch(row, column, 0.003, 0.015, 1.0, 350.0, 0.6)


def _motor(at_s: float) -> Iterator[Patch]:
    """A casing of 30 x 40 cm at 3 m goes from 45 to 120 °C in 20 minutes (3.75 K/min) after a minute."""
    yield Patch(14.0, 15.7, 0.3, 0.4, 3.0, warmed(max(0.0, at_s - 60.0), 45.0, 120.0, 3.75), 0.92)


def _bin(at_s: float) -> Iterator[Patch]:
    """Paper smoulders in a bin at 3 m: a spot of 320 °C that spreads by 5 mm a minute; the rim grows warm."""
    since_min = max(0.0, at_s - 60.0) / 60.0
    yield Patch(15.0, 15.6, 0.3, 0.25, 3.0, 22.0 + min(12.0, 1.2 * since_min))
    if since_min:
        yield disc(14.6, 15.6, 0.02 + 0.01 * since_min, 3.0, (22.0 + 298.0 * min(1.0, since_min / 3.0), 0.9))


def _burning(place: Place, height_m: float, over_s: float) -> Callable[[float], Iterator[Patch]]:
    """A flame lit at second 60 that grows steadily in height."""
    return lambda at_s: flame(place, height_m * grown(at_s, 60.0, over_s), at_s)


def _pan_fire(at_s: float) -> Iterator[Patch]:
    """Forgotten oil: 30 K/min until it burns by itself at 340 °C, then half a metre of flame."""
    yield disc(14.0, 16.0, 0.28, 2.5, (warmed(at_s, 22.0, 340.0, 30.0), 0.9))
    yield from flame(Place(13.8, 16.0, 2.5), 0.5 * grown(at_s, 636.0, 10.0), at_s)


def _hidden(at_s: float) -> Iterator[Patch]:
    """A flame that people keep walking in front of."""
    yield from flame(Place(15.0, 15.6, 4.0), 0.25 * grown(at_s, 60.0, 60.0), at_s)
    if (place := walking(at_s, 2.5, 1.0, 3.0)) is not None:
        yield from person(place, at_s)


def _noisy_radiator(_at_s: float) -> Iterator[Patch]:
    yield Patch(12.0, 16.0, 0.6, 1.0, 3.0, 50.0, 0.92)


_N, _M, _P, _A = Expected.NOTHING, Expected.AT_MOST_PRE, Expected.PRE_ALARM, Expected.ALARM
_CENTRE, _EDGE, _CORNER = Place(12.75, 15.5, 3.0), Place(12.75, 16.0, 3.0), Place(13.25, 16.0, 3.0)
"""The 10 cm flame's foot: its middle falls on the centre of a pixel, between two, between four."""

SCENES = (
    Scene("empty room", _N, _nothing, 600.0),
    Scene("person walking by", _N, _walker, 180.0),
    Scene("person sitting at 1.5 m", _N, _sitting(1.5), 300.0),
    Scene("person at 1 m in a cold store, 8 °C", _N, _sitting(1.0), 240.0, room_c=_always(8.0)),
    Scene("two people", _N, _two_people, 240.0),
    Scene("radiator, 5 K/min to 60 °C", _N, _radiator, 900.0),
    Scene("sun patch creeping over a floor", _N, _sun, 1800.0, period_s=2.0),
    Scene("kettle (kitchen)", _M, _kettle, 480.0, limits=KITCHEN),
    Scene("oven door opened at 220 °C (kitchen)", _M, _oven, 180.0, limits=KITCHEN),
    Scene("frying at 190 °C (kitchen)", _M, _frying, 600.0, limits=KITCHEN),
    Scene("car with a hot engine passing (garage, 14 °C)", _M, _car, 90.0, room_c=_always(14.0)),
    Scene("cup of coffee at 1.5 m", _N, _coffee, 300.0),
    Scene("cigarette at 2 m", _N, _cigarette, 240.0),
    Scene("candle at 2 m", _M, _candle, 240.0),
    Scene("hair dryer at 1.2 m", _M, _hair_dryer, 260.0),
    Scene("soldering at 1 m", _M, _soldering, 300.0),
    Scene(
        "day and night drift, 15 K in an hour", _N, _nothing, 3600.0, room_c=lambda s: 15.0 + s / 240.0, period_s=2.0
    ),
    Scene("one noisy pixel", _N, _nothing, 300.0, broken=Broken(11, 15, 400.0)),
    Scene("one noisy pixel on a radiator", _N, _noisy_radiator, 300.0, broken=Broken(12, 16, 200.0)),
    Scene(
        "settling after power-up",
        _N,
        _nothing,
        600.0,
        room_c=lambda s: 22.0 - 8.0 * math.exp(-s / 180.0),
        tilt_k=lambda s: 4.0 * math.exp(-s / 120.0),
    ),
    Scene("overheating motor, 3.75 K/min to 120 °C", _A, _motor, 1320.0, 60.0, 1040.0),
    Scene("smouldering bin at 3 m", _A, _bin, 900.0, 60.0, 600.0),
    Scene("10 cm flame at 3 m, centre of a pixel", _A, _burning(_CENTRE, 0.1, 60.0), 240.0, 60.0, 90.0),
    Scene("10 cm flame at 3 m, between two pixels", _A, _burning(_EDGE, 0.1, 60.0), 240.0, 60.0, 90.0),
    Scene("10 cm flame at 3 m, between four pixels", _A, _burning(_CORNER, 0.1, 60.0), 240.0, 60.0, 90.0),
    Scene(
        "10 cm flame at 3 m, lit at once, between four",
        _P,
        _burning(_CORNER, 0.1, 3.0),
        240.0,
        60.0,
        60.0,
        open_slow="its flicker is the only sign, and a look every 4 s forgets what it adds: nothing came in 10 of 12 "
        "runs that differ in their noise only",
    ),
    Scene("30 cm flame at 5 m", _A, _burning(Place(14.0, 15.8, 5.0), 0.3, 60.0), 180.0, 60.0, 60.0),
    Scene("pan fire, from oil at 230 °C on (kitchen)", _A, _pan_fire, 720.0, 416.0, 250.0, KITCHEN),
    Scene(
        "20 cm flame at 4 m in a room of 40 °C",
        _A,
        _burning(Place(14.0, 15.8, 4.0), 0.2, 60.0),
        180.0,
        60.0,
        60.0,
        room_c=_always(40.0),
    ),
    Scene(
        "20 cm flame at 3 m on a dead pixel",
        _A,
        _burning(Place(13.0, 15.5, 3.0), 0.2, 60.0),
        180.0,
        60.0,
        60.0,
        broken=Broken(12, 15),
    ),
    Scene(
        "40 cm flame at 4 m, torn between subpages", _A, _burning(Place(15.0, 15.8, 4.0), 0.4, 40.0), 150.0, 60.0, 45.0
    ),
    Scene("25 cm flame at 4 m, people in front", _A, _hidden, 240.0, 60.0, 90.0),
    Scene(
        "30 cm flame at 4 m, already there at power-up",
        _A,
        lambda s: flame(Place(14.0, 15.8, 4.0), 0.3, s),
        90.0,
        0.0,
        45.0,
    ),
)
