"""What no key of the settings alone can tell: ids that are used twice, zones that are not there, and the like."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from embereye_addon.settings import kinds, registration
from embereye_addon.settings.cross_zones import rules
from embereye_addon.settings.findings import Findings
from embereye_addon.settings.regions import parse

POINTS_MAX: Final = 256
"""Points of one zone that the panel's state can carry: 2 for a camera, 5 for a PF device, 1 for an external."""

_Row = dict[str, object]


def cross(clean: _Row, given: Mapping[str, object], found: Findings) -> None:
    """What no key alone can tell; entries with mistakes of their own are looked at as far as they go."""
    lists = {name: rows for name, rows in clean.items() if isinstance(rows, list)}
    for name in ("zones", "cameras", "devices", "externals", "adapters"):
        _unique(lists[name], name, "id", found)
    ids = Counter(row.get("id") for row in lists["devices"])
    named = [row.get("identity") or (row.get("id") if ids[row.get("id")] == 1 else None) for row in lists["devices"]]
    _unique([{"identity": name} for name in named], "devices", "identity", found)
    _zones(lists, given.get("zones"), found)
    rules(lists, found)
    _neighbours(lists["zones"], found)
    for i, camera in enumerate(lists["cameras"]):
        _credentials(camera, f"cameras[{i}]", found)
        _camera_regions(camera, f"cameras[{i}].regions", found)
    _calibrations(lists, found)
    _regions(lists["devices"], found)
    _seen_by(lists["devices"], ids_of(lists["cameras"]), found)
    _doors(clean, found)


def _calibrations(lists: Mapping[str, list[_Row]], found: Findings) -> None:
    """Each calibration is of an input that exists and smells something; one device has one of an input and of a gas."""
    devices = {row.get("id"): row for row in lists["devices"]}
    for i, row in enumerate(lists["calibrations"]):
        device, where = row.get("device"), f"calibrations[{i}]"
        if device is not None and device not in devices:
            found.tell(f"{where}.device", "no_device", device=str(device))
        role = devices.get(device, {}).get(f"{row.get('input')}_role")
        if role in ("flame", "none"):
            found.tell(f"{where}.input", "input_role", input=str(row.get("input")), device=str(device), role=str(role))
    for key in ("input", "gas"):
        known = [row for row in lists["calibrations"] if "device" in row and key in row]
        _unique([{key: f"{row[key]} of {row['device']}"} for row in known], "calibrations", key, found)


def _unique(rows: list[_Row], section: str, key: str, found: Findings) -> None:
    first: dict[object, int] = {}
    for i, row in enumerate(rows):
        value = row.get(key)
        if value is not None and first.setdefault(value, i) != i:
            found.tell(f"{section}[{i}].{key}", "used_twice", value=str(value), place=f"{section}[{first[value]}]")


def _zones(lists: Mapping[str, list[_Row]], given: object, found: Findings) -> None:
    """Every camera and device is in a zone that exists, and no zone holds more points than the panel can tell of."""
    entries = given if isinstance(given, list) else []
    exist = {str(entry.get("id")).strip() for entry in entries if isinstance(entry, dict)}
    points: Counter[object] = Counter()
    for section, each in (("cameras", 2), ("devices", 5), ("externals", 1)):
        for i, row in enumerate(lists[section]):
            zone = row.get("zone")
            points[zone] += each
            if zone is not None and zone not in exist:
                code = "no_zone" if exist else "no_zones_yet"
                there = {"zones": ", ".join(sorted(exist))} if exist else {}
                found.tell(f"{section}[{i}].zone", code, zone=str(zone), **there)
    for i, zone in enumerate(lists["zones"]):
        if points[zone.get("id")] > POINTS_MAX and "id" in zone:
            found.tell(f"zones[{i}]", "zone_points", n=points[zone["id"]], most=POINTS_MAX)


def ids_of(rows: list[_Row]) -> set[object]:
    """The ids of a list's entries."""
    return {row.get("id") for row in rows}


def _neighbours(zones: list[_Row], found: Findings) -> None:
    """A zone's neighbours are other zones that exist."""
    for i, zone in enumerate(zones):
        named = zone.get("neighbours")
        for k, other in enumerate(named if isinstance(named, list) else ()):
            if other == zone.get("id"):
                found.tell(f"zones[{i}].neighbours[{k}]", "own_neighbour")
            elif other not in ids_of(zones):
                found.tell(f"zones[{i}].neighbours[{k}]", "no_such_zone", zone=str(other))


def _credentials(camera: _Row, where: str, found: Findings) -> None:
    """Move user and password of the URLs into their own keys; both streams have the same."""
    moved: dict[str, str] = {}
    for stream in ("url", "main_url"):
        bare, username, password = kinds.split_credentials(str(camera.get(stream) or ""))
        for key, inside in (("username", username), ("password", password)):
            if inside and camera.get(key) and moved.get(key) != inside:
                found.tell(f"{where}.{key}", "given_twice", stream_key=stream, own_key=key)
            elif inside:
                camera[key] = moved[key] = inside
        if camera.get(stream):
            camera[stream] = bare


def _camera_regions(camera: _Row, where: str, found: Findings) -> None:
    """Each region of a camera has a name of its own."""
    lines = camera.get("regions")
    _unique([{"name": parse(line).name} for line in lines] if isinstance(lines, list) else [], where, "name", found)


def _regions(devices: list[_Row], found: Findings) -> None:
    """A rectangle ends where it begins or further right and down."""
    for i, device in enumerate(devices):
        regions = device.get("regions")
        for k, one in enumerate(regions if isinstance(regions, list) else ()):
            for first, last in (("left", "right"), ("top", "bottom")):
                if one.get(last, 31) < one.get(first, 0):
                    found.tell(f"devices[{i}].regions[{k}].{last}", "region_order", first_key=first, low=one[first])


def _seen_by(devices: list[_Row], cameras: set[object], found: Findings) -> None:
    """Each device is tied to cameras that exist, to each of them once."""
    for i, device in enumerate(devices):
        lines = device.get("seen_by")
        named = [registration.parse(line).camera for line in lines] if isinstance(lines, list) else []
        for k, camera in enumerate(named):
            if camera not in cameras:
                found.tell(f"devices[{i}].seen_by[{k}]", "no_camera", camera=camera)
        _unique([{"camera": camera} for camera in named], f"devices[{i}].seen_by", "camera", found)


def _doors(clean: _Row, found: Findings) -> None:
    web, pf, mqtt = (clean.get(name) for name in ("web", "pf", "mqtt"))
    if isinstance(web, dict) and isinstance(pf, dict) and web.get("port") == pf.get("port", 0):
        found.tell("pf.port", "same_port", port=pf["port"])
    if isinstance(mqtt, dict) and mqtt.get("ca_file") and mqtt.get("tls") is False:
        found.tell("mqtt.ca_file", "tls_off")
