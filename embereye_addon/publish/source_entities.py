"""The part of the table of `entities` about what sees and feels: a new entity of these is a row here. Pure."""

from types import MappingProxyType

from embereye_addon.publish.rows import Needs, Row
from embereye_addon.publish.topics import Subject

DETECTIONS = ("flame", "smoke", "cleared")
"""What a camera's own event may say; it is a sighting and not yet an alarm."""
GASES = MappingProxyType(
    {"co2": "CO2", "co": "CO", "nh3": "NH3", "alcohol": "Alcohol", "acetone": "Acetone", "toluene": "Toluene"}
)
"""What a calibrated input may stand for. One resistive sensor cannot tell gases apart: each is an equivalent, and has
no device class, which would make it a gas alarm in other systems."""


def equivalent(gas: str) -> str:
    """The role that the calibration of an input for this gas gives a device."""
    return f"{gas}_equivalent"


_C, _P, _E = Subject.CAMERA, Subject.PF, Subject.EXTERNAL
_BINARY, _VALUE, _EVENT, _IMAGE = "binary_sensor", "sensor", "event", "image"
_SWITCH, _NUMBER, _SIREN = "switch", "number", "siren"
_DIAGNOSTIC, _CONFIG = "diagnostic", "config"

CAMERA_ROWS = (
    Row(_C, "flame", _BINARY, "Flame", "safety"),
    Row(_C, "smoke", _BINARY, "Smoke", "smoke"),
    Row(_C, "confidence", _VALUE, "Confidence", unit="%", measured=True, digits=0, icon="mdi:gauge"),
    Row(_C, "last_detection", _VALUE, "Last detection", "timestamp", needs=Needs.APP),
    Row(_C, "detected", _EVENT, "Detection event", needs=Needs.APP, options=DETECTIONS, icon="mdi:cctv"),
    Row(_C, "picture", "camera", "Picture"),
    Row(_C, "snapshot", _IMAGE, "Last detection picture", needs=Needs.APP, content_type="image/jpeg"),
    Row(
        _C,
        "stream",
        _BINARY,
        "Stream",
        "connectivity",
        category=_DIAGNOSTIC,
        needs=Needs.APP,
        attributes="stream_words",
    ),
    Row(
        _C,
        "detection",
        _SWITCH,
        "Detection",
        "",
        "",
        _CONFIG,
        needs=Needs.APP,
        setting="cameras.enabled",
        icon="mdi:eye",
    ),
    Row(
        _C,
        "threshold",
        _NUMBER,
        "Confidence threshold",
        "",
        "%",
        _CONFIG,
        needs=Needs.APP,
        setting="cameras.shown_pct",
        low=5,
        high=95,
        icon="mdi:gauge",
    ),
    Row(_C, "trouble", _BINARY, "Trouble", "problem", category=_DIAGNOSTIC, needs=Needs.APP, attributes="faults"),
    Row(_C, "disabled", _BINARY, "Disabled", category=_DIAGNOSTIC, needs=Needs.APP, icon="mdi:cancel"),
    Row(_C, "frame_rate", _VALUE, "Frame rate", "", "fps", _DIAGNOSTIC, enabled=False, measured=True, digits=1),
    Row(
        _C,
        "latency",
        _VALUE,
        "Detection latency",
        "duration",
        "ms",
        _DIAGNOSTIC,
        enabled=False,
        measured=True,
        digits=0,
    ),
    Row(_C, "frames_lost", _VALUE, "Frames lost", "", "", _DIAGNOSTIC, False, Needs.APP, counted=True),
    Row(_C, "reconnects", _VALUE, "Stream reconnects", "", "", _DIAGNOSTIC, False, Needs.APP, counted=True),
)

