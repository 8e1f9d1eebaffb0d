"""The settings file: words for every mistake, checked before it is written, a last good copy beside it.

Everything here touches the disk: from an event loop call it in a thread.
"""

import contextlib
import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.settings.model import Site
from embereye_addon.settings.schema import check

log = logging.getLogger(__name__)

VERSION: Final = 1
"""The newest form of the file."""
BYTES_MAX: Final = 1 << 20
"""Largest file; 256 cameras need about 60 KB."""
_HEADER: Final = (
    "# Written by the EmberEye page; comments are not kept. What stood here before is in the file .by-hand\n"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """From version `since` to the next: the step, and a note to the user of what it means for them."""

    since: int
    note: str
    step: Callable[[dict[str, object]], dict[str, object]]


MIGRATIONS: Final[tuple[Migration, ...]] = ()
"""In order, one a version, never changed after a release."""


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice, which plain YAML would silently drop."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.MarkedYAMLError(problem=_twice(name), problem_mark=key.start_mark)
            seen.add(name)
        return node


def _twice(name: str) -> str:
    return f"the key {name[:40]} is given twice"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; `ValueError` for a key given twice."""
    seen: dict[str, object] = {}
    for name, value in pairs:
        if name in seen:
            raise ValueError(_twice(name))
        seen[name] = value
    return seen


def parse(content: bytes, path: Path) -> object:
    """The file's values, by its suffix (.json, else YAML); `SettingsFileError` names line and column."""
    if len(content) > BYTES_MAX:
        raise SettingsFileError(str(path), (f"the file is larger than {BYTES_MAX // 1024} KiB",))
    try:
        text = content.decode("utf-8-sig")
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_once)
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8; save the file as UTF-8"
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = f"{place}{error.problem or error.context}; check indents, colons and quotes"
    except RecursionError:
        reason = "it is nested too deeply"
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
    raise SettingsFileError(str(path), (reason,))


def migrate(raw: object, path: Path, steps: tuple[Migration, ...] = MIGRATIONS) -> object:
    """`raw` in its newest form; a version of a newer EmberEye is refused. Each step's note is logged."""
    newest = len(steps) + 1
    version = raw.get("version", 1) if isinstance(raw, dict) else 1
    if not isinstance(raw, dict) or isinstance(version, bool) or not isinstance(version, int):
        return raw
    if version > newest:
        words = (
            f"version {version} is of a newer EmberEye; this one knows up to {newest}: update it, or restore a backup"
        )
        raise SettingsFileError(str(path), (words,))
    for migration in steps[max(1, version) - 1 :]:
        log.info(
            "Settings in %s taken from version %d to %d: %s", path, migration.since, migration.since + 1, migration.note
        )
        raw = {**migration.step(raw), "version": migration.since + 1}
    return raw


def read(path: Path) -> bytes:
    """The file, at most one byte more than is allowed; `SettingsFileError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        reason = "there is no such file"
    except OSError as error:
        reason = f"the file cannot be read: {error.strerror}"
    raise SettingsFileError(str(path), (reason,))


def _site(content: bytes, path: Path) -> Site:
    raw = parse(content, path)
    return check(migrate({} if raw is None else raw, path), str(path))


def load(path: Path) -> Site:
    """The checked settings in `path`; `SettingsFileError` holds every mistake."""
    return _site(read(path), path)


def last_good(path: Path) -> Path:
    """Where the copy of the last accepted content of `path` lies."""
    return path.with_name(f"{path.name}.last-good")


def load_or_last_good(path: Path) -> tuple[Site, tuple[str, ...]]:
    """The settings, or their last accepted content with words why (fault: configuration rejected).

    A `.json` that does not exist yet, the product's own, is an empty site. `SettingsFileError` when there is no
    accepted copy either.
    """
    copy = last_good(path)
    if path.suffix == ".json" and not path.exists() and not copy.exists():
        return Site(), ()
    try:
        content = read(path)
        site = _site(content, path)
    except SettingsFileError as error:
        try:
            site = _site(read(copy), path)
        except SettingsFileError:
            raise error from None
        return site, (f"{error}\nThe last accepted settings are in use.",)
    _keep(copy, content)
    return site, ()


def _keep(copy: Path, content: bytes) -> None:
    """Renew the last good copy; a read-only place has none, and that is no reason to stop."""
    try:
        if not copy.exists() or copy.read_bytes() != content:
            write(copy, content)
    except OSError as error:
        log.debug("No last good copy at %s: %s", copy, error.strerror)


def write(path: Path, content: bytes) -> None:
    """Write aside, onto the disk, and rename; readable by the owner only, since it holds passwords. `OSError`."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    aside = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def save(path: Path, raw: object) -> Site:
    """Check `raw`, then replace `path` with it; nothing is written unless all of it is right.

    `SettingsFileError` for mistakes, `StorageError` when the disk refuses. A YAML file written by hand is kept as
    `.by-hand`, for its comments.
    """
    site = check(migrate(raw, path), str(path))
    value = {"version": VERSION, **(raw if isinstance(raw, dict) else {})}
    if path.suffix == ".json":
        content = json.dumps(value, indent=2, ensure_ascii=False).encode()
    else:
        content = (_HEADER + yaml.safe_dump(value, sort_keys=False, allow_unicode=True)).encode()
    _put(path, content)
    return site


def replace(path: Path, content: bytes) -> Site:
    """Check the file `content`, then replace `path` with it byte for byte; errors as those of `save`."""
    site = _site(content, path)
    _put(path, content)
    return site


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else who asks for this changes the file meanwhile, in no process of this machine."""
    try:
        number = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise StorageError(f"{path.parent} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _put(path: Path, content: bytes) -> None:
    """Write what was checked, and its last good copy."""
    try:
        _keep_by_hand(path)
        write(path, content)
    except OSError as error:
        raise StorageError(f"The settings could not be written to {path}: {error.strerror}") from error
    _keep(last_good(path), content)


def _keep_by_hand(path: Path) -> None:
    if path.suffix != ".json":
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes()
            if not content.startswith(_HEADER.encode()):
                write(path.with_name(f"{path.name}.by-hand"), content)
