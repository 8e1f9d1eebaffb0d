"""Drives a real, headless Home Assistant Core on 127.0.0.1, as put there by setup_homeassistant.sh."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

from tests.fakes.ports import free_port
from tests.system.homeassistant_api import Api, Change, HomeAssistantError, Json
from tests.system.mosquitto import HOST

_BOOT_LIMIT_S = 150.0
_STOP_LIMIT_S = 40.0
_POLL_S = 0.15
_RECORD = re.compile(r"^\d{4}-\d\d-\d\d \S+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) \(.*?\) \[(.+?)\] (.*)$")
# The command `hass`, but for its mDNS, which would listen and announce itself on every network of the machine
_START = """
import sys
from homeassistant.__main__ import main
from homeassistant.components import zeroconf
zeroconf._async_get_zc_args = lambda hass: {"interfaces": ["127.0.0.1"], "unicast": True}
sys.argv[0] = "hass"
sys.exit(main())
"""
_BAD = ("WARNING", "ERROR", "CRITICAL")


def default_root() -> Path:
    """Where setup_homeassistant.sh puts Home Assistant unless told otherwise."""
    return Path(os.environ.get("EMBEREYE_HA_ROOT", "/opt/embereye-ha"))


def why_not(root: Path | None = None) -> str | None:
    """The reason why Home Assistant cannot run on this machine, None when it can."""
    root = root or default_root()
    try:
        way = (root / "installed").read_text().split()[0]
    except OSError:
        return f"no Home Assistant in {root} (run tests/system/setup_homeassistant.sh)"
    if way == "tree" and os.geteuid() != 0:
        return f"Home Assistant in {root} lives in a Debian tree, which only root can enter"
    return None


def count_when(counter: str, triggers: Sequence[Json], condition: str | None = None) -> Json:
    """An automation which adds one to input_number.COUNTER at each trigger, if the template `condition` holds."""
    return {
        "alias": f"Count {counter}",
        "id": f"count_{counter}",
        "mode": "queued",
        "max": 100,
        "triggers": list(triggers),
        "conditions": [] if condition is None else [{"condition": "template", "value_template": condition}],
        "actions": [{"action": "input_number.increment", "target": {"entity_id": f"input_number.{counter}"}}],
    }


class HomeAssistant:
    """One installation with its configuration in `folder`; all waiting is done off the event loop.

    `start` may be called again with another broker: the running Home Assistant then forgets the first one
    with all its devices, which takes a second where a boot takes eight. Nothing in here belongs to an event
    loop, so one object can serve tests that each have their own. `more` are further keys of configuration.yaml,
    read at a boot.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.folder = folder
        self.root = root or default_root()
        self.port = free_port()
        self.api = Api(f"http://{HOST}:{self.port}")
        self._config = folder / "config"
        self._process: subprocess.Popen[bytes] | None = None
        self._automations: list[Json] = []
        self._counters: list[str] = []
        self.more: Json = {}
        self._log = self._config / "home-assistant.log"
        self._log_from = 0
        self._wrong_before: list[str] = []

    # --- life --------------------------------------------------------------------------------------------
    @property
    def running(self) -> bool:
        """Whether Home Assistant's process lives."""
        return self._process is not None and self._process.poll() is None

    async def start(self, broker_port: int, user: str | None = None, password: str | None = None) -> None:
        """Boot, unless running, and connect the MQTT integration to this broker on 127.0.0.1 and no other."""
        if not self.running:
            await asyncio.to_thread(self._boot)
        for entry in await self.api.ask("GET", "/api/config/config_entries/entry?domain=mqtt"):
            await self.api.ask("DELETE", f"/api/config/config_entries/entry/{entry['entry_id']}")
        self.mark_log()
        await self._connect(broker_port, user, password)

    async def stop(self) -> None:
        """End Home Assistant cleanly: it says `offline` on its status topic and saves what it knows."""
        await asyncio.to_thread(self.end)

    async def restart(self) -> None:
        """Stop and boot again with everything remembered; returns when Home Assistant says it is running."""
        await self.stop()
        await asyncio.to_thread(self._boot)

    def end(self) -> None:
        """End Home Assistant from code that is not async, such as the end of a fixture."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_LIMIT_S)
        self._process = None
        self._wrong_before += self._logged()  # the next boot begins a new log
        self._log_from = 0

    # --- looking and acting ------------------------------------------------------------------------------
    async def state(self, entity_id: str) -> Json | None:
        """The entity's state object (`state`, `attributes`, ...), None when there is no such entity."""
        found = [row for row in await self.states() if row["entity_id"] == entity_id]
        return found[0] if found else None

    async def states(self) -> list[Json]:
        """The state object of every entity."""
        rows: list[Json] = await self.api.ask("GET", "/api/states")
        return rows

    async def wait_state(self, entity_id: str, state: str | None, timeout_s: float = 20.0) -> float:
        """Wait until the entity is in `state` (None: until it is gone); gives the seconds that took.

        Raises TimeoutError, which tells the state that it was in.
        """
        begun = time.monotonic()
        while True:
            now = await self.state(entity_id)
            seen = None if now is None else now["state"]
            if seen == state:
                return time.monotonic() - begun
            if time.monotonic() - begun > timeout_s:
                raise TimeoutError(f"{entity_id} is {seen!r}, not {state!r}, after {timeout_s:g} s")
            await asyncio.sleep(_POLL_S)

    async def call(self, domain: str, service: str, body: Mapping[str, Any]) -> None:
        """Call a service, e.g. `call("button", "press", {"entity_id": ...})`; returns when it is done."""
        await self.api.ask("POST", f"/api/services/{domain}/{service}", body)

    async def image(self, entity_id: str) -> bytes:
        """The picture that an image (or camera) entity shows."""
        proxy = "camera_proxy" if entity_id.startswith("camera.") else "image_proxy"
        return await asyncio.to_thread(self.api.fetch, "GET", f"/api/{proxy}/{entity_id}")

    async def registry(self) -> list[Json]:
        """The registry's row of every entity that came by MQTT, disabled ones too."""
        rows = await self.api.command("config/entity_registry/list")
        return [row for row in rows if row["platform"] == "mqtt"]

    async def devices(self) -> list[Json]:
        """The registry's row of every device that came by MQTT."""
        rows = await self.api.command("config/device_registry/list")
        return [row for row in rows if any(pair[0] == "mqtt" for pair in row["identifiers"])]

    def watch(self, *entity_ids: str) -> AbstractAsyncContextManager[list[Change]]:
        """`async with watch(...) as seen`: the list grows by every state these entities take meanwhile."""
        return self.api.watch(entity_ids)

    async def automate(self, automations: Sequence[Json], counters: Sequence[str] = ()) -> None:
        """Replace the automations (in Home Assistant's YAML keys) and the counters, running or not.

        A counter is an input_number.NAME which outlives a restart; a running one is set to 0 by this call.
        `count_when` makes an automation which counts.
        """
        self._automations, self._counters = list(automations), list(counters)
        if not self.running:
            return
        self._write_configuration()
        for domain in ("input_number", "automation"):
            await self.call(domain, "reload", {})
        for counter in counters:
            await self.call("input_number", "set_value", {"entity_id": f"input_number.{counter}", "value": 0})

    async def count(self, counter: str) -> int:
        """How far a counter has come."""
        now = await self.state(f"input_number.{counter}")
        if now is None:
            raise HomeAssistantError(f"there is no input_number.{counter}")
        return int(float(now["state"]))

    # --- its log -----------------------------------------------------------------------------------------
    def mark_log(self) -> None:
        """Let `mqtt_errors` look only at what is logged from now on."""
        self._wrong_before = []
        self._log_from = self._log.stat().st_size if self._log.exists() else 0

    async def mqtt_errors(self) -> list[str]:
        """What Home Assistant holds against our MQTT messages since `start` or `mark_log`.

        Warnings and errors in its log that come from or name MQTT or a template, payloads of binary sensors that
        it could not read (logged as mere information), and open repairs. A lost broker is among them.
        """
        wrong = self._wrong_before + await asyncio.to_thread(self._logged)
        issues = (await self.api.command("repairs/list_issues"))["issues"] if self.running else []
        return wrong + [f"repair: {row['issue_id']}" for row in issues if row["domain"] == "mqtt"]

    # --- inside ------------------------------------------------------------------------------------------
    def _logged(self) -> list[str]:
        """The complaints in the log of this run of Home Assistant, from the mark on."""
        if not self._log.exists():
            return []
        with self._log.open("rb") as file:
            file.seek(self._log_from)
            text = file.read().decode(errors="replace")
        return [line for level, name, line in _records(text) if _is_ours(level, name, line)]

    def _write_configuration(self) -> None:
        """Nothing that calls out, and our automations; JSON is YAML."""
        logs = {"homeassistant.components.mqtt": "info", "homeassistant.components.automation": "info"}
        settings = {
            "homeassistant": {"name": "System test", "unit_system": "metric", "time_zone": "UTC"},
            "logger": {"default": "warning", "logs": logs},
            "automation": self._automations,
            "input_number": {name: {"min": 0, "max": 1e6, "mode": "box"} for name in self._counters},
        } | self.more
        self._config.mkdir(parents=True, exist_ok=True)
        (self._config / "configuration.yaml").write_text(json.dumps(settings, indent=1))

    def _write_storage(self) -> None:
        """The two things YAML cannot say (any more): listen on 127.0.0.1, and ask no first-run questions."""
        web = {
            "server_host": [HOST],
            "server_port": self.port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern_v6",
            "use_x_frame_options": True,
            "created_at": "2026-11-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        }
        web_slots = {"stable": web, "pending": None, "yaml_migration_done": True}
        kept = {
            "http": (3, web_slots),
            "onboarding": (4, {"done": ["core_config", "analytics", "integration"]}),
        }
        storage = self._config / ".storage"
        storage.mkdir(parents=True)
        for key, (version, content) in kept.items():
            record = {"version": version, "minor_version": 1, "key": key, "data": content}
            (storage / key).write_text(json.dumps(record))

    def _boot(self) -> None:
        fresh = not (self._config / ".storage").exists()
        self._write_configuration()
        if fresh:
            self._write_storage()
        with (self.folder / "hass.out").open("ab") as out:
            self._process = subprocess.Popen(
                self._command_line(),
                env=_bare_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self._wait_for(self._answers, "answer")
        if fresh:
            self._make_account()
        self._wait_for(self._runs, "reach RUNNING")

    def _command_line(self) -> list[str]:
        """The command of Home Assistant's one process; its mounts into a Debian tree vanish with it."""
        how = ["--skip-pip", "--log-no-color", "--ignore-os-check"]
        if (self.root / "installed").read_text().split()[0] == "venv":
            return [str(self.root / "venv/bin/python"), "-c", _START, "-c", str(self._config), *how]
        enter = 'mount --bind "$1" "$0/mnt" && mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev"'
        enter += ' && tree=$0 && shift && exec chroot "$tree" "$@"'
        inside = ["/ha/bin/python", "-c", _START, "-c", "/mnt", *how]
        return [
            "unshare",
            "-m",
            "sh",
            "-c",
            enter,
            str(self.root / "tree"),
            str(self._config.absolute()),
            *inside,
        ]

    def _wait_for(self, there: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + _BOOT_LIMIT_S
        while self.running and time.monotonic() < give_up:
            with suppress(HomeAssistantError, OSError):
                if there():
                    return
            time.sleep(_POLL_S)
        said = (self.folder / "hass.out").read_text(errors="replace")[-1500:]
        self.end()
        raise HomeAssistantError(f"Home Assistant did not {what}: {said}")

    def _answers(self) -> bool:
        return bool(self.api.fetch("GET", "/api/" if self.api.token else "/api/onboarding"))

    def _runs(self) -> bool:
        return bool(self.api.fetch_json("GET", "/api/config")["state"] == "RUNNING")

    def _make_account(self) -> None:
        """Create the owner and an access token that lasts."""
        client = self.api.url + "/"
        person = {
            "name": "Tester",
            "username": "tester",
            "password": "tester",
            "client_id": client,
            "language": "en",
        }
        code = self.api.fetch_json("POST", "/api/onboarding/users", person)["auth_code"]
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
        self.api.token = self.api.fetch_json("POST", "/auth/token", grant, form=True)["access_token"]
        lasting = {"client_name": "tests", "lifespan": 30}
        self.api.token = asyncio.run(self.api.command("auth/long_lived_access_token", **lasting))

    async def _connect(self, broker_port: int, user: str | None, password: str | None) -> None:
        """Walk through the MQTT integration's dialogue as a person would."""
        answers: Json = {"broker": HOST, "port": broker_port, "set_ca_cert": "off"}
        if user is not None:
            answers |= {"username": user, "password": password or ""}
        flows = "/api/config/config_entries/flow"
        step = await self.api.ask("POST", flows, {"handler": "mqtt", "show_advanced_options": False})
        while step["type"] == "form" and not step.get("errors"):
            step = await self.api.ask("POST", f"{flows}/{step['flow_id']}", _filled(step["data_schema"], answers))
        if step["type"] != "create_entry":
            raise HomeAssistantError(f"the MQTT dialogue ended with {step.get('errors') or step['type']}")


def _bare_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON", "COVERAGE"))}


def _filled(schema: Sequence[Json], answers: Json) -> Json:
    """A form's answers: ours, else the default of a required field; sections are forms inside a form."""
    out: Json = {}
    for field in schema:
        if field["name"] in answers:
            out[field["name"]] = answers[field["name"]]
        elif field.get("type") == "expandable":
            out[field["name"]] = _filled(field["schema"], answers)
        elif field.get("required"):
            out[field["name"]] = field.get("default", False)
    return out


def _records(text: str) -> list[tuple[str, str, str]]:
    """Level, logger and text of every record of a log; the lines of a traceback belong to their record."""
    found: list[tuple[str, str, str]] = []
    for line in text.splitlines():
        if match := _RECORD.match(line):
            found.append((match[1], match[2], match[3]))
        elif found:
            found[-1] = (*found[-1][:2], f"{found[-1][2]}\n{line}")
    return found


def _is_ours(level: str, name: str, line: str) -> bool:
    if level == "INFO":
        return "No matching payload found" in line
    about = f"{name} {line}".lower()
    return level in _BAD and ("mqtt" in about or name.startswith("homeassistant.helpers.template"))
