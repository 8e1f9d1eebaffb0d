"""A PF device's heat of the last day, to be replayed and drawn."""

import asyncio
import base64
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from embereye_addon.errors import StorageError
from embereye_addon.observe.clock import utc_s
from embereye_addon.thermal.history import KEEP_S, Kept, replay
from embereye_addon.web.answers import answer
from embereye_addon.web.ingress import RefusedError

FRAMES_MAX: Final = 600
"""Of one answer, about 1.3 MB; more are thinned evenly."""
AT_A_TIME: Final = 2
"""Histories read at once; each is read in a thread."""


class HistoryApi:
    """`known` says whether a device is in the settings; `folder` holds one folder a device, by source id."""

    def __init__(self, known: Callable[[str], bool], folder: Path) -> None:
        self._known, self._folder = known, folder
        self._reading = asyncio.Semaphore(AT_A_TIME)

    async def history(self, request: web.Request) -> web.Response:
        """Frames from `from` to `to` (UTC seconds; default: the last hour), and how many there are in all."""
        ident = request.match_info["id"]
        if not self._known(ident):
            raise RefusedError(404, "There is no such PF device")
        now = utc_s()
        end = _second(request.query.get("to", ""), now, "to")
        begin = max(_second(request.query.get("from", ""), end - 3600.0, "from"), now - KEEP_S)
        async with self._reading:
            try:
                found = await asyncio.to_thread(_read, self._folder / f"pf.{ident}", begin, end)
            except OSError as err:
                raise StorageError(f"the thermal history cannot be read: {err.strerror}") from err
        return answer(found)


def _second(text: str, default: float, name: str) -> float:
    try:
        second = float(text) if text else default
    except ValueError:
        second = float("nan")
    if not 0.0 <= second < 1.0e11:
        raise RefusedError(400, f"'{name}' is not a UTC second")
    return second


def _read(folder: Path, begin: float, end: float) -> dict[str, Any]:
    """What the page draws: frames oldest first, `cells` as 768 little-endian int16 centi-degrees in base64."""
    shown, count, step = _thinned(replay(folder, begin, end))
    return {
        "from": begin,
        "to": end,
        "kept": count,
        "step": step,
        "frames": [
            {"at": kept.at, "cells": base64.b64encode(kept.cells.astype("<i2").tobytes()).decode("ascii")}
            for kept in shown
        ],
    }


def _thinned(frames: Iterable[Kept]) -> tuple[list[Kept], int, int]:
    """At most `FRAMES_MAX` of them, evenly; how many there were, and every which one is there."""
    shown: list[Kept] = []
    count, step = 0, 1
    for kept in frames:
        if count % step == 0:
            shown.append(kept)
            if len(shown) > FRAMES_MAX:
                shown, step = shown[::2], step * 2
        count += 1
    return shown, count, step
