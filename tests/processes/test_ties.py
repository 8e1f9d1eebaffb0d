"""Which ties count: those of one zone, of what is enabled, and they reach the panel's sum."""

from pathlib import Path

import msgspec

from embereye_addon.bus.memory import Hub
from embereye_addon.messages import Evidence, Kind
from embereye_addon.processes.panel import opened
from embereye_addon.processes.ties import ties_of
from embereye_addon.settings.model import Camera, Device, Site, Zone
from tests.processes.world import child_of

LINE = "door: 0,0=0,0 1,0=31,0 1,1=31,23 0,1=0,23"
SITE = Site(
    zones=(Zone(id="hall", name="Hall"), Zone(id="dock", name="Dock")),
    cameras=(Camera(id="door", name="Door", url="rtsp://h/", zone="hall"),),
    devices=(Device(id="eye", name="Eye", zone="hall", seen_by=(LINE,)),),
)


def with_device(**more: object) -> Site:
    """The site with another device."""
    return msgspec.structs.replace(SITE, devices=(msgspec.structs.replace(SITE.devices[0], **more),))


def test_only_what_shares_a_zone_and_is_enabled_is_tied() -> None:
    """A sum of one zone is raised by what another zone's camera sees."""
    (one,) = ties_of(SITE)
    assert (one.camera, one.device) == ("cam.door", "pf.eye")
    assert ties_of(with_device(zone="dock")) == ()
    assert ties_of(with_device(enabled=False)) == ()
    blind = msgspec.structs.replace(SITE.cameras[0], enabled=False)
    assert ties_of(msgspec.structs.replace(SITE, cameras=(blind,))) == ()


async def test_a_flame_and_a_hot_spot_at_one_place_are_in_the_zones_sum_and_its_words(tmp_path: Path) -> None:
    """The tie is set and counts for nothing, or its own name is offered as a point to disable."""
    process = opened(child_of(Hub(), tmp_path, "panel", SITE), 1)
    flame = Evidence(
        point="cam.door.flame", kind=Kind.FLAME, llr_nats=3.0, value=90.0, unit="%", where="box 0.40,0.40,0.50,0.50"
    )
    heat = Evidence(
        point="pf.eye.thermal", kind=Kind.HEAT, llr_nats=3.0, value=80.0, unit="°C", where="cell 14,10", cap_nats=11.5
    )
    process.on_evidence("cam.door", (flame,), 1e9)
    process.on_evidence("pf.eye", (heat,), 1e9)
    why = process.wanted("hall", 0.0).explanation
    assert "the same place in the picture" in why.text
    assert why.sum_nats > 8.0
    assert process.points["hall"] == {"cam.door.flame", "pf.eye.thermal"}
    untied = opened(child_of(Hub(), tmp_path / "other", "panel", with_device(seen_by=())), 1)
    untied.on_evidence("cam.door", (flame,), 1e9)
    untied.on_evidence("pf.eye", (heat,), 1e9)
    assert untied.wanted("hall", 0.0).explanation.sum_nats == 6.0
