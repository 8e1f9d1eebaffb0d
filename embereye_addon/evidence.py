"""What is kept of each alarm on disk: one folder an alarm id, its pictures, films and heat, and an index of them.

Names come from ids of the settings and from alarm ids; whatever does not fit their patterns is refused, so no name
leads out of the folder. Copies for Home Assistant's media browser lie in `media`, one dated folder an alarm.
"""

import contextlib
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from embereye_addon.errors import StorageError
from embereye_addon.messages import AlarmChanged, Explanation, ZoneState

INDEX = "alarm.json"
FILES_MOST = 64
CHANGES_MOST = 64
INDEX_BYTES = 1 << 20
DAY_S = 86_400.0
_IDENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILE = re.compile(r"(?:pre_alarm|alarm)-[a-z0-9_-]{1,40}\.(?:jpg|mp4|png|jsonl?)")


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its name, what it is (picture, film, heat, trend), of which source, and of which UTC seconds."""

    name: Annotated[str, Meta(max_length=64)]
    what: Annotated[str, Meta(max_length=16)]
    source: Annotated[str, Meta(max_length=80)]
    at: float
    end: float = 0.0


class KeptChange(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the alarm: the zone's new state, when (UTC seconds), the cause, and by whom."""

    now: ZoneState
    at: float
    cause: str
    by: str


class KeptAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm or pre-alarm with all that is kept of it; `state` is the worst it came to."""

    id: str
    zone: str
    name: str
    at: float
    state: ZoneState
    explanation: Explanation
    changes: Annotated[tuple[KeptChange, ...], Meta(max_length=CHANGES_MOST)] = ()
    files: Annotated[tuple[KeptFile, ...], Meta(max_length=FILES_MOST)] = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """How long: days for pre-alarms, days for alarms, and bytes for all of it with its copies."""

    days: float
    alarm_days: float
    most_bytes: int


def is_alarm_id(ident: str) -> bool:
    """Whether an alarm id can name a folder."""
    return _IDENT.fullmatch(ident) is not None


def file_name(state: ZoneState, ident: str, ending: str) -> str:
    """The name of a file of a camera or device at a state of the alarm; '' when the parts make none."""
    name = f"{state.value}-{ident}.{ending}"
    return name if _FILE.fullmatch(name) else ""


class Evidence:
    """The folders of all alarms. Every method waits for the disk and may be called in any thread; `StorageError`."""

    def __init__(self, folder: Path, media: Path | None = None) -> None:
        self._folder, self._media = folder, media
        self._lock = threading.Lock()

    def note(self, change: AlarmChanged) -> None:
        """Keep a change of an alarm."""
        step = KeptChange(now=change.now, at=change.at, cause=change.cause, by=change.by)
        with self._lock, _words(self._folder):
            kept = self._read(change.id)
            if kept is None:
                kept = KeptAlarm(
                    id=change.id,
                    zone=change.zone,
                    name=change.name,
                    at=change.at,
                    state=change.now,
                    explanation=change.explanation,
                )
            if step in kept.changes:
                return
            if change.now is ZoneState.ALARM and kept.state is not ZoneState.ALARM:
                kept = msgspec.structs.replace(kept, state=change.now, explanation=change.explanation)
            self._write(msgspec.structs.replace(kept, changes=(*kept.changes, step)[-CHANGES_MOST:]))

    def add(self, ident: str, file: KeptFile, content: bytes) -> None:
        """Keep a file of an alarm that was noted, and its copy."""
        with self._lock, _words(self._folder):
            kept = self._read(ident)
            if kept is None or not _FILE.fullmatch(file.name) or len(kept.files) >= FILES_MOST:
                return
            _put(self._folder / ident / file.name, content)
            others = tuple(each for each in kept.files if each.name != file.name)
            self._write(msgspec.structs.replace(kept, files=(*others, file)))
        if self._media is not None and file.what not in ("trend", "traffic"):
            with _words(self._media):
                _put(self._media / _dated(kept) / file.name, content)

    def listed(self, most: int) -> list[KeptAlarm]:
        """The alarms that changed last, the newest alarm first."""
        with _words(self._folder):
            newest = sorted(self._folders(), key=lambda found: found[0], reverse=True)
        kept = (self.of(path.name) for _, path in newest[:most])
        return sorted((each for each in kept if each is not None), key=lambda each: each.at, reverse=True)

    def of(self, ident: str) -> KeptAlarm | None:
        """One alarm; None when there is none of that id, or its index cannot be read."""
        with _words(self._folder):
            return self._read(ident)

    def path(self, ident: str, name: str) -> Path | None:
        """Where a file lies that the index names; None for any other."""
        kept = self.of(ident)
        if kept is None or name not in {file.name for file in kept.files}:
            return None
        path = self._folder / ident / name
        return path if path.is_file() and not path.is_symlink() else None

    def prune(self, keep: Keep, now: float) -> int:
        """Remove what is too old or too much, pre-alarms first; gives the bytes that are left, copies included."""
        with self._lock, _words(self._folder):
            found = [(self._rank(path), at, path) for at, path in self._folders()]
            sizes = {path: self._size(path) for _, _, path in found}
            total = sum(sizes.values())
            for rank, at, path in sorted(found, key=lambda each: each[:2]):
                days = keep.alarm_days if rank else keep.days
                if at >= now - days * DAY_S and total <= keep.most_bytes:
                    continue
                self._remove(path)
                total -= sizes[path]
        return total

    def _rank(self, path: Path) -> int:
        """1 for an alarm, 0 for less."""
        kept = self._read(path.name)
        return int(kept is not None and kept.state is ZoneState.ALARM)

    def _folders(self) -> Iterator[tuple[float, Path]]:
        """Every alarm's folder with the UTC second of its last change."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if is_alarm_id(path.name) and path.is_dir() and not path.is_symlink():
                    yield path.stat().st_mtime, path

    def _copies(self, ident: str) -> list[Path]:
        if self._media is None or not self._media.is_dir():
            return []
        return [path for path in self._media.glob(f"[0-9]*_{ident}") if path.is_dir() and not path.is_symlink()]

    def _size(self, path: Path) -> int:
        folders = (path, *self._copies(path.name))
        return sum(file.stat().st_size for folder in folders for file in folder.iterdir() if file.is_file())

    def _remove(self, path: Path) -> None:
        for folder in (*self._copies(path.name), path):
            shutil.rmtree(folder, ignore_errors=True)

    def _read(self, ident: str) -> KeptAlarm | None:
        if not is_alarm_id(ident):
            return None
        try:
            with (self._folder / ident / INDEX).open("rb") as file:
                return msgspec.json.decode(file.read(INDEX_BYTES), type=KeptAlarm)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return None

    def _write(self, kept: KeptAlarm) -> None:
        if is_alarm_id(kept.id):
            _put(self._folder / kept.id / INDEX, msgspec.json.encode(kept))


def _dated(kept: KeptAlarm) -> str:
    """The folder of an alarm's copies, in the order of time."""
    at = min(max(kept.at, 0.0), 32503680000.0)
    return f"{time.strftime('%Y-%m-%d_%H-%M-%S', time.gmtime(at))}_{kept.id}"


def _put(path: Path, content: bytes) -> None:
    """Write a file aside and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content)
    aside.replace(path)


@contextlib.contextmanager
def _words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise StorageError(f"what is kept of alarms in {folder} cannot be read or written: {err.strerror}") from err
