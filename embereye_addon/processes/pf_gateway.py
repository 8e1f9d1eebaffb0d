"""The PF gateway: devices in, judged heat and inputs out."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

import numpy as np

from embereye_addon.errors import LinkError
from embereye_addon.fuse import analog as judging
from embereye_addon.fuse import thermal
from embereye_addon.messages import (
    Evidence,
    HotSpots,
    LinkState,
    PendingDevice,
    PendingDevices,
    Reading,
    Sirens,
    SourceHealth,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.disk import Room
from embereye_addon.observe.metrics import PF_CONNECTIONS, PF_PACKETS, PF_REFUSED, PF_REJECTED
from embereye_addon.processes import pf_self_test, pf_siren
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.pf_cache import cache
from embereye_addon.processes.pf_habits import Keeping, attending
from embereye_addon.processes.pf_health import HEALTH_S, Watched, broken_of, faults, measured, rejected_share, watch_all
from embereye_addon.processes.pf_saying import InputWindow, Saying, Told, cells_of, view
from embereye_addon.settings.model import GasCalibration
from embereye_addon.sources.pf.analog import Measure
from embereye_addon.sources.pf.events import Calibrated, FrameSeen, SensorSeen, Uncalibrated
from embereye_addon.sources.pf.gas import equivalent_ppm
from embereye_addon.sources.pf.gateway import Gateway
from embereye_addon.sources.pf.place import GatewayEvent, Place
from embereye_addon.thermal.history import DEVICE_BYTES, Recorder

_log = logging.getLogger(__name__)

VIEW_S = 0.5
KEEP_S = 5.0
PENDING_MAX = 64
FAULTS_MAX = 16
MIB = 1 << 20
WARMED = ("gas", "smoke")
"""The roles of inputs whose element is heated."""


@dataclass(slots=True)
class PfGateway:
    """The gateway's devices; every method runs in the event loop, in the turn in which the bytes came."""

    child: Child
    watched: dict[str, Watched]
    seq: int = 0
    refused: int = 0
    told: dict[str, Told] = field(init=False)
    saying: Saying = field(init=False)
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        place = self.child.folder.history
        share = min(DEVICE_BYTES, self.child.site.pf.history_mib * MIB // max(1, len(self.watched)))
        self.told = {source: Told(Recorder(place / source, share)) for source in self.watched}
        self.saying = Saying(self.child.bus.say, self.child.bus.dropped)
        self.room = Room(self.child.folder.path, self.child.site.disk.least_free_mib)

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
                watched.broken = broken_of(event.calibration.bad)
                if not event.provisional:
                    watched.learn_chip(event.calibration.sensor_id)
            case Uncalibrated():
                watched.uncalibrated = event.reason
            case _:
                pass

    def on_frame(self, source: str, watched: Watched, frame: FrameSeen) -> None:
        """Judge one frame. An uncalibrated one gives no evidence; that is a fault, not quiet."""
        conversion = frame.conversion
        if not frame.radiometric or conversion is None:
            watched.uncalibrated = watched.uncalibrated or frame.why
            return
        conversion = watched.note(frame, conversion)
        watched.uncalibrated, watched.conversion = "", conversion
        point = f"{source}.thermal"
        watched.heat, look = thermal.look(
            watched.heat, conversion.to_c, conversion.replaced, point, watched.limits, frame.mono_s
        )
        watched.judged_s = frame.mono_s
        watched.judged += 1
        told = self.told[source]
        if told.look.due(look, frame.mono_s):
            self.saying.put(
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
                    outside_px=int(np.count_nonzero(conversion.outside)),
                    saturated_px=conversion.saturated_px,
                ),
                urgent=True,
            )
        if frame.mono_s - told.viewed_s >= VIEW_S:
            told.viewed_s = frame.mono_s
            self.saying.put(view(source, self.next(), frame.at, conversion))
        if told.thinning.wants(frame.mono_s, hot=bool(look.clusters or look.evidence.rules)):
            told.recorder.add(frame.at, cells_of(conversion))

    def on_inputs(self, source: str, watched: Watched, sensor: SensorSeen) -> None:
        """Judge the analog and digital inputs of one packet."""
        measures = watched.inputs.take(sensor.values, sensor.mono_s, frozen=bool(watched.heat.rules))
        watched.stuck = tuple(f"{m.channel}={m.raw:g}" for m in measures if m.stuck and m.role != "none")
        watched.beyond = tuple(f"{m.channel}={m.raw:g}" for m in measures if m.out_of_range and m.role != "none")
        watched.warming = tuple(f"{m.channel} ({m.role})" for m in measures if m.warming_up and m.role in WARMED)
        for measure in measures:
            self.on_measure(source, measure, sensor)

    def on_measure(self, source: str, measure: Measure, sensor: SensorSeen) -> None:
        """One input: what claims anything is said at once, what rests once a window at most."""
        evidence = judge(source, measure, hard=self.watched[source].hard_inputs)
        calibration = self.watched[source].gases.get(measure.channel)
        window = self.told[source].windows.setdefault(measure.channel, InputWindow())
        said, urgent = window.take(measure, evidence, sensor.mono_s, self.child.site.pf.window_ms / 1000.0)
        if not said:
            return
        reading = Reading(
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
            evidence=evidence,
            slope_per_min=round(measure.slope_per_min, 2),
            sigma=round(measure.sigma, 2),
            change_pct=round(measure.change_pct, 2),
            out_of_range=measure.out_of_range,
            ppm=None if calibration is None else shown_ppm(measure, calibration),
            gas="" if calibration is None else calibration.gas,
        )
        self.saying.put(window.reading(reading, sensor.mono_s), urgent=urgent)

    def next(self) -> int:
        """The next message's number."""
        self.seq += 1
        return self.seq

    def untested(self, place: Place) -> tuple[tuple[str, str], ...]:
        """A self-test that failed is a fault of every device: its heat may be judged wrongly."""
        why = self.child.faults.get("thermal_self_test")
        return () if why is None or place.link.state is LinkState.DISABLED else (("thermal_self_test", why),)

    async def kept(self) -> None:
        """Write what the histories hold, in a thread; on a disk that is nearly full they are what goes first."""
        await asyncio.to_thread(self.room.look)
        for told in self.told.values():
            recorder = told.recorder
            await asyncio.to_thread(recorder.give_up if self.room.scarce else recorder.write)

    def pending(self, gateway: Gateway) -> PendingDevices:
        """Who waits for approval, the longest waiting first, and how many connections were turned away."""
        PF_REFUSED.inc(gateway.refused - self.refused)
        self.refused = gateway.refused
        PF_CONNECTIONS.set(gateway.connections)
        waiting = (
            PendingDevice(
                identity=each.identity,
                address=each.address,
                first_seen=each.first_seen,
                sensor_id=each.sensor_id,
                double=each.double,
            )
            for each in gateway.pending()[:PENDING_MAX]
        )
        return PendingDevices(
            source=self.child.source,
            seq=self.next(),
            at=utc_s(),
            node=self.child.node,
            devices=tuple(waiting),
            refused=gateway.refused,
        )

    def health(self, place: Place) -> SourceHealth:
        """One device's health, with the numbers that led to each fault."""
        source, watched = place.source, self.watched[place.source]
        received, rejected, dropped = place.totals(place.unit)
        was_received, was_rejected = watched.counted
        watched.counted = (received, rejected)
        PF_PACKETS.labels(source).inc(max(0, received - was_received))
        PF_REJECTED.labels(source).inc(max(0, rejected - was_rejected))
        share = rejected_share(received - was_received, rejected - was_rejected)
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
            judged=watched.judged,
            faults=(*faults(place, watched, share), *self.untested(place))[:FAULTS_MAX],
            words=measured(place, watched, share),
        )


