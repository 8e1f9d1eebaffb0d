"""Settings as the page edits them: checked with each mistake at its field, and written without what is default."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.findings import Key, Reason
from embereye_addon.settings.mistakes import Value
from embereye_addon.settings.model import Site
from embereye_addon.settings.schema import SECTIONS, check

_REASON: Final = re.compile(r"^(?P<at>[a-z0-9_]+(?:\[\d+\])?(?:\.[a-z0-9_]+(?:\[\d+\])?)*): (?P<words>.*)$", re.DOTALL)


class Finding(msgspec.Struct, frozen=True):
    """One mistake: the path of its field, such as `cameras[0].url` ('' where it has none), and what is wrong there.

    `code` and `values` are those of `mistakes.WORDS`; '' where only the field's own form is not kept to.
    """

    at: str
    words: str
    code: str = ""
    values: Mapping[str, Value] = {}


def findings(error: SettingsFileError) -> tuple[Finding, ...]:
    """Every mistake of a file with its place."""
    return tuple(map(_finding, error.reasons))


def _finding(reason: str) -> Finding:
    place = _REASON.match(reason)
    at, words = (place["at"], place["words"]) if place else ("", str(reason))
    if isinstance(reason, Reason):
        return Finding(at, words, reason.code, reason.values)
    return Finding(at, words)


def checked(raw: object) -> tuple[Site | None, tuple[Finding, ...]]:
    """The site that these values make, or every mistake in them."""
    try:
        return check(raw, "the page"), ()
    except SettingsFileError as error:
        return None, findings(error)


def lean(raw: object) -> object:
    """The values without those that are default: so a later release's better default reaches this site."""
    if not isinstance(raw, Mapping):
        return raw
    whole = _lean(SECTIONS[0].keys, raw)
    for section in SECTIONS[1:]:
        value = whole.pop(section.name, None)
        if isinstance(value, list):
            value = [_lean(section.keys, row) for row in value]
        elif isinstance(value, Mapping):
            value = _lean(section.keys, value)
        if value:
            whole[section.name] = value
    return whole


def _lean(keys: tuple[Key, ...], row: object) -> dict[object, object]:
    """A mapping without default values, in the order of the form; what is no mapping becomes an empty one."""
    if not isinstance(row, Mapping):
        return {}
    defaults = {key.name: key.default for key in keys}
    ordered = [*(name for name in defaults if name in row), *(name for name in row if name not in defaults)]
    return {
        name: row[name]
        for name in ordered
        if not (name in defaults and (row[name] is None or _same(row[name], defaults[name])))
    }


def _same(value: object, default: object) -> bool:
    """Equal, and not just as True equals 1."""
    return value == default and isinstance(value, bool) is isinstance(default, bool)
