"""What is remembered of one PF device between packets, and what is wrong with it, with the numbers that led to it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.fuse import habits, thermal
from embereye_addon.messages import LinkState
from embereye_addon.settings.model import Device, GasCalibration, Site, Zone
from embereye_addon.settings.profiles import rules
from embereye_addon.sources.pf.analog import Inputs, Roles
from embereye_addon.sources.pf.events import FrameSeen
from embereye_addon.sources.pf.mlx90640 import Conversion
from embereye_addon.sources.pf.pixels import HIDDEN_MAX, Drift, PixelWatch
from embereye_addon.sources.pf.place import Cache, Place
from embereye_addon.sources.pf.plausibility import GAIN_WORD
from embereye_addon.sources.pf.unit import PERIODS

HEALTH_S = 2.0
SUPPLY_V = (3.0, 3.6)
AMBIENT_C = (-40.0, 85.0)
DIRECTIONS = {"rising": 1, "falling": -1}
SUPPLY_DRIFT_V = 0.05
AMBIENT_DRIFT_K = 15.0
GAIN_DRIFT = 0.1
"""Of where it settled. The maker names no limit; a real array's stayed within 0.4 % over an hour."""
SAME_FRAMES = 5
"""So many frames in a row bit for bit the same, wholly or in one half, are no coincidence: noise changes every word."""
BAD_PIXELS_MAX = 4
"""What the maker of the array allows."""
JUDGE_LATE_S = 20.0
"""A device that speaks but whose heat was not judged for this long, or three of its periods, is a fault."""


def rejected_share(received: int, rejected: int) -> float:
    """The share of packets that could not be used, 0..1."""
    return rejected / received if received else 0.0


@dataclass(slots=True)
class Watched:
    """What is remembered of one device between frames."""

    device: Device
    limits: thermal.Limits
    inputs: Inputs
    hard_inputs: bool = True
    heat: thermal.Heat = field(default_factory=thermal.Heat)
    uncalibrated: str = "no calibration has been read from the device yet"
    conversion: Conversion | None = None
    viewed_s: float = -1.0e9
    told_s: float = -1.0e9
    stuck: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    warming: tuple[str, ...] = ()
    counted: tuple[int, int] = (0, 0)
    judged_s: float = -1.0e9
    judged: int = 0
    chip: str = ""
    expected_chip: str = ""
    pixels: PixelWatch = field(default_factory=PixelWatch)
    supply: Drift = field(default_factory=Drift)
    ambient: Drift = field(default_factory=Drift)
    broken: frozenset[int] = frozenset()
    implausible: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    gain: Drift = field(default_factory=Drift)
    gases: dict[str, GasCalibration] = field(default_factory=dict)
    kept_habits: tuple[habits.Episode, ...] = ()

    def note(self, frame: FrameSeen, conversion: Conversion) -> Conversion:
        """Learn from one radiometric frame what it says of the device itself; the frame without pixels that fail."""
        self.pixels.take(frame.words, conversion)
        self.supply.take(conversion.supply_v)
        self.ambient.take(conversion.ambient_c)
        self.gain.take(float(frame.words[GAIN_WORD]))
        return self.pixels.hide(conversion)

    def learn_chip(self, sensor_id: str) -> None:
        """A confirmed calibration: whose it is. Where another chip has come, what drifts settles anew, habits too."""
        if self.chip and sensor_id != self.chip:
            self.supply, self.ambient, self.gain, self.pixels = Drift(), Drift(), Drift(), PixelWatch()
            self.heat = replace(self.heat, habits=habits.NONE)
        self.chip = sensor_id
        self.expected_chip = self.expected_chip or self.chip

    @property
    def bad_pixels(self) -> tuple[int, ...]:
        """Every pixel that cannot be believed: marked by the maker, stuck, noisy, or jumping."""
        return tuple(sorted(self.broken | {*self.pixels.found}))


def limits_of(zone: Zone) -> thermal.Limits:
    """The zone's own limits of heat, and which of its rules are in force."""
    ruled = rules(zone)
    return thermal.Limits(
        ruled.fixed_pre_c,
        ruled.fixed_alarm_c,
        ruled.rise_pre_k_min,
        ruled.rise_alarm_k_min,
        fixed_rule=ruled.fixed_rule,
        rise_rule=ruled.rise_rule,
        habits=ruled.habits,
    )


