"""An MQTT v5 broker for the demo as a child process: Mosquitto where there is one, else the iotcore wheel (rumqttd).

Measured with iotcore 0.4.0: a subscription with QoS 1 gets only the first hundred retained messages, with QoS 0 all.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import logging
import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Literal

log = logging.getLogger(__name__)

Kind = Literal["mosquitto", "iotcore"]

READY_S = 10.0
STOP_S = 5.0
# Snapshots are retained as JPEG; rumqttd's own limits (20 KiB, 200 retained messages at once) lose them silently.
PAYLOAD_LIMIT = 4 * 1024 * 1024
# How many messages wait for one client.
WAITING_LIMIT = 20_000
HASH_ROUNDS = 10_000

_MOSQUITTO = """\
listener {port} {host}
allow_anonymous {anonymous}
set_tcp_nodelay true
persistence true
persistence_location {folder}/
max_queued_messages {waiting}
message_size_limit {payload}
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""

_RUMQTTD = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = {waiting}
max_segment_size = 104857600
max_segment_count = 10

[v5.demo]
name = "demo"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v5.demo.connections]
connection_timeout_ms = 60000
max_payload_size = {payload}
max_inflight_count = 500
dynamic_filters = true
"""

# Runs the wheel's own broker and ends when its standard input does, so that it never outlives the demo.
_IOTCORE = "import sys; sys.path[:] = [p for p in sys.path if p]; from iotcore._serve import main; main()"


def _hashed(user: str, password: str) -> str:
    """A line of Mosquitto's password file: type 7, PBKDF2 with SHA-512 (mosquitto_passwd writes the same)."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    return f"{user}:$7${HASH_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


class BrokerError(RuntimeError):
    """The broker cannot be started; the text says what to do."""


def installed() -> tuple[Kind, ...]:
    """The brokers which can be started here, the preferred one first."""
    found: list[Kind] = []
    if _mosquitto() is not None:
        found.append("mosquitto")
    with contextlib.suppress(ImportError):
        import iotcore  # noqa: F401

        found.append("iotcore")
    return tuple(found)


def _mosquitto() -> str | None:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


def _port(host: str, wanted: int) -> int:
    """The wanted port, or a free one for 0. BrokerError when somebody else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as wrong:
            msg = f"port {wanted} is taken: choose another one for the MQTT broker, or stop what listens there"
            raise BrokerError(msg) from wrong
        return int(probe.getsockname()[1])


class Broker:
    """One broker; `folder` keeps its configuration, its retained messages (Mosquitto only) and `broker.log`.

    `kind` None takes the first installed one, `port` 0 a free one. With `login` (user, password) nobody else gets in.
    """

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        kind: Kind | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.host = host
        self.port = port
        self._wanted = kind
        self._login = login
        self._child: asyncio.subprocess.Process | None = None
        self.kind: Kind = kind or "mosquitto"

    async def start(self) -> None:
        """Start it and wait until it accepts connections. BrokerError when none is installed or it does not come up."""
        ready = installed()
        if not ready or (self._wanted is not None and self._wanted not in ready):
            msg = "no MQTT broker is installed: install Mosquitto, or EmberEye with its demo extra"
            raise BrokerError(msg)
        self.kind = self._wanted or ready[0]
        self.port = _port(self.host, self.port)
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        command = self._mosquitto() if self.kind == "mosquitto" else self._iotcore()
        with (self.folder / "broker.log").open("wb") as output:
            self._child = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        if not await self._answers():
            await self.stop()
            msg = f"the MQTT broker ({self.kind}) did not start on port {self.port}: see {self.folder / 'broker.log'}"
            raise BrokerError(msg)
        log.info("MQTT broker %s listens on %s port %d", self.kind, self.host, self.port)

    async def _answers(self) -> bool:
        """Whether something accepts connections before READY_S is over and the child still lives."""
        until_s = time.monotonic() + READY_S
        while time.monotonic() < until_s and self._child is not None and self._child.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self.host, self.port)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
                return self._child.returncode is None
            await asyncio.sleep(0.05)
        return False

    async def stop(self) -> None:
        """End it and wait for that; safe to call twice."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            try:
                await asyncio.wait_for(child.wait(), STOP_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.stdin is not None:
            child.stdin.close()

    def _mosquitto(self) -> list[str]:
        text = _MOSQUITTO.format(
            host=self.host,
            port=self.port,
            folder=self.folder,
            anonymous="false" if self._login else "true",
            waiting=WAITING_LIMIT,
            payload=PAYLOAD_LIMIT,
        )
        if os.geteuid() == 0:
            # Started by root, Mosquitto would become another user, who cannot write here.
            text += "user root\n"
        if self._login:
            secret = self._private("mosquitto.passwd", _hashed(*self._login))
            text += f"password_file {secret}\n"
        return [_mosquitto() or "mosquitto", "-c", str(self._private("mosquitto.conf", text))]

    def _iotcore(self) -> list[str]:
        text = _RUMQTTD.format(host=self.host, port=self.port, waiting=WAITING_LIMIT, payload=PAYLOAD_LIMIT)
        if self._login:
            user, password = (json.dumps(part) for part in self._login)
            text += f"\n[v5.demo.connections.auth]\n{user} = {password}\n"
        config = self._private("rumqttd.toml", text)
        return [sys.executable, "-c", _IOTCORE, json.dumps({"config_path": str(config)})]

    def _private(self, name: str, text: str) -> Path:
        """A file of the folder which only its owner may read."""
        file = self.folder / name
        file.unlink(missing_ok=True)
        file.touch(0o600)
        file.write_text(text, encoding="utf-8")
        return file
