"""A thermal scene through the whole path: forward simulator, conversion, judgement, zone; and the table of them all."""

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.zone import RANK, Wanted, Zone, step
from embereye_addon.demo.thermal import CELLS, ThermalArray, look, radiance_k4, shipped_eeprom
from embereye_addon.demo.thermal_scenes import Expected, Scene
from embereye_addon.demo.thermal_things import lay
from embereye_addon.fuse import thermal, zone
from embereye_addon.messages import ZoneState
from embereye_addon.sources.pf.eeprom import COLUMNS, ROWS
from embereye_addon.sources.pf.mlx90640 import KELVIN, Conversion, convert
from embereye_addon.sources.pf.pixels import PixelWatch

REFRESH_S = 0.5
"""The two subpages of a frame are measured so far apart: the chip runs at 2 Hz, whatever the device sends."""
DEVICE_S = 4.085
"""The real device's frame interval; the library's own is the scene's, mostly 0.5 s."""
POINT = "pf.trial.thermal"
QUIET_S = 1.0

_rows, _columns = np.mgrid[0 : ROWS * CELLS, 0 : COLUMNS * CELLS] / CELLS
_TEXTURE_K = 0.8 - 1.6 * _rows / ROWS + 0.25 * np.sin(0.9 * _columns) * np.cos(0.7 * _rows)
_ACROSS = _columns / COLUMNS - 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """The highest state of the zone, the rule it was for, when each was reached first (s), the hottest seen (°C).

    `failing` are the pixels that were ever taken for stuck, noisy or jumping.
    """

    state: ZoneState
    rule: str
    pre_s: float | None
    alarm_s: float | None
    hottest_c: float
    failing: frozenset[int] = frozenset()


class Panel:
    """A zone at normal sensitivity that hears one thermal point, as the panel does."""

    def __init__(self) -> None:
        self._beliefs = zone.fresh("normal")
        self._zone = Zone("trial", "Trial", 30.0)
        self._heard_s = -QUIET_S
        self.rule = "none"
        self.first_s: dict[ZoneState, float] = {}

    def hear(self, seen: thermal.Look, at_s: float) -> None:
        """One look; a quiet one counts once a second, as the gateway sends it."""
        if not (seen.clusters or seen.evidence.rules) and at_s - self._heard_s < QUIET_S:
            return
        self._heard_s = at_s
        self._beliefs = zone.hear(self._beliefs, seen.evidence, at_s)
        want = zone.want(self._beliefs, at_s)
        self._zone, change = step(self._zone, Wanted(want.state, want.gone, want.explanation), Now(at_s, at_s))
        if change is not None and RANK[self._zone.state] > RANK[change.was]:
            if RANK[self._zone.state] > RANK[self.highest()]:
                self.rule = change.cause
            self.first_s.setdefault(self._zone.state, at_s)

    def highest(self) -> ZoneState:
        """The highest state so far."""
        return max(self.first_s, key=RANK.__getitem__, default=ZoneState.NORMAL)