PF_ROWS = (
    Row(_P, "overheat", _BINARY, "Overheat", "heat"),
    Row(_P, "max_temperature", _VALUE, "Hottest spot", "temperature", "°C", measured=True, digits=1, expires=True),
    Row(
        _P,
        "median_temperature",
        _VALUE,
        "Median temperature",
        "temperature",
        "°C",
        measured=True,
        digits=1,
        expires=True,
    ),
    Row(
        _P,
        "rise_rate",
        _VALUE,
        "Rise rate",
        "",
        "°C/min",
        measured=True,
        digits=1,
        expires=True,
        icon="mdi:trending-up",
    ),
    Row(
        _P,
        "gas_index",
        _VALUE,
        "Gas index",
        "",
        "σ",
        measured=True,
        digits=1,
        expires=True,
        role="gas",
        icon="mdi:molecule",
    ),
    Row(
        _P,
        "smoke_index",
        _VALUE,
        "Smoke index",
        "",
        "σ",
        measured=True,
        digits=1,
        expires=True,
        role="smoke",
        icon="mdi:smoke",
    ),
    Row(
        _P,
        "flame_index",
        _VALUE,
        "Flame index",
        "",
        "σ",
        measured=True,
        digits=1,
        expires=True,
        role="flame",
        icon="mdi:fire",
    ),
    *(
        Row(
            _P,
            f"{gas}_equivalent",
            _VALUE,
            f"{words} equivalent",
            "",
            "ppm",
            measured=True,
            digits=0,
            expires=True,
            role=equivalent(gas),
            icon="mdi:molecule",
        )
        for gas, words in GASES.items()
    ),
    Row(_P, "thermal_image", _IMAGE, "Thermal image", content_type="image/png"),
    Row(
        _P,
        "connection",
        _BINARY,
        "Connection",
        "connectivity",
        category=_DIAGNOSTIC,
        needs=Needs.APP,
        attributes="link_words",
    ),
    Row(_P, "trouble", _BINARY, "Trouble", "problem", category=_DIAGNOSTIC, needs=Needs.APP, attributes="faults"),
    Row(_P, "siren", _SIREN, "Siren", role="siren", icon="mdi:alarm-light"),
    Row(
        _P,
        "detection",
        _SWITCH,
        "Detection",
        "",
        "",
        _CONFIG,
        needs=Needs.APP,
        setting="devices.enabled",
        icon="mdi:eye",
    ),
    Row(
        _P,
        "alarm_temperature",
        _NUMBER,
        "Alarm temperature",
        "temperature",
        "°C",
        _CONFIG,
        needs=Needs.APP,
        setting="zones.fixed_alarm_c",
        low=45,
        high=300,
    ),
    Row(
        _P,
        "pre_alarm_temperature",
        _NUMBER,
        "Pre-alarm temperature",
        "temperature",
        "°C",
        _CONFIG,
        needs=Needs.APP,
        setting="zones.fixed_pre_c",
        low=40,
        high=290,
    ),
    Row(_P, "disabled", _BINARY, "Disabled", category=_DIAGNOSTIC, needs=Needs.APP, icon="mdi:cancel"),
    Row(_P, "packets_lost", _VALUE, "Packets lost", "", "", _DIAGNOSTIC, False, Needs.APP, counted=True),
    Row(_P, "packets_rejected", _VALUE, "Packets rejected", "", "", _DIAGNOSTIC, False, Needs.APP, counted=True),
    Row(_P, "last_packet", _VALUE, "Last packet", "timestamp", "", _DIAGNOSTIC, False, Needs.APP),
    Row(
        _P,
        "chip_temperature",
        _VALUE,
        "Chip temperature",
        "temperature",
        "°C",
        _DIAGNOSTIC,
        False,
        measured=True,
        digits=1,
    ),
    Row(_P, "supply_voltage", _VALUE, "Supply voltage", "voltage", "V", _DIAGNOSTIC, False, measured=True, digits=2),
    Row(_P, "bad_pixels", _VALUE, "Bad pixels", "", "", _DIAGNOSTIC, False, measured=True, digits=0),
    Row(_P, "reject_rate", _VALUE, "Packets rejected, share", "", "%", _DIAGNOSTIC, False, measured=True, digits=1),
    Row(_P, "period", _VALUE, "Period", "duration", "s", _DIAGNOSTIC, False, measured=True, digits=1),
)

EXTERNAL_ROWS = (
    Row(_E, "smoke", _BINARY, "Smoke", "smoke", role="smoke"),
    Row(_E, "heat", _BINARY, "Heat", "heat", role="heat"),
    Row(_E, "gas", _BINARY, "Gas", "gas", role="gas"),
    Row(_E, "flame", _BINARY, "Flame", "safety", role="flame"),
    Row(_E, "value", _VALUE, "Value", category=_DIAGNOSTIC, enabled=False),
    Row(
        _E,
        "connection",
        _BINARY,
        "Connection",
        "connectivity",
        category=_DIAGNOSTIC,
        needs=Needs.APP,
        attributes="link_words",
    ),
    Row(_E, "trouble", _BINARY, "Trouble", "problem", category=_DIAGNOSTIC, needs=Needs.APP, attributes="faults"),
    Row(_E, "last_report", _VALUE, "Last report", "timestamp", "", _DIAGNOSTIC, False, Needs.APP),
    Row(_E, "unreadable", _VALUE, "Unreadable messages", "", "", _DIAGNOSTIC, False, Needs.APP, counted=True),
)
