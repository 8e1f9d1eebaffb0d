"""Which cameras are asked for pictures, and thermal frames that are none."""

import msgspec

from embereye_addon.bus.memory import MemoryBus
from embereye_addon.messages import Explanation, Kind, Share, Snapshot, SnapshotRequest, ThermalFrame
from embereye_addon.publish.heat_over import HeatOver
from embereye_addon.publish.mqtt import Ends, Mqtt
from embereye_addon.publish.pictures import Pictures, cameras_of
from embereye_addon.publish.topics import Topics
from embereye_addon.settings import model
from tests.publish.samples import change, site, thermal_frame


async def _nothing() -> None:
    """Nothing to say."""


async def _none() -> model.Mqtt | None:
    """No other broker."""
    return None


def frame(cells: bytes) -> ThermalFrame:
    """A frame with these bytes."""
    return ThermalFrame(source="pf.boiler", cells=cells, ambient_c=20.0, supply_v=3.3)


def test_the_cameras_of_an_alarm_are_those_that_saw_it() -> None:
    """The picture shows what raised the alarm; when only a PF device did, the zone's own cameras look."""
    assert cameras_of(site(), change()) == ("stove",)
    heat = Share(point="pf.boiler.thermal", kind=Kind.HEAT, value=90.0, unit="°C", nats=9.0, share=1.0)
    other = Share(point="cam.hay.1.smoke", kind=Kind.SMOKE, value=0.9, unit="p", nats=9.0, share=1.0)
    for share, cameras in ((heat, ("stove",)), (other, ("hay.1",))):
        why = Explanation(rule="r", text="t", sum_nats=9.0, threshold_nats=5.0, shares=(share,))
        assert cameras_of(site(), msgspec.structs.replace(change(), explanation=why)) == cameras


async def test_pictures_that_fail_are_counted() -> None:
    """No camera, an empty picture, no broker, no frame: the alarm stands without a picture, and the count says so."""
    bus = MemoryBus()
    mqtt = Mqtt(model.Mqtt(), "test", Ends("app", (), lambda message: None, _nothing, _none))
    pictures = Pictures(Topics(), site(), bus, mqtt, HeatOver(site(), {}))
    assert await pictures.evidence(change()) == ()

    async def empty(request: SnapshotRequest) -> Snapshot:
        return Snapshot(source=request.source, jpeg=b"", why="no frame yet")

    await bus.answer(SnapshotRequest, empty, at="cam.stove")
    assert await pictures.evidence(change()) == ()
    await pictures.show(change(), (("stove", b"jpeg"),))
    await pictures.show_heat("boiler", frame(b"rubbish"))
    await pictures.show_heat("boiler", thermal_frame())
    await pictures.show_live("stove")
    await pictures.show_live("hay.1")
    await pictures.tell_detections((("stove", {"event_type": "flame"}),))
    assert pictures.failed == 9
    await bus.close()
