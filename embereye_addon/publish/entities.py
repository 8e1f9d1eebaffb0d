"""THE table of what Home Assistant shows: one row an entity. A new entity of the site or a zone is a row here. Pure."""

from embereye_addon.publish.rows import Needs, Row
from embereye_addon.publish.source_entities import CAMERA_ROWS, EXTERNAL_ROWS, PF_ROWS
from embereye_addon.publish.topics import Subject

STATES = ("normal", "pre_alarm", "alarm")
"""What a zone and the site may be; the options of both state entities."""
EVENTS = ("pre_alarm", "alarm", "cleared", "reset")
"""What an event may say; `cleared` ends a pre-alarm by itself, `reset` ends an alarm by an operator."""
DAY_MODES = ("auto", "day", "night")
"""What an operator may ask for: `auto` is as the schedule says."""
NEWS = ("new", "grew", "over", "merged")
"""What an event of an incident may say."""
MEASURED_S = 60
"""A measured value older than three of the longest PF periods is no longer shown."""

_S, _Z = Subject.SITE, Subject.ZONE
_BINARY, _VALUE, _BUTTON, _EVENT, _IMAGE = "binary_sensor", "sensor", "button", "event", "image"
_SWITCH, _NUMBER, _SELECT, _SIREN = "switch", "number", "select", "siren"
_DIAGNOSTIC, _CONFIG = "diagnostic", "config"

SITE_ROWS = (
    Row(_S, "fire_alarm", _BINARY, "Fire alarm", "smoke", attributes="explanation"),
    Row(_S, "state", _VALUE, "State", "enum", options=STATES, icon="mdi:fire-alert"),
    Row(_S, "trouble", _BINARY, "Trouble", "problem", needs=Needs.APP, attributes="faults"),
    Row(_S, "sounding", _BINARY, "Outputs sounding", "sound", icon="mdi:bullhorn"),
    Row(_S, "silenced", _BINARY, "Outputs silenced", icon="mdi:bell-off"),
    Row(_S, "outputs", _SWITCH, "Outputs", icon="mdi:bullhorn-outline"),
    Row(_S, "fault_count", _VALUE, "Faults", "", "", _DIAGNOSTIC, needs=Needs.APP, measured=True, icon="mdi:alert"),
    Row(_S, "disablements", _VALUE, "Disablements", attributes="disabled_things", measured=True, icon="mdi:cancel"),
    Row(_S, "last_alarm_id", _VALUE, "Last alarm id", icon="mdi:identifier"),
    Row(_S, "last_alarm", _VALUE, "Last alarm", "timestamp"),
    Row(_S, "active_incidents", _VALUE, "Active incidents", measured=True, attributes="incidents", icon="mdi:fire"),
    Row(_S, "fire_event", _EVENT, "Fire event", needs=Needs.APP, options=EVENTS, icon="mdi:fire-alert"),
    Row(_S, "incident", _EVENT, "Incident", needs=Needs.APP, options=NEWS, icon="mdi:fire-alert", leaf="incident"),
    Row(_S, "acknowledge", _BUTTON, "Acknowledge", needs=Needs.APP, icon="mdi:check"),
    Row(_S, "silence", _BUTTON, "Silence", needs=Needs.APP, icon="mdi:bell-off"),
    Row(_S, "resound", _BUTTON, "Resound", needs=Needs.APP, icon="mdi:bell-ring"),
    Row(_S, "reset", _BUTTON, "Reset", needs=Needs.APP, icon="mdi:restore"),
    Row(_S, "self_test", _BUTTON, "Self test", category=_DIAGNOSTIC, needs=Needs.APP, icon="mdi:clipboard-check"),
    Row(_S, "restart", _BUTTON, "Restart", "restart", category=_CONFIG, needs=Needs.APP),
    Row(_S, "sounders", _SIREN, "Sounders", icon="mdi:bullhorn"),
    Row(_S, "model", "update", "Detection model", category=_CONFIG, needs=Needs.APP),
    Row(
        _S,
        "flame_persistence",
        _NUMBER,
        "Flame lasts",
        "duration",
        "s",
        _CONFIG,
        needs=Needs.APP,
        setting="detection.flame_persist_s",
        low=2,
        high=120,
        icon="mdi:fire",
    ),
    Row(
        _S,
        "smoke_persistence",
        _NUMBER,
        "Smoke lasts",
        "duration",
        "s",
        _CONFIG,
        needs=Needs.APP,
        setting="detection.smoke_persist_s",
        low=2,
        high=120,
        icon="mdi:smoke",
    ),
    Row(_S, "day_mode", _SELECT, "Day mode", options=DAY_MODES, icon="mdi:theme-light-dark"),
    Row(_S, "night", _BINARY, "Night", icon="mdi:weather-night"),
    Row(_S, "switched_off", _VALUE, "Switched off", attributes="switched_off_things", measured=True, icon="mdi:power"),
    Row(
        _S,
        "inference_device",
        _VALUE,
        "Inference device",
        category=_DIAGNOSTIC,
        needs=Needs.APP,
        attributes="inference_words",
        icon="mdi:chip",
    ),
    Row(_S, "inference_time", _VALUE, "Inference time", "duration", "ms", _DIAGNOSTIC, measured=True, digits=0),
    Row(_S, "started", _VALUE, "Started", "timestamp", "", _DIAGNOSTIC, False, Needs.APP),
    Row(_S, "journal_head", _VALUE, "Journal head", category=_DIAGNOSTIC, attributes="journal_words", icon="mdi:pound"),
    Row(_S, "journal_verified", _VALUE, "Journal verified", "timestamp", category=_DIAGNOSTIC),
    Row(_S, "journal_used", _VALUE, "Journal size", "data_size", "MiB", _DIAGNOSTIC, measured=True, digits=1),
    Row(_S, "connection", _BINARY, "Connection", "connectivity", category=_DIAGNOSTIC, needs=Needs.NOTHING),
)

