"""What the page is shown of the settings, and what it may send back."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.kinds import STARS
from embereye_addon.settings.model import Site
from embereye_addon.settings.secrets import conceal, reveal, without
from embereye_addon.settings.store import save

SITE: dict[str, Any] = {
    "mqtt": {"host": "broker", "username": "joe", "password": "geheim"},
    "web": {"token": "a-token-of-many-letters"},
    "zones": [{"id": "hall", "name": "Hall"}],
    "cameras": [
        {"id": "dock", "name": "Dock", "url": "rtsp://10.0.0.9/s", "zone": "hall", "password": "p1"},
        {"id": "gate", "name": "Gate", "url": "rtsp://10.0.0.8/s?token=in-url", "zone": "hall", "password": "p2"},
    ],
}
HIDDEN = ("geheim", "a-token", '"p1"', "in-url")


def test_the_page_sees_no_secret_and_loses_none(tmp_path: Path) -> None:
    """What the page is sent holds no password, and sending it back keeps them all."""
    site = save(tmp_path / "site.json", SITE)
    seen = conceal(site)
    text = json.dumps(seen)
    assert not any(secret in text for secret in HIDDEN)
    assert text.count(f'"{STARS}"') == 4
    assert save(tmp_path / "site.json", reveal(seen, site)) == site


def test_a_kept_password_never_goes_to_a_new_place(tmp_path: Path) -> None:
    """Who changes the host must write the password again, so that stars cannot be used to steal it."""
    site = save(tmp_path / "site.json", SITE)
    seen = conceal(site)
    moved = json.loads(json.dumps(seen))
    moved["mqtt"]["host"] = "elsewhere"
    moved["cameras"][0]["url"] = "rtsp://evil/s"
    moved["cameras"][1]["url"] = "rtsp://[/s"
    moved["web"]["port"] = 8100
    del moved["mqtt"]["base_topic"]
    with pytest.raises(SettingsFileError) as error:
        save(tmp_path / "site.json", reveal(moved, site))
    assert [reason.partition(": ")[0] for reason in error.value.reasons] == [
        "mqtt.password",
        "cameras[0].password",
        "cameras[1].url",
        "cameras[1].password",
    ]
    assert "write the secret again" in error.value.reasons[0]


def test_a_new_entry_and_rubbish_pass_through() -> None:
    """What the page sends beside the known is left to the check."""
    site = Site()
    assert reveal([1], site) == [1]
    raw = {"cameras": [{"id": "new", "password": STARS}, 5], "mqtt": 7}
    others = ["web", "pf", "detection", "disk", "day", "zones", "devices", "calibrations", "journal"]
    others += ["externals", "adapters", "incidents"]
    assert reveal(raw, site) == {**raw, **dict.fromkeys(others)}


def test_an_entry_without_an_id_passes_through() -> None:
    """A page that sends a calibration back is refused, or gets another one."""
    row = {"device": "a", "input": "adc1", "gas": "co2", "r0_kohm": 20.0, "load_kohm": 10.0, "supply_v": 5.0}
    site = msgspec.convert({"calibrations": [row | {"divider": 0.5, "reference_v": 3.3}]}, Site)
    sent = conceal(site)
    assert reveal(sent, site) == sent


def test_a_main_stream_elsewhere_does_not_get_the_password(tmp_path: Path) -> None:
    """A second address is a new place as well; on the same host and port it is not."""
    site = save(tmp_path / "site.json", SITE)
    sent: dict[str, Any] = json.loads(json.dumps(conceal(site)))
    sent["cameras"][0]["main_url"] = "rtsp://10.0.0.9/main"
    assert save(tmp_path / "site.json", reveal(sent, site)).cameras[0].password == "p1"
    sent["cameras"][0]["main_url"] = "rtsp://elsewhere/main"
    with pytest.raises(SettingsFileError, match=r"cameras\[0\].password"):
        save(tmp_path / "site.json", reveal(sent, site))


def test_a_tools_copy_holds_no_secret(tmp_path: Path) -> None:
    """The files that a trial reads lie on the disk, and need no password."""
    site = save(tmp_path / "site.json", SITE)
    bare = without(site)
    text = msgspec.json.encode(bare).decode()
    assert not any(secret in text for secret in (*HIDDEN, "p2"))
    assert (bare.mqtt.password, bare.cameras[0].zone) == ("", "hall")
