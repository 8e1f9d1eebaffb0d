"""Heat over pictures: of the tied devices only, of the same moment, and only where it is wanted."""

import msgspec

from embereye_addon.publish.heat_over import APART_S, HeatOver
from embereye_addon.publish.views import PfView
from embereye_addon.settings import model
from tests.publish.samples import AT, site, thermal_frame

LINE = "stove: 0,0=0,0 1,0=31,0 1,1=31,23 0,1=0,23"


def tied(*, wanted: bool = True) -> model.Site:
    """The sample site, its device tied to the stove's camera."""
    base = site(heat_in_pictures=wanted)
    return msgspec.structs.replace(base, devices=(msgspec.structs.replace(base.devices[0], seen_by=(LINE,)),))


def test_heat_lies_over_the_tied_camera_at_the_same_moment() -> None:
    """A picture of an alarm shows the heat of another room, or of a quarter of an hour ago."""
    devices = {"pf.boiler": PfView(frame=thermal_frame())}
    over = HeatOver(tied(), devices)
    (heat,) = over.of("stove", AT + 2.0)
    assert heat.cells[5, 26] == 8650
    assert over.of("hay.1", AT) == ()
    assert over.of("stove", AT + APART_S + 1.0) == ()
    assert HeatOver(tied(wanted=False), devices).of("stove", AT) == ()


def test_a_device_without_a_readable_frame_covers_nothing() -> None:
    """An alarm has no picture because its thermal frame was damaged."""
    broken = msgspec.structs.replace(thermal_frame(), cells=b"rubbish")
    for devices in ({}, {"pf.boiler": PfView()}, {"pf.boiler": PfView(frame=broken)}):
        assert HeatOver(tied(), devices).of("stove", AT) == ()
