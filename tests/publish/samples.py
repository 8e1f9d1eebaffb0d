"""A small site and the messages it gives rise to, for the tests of publishing."""

import asyncio
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from embereye_addon.messages import (
    AlarmChanged,
    Box,
    Evidence,
    Explanation,
    Fault,
    HotSpots,
    Kind,
    LinkState,
    PanelState,
    Rule,
    Share,
    Sighting,
    SourceHealth,
    ThermalFrame,
    ZoneState,
    ZoneStatus,
)
from embereye_addon.settings import model

AT = 1_772_366_400.0
WHY = Explanation(
    rule="threshold",
    text="flame seen by Stove camera",
    sum_nats=21.44,
    threshold_nats=16.6,
    shares=(
        Share(point="cam.stove.flame", kind=Kind.FLAME, value=0.93, unit="p", nats=12.1, share=0.57, where="0.4,0.5"),
        Share(point="pf.boiler.thermal", kind=Kind.HEAT, value=71.5, unit="°C", nats=9.34, share=0.43),
    ),
)
NO_WHY = Explanation(rule="", text="", sum_nats=0.0, threshold_nats=0.0)


def site(port: int = 1883, **mqtt: Any) -> model.Site:
    """Two zones, two cameras, one PF device; a broker on this machine."""
    return model.Site(
        name="Farm",
        mqtt=model.Mqtt(host="127.0.0.1", port=port, **mqtt),
        zones=(model.Zone(id="kitchen", name="Kitchen"), model.Zone(id="barn", name="Barn")),
        cameras=(
            model.Camera(id="stove", name="Stove camera", url="rtsp://x/1", zone="kitchen"),
            model.Camera(id="hay.1", name="Hay camera", url="rtsp://x/2", zone="barn"),
        ),
        devices=(model.Device(id="boiler", name="Boiler eye", zone="kitchen", identity="PF-0001", adc2_role="gas"),),
    )


def zone(zone_id: str = "kitchen", state: ZoneState = ZoneState.NORMAL, **more: Any) -> ZoneStatus:
    """One zone's status."""
    named: dict[str, Any] = {"name": zone_id.capitalize(), "since": AT, **more}
    return ZoneStatus(zone=zone_id, state=state, **named)


def panel(*zones: ZoneStatus, at: float = AT, faults: tuple[Fault, ...] = (), **more: Any) -> PanelState:
    """What the panel says: the zones given, the rest normal."""
    told = {status.zone: status for status in (zone("kitchen"), zone("barn"), *zones)}
    state = max((s.state for s in told.values()), key=list(ZoneState).index)
    return PanelState(source="panel", at=at, revision=1, state=state, zones=tuple(told.values()), faults=faults, **more)


def change(
    now: ZoneState = ZoneState.ALARM, was: ZoneState = ZoneState.NORMAL, *, number: int = 1, at: float = AT + 1.0
) -> AlarmChanged:
    """The kitchen changes its state."""
    return AlarmChanged(
        source="panel",
        seq=number,
        at=at,
        id=f"a-{number}",
        zone="kitchen",
        name="Kitchen",
        was=was,
        now=now,
        cause="threshold",
        by="system",
        explanation=WHY if now is not ZoneState.NORMAL else NO_WHY,
    )


def box(label: str = "flame", confidence: float = 0.9) -> Box:
    """A box left of the middle."""
    return Box(label=label, confidence=confidence, left=0.2, top=0.3, right=0.5, bottom=0.8)


def sighting(*boxes: Box, source: str = "cam.stove", at: float = AT) -> Sighting:
    """One look of a camera."""
    return Sighting(source=source, node="main", at=at, frame=7, model="m", looked=5, boxes=boxes)


def health(source: str = "cam.stove", state: LinkState = LinkState.ONLINE, **more: Any) -> SourceHealth:
    """How a source is."""
    return SourceHealth(source=source, node="main", state=state, **more)


def spots(*, hot: bool = False, at: float = AT) -> HotSpots:
    """One look of the PF device."""
    rules = (Rule.FIXED_TEMPERATURE_PRE,) if hot else ()
    heat = Evidence(point="pf.boiler.heat", kind=Kind.HEAT, llr_nats=1.0, value=71.5, unit="°C", rules=rules)
    return HotSpots(source="pf.boiler", node="main", at=at, max_c=71.54, median_c=22.04, evidence=(heat,))


def thermal_frame() -> ThermalFrame:
    """A warm room with one hot corner."""
    cells = np.full((24, 32), 2200, "<i2")
    cells[4:7, 25:28] = 8650
    return ThermalFrame(
        source="pf.boiler", at=AT, cells=zlib.compress(cells.tobytes()), ambient_c=31.26, supply_v=3.304
    )


async def until(true: Callable[[], object], limit_s: float = 25.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(limit_s):
        while not true():
            await asyncio.sleep(0.01)
