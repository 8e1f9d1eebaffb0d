"""Earlier settings: what stood in the file before each change, kept beside it, so that a change can be undone.

Everything here touches the disk: from an event loop call it in a thread.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from embereye_addon.errors import StorageError
from embereye_addon.settings import store
from embereye_addon.settings.model import Site

_log = logging.getLogger(__name__)

KEPT: Final = 20
"""Changes that can be gone back over."""
_READ_LIMIT: Final = 8 * store.BYTES_MAX


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What stood in the file until UTC second `at`, when `by` changed it."""

    at: float
    by: str
    content: str


@dataclass(frozen=True, slots=True)
class Past:
    """One change that can be undone: its number, when (UTC s), and who changed it."""

    number: int
    at: float
    by: str


def save(path: Path, raw: object, by: str, at: float) -> Site:
    """As `store.save`; what stood there until UTC second `at`, when `by` changed it, is kept."""
    before = _before(path)
    site = store.save(path, raw)
    _keep(path, before, by, at)
    return site


def restore(path: Path, number: int, by: str, at: float) -> Site:
    """Put back what stood in the file before change `number`; this too can be undone.

    `StorageError` when that is not kept any more, `SettingsFileError` when this EmberEye does not take it.
    """
    kept = _read(_place(path) / f"{number}.json")
    if kept is None:
        raise StorageError("This change is not kept any more; load the page again")
    before = _before(path)
    site = store.replace(path, kept.content.encode())
    _keep(path, before, by, at)
    return site


def listed(path: Path) -> tuple[Past, ...]:
    """The changes that can be undone, the newest first."""
    found = ((number, _read(_place(path) / f"{number}.json")) for number in _numbers(path)[-KEPT:])
    return tuple(Past(number, kept.at, kept.by) for number, kept in found if kept is not None)[::-1]


def _place(path: Path) -> Path:
    return path.with_name(f"{path.name}.past")


def _numbers(path: Path) -> list[int]:
    try:
        return sorted(int(file.stem) for file in _place(path).iterdir() if file.name == f"{file.stem}.json")
    except (OSError, ValueError):
        return []


def _before(path: Path) -> bytes | None:
    """The file as it stands; None where there is none yet."""
    try:
        return path.read_bytes()[: store.BYTES_MAX]
    except OSError:
        return None


def _keep(path: Path, before: bytes | None, by: str, at: float) -> None:
    """Keep what stood there, and no more of it than `KEPT`; a disk that refuses is no reason to refuse a change."""
    if before is None:
        return
    kept = Kept(at=at, by=by, content=before.decode("utf-8", errors="replace"))
    numbers = _numbers(path)
    try:
        _place(path).mkdir(mode=0o700, exist_ok=True)
        store.write(_place(path) / f"{max(numbers, default=0) + 1}.json", msgspec.json.encode(kept))
        for number in numbers[: -KEPT + 1]:
            (_place(path) / f"{number}.json").unlink(missing_ok=True)
    except OSError as err:
        _log.warning("what stood in %s before is not kept: %s", path, err.strerror)


def _read(file: Path) -> Kept | None:
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(_READ_LIMIT), type=Kept)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