ZONE_ROWS = (
    Row(_Z, "fire_alarm", _BINARY, "Fire alarm", "smoke", attributes="explanation"),
    Row(_Z, "state", _VALUE, "Alarm level", "enum", options=STATES, icon="mdi:fire-alert"),
    Row(_Z, "score", _VALUE, "Fire score", unit="%", measured=True, digits=0, icon="mdi:fire"),
    Row(_Z, "fire_event", _EVENT, "Fire event", needs=Needs.APP, options=EVENTS, icon="mdi:fire-alert"),
    Row(_Z, "snapshot", _IMAGE, "Last alarm picture", needs=Needs.APP, content_type="image/jpeg"),
    Row(_Z, "acknowledge", _BUTTON, "Acknowledge", needs=Needs.APP, icon="mdi:check"),
    Row(_Z, "silence", _BUTTON, "Silence", needs=Needs.APP, icon="mdi:bell-off"),
    Row(_Z, "reset", _BUTTON, "Reset", needs=Needs.APP, icon="mdi:restore"),
    Row(_Z, "since", _VALUE, "Last change", "timestamp"),
    Row(
        _Z,
        "sensitivity",
        _SELECT,
        "Sensitivity",
        category=_CONFIG,
        needs=Needs.APP,
        setting="zones.sensitivity",
        options=("low", "normal", "high"),
        icon="mdi:tune",
    ),
    Row(_Z, "sounding", _BINARY, "Outputs sounding", "sound", icon="mdi:bullhorn"),
    Row(_Z, "in_service", _SWITCH, "In service", icon="mdi:shield-check"),
    Row(_Z, "walk_test", _SWITCH, "Walk test", attributes="walk_test_words", icon="mdi:walk"),
    Row(_Z, "commissioning", _SWITCH, "Commissioning", attributes="commissioning_words", icon="mdi:progress-wrench"),
    Row(_Z, "waiting", _BINARY, "Outputs wait", attributes="waiting_words", icon="mdi:timer-sand"),
    Row(_Z, "acknowledged", _BINARY, "Acknowledged", category=_DIAGNOSTIC, icon="mdi:check"),
    Row(_Z, "disabled", _BINARY, "Disabled", category=_DIAGNOSTIC, icon="mdi:cancel"),
    Row(_Z, "testing", _BINARY, "Test", category=_DIAGNOSTIC, icon="mdi:walk"),
    Row(_Z, "trouble", _BINARY, "Trouble", "problem", category=_DIAGNOSTIC, attributes="faults"),
)

ROWS = (*SITE_ROWS, *ZONE_ROWS, *CAMERA_ROWS, *PF_ROWS, *EXTERNAL_ROWS)


def rows_of(subject: Subject, roles: frozenset[str] = frozenset()) -> tuple[Row, ...]:
    """The rows of one thing; `roles` are the inputs a PF device has, or the kind of an external."""
    return tuple(row for row in ROWS if row.subject is subject and (not row.role or row.role in roles))


def entity_id(device_id: str, row: Row) -> str:
    """The entity id Home Assistant is asked to use first: domain, and only small letters, digits and underscores.

    The site's entities carry no `site` in theirs: `binary_sensor.embereye_fire_alarm`.
    """
    root = device_id.removesuffix("_site") if row.subject is Subject.SITE else device_id
    return f"{row.platform}.{root}_{row.key}".lower().replace("-", "_")
