"""The state JSON of cameras and PF devices. Pure: what was heard in, a dictionary out; every key is always there.

As in `states`, a key is the `key` or `attributes` of a row in `entities`; null says "not known".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median

from embereye_addon.messages import BLIND, HotSpots, Kind, LinkState, Reading, Sighting, SourceHealth, ThermalFrame
from embereye_addon.publish.source_entities import GASES
from embereye_addon.publish.states import State, on_off, time_text

SHOWN_CONFIDENCE = 0.5
"""A box below this is evidence for the zone, but not yet a sighting to show; each camera may have its own."""
HOLD_S = 5.0
"""What was seen stays shown this long, so that a flicker is one sighting."""
HEALTH_SILENCE_S = 18.0
"""Three missed reports of a camera or PF device: nobody watches it."""
MAX_CHANNELS = 16
INDEXED = ("gas", "smoke", "flame")
"""The input roles that have an index of their own."""
PACKET_STEP_S = 10
"""The time of the last packet is told in steps: it keeps measured values fresh without a message a second."""

NO_STREAM = (("stream_lost", "The camera's stream is not there"),)
NO_DEVICE = (("device_silent", "The PF device is not connected"),)
_UP = (LinkState.ONLINE, LinkState.DEGRADED)


@dataclass(frozen=True, slots=True)
class CameraView:
    """What is known of one camera; times ending in `_mono_s` are of arrival here; `on` is what the settings say."""

    sighting: Sighting | None = None
    health: SourceHealth | None = None
    health_mono_s: float = 0.0
    flame_mono_s: float = -HOLD_S
    smoke_mono_s: float = -HOLD_S
    detected_at: float = 0.0
    shown: float = SHOWN_CONFIDENCE
    on: bool = True


def seen(view: CameraView, sighting: Sighting, now_mono_s: float) -> CameraView:
    """The view after one more sighting."""
    labels = {box.label for box in sighting.boxes if box.confidence >= view.shown}
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


def _own_faults(health: SourceHealth | None, silent: tuple[tuple[str, str], ...]) -> State:
    """A source's own faults, each with its code and the numbers in words; `silent` are those of one that tells none.

    One that is switched off has none.
    """
    off = health is not None and health.state is LinkState.DISABLED
    faults = () if off else ((health.faults if health else ()) or silent)
    return {
        "trouble": on_off(bool(faults)),
        "faults": {"count": len(faults), "faults": [{"code": code, "text": text} for code, text in faults]},
    }


def _blind(health: SourceHealth | None, *, up: bool) -> bool:
    """Whether a source that has spoken cannot see now: what it does not show is then unknown, never "no fire"."""
    return health is not None and (not up or any(code in BLIND for code, _text in health.faults))


def _claimed(on: bool, *, known: bool) -> str | None:
    """What is claimed is so; what is not claimed is off only where it would be seen."""
    return on_off(on) if on or known else None


def camera_state(view: CameraView, now_mono_s: float, out: bool = False) -> State:
    """A camera's state JSON; `out` says that one of its points is disabled."""
    health, sighting = view.health, view.sighting
    up = source_up(health, view.health_mono_s, now_mono_s)
    sees = sighting is not None and not _blind(health, up=up)
    confidence = max((box.confidence for box in sighting.boxes), default=0.0) if sighting else None
    return {
        "flame": _claimed(now_mono_s - view.flame_mono_s < HOLD_S, known=sees),
        "smoke": _claimed(now_mono_s - view.smoke_mono_s < HOLD_S, known=sees),
        "confidence": None if confidence is None else round(confidence * 100),
        "last_detection": time_text(view.detected_at),
        "stream": on_off(up),
        "stream_words": _words(health),
        **_own_faults(health, NO_STREAM if view.on and not up else ()),
        "disabled": on_off(out),
        "frame_rate": round(health.rate_hz, 1) if health else None,
        "latency": round(health.latency_ms) if health else None,
        "frames_lost": health.dropped if health else None,
        "reconnects": health.reconnects if health else None,
    }


def detection_events(before: State, after: State) -> tuple[str, ...]:
    """What a camera's event entity is told when its state goes from one to the next."""
    began = tuple(kind for kind in ("flame", "smoke") if after[kind] == "ON" and before.get(kind) != "ON")
    ended = "ON" in (before.get("flame"), before.get("smoke")) and "ON" not in (after["flame"], after["smoke"])
    return began or (("cleared",) if ended else ())


def inference_ms(views: Iterable[CameraView]) -> int | None:
    """How long the model's last look took, the middle one of all cameras; None while none has looked."""
    took = [view.sighting.look_ms for view in views if view.sighting is not None and view.sighting.look_ms > 0.0]
    return round(median(took)) if took else None


@dataclass(frozen=True, slots=True)
class PfView:
    """What is known of one PF device; `readings` by channel; `on` is what the settings say."""

    spots: HotSpots | None = None
    frame: ThermalFrame | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)
    health: SourceHealth | None = None
    health_mono_s: float = 0.0
    heat_mono_s: float = -HOLD_S
    packet_at: float = 0.0
    on: bool = True


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


def pf_state(view: PfView, now_mono_s: float, out: bool = False, sounds: bool = False) -> State:
    """A PF device's state JSON; `out` says that one of its points is disabled, `sounds` that its siren does."""
    spots, frame, health = view.spots, view.frame, view.health
    up = source_up(health, view.health_mono_s, now_mono_s)
    feels = spots is not None and not _blind(health, up=up)
    return {
        "overheat": _claimed(now_mono_s - view.heat_mono_s < HOLD_S, known=feels),
        "max_temperature": round(spots.max_c, 1) if spots else None,
        "median_temperature": round(spots.median_c, 1) if spots else None,
        "rise_rate": _rise(spots) if spots else None,
        **{f"{role}_index": _index(view, role) for role in INDEXED},
        **{f"{gas}_equivalent": _equivalent(view, gas) for gas in GASES},
        "connection": on_off(up),
        "link_words": _words(health),
        **_own_faults(health, NO_DEVICE if view.on and not up else ()),
        "disabled": on_off(out),
        "siren": on_off(sounds),
        "packets_lost": health.dropped if health else None,
        "packets_rejected": health.rejected if health else None,
        "last_packet": time_text(view.packet_at // PACKET_STEP_S * PACKET_STEP_S),
        "chip_temperature": round(frame.ambient_c, 1) if frame else None,
        "supply_voltage": round(frame.supply_v, 2) if frame else None,
        "bad_pixels": _number(health, "bad_px"),
        "reject_rate": _number(health, "rejected_pct"),
        "period": _number(health, "interval_s"),
    }
