"""Device bundles against their goldens, the rules Home Assistant is strict about, and removal."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from embereye_addon.publish.discovery import About, Bundle, bundle, encode, leftovers, removal, things_of
from embereye_addon.publish.topics import Topics
from embereye_addon.settings import model
from tests.publish.samples import site

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "discovery"
TOPICS = Topics()
ABOUT = About("1.2.3", "homeassistant://hassio/ingress/embereye")
THINGS = things_of(site(), {"boiler": frozenset({"gas", "flame"})})
TOP_KEYS = {"device", "origin", "qos", "availability", "availability_mode", "components"}


def bundles() -> dict[str, Bundle]:
    """Every bundle of the sample site, by topic."""
    return {TOPICS.discovery(thing.subject, thing.id): bundle(TOPICS, thing, ABOUT) for thing in THINGS}


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: f"{thing.subject}-{thing.id}")
def test_a_bundle_is_its_golden(thing: Any, rewrite_golden: bool) -> None:
    """What Home Assistant is told changes only on purpose: a changed unique_id orphans an entity."""
    text = json.dumps(bundle(TOPICS, thing, ABOUT), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{TOPICS.device_id(thing.subject, thing.id)}.json"
    if rewrite_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("found", bundles().values(), ids=bundles())
def test_a_bundle_keeps_home_assistants_rules(found: Bundle) -> None:
    """One unknown key at the top loses the whole device; an id without its domain becomes `unnamed_device`."""
    assert set(found) == TOP_KEYS
    assert found["origin"]["name"]
    assert found["device"]["identifiers"]
    assert found["device"]["name"]
    assert found["availability"][0]["topic"] == "embereye/status"
    for component in found["components"].values():
        assert component["default_entity_id"].startswith(f"{component['platform']}.")
        assert component["unique_id"]
        assert "availability_topic" not in component


def test_the_hub_is_announced_first() -> None:
    """A device linked to a hub that is not there yet shows up under the broker's title."""
    hub, *rest = bundles().values()
    assert "via_device" not in hub["device"]
    assert {found["device"]["via_device"] for found in rest} == set(hub["device"]["identifiers"])


def test_a_name_changes_no_id() -> None:
    """Renaming a camera must not orphan its history."""
    thing = THINGS[3]
    renamed = type(thing)(thing.subject, thing.id, "Another name", "Elsewhere")
    before, after = bundle(TOPICS, thing, ABOUT), bundle(TOPICS, renamed, ABOUT)
    assert before["components"] == after["components"]
    assert before["device"]["identifiers"] == after["device"]["identifiers"]


def test_removing_a_device_announces_it_once_more_first() -> None:
    """An empty message alone removes nothing that Home Assistant missed while it was down."""
    before = bundles()
    topic = TOPICS.discovery(THINGS[-1].subject, THINGS[-1].id)
    wanted = {key: value for key, value in before.items() if key != topic}
    gone = leftovers(before, wanted)
    assert list(gone) == [topic]
    steps = removal(gone, wanted)
    assert steps.again == ((topic, encode(before[topic])),)
    assert steps.away[0] == (topic, b"")
    cleared = {name for name, payload in steps.away if payload == b""}
    assert {"embereye/pf/boiler/state", "embereye/pf/boiler/status"} <= cleared
    assert "embereye/status" not in cleared


def test_removing_a_component_leaves_its_platform_for_a_moment() -> None:
    """A component left out stays alive in Home Assistant; its platform alone removes it."""
    before = bundles()
    topic = TOPICS.discovery(THINGS[-1].subject, THINGS[-1].id)
    wanted = {**before, topic: bundle(TOPICS, type(THINGS[-1])(THINGS[-1].subject, "boiler", "Boiler eye"), ABOUT)}
    steps = removal(leftovers(before, wanted), wanted)
    again, away = json.loads(steps.again[0][1]), json.loads(steps.away[0][1])
    assert again["components"]["gas_index"]["unique_id"] == "embereye_pf_boiler_gas_index"
    assert away["components"]["gas_index"] == {"platform": "sensor"}
    assert away["components"]["overheat"] == wanted[topic]["components"]["overheat"]
    assert len(steps.away) == 1


def test_nothing_is_removed_when_nothing_went() -> None:
    """A restart with the same settings takes nothing away, and more devices take nothing away either."""
    assert leftovers(bundles(), bundles()) == {}
    assert leftovers({}, bundles()) == {}


def test_a_strangers_file_removes_without_a_crash() -> None:
    """A remembered bundle without components (another version's, or damaged) is simply cleared."""
    steps = removal({"homeassistant/device/x/config": {"components": 7}}, {})
    assert steps.away == (("homeassistant/device/x/config", b""),)


def test_a_calibrated_input_has_its_equivalent_and_no_other_has() -> None:
    """ppm appear without a calibration, or stay away with one."""
    circuit = {"r0_kohm": 20.0, "load_kohm": 10.0, "supply_v": 5.0, "divider": 0.5, "reference_v": 3.3}
    calibration = msgspec.convert({"device": "boiler", "input": "adc2", "gas": "co2", **circuit}, model.GasCalibration)
    calibrated = msgspec.structs.replace(site(), calibrations=(calibration,))
    for of, shown in ((site(), []), (calibrated, ["CO2 equivalent"])):
        made = [bundle(TOPICS, thing, ABOUT)["components"] for thing in things_of(of, {})]
        named = [each["name"] for part in made for each in part.values() if each.get("unit_of_measurement") == "ppm"]
        assert named == shown
