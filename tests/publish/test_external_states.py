"""A detector from elsewhere as Home Assistant sees it: its bundle, its state JSON, its status."""

import json
from pathlib import Path

import msgspec

from embereye_addon.messages import LinkState
from embereye_addon.publish.discovery import About, bundle, things_of
from embereye_addon.publish.external_states import ExternalView, external_state
from embereye_addon.publish.mqtt import Ends, Mqtt
from embereye_addon.publish.telling import Heard, Telling
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.publish.views import HEALTH_SILENCE_S
from embereye_addon.settings import model
from tests.publish.samples import AT, health, site

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "discovery" / "embereye_external_loft.json"
LOFT = model.External(id="loft", name="Loft smoke", zone="barn", kind="smoke", topic="zigbee2mqtt/Loft smoke")
SITE = msgspec.structs.replace(site(), externals=(LOFT,))
WORDS = {"state": "on", "value": "true", "retained": "no", "topic": "zigbee2mqtt/Loft smoke"}


def test_the_bundle_is_its_golden(rewrite_golden: bool) -> None:
    """A changed unique_id orphans an entity; only the kind that the detector is has one."""
    thing = next(thing for thing in things_of(SITE, {}) if thing.subject is Subject.EXTERNAL)
    text = json.dumps(bundle(Topics(), thing, About("1.2.3")), indent=1, ensure_ascii=False) + "\n"
    if rewrite_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert "heat" not in json.loads(text)["components"]


def test_the_state_says_what_is_known() -> None:
    """On, off, and null while it is not known; trouble with its words, also when nobody reports."""
    view = ExternalView("smoke", health("ext.loft", at=AT, words=WORDS), 0.0)
    state = external_state(view, 1.0)
    assert (state["smoke"], state["heat"], state["value"], state["trouble"]) == ("ON", None, "true", "OFF")
    assert state["link_words"] == {"link": "online", "retained": "no", "topic": "zigbee2mqtt/Loft smoke"}
    faults = (("external_silent", "Nothing has come"),)
    gone = health("ext.loft", LinkState.OFFLINE, at=AT, words=WORDS | {"state": "unknown"}, faults=faults)
    state = external_state(ExternalView("smoke", gone, 0.0), 1.0)
    assert (state["smoke"], state["connection"], state["trouble"]) == (None, "OFF", "ON")
    assert state["faults"]["faults"][0]["code"] == "external_silent"
    assert external_state(view, HEALTH_SILENCE_S + 1.0)["trouble"] == "ON"
    off = health("ext.loft", LinkState.DISABLED, faults=faults)
    assert external_state(ExternalView("smoke", off, 0.0), 1.0)["faults"]["count"] == 0


async def test_it_is_kept_on_the_broker() -> None:
    """Its topics are said with those of cameras and devices."""

    async def nothing() -> None:
        """Nothing to say."""

    async def none() -> model.Mqtt | None:
        return None

    mqtt = Mqtt(model.Mqtt(), "test", Ends("app", (), lambda message: None, nothing, none))
    heard = Heard(SITE)
    heard.hear_health(health("ext.loft", words=WORDS), 1.0)
    Telling(Topics(), SITE, mqtt, heard).say_sources(2.0)
    assert mqtt.kept("embereye/external/loft/status") == b"online"
    assert json.loads(mqtt.kept("embereye/external/loft/state"))["smoke"] == "ON"
