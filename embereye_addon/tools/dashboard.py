"""dashboard: a ready dashboard for Home Assistant, made from a site file: its own zones, cameras and PF devices."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from embereye_addon.publish.entities import entity_id, rows_of
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings import store
from embereye_addon.settings.model import Camera, Device, Site, Zone

HEAD = """\
# EmberEye's dashboard for Home Assistant: only core cards, made from the site file by
#   python -m embereye_addon dashboard --site site.yaml > dashboard.yaml
# To use it: Settings, Dashboards, Add dashboard, New dashboard from scratch; open it, edit, three dots, Raw
# configuration editor, and paste all of this. To adapt it: everything below `views` is yours; take out what you do not
# want, or edit it in place afterwards. Entities have the ids they were given first: if you renamed one, rename it here.
# Make it anew after cameras, zones or PF devices were added.
"""
Card = dict[str, Any]
_WHY = """\
**{{ state_attr('FIRE', 'zone_name') }}** since \
{{ as_local(as_datetime(state_attr('FIRE', 'since'))).strftime('%H:%M:%S') }}: {{ state_attr('FIRE', 'text') }}

| point | measured | share |
| --- | --- | --- |
{% for one in state_attr('FIRE', 'shares') or [] -%}
| {{ one.point }} | {{ one.value }} {{ one.unit }} | {{ (one.share * 100) | round }} % |
{% endfor %}"""
_FAULTS = """\
{% for fault in (state_attr('TROUBLE', 'faults') or []) -%}
- **{{ fault.about }}**: {{ fault.text }} (since {{ as_local(as_datetime(fault.since)).strftime('%H:%M') }})
{% endfor %}"""
_OUT = """\
{% for one in (state_attr('DISABLEMENTS', 'things') or []) -%}
- **{{ one.about }}** by {{ one.by }}, until \
{{ as_local(as_datetime(one.until)).strftime('%d %b %H:%M') if one.until else 'somebody ends it' }}
{% endfor %}
{%- for name in (state_attr('SWITCHED', 'things') or []) -%}
- **{{ name }}** is switched off in the settings
{% endfor %}"""


class Ids:
    """The entity ids of one thing by the keys of the table."""

    def __init__(self, topics: Topics, subject: Subject, thing: str) -> None:
        device_id = topics.device_id(subject, thing)
        self._ids = {row.key: entity_id(device_id, row) for row in rows_of(subject, frozenset({"siren"}))}

    def __getitem__(self, key: str) -> str:
        return self._ids[key]


def dashboard(site: Site) -> dict[str, Any]:
    """The dashboard of a site, as Home Assistant reads it."""
    topics = Topics(site.mqtt.base_topic, site.mqtt.discovery_prefix)
    of = Ids(topics, Subject.SITE, "")
    watch = [_panel(of), *(_zone(topics, site, zone) for zone in site.zones)]
    views = [_view("Fire watch", "fire", "mdi:fire-alert", watch)]
    if site.cameras:
        views.append(_view("Cameras", "cameras", "mdi:cctv", [_camera(topics, camera) for camera in site.cameras]))
    if site.devices:
        views.append(_view("PF devices", "pf", "mdi:heat-wave", [_device(topics, device) for device in site.devices]))
    views.append(_view("Service", "service", "mdi:wrench", _service(topics, site, of)))
    return {"title": site.name, "views": views}


def _view(title: str, path: str, icon: str, sections: list[Card]) -> Card:
    return {"title": title, "path": path, "icon": icon, "type": "sections", "max_columns": 3, "sections": sections}


def _section(title: str, icon: str, cards: list[Card]) -> Card:
    return {"type": "grid", "cards": [{"type": "heading", "heading": title, "icon": icon}, *cards]}


def _tile(entity: str, name: str, **more: Any) -> Card:
    return {"type": "tile", "entity": entity, "name": name, **more}


def _press(entity: str, name: str) -> Card:
    """A tile that presses a button when it is tapped; it asks nothing, for seconds count."""
    action = {"action": "perform-action", "perform_action": "button.press", "target": {"entity_id": entity}}
    return _tile(entity, name, hide_state=True, tap_action=action)


def _when(entity: str, state: str) -> dict[str, Any]:
    return {"visibility": [{"condition": "state", "entity": entity, "state": state}]}


def _live(entity: str, name: str) -> Card:
    """A camera's newest picture."""
    return {"type": "picture-entity", "entity": entity, "name": name, "show_state": False, "camera_view": "auto"}


def _image(entity: str, **more: Any) -> Card:
    """The picture of an image entity."""
    return {"type": "picture", "image_entity": entity, **more}


def _markdown(text: str, **more: Any) -> Card:
    return {"type": "markdown", "content": text, **more}


