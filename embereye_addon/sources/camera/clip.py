"""A recorded clip as pictures with the clip's own clock, for looking at it again faster than it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.filter

from embereye_addon.errors import ProtocolError
from embereye_addon.sources.camera.farm import Look

STEP_S = 0.04
"""Between two pictures, where a clip does not say it."""
TURNS = {-90: ("clock",), 90: ("cclock",), 180: ("clock", "clock"), -180: ("clock", "clock")}
"""FFmpeg's transpositions that undo how a phone was held (degrees counter-clockwise)."""


def clip(path: Path) -> Iterator[Look]:
    """The good pictures of a video file in order, upright; both clocks are seconds from the clip's beginning.

    `ProtocolError` in words when the file holds no video that can be read.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ProtocolError(f"{path.name} holds no video")
            clock = _Clock()
            for number, frame in enumerate(container.decode(container.streams.video[0])):
                at_s = clock.read(frame.time)
                if not frame.is_corrupt:
                    yield Look(_upright(frame), number, at_s, at_s)
    except (av.error.FFmpegError, OSError, UnicodeEncodeError) as err:
        raise ProtocolError(f"{path.name} cannot be read as video") from err


@dataclass(slots=True)
class _Clock:
    """A clip's times, which go on where they jump back: at the seam of two recordings, or where there are none."""

    _last_s: float = -STEP_S
    _ahead_s: float = 0.0

    def read(self, time_s: float | None) -> float:
        """Seconds since the beginning, more with each picture."""
        at_s = self._last_s + STEP_S if time_s is None else time_s + self._ahead_s
        if at_s <= self._last_s:
            self._ahead_s += self._last_s + STEP_S - at_s
            at_s = self._last_s + STEP_S
        self._last_s = at_s
        return at_s


def _upright(frame: "av.VideoFrame") -> "av.VideoFrame":
    """A picture of a phone that was held on its side, turned."""
    turns = TURNS.get(frame.rotation, ())
    if not turns:
        return frame
    graph = av.filter.Graph()
    last = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    first = last
    for turn in turns:
        turned = graph.add("transpose", turn)
        last.link_to(turned)
        last = turned
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    first.push(frame)
    found = sink.pull()
    assert isinstance(found, av.VideoFrame)
    return found


def length_s(path: Path) -> float | None:
    """How long a video says that it is; None where it does not say, or is no video."""
    try:
        with av.open(str(path)) as container:
            return container.duration / av.time_base if container.duration else None
    except (av.error.FFmpegError, OSError, UnicodeEncodeError):
        return None
