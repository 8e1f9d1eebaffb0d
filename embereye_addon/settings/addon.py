"""What is different under Home Assistant's Supervisor: the add-on's options, and its MQTT service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, NoReturn

import msgspec
from msgspec import Meta, structs

from embereye_addon.errors import LinkError
from embereye_addon.settings.findings import Findings, check_keys
from embereye_addon.settings.model import Site
from embereye_addon.settings.schema import ADDON_MQTT, addon_keys
from embereye_addon.settings.store import parse, read

MQTT_URL: Final = "http://supervisor/services/mqtt"
WEB_PORT: Final = 8099
"""`ingress_port` of config.yaml."""
PF_PORT: Final = 9001
"""The container's side of the mapped port in config.yaml; the user chooses the other side."""
ANSWER_MAX: Final = 65536
"""Largest answer of the Supervisor that is read; a real one has 200 bytes."""

Fetch = Callable[[str, dict[str, str]], Awaitable[tuple[int, bytes]]]
"""An HTTP GET of (URL, headers) giving (status, body); raises `OSError` (a timeout is one) when there is no answer."""


@dataclass(frozen=True, slots=True)
class Options:
    """The add-on's own page: the log level, and the keys of `mqtt` that were given there."""

    log_level: str = "info"
    mqtt: Mapping[str, object] = field(default_factory=dict)


class BrokerNotYet(LinkError):  # noqa: N818 - says what it means
    """The Supervisor knows no broker now; ask again."""

    code = "no_broker"


class BrokerRefused(LinkError):  # noqa: N818 - says what it means
    """The Supervisor will not tell; asking again does not help."""

    code = "broker_refused"


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """The Supervisor's answer about the MQTT service; the password changes when the broker is installed anew."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: Annotated[str, Meta(max_length=256)] | None = None
    password: Annotated[str, Meta(max_length=256)] | None = None
    ssl: bool = False

    def __repr__(self) -> str:
        return f"Broker({self.host}:{self.port})"


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    data: Broker


def read_options(path: Path) -> Options:
    """The checked options.json; `SettingsFileError` names every mistake. A missing file means all defaults."""
    if not path.exists():
        return Options()
    found = Findings()
    keys = addon_keys()
    raw = parse(read(path), path)
    if isinstance(raw, dict):  # an option of an older release is no mistake of the user's
        raw = {key.name: raw[key.name] for key in keys if raw.get(key.name, "") != ""}
    clean = check_keys(keys, raw, "", found)
    found.stop(str(path))
    given = {name: clean[f"mqtt_{name}"] for name in ADDON_MQTT if f"mqtt_{name}" in clean}
    return Options(log_level=str(clean["log_level"]), mqtt=given)


def overlay(site: Site, options: Options) -> Site:
    """The site as an add-on runs it: options win over the file, and the ports are those of config.yaml.

    Ingress and the PF devices come from outside the container, so both listen on every address of it.
    """
    mqtt = msgspec.convert({**structs.asdict(site.mqtt), **options.mqtt}, type(site.mqtt))
    web = structs.replace(site.web, host="0.0.0.0", port=WEB_PORT)  # noqa: S104 - inside the container
    pf = structs.replace(site.pf, host="0.0.0.0", port=PF_PORT)  # noqa: S104 - inside the container
    return structs.replace(site, mqtt=mqtt, web=web, pf=pf)


def with_broker(site: Site, broker: Broker) -> Site:
    """The site with Home Assistant's broker, unless one was set by hand; a user name set by hand stays."""
    if site.mqtt.host:
        return site
    mqtt = structs.replace(site.mqtt, host=broker.host, port=broker.port, tls=broker.ssl)
    if not mqtt.username:
        mqtt = structs.replace(mqtt, username=broker.username or "", password=broker.password or "")
    return structs.replace(site, mqtt=mqtt)


async def ask_broker(fetch: Fetch, token: str) -> Broker:
    """Ask the Supervisor once for its MQTT service; `BrokerNotYet` or `BrokerRefused` in words."""
    try:
        status, body = await fetch(MQTT_URL, {"Authorization": f"Bearer {token}"})
    except OSError as error:
        raise BrokerNotYet(f"the Supervisor does not answer ({str(error) or type(error).__name__})") from error
    if status != 200:
        _refuse(status)
    try:
        return msgspec.json.decode(body[:ANSWER_MAX], type=_Answer).data
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BrokerNotYet("the Supervisor's answer about the MQTT broker cannot be read") from error


def _refuse(status: int) -> NoReturn:
    match status:
        case 401 | 403:
            raise BrokerRefused(
                "the Supervisor does not let this add-on see the MQTT broker; install it again from the store, "
                "or set mqtt_host, mqtt_username and mqtt_password in its options"
            )
        case 400:
            raise BrokerNotYet(
                "Home Assistant has no MQTT broker yet; install the Mosquitto broker add-on, "
                "or set mqtt_host in the options of EmberEye"
            )
        case _:
            raise BrokerNotYet(f"the Supervisor answered {status} when asked for the MQTT broker")
