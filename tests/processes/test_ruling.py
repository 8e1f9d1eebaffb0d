"""From the settings of a zone to what decides about it."""

import pytest

from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.modes import Mode
from embereye_addon.fuse.thermal import SIGN_CAP_NATS, STATIC_CAP_NATS
from embereye_addon.fuse.video import CAP_NATS, CONTAINED_CAP_NATS
from embereye_addon.messages import Evidence, Kind, ZoneState
from embereye_addon.processes.ruling import beliefs_of, persist_s, persistence, place_of
from embereye_addon.settings.model import Camera, Detection, Site, Zone
from tests.fuse.samples import claim, heard

KITCHEN = Zone(id="k", name="Kitchen", profile="kitchen")
HOB = claim(cap_nats=CONTAINED_CAP_NATS)
STEAM = claim("cam.a.smoke", kind=Kind.SMOKE, cap_nats=CONTAINED_CAP_NATS)
STOVE = claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=SIGN_CAP_NATS)
PAN = claim("pf.a.thermal", 3.0, Kind.HEAT, cap_nats=STATIC_CAP_NATS)


def test_a_zone_begins_as_it_is_set() -> None:
    """Sensitivity, mode and time of clearing must be those of the settings."""
    beliefs, place = beliefs_of(KITCHEN), place_of(KITCHEN)
    assert (beliefs.pre_alarm_nats, beliefs.alarm_nats) == fusion.THRESHOLDS_NATS["low"]
    assert beliefs.mode == Mode("confirm", 60.0, needs_growth=True)
    assert (place.id, place.name, place.clear_s) == ("k", "Kitchen", 60.0)


@pytest.mark.parametrize("pieces", [(STEAM, PAN), (HOB, PAN), (HOB, STOVE), (HOB, STEAM, STOVE)])
def test_a_kettle_or_a_stove_in_a_kitchen_is_at_most_a_pre_alarm(pieces: tuple[Evidence, ...]) -> None:
    """Cooking must not ring, however long it lasts and however many points see it."""
    beliefs = beliefs_of(KITCHEN)
    for at_s in range(0, 1200, 10):
        beliefs = heard(beliefs, pieces, start_s=float(at_s), every_s=0.5, looks=20)
        assert fusion.want(beliefs, at_s + 9.5).state is not ZoneState.ALARM


def test_a_fire_in_a_kitchen_is_an_alarm() -> None:
    """A pan that catches fire beside the burning hob grows; the kitchen must then ring within half a minute."""
    beliefs = heard(beliefs_of(KITCHEN), (HOB, STOVE), start_s=0.0, every_s=0.5, looks=120)
    beliefs = heard(beliefs, (claim(cap_nats=CAP_NATS), STOVE), start_s=60.0, every_s=0.5, looks=60)
    assert fusion.want(beliefs, 89.5).state is ZoneState.ALARM


def test_things_last_as_their_zone_says_or_the_whole_site() -> None:
    """Steam in the kitchen waits 20 s, smoke in the corridor not."""
    detection = Detection(flame_persist_s=3.0, smoke_persist_s=5.0)
    site = Site(
        detection=detection,
        zones=(KITCHEN, Zone(id="c", name="Corridor", profile="corridor", smoke_persist_s=7.0)),
        cameras=tuple(Camera(id=name, name=name, url="rtsp://h/s", zone=name) for name in ("k", "c")),
    )
    assert persistence(site) == {"cam.k": (10.0, 20.0), "cam.c": (3.0, 7.0)}
    assert persist_s(detection, None) == (3.0, 5.0)


def test_a_camera_that_looks_elsewhere_is_a_witness_of_its_own() -> None:
    """Two small fires at two gates of one yard must not share one cap."""
    cameras = (
        Camera(id="a", name="A", url="rtsp://h/s", zone="k"),
        Camera(id="b", name="B", url="rtsp://h/s", zone="k"),
    )
    assert beliefs_of(KITCHEN, cameras).views == {}
    apart = (*cameras, Camera(id="c", name="C", url="rtsp://h/s", zone="k", view="gate"))
    assert beliefs_of(KITCHEN, apart).views == {"cam.c": "gate"}
