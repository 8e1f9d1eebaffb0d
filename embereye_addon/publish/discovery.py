"""From rows to the device bundles Home Assistant reads, and to their removal. Pure.

A bundle is one retained message a device. Home Assistant rejects a whole bundle for one unknown key at its top, keeps
a component that is merely left out, and takes removals only while it runs: so a removal first announces everything
once more, then takes it away (a component by its platform alone, a device by an empty message).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from embereye_addon.publish.entities import MEASURED_S, entity_id, rows_of
from embereye_addon.publish.rows import Needs, Row
from embereye_addon.publish.source_entities import equivalent
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings import model

MAKER = "EmberEye"
SUPPORT_URL = "https://github.com/embereye/embereye"
MODELS = {
    Subject.SITE: "Fire watch",
    Subject.ZONE: "Zone",
    Subject.CAMERA: "Camera",
    Subject.PF: "PF device",
    Subject.EXTERNAL: "Detector from elsewhere",
}

_FEEDS = {"event": ("state_topic", "event"), "image": ("image_topic", "snapshot"), "camera": ("topic", "picture")}
"""What is shown once and never kept: the option that names its topic, and the topic's last part."""
Bundle = dict[str, Any]
"""A device bundle as it goes over the wire, before it is JSON."""
Batch = tuple[tuple[str, bytes], ...]
"""Topics and payloads that belong together; all of them retained."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One device to announce: what it stands for, its id in the settings, its name, area, PF input roles.

    The roles hold what its inputs are calibrated for as well (`entities.equivalent`); an external's is its kind.
    """

    subject: Subject
    id: str
    name: str
    area: str = ""
    serial: str = ""
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class About:
    """What a bundle says of the program: its version and where its page is ('' = nowhere)."""

    version: str
    page_url: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """Two batches with a pause between them: everything once more, then the end of what is not wanted."""

    again: Batch = ()
    away: Batch = ()


def encode(bundle: Mapping[str, Any]) -> bytes:
    """A bundle as JSON; the same bundle always gives the same bytes."""
    return msgspec.json.encode(bundle, order="deterministic")


def things_of(site: model.Site, roles: Mapping[str, frozenset[str]]) -> tuple[Thing, ...]:
    """Every device of a site, the hub first; `roles` holds, by PF id, the inputs known so far."""
    zone_names = {zone.id: zone.name for zone in site.zones}
    gases: dict[str, frozenset[str]] = {}
    for each in site.calibrations:
        gases[each.device] = gases.get(each.device, frozenset()) | {equivalent(each.gas)}
    return (
        Thing(Subject.SITE, "", site.name),
        *(Thing(Subject.ZONE, zone.id, zone.name, zone.name) for zone in site.zones),
        *(Thing(Subject.CAMERA, camera.id, camera.name, zone_names.get(camera.zone, "")) for camera in site.cameras),
        *(
            Thing(
                Subject.PF,
                device.id,
                device.name,
                zone_names.get(device.zone, ""),
                device.identity,
                roles.get(device.id, frozenset()) | gases.get(device.id, frozenset()) | _fitted(device),
            )
            for device in site.devices
        ),
        *(
            Thing(
                Subject.EXTERNAL,
                each.id,
                each.name,
                zone_names.get(each.zone, ""),
                roles=frozenset((each.kind,)),
            )
            for each in site.externals
        ),
    )


def _fitted(device: model.Device) -> frozenset[str]:
    """What a PF device has besides its inputs."""
    return frozenset({"siren"}) if device.siren else frozenset()


def bundle(topics: Topics, thing: Thing, about: About) -> Bundle:
    """The bundle of one thing: device, origin, shared options and one component a row."""
    return {
        "device": _device(topics, thing, about),
        "origin": {"name": MAKER, "sw_version": about.version, "support_url": SUPPORT_URL},
        "qos": 1,
        "availability": _availability(topics, thing, Needs.THING),
        "availability_mode": "all",
        "components": {row.key: _component(topics, thing, row) for row in rows_of(thing.subject, thing.roles)},
    }


def _device(topics: Topics, thing: Thing, about: About) -> dict[str, Any]:
    hub = topics.device_id(Subject.SITE, "")
    device: dict[str, Any] = {
        "identifiers": [topics.device_id(thing.subject, thing.id)],
        "name": thing.name,
        "manufacturer": MAKER,
        "model": MODELS[thing.subject],
    }
    if thing.subject is Subject.SITE:
        device["sw_version"] = about.version
        optional = {"configuration_url": about.page_url}
    else:
        device["via_device"] = hub
        optional = {"suggested_area": thing.area, "serial_number": thing.serial}
    return device | {key: value for key, value in optional.items() if value}


def _availability(topics: Topics, thing: Thing, needs: Needs) -> list[dict[str, str]]:
    """The list form, everywhere: Home Assistant refuses a mix of list and single topic."""
    app, own = {"topic": topics.app}, {"topic": topics.of(thing.subject, thing.id, "status")}
    match needs:
        case Needs.THING:
            return [app, own]
        case Needs.APP:
            return [app]
        case Needs.NOTHING:
            return []


