"""Settings as the page edits them."""

from typing import Any

from embereye_addon.settings.edited import checked, lean
from embereye_addon.settings.model import Site
from embereye_addon.settings.schema import check
from embereye_addon.settings.secrets import conceal

RAW: dict[str, Any] = {
    "name": "Mine",
    "pf": {"port": 9100},
    "zones": [{"id": "hall", "name": "Hall", "sensitivity": "high", "input_rule": False}],
    "cameras": [{"id": "a", "name": "A", "url": "rtsp://10.0.0.9/s", "zone": "hall", "regions": []}],
}


def test_each_mistake_stands_at_its_field() -> None:
    """A form that says "something is wrong" sends the installer through eighty cameras."""
    cameras = [{"id": "A!", "name": "", "zone": "attic", "url": "http://x", "regions": ["exclude a: 0,0 1,1"]}]
    site, found = checked({"zones": [{"id": "hall", "name": "Hall"}], "cameras": cameras, "nonsense": 1})
    assert site is None
    places = [finding.at for finding in found]
    wrong = {"nonsense", "cameras[0].id", "cameras[0].url", "cameras[0].zone", "cameras[0].name"}
    assert wrong | {"cameras[0].regions[0]"} == set(places)
    assert all(finding.words for finding in found)
    assert checked([])[1][0].at == ""
    right, none = checked(RAW)
    assert (right is not None, none) == (True, ())


def test_what_is_default_is_not_written() -> None:
    """A page that wrote every default would nail down today's values for ever."""
    whole = conceal(check(RAW, ""))
    bare: Any = lean(whole)
    assert bare == {**RAW, "cameras": [{key: RAW["cameras"][0][key] for key in ("id", "name", "url", "zone")}]}
    assert check(bare, "") == check(RAW, "")
    assert lean(conceal(Site())) == {}


def test_what_is_wrong_stays_wrong() -> None:
    """A flag where a number belongs is not taken for the default, and rubbish is left to the check."""
    assert lean({"version": True}) == {"version": True}
    assert lean(5) == 5
    assert lean({"zones": [3], "strange": 1}) == {"strange": 1, "zones": [{}]}
