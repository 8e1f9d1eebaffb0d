"""Settings of what lies outside: detectors heard by MQTT, systems told over HTTP."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from embereye_addon.errors import SettingsFileError
from embereye_addon.fuse.zone import THRESHOLDS_NATS
from embereye_addon.settings.outside import NATS_MAX, SECRET_MIN
from embereye_addon.settings.schema import check
from embereye_addon.settings.secrets import conceal, reveal

ZONE = {"id": "hall", "name": "Hall"}
CAMERA = {"id": "dock", "name": "Dock", "url": "rtsp://10.0.0.9/s", "zone": "hall"}
SMOKE = {"id": "smoke-1", "name": "Smoke", "zone": "hall", "kind": "smoke", "topic": "zigbee2mqtt/Hall smoke"}
FRIGATE = {"id": "nvr", "kind": "frigate", "url": "http://10.0.0.5:5000", "targets": ["hall = hall_door"]}
HOOK = {"id": "hook", "kind": "webhook", "url": "https://example.org/fire", "key": "k" * SECRET_MIN}


def site(*externals: dict[str, Any], adapters: tuple[dict[str, Any], ...] = ()) -> dict[str, object]:
    """A file with these."""
    return {"zones": [ZONE], "cameras": [CAMERA], "externals": list(externals), "adapters": list(adapters)}


def reasons(raw: object) -> str:
    """What a user is told about `raw`."""
    with pytest.raises(SettingsFileError) as error:
        check(raw, "site.yaml")
    return "\n".join(error.value.reasons)


def test_the_usual_detector_needs_five_keys() -> None:
    """A topic with a space, as zigbee2mqtt names devices, is accepted; the path is kept in one form."""
    (one,) = check(site(SMOKE | {"value": " value_json.smoke "}), "x").externals
    assert (one.topic, one.value, one.worth, one.nats) == (
        "zigbee2mqtt/Hall smoke",
        "value_json.smoke",
        "pre_alarm",
        7.5,
    )


def test_a_stranger_alone_is_never_an_alarm() -> None:
    """The greatest weight stays below the alarm threshold of the highest sensitivity."""
    assert min(alarm for _pre, alarm in THRESHOLDS_NATS.values()) > NATS_MAX
    assert "nats: 11.6 is not accepted" in reasons(site(SMOKE | {"nats": 11.6}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"topic": "zigbee2mqtt/+"}, "externals[0].topic: 'zigbee2mqtt/+' is not accepted"),
        ({"topic": ""}, "externals[0].topic: '' is not accepted"),
        ({"topic": "embereye/zone/hall/state"}, "it is EmberEye's own topic; an alarm would feed itself"),
        ({"availability_topic": "embereye/status"}, "externals[0].availability_topic: it is EmberEye's own topic"),
        ({"value": "value_json | float"}, "'| float' cannot follow"),
        ({"only": ["value_json.label"]}, "externals[0].only[0]"),
        ({"on_words": ["ON", "open"], "off_words": ["Open"]}, "'open' cannot mean both on and off"),
        ({"zone": "attic"}, "there is no zone 'attic'"),
    ],
)
def test_mistakes_of_detectors_are_told(change: dict[str, Any], words: str) -> None:
    """What could never work, or would work against itself, is refused before it is saved."""
    assert words in reasons(site(SMOKE | change))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (FRIGATE | {"targets": []}, "adapters[0].targets: say which camera there stands for which zone here"),
        (FRIGATE | {"targets": ["hall"]}, "write a zone's id, cam.<id> or *, then = and their name"),
        (FRIGATE | {"targets": ["cam.attic=a"]}, "there is no zone or camera 'cam.attic'"),
        (FRIGATE | {"url": "http://joe:pw@10.0.0.5"}, "give user and password in their own keys"),
        (FRIGATE | {"kind": "zoneminder"}, "zoneminder knows cameras by number; 'hall_door' is none"),
        (FRIGATE | {"kind": "shinobi", "key": "a/b", "group": "g"}, "Shinobi needs its API key (key) and group key"),
        (HOOK | {"key": ""}, "a webhook is signed: give a secret of at least 16 characters"),
        (HOOK | {"header": "X Sign"}, "adapters[0].header"),
        (HOOK | {"url": "ftp://10.0.0.5/"}, "adapters[0].url"),
    ],
)
def test_mistakes_of_adapters_are_told(row: dict[str, Any], words: str) -> None:
    """A system that could never be told is found when the settings are checked, not in a fire."""
    told = reasons(site(adapters=(row,)))
    assert words in told
    assert "pw@" not in told


def test_what_we_tell_must_not_come_back_as_evidence() -> None:
    """A Frigate event that we made, heard again as a detection, would hold the alarm for ever."""
    echo = SMOKE | {"topic": "frigate/hall_door/embereye"}
    assert "would come back here as a detection" in reasons(site(echo, adapters=(FRIGATE,)))
    events = SMOKE | {"topic": "frigate/events", "only": ["value_json.after.label=fire"], "on_words": ["new"]}
    check(site(events, adapters=(FRIGATE,)), "x")
    assert "'fire', which would come back" in reasons(site(events, adapters=(FRIGATE | {"label": "Fire"},)))


def test_targets_are_kept_in_one_form() -> None:
    """Zones, cameras and everything may stand for their camera."""
    lines = ["hall = hall_door", "cam.dock=dock_cam", "*=yard"]
    (adapter,) = check(site(adapters=(FRIGATE | {"targets": lines},)), "x").adapters
    assert adapter.targets == ("hall=hall_door", "cam.dock=dock_cam", "*=yard")


def test_secrets_of_adapters_are_never_shown_and_kept_for_the_same_place_only() -> None:
    """The page shows stars; a changed address must not be sent the old password."""
    of = check(site(adapters=(HOOK | {"password": "geheim"},)), "x")
    shown = conceal(of)
    assert "geheim" not in str(shown)
    assert HOOK["key"] not in str(shown)
    assert check(reveal(shown, of), "x") == of
    moved: Any = conceal(of)
    moved["adapters"][0]["url"] = "https://thief.example/"
    assert "write the secret again" in reasons(reveal(moved, of))


@pytest.mark.parametrize("section", ["externals", "adapters"])
def test_the_examples_of_the_manual_are_accepted(section: str) -> None:
    """Whoever copies an example from the manual starts from settings that are right."""
    manual = (Path(__file__).resolve().parents[2] / "DOCS.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"```yaml\n({section}:\n.*?)```", manual, re.DOTALL)
    zones = [{"id": name, "name": name} for name in ("kitchen", "hall", "garage", "server")]
    of = check({"zones": zones, "cameras": [CAMERA | {"id": "dock-3"}], **yaml.safe_load(block)}, "x")
    assert len(getattr(of, section)) == (4 if section == "externals" else 6)
