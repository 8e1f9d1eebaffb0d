"""The check of keys and sections, apart from any real setting."""

import pytest

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.findings import ABSENT, REQUIRED, Findings, Key, Section, check_keys, check_list
from embereye_addon.settings.kinds import secret, several, whole
from embereye_addon.settings.model import Zone

KEYS = (
    Key("floor", REQUIRED, whole(0, 9), "Floor"),
    Key("doors", 1, whole(0, 9), "Doors"),
    Key("code", ABSENT, secret(), "Code"),
    Key("rooms", [], several(whole(1, 3), 0, 3), "Rooms"),
)


def test_defaults_are_filled_in_and_absent_keys_stay_away() -> None:
    """A key without a value gets its default, or is not there at all."""
    found = Findings()
    assert check_keys(KEYS, {"floor": 2, "doors": None}, "house", found) == {"floor": 2, "doors": 1, "rooms": []}
    found.stop("house.yaml")


def test_right_keys_are_kept_beside_wrong_ones() -> None:
    """One mistake does not hide another, and the rest can still be looked at."""
    found = Findings()
    clean = check_keys(KEYS, {"doors": 12, "code": 5, "rooms": [1, 7, "x"], "floorr": 1}, "house", found)
    assert clean == {}
    assert found.reasons == [
        "house.floorr: unknown key; did you mean floor?",
        "house.floor: missing; needed: a whole number from 0 to 9",
        "house.doors: 12 is not accepted; allowed: a whole number from 0 to 9",
        "house.code: '***' is not accepted; allowed: text of at most 256 characters; write it in quotes",
        "house.rooms[1]: 7 is not accepted; allowed: a whole number from 1 to 3",
        "house.rooms[2]: 'x' is not accepted; allowed: a whole number from 1 to 3",
    ]
    with pytest.raises(SettingsFileError, match=r"house\.yaml"):
        found.stop("house.yaml")


def test_a_list_names_the_entry() -> None:
    """Of a list of entries each wrong one is named by its place."""
    section = Section("houses", "Houses", Zone, KEYS, most=3)
    found = Findings()
    assert check_list(section, [{"floor": 1}, 5], found)[0]["floor"] == 1
    assert found.reasons == ["houses[1]: 5 is not accepted; allowed: a mapping of keys to values"]
    found = Findings()
    assert check_list(section, [{}] * 4, found) == []
    assert check_list(section, {}, found) == []
    assert found.reasons == [
        "houses: '4 entries' is not accepted; allowed: a list of at most 3 entries",
        "houses: 'a mapping' is not accepted; allowed: a list of at most 3 entries",
    ]
