"""Settings that Home Assistant shows and may change: from a row to its value, and from a wish to an order. Pure."""

import math

from embereye_addon.messages import SetSetting
from embereye_addon.publish.entities import ROWS
from embereye_addon.publish.rows import Row
from embereye_addon.publish.states import MAX_FAULTS, State, on_off
from embereye_addon.publish.topics import Subject
from embereye_addon.settings import model
from embereye_addon.settings.profiles import rules


def ids(site: model.Site, subject: Subject) -> frozenset[str]:
    """The ids of all things of a kind; the site has the empty one."""
    match subject:
        case Subject.SITE:
            return frozenset({""})
        case Subject.ZONE:
            return frozenset(zone.id for zone in site.zones)
        case Subject.CAMERA:
            return frozenset(camera.id for camera in site.cameras)
        case Subject.PF:
            return frozenset(device.id for device in site.devices)
        case Subject.EXTERNAL:
            return frozenset(each.id for each in site.externals)


def values(site: model.Site, subject: Subject, thing: str) -> State:
    """What a thing's rows with a setting show."""
    shown: State = {}
    for row in ROWS:
        if row.subject is subject and row.setting:
            entry = _entry(site, row, thing)
            value = getattr(rules(entry) if isinstance(entry, model.Zone) else entry, row.setting.partition(".")[2])
            shown[row.key] = on_off(value) if isinstance(value, bool) else value
    return shown


def site_facts(site: model.Site) -> State:
    """What the settings say of the whole site: what is switched off by them, and what the model runs on."""
    names = [camera.name for camera in site.cameras if not camera.enabled]
    names += [device.name for device in site.devices if not device.enabled]
    return {
        "switched_off": len(names),
        "switched_off_things": {"things": names[:MAX_FAULTS]},
        "inference_device": site.detection.device,
    }


def wanted(site: model.Site, row: Row, thing: str, word: str, by: str) -> SetSetting | str:
    """The order that a payload at a row with a setting means; else, in words, what the payload must be."""
    value = _value(row, word)
    if isinstance(value, str) and row.platform != "select":
        return value
    if value not in row.options and row.platform == "select":
        return f"the payload must be one of {', '.join(row.options)}"
    section, _, key = row.setting.partition(".")
    target = getattr(_entry(site, row, thing), "id", "")
    return SetSetting(by=by, way="mqtt", target=target, section=section, key=key, value=value)


def _value(row: Row, word: str) -> bool | float | str:
    """The value in a payload; a text in words where there is none."""
    match row.platform:
        case "switch":
            known = {"ON": True, "OFF": False}
            return known.get(word.upper(), "the payload must be ON or OFF")
        case "number":
            try:
                number = float(word)
            except ValueError:
                number = math.nan
            why = f"the payload must be a number from {row.low:g} to {row.high:g}"
            return number if row.low <= number <= row.high else why
        case _:
            return word


def _entry(site: model.Site, row: Row, thing: str) -> object:
    """The part of the settings that holds a row's setting."""
    section = row.setting.partition(".")[0]
    if row.subject is Subject.SITE:
        return getattr(site, section)
    if row.subject is Subject.PF and section == "zones":
        thing = next(device.zone for device in site.devices if device.id == thing)
    return next(each for each in getattr(site, section) if each.id == thing)
