"""Where a PF device's picture lies in a camera's: every slip of the pen is named, nothing degenerate gets in."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.registration import EXAMPLE, TEXT_MAX, Pair, parse
from embereye_addon.settings.schema import check

ZONE = {"id": "hall", "name": "Hall"}
CAMERA = {"id": "hall-door", "name": "Door", "url": "rtsp://10.0.0.9/s", "zone": "hall"}
DEVICE = {"id": "eye", "name": "Eye", "zone": "hall"}


def test_the_example_is_read_and_written_the_same() -> None:
    """What the page writes cannot be read, or another camera is meant."""
    found = parse(EXAMPLE)
    assert (found.camera, found.pairs[1]) == ("hall-door", Pair(0.8, 0.22, 28.0, 4.0))
    assert found.places[1] == (28.0, 4.0, 0.8, 0.22)
    assert parse(found.text()) == found
    mirrored = "c: 0.9,0.1=0,0 0.1,0.1=31,0 0.1,0.9=31,23 0.9,0.9=0,23"
    assert parse(mirrored).pairs[0].x == 0.9, "a device may hang the other way round"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no colon", "write the camera's id, a colon and four pairs"),
        ("x" * (TEXT_MAX + 1), "write the camera's id"),
        ("c: 0,0=0,0 1,0=31,0 1,1=31,23", "3 pairs are given; exactly 4 are needed"),
        ("c: 0,0=0,0 1,0=31,0 1,1=31,23 here", "here is no pair; write x,y=column,row"),
        ("c: 0,0=0,0 1,0=31,0 1,1=31,23 0,-1=0,23", "0,-1=0,23 is no pair"),
        ("c: 0,0=0,0 1.1,0=31,0 1,1=31,23 0,1=0,23", "x and y are fractions of the camera's picture, from 0 to 1"),
        ("c: 0,0=0,0 1,0=32,0 1,1=31,23 0,1=0,23", "columns go from 0 to 31, rows from 0 to 23"),
        (
            "c: 0,0=0,0 0.5,0=31,0 1,0=31,23 0,1=0,23",
            "in the camera's picture the places 1, 2 and 3 are almost in a line",
        ),
        ("c: 0,0=0,0 1,0=31,0 1,1=31,1 0,1=0,1", "in the thermal picture the places"),
        ("c: 0,0=0,0 1,1=31,0 1,0=31,23 0,1=0,23", "in the camera's picture the four places do not go round once"),
        ("c: 0,0=0,0 1,0=31,0 0.5,0.3=31,23 0,1=0,23", "in the camera's picture the four places do not go round once"),
        ("c: 0,0=5,5 0,0=5,5 0,0=5,5 0,0=5,5", "almost in a line"),
    ],
)
def test_every_slip_is_named(line: str, words: str) -> None:
    """Whoever sets it by hand does not learn what is wrong."""
    with pytest.raises(ValueError, match=r"\w") as error:
        parse(line)
    assert words in str(error.value)


@given(st.text(max_size=TEXT_MAX + 5))
def test_any_text_is_read_or_refused_in_words(line: str) -> None:
    """A file of something else ends the program."""
    with contextlib.suppress(ValueError):
        assert parse(parse(line).text()).camera


def test_the_settings_know_the_cameras() -> None:
    """A device is tied to a camera that is not there, or twice to one."""
    given = {"zones": [ZONE], "cameras": [CAMERA], "devices": [DEVICE | {"seen_by": [EXAMPLE]}]}
    assert check(given, "x").devices[0].seen_by == (parse(EXAMPLE).text(),)
    wrong = {"seen_by": [EXAMPLE, EXAMPLE, EXAMPLE.replace("hall-door", "attic"), "nothing"]}
    with pytest.raises(SettingsFileError) as error:
        check(given | {"devices": [DEVICE | {"seen_by": wrong["seen_by"][:3]}]}, "x")
    told = "\n".join(error.value.reasons)
    assert "devices[0].seen_by[2]: there is no camera 'attic'" in told
    assert "devices[0].seen_by[1].camera: 'hall-door' is already used" in told
    with pytest.raises(SettingsFileError) as error:
        check(given | {"devices": [DEVICE | wrong]}, "x")
    assert "devices[0].seen_by[3]: 'nothing' is not accepted" in "\n".join(error.value.reasons)
