"""New settings tried on recordings before they are applied: the present ones and the new ones, side by side."""

import asyncio
import shutil
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.settings import secrets, store
from embereye_addon.settings.model import Site
from embereye_addon.web.answers import CALLER, answer
from embereye_addon.web.bodies import SETTINGS_MAX, decoded
from embereye_addon.web.desk import Desk, Job, Work
from embereye_addon.web.ingress import RefusedError
from embereye_addon.web.recordings import Recordings
from embereye_addon.web.settings_api import WRONG, Draft, Edited, WrongError

CHANGES_MAX: Final = 200
"""Changes shown of one recording; a zone that flutters for hours would give thousands."""
ZONES_MAX: Final = 12


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recording, and for a video the camera whose picture it shows ('' is the first one)."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    camera: Annotated[str, Meta(max_length=40)] = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New settings, and what to try them on."""

    settings: Edited
    recordings: Annotated[tuple[Chosen, ...], Meta(min_length=1, max_length=12)]


class TrialApi:
    """POST /api/trial; its progress and result are those of the desk's job.

    `scratch` holds the settings that are tried, for as long as the trial goes on: over a restart too.
    """

    def __init__(self, desk: Desk, draft: Draft, recordings: Recordings, scratch: Path) -> None:
        self._desk = desk
        self._draft = draft
        self._recordings = recordings
        self._scratch = scratch

    async def begin(self, request: web.Request) -> web.Response:
        """Start a trial: 202, 409 while something else runs, 422 with every mistake of the settings."""
        asked = await decoded(request, Asked, SETTINGS_MAX)
        try:
            present, wanted, _ = await asyncio.to_thread(self._draft.wanted, asked.settings)
        except WrongError as err:
            return answer({"ok": False, "why": WRONG, "findings": err.findings}, 422)
        await asyncio.to_thread(lambda: [self._recordings.path(one.name) for one in asked.recordings])
        work = partial(self._try, asked.recordings, {"before": present, "after": wanted})
        self._desk.start("trial", request[CALLER].by, work, msgspec.to_builtins(asked.recordings))
        return answer({"ok": True, "why": ""}, 202)

    def again(self, asked: Any) -> Work:
        """The rest of a trial that a restart cut off, with the settings that lie in `scratch`; `StorageError`."""
        try:
            chosen = msgspec.convert(asked, tuple[Chosen, ...])
            sites = {which: store.load(file) for which, file in self._files().items()}
        except (msgspec.ValidationError, SettingsFileError, StorageError):
            raise StorageError("What was tried is not there any more; begin again") from None
        return partial(self._try, chosen, sites)

    async def _try(self, chosen: tuple[Chosen, ...], sites: dict[str, Site], job: Job) -> list[dict[str, Any]]:
        writing = asyncio.ensure_future(asyncio.to_thread(self._written, sites))
        try:
            files = await asyncio.shield(writing)
            found: list[dict[str, Any]] = job.result or []
            for number, one in enumerate(chosen[len(found) :], start=len(found)):
                row: dict[str, Any] = {"name": one.name, "camera": one.camera}
                for which, file in files.items():
                    job.progress = {
                        "recording": one.name,
                        "which": which,
                        "done": 2 * number + (which == "after"),
                        "of": 2 * len(chosen),
                    }
                    camera = one.camera if any(each.id == one.camera for each in sites[which].cameras) else ""
                    row[which] = await self._play(job, file, camera, one.name)
                job.result = found = [*found, row]
                await self._desk.keep()
            return found
        finally:
            await asyncio.wait([writing])  # cancelled or not, a thread that writes does so to its end
            if not self._desk.leaving:
                await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)

    async def _play(self, job: Job, site: Path, camera: str, name: str) -> dict[str, Any]:
        """One recording with one file of settings: summary, changes, curves; or `error` in words."""
        played = Played(job)
        try:
            path = await asyncio.to_thread(self._recordings.path, name)
        except RefusedError as err:  # removed meanwhile
            return {"summary": None, "changes": [], "curves": [], "error": str(err)}
        words = ("replay", "--json", "--curves", "--site", str(site), "--camera", camera, str(path))
        code, said = await self._desk.run(words, played.take)
        if not played.error and (code or played.summary is None):
            played.error = said or f"It ended with {code}"
        return {
            "summary": played.summary,
            "changes": played.changes,
            "curves": played.curves,
            "error": played.error.replace(str(path), path.name),
        }

    def _files(self) -> dict[str, Path]:
        return {which: self._scratch / f"{which}.json" for which in ("before", "after")}

    def _written(self, sites: dict[str, Site]) -> dict[str, Path]:
        """The settings without secrets as files that replay reads."""
        files = self._files()
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            for which, site in sites.items():
                store.write(files[which], msgspec.json.encode(secrets.without(site)))
        except OSError as err:
            raise StorageError(f"{self._scratch} cannot be written: {err.strerror}") from None
        return files


class Played:
    """What replay says of one recording, line by line."""

    def __init__(self, job: Job) -> None:
        self.summary: dict[str, Any] | None = None
        self.changes: list[dict[str, Any]] = []
        self.curves: list[dict[str, Any]] = []
        self.error = ""
        self._job = job

    def take(self, line: bytes) -> None:
        """One line; what is none of ours is left out."""
        try:
            row = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        row.pop("path", None)
        if "played_s" in row:
            self._job.progress = {**(self._job.progress or {}), **row}
        elif "curve" in row:
            self.curves = [*self.curves, row][:ZONES_MAX]
        elif "now" in row:
            self.changes = [*self.changes, row][:CHANGES_MAX]
        elif "worst" in row:
            self.summary = row
        else:
            self.error = str(row.get("error", ""))
