"""The form of settings (keys in sections) and the check that finds every mistake at once; no key stands here."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec
import voluptuous as vol

from embereye_addon.errors import SettingsError, SettingsFileError
from embereye_addon.settings import kinds, mistakes
from embereye_addon.settings.kinds import Kind
from embereye_addon.settings.mistakes import Value

REQUIRED: Final = object()
"""The default of a key that must be given."""
ABSENT: Final = object()
"""The default of a key that stays away unless it is given."""
REASONS_MAX: Final = 100
"""Mistakes named at once; a file of another program would give thousands."""


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: its name, default and kind, what the form calls it, and a sentence beside it.

    One that is a list of mappings has the `keys` of each entry, and at most `most` of them.
    """

    name: str
    default: object
    kind: Kind
    label: str
    about: str = ""
    keys: "tuple[Key, ...]" = ()
    most: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A group of keys; `most` above 0 makes it a list of at most so many entries. The name '' is the top level."""

    name: str
    label: str
    model: type[msgspec.Struct]
    keys: tuple[Key, ...]
    most: int = 0


class Reason(str):
    """A mistake as a line of text, which also knows the code and the values that its words are made of."""

    __slots__ = ("code", "values")

    code: str
    values: Mapping[str, Value]

    def __new__(cls, line: str, code: str, values: Mapping[str, Value]) -> Self:
        """The line, with a code of `mistakes.WORDS`."""
        made = super().__new__(cls, line)
        made.code, made.values = code, values
        return made


@dataclass(slots=True)
class Findings:
    """The mistakes of one file, in the order of the file."""

    reasons: list[str] = field(default_factory=list)

    def wrong(self, key: str, value: object, allowed: str, hint: kinds.Hint | None = None) -> None:
        """A value that its kind refuses, as it may be shown, and perhaps what says more."""
        if hint is None:
            self.reasons.append(str(SettingsError(key, value, allowed)))
        else:
            line = str(SettingsError(key, value, f"{allowed}; {hint.error_message}"))
            self.reasons.append(Reason(line, hint.code, hint.values))

    def say(self, key: str, words: str) -> None:
        """A mistake that a form cannot make."""
        self.reasons.append(f"{key}: {words}")

    def tell(self, key: str, code: str, **values: Value) -> None:
        """A mistake of `mistakes.WORDS`."""
        self.reasons.append(Reason(f"{key}: {mistakes.words(code, values)}", code, values))

    def stop(self, path: str) -> None:
        """`SettingsFileError` with everything found, if anything was."""
        more = len(self.reasons) - REASONS_MAX
        if self.reasons:
            rest = (f"and {more} more",) if more > 0 else ()
            raise SettingsFileError(path, (*self.reasons[:REASONS_MAX], *rest))


def check_keys(
    keys: tuple[Key, ...], raw: object, where: str, found: Findings, also: tuple[str, ...] = ()
) -> dict[str, object]:
    """The mapping `raw` with defaults filled in; every mistake goes to `found`. `also` are known names of others."""
    if not isinstance(raw, Mapping):
        found.wrong(where or "the file", kinds.shown(raw), "a mapping of keys to values")
        return {}
    known = [key.name for key in keys] + list(also)
    dot = f"{where}." if where else ""
    for name in raw:
        if name not in known:
            close = difflib.get_close_matches(str(name)[:64], known, n=1)
            meant = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
            found.say(f"{dot}{kinds.shown(name)}", f"unknown key; {meant}")
    clean: dict[str, object] = {}
    for key in keys:
        value = raw.get(key.name)
        if value is not None:
            clean.update(_check_value(key, value, f"{dot}{key.name}", found))
        elif key.default is REQUIRED:
            found.say(f"{dot}{key.name}", f"missing; needed: {key.kind.words}")
        elif key.default is not ABSENT:
            clean[key.name] = key.default
    return clean


def _check_value(key: Key, value: object, where: str, found: Findings) -> dict[str, object]:
    if key.keys:
        return {key.name: check_list(key, value, found, where)}
    try:
        return {key.name: key.kind.clean(value)}
    except vol.MultipleInvalid as refusal:
        for error in refusal.errors:
            path, wrong, kind = where, value, key.kind
            for step in error.path:
                if kind.each and isinstance(wrong, list) and isinstance(step, int):
                    path, wrong, kind = f"{path}[{step}]", wrong[step], kind.each
            hint = error if isinstance(error, kinds.Hint) else None
            found.wrong(path, kind.shown(wrong), kind.words, hint)
    return {}


def check_list(rows: Section | Key, raw: object, found: Findings, where: str = "") -> list[dict[str, object]]:
    """Every entry of a section or a key that is a list, each as `check_keys` gives it; `where` is its own name."""
    where = where or rows.name
    if not isinstance(raw, list):
        found.wrong(where, kinds.shown(raw), f"a list of at most {rows.most} entries")
        return []
    if len(raw) > rows.most:
        found.wrong(where, f"{len(raw)} entries", f"a list of at most {rows.most} entries")
        return []
    return [check_keys(rows.keys, entry, f"{where}[{i}]", found) for i, entry in enumerate(raw)]