def watch(device: Device, zones: tuple[Zone, ...], first_chip: str = "") -> Watched:
    """Begin with one device of the settings, whose first chip is known or not."""
    zone = next((zone for zone in zones if zone.id == device.zone), None)
    limits = limits_of(zone) if zone else thermal.Limits()
    roles = Roles(device.adc1_role, device.adc2_role, device.adc3_role, device.digital_role)
    ways = {"ADC1": device.adc1_direction, "ADC2": device.adc2_direction, "ADC3": device.adc3_direction}
    directions = {key: DIRECTIONS[way] for key, way in ways.items() if way in DIRECTIONS}
    inputs = Inputs(roles, float(device.warm_up_s), directions)
    hard_inputs = zone is None or rules(zone).input_rule
    return Watched(device, limits, inputs, expected_chip=device.sensor_id or first_chip, hard_inputs=hard_inputs)


def watch_all(site: Site, kept: Cache) -> dict[str, Watched]:
    """Begin with every device of the settings, by source id."""
    sources = {f"pf.{device.id}": device for device in site.devices}
    watched = {source: watch(device, site.zones, kept.load_chip(source)) for source, device in sources.items()}
    for calibration in site.calibrations:
        watched[f"pf.{calibration.device}"].gases[calibration.input.upper()] = calibration
    return watched


def faults(place: Place, watched: Watched, rejected: float) -> list[tuple[str, str]]:
    """What is wrong with one device now, as (code, words)."""
    if place.link.state is LinkState.DISABLED:
        return []
    if place.link.state is LinkState.OFFLINE:
        return [("device_silent", f"PF device {watched.device.name}: {place.link.why}")]
    looks = (
        _blind(place, watched),
        _late(place),
        _damaged(rejected),
        _implausible(place, watched),
        _out_of_range(watched),
        _drifted(watched),
        _pixels(watched),
        _same(place),
        _swapped(watched),
        _inputs(watched),
    )
    return [fault for look in looks for fault in look]


Found = Iterator[tuple[str, str]]


def _blind(place: Place, watched: Watched) -> Found:
    if place.link.state is not LinkState.CONNECTING and watched.uncalibrated:
        yield "uncalibrated", f"PF device {watched.device.name}: {watched.uncalibrated}"
    elif late := unjudged(place, watched):
        yield "not_judged", f"PF device {watched.device.name}: {late}"


def _damaged(rejected: float) -> Found:
    if rejected > 0.25:
        yield "bad_frames", f"{100 * rejected:.0f} % of the packets of the last {HEALTH_S:.0f} s were damaged"


def _late(place: Place) -> Found:
    if place.link.state is LinkState.DEGRADED:
        period_s = 0.0 if place.unit is None else place.unit.interval_s
        usual = f"; it speaks every {period_s:.1f} s as a rule" if period_s else ""
        yield "device_late", f"{place.link.why}{usual}"


def _implausible(place: Place, watched: Watched) -> Found:
    """Frames dropped since the last look: a jump of supply, chip temperature or gain."""
    unit = place.unit
    count = 0 if unit is None else unit.plausibility.implausible
    more, watched.implausible = count - watched.implausible, count
    if unit is not None and more > 0:
        yield "frames_implausible", f"{more} frames of the last {HEALTH_S:.0f} s: {unit.plausibility.why}"


def _drifted(watched: Watched) -> Found:
    supply, ambient = watched.supply, watched.ambient
    if abs(supply.gone) > SUPPLY_DRIFT_V:
        words = f"the supply went from {supply.reference:.3f} V to {supply.value:.3f} V"
        yield "supply_drift", f"{words}; allowed: {SUPPLY_DRIFT_V} V"
    if abs(ambient.gone) > AMBIENT_DRIFT_K:
        words = f"the chip went from {ambient.reference:.1f} °C to {ambient.value:.1f} °C"
        yield "chip_drift", f"{words}; allowed: {AMBIENT_DRIFT_K:.0f} K"
    gain = watched.gain
    if gain.reference and abs(gain.gone) > GAIN_DRIFT * gain.reference:
        words = (
            f"the gain went from {gain.reference:.0f} to {gain.value:.0f} ({100 * gain.gone / gain.reference:+.0f} %)"
        )
        yield "gain_drift", f"{words}; allowed: {100 * GAIN_DRIFT:.0f} %"


def _pixels(watched: Watched) -> Found:
    pixels, bad = watched.pixels, watched.bad_pixels
    kinds = f"{len(pixels.stuck)} stuck, {len(pixels.noisy)} noisy, {len(pixels.jumping)} jumping"
    if pixels.unreliable:
        words = f"{len(pixels.found)} pixels fail ({kinds}), more than the {HIDDEN_MAX} that are left out"
        yield "pixels_unreliable", f"{words}, so every one is believed; row/column: {_named(pixels.found)}"
    elif len(bad) > BAD_PIXELS_MAX:
        words = f"{len(bad)} pixels cannot be believed ({len(watched.broken)} by calibration, {kinds})"
        yield "dead_pixels", f"{words}; at most {BAD_PIXELS_MAX} are allowed; row/column: {_named(bad)}"


