"""Smoke, gas and flame inputs of a PF device: learned baseline and spread, change, warm-up, stuck, out of range.

Pure. The absolute value means little (a real device rests at 32 % of its flame input), the change does.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

FULL_SCALE = 4095.0  # 12-bit converter
MINUTE_S = 60.0
MINUTES = 60  # the baseline is the median of the last hour's minutes
SAMPLES = 64  # a minute, at most
LEAST_SIGMA = 6.0  # counts; real inputs at rest have 6.5 to 8 over an hour, much of it slower than a minute
FREEZE_SIGMA = 6.0
FREEZE_PCT = 3.0
SLOPE_S, SLOPE_LEAST_S, STEP_S = 120.0, 30.0, 5.0
STUCK_SAMPLES = 50
STUCK_S = 180.0
STUCK_ON_S = 600.0  # a digital input that was never off for this long
GAP_S = 120.0  # a longer silence may have been a power cut: the heater warms up again

DIGITAL_KEYS = ("DIO", "MPY30", "MPY_IN")


@dataclass(frozen=True, slots=True)
class Measure:
    """One input, judged. `raw` and `baseline` in counts (digital: 0 or 1), positive change is towards alarm.

    `pct` is raw and `change_pct` the change, in percent of the range. While `warming_up`, or without a
    baseline (`change_sigma` 0), nothing may be concluded. `out_of_range`: open, shorted or impossible.
    `slope_per_min`: counts a minute over the last two minutes, positive towards alarm; 0 while too few are known.
    """

    channel: str
    role: str
    digital: bool
    raw: float
    pct: float
    baseline: float
    sigma: float
    change_sigma: float
    change_pct: float
    warming_up: bool
    stuck: bool
    out_of_range: bool
    slope_per_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Roles:
    """What each input means: smoke, gas, flame, none, or auto (proposed by the keys the device sends)."""

    adc1: str = "auto"
    adc2: str = "auto"
    adc3: str = "none"
    digital: str = "flame"

    def of(self, channel: str, keys: Iterable[str]) -> str:
        """The role of a channel, by its upper-case key and the digital keys of the device."""
        if channel in DIGITAL_KEYS:
            return "flame" if self.digital == "auto" else self.digital
        role = {"ADC1": self.adc1, "ADC2": self.adc2, "ADC3": self.adc3}.get(channel, "none")
        return _proposed(channel, frozenset(keys)) if role == "auto" else role


def _proposed(channel: str, keys: frozenset[str]) -> str:
    """Newer hardware (MPY_IN) has flame and smoke the other way round than older (DIO, MPY30)."""
    if "MPY_IN" in keys:
        return {"ADC1": "flame", "ADC2": "smoke"}.get(channel, "none")
    if "DIO" in keys or "MPY30" in keys:
        return {"ADC1": "smoke", "ADC2": "flame"}.get(channel, "none")
    return "none"


class Baseline:
    """Median and spread of the last hour, built of minutes; what it is not fed it does not learn."""

    __slots__ = ("_centres", "_minute", "_minute_s", "_spreads", "sigma", "value")

    def __init__(self) -> None:
        self._minute: list[float] = []
        self._minute_s = 0.0
        self._centres: deque[float] = deque(maxlen=MINUTES)
        self._spreads: deque[float] = deque(maxlen=MINUTES)
        self.value: float | None = None
        self.sigma = LEAST_SIGMA

    def learn(self, raw: float, mono_s: float) -> None:
        """One more value at rest."""
        if not self._minute:
            self._minute_s = mono_s
        if len(self._minute) < SAMPLES:
            self._minute.append(raw)
        if mono_s - self._minute_s < MINUTE_S:
            if not self._centres:
                self._set([median(self._minute)], [_spread(self._minute)])
            return
        self._centres.append(median(self._minute))
        self._spreads.append(_spread(self._minute))
        self._minute = []
        self._set(self._centres, self._spreads)

    def _set(self, centres: Iterable[float], spreads: Iterable[float]) -> None:
        self.value = median(centres)
        self.sigma = max(LEAST_SIGMA, median(spreads))


def _spread(values: list[float]) -> float:
    """A standard deviation that outliers do not move: 1.4826 times the median absolute deviation."""
    centre = median(values)
    return 1.4826 * median(abs(value - centre) for value in values)


class Slope:
    """The trend of the last two minutes, in steps of five seconds.

    The median of the slopes between each step and the one half a window later (Theil 1950, incomplete method): a spike
    or a step that is wrong moves it no more than any other.
    """

    __slots__ = ("_begun_s", "_count", "_means", "_sum", "per_min")

    def __init__(self) -> None:
        self._means: deque[tuple[float, float]] = deque(maxlen=int(SLOPE_S / STEP_S))
        self._begun_s, self._sum, self._count = 0.0, 0.0, 0
        self.per_min = 0.0

    def take(self, raw: float, mono_s: float) -> None:
        """One more value."""
        if self._count and mono_s - self._begun_s >= STEP_S:
            self._means.append((self._begun_s, self._sum / self._count))
            self._sum, self._count = 0.0, 0
            if self._means[-1][0] - self._means[0][0] >= SLOPE_LEAST_S:
                self.per_min = MINUTE_S * _slope(tuple(self._means))
        if not self._count:
            self._begun_s = mono_s
        self._sum += raw
        self._count += 1


def _slope(points: tuple[tuple[float, float], ...]) -> float:
    """The median slope a second between each point and the one half of them later; at least two rising times."""
    half = len(points) // 2
    pairs = zip(points[: len(points) - half], points[half:], strict=True)
    return median((value - before) / (at_s - before_s) for (before_s, before), (at_s, value) in pairs)


class Channel:
    """One input over time. `direction`: +1 where a rise means alarm, -1 where a fall does."""

    def __init__(self, name: str, role: str, warm_up_s: float, direction: int) -> None:
        self.name, self.role = name, role
        self._digital = name in DIGITAL_KEYS
        self._warm_up_s = warm_up_s
        self._direction = direction
        self._baseline = Baseline()
        self._slope = Slope()
        self._began_s: float | None = None
        self._last_s = 0.0
        self._last_raw = -1.0
        self._same = 0
        self._same_s = 0.0

    def take(self, raw: float, mono_s: float, *, frozen: bool) -> Measure:
        """Judge one value. `frozen`: an alarm is on, nothing is learned."""
        if self._began_s is None or mono_s - self._last_s > GAP_S:
            self._began_s = mono_s
            self._slope = Slope()
        self._last_s = mono_s
        self._count_same(raw, mono_s)
        warming_up = mono_s - self._began_s < self._warm_up_s
        if self._digital:
            return self._judge_digital(raw, mono_s)
        self._slope.take(raw, mono_s)
        baseline, sigma = self._baseline.value, self._baseline.sigma
        change = 0.0 if baseline is None else self._direction * (raw - baseline)
        change_sigma, change_pct = change / sigma, 100.0 * change / FULL_SCALE
        deviates = change_sigma > FREEZE_SIGMA and change_pct > FREEZE_PCT
        out_of_range = not 0.0 < raw < FULL_SCALE
        if warming_up or not (frozen or deviates or out_of_range):
            self._baseline.learn(raw, mono_s)
        return Measure(
            channel=self.name,
            role=self.role,
            digital=False,
            raw=raw,
            pct=100.0 * raw / FULL_SCALE,
            baseline=raw if baseline is None else baseline,
            sigma=sigma,
            change_sigma=change_sigma,
            change_pct=change_pct,
            warming_up=warming_up,
            stuck=self._same >= STUCK_SAMPLES and mono_s - self._same_s >= STUCK_S,
            out_of_range=out_of_range,
            slope_per_min=self._direction * self._slope.per_min,
        )

    def _count_same(self, raw: float, mono_s: float) -> None:
        if raw == self._last_raw:
            self._same += 1
        else:
            self._last_raw, self._same, self._same_s = raw, 1, mono_s

    def _judge_digital(self, raw: float, mono_s: float) -> Measure:
        """On or off; needs no warm-up. Stuck when it was on for ten minutes and never seen off."""
        on = raw >= 0.5
        if not on:
            self._baseline.learn(0.0, mono_s)
        stuck = on and self._baseline.value is None and mono_s - self._same_s >= STUCK_ON_S
        return Measure(
            channel=self.name,
            role=self.role,
            digital=True,
            raw=raw,
            pct=100.0 * on,
            baseline=0.0,
            sigma=LEAST_SIGMA,
            change_sigma=0.0,
            change_pct=100.0 * on,
            warming_up=False,
            stuck=stuck,
            out_of_range=raw > 1.0,
        )


class Inputs:
    """All inputs of one device, over all its connections."""

    def __init__(self, roles: Roles, warm_up_s: float = 180.0, directions: Mapping[str, int] | None = None) -> None:
        """`directions` by upper-case key: +1 rising, -1 falling; else flame falls with light, smoke and gas rise."""
        self._roles = roles
        self._warm_up_s = warm_up_s
        self._directions = directions or {}
        self._channels: dict[str, Channel] = {}
        self._seen: set[str] = set()  # digital keys; one damaged key in one packet changes no role

    def take(self, values: dict[str, float], mono_s: float, *, frozen: bool = False) -> tuple[Measure, ...]:
        """Judge one packet of inputs, by upper-case key; other keys than the known inputs are left out."""
        self._seen.update(key for key in DIGITAL_KEYS if key in values)
        return tuple(
            self._channel(key).take(raw, mono_s, frozen=frozen)
            for key, raw in values.items()
            if key in DIGITAL_KEYS or key in ("ADC1", "ADC2", "ADC3")
        )

    def _channel(self, key: str) -> Channel:
        """The channel of this key; a new one when its role has become another (late keys under `auto`)."""
        role = self._roles.of(key, self._seen)
        channel = self._channels.get(key)
        if channel is None or channel.role != role:
            direction = self._directions.get(key, -1 if role == "flame" else 1)
            channel = self._channels[key] = Channel(key, role, self._warm_up_s, direction)
        return channel
