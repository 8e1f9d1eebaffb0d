"""The schema: one place for every key, and every mistake of a file at once."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings import schema
from embereye_addon.settings.findings import REASONS_MAX, REQUIRED, Section
from embereye_addon.settings.model import Site
from embereye_addon.settings.profiles import rules
from embereye_addon.settings.schema import check, form

ZONE = {"id": "hall", "name": "Hall"}
CAMERA = {"id": "dock", "name": "Dock", "url": "rtsp://10.0.0.9/s", "zone": "hall"}
DEVICE = {"id": "pf1", "name": "PF 1", "zone": "hall"}


def reasons(raw: object) -> str:
    """What a user is told about `raw`."""
    with pytest.raises(SettingsFileError) as error:
        check(raw, "site.yaml")
    return "\n".join(error.value.reasons)


@pytest.mark.parametrize("section", schema.SECTIONS, ids=lambda section: section.name or "top")
def test_the_keys_and_defaults_are_those_of_the_model(section: Section) -> None:
    """A key in one place only would be a setting without effect, or one that nobody can set."""
    lists = {s.name for s in schema.SECTIONS if s.name} if not section.name else set()
    fields = {field.name: field for field in msgspec.structs.fields(section.model) if field.name not in lists}
    assert [key.name for key in section.keys] == list(fields)
    for key in section.keys:
        default = fields[key.name].default
        if default is msgspec.NODEFAULT:
            assert key.default is REQUIRED
        else:
            assert key.default == (list(default) if isinstance(default, tuple) else default)


def test_every_default_is_right_in_its_own_kind() -> None:
    """A default that its kind refuses would make a saved form fail."""
    for section in schema.SECTIONS:
        for key in section.keys:
            if key.default is not REQUIRED:
                assert key.kind.clean(key.default) == key.default


CALIBRATION = {"device": "pf1", "input": "adc1", "gas": "co2", "r0_kohm": 76.63, "load_kohm": 10, "supply_v": 5}
CALIBRATION |= {"divider": 0.66, "reference_v": 3.3}


def test_a_calibration_is_whole_or_refused_in_words() -> None:
    """Half a calibration gives absurd figures in ppm."""
    site = {"zones": [ZONE], "devices": [DEVICE]}
    assert check(site | {"calibrations": [CALIBRATION]}, "x").calibrations[0].load_kohm == 10.0
    for missing in CALIBRATION:
        half = {key: value for key, value in CALIBRATION.items() if key != missing}
        assert f"calibrations[0].{missing}: missing; needed:" in reasons(site | {"calibrations": [half]})
    assert "no PF device 'attic'" in reasons(site | {"calibrations": [CALIBRATION | {"device": "attic"}]})
    assert "adc3 of pf1 has the role none" in reasons(site | {"calibrations": [CALIBRATION | {"input": "adc3"}]})
    twice = reasons(site | {"calibrations": [CALIBRATION, CALIBRATION | {"r0_kohm": 20}]})
    assert "calibrations[1].input: 'adc1 of pf1' is already used by calibrations[0]" in twice
    assert "calibrations[1].gas: 'co2 of pf1' is already used by calibrations[0]" in twice


def test_an_empty_file_is_an_empty_site() -> None:
    """Every default stands in one place."""
    assert check({}, "x") == Site()


def test_a_whole_site() -> None:
    """A usual file gives what it says, also with empty sections as YAML leaves them."""
    site = check({"zones": [ZONE], "cameras": [CAMERA], "devices": [DEVICE | {"reflected_c": 20}], "mqtt": None}, "x")
    assert site.cameras[0].url == "rtsp://10.0.0.9/s"
    assert site.devices[0].reflected_c == 20.0
    assert rules(site.zones[0]).fixed_alarm_c == 85.0


def test_credentials_of_a_url_are_split_off() -> None:
    """A URL with user and password is accepted, and no URL of the site holds one afterwards."""
    site = check({"zones": [ZONE], "cameras": [CAMERA | {"url": "rtsp://joe:p%40w@10.0.0.9/s"}]}, "x")
    camera = site.cameras[0]
    assert (camera.url, camera.username, camera.password) == ("rtsp://10.0.0.9/s", "joe", "p@w")


def test_every_mistake_is_named_at_once_with_its_place() -> None:
    """The user repairs the file in one go, and no password is shown."""
    told = reasons(
        {
            "namee": "x",
            "mqtt": {"host": "mqtt://joe:geheim@broker", "port": 70000, "password": 1234, "passwordd": "geheim"},
            "pf": {"networks": ["10.0.0.5/8", "1.2.3.4", 5]},
            "zones": [ZONE | {"id": "Hall"}, ZONE | {"clear_s": 4.5}],
            "cameras": [CAMERA, CAMERA | {"id": "b", "ulr": 1}, CAMERA | {"id": "c", "url": "rtsp://u:geheim@x:y/"}, 5],
            "devices": {"a": "b"},
            "web": 7,
        }
    ).splitlines()
    assert [line.partition(": ")[0] for line in told] == [
        "namee",
        "mqtt.passwordd",
        "mqtt.host",
        "mqtt.port",
        "mqtt.password",
        "web",
        "pf.networks[0]",
        "pf.networks[2]",
        "zones[0].id",
        "zones[1].clear_s",
        "cameras[1].ulr",
        "cameras[2].url",
        "cameras[3]",
        "devices",
    ]
    assert "geheim" not in "".join(told)
    assert "1234" not in "".join(told)
    assert told[0] == "namee: unknown key; did you mean name?"
    assert told[1] == "mqtt.passwordd: unknown key; did you mean password?"
    assert told[3] == "mqtt.port: 70000 is not accepted; allowed: a whole number from 1 to 65535"
    assert told[10] == "cameras[1].ulr: unknown key; did you mean url?"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([], "the file: 'a list' is not accepted; allowed: a mapping of keys to values"),
        ({"zones": [{}]}, "zones[0].id: missing; needed: 1 to 40 of a-z, 0-9, - and _, beginning with"),
        ({"version": 2}, "version: 2 is not accepted"),
        (
            {True: 1},
            "True: unknown key; known here: version, name, mqtt, web, pf, detection, disk, day, zones, cameras",
        ),
        ({"zones": [ZONE, ZONE]}, "zones[1].id: 'hall' is already used by zones[0]"),
        ({"zones": [ZONE | {"id": f"z{i}"} for i in range(257)]}, "zones: '257 entries' is not accepted"),
        ({"cameras": [CAMERA]}, "cameras[0].zone: there is no zone 'hall'; there are no zones yet"),
        ({"zones": [ZONE | {"id": "kitchen"}], "devices": [DEVICE]}, "there is no zone 'hall'; the zones are kitchen"),
        (
            {"zones": [ZONE | {"fixed_pre_c": 85.0}]},
            "zones[0].fixed_pre_c: must be below fixed_alarm_c, which is 85, not 85",
        ),
        (
            {"zones": [ZONE | {"rise_pre_k_min": 20}]},
            "zones[0].rise_pre_k_min: must be below rise_alarm_k_min, which is 20",
        ),
        ({"web": {"port": 9001}}, "pf.port: must be another port than web.port"),
        ({"mqtt": {"ca_file": "/ssl/ca.pem"}}, "mqtt.ca_file: is given, but mqtt.tls is off"),
    ],
)
def test_what_no_key_alone_can_tell(raw: object, words: str) -> None:
    """Mistakes between keys are named as clearly as those of one key."""
    assert words in reasons(raw)


def test_a_password_stands_in_one_place_only() -> None:
    """Two passwords for one camera would leave the user guessing which one counts."""
    told = reasons(
        {"zones": [ZONE], "cameras": [CAMERA | {"url": "rtsp://joe:geheim@10.0.0.9/s", "password": "other"}]}
    )
    assert told == "cameras[0].password: the url holds a password as well; give it in one place only"


def test_two_devices_never_share_an_identity() -> None:
    """Otherwise two PF devices would fall into one entry."""
    devices = [DEVICE, DEVICE | {"id": "pf2", "identity": "pf1"}, DEVICE | {"id": "pf3"}, DEVICE | {"id": "pf3"}]
    assert reasons({"zones": [ZONE], "devices": devices}).splitlines() == [
        "devices[3].id: 'pf3' is already used by devices[2]",
        "devices[1].identity: 'pf1' is already used by devices[0]",
    ]


def test_a_zone_holds_no_more_points_than_the_panel_can_tell_of() -> None:
    """A zone that would break the panel's message is refused in words."""
    devices = [DEVICE | {"id": f"pf{i}"} for i in range(52)]
    assert "zones[0]: the zone holds 260 points (a camera has 2, a PF device 5)" in reasons(
        {"zones": [ZONE], "devices": devices}
    )


