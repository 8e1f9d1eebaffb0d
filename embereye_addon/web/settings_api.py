"""The settings by page: seen without secrets, checked field by field, applied, and undone."""

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from msgspec.structs import replace

from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.observe.clock import utc_s
from embereye_addon.settings import edited, past, schema, secrets, store
from embereye_addon.settings.edited import Finding
from embereye_addon.settings.model import Adapter, Camera, Site
from embereye_addon.web.answers import CALLER, answer
from embereye_addon.web.bodies import SETTINGS_MAX, decoded
from embereye_addon.web.ingress import RefusedError

_log = logging.getLogger(__name__)

CHANGED = "The settings were changed by somebody else meanwhile; load them again and repeat your change"
WRONG = "The settings have mistakes; nothing was changed"


class Edited(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole settings as the page has them, and the revision that they were made from."""

    values: dict[str, Any]
    revision: str


class Back(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which change is to be undone."""

    number: int
    revision: str


class WrongError(RefusedError):
    """Values with mistakes; `findings` says which stands where."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(422, WRONG)


class Draft:
    """The settings file, as it is and as it would be. `site_file` is what the user keeps; every method touches it."""

    def __init__(self, site_file: Path) -> None:
        self.site_file = site_file

    def present(self) -> tuple[Site, tuple[str, ...], str]:
        """The settings, warnings in words, and their revision; `SettingsFileError` when they cannot be read."""
        site, warnings = store.load_or_last_good(self.site_file)
        return site, warnings, revision(self.site_file)

    def wanted(self, given: Edited) -> tuple[Site, Site, object]:
        """The present site, the one that the page wants, and its values with their secrets. `WrongError` or 409."""
        site, _, now = self.present()
        if given.revision != now:
            raise RefusedError(409, CHANGED)
        raw = secrets.reveal(given.values, site)
        found, mistakes = edited.checked(raw)
        if found is None:
            raise WrongError(mistakes)
        return site, found, raw

    def camera(self, given: Edited, index: int) -> Camera:
        """One camera of what the page wants, with its password; whatever else is wrong there does not matter."""
        row = self._row(given, "cameras", index)
        return self._alone("cameras", index, {**row, "name": "Tested", "zone": "tested", "main_url": None}).cameras[0]

    def adapter(self, given: Edited, index: int) -> Adapter:
        """One adapter of what the page wants, with its secrets; whatever else is wrong there does not matter."""
        row = self._row(given, "adapters", index)
        if isinstance(lines := row.get("targets"), list):  # which zone of ours is meant is nothing to a test
            split = (str(line).partition("=") for line in lines)
            row["targets"] = [f"{'*' if what.strip() else ''}{mark}{theirs}" for what, mark, theirs in split]
        return self._alone("adapters", index, row).adapters[0]

    def _row(self, given: Edited, section: str, index: int) -> dict[str, Any]:
        """One entry of what the page wants, with its secrets, as one that is tried alone."""
        site, _, _ = self.present()
        raw = secrets.reveal(given.values, site)
        rows = raw.get(section) if isinstance(raw, dict) else None
        if not isinstance(rows, list) or not 0 <= index < len(rows) or not isinstance(rows[index], dict):
            raise RefusedError(404, f"There is no such {section.removesuffix('s')}")
        return {**rows[index], "id": "tested"}

    def _alone(self, section: str, index: int, row: dict[str, Any]) -> Site:
        """A site with nothing but a zone and this entry; `WrongError` with the mistakes at their own place."""
        found, mistakes = edited.checked({"zones": [{"id": "tested", "name": "Tested"}], section: [row]})
        if found is None:
            first, place = f"{section}[0]", f"{section}[{index}]"
            raise WrongError(tuple(replace(one, at=one.at.replace(first, place, 1)) for one in mistakes))
        return found

    def apply(self, given: Edited, by: str) -> None:
        """Write what the page wants; errors as those of `wanted`."""
        with store.alone(self.site_file):
            _, _, raw = self.wanted(given)
            past.save(self.site_file, edited.lean(raw), by, utc_s())

    def restore(self, given: Back, by: str) -> None:
        """Undo a change."""
        with store.alone(self.site_file):
            if given.revision != revision(self.site_file):
                raise RefusedError(409, CHANGED)
            past.restore(self.site_file, given.number, by, utc_s())


def revision(path: Path) -> str:
    """What changes with every change of a file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "none"


class SettingsApi:
    """GET and POST /api/settings, /check and /restore. `inside`: Home Assistant holds the addresses and ports."""

    def __init__(self, draft: Draft, *, inside: bool) -> None:
        self._draft = draft
        self._inside = inside

    async def shown(self, _request: web.Request) -> web.Response:
        """Form, values without secrets, revision, and the changes that can be undone."""
        try:
            site, warnings, now = await asyncio.to_thread(self._draft.present)
        except SettingsFileError as err:
            raise RefusedError(409, str(err)) from None
        changes = await asyncio.to_thread(past.listed, self._draft.site_file)
        return answer(
            {
                "form": schema.form(),
                "values": secrets.conceal(site),
                "revision": now,
                "warnings": warnings,
                "past": changes,
                "file": self._draft.site_file.name,
                "inside": self._inside,
            }
        )

    async def check(self, request: web.Request) -> web.Response:
        """Every mistake in what the page has, each with its field."""
        given = await decoded(request, Edited, SETTINGS_MAX)
        try:
            await asyncio.to_thread(self._draft.wanted, given)
        except WrongError as err:
            return answer({"ok": False, "why": "", "findings": err.findings})
        return answer({"ok": True, "why": "", "findings": ()})

    async def apply(self, request: web.Request) -> web.Response:
        """Take the settings: 200, 409 when somebody else was faster, 422 with every mistake."""
        given = await decoded(request, Edited, SETTINGS_MAX)
        return await self._change(request, self._draft.apply, given)

    async def restore(self, request: web.Request) -> web.Response:
        """Undo a change: 200 or 409."""
        given = await decoded(request, Back)
        return await self._change(request, self._draft.restore, given)

    async def _change(self, request: web.Request, change: Any, given: Edited | Back) -> web.Response:
        by = request[CALLER].by
        try:
            await asyncio.to_thread(change, given, by)
        except WrongError as err:
            return answer({"ok": False, "why": WRONG, "findings": err.findings}, 422)
        except (SettingsFileError, StorageError) as err:
            raise RefusedError(409, str(err)) from None
        _log.info("the settings were changed by %s", by)
        return answer({"ok": True, "why": "", "findings": ()})
