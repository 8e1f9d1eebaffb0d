"""The state JSON of the site and of each zone. Pure: what was heard in, a dictionary out; every key is always there.

A key is the `key` or `attributes` of a row in `entities`. Null says "not known"; attributes are never null.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from embereye_addon.messages import (
    AlarmChanged,
    Disablement,
    Explanation,
    Fault,
    JournalState,
    PanelState,
    ZoneState,
    ZoneStatus,
)

State = dict[str, Any]

PANEL_SILENCE_S = 15.0
"""Three missed sayings of the panel: what it said last may be wrong."""
MAX_FAULTS = 20
"""Home Assistant does not record attributes above 16 KB."""
MAX_SHARES = 16


def time_text(at: float) -> str | None:
    """UTC seconds as ISO 8601; None for zero (never) and for what no calendar holds."""
    if not 0.0 < at < 32503680000.0:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def on_off(value: bool) -> str:
    """What a binary entity reads."""
    return "ON" if value else "OFF"


def explanation_of(why: Explanation | None) -> State:
    """An explanation as attributes; {} when there is none."""
    if why is None:
        return {}
    return {
        "rule": why.rule,
        "text": why.text,
        "sum_nats": round(why.sum_nats, 2),
        "threshold_nats": round(why.threshold_nats, 2),
        "shares": [
            {
                "point": share.point,
                "kind": share.kind,
                "value": round(share.value, 3),
                "unit": share.unit,
                "nats": round(share.nats, 2),
                "share": round(share.share, 3),
                "where": share.where,
            }
            for share in why.shares[:MAX_SHARES]
        ],
    }


def faults_of(faults: tuple[Fault, ...]) -> State:
    """Faults as attributes: how many, and the first of them."""
    listed = [
        {"code": fault.code, "about": fault.about, "since": time_text(fault.since), "text": fault.text}
        for fault in faults[:MAX_FAULTS]
    ]
    return {"count": len(faults), "faults": listed}


def about_sources(faults: tuple[Fault, ...], names: frozenset[str]) -> tuple[Fault, ...]:
    """The faults about one of these sources or zones, or about a point of one."""
    return tuple(fault for fault in faults if fault.about in names or fault.about.rpartition(".")[0] in names)


def with_changes(panel: PanelState, changes: Mapping[str, AlarmChanged]) -> PanelState:
    """The panel's state with alarm changes (by zone) laid over it that are newer than what it says."""
    zones = tuple(
        _with_change(zone, changes[zone.zone]) if zone.zone in changes and changes[zone.zone].at > panel.at else zone
        for zone in panel.zones
    )
    if zones == panel.zones:
        return panel
    newest = max((change for change in changes.values() if change.at > panel.at), key=lambda change: change.at)
    return msgspec.structs.replace(
        panel,
        zones=zones,
        state=worst(tuple(zone.state for zone in zones)),
        last_alarm_id=newest.id if newest.now is ZoneState.ALARM else panel.last_alarm_id,
        last_alarm_at=newest.at if newest.now is ZoneState.ALARM else panel.last_alarm_at,
    )


def _with_change(zone: ZoneStatus, change: AlarmChanged) -> ZoneStatus:
    return msgspec.structs.replace(
        zone, state=change.now, since=change.at, alarm_id=change.id, explanation=change.explanation
    )


def worst(states: tuple[ZoneState, ...]) -> ZoneState:
    """The site's state: an alarm anywhere is an alarm."""
    order = (ZoneState.NORMAL, ZoneState.PRE_ALARM, ZoneState.ALARM)
    return max(states, key=order.index, default=ZoneState.NORMAL)


def _sounding(zone: ZoneStatus) -> bool:
    """Whether a zone drives outputs: a disabled one is in alarm for the log only."""
    return zone.state is ZoneState.ALARM and not zone.disabled


def is_blind(zone: ZoneStatus, faults: tuple[Fault, ...]) -> bool:
    """Whether nothing in the zone can see: no alarm of it is then not known, which is not the same as none."""
    return any(fault.code == "zone_blind" and fault.about == f"zone.{zone.zone}" for fault in faults)


def _all_blind(panel: PanelState) -> bool:
    return bool(panel.zones) and all(is_blind(zone, panel.faults) for zone in panel.zones)


