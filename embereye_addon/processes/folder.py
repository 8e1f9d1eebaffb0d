"""The one folder a node writes to, and what lies in it."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from embereye_addon.errors import BusError, SettingsFileError, StorageError
from embereye_addon.settings.model import Site

READ_LIMIT = 4 << 20


class BusAccess(msgspec.Struct, frozen=True):
    """Where this node's bus is, and the token it asks for."""

    url: str
    token: str
    node: str


@dataclass(frozen=True, slots=True)
class Folder:
    """`path` is /data in an add-on. Only the supervisor writes to `run`; the others read it."""

    path: Path

    @property
    def site_file(self) -> Path:
        """The product's own settings; the supervisor is handed another file when the user keeps one."""
        return self.path / "site.json"

    @property
    def run(self) -> Path:
        """What holds for this start only."""
        return self.path / "run"

    @property
    def metrics(self) -> Path:
        """Where the processes of this node leave their metrics."""
        return self.run / "metrics"

    @property
    def journal(self) -> Path:
        """The event log."""
        return self.path / "journal.db"

    @property
    def spare(self) -> Path:
        """The second copy of the panel's state."""
        return self.path / "panel.state"

    @property
    def outbox(self) -> Path:
        """Alarms that were not yet sent."""
        return self.path / "outbox.db"

    @property
    def evidence(self) -> Path:
        """Pictures and clips of alarms, a folder for each."""
        return self.path / "evidence"

    @property
    def history(self) -> Path:
        """The last day of each PF device's heat, a folder for each."""
        return self.path / "history"

    @property
    def models(self) -> Path:
        """Detectors that were brought, and which of them is live."""
        return self.path / "models"

    @property
    def recordings(self) -> Path:
        """Videos, captures and recorded traffic that settings and models are tried on."""
        return self.path / "recordings"

    @property
    def scratch(self) -> Path:
        """What the page's work needs for a while."""
        return self.path / "scratch"

    def write_run(self, name: str, content: bytes) -> None:
        """Write one file of `run`, aside and renamed, readable by the owner only. `StorageError` in words."""
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            aside = self.run / f".{name}.new"
            number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(content)
            aside.replace(self.run / name)
        except OSError as err:
            raise StorageError(f"{self.run / name} cannot be written: {err.strerror}") from err

    def keep_path(self, site_file: Path) -> None:
        """Tell the processes which settings file the user keeps."""
        self.write_run("site_file", str(site_file).encode())

    def user_file(self) -> Path:
        """The settings file that the user keeps; the product's own where the supervisor told no other."""
        try:
            return Path((self.run / "site_file").read_text())
        except OSError:
            return self.site_file

    def ask_restart(self) -> None:
        """Ask the supervisor to start every process anew. `StorageError` in words."""
        self.write_run("restart", b"")

    def started_at(self) -> float:
        """When the supervisor started (UTC seconds); 0 where none runs."""
        try:
            return (self.run / "bus.json").stat().st_mtime
        except OSError:
            return 0.0

    def bus(self) -> BusAccess:
        """How to reach the bus; `BusError` when no supervisor runs on this folder."""
        try:
            return msgspec.json.decode((self.run / "bus.json").read_bytes()[:READ_LIMIT], type=BusAccess)
        except (OSError, msgspec.DecodeError) as err:
            raise BusError(f"no supervisor runs on {self.path}: start one with python -m embereye_addon") from err

    def site(self) -> Site:
        """The settings in force, as the supervisor checked them."""
        path = self.run / "site.json"
        try:
            return msgspec.json.decode(path.read_bytes()[:READ_LIMIT], type=Site)
        except (OSError, msgspec.DecodeError) as err:
            raise SettingsFileError(str(path), ("the supervisor has not written it yet",)) from err


def used_bytes(folder: Path) -> int:
    """What the files in and below a folder hold; 0 where there is none."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # removed meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total
