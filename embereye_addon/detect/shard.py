"""A detector's looking: which pictures are worth a look, how each is looked at, and what came out of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.model import Model
from embereye_addon.detect.tensors import input_size
from embereye_addon.detect.track import Track, follow

QUIET_HZ = 1.0
"""An unchanged scene is still looked at this often: slow smoke changes little from picture to picture."""
SUSPECT_HZ = 5.0
SUSPECT_S = 5.0
CHANGED_GREY = 6.0
"""Mean change (grey levels) of a 12x12 px tile of the 96 px wide picture that wakes a camera; noise stays under 4."""
SMALL_PX = (96, 72)
TILE_PX = 12


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: when the picture came, what the model says, the tracks, and the motion (grey levels) of each label."""

    source: str
    number: int
    at: float
    received_mono_s: float
    llr_nats: tuple[float, float]
    tracks: tuple[Track, ...]
    took_ms: float


@dataclass(slots=True)
class Eye:
    """What is remembered of one camera between looks."""

    looked_s: float = -1.0e9
    checked_s: float = -1.0e9
    suspect_until_s: float = -1.0e9
    small: NDArray[np.uint8] | None = None
    tracks: tuple[Track, ...] = ()
    next_track: int = 1
    looks: int = 0
    motion: NDArray[np.float32] | None = field(default=None)


class Shard:
    """Looks at the pictures of many cameras, one after the other, in the decode thread."""

    def __init__(self, model: Model, looks_hz: float, on_seen: Callable[[Seen], None]) -> None:
        self._model = model
        self._period_s = 1.0 / looks_hz
        self._on_seen = on_seen
        self._eyes: dict[str, Eye] = {}

    def offer(
        self,
        source: str,
        number: int,
        clocks: tuple[float, float],
        size: tuple[int, int],
        bgr: Callable[[int, int], NDArray[np.uint8]],
    ) -> bool:
        """Look at this picture if it is time to; `clocks` is (UTC s, monotonic s) of its arrival.

        `bgr(width, height)` gives the picture at that size, and is called only when it is needed.
        Returns whether the model looked. `ModelError` when the model fails.
        """
        at, now_s = clocks
        eye = self._eyes.setdefault(source, Eye())
        suspect = now_s < eye.suspect_until_s
        if now_s - eye.checked_s < (min(self._period_s, 1.0 / SUSPECT_HZ) if suspect else self._period_s) * 0.9:
            return False
        eye.checked_s = now_s
        picture = bgr(*input_size(*size))
        changed = self._change(eye, picture)
        if not (changed or suspect) and now_s - eye.looked_s < 1.0 / QUIET_HZ:
            return False
        eye.looked_s = now_s
        looked = self._model.look(picture)
        seen = tuple((box, _motion(eye.motion, box.left, box.top, box.right, box.bottom)) for box in looked.detections)
        eye.tracks = follow(eye.tracks, seen, eye.next_track, now_s)
        eye.next_track += len(seen)
        eye.looks += 1
        if max(looked.llr_nats) > 0.0:
            eye.suspect_until_s = now_s + SUSPECT_S
        current = tuple(track for track in eye.tracks if track.last_mono_s == now_s)
        self._on_seen(Seen(source, number, at, now_s, looked.llr_nats, current, looked.took_ms))
        return True

    def looks(self, source: str) -> int:
        """How often the model has looked at this camera."""
        eye = self._eyes.get(source)
        return 0 if eye is None else eye.looks

    def forget(self, source: str) -> None:
        """This camera is no longer watched here."""
        self._eyes.pop(source, None)

    @staticmethod
    def _change(eye: Eye, picture: NDArray[np.uint8]) -> bool:
        """Whether any tile changed since the last check; keeps the per-pixel change for the boxes."""
        small = np.asarray(
            cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), SMALL_PX, interpolation=cv2.INTER_AREA),
            dtype=np.uint8,
        )
        before, eye.small = eye.small, small
        if before is None:
            eye.motion = np.zeros(small.shape, np.float32)
            return True
        eye.motion = cv2.absdiff(small, before).astype(np.float32)
        tiles = cv2.resize(eye.motion, (SMALL_PX[0] // TILE_PX, SMALL_PX[1] // TILE_PX), interpolation=cv2.INTER_AREA)
        return bool(tiles.max() >= CHANGED_GREY)


def _motion(change: NDArray[np.float32] | None, left: float, top: float, right: float, bottom: float) -> float:
    """Mean change (grey levels) inside a box given in fractions."""
    if change is None:
        return 0.0
    rows, columns = change.shape
    part = change[
        int(top * rows) : max(int(top * rows) + 1, int(bottom * rows)),
        int(left * columns) : max(int(left * columns) + 1, int(right * columns)),
    ]
    return float(part.mean()) if part.size else 0.0
