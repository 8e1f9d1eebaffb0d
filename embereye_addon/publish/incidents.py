"""Incidents as others read them. Pure: messages in, dictionaries out; lists are bounded, and counted where cut."""

from collections.abc import Iterable

from embereye_addon.messages import Incident, IncidentAlarm, IncidentChanged
from embereye_addon.publish.states import State, time_text

ALARMS_SHOWN = 20
"""Home Assistant does not record attributes above 16 KB."""
POINTS_SHOWN = 20
INCIDENTS_SHOWN = 5
TOLD_ALARMS = 100
"""An event is not recorded with its attributes for long; it names more of them."""


def incident_of(incident: Incident, alarms_most: int = ALARMS_SHOWN) -> State:
    """An incident as attributes: its alarms and points in the order in which they came."""
    first = incident.points[0] if incident.points else None
    return {
        "incident_id": incident.id,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "began": time_text(incident.began),
        "changed": time_text(incident.changed),
        "ended": time_text(incident.ended),
        "zones": list(dict.fromkeys(alarm.zone for alarm in incident.alarms))[:alarms_most],
        "kinds": sorted({point.kind for point in incident.points}),
        "first_point": None if first is None else first.point,
        "alarm_count": len(incident.alarms) + incident.left_out,
        "alarms": [_alarm(alarm) for alarm in incident.alarms[:alarms_most]],
        "points": [
            {"point": point.point, "kind": point.kind, "zone": point.zone, "at": time_text(point.at)}
            for point in incident.points[:POINTS_SHOWN]
        ],
    }


def _alarm(alarm: IncidentAlarm) -> State:
    return {
        "alarm_id": alarm.id,
        "zone": alarm.zone,
        "zone_name": alarm.name,
        "level": alarm.level,
        "began": time_text(alarm.began),
        "ended": time_text(alarm.ended),
    }


def incidents_of(incidents: Iterable[Incident]) -> State:
    """The open incidents as attributes, the newest first."""
    newest = sorted(incidents, key=lambda incident: incident.changed, reverse=True)
    return {"incidents": [incident_of(incident) for incident in newest[:INCIDENTS_SHOWN]]}


def event_of(change: IncidentChanged) -> State:
    """News of an incident as an event."""
    head = {"event_type": change.news.value, "number": change.number, "text": change.text, "at": time_text(change.at)}
    return head | incident_of(change.incident, TOLD_ALARMS) | {"merged_into": change.incident.into or None}
