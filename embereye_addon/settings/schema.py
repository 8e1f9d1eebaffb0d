"""The one place where every key, default and kind of the settings stands, and the check of a whole file."""

from collections.abc import Mapping
from typing import Final

import msgspec

from embereye_addon.settings.cross import cross
from embereye_addon.settings.findings import ABSENT, REQUIRED, Findings, Key, Section, check_keys, check_list
from embereye_addon.settings.journal import JOURNAL
from embereye_addon.settings.kinds import (
    address,
    chip,
    choice,
    entries,
    flag,
    host,
    hour,
    ident,
    network,
    number,
    or_none,
    port,
    reference,
    region,
    secret,
    several,
    text,
    topic,
    url,
    whole,
)
from embereye_addon.settings.model import (
    Camera,
    Day,
    Detection,
    Device,
    Disk,
    GasCalibration,
    Mqtt,
    Pf,
    Site,
    Web,
    Zone,
)
from embereye_addon.settings.outside import ADAPTERS, EXTERNALS, cross_outside
from embereye_addon.settings.regions import CAMERA_REGIONS_MAX
from embereye_addon.settings.together import INCIDENTS, SEEN_BY
from embereye_addon.settings.zone_keys import ZONE_KEYS

_ANALOG = choice("auto", "smoke", "gas", "flame", "none")
_GAS = choice("co2", "co", "nh3", "alcohol", "acetone", "toluene")
_DIRECTION = choice("auto", "rising", "falling")
REGIONS_MAX: Final = 8
"""Regions of one device."""
REGION: Final = (
    Key("name", REQUIRED, text(1, 32), "Name"),
    Key("left", REQUIRED, whole(0, 31), "First column", "Columns count from 0, at the left of the thermal picture."),
    Key("top", REQUIRED, whole(0, 23), "First row", "Rows count from 0, at the top of the thermal picture."),
    Key("right", REQUIRED, whole(0, 31), "Last column"),
    Key("bottom", REQUIRED, whole(0, 23), "Last row"),
    Key("emissivity", REQUIRED, number(0.1, 1), "Emissivity", "Bare metal 0.1 to 0.4, oxidised 0.6 to 0.8."),
    Key(
        "reflected_c",
        None,
        or_none(number(-40, 300, "°C")),
        "Reflected temperature",
        "Empty: that of the whole device.",
    ),
)
_LAN = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]