def _named(pixels: tuple[int, ...]) -> str:
    """The first eight of some flat indices as row/column, counted from 0."""
    return ", ".join(f"{index // 32}/{index % 32}" for index in pixels[:8])


def _same(place: Place) -> Found:
    if place.unit is None:
        return
    frozen, half = place.unit.plausibility.frozen_frames, place.unit.plausibility.dead_half_frames
    if frozen >= SAME_FRAMES:
        yield "frame_frozen", f"the last {frozen + 1} thermal frames are the same bit for bit"
    if half >= SAME_FRAMES:
        yield "dead_subpage", f"one half of the pixels did not change over the last {half + 1} thermal frames"


def measured(place: Place, watched: Watched, rejected: float) -> dict[str, str]:
    """The numbers of a device's health, as words of its report; those of its array once it is calibrated."""
    conversion = watched.conversion
    period_s = 0.0 if place.unit is None else place.unit.interval_s
    link = {"rejected_pct": f"{100 * rejected:.1f}"} | ({"interval_s": f"{period_s:.2f}"} if period_s else {})
    if conversion is None:
        return link
    return (
        link
        | {
            "ambient_c": f"{conversion.ambient_c:.2f}",
            "supply_v": f"{conversion.supply_v:.4f}",
            "torn_k": f"{conversion.torn_k:.2f}",
            "bad_px": str(len(watched.bad_pixels)),
            "gain": f"{watched.gain.value:.0f}",
            "failing_px": _named(watched.pixels.found),
            "outside_px": str(np.count_nonzero(conversion.outside)),
            "saturated_px": str(conversion.saturated_px),
            "chip": watched.chip,
        }
        | _usual(watched.heat.habits)
    )


def _usual(known: habits.Habits) -> dict[str, str]:
    """What has become usual before a device: each place's cell, how hot it was, how often."""
    found = [
        f"cell {one.column + 0.5:.0f},{one.row + 0.5:.0f} to {one.peak_c:.0f} °C ({count} times)"
        for one, count in habits.places(known)
    ]
    return {"usual": "; ".join(found)[:400]} if found else {}


def broken_of(bad: NDArray[np.bool_]) -> frozenset[int]:
    """The flat indices of the pixels that the calibration marks."""
    return frozenset(int(index) for index in np.flatnonzero(bad))


def _out_of_range(watched: Watched) -> Found:
    conversion = watched.conversion
    if conversion is not None and not (
        SUPPLY_V[0] <= conversion.supply_v <= SUPPLY_V[1] and AMBIENT_C[0] <= conversion.ambient_c <= AMBIENT_C[1]
    ):
        words = f"supply {conversion.supply_v:.2f} V, chip {conversion.ambient_c:.1f} °C"
        allowed = f"{SUPPLY_V[0]} to {SUPPLY_V[1]} V, {AMBIENT_C[0]:.0f} to {AMBIENT_C[1]:.0f} °C"
        yield "supply_out_of_range", f"{words}; allowed: {allowed}"


def _swapped(watched: Watched) -> Found:
    if watched.chip and watched.chip.casefold() != watched.expected_chip.casefold():
        words = f"the thermal chip is {watched.chip}, it was {watched.expected_chip}"
        yield "sensor_swapped", f"{words}; if that is right, set sensor_id of the device to {watched.chip}"


def _inputs(watched: Watched) -> Found:
    if watched.stuck:
        yield "input_stuck", f"inputs that do not move: {', '.join(watched.stuck)}"
    if watched.beyond:
        words = f"at the end of their range or beyond: {', '.join(watched.beyond)}"
        yield "input_out_of_range", f"{words}; an open or shorted input reads so"
    if watched.warming:
        words = f"inputs that warm up: {', '.join(watched.warming)}"
        yield (
            "input_warming_up",
            f"{words}; not judged in the first {watched.device.warm_up_s} s; wait, it ends by itself",
        )


def unjudged(place: Place, watched: Watched) -> str:
    """Why this device's heat is not being judged, though it speaks; an empty text when it is."""
    if watched.failed:
        return "; ".join(watched.failed.values())
    if place.link.state not in (LinkState.ONLINE, LinkState.DEGRADED):
        return ""
    period_s = 0.0 if place.unit is None else place.unit.interval_s
    late_s = time.monotonic() - max(watched.judged_s, place.link.since_mono_s)
    if late_s < max(JUDGE_LATE_S, PERIODS * period_s):
        return ""
    return f"it speaks, but no thermal frame could be judged for {late_s:.0f} s"