def test_a_zone_with_a_mistake_is_still_a_zone() -> None:
    """One wrong key of a zone does not make every camera in it wrong too."""
    assert reasons({"zones": [ZONE | {"clear_s": 1}], "cameras": [CAMERA]}).count("\n") == 0


def test_thousands_of_mistakes_are_cut_short() -> None:
    """The file of another program gives a page of words, not a book."""
    told = reasons({f"key{i}": 1 for i in range(1000)}).splitlines()
    assert len(told) == REASONS_MAX + 1
    assert told[-1] == "and 900 more"


def test_the_form_is_plain_json_and_complete() -> None:
    """The page draws every setting from what it is sent, without knowing any of them."""
    sections: list[dict[str, Any]] = json.loads(json.dumps(form()))
    assert [section["section"] for section in sections] == [section.name for section in schema.SECTIONS]
    for section in sections:
        for key in section["keys"]:
            assert {"key", "label", "about", "allowed", "required", "default", "input"} <= set(key)
    camera = {key["key"]: key for key in next(s for s in sections if s["section"] == "cameras")["keys"]}
    assert camera["zone"]["input"] == "reference"
    assert camera["password"]["input"] == "password"
    assert camera["url"]["required"]


NAMES = st.sampled_from([key.name for section in schema.SECTIONS for key in section.keys] + ["x", "zones", "cameras"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["hall", "rtsp://a@b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([section.name for section in schema.SECTIONS if section.name]), VALUES))
def test_any_file_is_a_site_or_has_reasons(raw: dict[str, object]) -> None:
    """No file at all makes the check fall over."""
    try:
        told: object = check(raw, "x")
    except SettingsFileError as error:
        told = error.reasons
    assert told


REGION = {"name": "pipe", "left": 20, "top": 4, "right": 26, "bottom": 8, "emissivity": 0.3}


def regions(*changes: dict[str, object]) -> dict[str, object]:
    """A site whose one device has these regions, each given by what differs from a right one."""
    return {"zones": [ZONE], "devices": [DEVICE | {"regions": [REGION | change for change in changes]}]}


def test_a_device_may_have_regions() -> None:
    """A rectangle of bare metal is set with its place and its emissivity; a reflected temperature may stay empty."""
    made = check(regions({}, {"reflected_c": 40, "right": 31, "bottom": 23}), "x").devices[0].regions
    assert [(one.name, one.left, one.top, one.right, one.bottom, one.reflected_c) for one in made] == [
        ("pipe", 20, 4, 26, 8, None),
        ("pipe", 20, 4, 31, 23, 40.0),
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            regions({"right": 32}),
            "devices[0].regions[0].right: 32 is not accepted; allowed: a whole number from 0 to 31",
        ),
        (
            regions({}, {"top": -1}),
            "devices[0].regions[1].top: -1 is not accepted; allowed: a whole number from 0 to 23",
        ),
        (regions({"right": 3}), "devices[0].regions[0].right: must not be below left, which is 20"),
        (regions({"bottom": 2}), "regions[0].bottom: must not be below top, which is 4"),
        (regions({"emissivity": 0.0}), "devices[0].regions[0].emissivity: 0.0 is not accepted"),
        (regions({"rihgt": 4}), "devices[0].regions[0].rihgt: unknown key; did you mean right?"),
        (regions({"name": None}), "devices[0].regions[0].name: missing; needed: text of 1 to 32 characters"),
        (regions(*[{}] * 9), "devices[0].regions: '9 entries' is not accepted; allowed: a list of at most 8 entries"),
        (
            {"zones": [ZONE], "devices": [DEVICE | {"regions": 5}]},
            "devices[0].regions: 5 is not accepted; allowed: a list of at most 8 entries",
        ),
    ],
)
def test_a_region_outside_of_the_picture_is_told_with_its_place(raw: object, words: str) -> None:
    """A mistake in a region names the device, the region and what is allowed; never a traceback, never a cut corner."""
    assert words in reasons(raw)
    assert reasons(raw).count("\n") == 0


def test_the_form_has_the_inputs_of_a_region() -> None:
    """A page that draws the form must know what a region has."""
    (devices,) = (section for section in form() if section["section"] == "devices")
    fields: list[Any] = json.loads(json.dumps(devices["keys"]))
    (field,) = (field for field in fields if field["key"] == "regions")
    assert (field["input"], field["max_length"], field["default"]) == ("entries", 8, [])
    assert [each["key"] for each in field["keys"]] == [*REGION, "reflected_c"]