def shown_ppm(measure: Measure, calibration: GasCalibration) -> float | None:
    """The ppm equivalent to show of a calibrated input; None while the input cannot be believed."""
    if measure.warming_up or measure.stuck or measure.role not in ("gas", "smoke"):
        return None
    ppm = equivalent_ppm(measure.raw, calibration)
    return None if ppm is None else round(ppm, 1)


def judge(source: str, measure: Measure, *, hard: bool) -> tuple[Evidence, ...]:
    """Evidence of one input; `hard` says whether its zone's rule for inputs is in force."""
    if measure.digital:
        if measure.role != "flame" or measure.stuck:
            return ()
        return judging.judge_digital(f"{source}.{measure.channel}", on=measure.raw > 0, hard=hard)
    usable = not (measure.warming_up or measure.stuck or measure.out_of_range)
    change = (measure.change_sigma, measure.change_pct)
    return judging.judge(f"{source}.{measure.channel}", measure.role, *change, usable=usable, hard=hard)


async def say_health(process: PfGateway, gateway: Gateway, usual: Keeping) -> None:
    """Every device's health, and who waits; what is over is learned first."""
    usual.settle(process.watched, time.monotonic(), utc_s())
    for place in gateway.places.values():
        await process.child.bus.say(process.health(place))
        await asyncio.sleep(0)  # frames come first
    await process.child.bus.say(process.pending(gateway))


async def main(child: Child) -> None:
    """Serve PF devices until told to stop. A port that cannot be had is a fault, and is tried again."""
    kept = cache(child.folder)
    process = PfGateway(child, watch_all(child.site, kept))
    gateway = Gateway(child.site.pf, child.site.devices, process.on_event, kept)
    usual = await attending(child, process.watched)

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

    await child.bus.answer(Sirens, pf_siren.obedience(child.site, gateway))
    try:
        async with asyncio.TaskGroup() as work:
            work.create_task(open_port(), name="open port")
            work.create_task(every(HEALTH_S, lambda: say_health(process, gateway, usual)), name="health")
            work.create_task(every(KEEP_S, process.kept), name="keep")
            work.create_task(pf_self_test.watch(child), name="self-test")
    finally:
        await gateway.stop()
        await process.kept()
