"""What no key alone can tell, of cameras; zones, devices and doors are tested with the whole file."""

import pytest

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.schema import check

ZONE = {"id": "hall", "name": "Hall"}
CAMERA = {"id": "dock", "name": "Dock", "url": "rtsp://10.0.0.9/s", "zone": "hall"}


def reasons(raw: object) -> str:
    """What a user is told about `raw`."""
    with pytest.raises(SettingsFileError) as error:
        check(raw, "site.yaml")
    return "\n".join(error.value.reasons)


def test_the_main_stream_shares_the_cameras_credentials() -> None:
    """Both streams of a camera are opened with one user and password, and neither URL holds them afterwards."""
    both = {"url": "rtsp://joe:pw@10.0.0.9/sub", "main_url": "rtsp://joe:pw@10.0.0.9/main"}
    (camera,) = check({"zones": [ZONE], "cameras": [CAMERA | both]}, "x").cameras
    assert (camera.url, camera.main_url) == ("rtsp://10.0.0.9/sub", "rtsp://10.0.0.9/main")
    assert (camera.username, camera.password) == ("joe", "pw")
    other = both | {"main_url": "rtsp://joe:other@10.0.0.9/main"}
    told = reasons({"zones": [ZONE], "cameras": [CAMERA | other]})
    assert told == "cameras[0].password: the main_url holds a password as well; give it in one place only"
    assert check({"zones": [ZONE], "cameras": [CAMERA]}, "x").cameras[0].main_url is None


def test_regions_are_checked_with_the_file() -> None:
    """A mask that cannot be read is a mistake of the settings, never a mask left out."""
    lines = ["exclude oven: 0,0 0.5,0 0.5,0.5", " privacy  window: 0.5,0.5 1,0.5 1,1 "]
    (camera,) = check({"zones": [ZONE], "cameras": [CAMERA | {"regions": lines}]}, "x").cameras
    assert camera.regions == ("exclude oven: 0,0 0.5,0 0.5,0.5", "privacy window: 0.5,0.5 1,0.5 1,1")
    told = reasons({"zones": [ZONE], "cameras": [CAMERA | {"regions": [lines[0], "hide window: 0,0 1,0 1,1"]}]})
    assert "cameras[0].regions[1]: 'hide window: 0,0 1,0 1,1' is not accepted" in told
    assert "hide is no kind of region" in told
    told = reasons({"zones": [ZONE], "cameras": [CAMERA | {"regions": [lines[0], "include oven: 0,0 1,0 1,1"]}]})
    assert told == "cameras[0].regions[1].name: 'oven' is already used by cameras[0].regions[0]"
    told = reasons({"zones": [ZONE], "cameras": [CAMERA | {"regions": [lines[0]] * 9}]})
    assert "a list of 0 to 8" in told


def test_neighbours_are_other_zones_that_exist() -> None:
    """A mistyped neighbour is silently nobody's, and a fire next door an incident of its own."""
    hall, dock = {"id": "hall", "name": "Hall"}, {"id": "dock", "name": "Dock"}
    right = check({"zones": [hall | {"neighbours": ["dock"]}, dock]}, "x")
    assert right.zones[0].neighbours == ("dock",)
    with pytest.raises(SettingsFileError) as caught:
        check({"zones": [hall | {"neighbours": ["dok", "hall"]}, dock]}, "x")
    assert "zones[0].neighbours[0]: there is no zone 'dok'" in caught.value.reasons
    assert "zones[0].neighbours[1]: a zone is no neighbour of its own" in caught.value.reasons
