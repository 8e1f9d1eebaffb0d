"""Camera pictures, asked of their watchers: one question at a time a camera, kept for half a second."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from embereye_addon.bus import Bus
from embereye_addon.errors import BusError
from embereye_addon.messages import Snapshot, SnapshotRequest
from embereye_addon.web.ingress import RefusedError

KEPT_S: Final = 0.5
ASK_S: Final = 2.0


@dataclass(slots=True)
class _Kept:
    """One camera's last answer; `at_mono_s` is when it came."""

    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    at_mono_s: float = float("-inf")
    answer: Snapshot | None = None
    why: str = ""


class Pictures:
    """Pictures of the settings' cameras; many pages cost a watcher no more than one."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._kept: dict[tuple[str, bool], _Kept] = {}

    async def get(self, source: str, *, live: bool) -> Snapshot:
        """A picture of `source` (of the settings): the newest, or that of the evidence; `RefusedError` 503 in words."""
        kept = self._kept.setdefault((source, live), _Kept())
        async with kept.busy:
            if time.monotonic() - kept.at_mono_s > KEPT_S:
                await self._ask(kept, source, live)
        if kept.answer is None:
            raise RefusedError(503, kept.why)
        return kept.answer

    async def _ask(self, kept: _Kept, source: str, live: bool) -> None:
        try:
            answer = await self._bus.ask(SnapshotRequest(source=source, live=live), to=source, timeout_s=ASK_S)
        except BusError as err:
            kept.answer, kept.why = None, f"No picture: {err}"
        else:
            kept.answer = answer if answer.jpeg else None
            kept.why = f"No picture: {answer.why or 'the watcher has none'}"
        kept.at_mono_s = time.monotonic()
