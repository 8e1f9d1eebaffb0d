"""The one state JSON of each thing. Pure: what was heard in, a dictionary out; every key is always there.

A key is the `key` or `attributes` of a row in `entities`. Null says "not known"; attributes are never null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from embereye_addon.messages import (
    AlarmChanged,
    Disablement,
    Explanation,
    Fault,
    HotSpots,
    Kind,
    LinkState,
    PanelState,
    Reading,
    Sighting,
    SourceHealth,
    ThermalFrame,
    ZoneState,
    ZoneStatus,
)
from embereye_addon.publish.entities import GASES

State = dict[str, Any]

SHOWN_CONFIDENCE = 0.5
"""A box below this is evidence for the zone, but not yet a sighting to show."""
HOLD_S = 5.0
"""What was seen stays shown this long, so that a flicker is one sighting."""
HEALTH_SILENCE_S = 18.0
"""Three missed reports of a camera or PF device: nobody watches it."""
PANEL_SILENCE_S = 15.0
"""Three missed sayings of the panel: what it said last may be wrong."""
MAX_FAULTS = 20
"""Home Assistant does not record attributes above 16 KB."""
MAX_SHARES = 16
MAX_CHANNELS = 16
INDEXED = ("gas", "smoke", "flame")
"""The input roles that have an index of their own."""
PACKET_STEP_S = 10
"""The time of the last packet is told in steps: it keeps measured values fresh without a message a second."""

_UP = (LinkState.ONLINE, LinkState.DEGRADED)


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
        "fire_alarm": on_off(bool(sounding)),
        "state": str(panel.state),
        "explanation": why,
        "trouble": on_off(bool(faults)),
        "faults": faults_of(faults),
        "sounding": on_off(any(zone.driving for zone in panel.zones)),
        "silenced": on_off(panel.silenced),
        "outputs": on_off(not panel.isolated),
        "disablements": len(panel.disablements),
        "disabled_things": {"things": [_disablement(each) for each in panel.disablements[:MAX_FAULTS]]},
        "last_alarm_id": panel.last_alarm_id or None,
        "last_alarm": time_text(panel.last_alarm_at),
        "active_incidents": len(stirred),
    }


def _disablement(each: Disablement) -> State:
    """What is out of service; all outputs have no name of their own."""
    return {
        "about": each.about or "outputs",
        "since": time_text(each.since),
        "until": time_text(each.until),
        "by": each.by,
    }


def zone_state(zone: ZoneStatus, faults: tuple[Fault, ...]) -> State:
    """A zone's state JSON; `faults` are those of its own sources (see `about_sources`)."""
    flags: State = {"acknowledged": zone.acknowledged, "disabled": zone.disabled, "testing": zone.testing}
    why = {"alarm_id": zone.alarm_id, "since": time_text(zone.since), **flags, **explanation_of(zone.explanation)}
    return {
        "fire_alarm": on_off(_sounding(zone)),
        "state": str(zone.state),
        "explanation": why,
        "score": round(zone.score_pct),
        "sounding": on_off(zone.driving),
        "in_service": on_off(not zone.disabled),
        "walk_test": on_off(zone.testing),
        "walk_test_words": {"until": time_text(zone.test_until), "responded": list(zone.responded)},
        "acknowledged": on_off(zone.acknowledged),
        "disabled": on_off(zone.disabled),
        "testing": on_off(zone.testing),
        "trouble": on_off(bool(faults)),
        "faults": faults_of(faults),
    }


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


@dataclass(frozen=True, slots=True)
class CameraView:
    """What is known of one camera; times ending in `_mono_s` are of arrival here."""

    sighting: Sighting | None = None
    health: SourceHealth | None = None
    health_mono_s: float = 0.0
    flame_mono_s: float = -HOLD_S
    smoke_mono_s: float = -HOLD_S
    detected_at: float = 0.0


def seen(view: CameraView, sighting: Sighting, now_mono_s: float) -> CameraView:
    """The view after one more sighting."""
    labels = {box.label for box in sighting.boxes if box.confidence >= SHOWN_CONFIDENCE}
    flame, smoke = not labels.isdisjoint(("flame", "fire")), "smoke" in labels
    return replace(
        view,
        sighting=sighting,
        flame_mono_s=now_mono_s if flame else view.flame_mono_s,
        smoke_mono_s=now_mono_s if smoke else view.smoke_mono_s,
        detected_at=sighting.at if flame or smoke else view.detected_at,
    )


def source_up(health: SourceHealth | None, health_mono_s: float, now_mono_s: float) -> bool:
    """Whether a camera or PF device is connected, by a report that is not too old."""
    return health is not None and health.state in _UP and now_mono_s - health_mono_s <= HEALTH_SILENCE_S


def _words(health: SourceHealth | None) -> State:
    if health is None:
        return {"link": None}
    return {"link": str(health.state), "faults": [text for _code, text in health.faults]} | dict(health.words)


