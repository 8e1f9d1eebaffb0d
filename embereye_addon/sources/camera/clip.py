"""A recorded clip as pictures with the clip's own clock, for looking at it again faster than it was."""

from collections.abc import Iterator
from pathlib import Path

import av

from embereye_addon.errors import ProtocolError
from embereye_addon.sources.camera.farm import Look


def clip(path: Path) -> Iterator[Look]:
    """The good pictures of a video file in order; both clocks are seconds from the clip's beginning.

    `ProtocolError` in words when the file holds no video that can be read.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ProtocolError(f"{path.name} holds no video")
            for number, frame in enumerate(container.decode(container.streams.video[0])):
                if not frame.is_corrupt:
                    at_s = float(frame.time or 0.0)
                    yield Look(frame, number, at_s, at_s)
    except (av.error.FFmpegError, OSError) as err:
        raise ProtocolError(f"{path.name} cannot be read as video") from err


def length_s(path: Path) -> float | None:
    """How long a video says that it is; None where it does not say, or is no video."""
    try:
        with av.open(str(path)) as container:
            return container.duration / av.time_base if container.duration else None
    except (av.error.FFmpegError, OSError):
        return None
