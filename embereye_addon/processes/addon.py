"""What the supervisor does differently inside a Home Assistant add-on."""

import logging
import os
from pathlib import Path

from embereye_addon.errors import SettingsFileError
from embereye_addon.processes.folder import Folder
from embereye_addon.settings import addon
from embereye_addon.settings.model import Mqtt, Site
from embereye_addon.web.fetch import fetch

_log = logging.getLogger(__name__)


def inside() -> bool:
    """Whether the Supervisor of Home Assistant started us."""
    return "SUPERVISOR_TOKEN" in os.environ


def data_folder(given: Path | None) -> Folder:
    """--folder, else EMBEREYE_FOLDER, else /data inside an add-on, else ./data."""
    if given is not None:
        return Folder(given.resolve())
    named = os.environ.get("EMBEREYE_FOLDER") or ("/data" if inside() else "data")
    return Folder(Path(named).resolve())


def log_level(folder: Folder) -> str:
    """The level set on the add-on's own page."""
    return addon.read_options(folder.path / "options.json").log_level


async def effective(folder: Folder, site: Site) -> Site:
    """The site as this start runs it: inside an add-on its options win and Home Assistant's broker is used.

    Without a broker the rest runs: the broker is asked for once here, and again whenever the settings are loaded.
    """
    if not inside():
        return site
    options = addon.read_options(folder.path / "options.json")
    site = addon.overlay(site, options)
    if site.mqtt.host:
        return site
    try:
        return addon.with_broker(site, await addon.ask_broker(fetch, os.environ["SUPERVISOR_TOKEN"]))
    except (addon.BrokerNotYet, addon.BrokerRefused) as err:
        _log.warning("%s", err)
        return site


async def broker_again(folder: Folder) -> Mqtt | None:
    """Home Assistant's broker as it is now, its password may have changed; None outside an add-on or without one."""
    if not inside():
        return None
    try:
        site = await effective(folder, Site())
    except SettingsFileError as err:
        _log.warning("%s", err)
        return None
    return site.mqtt if site.mqtt.host else None
