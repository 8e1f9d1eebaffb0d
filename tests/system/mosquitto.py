"""A real Mosquitto broker on 127.0.0.1: one process, one folder, the same port for its whole life."""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.ports import free_port

HOST = "127.0.0.1"
_START_LIMIT_S = 15.0
_STOP_LIMIT_S = 10.0


def why_not() -> str | None:
    """The reason why no broker can be started on this machine, None when one can."""
    if _program("mosquitto") is None:
        return "no Mosquitto broker on this machine (Debian package mosquitto)"
    return None


def _program(name: str) -> str | None:
    """Where the program is; Debian keeps the broker in /usr/sbin, which is not on everybody's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of a certificate authority made for one test, and of the broker's certificate signed by it."""

    ca: Path
    chain: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and a certificate for 127.0.0.1 and localhost in folder, good for two days."""
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    chain, key, request = folder / "broker.pem", folder / "broker.key", folder / "broker.csr"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    uses = folder / "uses.cnf"
    uses.write_text("subjectAltName = IP:127.0.0.1, DNS:localhost\nextendedKeyUsage = serverAuth\n")
    authority = [
        "-subj",
        "/CN=EmberEye test authority",
        "-addext",
        "keyUsage = critical, keyCertSign, cRLSign",
    ]
    sign = ["-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial", "-days", "2", "-extfile", str(uses)]
    for command in (
        ["req", "-x509", *curve, "-days", "2", *authority, "-keyout", str(ca_key), "-out", str(ca)],
        ["req", *curve, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(request)],
        ["x509", "-req", "-in", str(request), *sign, "-out", str(chain)],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True, timeout=30)
    key.chmod(0o644)  # read by the account that the broker falls back to
    return Certificates(ca=ca, chain=chain, key=key)


class Mosquitto:
    """One broker; `stop`, `kill` and `start` may follow each other, and retained messages stay on disk.

    With `user` anonymous clients are refused; with `tls` the only listener speaks TLS and `ca_file` is the
    authority to trust. `lazy_disk` keeps Debian's own habit of writing retained messages at a clean stop only,
    so that a `kill` forgets them; without it every change is on disk within a second.
    """

    host = HOST

    def __init__(
        self,
        folder: Path,
        user: str | None = None,
        password: str = "",
        *,
        tls: bool = False,
        lazy_disk: bool = False,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.user = user
        self.password = password if user is not None else None
        self.ca_file: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"listener {self.port} {HOST}", *self._who_may(), "persistence true"]
        lines += [f"persistence_location {folder}/", f"log_dest file {self.log_file}", "log_type all"]
        if not lazy_disk:
            lines += ["autosave_on_changes true", "autosave_interval 1"]
        if os.geteuid() == 0:
            lines.append("user root")  # else it gives up root and cannot write into the folder of the test
        if tls:
            made = make_certificates(folder)
            self.ca_file = made.ca
            lines += [f"certfile {made.chain}", f"keyfile {made.key}"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def _who_may(self) -> list[str]:
        if self.user is None:
            return ["allow_anonymous true"]
        accounts = self.folder / "accounts"
        command = [_program("mosquitto_passwd") or "mosquitto_passwd", "-b", "-c", str(accounts)]
        subprocess.run([*command, self.user, self.password or ""], check=True, capture_output=True, timeout=30)
        return ["allow_anonymous false", f"password_file {accounts}"]

    @property
    def log_file(self) -> Path:
        """What the broker logged, every connect and publish included."""
        return self.folder / "mosquitto.log"

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the broker on its port and return when it accepts connections; RuntimeError if it never does."""
        if self.running:
            return
        command = [_program("mosquitto") or "mosquitto", "-c", str(self.folder / "mosquitto.conf")]
        with (self.folder / "mosquitto.err").open("wb") as err:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        give_up = time.monotonic() + _START_LIMIT_S
        while self._process.poll() is None and time.monotonic() < give_up:
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.03)
        self.kill()
        raise RuntimeError(f"mosquitto did not start: {(self.folder / 'mosquitto.err').read_text()[-800:]}")

    def stop(self) -> None:
        """End the broker cleanly: clients see their connection closed, retained messages are written."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker with SIGKILL, as a power cut or the kernel's memory killer would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """End the broker cleanly (unless it is dead already) and start it on the same port."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_LIMIT_S)
        self._process = None
