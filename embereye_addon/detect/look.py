"""One look of the model at one picture: the whole, the closer parts that there is time for, and what was seen."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect import roi, temporal
from embereye_addon.detect.decode import Detection
from embereye_addon.detect.masks import Masks, counts, for_model
from embereye_addon.detect.model import Looked, Looker
from embereye_addon.detect.roi import Box, View
from embereye_addon.detect.shape import shape
from embereye_addon.detect.temporal import Mark, Sized
from embereye_addon.detect.tensors import input_size
from embereye_addon.detect.track import Colour, Spotted
from embereye_addon.detect.waiting import DEADLINE_S, Picture

Bgr = NDArray[np.uint8]

SHAPE_MARGIN = 0.25
SHAPE_LONGEST_PX = 192
MOTION_PX = (96, 72)
MOTION_GAP_S = 1.5
"""Two looks further apart say nothing of flicker."""
COST_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class Result:
    """One look: combined ratios (nats), what was spotted and how large, the small grey picture for the next motion.

    `views` were looked at, `shed` closer views were not, for lack of time.
    """

    llr_nats: tuple[float, float]
    spotted: tuple[Spotted, ...]
    sized: Sized
    grey: NDArray[np.uint8]
    views: int
    shed: int


class Eyes:
    """The model with a sense of how long it takes. One thread looks."""

    def __init__(
        self, model: Looker, clock: Callable[[], float] = time.monotonic, deadline_s: float = DEADLINE_S
    ) -> None:
        self._model = model
        self._clock = clock
        self._deadline_s = deadline_s
        self._s_per_px = 0.0

    def look(
        self, picture: Picture, near: Picture, of: Masks, boxes: tuple[Box, ...], before: NDArray[np.uint8] | None
    ) -> Result:
        """Look at the whole picture, then at `boxes` in `near` (the same picture, or a larger one of the same view).

        The whole is always looked at; closer views only while the picture can still meet its deadline.
        """
        seen = picture.bgr(*input_size(*picture.size))
        whole = for_model(seen, of)
        looked = [(roi.WHOLE, self._timed(whole))]
        found = tuple((one.left, one.top, one.right, one.bottom) for one in looked[0][1].detections)
        wanted = roi.closer((*boxes, *found), near.size)
        for view in wanted:
            if not self._time_for(view, picture.received_mono_s):
                break
            looked.append(
                (view.part, self._timed(for_model(near.crop(*view.part, view.width, view.height), of, view.part)))
            )
        grey = _grey(whole)
        change = None if before is None else np.asarray(cv2.absdiff(grey, before), dtype=np.uint8)
        detections = tuple(one for one in _merged(looked) if counts((one.left, one.top, one.right, one.bottom), of))
        return Result(
            llr_nats=temporal.combined(looked[0][1].llr_nats, tuple(each.llr_nats for _, each in looked[1:])),
            spotted=tuple(Spotted(one, _motion(change, one), _colour(whole, one)) for one in detections),
            sized=_sized(detections, near, of, picture.received_mono_s),
            grey=grey,
            views=len(looked),
            shed=len(wanted) + 1 - len(looked),
        )

    def _timed(self, bgr: Bgr) -> Looked:
        looked = self._model.look(bgr)
        cost = looked.took_ms / 1000.0 / (bgr.shape[0] * bgr.shape[1])
        self._s_per_px += (COST_WEIGHT if self._s_per_px else 1.0) * (cost - self._s_per_px)
        return looked

    def _time_for(self, view: View, received_mono_s: float) -> bool:
        return self._clock() - received_mono_s + view.area_px * self._s_per_px <= self._deadline_s


def _merged(looked: list[tuple[Box, Looked]]) -> tuple[Detection, ...]:
    return roi.merged(tuple(roi.placed(one, part) for part, each in looked for one in each.detections))


def _grey(bgr: Bgr) -> NDArray[np.uint8]:
    """The picture in grey levels at `MOTION_PX`."""
    small = cv2.resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), MOTION_PX, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _part(pixels: NDArray[np.uint8], box: Detection) -> NDArray[np.uint8]:
    """The pixels inside a box in fractions; at least one."""
    rows, columns = pixels.shape[:2]
    top, left = min(rows - 1, int(box.top * rows)), min(columns - 1, int(box.left * columns))
    return pixels[top : max(top + 1, int(box.bottom * rows)), left : max(left + 1, int(box.right * columns))]


def _motion(change: NDArray[np.uint8] | None, box: Detection) -> float:
    """Mean change (grey levels) inside a box; 0 without a look before."""
    return 0.0 if change is None else float(_part(change, box).mean())


def _colour(bgr: Bgr, box: Detection) -> Colour:
    """Mean B, G and R (8 bit) inside a box."""
    blue, green, red = (float(level) for level in _part(bgr, box).reshape(-1, 3).mean(axis=0))
    return blue, green, red


def _sized(detections: tuple[Detection, ...], near: Picture, of: Masks, now_s: float) -> Sized:
    """How large flame and smoke are: flames by their bright cores where they can be made out, else by the boxes."""
    flames = tuple(one for one in detections if one.label == "flame")
    smokes = tuple(one for one in detections if one.label == "smoke")
    return (_cores(flames, near, of, now_s) or _boxed(flames, now_s)), _boxed(smokes, now_s)


def _boxed(boxes: tuple[Detection, ...], now_s: float) -> Mark | None:
    if not boxes:
        return None
    area = sum((one.right - one.left) * (one.bottom - one.top) for one in boxes)
    return Mark(now_s, area, *_around(boxes, 0.0))


def _cores(flames: tuple[Detection, ...], near: Picture, of: Masks, now_s: float) -> Mark | None:
    """The bright cores in and just around the boxes of flames."""
    if not flames:
        return None
    part = left, top, right, bottom = _around(flames, SHAPE_MARGIN)
    wide, high = right - left, bottom - top
    scale = min(1.0, SHAPE_LONGEST_PX / max(wide * near.size[0], high * near.size[1]))
    width, height = max(16, round(wide * near.size[0] * scale)), max(16, round(high * near.size[1] * scale))
    bgr = for_model(near.crop(*part, width, height), of, part)
    where = np.zeros((height, width), np.bool_)
    for one in flames:
        x0, y0, x1, y1 = _around((one,), SHAPE_MARGIN)
        rows = slice(int((y0 - top) / high * height), int(np.ceil((y1 - top) / high * height)))
        where[rows, int((x0 - left) / wide * width) : int(np.ceil((x1 - left) / wide * width))] = True
    core = shape(bgr, where)
    if core is None:
        return None
    box = left + core.left * wide, top + core.top * high, left + core.right * wide, top + core.bottom * high
    return Mark(now_s, core.area * wide * high, *box, pieces=core.pieces, ragged=core.ragged)


def _around(boxes: tuple[Detection, ...], margin: float) -> Box:
    """The box around boxes, each with a margin of its own size on each side, inside the picture."""
    wide = [(one.right - one.left) * margin for one in boxes]
    high = [(one.bottom - one.top) * margin for one in boxes]
    return (
        max(0.0, min(one.left - more for one, more in zip(boxes, wide, strict=True))),
        max(0.0, min(one.top - more for one, more in zip(boxes, high, strict=True))),
        min(1.0, max(one.right + more for one, more in zip(boxes, wide, strict=True))),
        min(1.0, max(one.bottom + more for one, more in zip(boxes, high, strict=True))),
    )