SECTIONS: Final = (
    Section(
        "",
        "Site",
        Site,
        (
            Key("version", 1, whole(1, 1), "Version", "The form of this file; leave it as it is."),
            Key("name", "EmberEye", text(1, 32), "Name", "What Home Assistant calls this installation."),
        ),
    ),
    Section(
        "mqtt",
        "MQTT broker",
        Mqtt,
        (
            Key("host", "", host(empty=True), "Host", "Leave it empty to use Home Assistant's own broker."),
            Key("port", 1883, port(), "Port", "Usually 1883, or 8883 with TLS."),
            Key("username", "", text(0, 64), "User name"),
            Key("password", "", secret(), "Password"),
            Key("tls", False, flag(), "TLS", "Encrypt the connection and check the broker's certificate."),
            Key(
                "ca_file", "", text(0, 255), "CA file", "Certificate of your own authority; empty for the public ones."
            ),
            Key("base_topic", "embereye", topic(), "Base topic", "Every topic of EmberEye begins with it."),
            Key("discovery_prefix", "homeassistant", topic(), "Discovery prefix", "As set in Home Assistant."),
            Key("picture_every_s", 60, whole(0, 3600, "s"), "Pictures every", "Of each camera, by MQTT; 0: none."),
            Key("heat_in_pictures", True, flag(), "Heat in pictures", "Of tied PF devices, over pictures of an alarm."),
        ),
    ),
    Section(
        "web",
        "Web page",
        Web,
        (
            Key("host", "127.0.0.1", host(), "Address", "0.0.0.0 opens the page to the network; set a token then."),
            Key("port", 8099, port(), "Port"),
            Key("token", "", secret(16, 128), "Token", "Asked of everybody who does not come through Home Assistant."),
        ),
    ),
    Section(
        "pf",
        "PF devices' port",
        Pf,
        (
            Key("host", "0.0.0.0", host(), "Address", "Where PF devices may dial in."),  # noqa: S104 - they are in the LAN
            Key("port", 9001, port(), "Port", "Set the same port in the devices."),
            Key("networks", _LAN, several(network(), 1, 64), "Networks", "Only devices in these networks are heard."),
            Key("max_frames_hz", 16.0, number(1, 64, "frames a second"), "Frames", "More than this is dropped."),
            Key(
                "window_ms",
                100,
                whole(20, 1000, "ms"),
                "Window",
                "Inputs at rest are shown once in it; alarms never wait.",
            ),
            Key("history_mib", 1024, whole(16, 65536, "MiB"), "History", "Disk for all devices' thermal pictures."),
            Key("strangers", 64, whole(1, 1024), "Unknown connections", "Beyond one for each accepted device."),
            Key("strangers_per_address", 16, whole(1, 256), "Of one address", "Unknown connections of one address."),
        ),
    ),
    Section(
        "detection",
        "Detection",
        Detection,
        (
            Key("shards", 0, whole(0, 8), "Detectors", "Processes that look at cameras; 0 means one a core."),
            Key("device", "CPU", choice("CPU", "GPU", "NPU", "AUTO"), "Hardware", "What the model runs on."),
            Key(
                "decode",
                "software",
                choice("software", "vaapi", "qsv", "auto"),
                "Decoding",
                "What decodes the streams; software where the hardware cannot.",
            ),
            Key(
                "looks_hz",
                5.0,
                number(0.5, 15, "looks a second"),
                "Looks",
                "How often a camera is looked at while something is suspected.",
            ),
            Key("flame_persist_s", 2.0, number(2, 120, "s"), "Flame lasts", "A shorter flame raises nothing."),
            Key("smoke_persist_s", 2.0, number(2, 120, "s"), "Smoke lasts", "Shorter smoke raises nothing."),
        ),
    ),
    Section(
        "disk",
        "Disk",
        Disk,
        (
            Key(
                "least_free_mib",
                500,
                whole(16, 1048576, "MiB"),
                "Least free",
                "With less room left history and clips are given up; alarms never.",
            ),
        ),
    ),
    Section(
        "day",
        "Day and night",
        Day,
        (
            Key("begins", "", hour(), "Day begins", "Local time; leave both empty where it is always day."),
            Key("ends", "", hour(), "Day ends", "At night outputs never wait, and zones may be more sensitive."),
        ),
    ),
    Section(
        "zones",
        "Zones",
        Zone,
        ZONE_KEYS,
        most=256,
    ),
    Section(
        "cameras",
        "Cameras",
        Camera,
        (
            Key("id", REQUIRED, ident(), "Id", "Never changes; appears in topics and entity ids."),
            Key("name", REQUIRED, text(1, 64), "Name"),
            Key("url", REQUIRED, url("rtsp", "rtsps"), "Stream", "Take the substream: about 640x480 is best."),
            Key("zone", REQUIRED, reference("zones"), "Zone"),
            Key("username", "", text(0, 64), "User name"),
            Key("password", "", secret(), "Password"),
            Key("transport", "auto", choice("auto", "tcp", "udp"), "Transport", "TCP loses nothing on the way."),
            Key(
                "min_fps",
                2.0,
                number(0.2, 15, "pictures a second"),
                "Minimum rate",
                "Under load no fewer are looked at without a fault.",
            ),
            Key(
                "main_url",
                None,
                or_none(url("rtsp", "rtsps")),
                "Main stream",
                "The same camera's large stream, opened only for a closer look at something suspicious.",
            ),
            Key(
                "regions",
                [],
                several(region(), 0, CAMERA_REGIONS_MAX),
                "Regions",
                "Include: only there counts. Exclude: counts for nothing. Privacy: painted over at once.",
            ),
            Key("shown_pct", 50, whole(5, 95, "%"), "Shown from", "Less sure detections are not shown as such."),
            Key(
                "view",
                "",
                text(0, 32),
                "View",
                "Another name where it sees another place than the zone's other cameras.",
            ),
            Key("enabled", True, flag(), "Enabled"),
        ),
        most=256,
    ),
    Section(
        "devices",
        "PF devices",
        Device,
        (
            Key("id", REQUIRED, ident(), "Id", "Never changes; appears in topics and entity ids."),
            Key("name", REQUIRED, text(1, 64), "Name"),
            Key("zone", REQUIRED, reference("zones"), "Zone"),
            Key("identity", "", text(0, 64), "Identity", "What the device calls itself; empty: the id."),
            Key("dial", "", address(), "Dial", "Only for a serial bridge that listens: its host:port."),
            Key("emissivity", 0.95, number(0.1, 1), "Emissivity", "0.95 fits all but bare metal."),
            Key(
                "reflected_c", None, or_none(number(-40, 300, "°C")), "Reflected temperature", "Empty: from the device."
            ),
            Key(
                "regions",
                [],
                entries("regions", REGIONS_MAX),
                "Regions",
                "Rectangles of the thermal picture with an emissivity of their own.",
                REGION,
                REGIONS_MAX,
            ),
            SEEN_BY,
            Key("adc1_role", "auto", _ANALOG, "Input ADC1"),
            Key("adc2_role", "auto", _ANALOG, "Input ADC2"),
            Key("adc3_role", "none", _ANALOG, "Input ADC3"),
            Key("adc1_direction", "auto", _DIRECTION, "ADC1 towards alarm"),
            Key("adc2_direction", "auto", _DIRECTION, "ADC2 towards alarm"),
            Key("adc3_direction", "auto", _DIRECTION, "ADC3 towards alarm"),
            Key("digital_role", "flame", choice("flame", "none"), "Digital input"),
            Key("warm_up_s", 180, whole(0, 86400, "s"), "Warm-up", "No gas evidence for so long after power-on."),
            Key("siren", False, flag(), "Siren", "Sound the device's own siren while its zone is in alarm."),
            Key("mode", "stream", choice("stream", "on_demand"), "Mode", "On demand: each frame is asked for."),
            Key("request_every_s", 5.0, number(1, 3600, "s"), "Ask every", "Only on demand."),
            Key("sensor_id", "", chip(), "Thermal chip", "The one that belongs here; empty: the first one seen."),
            Key("line_end", "auto", choice("auto", "none", "lf", "crlf"), "Line end", "What ends a command."),
            Key("enabled", True, flag(), "Enabled"),
        ),
        most=256,
    ),
    Section(
        "calibrations",
        "Calibrated gas inputs",
        GasCalibration,
        (
            Key("device", REQUIRED, reference("devices"), "PF device"),
            Key("input", REQUIRED, choice("adc1", "adc2", "adc3"), "Input", "Its role must be gas or smoke."),
            Key("gas", REQUIRED, _GAS, "Gas", "The curve; what is shown is an equivalent of this gas."),
            Key("r0_kohm", REQUIRED, number(0.1, 10000, "kOhm"), "R0", "Measured with this very sensor."),
            Key("load_kohm", REQUIRED, number(0.1, 1000, "kOhm"), "Load resistor", "RL on the sensor's board."),
            Key("supply_v", REQUIRED, number(1, 24, "V"), "Supply", "Of the sensor and its load resistor."),
            Key("divider", REQUIRED, number(0.01, 1), "Divider", "Share of the voltage that arrives; 1: no divider."),
            Key("reference_v", REQUIRED, number(0.5, 6, "V"), "Converter", "The voltage that reads 4095."),
        ),
        most=768,
    ),
    JOURNAL,
    EXTERNALS,
    ADAPTERS,
    INCIDENTS,
)

