"""The table: each row a valid entity, and each value key there in the state of its thing."""

import re

import pytest

from embereye_addon.messages import Kind
from embereye_addon.publish import states, tuning, views
from embereye_addon.publish.entities import ROWS, entity_id, rows_of
from embereye_addon.publish.external_states import ExternalView, external_state
from embereye_addon.publish.incidents import incidents_of
from embereye_addon.publish.rows import VALUED, Row
from embereye_addon.publish.source_entities import GASES, equivalent
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings.schema import SECTIONS
from embereye_addon.settings.single import ADJUSTABLE
from embereye_addon.sources.pf.gas import CURVES
from tests.publish.samples import panel, site, zone

STATES = {
    Subject.SITE: states.site_state(panel())
    | {"incidents": incidents_of(())}
    | tuning.site_facts(site())
    | {"model": states.model_versions("a-1", "a-1"), "started": None, "inference_time": None, "inference_words": {}}
    | tuning.values(site(), Subject.SITE, ""),
    Subject.ZONE: states.zone_state(zone(), ()) | tuning.values(site(), Subject.ZONE, "barn"),
    Subject.CAMERA: views.camera_state(views.CameraView(), 0.0) | tuning.values(site(), Subject.CAMERA, "stove"),
    Subject.PF: views.pf_state(views.PfView(), 0.0) | tuning.values(site(), Subject.PF, "boiler"),
    Subject.EXTERNAL: external_state(ExternalView("smoke"), 0.0),
}
CLASSES = {
    "binary_sensor": {"", "smoke", "safety", "problem", "connectivity", "heat", "sound", "gas"},
    "sensor": {"data_size", "", "enum", "timestamp", "duration", "temperature", "voltage"},
    "number": {"", "duration", "temperature"},
    "button": {"", "restart"},
}
SETTINGS = {f"{section.name}.{key.name}": key.kind.form for section in SECTIONS for key in section.keys}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.subject}.{row.key}")
def test_a_row_is_something_home_assistant_takes(row: Row) -> None:
    """Home Assistant drops an entity with a wrong class, unit or id, and warns about a missing value."""
    assert row.device_class in CLASSES.get(row.platform, {""})
    assert row.category in ("", "diagnostic") + ("config",) * row.commanded
    assert re.match(r"^[a-z_]+\.[a-z0-9_]+$", entity_id(Topics().device_id(row.subject, "Dock-3"), row))
    assert row.platform in (*VALUED, "button", "event", "image", "camera")
    assert not row.valued or row.key in STATES[row.subject]
    assert not row.attributes or isinstance(STATES[row.subject][row.attributes], dict)
    if row.device_class == "enum" or row.platform == "event":
        assert row.options
    if row.device_class == "temperature":
        assert row.unit == "°C"


@pytest.mark.parametrize("row", [row for row in ROWS if row.setting], ids=lambda row: f"{row.subject}.{row.key}")
def test_what_can_be_set_is_what_the_settings_take(row: Row) -> None:
    """A slider goes where the settings refuse its value, or an order may not touch what the slider shows."""
    section, _, key = row.setting.partition(".")
    assert (section, key) in ADJUSTABLE
    form = SETTINGS[row.setting]
    match row.platform:
        case "number":
            assert (row.low, row.high, row.unit) == (form["min"], form["max"], form["unit"])
        case "select":
            assert row.options == form["options"]
        case _:
            assert (row.platform, form["input"]) == ("switch", "checkbox")


def test_everything_that_can_be_set_is_shown() -> None:
    """An order may set what no entity shows."""
    assert {row.setting for row in ROWS if row.setting} == {".".join(place) for place in ADJUSTABLE}


def test_no_two_rows_are_one_entity() -> None:
    """Two entities with one key would be one in Home Assistant."""
    assert len({(row.subject, row.key) for row in ROWS}) == len(ROWS)


def test_every_state_key_is_shown_somewhere() -> None:
    """A value nobody reads is a forgotten row."""
    for subject, state in STATES.items():
        shown = {
            row.key for row in rows_of(subject, frozenset(("siren", *views.INDEXED, *map(equivalent, GASES), *Kind)))
        }
        shown |= {row.attributes for row in ROWS if row.subject is subject}
        assert set(state) <= shown


def test_inputs_that_are_not_there_have_no_entity() -> None:
    """A PF device without a gas input shows no gas index."""
    keys = {row.key for row in rows_of(Subject.PF, frozenset({"flame"}))}
    assert "flame_index" in keys
    assert "gas_index" not in keys


def test_ppm_is_shown_only_of_a_calibrated_gas_and_called_an_equivalent() -> None:
    """A figure in ppm that nobody calibrated is believed."""
    assert not [row for row in rows_of(Subject.PF, frozenset(views.INDEXED)) if row.unit == "ppm"]
    (row,) = (row for row in rows_of(Subject.PF, frozenset({equivalent("co2")})) if row.unit == "ppm")
    assert (row.key, row.name, row.device_class) == ("co2_equivalent", "CO2 equivalent", "")
    assert set(GASES) == set(CURVES)


def test_the_first_entity_ids_are_short_and_stable() -> None:
    """Automations and the documents name them."""
    ids = {entity_id(Topics().device_id(row.subject, "dock-3"), row) for row in ROWS}
    assert {"binary_sensor.embereye_fire_alarm", "event.embereye_fire_event", "button.embereye_reset"} <= ids
    assert {"binary_sensor.embereye_zone_dock_3_fire_alarm", "image.embereye_camera_dock_3_snapshot"} <= ids
