"""The PF gateway: devices in, judged heat and inputs out."""

import asyncio
import logging
import time
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embereye_addon.errors import LinkError
from embereye_addon.fuse import analog as judging
from embereye_addon.fuse import thermal
from embereye_addon.messages import (
    Evidence,
    HotSpots,
    LinkState,
    Message,
    Reading,
    SourceHealth,
    ThermalFrame,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import PF_PACKETS, PF_REJECTED
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.folder import Folder
from embereye_addon.settings.model import Device, Zone
from embereye_addon.sources.pf.analog import Inputs, Measure, Roles
from embereye_addon.sources.pf.gateway import Cache, Gateway, GatewayEvent, Place
from embereye_addon.sources.pf.mlx90640 import Conversion
from embereye_addon.sources.pf.session import PERIODS, Calibrated, FrameSeen, SensorSeen, Uncalibrated

_log = logging.getLogger(__name__)

HEALTH_S = 2.0
VIEW_S = 0.5
QUIET_S = 1.0
SUPPLY_V = (3.0, 3.6)
AMBIENT_C = (-40.0, 85.0)
EEPROM_BYTES = 832 * 2
JUDGE_LATE_S = 20.0
"""A device that speaks but whose heat was not judged for this long, or three of its periods, is a fault."""


def cache(folder: Folder) -> Cache:
    """EEPROM dumps on disk, one file a device; a disk that refuses costs a second of asking after a restart."""
    place = folder.path / "eeprom"

    def load(source: str) -> NDArray[np.uint16] | None:
        try:
            raw = (place / f"{source}.bin").read_bytes()
        except OSError:
            return None
        return np.frombuffer(raw, dtype="<u2").astype(np.uint16) if len(raw) == EEPROM_BYTES else None

    def save(source: str, words: NDArray[np.uint16]) -> None:
        try:
            place.mkdir(parents=True, exist_ok=True)
            aside = place / f".{source}.new"
            aside.write_bytes(words.astype("<u2").tobytes())
            aside.replace(place / f"{source}.bin")
        except OSError as err:
            _log.warning("the EEPROM of %s cannot be kept: %s", source, err.strerror)

    return Cache(load, save)


def rejected_share(received: int, rejected: int) -> float:
    """The share of packets that could not be used, 0..1."""
    return rejected / received if received else 0.0


@dataclass(slots=True)
class Watched:
    """What is remembered of one device between frames."""

    device: Device
    limits: thermal.Limits
    inputs: Inputs
    heat: thermal.Heat = field(default_factory=thermal.Heat)
    uncalibrated: str = "no calibration has been read from the device yet"
    linear: int = 0
    conversion: Conversion | None = None
    viewed_s: float = -1.0e9
    told_s: float = -1.0e9
    stuck: tuple[str, ...] = ()
    counted: tuple[int, int] = (0, 0)
    judged_s: float = -1.0e9
    failed: dict[str, str] = field(default_factory=dict)


def watch(device: Device, zones: tuple[Zone, ...]) -> Watched:
    """Begin with one device of the settings."""
    zone = next((zone for zone in zones if zone.id == device.zone), None)
    limits = thermal.Limits(zone.fixed_pre_c, zone.fixed_alarm_c) if zone else thermal.Limits()
    roles = Roles(device.adc1_role, device.adc2_role, device.adc3_role, device.digital_role)
    return Watched(device, limits, Inputs(roles, float(device.warm_up_s)))


@dataclass(slots=True)
class PfGateway:
    """The gateway's devices; every method runs in the event loop, in the turn in which the bytes came."""

    child: Child
    watched: dict[str, Watched]
    seq: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def on_event(self, source: str, event: GatewayEvent) -> None:
        """Take what a device's session says. What cannot be judged is a fault, and the next is judged again."""
        watched = self.watched[source]
        try:
            self.take(source, watched, event)
        except Exception as err:  # noqa: BLE001 - one bad packet must not blind the device for good
            if not watched.failed:
                _log.error("%s: what it sends cannot be judged: %s", source, err, exc_info=err)
            name = type(event).__name__
            watched.failed[name] = f"a {name} could not be judged ({type(err).__name__})"
        else:
            watched.failed.pop(type(event).__name__, None)

    def take(self, source: str, watched: Watched, event: GatewayEvent) -> None:
        """One event of one device."""
        match event:
            case FrameSeen():
                self.on_frame(source, watched, event)
            case SensorSeen():
                self.on_inputs(source, watched, event)
            case Calibrated():
                watched.uncalibrated = ""
            case Uncalibrated():
                watched.uncalibrated = event.reason
            case _:
                pass

    def on_frame(self, source: str, watched: Watched, frame: FrameSeen) -> None:
        """Judge one frame. An uncalibrated one gives no evidence; that is a fault, not quiet."""
        conversion = frame.conversion
        if not frame.radiometric or conversion is None:
            watched.linear += 1
            watched.uncalibrated = watched.uncalibrated or frame.why
            return
        watched.uncalibrated, watched.conversion = "", conversion
        point = f"{source}.thermal"
        watched.heat, look = thermal.look(
            watched.heat, conversion.to_c, conversion.replaced, point, watched.limits, frame.mono_s
        )
        watched.judged_s = frame.mono_s
        if look.clusters or look.evidence.rules or frame.mono_s - watched.told_s >= QUIET_S:
            watched.told_s = frame.mono_s
            self.say(
                HotSpots(
                    source=source,
                    seq=self.next(),
                    at=frame.at,
                    node=self.child.node,
                    max_c=round(look.max_c, 2),
                    median_c=round(look.median_c, 2),
                    clusters=look.clusters,
                    evidence=(look.evidence,),
                    decide_ms=round((time.monotonic() - frame.mono_s) * 1000.0, 2),
                )
            )
        if frame.mono_s - watched.viewed_s >= VIEW_S:
            watched.viewed_s = frame.mono_s
            self.say(view(source, self.next(), frame.at, conversion))

    def on_inputs(self, source: str, watched: Watched, sensor: SensorSeen) -> None:
        """Judge the analog and digital inputs of one packet."""
        measures = watched.inputs.take(sensor.values, sensor.mono_s, frozen=bool(watched.heat.rules))
        watched.stuck = tuple(measure.channel for measure in measures if measure.stuck and measure.role != "none")
        for measure in measures:
            self.say(
                Reading(
                    source=source,
                    seq=self.next(),
                    at=sensor.at,
                    channel=measure.channel,
                    role=measure.role,
                    raw=measure.raw,
                    baseline=measure.baseline,
                    change_sigma=measure.change_sigma,
                    warming_up=measure.warming_up,
                    stuck=measure.stuck,
                    evidence=judge(source, measure),
                )
            )

    def next(self) -> int:
        """The next message's number."""
        self.seq += 1
        return self.seq

    def say(self, message: Message) -> None:
        """Tell it, without waiting."""
        task = asyncio.get_running_loop().create_task(self.child.bus.say(message))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def health(self, place: Place) -> SourceHealth:
        """One device's health, with the numbers that led to each fault."""
        source, watched = place.source, self.watched[place.source]
        received, rejected, dropped = place.totals(place.session)
        was_received, was_rejected = watched.counted
        watched.counted = (received, rejected)
        PF_PACKETS.labels(source).inc(max(0, received - was_received))
        PF_REJECTED.labels(source).inc(max(0, rejected - was_rejected))
        conversion = watched.conversion
        return SourceHealth(
            source=source,
            seq=self.next(),
            at=utc_s(),
            node=self.child.node,
            state=place.link.state,
            rate_hz=round(max(0, received - was_received) / HEALTH_S, 1),
            received=received,
            dropped=dropped,
            rejected=rejected,
            reconnects=place.link.reconnects,
            faults=tuple(faults(place, watched, rejected_share(received - was_received, rejected - was_rejected))),
            words={}
            if conversion is None
            else {"ambient_c": f"{conversion.ambient_c:.2f}", "supply_v": f"{conversion.supply_v:.4f}"},
        )


def faults(place: Place, watched: Watched, rejected: float) -> list[tuple[str, str]]:
    """What is wrong with one device now, as (code, words)."""
    if place.link.state is LinkState.DISABLED:
        return []
    if place.link.state is LinkState.OFFLINE:
        return [("device_silent", f"PF device {watched.device.name}: {place.link.why}")]
    found = []
    if place.link.state is not LinkState.CONNECTING and watched.uncalibrated:
        found.append(("uncalibrated", f"PF device {watched.device.name}: {watched.uncalibrated}"))
    elif late := unjudged(place, watched):
        found.append(("not_judged", f"PF device {watched.device.name}: {late}"))
    if rejected > 0.25:
        found.append(("bad_frames", f"{100 * rejected:.0f} % of the packets of the last {HEALTH_S:.0f} s were damaged"))
    conversion = watched.conversion
    if conversion is not None and not (
        SUPPLY_V[0] <= conversion.supply_v <= SUPPLY_V[1] and AMBIENT_C[0] <= conversion.ambient_c <= AMBIENT_C[1]
    ):
        words = f"supply {conversion.supply_v:.2f} V, chip {conversion.ambient_c:.1f} °C"
        found.append(("supply_out_of_range", f"{words}; allowed: {SUPPLY_V} V, {AMBIENT_C} °C"))
    if watched.stuck:
        found.append(("input_stuck", f"the inputs {', '.join(watched.stuck)} do not move"))
    return found


def unjudged(place: Place, watched: Watched) -> str:
    """Why this device's heat is not being judged, though it speaks; an empty text when it is."""
    if watched.failed:
        return "; ".join(watched.failed.values())
    if place.link.state not in (LinkState.ONLINE, LinkState.DEGRADED):
        return ""
    period_s = 0.0 if place.session is None else place.session.commands.interval_s
    late_s = time.monotonic() - max(watched.judged_s, place.link.since_mono_s)
    if late_s < max(JUDGE_LATE_S, PERIODS * period_s):
        return ""
    return f"it speaks, but no thermal frame could be judged for {late_s:.0f} s"


def judge(source: str, measure: Measure) -> tuple[Evidence, ...]:
    """Evidence of one input."""
    if measure.digital:
        if measure.role != "flame" or measure.stuck:
            return ()
        return judging.judge_digital(f"{source}.{measure.channel}", on=measure.raw > 0)
    usable = not (measure.warming_up or measure.stuck or measure.out_of_range)
    return judging.judge(
        f"{source}.{measure.channel}", measure.role, measure.change_sigma, measure.change_pct, usable=usable
    )


def view(source: str, seq: int, at: float, conversion: Conversion) -> ThermalFrame:
    """The frame for viewers: centi-degrees; an invalid pixel is shown as the coldest that fits."""
    cells = np.nan_to_num(conversion.to_c * 100.0, nan=-32768.0)
    return ThermalFrame(
        source=source,
        seq=seq,
        at=at,
        cells=zlib.compress(np.clip(np.rint(cells), -32768, 32767).astype("<i2").tobytes(), 1),
        ambient_c=round(conversion.ambient_c, 3),
        supply_v=round(conversion.supply_v, 4),
        replaced=tuple(int(index) for index in np.flatnonzero(conversion.replaced)),
    )


async def main(child: Child) -> None:
    """Serve PF devices until told to stop. A port that cannot be had is a fault, and is tried again."""
    process = PfGateway(child, {f"pf.{device.id}": watch(device, child.site.zones) for device in child.site.devices})
    gateway = Gateway(child.site.pf, child.site.devices, process.on_event, cache(child.folder))

    async def open_port() -> None:
        while True:
            try:
                await gateway.start()
            except LinkError as err:
                if "port_taken" not in child.faults:
                    _log.error("%s", err)
                child.faults["port_taken"] = str(err)
                await asyncio.sleep(5.0)
                continue
            child.faults.pop("port_taken", None)
            return

    async def say_health() -> None:
        for place in gateway.places.values():
            await child.bus.say(process.health(place))

    try:
        async with asyncio.TaskGroup() as work:
            work.create_task(open_port(), name="open port")
            work.create_task(every(HEALTH_S, say_health), name="health")
    finally:
        await gateway.stop()
