"""How long a recording is, found without playing it: what a video says of itself, the last time in anything else."""

import contextlib
from pathlib import Path

import msgspec

from embereye_addon.errors import StorageError
from embereye_addon.sources.camera import clip
from embereye_addon.tools.captures import Clock, lines, opened

END_BYTES = 256 * 1024
FIRST_LINES = 200
"""Among so many lines a capture has its first time."""


class _Timed(msgspec.Struct, frozen=True):
    """A line of recorded bus traffic, as far as it is needed here."""

    t: float


def length_s(path: Path, kind: str) -> float | None:
    """Seconds of a recording of this kind (traffic, capture, video); None where it cannot be told."""
    if kind == "video":
        return clip.length_s(path)
    with contextlib.suppress(StorageError):
        return _traffic_s(path) if kind == "traffic" else _capture_s(path)
    return None


def _traffic_s(path: Path) -> float | None:
    for line in reversed(_end(path)):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(line, type=_Timed).t
    return None


def _capture_s(path: Path) -> float | None:
    """From the first time to the last one; of a capture by the clock the last day only."""
    clock = Clock()
    with opened(path) as file:
        for line, _ in zip(lines(file), range(FIRST_LINES), strict=False):
            if not line.from_host and b"#" in line.raw and clock.read(line.time) is not None:
                break
    for text in reversed(_end(path)):
        at_s = clock.read(text.split(b"\t")[0].decode("latin-1"))
        if at_s is not None:
            return at_s
    return None


def _end(path: Path) -> list[bytes]:
    """The last lines of a file; the first of them may be a part of one."""
    with opened(path) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES))
        return file.read(END_BYTES).splitlines()
