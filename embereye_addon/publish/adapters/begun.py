"""What was begun at other systems and must be ended: a small file, so that a restart forgets no open event.

A damaged or missing file is an empty one: then an event may stay open there, or begin twice; no alarm is lost by it.
"""

import logging
import os
from pathlib import Path

import msgspec

from embereye_addon.errors import StorageError
from embereye_addon.messages import ZoneState

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 4 * 1024 * 1024


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One camera of theirs that was told: in which state of the zone, and what ends it there."""

    state: ZoneState
    token: str = ""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """What is begun for one zone: by which alarm, and their cameras."""

    alarm_id: str
    marks: dict[str, Mark] = {}


Zones = dict[str, Open]


class Begun:
    """The file of one adapter. `load` and `save` block: call them in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.zones: Zones = {}

    def load(self) -> None:
        """What was saved last; nothing when there is nothing usable."""
        try:
            with self._path.open("rb") as file:
                self.zones = msgspec.json.decode(file.read(MAX_FILE_BYTES), type=Zones)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("The list of open events at %s cannot be read, starting with none: %s", self._path.stem, error)

    def save(self) -> None:
        """Write aside, flush to disk, rename. `StorageError` when the disk refuses."""
        aside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                file.write(msgspec.json.encode(self.zones))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        except OSError as error:
            raise StorageError(f"The list of open events cannot be written: {error}") from error
