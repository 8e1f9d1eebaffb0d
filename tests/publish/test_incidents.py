"""Incidents as Home Assistant reads them: in order, bounded, with words."""

import msgspec
from jsonschema import Draft202012Validator

from embereye_addon.messages import IncidentChanged, IncidentNews
from embereye_addon.publish.incidents import ALARMS_SHOWN, TOLD_ALARMS, event_of, incident_of, incidents_of
from embereye_addon.publish.schemas import schemas
from tests.samples import INCIDENT


def test_an_event_says_what_where_and_who_saw_it_first() -> None:
    """An automation cannot tell new from grown, or which camera to show."""
    change = IncidentChanged(
        source="panel", at=1_700_000_004.5, news=IncidentNews.GREW, number=2, incident=INCIDENT, text="alarm: Dock"
    )
    event = event_of(change)
    assert (event["event_type"], event["number"], event["text"]) == ("grew", 2, "alarm: Dock")
    assert (event["severity"], event["state"], event["zones"]) == ("confirmed", "acknowledged", ["dock"])
    assert (event["first_point"], event["kinds"], event["alarm_count"]) == ("cam.dock-3.flame", ["flame"], 3)
    assert event["alarms"][0]["zone_name"] == "Dock"
    assert event["began"] == "2023-11-14T22:13:21.500+00:00"
    quiet = msgspec.structs.replace(INCIDENT, points=(), ended=0.0)
    assert incident_of(quiet)["first_point"] is None
    for each in (change, msgspec.structs.replace(change, incident=quiet)):
        Draft202012Validator(schemas()["incident"]).validate(event_of(each))
    assert set(event) == set(schemas()["incident"]["properties"])


def test_attributes_stay_below_what_home_assistant_records() -> None:
    """A flood makes an attribute that is dropped, with a warning a second."""
    alarms = tuple(msgspec.structs.replace(INCIDENT.alarms[0], id=f"a-{n}", name="x" * 64) for n in range(512))
    points = tuple(msgspec.structs.replace(INCIDENT.points[0], point=f"cam.{n}.flame") for n in range(128))
    flood = msgspec.structs.replace(INCIDENT, alarms=alarms, points=points, left_out=3)
    shown = incident_of(flood)
    assert (len(shown["alarms"]), shown["alarm_count"]) == (ALARMS_SHOWN, 515)
    assert len(incident_of(flood, TOLD_ALARMS)["alarms"]) == TOLD_ALARMS
    older = msgspec.structs.replace(INCIDENT, id="old", changed=1.0)
    listed = incidents_of((older, flood))["incidents"]
    assert [each["incident_id"] for each in listed] == [INCIDENT.id, "old"]
    assert len(msgspec.json.encode(incidents_of((flood,)))) < 16 * 1024
