"""Profiles: what a sort of place sets, and that the installer's own word goes first."""

import re
from pathlib import Path

import msgspec
import pytest

from embereye_addon.settings.model import Site, Zone
from embereye_addon.settings.profiles import GENERAL, NAMES, PROFILES, rules, said
from embereye_addon.settings.schema import SECTIONS, check

ROOT = Path(__file__).resolve().parents[2]


def zone(profile: str, **own: object) -> Zone:
    """A checked zone of the settings."""
    raw = {"zones": [{"id": "z", "name": "Z", "profile": profile, **own}]}
    return check(raw, "site.yaml").zones[0]


@pytest.mark.parametrize("profile", list(PROFILES))
def test_every_profile_is_accepted_by_the_check(profile: str) -> None:
    """A profile whose limits contradict each other would be refused in every zone that picks it."""
    ruled = rules(zone(profile))
    assert {name: getattr(ruled, name) for name in PROFILES[profile]} == dict(PROFILES[profile])
    spelled_out = {name: value for name, value in msgspec.to_builtins(ruled).items() if value is not None}
    assert rules(zone("general", **spelled_out)) == ruled, "each value is within the bounds of its setting"


def test_without_a_profile_everything_is_as_it_was() -> None:
    """A site that was set before there were profiles keeps its limits."""
    assert rules(Zone(id="z", name="Z")) == GENERAL
    assert (GENERAL.sensitivity, GENERAL.mode, GENERAL.fixed_alarm_c, GENERAL.clear_s) == ("normal", "single", 85.0, 30)


def test_what_is_given_goes_before_the_profile_and_the_rest_stays() -> None:
    """One changed limit must not take the kitchen's others away; a switch that is off stays off."""
    ruled = rules(zone("kitchen", fixed_pre_c=100, input_rule=False, mode="single"))
    assert (ruled.fixed_pre_c, ruled.input_rule, ruled.mode) == (100.0, False, "single")
    assert (ruled.fixed_alarm_c, ruled.needs_growth, ruled.sensitivity) == (240.0, True, "low")


def test_an_empty_setting_of_the_page_is_the_profiles_own() -> None:
    """The page sends what is not filled in as nothing at all, and a changed profile must then take effect."""
    site = check({"zones": [{"id": "z", "name": "Z", "profile": "kitchen"}]}, "site.yaml")
    plain = msgspec.json.decode(msgspec.json.encode(site))
    plain["zones"][0]["profile"] = "boiler_room"
    assert rules(check(plain, "site.yaml").zones[0]).fixed_alarm_c == 110.0
    assert isinstance(site, Site)


def test_a_profile_nobody_knows_says_what_the_general_one_says() -> None:
    """One mistake is named once: the checks behind it go on."""
    assert said("sauna", "fixed_pre_c") == 65.0
    assert said("kitchen", "fixed_pre_c") == 120.0


def test_every_rule_is_a_setting_of_the_zone() -> None:
    """A rule that no zone can override would be the profile's for ever."""
    keys = {key.name for key in next(part for part in SECTIONS if part.name == "zones").keys}
    assert set(NAMES) <= keys


def test_the_manuals_table_is_the_codes() -> None:
    """An installer chooses by the table of DOCS.md."""
    text = (ROOT / "DOCS.md").read_text(encoding="utf-8")
    for profile, sets in PROFILES.items():
        found = re.search(rf"^\| `{profile}` \| ([^|]*) \|", text, re.MULTILINE)
        assert found is not None, profile
        told = dict(re.findall(r"`(\w+)` ([\w.]+)", found.group(1)))
        assert told == {key: written(value) for key, value in sets.items()}, profile


def written(value: object) -> str:
    """A value as the manual writes it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
