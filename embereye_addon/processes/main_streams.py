"""Cameras' main streams, opened for a closer look while something is suspected: few at once, and never needed.

They have a farm of their own: whatever becomes of them, the substreams are watched as before.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from embereye_addon.settings.model import Camera
from embereye_addon.sources.camera.farm import Farm, Look
from embereye_addon.sources.camera.rtsp import with_credentials

MOST = 2
"""Open at once in one detector: a 1080p stream costs as much as seven substreams (4.4 ms a picture)."""
KEPT_S = 10.0
"""A main stream stays open this long after the last suspicion: opening takes a quarter of a second and a key frame."""
BLIND_S = 10.0
"""One that gives no picture for so long makes room for another camera's, and is tried again after `REST_S`."""
REST_S = 60.0


@dataclass(slots=True)
class Suspicion:
    """A camera's suspicion (monotonic s): since when, when last, and until when its main stream is not tried."""

    since_s: float
    last_s: float
    rest_until_s: float = -1.0e9


def chosen(suspicions: Mapping[str, Suspicion], now_s: float) -> tuple[str, ...]:
    """The cameras whose main streams should be open: the oldest suspicions first, at most `MOST`."""
    live = [(one.since_s, source) for source, one in suspicions.items() if one.rest_until_s <= now_s]
    return tuple(source for _since, source in sorted(live)[:MOST])


class MainStreams:
    """`suspect` and `newest` may be called in any thread; `tick` and `stop` in one, about once a second."""

    def __init__(self, cameras: Mapping[str, Camera], decode: str) -> None:
        self._cameras = {source: camera for source, camera in cameras.items() if camera.main_url}
        self._decode = decode
        self._farm: Farm | None = None
        self._suspicions: dict[str, Suspicion] = {}
        self._opened_s: dict[str, float] = {}
        self._looks: dict[str, Look] = {}
        self._lock = threading.Lock()

    def suspect(self, source: str, now_s: float) -> None:
        """Something is suspected at this camera now."""
        if source not in self._cameras:
            return
        with self._lock:
            known = self._suspicions.setdefault(source, Suspicion(now_s, now_s))
            known.last_s = max(known.last_s, now_s)

    def newest(self, source: str) -> Look | None:
        """The newest picture of an open main stream."""
        return self._looks.get(source)

    def open(self) -> tuple[str, ...]:
        """The cameras whose main streams are open now."""
        return tuple(self._opened_s)

    def tick(self, now_s: float) -> None:
        """Open what should be open, close the rest."""
        with self._lock:
            self._forget(now_s)
            wanted = chosen(self._suspicions, now_s)
        for source in set(self._opened_s) - set(wanted):
            self._close(source)
        for source in wanted:
            if source not in self._opened_s:
                self._open(source, now_s)

    def _forget(self, now_s: float) -> None:
        """Suspicions that ended, and streams that give no picture."""
        for source, one in tuple(self._suspicions.items()):
            if now_s - one.last_s > KEPT_S:
                del self._suspicions[source]
            elif now_s - self._last_sign_s(source, now_s) > BLIND_S:
                one.rest_until_s = now_s + REST_S

    def _last_sign_s(self, source: str, now_s: float) -> float:
        """When an open stream last gave a picture, or was opened; now for one that is not open."""
        look = self._looks.get(source)
        opened_s = self._opened_s.get(source, now_s)
        return opened_s if look is None else max(opened_s, look.received_mono_s)

    def _open(self, source: str, now_s: float) -> None:
        camera = self._cameras[source]
        if self._farm is None:
            self._farm = Farm(self._on_picture, decode=self._decode)
        self._opened_s[source] = now_s
        url = with_credentials(camera.main_url or "", camera.username, camera.password)
        self._farm.watch(source, url, camera.transport)

    def _close(self, source: str) -> None:
        if self._farm is not None:
            self._farm.drop(source)
        self._opened_s.pop(source, None)
        self._looks.pop(source, None)

    def _on_picture(self, source: str, look: Look) -> None:
        """In the main streams' decode thread."""
        if source in self._opened_s:
            self._looks[source] = look

    def forget(self, source: str) -> None:
        """This camera is no longer watched here."""
        with self._lock:
            self._suspicions.pop(source, None)
        self._close(source)

    def stop(self) -> None:
        """Close everything."""
        for source in tuple(self._opened_s):
            self._close(source)
        if self._farm is not None:
            self._farm.stop()
            self._farm = None
