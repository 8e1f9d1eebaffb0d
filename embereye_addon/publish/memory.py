"""What must outlive the process: which bundles were announced, and which alarm changes were told.

Both are small files beside the settings. A damaged or missing file is an empty one: then a removed device may stay in
Home Assistant, or one event may come twice with the same id; nothing is ever lost by it.
"""

import logging
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import msgspec

from embereye_addon.errors import StorageError
from embereye_addon.publish.discovery import Bundle

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 16 * 1024 * 1024
KEPT_IDS = 1000
"""More alarm changes than a durable follower could be handed again after a crash."""
MAX_LINES = 2 * KEPT_IDS


class AnnouncedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Bundles by topic: those announced last, and those whose removal Home Assistant may not have seen yet."""

    announced: dict[str, Bundle] = {}
    gone: dict[str, Bundle] = {}


class Announced:
    """The file of announced bundles. Blocking: call it in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> AnnouncedFile:
        """What was saved last; empty when there is nothing usable."""
        try:
            raw = _read(self._path)
            return msgspec.json.decode(raw, type=AnnouncedFile) if raw else AnnouncedFile()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("The list of announced devices cannot be read, starting with none: %s", error)
            return AnnouncedFile()

    def save(self, announced: Mapping[str, Bundle], gone: Mapping[str, Bundle]) -> None:
        """Write aside, flush to disk, rename. StorageError when the disk refuses."""
        file = AnnouncedFile(announced=dict(announced), gone=dict(gone))
        aside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _write(aside, msgspec.json.encode(file))
            aside.replace(self._path)
        except OSError as error:
            raise StorageError(f"The list of announced devices cannot be written: {error}") from error


class Told:
    """The last alarm changes told to Home Assistant, one key a line; appended and flushed one by one.

    Blocking but for `knows`: call the rest in a thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._order: deque[str] = deque(maxlen=KEPT_IDS)
        self._lines = 0

    def load(self) -> None:
        """Read the file; a cut last line (a power cut) is no key that anybody asks for."""
        try:
            lines = _read(self._path).decode(errors="replace").splitlines()
        except OSError as error:
            log.warning("The list of told alarms cannot be read, starting with none: %s", error)
            return
        self._lines = len(lines)
        self._order.extend(line for line in lines if line)

    def knows(self, key: str) -> bool:
        """Whether this change was told."""
        return key in self._order

    def add(self, key: str) -> None:
        """Remember a change, on disk when this returns. StorageError when the disk refuses (it is known in memory)."""
        self._order.append(key)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._lines >= MAX_LINES:
                aside = self._path.with_suffix(".new")
                _write(aside, "".join(f"{old}\n" for old in self._order).encode())
                aside.replace(self._path)
                self._lines = len(self._order)
                return
            with self._path.open("ab") as file:
                file.write(f"{'' if self._ends_clean() else chr(10)}{key}\n".encode())
                file.flush()
                os.fsync(file.fileno())
            self._lines += 1
        except OSError as error:
            raise StorageError(f"The list of told alarms cannot be written: {error}") from error

    def _ends_clean(self) -> bool:
        """Whether the file ends with a whole line."""
        with self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def _read(path: Path) -> bytes:
    """At most `MAX_FILE_BYTES` of a file; b"" when there is none."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def _write(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
