"""The mistakes that have a code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.settings.edited import checked
from embereye_addon.settings.mistakes import WORDS, CodedError
from embereye_addon.web import assets

ZONE = {"id": "hall", "name": "Hall"}
CAMERA = {"id": "a", "name": "A", "url": "rtsp://10.0.0.9/s", "zone": "hall"}


def test_the_page_has_words_for_every_code() -> None:
    """An installer who reads no English must be told what contradicts what; the two sets of words must not drift."""
    english = json.loads(assets.load()["i18n/en.json"].body)
    for code, words in WORDS.items():
        assert english.get(f"mistake_{code}") == words, code


def test_every_code_is_used() -> None:
    """Words that nobody can come to see hide those that are wrong."""
    folder = Path(__file__).resolve().parents[2] / "embereye_addon" / "settings"
    files = (file.read_text() for file in folder.glob("*.py") if file.name != "mistakes.py")
    used = set(re.findall(r"\"([a-z_]+)\"", "".join(files)))
    used |= {f"pairs_{what}_{where}" for what in ("line", "round") for where in ("camera", "thermal")}
    assert set(WORDS) <= used, set(WORDS) - used


@pytest.mark.parametrize(
    ("raw", "at", "code", "values"),
    [
        ({"zones": [{**ZONE, "fixed_pre_c": 90}]}, "zones[0].fixed_pre_c", "not_below", {"alarm_key": "fixed_alarm_c"}),
        ({"zones": [ZONE], "cameras": [{**CAMERA, "zone": "attic"}]}, "cameras[0].zone", "no_zone", {"zones": "hall"}),
        ({"zones": [ZONE, ZONE]}, "zones[1].id", "used_twice", {"value": "hall", "place": "zones[0]"}),
        (
            {"zones": [ZONE], "cameras": [{**CAMERA, "regions": ["include oven: 0,0 1,1 1,0 0,1"]}]},
            "cameras[0].regions[0]",
            "region_crossing",
            {"name": "oven", "first": 1, "second": 3},
        ),
        ({"mqtt": {"host": "mqtt://b"}}, "mqtt.host", "host_only", {}),
        ({"detection": {"looks_hz": 99}}, "detection.looks_hz", "", {}),
    ],
)
def test_a_mistake_comes_with_its_code(raw: object, at: str, code: str, values: dict[str, Any]) -> None:
    """Without code and values the page could only show English."""
    (found,) = (one for one in checked(raw)[1] if one.at == at)
    assert (found.code, values.items() <= dict(found.values).items()) == (code, True)


def test_numbers_are_written_short() -> None:
    """45.0 is a number of a program."""
    assert str(CodedError("not_below", alarm_key="fixed_alarm_c", high=45.0, low=50)).endswith("which is 45, not 50")
