"""EmberEye as a user runs it: its command, a site file, a folder; and the ids of its processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embereye_addon.bus.nats import NatsBus, connect
from embereye_addon.errors import EmberEyeError
from embereye_addon.messages import PanelState, ZoneState
from embereye_addon.processes.folder import BusAccess, Folder

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ("nats-server", "pf_gateway", "detector-0", "panel", "publisher", "web")


class Product:
    """One node. `site` is what a user writes into the site file."""

    def __init__(self, folder: Path, site: dict[str, Any]) -> None:
        self.folder = Folder(folder / "data")
        self.site_file = folder / "site.json"
        self.site_file.write_text(json.dumps(site))
        self.log = folder / "embereye.log"
        self.states: list[PanelState] = []
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._bus: NatsBus | None = None

    def start(self) -> None:
        """Start the supervisor by the command of the README."""
        with self.log.open("ab") as out:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "embereye_addon", "--site", self.site_file, "--folder", self.folder.path],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    async def listen(self) -> NatsBus:
        """Connect to its bus as soon as there is one, and collect every panel state."""
        end_s = time.monotonic() + 30.0
        while (access := self._access()) is None:
            assert time.monotonic() < end_s, self.log.read_text()[-2000:]
            await asyncio.sleep(0.2)
        self._bus = await connect(access.url, access.token, "system test")
        await self._bus.hear(PanelState, self.states.append)
        return self._bus

    def _access(self) -> BusAccess | None:
        try:
            return self.folder.bus()
        except EmberEyeError:
            return None

    async def until(self, what: Callable[[PanelState], bool], limit_s: float = 60.0) -> PanelState:
        """The first new panel state for which `what` holds."""
        end_s, seen = time.monotonic() + limit_s, len(self.states)
        while True:
            for state in self.states[max(0, seen - 1) :]:
                if what(state):
                    return state
            seen = len(self.states)
            if time.monotonic() > end_s:
                tail = self.log.read_text()[-3000:]
                raise AssertionError(f"not within {limit_s:.0f} s; newest: {self.states[-1:]}\n{tail}")
            await asyncio.sleep(0.05)

    def pids(self) -> dict[str, int]:
        """Each process of this node by its name."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if str(self.folder.path) in words and "embereye_addon" in words and "--site" not in words:
                name = words[words.index("embereye_addon") + 1]
                found[f"{name}-{words[words.index('embereye_addon') + 2]}" if name == "detector" else name] = int(
                    entry.name
                )
            elif any(word.startswith(str(self.folder.run)) for word in words) and "nats-server" in words[0]:
                found["nats-server"] = int(entry.name)
        return found

    async def kill(self, name: str, limit_s: float = 30.0) -> float:
        """kill -9 one process; the seconds until another of that name runs."""
        pid = self.pids()[name]
        began_s = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while self.pids().get(name) in (None, pid):
            assert time.monotonic() - began_s < limit_s, f"{name} did not come back"
            await asyncio.sleep(0.1)
        return time.monotonic() - began_s

    async def stop(self) -> None:
        """End it as a container is ended; whatever is left is an error."""
        if self._bus is not None:
            await self._bus.close()
        if self._supervisor is None:
            return
        self._supervisor.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._supervisor.wait, 30)
        finally:
            for pid in self.pids().values():
                os.kill(pid, signal.SIGKILL)


def zone_in(name: str, state: ZoneState) -> Callable[[PanelState], bool]:
    """Whether a zone is in a state."""
    return lambda panel: any(row.zone == name and row.state is state for row in panel.zones)
