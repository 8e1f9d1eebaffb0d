"""Films of alarms: a camera's last packets decoded, painted over and encoded, in one slow thread beside detection."""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from embereye_addon.detect.masks import Masks, private
from embereye_addon.messages import ClipRequest, Film
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import EVIDENCE_MISSED
from embereye_addon.sources.camera.farm import Farm
from embereye_addon.sources.camera.film import film
from embereye_addon.sources.camera.ring import Recording

_log = logging.getLogger(__name__)

MOST = 4
"""Films at once in one detector, those that wait to be fetched included; each has 2.25 MiB at most."""
KEPT_S = 90.0
"""A film that nobody fetches is dropped after this."""
NICENESS = 15


@dataclass(slots=True)
class _Making:
    """One film on its way."""

    began_s: float
    task: "asyncio.Task[Film]"


@dataclass(slots=True)
class Films:
    """The films of one detector, in its event loop; a failure is told in words and counted, never raised."""

    farm: Farm
    masks_of: Mapping[str, Masks]
    _making: dict[tuple[str, str], _Making] = field(default_factory=dict)
    _slow: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "films", initializer=_step_back), init=False
    )
    _failed: bool = False

    async def answer(self, request: ClipRequest) -> Film:
        """Begin a film, or give it when it is done."""
        now_s = time.monotonic()
        self._forget(now_s)
        name = (request.source, request.key)
        making = self._making.get(name)
        if making is None:
            if len(self._making) >= MOST:
                return self._none(request, "too many films at once")
            recording = self.farm.record(request.source, request.at - request.before_s, _left_s(request))
            if recording is None:
                return self._none(request, "nothing of that time is there")
            making = self._making[name] = _Making(now_s, asyncio.create_task(self._make(request, recording)))
        if not making.task.done():
            return Film(source=request.source, at=request.at, mp4=b"", pending=True)
        del self._making[name]
        return making.task.result()

    async def _make(self, request: ClipRequest, recording: Recording) -> Film:
        """Wait for what comes after, then decode and encode in the slow thread."""
        try:
            await asyncio.sleep(_left_s(request))
        finally:
            self.farm.end_recording(request.source, recording)
        masks = self.masks_of.get(request.source, Masks())
        begin, end = request.at - request.before_s, request.at + request.after_s
        try:
            mp4, first, last = await asyncio.get_running_loop().run_in_executor(
                self._slow, lambda: film(recording, begin, end, lambda bgr: private(bgr, masks))
            )
        except (OSError, ValueError, RuntimeError, MemoryError) as err:  # FFmpeg's errors are of these
            _log.log(logging.DEBUG if self._failed else logging.WARNING, "%s: no film: %s", request.source, err)
            self._failed = True
            return self._none(request, "it could not be encoded")
        if not mp4:
            return self._none(request, "no picture of that time could be decoded")
        self._failed = False
        return Film(source=request.source, at=first, end=last, mp4=mp4)

    def _none(self, request: ClipRequest, why: str) -> Film:
        EVIDENCE_MISSED.labels("film").inc()
        return Film(source=request.source, at=request.at, mp4=b"", why=why)

    def _forget(self, now_s: float) -> None:
        for name, making in tuple(self._making.items()):
            if now_s - making.began_s > KEPT_S:
                making.task.cancel()
                del self._making[name]

    async def stop(self) -> None:
        """Give up what is being made."""
        tasks = [making.task for making in self._making.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._slow.shutdown, cancel_futures=True)


def _left_s(request: ClipRequest) -> float:
    """Seconds until the last picture of the film has come; clocks of two machines may differ, so it is bounded."""
    return min(max(0.0, request.at + request.after_s - utc_s()), request.after_s)


def _step_back() -> None:
    """This thread gives way to every other."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
