"""A real nats-server child on a free port of 127.0.0.1; killed and started again on the same store at will."""

import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

from embereye_addon.bus.server import ENVIRONMENT, Server, prepare
from tests.fakes.ports import free_port


class NatsServer:
    """One server; `start` returns when it listens."""

    def __init__(self, folder: Path) -> None:
        self.token = secrets.token_hex(8)  # nobody else's: a mix-up of servers is refused
        self.server = Server(name="test", store_dir=folder / "store", token=self.token, port=free_port())
        self.url = self.server.url
        self.settings = folder / "nats.conf"
        self._command = prepare(self.server, self.settings)
        self._log = folder / "nats.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running child."""
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start it on its store and wait until it listens."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(self._command, stderr=log, env={**os.environ, **ENVIRONMENT})
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex((self.server.host, self.server.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError(self._log.read_text())

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        self._end(kill=True)

    def stop(self) -> None:
        """SIGTERM, as a supervisor does."""
        self._end(kill=False)

    def _end(self, kill: bool) -> None:
        if self._child is not None:
            (self._child.kill if kill else self._child.terminate)()
            self._child.wait(5)
            self._child = None
