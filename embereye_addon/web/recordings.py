"""Recordings to try settings and models on: a folder of videos, PF captures and recorded traffic."""

import asyncio
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from embereye_addon.web.alarm_recordings import AlarmRecordings
from embereye_addon.web.answers import answer
from embereye_addon.web.bodies import stored
from embereye_addon.web.ingress import RefusedError

NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 ._()-]{0,79}$")
VIDEOS: Final = (".mp4", ".mkv", ".mov", ".avi", ".ts", ".webm", ".h264", ".h265")
KINDS: Final = {
    ".jsonl": "traffic",
    **dict.fromkeys((".txt", ".log", ".cap"), "capture"),
    **dict.fromkeys(VIDEOS, "video"),
}
FILE_MAX: Final = 1 << 30
FOLDER_MAX: Final = 8 << 30
FREE_MIN: Final = 1 << 30
"""So much of the disk stays free for the journal and everything else that an alarm needs."""
SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: its kind (video, capture, traffic), its size, and when it was made (UTC s).

    `kept`: it belongs to a past alarm, and goes with it; `camera` is then whose picture it is.
    """

    name: str
    kind: str
    octets: int
    at: float
    kept: bool = False
    camera: str = ""


class Recordings:
    """GET /api/recordings, PUT and DELETE /api/recordings/NAME. Whoever runs the node may also put files there.

    What is kept of past alarms can be chosen like them, but not deleted here.
    """

    def __init__(self, folder: Path, alarms: AlarmRecordings) -> None:
        self.folder = folder
        self._alarms = alarms
        self._one_at_a_time = asyncio.Lock()

    def listed(self) -> tuple[Recording, ...]:
        """What is there, the newest first."""
        try:
            files = [file for file in self.folder.iterdir() if NAME.match(file.name) and file.suffix.lower() in KINDS]
            stats = [(file, file.stat()) for file in files if file.is_file() and not file.is_symlink()]
        except OSError:
            return ()
        found = [Recording(file.name, KINDS[file.suffix.lower()], is_.st_size, is_.st_mtime) for file, is_ in stats]
        return tuple(sorted(found, key=lambda one: -one.at)[:SHOWN_MAX])

    def path(self, name: str) -> Path:
        """The file of a recording that is there; `RefusedError` 404."""
        if name in {one.name for one in self.listed()}:
            return self.folder / name
        kept = self._alarms.listed().get(name)
        if kept is None:
            raise RefusedError(404, f"There is no recording {name[:80]!r}")
        return kept.path

    def named(self, text: str) -> str:
        """Words of a command with the names of recordings for their paths."""
        for kept in self._alarms.listed().values():
            text = text.replace(str(kept.path), kept.name)
        return text.replace(f"{self.folder}/", "")

    def offered(self) -> tuple[Recording, ...]:
        """What is there and what is kept of alarms, the newest first."""
        kept = (
            Recording(one.name, one.kind, one.octets, one.at, kept=True, camera=one.camera)
            for one in self._alarms.listed().values()
        )
        return tuple(sorted((*self.listed(), *kept), key=lambda one: -one.at))

    async def shown(self, _request: web.Request) -> web.Response:
        """All recordings."""
        return answer(await asyncio.to_thread(self.offered))

    async def take(self, request: web.Request) -> web.Response:
        """Keep a recording that is sent; a file of this name is replaced only when all of it came."""
        name = request.match_info["name"]
        if not NAME.match(name) or Path(name).suffix.lower() not in KINDS:
            endings = ", ".join(KINDS)
            raise RefusedError(400, f"A recording is called by letters and digits and ends in one of {endings}")
        if self._one_at_a_time.locked():
            raise RefusedError(409, "Another recording is being sent; wait for it")
        async with self._one_at_a_time:
            room = await asyncio.to_thread(self._room)
            aside = self.folder / f".{name}.new"
            aside.unlink(missing_ok=True)
            await stored(request, aside, min(FILE_MAX, room))
            aside.replace(self.folder / name)
        return answer({"ok": True, "why": ""})

    async def remove(self, request: web.Request) -> web.Response:
        """Delete a recording."""
        path = await asyncio.to_thread(self.path, request.match_info["name"])
        if path.parent != self.folder:
            raise RefusedError(409, "It belongs to a past alarm and goes with it")
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return answer({"ok": True, "why": ""})

    def _room(self) -> int:
        """Bytes that may still come; `RefusedError` 507 when there are none."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free - FREE_MIN
        except OSError as err:
            raise RefusedError(507, f"{self.folder} cannot be written: {err.strerror}") from None
        room = min(free, FOLDER_MAX - sum(one.octets for one in self.listed()))
        if room <= 0:
            raise RefusedError(507, "There is no room for more recordings; delete some first")
        return room
