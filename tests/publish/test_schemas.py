"""The schemas of docs/schemas: made from the code, valid themselves, and kept by every message that is published."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.messages import (
    Disablement,
    Fault,
    IncidentChanged,
    IncidentNews,
    LinkState,
    Reading,
    ZoneState,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.publish import states, views
from embereye_addon.publish.docs import _topic_lines, schema_files
from embereye_addon.publish.external_states import ExternalView, external_state
from embereye_addon.publish.schemas import name_of, schemas
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings import model
from tests.publish.conftest import Watch
from tests.publish.samples import (
    AT,
    NO_WHY,
    WHY,
    box,
    change,
    health,
    panel,
    sighting,
    site,
    spots,
    thermal_frame,
    until,
    zone,
)
from tests.publish.test_entities import STATES
from tests.publish.test_publisher import publishing
from tests.samples import INCIDENT
from tests.system.mosquitto import Mosquitto

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "schemas"
GOLDEN = ROOT / "tests" / "golden" / "discovery"
FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time", raises=ValueError)(lambda text: not isinstance(text, str) or datetime.fromisoformat(text))
FAULT = Fault(code="stream_lost", about="cam.stove", since=AT, text="no route")


def mistakes(name: str, value: Any) -> list[str]:
    """What a value does against its schema; a key that no schema names is one too, for somebody forgot it."""
    schema = schemas()[name]
    found = [error.message for error in Draft202012Validator(schema, format_checker=FORMATS).iter_errors(value)]
    return found + [f"{key} is not in the schema {name}" for key in set(value) - set(schema["properties"])]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_valid_and_its_file_is_what_the_code_says(name: str, rewrite_golden: bool) -> None:
    """The files are for others: `python -m embereye_addon.publish.docs docs/mqtt.md` re-makes them."""
    Draft202012Validator.check_schema(schemas()[name])
    text = schema_files()[f"{name}.json"]
    if rewrite_golden:
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == text
    assert json.loads(text)["$schema"].startswith("https://json-schema.org/draft/2020-12/")


def test_no_schema_is_left_over() -> None:
    """A file without a topic describes what does not exist."""
    assert {path.name for path in FOLDER.glob("*.json")} == set(schema_files())


def test_every_json_topic_has_a_schema() -> None:
    """The table of topics and the schemas are one; whoever adds a topic adds its schema."""
    for line in _topic_lines(Topics())[2:]:
        topic, _retained, what, schema = (cell.strip() for cell in line.strip("|").split("|"))
        assert bool(schema) == what.startswith("JSON"), topic


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_the_golden_bundles_keep_their_schema(path: Path) -> None:
    """What Home Assistant is told is what the schema promises."""
    assert mistakes("discovery", json.loads(path.read_text(encoding="utf-8"))) == []


READING = Reading(
    source="pf.boiler",
    channel="ADC2",
    role="gas",
    raw=1.0,
    baseline=1.0,
    change_sigma=1.0,
    warming_up=False,
    stuck=False,
    gas="co2",
    ppm=410.0,
)
PF = views.PfView(health=health("pf.boiler", words={"bad_px": "2"}, faults=(("device_late", ""),)), health_mono_s=0.0)
SAID: tuple[tuple[str, states.State], ...] = (
    ("site-state", states.site_state(panel())),
    (
        "site-state",
        states.site_state(
            panel(
                zone("kitchen", ZoneState.ALARM, alarm_id="a-1", explanation=WHY),
                faults=(FAULT,),
                disablements=(Disablement(about="", since=AT, until=0.0, by="anna"),),
                last_alarm_id="a-1",
                last_alarm_at=AT,
            )
        ),
    ),
    ("zone-state", states.zone_state(zone(), ())),
    ("zone-state", states.zone_state(zone(state=ZoneState.PRE_ALARM, explanation=WHY, responded=("a",)), (FAULT,))),
    ("camera-state", views.camera_state(views.CameraView(), 0.0)),
    ("camera-state", views.camera_state(views.seen(views.CameraView(health=health()), sighting(box()), 0.0), 1.0)),
    ("pf-state", views.pf_state(views.PfView(), 0.0)),
    (
        "pf-state",
        views.pf_state(views.felt(views.felt(views.felt(PF, spots(), 0.0), thermal_frame(), 0.0), READING, 0.0), 1.0),
    ),
    ("external-state", external_state(ExternalView("smoke"), 0.0)),
    (
        "external-state",
        external_state(ExternalView("gas", health("ext.a", LinkState.OFFLINE, faults=(("x", "y"),))), 0.0),
    ),
    ("camera-event", {"event_type": "flame", "confidence": 91, "at": None}),
    *(("event", states.event_of(change(now, was))) for now in ZoneState for was in ZoneState if now is not was),
)


@pytest.mark.parametrize(("name", "value"), SAID, ids=[name for name, _ in SAID])
def test_a_message_keeps_its_schema(name: str, value: states.State) -> None:
    """Empty and full, unknown and known: whoever builds on a schema is never surprised."""
    beside = STATES[Subject(name.removesuffix("-state"))] if name.endswith("-state") else {}
    assert mistakes(name, json.loads(msgspec.json.encode(beside | value))) == []


def test_a_schema_finds_what_is_wrong() -> None:
    """A schema that takes everything proves nothing."""
    event = states.event_of(change())
    assert mistakes("event", event | {"now": "burning"})
    assert mistakes("event", event | {"at": "yesterday"})
    assert mistakes("event", {key: value for key, value in event.items() if key != "alarm_id"})
    assert mistakes("zone-state", STATES[Subject.ZONE] | {"score": "many"})
    assert mistakes("zone-state", STATES[Subject.ZONE] | {"new_key": 1}) == ["new_key is not in the schema zone-state"]
    assert NO_WHY.rule == ""


async def test_everything_on_a_real_broker_keeps_its_schema(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """From the discovery to the reset: each JSON message there has a schema and keeps it."""
    hub, seen = Hub(), await watch(broker)
    speaker = MemoryBus(hub)
    loft = model.External(id="loft", name="Loft", zone="barn", kind="smoke", topic="z/loft")
    of = msgspec.structs.replace(site(broker.port), externals=(loft,))
    async with publishing(broker, hub, tmp_path, site=of):
        await speaker.say(panel())
        await speaker.say(sighting(box()))
        await speaker.say(spots(hot=True))
        for source in ("cam.stove", "pf.boiler", "ext.loft"):
            await speaker.say(health(source))
        await until(lambda: "embereye/status" in seen.topics())
        await speaker.say(sighting(box("smoke")))
        await speaker.say(change(at=utc_s()))
        await speaker.say(change(ZoneState.NORMAL, ZoneState.ALARM, at=utc_s()))
        await speaker.say(panel(incidents=(INCIDENT,)))
        await speaker.say(
            IncidentChanged(
                source="panel", at=AT, news=IncidentNews.NEW, number=1, incident=INCIDENT, text="alarm: Dock"
            )
        )
        await seen.client.publish("embereye/site/reset/set", b"NONSENSE", qos=1)
        await until(lambda: seen.json("embereye/site/answer"))
        await until(lambda: len(seen.payloads("embereye/site/event")) == 2)
        await until(lambda: seen.payloads("embereye/site/incident"))
    await speaker.close()
    names = set()
    for topic, payload, _retained in seen.seen:
        if payload[:1] == b"{":
            name = name_of("embereye", "homeassistant", topic)
            names.add(name)
            assert mistakes(name, json.loads(payload)) == [], topic
    assert names >= set(schemas()) - {"camera-event"}
