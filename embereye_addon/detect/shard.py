"""A picture's way through a detector, from top to bottom: every picture is glanced at, some are looked at by the model.

Shard.offer   in the decode thread, for every picture, never waiting for the model
  reduced       to at most 320 px, private parts painted over
  scene         what changed against two backgrounds; an unchanged scene ends here
  sight         whether the camera can see at all
  candidates    what may be flame or smoke, and where; what lies in masked parts is left out
  Pace.due      whether the model should look: every 5 s, 1 s, or as often as is set on suspicion
  Waiting.put   suspicious cameras first, newest picture wins; the others only as often as decoding leaves time
Shard.look    in the model's thread
  Eyes.look     whole picture and closer views, before the deadline; boxes mapped back and merged
  temporal      tracks, smoothed ratios, figures of size and shape
  on_seen       what is claimed of flame and smoke now
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect import candidates, masks, roi, scene, sight, temporal
from embereye_addon.detect.candidates import Candidate
from embereye_addon.detect.decode import Detection
from embereye_addon.detect.look import MOTION_GAP_S, Eyes
from embereye_addon.detect.masks import Masks
from embereye_addon.detect.model import Looker
from embereye_addon.detect.pacing import Pace
from embereye_addon.detect.reduce import Small, reduced
from embereye_addon.detect.temporal import Claim
from embereye_addon.detect.track import Track
from embereye_addon.detect.waiting import DEADLINE_S, Ask, Picture, Waiting

_log = logging.getLogger(__name__)

IDLE_S = 0.5
USUAL_FPS = 15.0
FPS_WEIGHT = 0.05
GAP_S = 2.0
"""A longer time between two pictures is an interruption and no rate."""
MAIN_OLD_S = 0.5
"""A main stream's picture older than this shows another moment."""
REST_MOST_S = 1.0
"""However long a look took: a machine that stood still for seconds must not leave cameras unlooked at for a minute."""
SHAPES_AGREE = 0.05
"""Main stream and substream show the same view when their shapes differ by less than this."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What the heuristics say of one picture, without the model: its faults of sight, and whether it is suspicious."""

    source: str
    number: int
    received_mono_s: float
    quiet: bool
    candidates: int
    faults: tuple[tuple[str, str], ...]
    suspect: bool
    asked: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: when the picture came, what is claimed of flame and smoke, the tracks of this look, how it was made.

    `llr_nats` is the look's own ratio, before smoothing; `late` when a suspicious camera's deadline was missed.
    """

    source: str
    picture: Picture
    number: int
    at: float
    received_mono_s: float
    llr_nats: tuple[float, float]
    claims: tuple[Claim, Claim]
    tracks: tuple[Track, ...]
    views: int
    views_shed: int
    late: bool


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where results go, and what comes from outside.

    `seen`, `failed` and `suspect(source, now_s)` are called in the model's thread. `main` gives a camera's
    newest main-stream picture, or None. `clock` is that of the pictures' arrival; a replay, which has time, gives its
    own and no deadline. `share` is the part of its time, above 0 to 1, that the model may give to cameras without
    suspicion: what it does not take is left to decoding.
    """

    seen: Callable[[Seen], None]
    failed: Callable[[str, Exception], None]
    suspect: Callable[[str, float], None] = lambda _source, _now_s: None
    main: Callable[[str], Picture | None] = lambda _source: None
    clock: Callable[[], float] = time.monotonic
    deadline_s: float = DEADLINE_S
    share: Callable[[], float] = lambda: 1.0


@dataclass(slots=True)
class Eye:
    """What is remembered of one camera: the first part by the decode thread, the second by the model's."""

    masks: Masks
    background: scene.Scene | None = None
    clarity: sight.Sight | None = None
    suspects: candidates.Memory | None = None
    last_s: float = -1.0e9
    fps: float = USUAL_FPS
    pace: Pace = field(default_factory=Pace)
    memory: temporal.Memory = field(default_factory=temporal.Memory)
    grey: NDArray[np.uint8] | None = None
    looked_s: float = -1.0e9
    looks: int = 0