def _own_faults(health: SourceHealth | None, *, up: bool) -> list[State]:
    """A device's own faults, each with its code and the numbers in words; one that is switched off has none."""
    if health is not None and health.state is LinkState.DISABLED:
        return []
    listed = [{"code": code, "text": text} for code, text in (health.faults if health else ())]
    if not up and not listed:
        return [{"code": "device_silent", "text": "The PF device is not connected"}]
    return listed


def camera_state(view: CameraView, now_mono_s: float) -> State:
    """A camera's state JSON."""
    health, sighting = view.health, view.sighting
    confidence = max((box.confidence for box in sighting.boxes), default=0.0) if sighting else None
    return {
        "flame": on_off(now_mono_s - view.flame_mono_s < HOLD_S) if sighting else None,
        "smoke": on_off(now_mono_s - view.smoke_mono_s < HOLD_S) if sighting else None,
        "confidence": None if confidence is None else round(confidence * 100),
        "last_detection": time_text(view.detected_at),
        "stream": on_off(source_up(health, view.health_mono_s, now_mono_s)),
        "stream_words": _words(health),
        "frame_rate": round(health.rate_hz, 1) if health else None,
        "latency": round(health.latency_ms) if health else None,
        "reconnects": health.reconnects if health else None,
    }


@dataclass(frozen=True, slots=True)
class PfView:
    """What is known of one PF device; `readings` by channel."""

    spots: HotSpots | None = None
    frame: ThermalFrame | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)
    health: SourceHealth | None = None
    health_mono_s: float = 0.0
    heat_mono_s: float = -HOLD_S
    packet_at: float = 0.0


def felt(view: PfView, message: HotSpots | ThermalFrame | Reading, now_mono_s: float) -> PfView:
    """The view after one more message of the device."""
    view = replace(view, packet_at=max(view.packet_at, message.at))
    match message:
        case HotSpots():
            hot = any(piece.kind is Kind.HEAT and piece.rules for piece in message.evidence)
            return replace(view, spots=message, heat_mono_s=now_mono_s if hot else view.heat_mono_s)
        case ThermalFrame():
            return replace(view, frame=message)
        case Reading():
            if message.channel not in view.readings and len(view.readings) >= MAX_CHANNELS:
                return view
            return replace(view, readings={**view.readings, message.channel: message})


def roles_in(view: PfView) -> frozenset[str]:
    """The roles of the inputs heard so far."""
    return frozenset(reading.role for reading in view.readings.values() if reading.role in INDEXED)


def _index(view: PfView, role: str) -> float | None:
    """The greatest change of a role's usable inputs (sigmas above the learned baseline)."""
    usable = (r for r in view.readings.values() if r.role == role and not (r.warming_up or r.stuck or r.out_of_range))
    found = max((reading.change_sigma for reading in usable), default=None)
    return None if found is None else round(found, 1)


def _equivalent(view: PfView, gas: str) -> float | None:
    """The ppm of the input that is calibrated for a gas; None while it cannot be believed, or where there is none."""
    return next((r.ppm for r in view.readings.values() if r.gas == gas and r.ppm is not None), None)


def _rise(spots: HotSpots) -> float:
    return round(max((cluster.rise_k_min for cluster in spots.clusters), default=0.0), 1)


def _number(health: SourceHealth | None, word: str) -> float | None:
    """A number among the words of a report; None where there is none."""
    try:
        return float(health.words[word]) if health else None
    except (KeyError, ValueError):
        return None


def pf_state(view: PfView, now_mono_s: float) -> State:
    """A PF device's state JSON."""
    spots, frame, health = view.spots, view.frame, view.health
    up = source_up(health, view.health_mono_s, now_mono_s)
    faults = _own_faults(health, up=up)
    return {
        "overheat": on_off(now_mono_s - view.heat_mono_s < HOLD_S) if spots else None,
        "max_temperature": round(spots.max_c, 1) if spots else None,
        "median_temperature": round(spots.median_c, 1) if spots else None,
        "rise_rate": _rise(spots) if spots else None,
        **{f"{role}_index": _index(view, role) for role in INDEXED},
        **{f"{gas}_equivalent": _equivalent(view, gas) for gas in GASES},
        "connection": on_off(up),
        "link_words": _words(health),
        "trouble": on_off(bool(faults)),
        "faults": {"count": len(faults), "faults": faults},
        "packets_rejected": health.rejected if health else None,
        "last_packet": time_text(view.packet_at // PACKET_STEP_S * PACKET_STEP_S),
        "chip_temperature": round(frame.ambient_c, 1) if frame else None,
        "supply_voltage": round(frame.supply_v, 2) if frame else None,
        "bad_pixels": _number(health, "bad_px"),
        "reject_rate": _number(health, "rejected_pct"),
        "period": _number(health, "interval_s"),
    }
