"""A replayed video for people: the boxes, the sum and the state drawn into every picture, and the sum as a curve."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from embereye_addon.errors import StorageError
from embereye_addon.messages import Box, ZoneState
from embereye_addon.publish.snapshots import draw

TICKS = 1000
"""Of a second, in the written file: pictures keep their own times."""
COLOURS = {ZoneState.NORMAL: "#2e7d32", ZoneState.PRE_ALARM: "#b26a00", ZoneState.ALARM: "#b3261e"}
WIDTH, HEIGHT, LEFT, BOTTOM = 900, 300, 50, 40
Point = tuple[float, float, ZoneState]
"""Seconds, the zone's sum (nats), its state."""


class Annotated:
    """An H.264 file that is written picture by picture; used as a context. `StorageError` when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = -1
        self._stream: VideoStream | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(path), "w")
        except OSError as err:
            raise StorageError(f"{path} cannot be written: {err.strerror}") from err

    def __enter__(self) -> Self:
        return self

    def add(self, at_s: float, bgr: NDArray[np.uint8], boxes: tuple[Box, ...], words: str) -> None:
        """One picture [height, width, 3] with its boxes and a line of words. Times that go back are left out."""
        tick = round(at_s * TICKS)
        if tick <= self._last:
            return
        self._last = tick
        height, width = (side // 2 * 2 for side in bgr.shape[:2])  # H.264 takes even sides
        picture = np.ascontiguousarray(bgr[:height, :width])
        draw(picture, boxes, words)
        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "23"})
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, TICKS)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        if (width, height) != (self._stream.width, self._stream.height):  # the clip's size has changed
            frame = frame.reformat(width=self._stream.width, height=self._stream.height)
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def plot(name: str, curve: Sequence[Point], thresholds: tuple[float, float]) -> str:
    """The zone's sum over time as an SVG, with the two thresholds (nats) and the state in colour below."""
    end_s = max((at_s for at_s, _, _ in curve), default=1.0) or 1.0
    most = max([sum_nats for _, sum_nats, _ in curve] + [thresholds[1]]) * 1.08
    least = min([sum_nats for _, sum_nats, _ in curve] + [0.0])

    def x(at_s: float) -> float:
        return round(LEFT + at_s / end_s * (WIDTH - LEFT - 10), 1)

    def y(sum_nats: float) -> float:
        return round(10 + (most - sum_nats) / (most - least) * (HEIGHT - BOTTOM - 10), 1)

    line = " ".join(f"{x(at_s)},{y(sum_nats)}" for at_s, sum_nats, _ in curve)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f"<title>{escape(name)}: evidence over time</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for words, at_nats, colour in zip(
        ("pre-alarm", "alarm"), thresholds, (COLOURS[ZoneState.PRE_ALARM], COLOURS[ZoneState.ALARM]), strict=True
    ):
        parts.append(f'<path d="M{LEFT} {y(at_nats)}H{WIDTH - 10}" stroke="{colour}" stroke-dasharray="5 4"/>')
        parts.append(f'<text x="{WIDTH - 12}" y="{y(at_nats) - 4}" text-anchor="end" fill="{colour}">{words}</text>')
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f4e79" stroke-width="2"/>')
    parts += [_state(x, begin_s, until_s, state) for begin_s, until_s, state in _spans(curve, end_s)]
    step_s = next((s for s in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800) if end_s / s <= 12), 3600)
    for second in range(0, int(end_s) + 1, step_s):
        parts.append(f'<text x="{x(second)}" y="{HEIGHT - 8}" text-anchor="middle" fill="#555">{second} s</text>')
    parts.append(f'<text x="{LEFT - 6}" y="{y(0.0) + 4}" text-anchor="end" fill="#555">0</text>')
    parts.append(f'<text x="{LEFT - 6}" y="20" text-anchor="end" fill="#555">{most:.0f} nats</text>')
    return "\n".join((*parts, "</svg>", ""))


def _state(x: Callable[[float], float], begin_s: float, until_s: float, state: ZoneState) -> str:
    width = max(0.5, x(until_s) - x(begin_s))
    return f'<rect x="{x(begin_s)}" y="{HEIGHT - 34}" width="{width:.1f}" height="8" fill="{COLOURS[state]}"/>'


def _spans(curve: Sequence[Point], end_s: float) -> list[tuple[float, float, ZoneState]]:
    """From when to when the zone was in which state."""
    spans: list[tuple[float, float, ZoneState]] = []
    for at_s, _, state in curve:
        if spans and spans[-1][2] is state:
            continue
        if spans:
            spans[-1] = (spans[-1][0], at_s, spans[-1][2])
        spans.append((at_s, end_s, state))
    return spans
