"""What is different inside a Home Assistant add-on."""

import json
from pathlib import Path

import pytest

from embereye_addon.errors import SettingsFileError
from embereye_addon.processes import addon
from embereye_addon.processes.folder import Folder
from embereye_addon.settings.model import Mqtt, Site


async def test_outside_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a plain machine the user's file is all there is."""
    monkeypatch.delenv("SUPERVISOR_TOKEN", raising=False)
    site = Site(mqtt=Mqtt(host="broker"))
    assert not addon.inside()
    assert await addon.effective(Folder(tmp_path), site) is site


async def test_inside_the_options_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user typed on the add-on's page is used, and the page listens where ingress asks."""
    monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-test")
    (tmp_path / "options.json").write_text(json.dumps({"mqtt_host": "broker", "mqtt_port": 1884}))
    site = await addon.effective(Folder(tmp_path), Site())
    assert (site.mqtt.host, site.mqtt.port) == ("broker", 1884)
    assert (site.web.host, site.pf.host) == ("0.0.0.0", "0.0.0.0")


async def test_inside_without_a_broker_the_rest_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant without MQTT is a warning in words; the token is in no line."""
    monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-test")
    site = await addon.effective(Folder(tmp_path), Site())
    assert site.mqtt.host == ""
    assert "the Supervisor does not answer" in caplog.text
    assert "token-of-the-test" not in caplog.text


async def test_wrong_options_are_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake on the add-on's page is named."""
    monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-test")
    (tmp_path / "options.json").write_text(json.dumps({"mqtt_host": "broker", "mqtt_port": "many"}))
    with pytest.raises(SettingsFileError, match="mqtt_port"):
        await addon.effective(Folder(tmp_path), Site())