class _Eye:
    """The simulated device in front of a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene, broken = scene, scene.broken
        self._pixels = PixelWatch()
        self.failing: set[int] = set()
        self._last: tuple[float, NDArray[np.float64]] | None = None
        words = shipped_eeprom()
        if broken is not None and not broken.noise_counts:
            words[64 + COLUMNS * broken.row + broken.column] = 0
        seed = zlib.crc32(scene.name.encode())
        self._array, self._rng = ThermalArray(words, seed=seed), np.random.default_rng(seed)

    def _sees(self, at_s: float) -> NDArray[np.float64]:
        """The radiance at every pixel; what was seen last is kept, as it is mostly the older half of the next frame."""
        if self._last is not None and self._last[0] == at_s:
            return self._last[1]
        room_c = self._scene.room_c(at_s) + self._scene.tilt_k(at_s) * _ACROSS
        scene_k4 = radiance_k4(_TEXTURE_K + room_c)
        for patch in self._scene.patches(at_s):
            lay(scene_k4, patch)
        self._last = (at_s, look(scene_k4))
        return self._last[1]

    def frame(self, at_s: float) -> Conversion:
        """One frame, converted, without the pixels that fail; its older half was measured one refresh earlier."""
        before_k4 = self._sees(max(0.0, at_s - REFRESH_S))
        words = self._array.frame(self._sees(at_s), before_k4)
        broken = self._scene.broken
        if broken is not None and broken.noise_counts:
            place = COLUMNS * broken.row + broken.column
            noisy = int(words[place : place + 1].view(np.int16)[0]) + self._rng.normal(0.0, broken.noise_counts)
            words[place] = round(min(32767.0, max(-32768.0, noisy))) & 0xFFFF
        conversion = convert(self._array.calibration, words)
        if isinstance(conversion, str):
            raise ValueError(conversion)  # a mistake of the library's author, never of a user
        self._pixels.take(words, conversion)
        self.failing.update(self._pixels.found)
        return self._pixels.hide(conversion)


def frames(scene: Scene, period_s: float | None = None) -> Iterator[tuple[float, Conversion]]:
    """Every frame of a scene with its time (s), at its own frame interval or another."""
    yield from _frames(_Eye(scene), scene, period_s)


def _frames(eye: _Eye, scene: Scene, period_s: float | None) -> Iterator[tuple[float, Conversion]]:
    every_s = period_s or scene.period_s
    for number in range(int(scene.until_s / every_s) + 1):
        yield number * every_s, eye.frame(number * every_s)


def judged(
    seen: Iterable[tuple[float, Conversion]], limits: thermal.Limits, heat: thermal.Heat
) -> Iterator[tuple[float, thermal.Heat, thermal.Look]]:
    """Every look at these frames with its time (s) and what is remembered after it."""
    for at_s, frame in seen:
        heat, found = thermal.look(heat, frame.to_c, frame.replaced, POINT, limits, at_s)
        yield at_s, heat, found


def watch(scene: Scene, period_s: float | None = None) -> Iterator[tuple[float, thermal.Heat, thermal.Look]]:
    """Every look at a scene, by a device that has seen nothing before."""
    yield from judged(frames(scene, period_s), scene.limits, thermal.Heat())


def run(scene: Scene, period_s: float | None = None) -> Outcome:
    """The whole story of a scene, at its own frame interval or another one."""
    eye = _Eye(scene)
    looks = judged(_frames(eye, scene, period_s), scene.limits, thermal.Heat())
    outcome = told(scene, ((at_s, seen) for at_s, _, seen in looks))
    return replace(outcome, failing=frozenset(eye.failing))


def told(scene: Scene, looks: Iterable[tuple[float, thermal.Look]]) -> Outcome:
    """What a zone makes of looks at a scene."""
    panel, hottest_c = Panel(), -KELVIN
    for at_s, seen in looks:
        hottest_c = max(hottest_c, seen.max_c)
        panel.hear(seen, at_s)
    first = {state: at_s - scene.from_s for state, at_s in panel.first_s.items()}
    pre_s, alarm_s = first.get(ZoneState.PRE_ALARM), first.get(ZoneState.ALARM)
    return Outcome(panel.highest(), panel.rule, pre_s, alarm_s, hottest_c)


def met(scene: Scene, outcome: Outcome) -> bool:
    """Whether what came is what must come, and in time."""
    by_s = math.inf if scene.by_s is None else scene.by_s
    reached = [at_s for at_s in (outcome.pre_s, outcome.alarm_s) if at_s is not None]
    match scene.expected:
        case Expected.NOTHING:
            return outcome.state is ZoneState.NORMAL
        case Expected.AT_MOST_PRE:
            return outcome.state is not ZoneState.ALARM
        case Expected.PRE_ALARM:
            return bool(reached) and 0.0 <= min(reached) <= by_s
        case Expected.ALARM:
            return outcome.alarm_s is not None and 0.0 <= outcome.alarm_s <= by_s


def _words(outcome: Outcome) -> str:
    """State, time and rule of one run."""
    at_s = outcome.alarm_s if outcome.state is ZoneState.ALARM else outcome.pre_s
    if at_s is None:
        return "none"
    return f"{outcome.state.value.replace('_', '-')} at {at_s:.0f} s, {outcome.rule.replace('_', ' ')}"


def row(scene: Scene, outcome: Outcome, slow: Outcome) -> str:
    """One line of the table."""
    by = "" if scene.by_s is None else f"{scene.by_s:.0f} s"
    good = "yes" if met(scene, slow) and not scene.open_slow else f"**slow: no**, {scene.open_slow or 'unexplained'}"
    good = good if met(scene, outcome) else f"**no**, {scene.open_fast or 'unexplained'}"
    read = f"{outcome.hottest_c:.0f} °C"
    return "| " + " | ".join((scene.name, scene.expected, by, _words(outcome), _words(slow), read, good)) + " |"


HEAD = f"""# Thermal scenes

What a thermal array makes of fires and of things that are none. Each scene is physical (sizes in metres, temperatures,
emissivities, distance), goes through a forward simulator of the array (lens, partial fill, two subpages half a second
apart, measured noise, a real EEPROM), the conversion, the judgement and a zone at normal sensitivity. Times count from
when the thing begins. "Slow" is the same scene at the real device's frame interval of {DEVICE_S} s. `make golden`
rewrites this page; the tests compare states, not times.

What is expected was written before the first run. One expectation was moved after it: the pan fire counts from oil at
230 °C on instead of from its ignition, because the alarm came before the flame. The limits of the judgement were set
with these scenes in view, so the table shows what it does, not how often it errs in houses nobody has measured.

"""
UNSEEN_HEAD = """
## Scenes it had not seen

Written down, with what must come of each, before any of them was run; no constant was changed after it.

"""
KEPT_FROM = "\n## How the evidence is calibrated\n"
"""From this heading on the page is not of this module."""
_COLUMNS = """| scene | expected | by | came | came, slow | hottest read | as expected |
|---|---|---|---|---|---|---|
"""
Run = tuple[Scene, Outcome, Outcome]


def page(known: Iterable[Run], unseen: Iterable[Run], before: str) -> str:
    """The page anew: each scene, its outcomes at its own frame interval and at the real device's, and what is kept."""
    first, second = (_COLUMNS + "".join(row(*one) + "\n" for one in runs) for runs in (known, unseen))
    _, heading, kept = before.partition(KEPT_FROM)
    return HEAD + first + UNSEEN_HEAD + second + heading + kept
