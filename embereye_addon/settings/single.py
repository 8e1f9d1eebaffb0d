"""One setting at a time, by an order: only those listed here, checked with the whole file, written as the page does.

Everything here touches the disk: from an event loop call it in a thread.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings import past, store
from embereye_addon.settings.schema import SECTIONS

ADJUSTABLE: Final = frozenset(
    {
        ("detection", "flame_persist_s"),
        ("detection", "smoke_persist_s"),
        ("zones", "sensitivity"),
        ("zones", "fixed_pre_c"),
        ("zones", "fixed_alarm_c"),
        ("cameras", "enabled"),
        ("cameras", "shown_pct"),
        ("devices", "enabled"),
    }
)
"""What an order may set, (section, key): nothing that says where EmberEye connects to, and no secret."""
Value = bool | float | str


@dataclass(frozen=True, slots=True)
class Setting:
    """A place in the settings: section, the id of its entry ('' where the section is one mapping), and key."""

    section: str
    id: str
    key: str


def change(path: Path, setting: Setting, value: Value, by: str, at: float) -> Value | None:
    """Write one new value; gives the old one (None: it was not set, so its default held).

    It can be undone as any change of the page's, where it stands as that of `by` at UTC second `at`.

    `SettingsFileError` in words when it cannot be set or the whole file would be wrong then; `StorageError` when the
    disk refuses. Nothing is written when it is so already.
    """
    if (setting.section, setting.key) not in ADJUSTABLE:
        raise SettingsFileError(str(path), (f"{setting.section}.{setting.key} cannot be set by an order",))
    with store.alone(path):
        raw: Any = store.migrate(store.parse(store.read(path), path) or {}, path)
        row = _row(raw, setting, path)
        before: Value | None = row.get(setting.key)
        if before != value:
            row[setting.key] = _whole(value)
            past.save(path, raw, by, at)
    return before


def _row(raw: Any, setting: Setting, path: Path) -> dict[str, Any]:
    """The mapping of `raw` that holds the setting; made where a whole section is left to its defaults."""
    most = next(section.most for section in SECTIONS if section.name == setting.section)
    found: Any = None
    if isinstance(raw, dict):
        if most:
            rows = raw.get(setting.section)
            mappings = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            found = next((row for row in mappings if row.get("id") == setting.id), None)
        else:
            found = raw.setdefault(setting.section, {})
    if not isinstance(found, dict):
        raise SettingsFileError(str(path), (f"there is no {setting.id or setting.section} in the settings file",))
    return found


def _whole(value: Value) -> Value:
    """A number without decimals as it is written by hand."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