def _component(topics: Topics, thing: Thing, row: Row) -> dict[str, Any]:
    device_id = topics.device_id(thing.subject, thing.id)
    component: dict[str, Any] = {
        "platform": row.platform,
        "unique_id": f"{device_id}_{row.key}",
        "default_entity_id": entity_id(device_id, row),
        "name": row.name,
    }
    if row.needs is not Needs.THING:
        component["availability"] = _availability(topics, thing, row.needs)
    return component | _looks(row) | _wires(topics, thing, row)


def _looks(row: Row) -> dict[str, Any]:
    """How an entity is shown: class, unit, category, state class, digits, options."""
    optional: dict[str, Any] = {
        "device_class": row.device_class,
        "unit_of_measurement": row.unit,
        "entity_category": row.category,
        "icon": row.icon,
        "state_class": "measurement" if row.measured else "total_increasing" if row.counted else "",
        "event_types" if row.platform == "event" else "options": list(row.options),
        "content_type": row.content_type,
        "expire_after": MEASURED_S if row.expires else 0,
    }
    looks = {key: value for key, value in optional.items() if value}
    if row.digits >= 0:
        looks["suggested_display_precision"] = row.digits
    if not row.enabled:
        looks["enabled_by_default"] = False
    return looks


def _wires(topics: Topics, thing: Thing, row: Row) -> dict[str, Any]:
    """Which topics an entity reads or writes."""
    state = topics.of(thing.subject, thing.id, "state")
    match row.platform:
        case "button":
            return {"command_topic": topics.command(thing.subject, thing.id, row.key)}
        case "switch" | "select" | "number" | "siren" | "update":
            command = {"command_topic": topics.command(thing.subject, thing.id, row.key)}
            return _valued(state, row) | command | _command_form(thing, row)
        case "event" | "image" | "camera":
            key, leaf = _FEEDS[row.platform]
            return {key: topics.of(thing.subject, thing.id, row.leaf or leaf)}
        case _ if row.needs is Needs.NOTHING:
            return {"state_topic": topics.app, "payload_on": "online", "payload_off": "offline"}
        case _:
            return _valued(state, row)


def _command_form(thing: Thing, row: Row) -> dict[str, Any]:
    """What may be commanded, and in which form."""
    match row.platform:
        case "number":
            return {"min": row.low, "max": row.high, "step": row.step, "mode": "box"}
        case "siren":
            return {"support_volume_set": False, "support_duration": thing.subject is not Subject.SITE}
        case "update":
            return {"payload_install": "INSTALL", "title": MAKER}
        case _:
            return {}


def _valued(state: str, row: Row) -> dict[str, Any]:
    """Where an entity's value and attributes stand in the state JSON of its thing."""
    template = "state_value_template" if row.platform == "siren" else "value_template"
    whole = " | tojson" if row.platform == "update" else ""
    wires = {"state_topic": state, template: f"{{{{ value_json.{row.key}{whole} }}}}"}
    if row.attributes:
        wires["json_attributes_topic"] = state
        wires["json_attributes_template"] = f"{{{{ value_json.{row.attributes} | tojson }}}}"
    return wires


def leftovers(before: Mapping[str, Bundle], wanted: Mapping[str, Bundle]) -> dict[str, Bundle]:
    """Of what was announced before, the bundles that hold anything which is not wanted any more, by topic."""
    return {
        topic: old
        for topic, old in before.items()
        if topic not in wanted or not _components(old).keys() <= _components(wanted[topic]).keys()
    }


def removal(gone: Mapping[str, Bundle], wanted: Mapping[str, Bundle]) -> Removal:
    """The two batches that remove `gone` (see `leftovers`); the wanted bundles must be announced after them."""
    again: list[tuple[str, bytes]] = []
    away: list[tuple[str, bytes]] = []
    for topic, old in gone.items():
        new = wanted.get(topic)
        if new is None:
            again.append((topic, encode(old)))
            away.append((topic, b""))
            continue
        tombs = {
            key: {"platform": component.get("platform", "")}
            for key, component in _components(old).items()
            if key not in _components(new)
        }
        again.append((topic, encode(new | {"components": _components(old) | _components(new)})))
        away.append((topic, encode(new | {"components": _components(new) | tombs})))
    still_used = _topics_in(wanted.values())
    cleared = sorted(_topics_in(gone.values()) - still_used)
    return Removal(tuple(again), (*away, *((topic, b"") for topic in cleared)))


def _components(bundle: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The components of a bundle; none where a stranger's file holds something else."""
    components = bundle.get("components")
    return components if isinstance(components, dict) else {}


def _topics_in(bundles: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every topic that holds a retained value for these bundles: states and the things' own status."""
    found: set[str] = set()
    for bundle in bundles:
        found |= {component["state_topic"] for component in _components(bundle).values() if "state_topic" in component}
        found |= {place["topic"] for place in bundle.get("availability", [])}
    return found