def site_state(panel: PanelState, own_faults: tuple[Fault, ...] = ()) -> State:
    """The site's state JSON; `own_faults` are those the panel cannot know, such as its own silence."""
    faults = (*own_faults, *panel.faults)
    sounding = tuple(zone for zone in panel.zones if _sounding(zone))
    stirred = tuple(zone for zone in panel.zones if zone.state is not ZoneState.NORMAL)
    why: State = {}
    if stirred:
        first = min(sounding or stirred, key=lambda zone: (zone.state is not ZoneState.ALARM, zone.since))
        why = {
            "zone": first.zone,
            "zone_name": first.name,
            "alarm_id": first.alarm_id,
            "since": time_text(first.since),
            "zones": [zone.name for zone in stirred[:MAX_SHARES]],
        } | explanation_of(first.explanation)
    return {
        "fire_alarm": None if not sounding and _all_blind(panel) else on_off(bool(sounding)),
        "state": str(panel.state),
        "explanation": why,
        "trouble": on_off(bool(faults)),
        "faults": faults_of(faults),
        "fault_count": len(faults),
        "sounding": on_off(any(zone.driving for zone in panel.zones)),
        "sounders": on_off(any(zone.driving for zone in panel.zones)),
        "silenced": on_off(panel.silenced),
        "outputs": on_off(not panel.isolated),
        "day_mode": panel.day_mode,
        "night": on_off(panel.night),
        "disablements": len(panel.disablements),
        "disabled_things": {"things": [_disablement(each) for each in panel.disablements[:MAX_FAULTS]]},
        "last_alarm_id": panel.last_alarm_id or None,
        "last_alarm": time_text(panel.last_alarm_at),
        "active_incidents": len(panel.incidents),
        **_journal(panel.journal),
    }


def _journal(journal: JournalState | None) -> State:
    """The journal's head, so that a tail that was cut off is missed; null where a panel tells none."""
    told = journal or JournalState()
    return {
        "journal_head": told.head or None,
        "journal_words": {"broken": told.broken},
        "journal_verified": time_text(told.verified_at),
        "journal_used": None if journal is None else round(told.used_bytes / 2**20, 1),
    }


def _disablement(each: Disablement) -> State:
    """What is out of service; all outputs have no name of their own."""
    return {
        "about": each.about or "outputs",
        "since": time_text(each.since),
        "until": time_text(each.until),
        "by": each.by,
        "what": each.what,
    }


def zone_state(zone: ZoneStatus, faults: tuple[Fault, ...]) -> State:
    """A zone's state JSON; `faults` are those of its own sources (see `about_sources`)."""
    flags: State = {"acknowledged": zone.acknowledged, "disabled": zone.disabled, "testing": zone.testing}
    why = {"alarm_id": zone.alarm_id, "since": time_text(zone.since), **flags, **explanation_of(zone.explanation)}
    return {
        "fire_alarm": None if not _sounding(zone) and is_blind(zone, faults) else on_off(_sounding(zone)),
        "state": str(zone.state),
        "explanation": why,
        "since": time_text(zone.since),
        "score": round(zone.score_pct),
        "sounding": on_off(zone.driving),
        "in_service": on_off(not zone.disabled),
        "walk_test": on_off(zone.testing),
        "walk_test_words": {"until": time_text(zone.test_until), "responded": list(zone.responded)},
        "commissioning": on_off(zone.commissioning),
        "commissioning_words": {
            "since": time_text(zone.commissioning_since),
            "pre_alarms": zone.pre_alarms_told,
            "alarms": zone.alarms_told,
        },
        "waiting": on_off(bool(zone.waits_for)),
        "waiting_words": {"until": time_text(zone.waits_until), "for": zone.waits_for},
        "acknowledged": on_off(zone.acknowledged),
        "disabled": on_off(zone.disabled),
        "testing": on_off(zone.testing),
        "trouble": on_off(bool(faults)),
        "faults": faults_of(faults),
    }


def model_versions(installed: str, latest: str, summary: str = "") -> State:
    """What the update entity of the model reads; `latest` is `installed` where nothing newer may take its place."""
    return {"installed_version": installed or None, "latest_version": latest or None, "release_summary": summary[:255]}


def zone_up(zone: ZoneStatus | None, panel_silent: bool) -> bool:
    """Whether a zone's state may be shown: while the panel speaks, and a latched alarm even after that."""
    return zone is not None and (not panel_silent or zone.state is ZoneState.ALARM)


def event_of(change: AlarmChanged) -> State:
    """An alarm change as an event, with the time at which it happened however late it is told."""
    if change.now is ZoneState.NORMAL:
        kind = "reset" if change.was is ZoneState.ALARM else "cleared"
    else:
        kind = str(change.now)
    return {
        "event_type": kind,
        "alarm_id": change.id,
        "zone": change.zone,
        "zone_name": change.name,
        "was": str(change.was),
        "now": str(change.now),
        "cause": change.cause,
        "by": change.by,
        "at": time_text(change.at),
    } | explanation_of(change.explanation)
