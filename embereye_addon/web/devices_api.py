"""Approving a PF device that waits: it becomes a device of the settings, and the gateway takes it in."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.observe.clock import utc_s
from embereye_addon.settings import past, store
from embereye_addon.web.answers import CALLER, answer
from embereye_addon.web.board import Board
from embereye_addon.web.ingress import RefusedError

EXAMPLE: Final = '{"identity": "AB1234", "id": "boiler", "name": "Boiler room", "zone": "cellar"}'


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to approve, by its identity, chip or address, and what it is called from now on."""

    identity: Annotated[str, Meta(min_length=1, max_length=64)]
    id: Annotated[str, Meta(min_length=1, max_length=40)]
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    zone: Annotated[str, Meta(min_length=1, max_length=40)]


class DevicesApi:
    """POST /api/devices/approve. `site_file` is the settings file that the user keeps."""

    def __init__(self, board: Board, site_file: Path) -> None:
        self._board = board
        self._site_file = site_file
        self._one_at_a_time = asyncio.Lock()

    async def approve(self, request: web.Request) -> web.Response:
        """Add a waiting device to the settings: 200, or in words why not (404 not waiting, 409 refused)."""
        if request.content_type != "application/json":
            raise RefusedError(415, f"Send JSON, such as {EXAMPLE}")
        try:
            body = msgspec.json.decode(await request.read(), type=Body)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise RefusedError(400, f"This approves nothing: {err}; send JSON, such as {EXAMPLE}") from None
        self._must_wait(body.identity)
        entry = msgspec.to_builtins(body)
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(add, self._site_file, entry, request[CALLER].by)
            except SettingsFileError as err:
                raise RefusedError(409, str(err)) from None
            except StorageError as err:
                lines = ", ".join(f"{key}: {value!r}" for key, value in entry.items())
                raise RefusedError(409, f"{err}; add it to devices by hand: {{{lines}}}") from None
        return answer({"ok": True, "why": ""})

    def _must_wait(self, name: str) -> None:
        """`RefusedError` unless exactly one waiting device has this identity, chip number or address."""
        found = [each for each in self._board.pending() if name in (each.identity, each.sensor_id, each.address)]
        if not found:
            raise RefusedError(404, f"No device that calls itself {name} is waiting now")
        if len(found) > 1 or (found[0].double and name == found[0].identity):
            raise RefusedError(409, f"Several devices are called {name}: approve it by its chip or its address")


def add(path: Path, device: dict[str, Any], by: str) -> None:
    """Write one more device into the settings file; nothing is written unless the whole file is right then."""
    with store.alone(path):
        fresh = path.suffix == ".json" and not path.exists()
        raw: Any = {} if fresh else store.migrate(store.parse(store.read(path), path) or {}, path)
        if not isinstance(raw, dict) or not isinstance(raw.get("devices") or [], list):
            raise SettingsFileError(str(path), ("devices is not a list",))
        past.save(path, {**raw, "devices": [*(raw.get("devices") or []), device]}, by, utc_s())