def _panel(of: Ids) -> Card:
    fire = of["fire_alarm"]
    why = _WHY.replace("FIRE", fire)
    cards = [
        _tile(fire, "Fire alarm", color="red", grid_options={"columns": "full"}),
        _tile(of["state"], "State"),
        _tile(of["trouble"], "Trouble", color="amber"),
        _markdown(why, **_when(fire, "on")),
        _press(of["acknowledge"], "Acknowledge"),
        _press(of["silence"], "Silence"),
        _press(of["resound"], "Resound"),
        _press(of["reset"], "Reset"),
        _tile(of["last_alarm"], "Last alarm"),
        _tile(of["sounding"], "Outputs sounding", color="red"),
        _markdown(_FAULTS.replace("TROUBLE", of["trouble"]), title="Faults", **_when(of["trouble"], "on")),
    ]
    return _section("Panel", "mdi:fire-alert", cards)


def _zone(topics: Topics, site: Site, zone: Zone) -> Card:
    of = Ids(topics, Subject.ZONE, zone.id)
    cards = [
        _tile(of["fire_alarm"], "Fire alarm", color="red"),
        _tile(of["state"], "Alarm level"),
        {
            "type": "gauge",
            "entity": of["score"],
            "name": "Evidence of fire",
            "min": 0,
            "max": 100,
            "needle": True,
            "severity": {"green": 0, "yellow": 30, "red": 70},
        },
    ]
    for camera in site.cameras:
        if camera.zone == zone.id:
            seen = Ids(topics, Subject.CAMERA, camera.id)
            cards.append(_live(seen["picture"], camera.name))
    for device in site.devices:
        if device.zone == zone.id:
            felt = Ids(topics, Subject.PF, device.id)
            wide: Card = {"features": [{"type": "trend-graph"}], "grid_options": {"columns": "full"}}
            cards.append(_tile(felt["max_temperature"], device.name, color="deep-orange", **wide))
    alarm = _when(of["fire_alarm"], "on")
    cards.append({"type": "heading", "heading": "Picture of the alarm", "heading_style": "subtitle", **alarm})
    cards.append(_image(of["snapshot"], **alarm))
    return _section(zone.name, "mdi:floor-plan", cards)


def _camera(topics: Topics, camera: Camera) -> Card:
    of = Ids(topics, Subject.CAMERA, camera.id)
    cards = [
        _live(of["picture"], camera.name),
        _tile(of["flame"], "Flame", color="red"),
        _tile(of["smoke"], "Smoke", color="red"),
        _tile(of["confidence"], "Confidence"),
        _tile(of["last_detection"], "Last detection"),
        _tile(of["stream"], "Stream"),
        _tile(of["detection"], "Detection", features=[{"type": "toggle"}]),
        {"type": "history-graph", "hours_to_show": 24, "entities": [of["flame"], of["smoke"], of["stream"]]},
    ]
    return _section(camera.name, "mdi:cctv", cards)


def _device(topics: Topics, device: Device) -> Card:
    of = Ids(topics, Subject.PF, device.id)
    cards = [
        _image(of["thermal_image"]),
        _tile(of["max_temperature"], "Hottest spot", color="deep-orange"),
        _tile(of["rise_rate"], "Rise rate"),
        _tile(of["overheat"], "Overheat", color="red"),
        _tile(of["connection"], "Connection"),
        {
            "type": "history-graph",
            "title": "Temperature, 24 h",
            "hours_to_show": 24,
            "entities": [
                {"entity": of["max_temperature"], "name": "Hottest spot"},
                {"entity": of["median_temperature"], "name": "Median"},
            ],
        },
        *([_tile(of["siren"], "Siren", features=[{"type": "toggle"}])] if device.siren else []),
    ]
    return _section(device.name, "mdi:heat-wave", cards)


def _service(topics: Topics, site: Site, of: Ids) -> list[Card]:
    out = _OUT.replace("DISABLEMENTS", of["disablements"]).replace("SWITCHED", of["switched_off"])
    service = [
        _tile(of["outputs"], "Outputs", features=[{"type": "toggle"}]),
        _tile(of["disablements"], "Disablements"),
        _tile(of["switched_off"], "Switched off"),
        _markdown(out),
    ]
    for zone in site.zones:
        keys = Ids(topics, Subject.ZONE, zone.id)
        rows = [
            {"entity": keys[key], "name": name}
            for key, name in (
                ("in_service", "In service"),
                ("walk_test", "Walk test"),
                ("sensitivity", "Sensitivity"),
                ("trouble", "Trouble"),
            )
        ]
        service.append({"type": "entities", "title": zone.name, "entities": rows})
    health = [
        _tile(of["connection"], "Connection"),
        _tile(of["model"], "Detection model"),
        _tile(of["inference_time"], "Inference time"),
        _tile(of["inference_device"], "Inference device"),
    ]
    return [_section("Out of service", "mdi:cancel", service), _section("Health", "mdi:heart-pulse", health)]


def text(site: Site) -> str:
    """The dashboard as a YAML file with its comment."""
    return HEAD + yaml.safe_dump(dashboard(site), sort_keys=False, allow_unicode=True, width=120)


def command(words: list[str]) -> int:
    """Print it; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon dashboard", description=__doc__)
    parser.add_argument("--site", type=Path, required=True, help="your settings, YAML or JSON")
    sys.stdout.write(text(store.load(parser.parse_args(words).site)))
    return 0