LOG_LEVEL: Final = Key(
    "log_level", "info", choice("debug", "info", "warning", "error"), "Log level", "How much is written to the log."
)
ADDON_MQTT: Final = ("host", "port", "username", "password", "tls")
"""Keys of `mqtt` that the add-on's own page offers as `mqtt_KEY`, all optional: what must be known before the UI."""


def addon_keys() -> tuple[Key, ...]:
    """The add-on's options."""
    broker = {key.name: key for key in SECTIONS[1].keys}
    named = (Key(f"mqtt_{n}", ABSENT, broker[n].kind, f"MQTT {broker[n].label}", broker[n].about) for n in ADDON_MQTT)
    return (LOG_LEVEL, *named)


def addon_options() -> dict[str, object]:
    """`options` of config.yaml: only those with a default, since a default makes an optional one set for ever."""
    return {key.name: key.default for key in addon_keys() if key.default is not ABSENT}


def addon_schema() -> dict[str, str]:
    """`schema` of config.yaml."""
    return {key.name: key.kind.addon + "?" * (key.default is ABSENT) for key in addon_keys()}


def form() -> tuple[dict[str, object], ...]:
    """What the web page draws its forms from: one mapping a section, with its keys in order; plain JSON types."""
    return tuple(
        {
            "section": section.name,
            "label": section.label,
            "most": section.most,
            "keys": [_field(key) for key in section.keys],
        }
        for section in SECTIONS
    )


def _field(key: Key) -> dict[str, object]:
    """One input of the form; a list of mappings has the inputs of an entry as `keys`."""
    return {
        "key": key.name,
        "label": key.label,
        "about": key.about,
        "allowed": key.kind.words,
        "required": key.default is REQUIRED,
        "default": None if key.default is REQUIRED else key.default,
        **key.kind.form,
        **({"keys": [_field(each) for each in key.keys]} if key.keys else {}),
    }


def check(raw: object, path: str) -> Site:
    """A whole file (version 1) as a `Site`; `SettingsFileError` names every mistake at once, and `path`."""
    found = Findings()
    names = tuple(section.name for section in SECTIONS[1:])
    clean = check_keys(SECTIONS[0].keys, raw, "", found, names)
    given: Mapping[str, object] = raw if isinstance(raw, Mapping) else {}
    for section in SECTIONS[1:]:
        value = given.get(section.name)
        if section.most:
            clean[section.name] = check_list(section, [] if value is None else value, found)
        else:
            clean[section.name] = check_keys(section.keys, {} if value is None else value, section.name, found)
    cross(clean, given, found)
    cross_outside(clean, found)
    found.stop(path)
    return msgspec.convert(clean, Site)
