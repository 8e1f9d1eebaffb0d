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
"""Of one answer, about 1.3 MB; of more, the hottest of each step of time."""
STEP_S: Final = 1.0
AT_A_TIME: Final = 2
"""Histories read at once; each is read in a thread."""


class HistoryApi:
    """`known` says whether a device is in the settings; `folder` holds one folder a device, by source id."""

    def __init__(self, known: Callable[[str], bool], folder: Path) -> None:
        self._known, self._folder = known, folder
        self._reading = asyncio.Semaphore(AT_A_TIME)

    async def history(self, request: web.Request) -> web.Response:
        """At most `most` frames from `from` to `to` (UTC seconds; default: the last hour), and how many there are."""
        ident = request.match_info["id"]
        if not self._known(ident):
            raise RefusedError(404, "There is no such PF device")
        now = utc_s()
        end = _second(request.query.get("to", ""), now, "to")
        begin = max(_second(request.query.get("from", ""), end - 3600.0, "from"), now - KEEP_S)
        most = _count(request.query.get("most", ""))
        async with self._reading:
            try:
                found = await asyncio.to_thread(_read, self._folder / f"pf.{ident}", begin, end, most)
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


def _count(text: str) -> int:
    most = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0 if text else FRAMES_MAX
    if most < 1:
        raise RefusedError(400, f"'most' is not a number from 1 to {FRAMES_MAX}")
    return min(most, FRAMES_MAX)


def _read(folder: Path, begin: float, end: float, most: int) -> dict[str, Any]:
    """What the page draws: frames oldest first, `cells` as 768 little-endian int16 centi-degrees in base64."""
    shown, count, step_s = _thinned(replay(folder, begin, end), begin, most)
    return {
        "from": begin,
        "to": end,
        "kept": count,
        "step_s": step_s,
        "frames": [
            {"at": kept.at, "cells": base64.b64encode(kept.cells.astype("<i2").tobytes()).decode("ascii")}
            for kept in shown
        ],
    }


def _thinned(frames: Iterable[Kept], begin: float, most: int) -> tuple[list[Kept], int, float]:
    """At most `most` of them: the hottest of each step of time, so that a short fire is in a long span.

    Also how many there were, and the step in seconds, 0 where every one is there.
    """
    hottest: dict[int, tuple[int, Kept]] = {}
    count, step_s = 0, 0.0
    for count, kept in enumerate(frames, 1):
        step = int((kept.at - begin) / step_s) if step_s else count
        _keep(hottest, step, (int(kept.cells.max()), kept))
        while len(hottest) > most:
            step_s = 2 * step_s or STEP_S
            before, hottest = hottest, {}
            for each in before.values():
                _keep(hottest, int((each[1].at - begin) / step_s), each)
    return [kept for _, kept in hottest.values()], count, step_s


def _keep(hottest: dict[int, tuple[int, Kept]], step: int, found: tuple[int, Kept]) -> None:
    if step not in hottest or hottest[step][0] < found[0]:
        hottest[step] = found
