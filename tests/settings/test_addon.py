"""Under the Supervisor: the add-on's options, and the broker that it knows of."""

import json
from pathlib import Path

import pytest

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.addon import (
    MQTT_URL,
    Broker,
    BrokerNotYet,
    BrokerRefused,
    Fetch,
    Options,
    ask_broker,
    overlay,
    read_options,
    with_broker,
)
from embereye_addon.settings.model import Mqtt, Site, Web

FOUND = {
    "addon": "core_mosquitto",
    "host": "core-mosquitto",
    "port": 1883,
    "username": "addons",
    "password": "geheim",
    "protocol": "3.1.1",
    "ssl": False,
}
NOT_YET = (400, b'{"result": "error", "message": "Service not enabled"}')
HERE = (200, json.dumps({"result": "ok", "data": FOUND}).encode())
BROKER = Broker(host="core-mosquitto", username="addons", password="geheim")


def answers(*all_answers: tuple[int, bytes] | OSError) -> Fetch:
    """A Supervisor that gives these answers, one after the other."""
    left = iter(all_answers)

    async def fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        assert url == MQTT_URL
        assert headers == {"Authorization": "Bearer t0ken"}
        answer = next(left)
        if isinstance(answer, OSError):
            raise answer
        return answer

    return fetch


def written(tmp_path: Path, options: object) -> Path:
    """An options.json as the Supervisor writes it."""
    path = tmp_path / "options.json"
    path.write_text(json.dumps(options), encoding="utf-8")
    return path


def test_options_are_read(tmp_path: Path) -> None:
    """What the user chose on the add-on's page arrives; empty fields and options of older releases do not count."""
    options = read_options(
        written(tmp_path, {"log_level": "debug", "mqtt_host": "nas", "mqtt_port": 8883, "mqtt_username": "", "old": 1})
    )
    assert options == Options(log_level="debug", mqtt={"host": "nas", "port": 8883})


def test_without_options_the_defaults_count(tmp_path: Path) -> None:
    """Plain Docker has no options file, and that is fine."""
    assert read_options(tmp_path / "options.json") == Options()
    assert read_options(written(tmp_path, {})) == Options()


def test_wrong_options_are_told_in_words(tmp_path: Path) -> None:
    """Every wrong option is named, and no password is repeated."""
    with pytest.raises(SettingsFileError) as error:
        read_options(written(tmp_path, {"log_level": "loud", "mqtt_port": 0, "mqtt_password": 1234}))
    assert [reason.partition(": ")[0] for reason in error.value.reasons] == ["log_level", "mqtt_port", "mqtt_password"]
    assert "1234" not in str(error.value)
    with pytest.raises(SettingsFileError, match="a mapping"):
        read_options(written(tmp_path, []))


def test_options_win_over_the_file() -> None:
    """The add-on's page wins over the site, and the ports are those that the add-on maps."""
    site = Site(mqtt=Mqtt(host="old", username="joe"), web=Web(port=8000, token="t" * 16))
    merged = overlay(site, Options(mqtt={"host": "nas", "port": 8883, "tls": True}))
    assert merged.mqtt == Mqtt(host="nas", port=8883, tls=True, username="joe")
    assert merged.web == Web(host="0.0.0.0", port=8099, token="t" * 16)
    assert (merged.pf.host, merged.pf.port) == ("0.0.0.0", 9001)


def test_the_supervisors_broker_is_used_when_none_is_set() -> None:
    """A fresh installation needs no MQTT settings at all; what was set by hand wins."""
    assert with_broker(Site(), BROKER).mqtt == Mqtt(host="core-mosquitto", username="addons", password="geheim")
    own = Site(mqtt=Mqtt(username="joe", password="x"))
    assert with_broker(own, BROKER).mqtt == Mqtt(host="core-mosquitto", username="joe", password="x")
    manual = Site(mqtt=Mqtt(host="nas"))
    assert with_broker(manual, BROKER) == manual
    assert with_broker(Site(), Broker(host="b", port=8883, ssl=True)).mqtt == Mqtt(host="b", port=8883, tls=True)


async def test_the_broker_is_found() -> None:
    """The Supervisor's answer, as it really looks, gives a broker, whose password no text shows."""
    broker = await ask_broker(answers(HERE), "t0ken")
    assert broker == BROKER
    assert "geheim" not in f"{broker} {broker!r}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NOT_YET, "no MQTT broker yet; install the Mosquitto broker"),
        ((502, b""), "answered 502"),
        ((200, b"<html>"), "cannot be read"),
        ((200, b'{"data": {"host": ""}}'), "cannot be read"),
        ((200, b'{"data": {"host": "\xff"}}'), "cannot be read"),
        ((200, b'{"data": "' + b"x" * 100_000 + b'"}'), "cannot be read"),
        (ConnectionRefusedError("refused"), r"does not answer \(refused\)"),
        (TimeoutError(), r"does not answer \(TimeoutError\)"),
    ],
)
async def test_no_broker_yet_is_told_in_words(answer: tuple[int, bytes] | OSError, words: str) -> None:
    """Whatever the Supervisor says, the user reads what to do, and it is asked again."""
    with pytest.raises(BrokerNotYet, match=words):
        await ask_broker(answers(answer), "t0ken")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_is_told_apart(status: int) -> None:
    """Without the right to ask, asking again is in vain: the user is told to set the broker by hand."""
    with pytest.raises(BrokerRefused, match="set mqtt_host"):
        await ask_broker(answers((status, b"")), "t0ken")
