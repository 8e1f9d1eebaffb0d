"""The spare: a second copy of the panel's state with the journal's head, in one small file beside the journal.

A journal that a power cut or a worn disk has damaged or shortened is noticed by it, and what was latched is taken from
it. The file is written aside, synced and renamed: it is the old one or the new one, and its checksum says so.
"""

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from embereye_addon.errors import StorageError

_MAGIC = b"EESPARE1"
_SUM_BYTES = 32
MOST_BYTES = 16 << 20


class Spare(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's head (`number:hash`) and the panel's state as they were together."""

    head: str
    state: bytes


def write(path: Path, spare: Spare) -> None:
    """Replace the file; when this returns it is on disk. `StorageError` in words."""
    packed = msgspec.msgpack.encode(spare)
    aside = path.with_name(f".{path.name}.new")
    try:
        number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(packed).digest() + packed)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)
    except OSError as err:
        raise StorageError(f"the second copy of the panel's state, {path}, cannot be written: {err.strerror}") from err


def _sync_folder(folder: Path) -> None:
    """Make the new name last; a file system that cannot sync folders needs it not."""
    number = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)


def read(path: Path) -> Spare | None:
    """The spare; None where there is none. `StorageError` in words for one that is damaged or cannot be read."""
    try:
        raw = path.read_bytes()[:MOST_BYTES]
    except FileNotFoundError:
        return None
    except OSError as err:
        raise StorageError(f"the second copy of the panel's state, {path}, cannot be read: {err.strerror}") from err
    begin = len(_MAGIC) + _SUM_BYTES
    packed = raw[begin:]
    if raw[:begin] == _MAGIC + hashlib.sha256(packed).digest():
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.msgpack.decode(packed, type=Spare)
    raise StorageError(f"the second copy of the panel's state, {path}, is damaged")