class Shard:
    """All cameras of one detector. `offer` in the decode thread; `look` in the model's thread, which `start` begins."""

    def __init__(
        self,
        model: Looker,
        looks_hz: float,
        outlets: Outlets,
        masks_of: Mapping[str, Masks] | None = None,
    ) -> None:
        self._looks_hz = looks_hz
        self._outlets = outlets
        self._masks_of = masks_of or {}
        self._eyes: dict[str, Eye] = {}
        self._model_eyes = Eyes(model, outlets.clock, outlets.deadline_s)
        self._thread: threading.Thread | None = None
        self._rest_until_s = -1.0e9
        self.waiting = Waiting()

    # --- in the decode thread -----------------------------------------------------------------------------
    def offer(self, source: str, picture: Picture) -> Glance:
        """Glance at a picture, and queue it for the model if it is time to; pictures of one camera come in order."""
        now_s = picture.received_mono_s
        eye = self._eyes.setdefault(source, Eye(self._masks_of.get(source, Masks())))
        small = _without_private(reduced(picture.planes()), eye.masks)
        eye.background, look = scene.look(eye.background, small, now_s)
        eye.clarity, faults = sight.judge(eye.clarity, small, look, now_s)
        eye.suspects, found = candidates.find(eye.suspects, small, look, now_s, self._rate(eye, now_s))
        boxes = tuple(box for one in found if masks.counts(box := _bounds(one), eye.masks))
        asked = eye.pace.due(now_s, quiet=look.quiet, candidate=bool(boxes), looks_hz=self._looks_hz)
        suspect = eye.pace.suspect(now_s)
        if asked:
            self.waiting.put(Ask(source, picture, boxes, suspect, now_s))
        else:
            self.waiting.renew(source, picture)
        return Glance(source, picture.number, now_s, look.quiet, len(boxes), faults, suspect, asked)

    @staticmethod
    def _rate(eye: Eye, now_s: float) -> float:
        """The camera's pictures a second, smoothed."""
        step_s, eye.last_s = now_s - eye.last_s, now_s
        if 0.0 < step_s < GAP_S:
            eye.fps += FPS_WEIGHT * (1.0 / step_s - eye.fps)
        return eye.fps

    # --- in the model's thread ----------------------------------------------------------------------------
    def look(self, timeout_s: float = IDLE_S) -> bool:
        """Let the model look at the most urgent picture that waits; False when none came in time."""
        began_s = self._outlets.clock()
        rest_s = self._rest_until_s - began_s
        ask = self.waiting.take(min(timeout_s, rest_s) if rest_s > 0.0 else timeout_s, suspects_only=rest_s > 0.0)
        eye = None if ask is None else self._eyes.get(ask.source)
        if ask is None or eye is None:
            return False
        began_s = self._outlets.clock()
        try:
            seen = self._seen(ask, eye)
        except Exception as err:  # noqa: BLE001 - whatever it is, a picture that is not looked at is a fault, told outside
            self._outlets.failed(ask.source, err)
            return True
        if not ask.suspect:
            ended_s = self._outlets.clock()
            rest_s = (ended_s - began_s) * (1.0 / self._outlets.share() - 1.0)
            self._rest_until_s = ended_s + min(rest_s, REST_MOST_S)
        self._outlets.seen(seen)
        return True

    def _seen(self, ask: Ask, eye: Eye) -> Seen:
        picture, now_s = ask.picture, ask.picture.received_mono_s
        live = tuple(
            _bounds(track.detection) for track in eye.memory.tracks if now_s - track.last_mono_s <= temporal.RECENT_S
        )
        before = eye.grey if now_s - eye.looked_s <= MOTION_GAP_S else None
        result = self._model_eyes.look(picture, self._nearest(ask), eye.masks, (*live, *ask.boxes), before)
        eye.memory = temporal.remember(eye.memory, result.llr_nats, result.spotted, result.sized, now_s)
        eye.grey, eye.looked_s, eye.looks = result.grey, now_s, eye.looks + 1
        fire = bool(result.spotted) and max(result.llr_nats) > 0.0
        eye.pace.found(now_s, fire=fire, woken=bool(ask.boxes))
        if fire:
            self._outlets.suspect(ask.source, now_s)
        return Seen(
            source=ask.source,
            picture=picture,
            number=picture.number,
            at=picture.at,
            received_mono_s=now_s,
            llr_nats=result.llr_nats,
            claims=temporal.claims(eye.memory, now_s),
            tracks=tuple(track for track in eye.memory.tracks if track.last_mono_s == now_s),
            views=result.views,
            views_shed=result.shed,
            late=ask.suspect and self._outlets.clock() - now_s > self._outlets.deadline_s,
        )

    def _nearest(self, ask: Ask) -> Picture:
        """The main stream's picture of this moment and this view, if there is one; else the picture itself."""
        main, own = self._outlets.main(ask.source), ask.picture
        if main is None or abs(main.received_mono_s - own.received_mono_s) > MAIN_OLD_S:
            return own
        (main_width, main_height), (width, height) = main.size, own.size
        shapes = main_width * height / (main_height * width)
        return main if abs(shapes - 1.0) <= SHAPES_AGREE and main_width > width else own

    # --- by whoever wires it ------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the model's thread after the look it is at."""
        self.waiting.close()
        if self._thread is not None:
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self.waiting.closed:
            self.look()

    def looks(self, source: str) -> int:
        """How often the model has looked at this camera."""
        eye = self._eyes.get(source)
        return 0 if eye is None else eye.looks

    def forget(self, source: str) -> None:
        """This camera is no longer watched here."""
        self.waiting.forget(source)
        self._eyes.pop(source, None)


def _without_private(small: Small, of: Masks) -> Small:
    """The reduced picture with its private parts painted over, so that no memory holds them."""
    if not of.private:
        return small
    return replace(small, y=masks.plane(small.y, of), u=masks.plane(small.u, of), v=masks.plane(small.v, of))


def _bounds(one: Candidate | Detection) -> roi.Box:
    return one.left, one.top, one.right, one.bottom
