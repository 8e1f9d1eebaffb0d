"""JSON Schemas (draft 2020-12) of every JSON topic, made from the entity table and the shapes of `states`. Pure.

A schema says what is always there; more keys may come with a release. `docs/schemas` holds them as files.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from embereye_addon.messages import IncidentState, Kind, LinkState, Severity, ZoneState
from embereye_addon.publish.entities import EVENTS, NEWS, ROWS, STATES
from embereye_addon.publish.rows import Row
from embereye_addon.publish.source_entities import DETECTIONS
from embereye_addon.publish.topics import Subject

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "number"}
_FLAG: Final[Schema] = {"type": "boolean"}
_WHEN: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
_ON_OFF: Final[Schema] = {"enum": ["ON", "OFF", None]}


def _shape(optional: bool = False, /, **properties: Schema) -> Schema:
    """An object; its keys are there unless `optional` says that it may be empty."""
    shape: Schema = {"type": "object", "properties": properties}
    return shape if optional else shape | {"required": sorted(properties)}


def _list(each: Schema) -> Schema:
    return {"type": "array", "items": each}


_SHARE: Final = _shape(
    point=_TEXT,
    kind={"enum": [str(kind) for kind in Kind]},
    value=_NUMBER,
    unit=_TEXT,
    nats=_NUMBER,
    share=_NUMBER,
    where=_TEXT,
)
_WHY: Final[Mapping[str, Schema]] = {
    "rule": _TEXT,
    "text": _TEXT,
    "sum_nats": _NUMBER,
    "threshold_nats": _NUMBER,
    "shares": _list(_SHARE),
}
_FAULT: Final[Schema] = {
    "type": "object",
    "properties": {"code": _TEXT, "about": _TEXT, "since": _WHEN, "text": _TEXT},
    "required": ["code", "text"],
}
_MAYBE: Final[Schema] = {"type": ["string", "null"]}
_VERSIONS: Final = _shape(installed_version=_MAYBE, latest_version=_MAYBE, release_summary=_TEXT)
_LINK: Final[Schema] = {"enum": [*(str(state) for state in LinkState), None]}
_INCIDENT: Final[Mapping[str, Schema]] = {
    "incident_id": {"type": "string", "minLength": 1},
    "severity": {"enum": [str(severity) for severity in Severity]},
    "state": {"enum": [str(state) for state in IncidentState]},
    "began": _WHEN,
    "changed": _WHEN,
    "ended": _WHEN,
    "zones": _list(_TEXT),
    "kinds": _list(_TEXT),
    "first_point": _MAYBE,
    "alarm_count": {"type": "integer", "minimum": 1},
    "alarms": _list(_shape(alarm_id=_TEXT, zone=_TEXT, zone_name=_TEXT, level=_TEXT, began=_WHEN, ended=_WHEN)),
    "points": _list(_shape(point=_TEXT, kind=_TEXT, zone=_TEXT, at=_WHEN)),
}
ATTRIBUTES: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "explanation": _shape(
            True,
            alarm_id=_TEXT,
            zone=_TEXT,
            zone_name=_TEXT,
            zones=_list(_TEXT),
            since=_WHEN,
            acknowledged=_FLAG,
            disabled=_FLAG,
            testing=_FLAG,
            **_WHY,
        ),
        "faults": _shape(count={"type": "integer", "minimum": 0}, faults=_list(_FAULT)),
        "disabled_things": _shape(things=_list(_shape(about=_TEXT, since=_WHEN, until=_WHEN, by=_TEXT))),
        "switched_off_things": _shape(things=_list(_TEXT)),
        "incidents": _shape(incidents=_list(_shape(**_INCIDENT))),
        "walk_test_words": _shape(until=_WHEN, responded=_list(_TEXT)),
        "stream_words": _shape(True, link=_LINK, faults=_list(_TEXT)),
        "link_words": _shape(True, link=_LINK, faults=_list(_TEXT)),
    }
)
"""By attributes key of a row; one that is not named here may hold anything."""


def _value(row: Row) -> Schema:
    """What stands at the key of an entity; null: not known."""
    if row.platform in ("binary_sensor", "switch", "siren"):
        return _ON_OFF
    if row.platform == "update":
        return _VERSIONS
    if row.options:
        return {"enum": [*row.options, None]}
    if row.device_class == "timestamp":
        return _WHEN
    if row.platform == "number" or row.measured or row.counted or row.unit or row.digits >= 0:
        return {"type": ["number", "null"]}
    return {"type": ["string", "number", "null"]}


def state_schema(subject: Subject) -> Schema:
    """The state JSON of one kind of thing: every value and attribute of its entities is always there."""
    properties: dict[str, Schema] = {}
    for row in ROWS:
        if row.subject is not subject:
            continue
        if row.valued:
            properties[row.key] = {"description": row.name} | _value(row)
        if row.attributes:
            properties[row.attributes] = ATTRIBUTES.get(row.attributes, {"type": "object"})
    return _shape(**properties)


def _event() -> Schema:
    words: dict[str, Schema] = {
        "event_type": {"enum": list(EVENTS)},
        "alarm_id": {"type": "string", "minLength": 1},
        "zone": _TEXT,
        "zone_name": _TEXT,
        "was": {"enum": [str(state) for state in ZoneState]},
        "now": {"enum": list(STATES)},
        "cause": _TEXT,
        "by": _TEXT,
        "at": _WHEN,
    }
    return _shape(**words, **_WHY)


def _discovery() -> Schema:
    """Home Assistant's device bundle, as far as it is ours to promise."""
    component = {
        "type": "object",
        "properties": {"platform": _TEXT, "unique_id": _TEXT, "default_entity_id": _TEXT, "name": _TEXT},
        "required": ["platform"],
    }
    device = _shape(identifiers=_list(_TEXT), name=_TEXT, manufacturer=_TEXT, model=_TEXT)
    return _shape(
        device=device,
        origin=_shape(name=_TEXT, sw_version=_TEXT),
        qos={"const": 1},
        availability=_list(_shape(topic=_TEXT)),
        availability_mode={"const": "all"},
        components={"type": "object", "additionalProperties": component},
    )


def schemas() -> dict[str, Schema]:
    """Every schema by its name, which is that of its file."""
    found = {f"{subject}-state": state_schema(subject) for subject in Subject}
    found["event"] = _event()
    found["incident"] = _shape(
        event_type={"enum": list(NEWS)},
        number={"type": "integer", "minimum": 1},
        text=_TEXT,
        at=_WHEN,
        merged_into=_MAYBE,
        **_INCIDENT,
    )
    found["camera-event"] = _shape(
        event_type={"enum": list(DETECTIONS)}, confidence={"type": ["number", "null"]}, at=_WHEN
    )
    found["answer"] = _shape(topic=_TEXT, ok=_FLAG, why=_TEXT, at=_WHEN)
    found["discovery"] = _discovery()
    return {name: {"$schema": DIALECT, "title": f"EmberEye {name}", **schema} for name, schema in found.items()}


def name_of(base: str, prefix: str, topic: str) -> str:
    """The name of the schema of what is published at a topic; '' where no JSON is."""
    if topic.startswith(f"{prefix}/device/") and topic.endswith("/config"):
        return "discovery"
    match topic.removeprefix(f"{base}/").split("/"):
        case ["site", "event" | "incident" | "answer" as leaf] | ["zone", _, "event" as leaf]:
            return leaf
        case ["camera", _, "event"]:
            return "camera-event"
        case ["site" as subject, "state"]:
            return f"{subject}-state"
        case [subject, _, "state"] if subject in set(Subject):
            return f"{subject}-state"
    return ""
