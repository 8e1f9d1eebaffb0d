"""Recordings of what sources said, as evidence with its times: captures of PF devices, and recorded bus traffic."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from embereye_addon.errors import ProtocolError
from embereye_addon.fuse import thermal
from embereye_addon.messages import Evidence
from embereye_addon.processes.panel_watch import zones_of as zones_of_site
from embereye_addon.processes.pf_gateway import judge
from embereye_addon.processes.pf_health import Watched, watch
from embereye_addon.processes.pf_saying import InputWindow, LookTold
from embereye_addon.processes.traffic import Said
from embereye_addon.settings.model import Device, Site, Zone
from embereye_addon.sources.pf.events import FrameSeen, SensorSeen, Setup
from embereye_addon.sources.pf.regions import surface
from embereye_addon.sources.pf.session import Session
from embereye_addon.tools.captures import lines, opened, spoken

WINDOW_S = 0.1


@dataclass(frozen=True, slots=True)
class Heard:
    """What one source claimed at one time (s of the recording, never going back)."""

    source: str
    evidence: tuple[Evidence, ...]
    at_s: float


def zones_of(site: Site | None, only: str) -> Callable[[str], str]:
    """Which zone a source belongs to; where the settings do not know it, the first zone hears it."""
    known = {} if site is None else zones_of_site(site)
    return lambda source: known.get(source, only)


def traffic(path: Path) -> Iterator[Heard]:
    """Recorded bus traffic; `ProtocolError` names the first line that is none."""
    now_s = 0.0
    with opened(path) as file:
        for line in lines(file):
            if not line.raw.strip():
                continue
            try:
                said = msgspec.json.decode(line.raw, type=Said)
            except (msgspec.DecodeError, UnicodeDecodeError) as err:
                raise ProtocolError(f"{path}, line {line.number} is no recorded message: {err}") from None
            now_s = max(now_s, said.t)
            yield Heard(said.say.source, said.say.evidence, now_s)


def capture(path: Path, device: Device, zones: tuple[Zone, ...]) -> Iterator[Heard]:
    """What the device of a capture would have claimed, judged as the gateway judges it."""
    seat = surface(device)
    session, watched = Session("replay", 0.0), watch(device, zones)
    session.adopt(session.units[0], Setup(emissivity=seat.emissivity, reflected_c=seat.reflected_c))
    told, windows = LookTold(), dict[str, InputWindow]()
    source = f"pf.{device.id}"
    for segment in spoken(path):
        for _unit, event in session.feed(segment.raw, segment.at_s, segment.at_s):
            match event:
                case FrameSeen():
                    yield from _heat(source, watched, told, event)
                case SensorSeen():
                    yield from _inputs(source, watched, windows, event)
                case _:
                    pass


def _heat(source: str, watched: Watched, told: LookTold, frame: FrameSeen) -> Iterator[Heard]:
    if frame.conversion is None:
        return
    conversion = watched.note(frame, frame.conversion)
    point = f"{source}.thermal"
    watched.heat, look = thermal.look(
        watched.heat, conversion.to_c, conversion.replaced, point, watched.limits, frame.mono_s
    )
    if told.due(look, frame.mono_s):
        yield Heard(source, (look.evidence,), frame.mono_s)


def _inputs(source: str, watched: Watched, windows: dict[str, InputWindow], sensor: SensorSeen) -> Iterator[Heard]:
    for measure in watched.inputs.take(sensor.values, sensor.mono_s, frozen=bool(watched.heat.rules)):
        evidence = judge(source, measure, hard=watched.hard_inputs)
        window = windows.setdefault(measure.channel, InputWindow())
        said, _ = window.take(measure, evidence, sensor.mono_s, WINDOW_S)
        if said and evidence:
            yield Heard(source, evidence, sensor.mono_s)
